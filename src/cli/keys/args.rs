//! The command line of `alpha-call keys`.

use clap::{Args, Subcommand, value_parser};

use crate::cli::db::args::Output;
use crate::types::Scope;

#[derive(Debug, Args)]
#[command(after_help = KEYS)]
pub struct KeysCommand {
    #[command(subcommand)]
    pub verb: KeysVerb,
    /// No word that was not asked for
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

const KEYS: &str = "\
Whoever uses the API sends a key: `Authorization: Bearer ak_...`. The database of the configuration
keeps what tells a key from another, not the key itself. The keys of API_KEYS are not listed here;
they have every scope.

Exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.";

#[derive(Debug, Subcommand)]
pub enum KeysVerb {
    /// Make a key, and show it once
    Create(Create),
    /// Show every key there ever was, newest first
    List(List),
    /// End a key for good; that there was one stays on record
    Revoke(Revoke),
}

#[derive(Debug, Args)]
#[command(after_help = CREATE)]
pub struct Create {
    /// Whose it is: a person, a program
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// What it opens; may be repeated
    #[arg(long, value_name = "SCOPE", required = true, num_args = 1.., value_delimiter = ',', value_parser = scope)]
    pub scope: Vec<Scope>,
    /// Valid for so many days [default: until it is revoked]
    #[arg(long, value_name = "DAYS", value_parser = value_parser!(u32).range(1..=3650))]
    pub expires: Option<u32>,
    /// What its calls may cost in a UTC day [default: limits.max_key_day_usd]
    #[arg(long, value_name = "USD", value_parser = dollars)]
    pub max_day_usd: Option<u64>,
}

const CREATE: &str = "\
Scopes:
  calls:create      POST /api/request-call; hang up and hand over calls
  calls:read        GET call history, analytics, a call, the do-not-call list, consents
  transcripts:read  GET what was said in a call
  admin             all of these, /metrics, and changes of the do-not-call list and of consents

The key alone goes to standard output. A running service knows it within a second. Where the API was
open, on a machine of development without API_KEYS, the first key closes it.

Examples:
  alpha-call keys create --name crm --scope calls:create calls:read --expires 90
  alpha-call keys create --name campaign --scope calls:create --max-day-usd 25
  alpha-call keys create --name prometheus --scope admin > metrics.key";

#[derive(Debug, Args)]
#[command(after_help = LIST)]
pub struct List {
    #[command(flatten)]
    pub output: Output,
}

const LIST: &str = "\
States: active, expired, revoked. The last use is exact to a minute.

Examples:
  alpha-call keys list
  alpha-call keys list -o json";

#[derive(Debug, Args)]
#[command(after_help = REVOKE)]
pub struct Revoke {
    /// As `alpha-call keys list` shows it
    #[arg(value_name = "ID")]
    pub id: String,
}

const REVOKE: &str = "\
A running service lets the key in for five seconds more at most.

Example:
  alpha-call keys revoke k4jz7q2m";

/// In billionths.
fn dollars(text: &str) -> Result<u64, String> {
    let dollars = text.trim().parse::<f64>().ok().filter(|dollars| (0.01..=1_000_000.0).contains(dollars));
    dollars.map(|dollars| (dollars * 1e9).round() as u64).ok_or_else(|| "not an amount from 0.01 to 1000000".to_owned())
}

fn scope(text: &str) -> Result<Scope, String> {
    text.trim().parse().map_err(|error: crate::types::InvalidScope| error.to_string())
}
