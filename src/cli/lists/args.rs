//! The command line of `alpha-call dnc` and `alpha-call consent`.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use clap::{Args, Subcommand, value_parser};

use crate::cli::db::args::{Output, moment};
use crate::types::PhoneNumber;

#[derive(Debug, Args)]
#[command(after_help = DNC)]
pub struct DncCommand {
    #[command(subcommand)]
    pub verb: DncVerb,
    /// No word that was not asked for
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

const DNC: &str = "\
A number on this list is not called, verified or not. Whoever asks for it in a call is put on it by
the assistant. The list is in the database of the configuration; see `alpha-call db test`.

Exit codes: 0 done, 1 failed (of check: a call would be refused), 2 wrong usage, 78 wrong
configuration.";

#[derive(Debug, Subcommand)]
pub enum DncVerb {
    /// Put numbers on the list
    Add(Add),
    /// Take a number off the list; that it stood there stays on record
    Remove(Remove),
    /// Put the numbers of a file on the list
    Import(Import),
    /// Show the list, newest first
    List(List),
    /// Say whether a number could be called now, and why
    Check(Check),
}

#[derive(Debug, Args)]
#[command(after_help = ADD)]
pub struct Add {
    /// With + and country code
    #[arg(value_name = "NUMBER", required = true, value_parser = number)]
    pub numbers: Vec<PhoneNumber>,
    /// What should be remembered about it
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    #[command(flatten)]
    pub by: By,
}

const ADD: &str = "\
Examples:
  alpha-call dnc add +14155550142
  alpha-call dnc add +14155550142 +14155550143 --note \"asked by letter\"";

#[derive(Debug, Args)]
#[command(after_help = REMOVE)]
pub struct Remove {
    /// With + and country code
    #[arg(value_name = "NUMBER", value_parser = number)]
    pub number: PhoneNumber,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    #[command(flatten)]
    pub by: By,
}

const REMOVE: &str = "\
Example:
  alpha-call dnc remove +14155550142 --reason \"asked to be called again\"";

#[derive(Debug, Args)]
#[command(after_help = IMPORT)]
pub struct Import {
    /// One number a line, or in the first column; - for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What should be remembered about them: which list, of which day
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    #[command(flatten)]
    pub by: By,
}

const IMPORT: &str = "\
Empty lines, lines that begin with #, and a header do no harm. Lines that hold no number are told
with their place, and the others are taken. The same file may be imported again.

Exit codes: 0 every line was taken, 1 some were not.

Example:
  alpha-call dnc import national-list.csv --note \"national list, 2026-11\"";

#[derive(Debug, Args)]
#[command(after_help = LIST)]
pub struct List {
    /// Of this number alone
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    pub number: Option<PhoneNumber>,
    /// So many lines at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = value_parser!(u64).range(1..=1_000_000))]
    pub limit: u64,
    /// After skipping so many
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = value_parser!(u64).range(0..=1_000_000_000))]
    pub offset: u64,
    #[command(flatten)]
    pub output: Output,
}

const LIST: &str = "\
Examples:
  alpha-call dnc list
  alpha-call dnc list --limit 1000000 -o csv > list.csv";

#[derive(Debug, Args)]
#[command(after_help = CHECK)]
pub struct Check {
    /// With + and country code
    #[arg(value_name = "NUMBER", value_parser = number)]
    pub number: PhoneNumber,
    /// Where the callee is, as Europe/Paris [default: wherever the number may be]
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    pub time_zone: Option<Tz>,
    /// As if it were this moment [default: now]
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub at: Option<DateTime<Utc>>,
    /// Print what would be stored on the call, as JSON
    #[arg(long)]
    pub json: bool,
}

const CHECK: &str = "\
Looks at the configuration and at the lists as a call would, and calls nobody. Limits and cooldowns
are left out. WHEN is a day or a moment, in UTC unless it says otherwise.

Exit codes: 0 it could be called, 1 it could not.

Examples:
  alpha-call dnc check +14155550142
  alpha-call dnc check +14155550142 --time-zone America/New_York --at 2026-11-22T21:30:00Z";

#[derive(Debug, Args)]
#[command(after_help = CONSENT)]
pub struct ConsentCommand {
    #[command(subcommand)]
    pub verb: ConsentVerb,
    /// No word that was not asked for
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

const CONSENT: &str = "\
Where consent is required ([compliance] require_consent; in production by default), a number is
called only if its newest consent has not been revoked. Consents are in the database of the
configuration; see `alpha-call db test`.

Exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.";

#[derive(Debug, Subcommand)]
pub enum ConsentVerb {
    /// Record that somebody agreed to be called
    Add(AddConsent),
    /// Record that a consent is taken back; it stays on record
    Revoke(Revoke),
    /// Show consents, newest first
    List(List),
}

#[derive(Debug, Args)]
#[command(after_help = ADD_CONSENT)]
pub struct AddConsent {
    /// With + and country code
    #[arg(value_name = "NUMBER", value_parser = number)]
    pub number: PhoneNumber,
    /// Why we may call, in a word of yours
    #[arg(long, value_name = "WORD")]
    pub basis: String,
    /// Which wording was agreed to
    #[arg(long, value_name = "NAME")]
    pub text_version: String,
    /// Where it was given: a form, a call, a contract
    #[arg(long, value_name = "PLACE")]
    pub source: String,
    /// When it was given [default: now]
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub at: Option<DateTime<Utc>>,
}

const ADD_CONSENT: &str = "\
WHEN is a day or a moment, in UTC unless it says otherwise.

Example:
  alpha-call consent add +14155550142 --basis express-written --text-version 2026-03 \\
    --source \"web form /contact\" --at 2026-11-22T09:30:00Z";

#[derive(Debug, Args)]
#[command(after_help = REVOKE)]
pub struct Revoke {
    /// The id of a consent, or a number: then every consent of it
    #[arg(value_name = "ID|NUMBER")]
    pub which: String,
    #[command(flatten)]
    pub by: By,
}

const REVOKE: &str = "\
Example:
  alpha-call consent revoke +14155550142";

#[derive(Debug, Args)]
pub struct By {
    /// Who says so, for the record [default: the name of your account here]
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

fn number(text: &str) -> Result<PhoneNumber, String> {
    text.parse().map_err(|error: crate::types::InvalidPhoneNumber| error.to_string())
}

fn zone(text: &str) -> Result<Tz, String> {
    text.parse().map_err(|_| "write a name of the IANA database, such as America/New_York".to_owned())
}
