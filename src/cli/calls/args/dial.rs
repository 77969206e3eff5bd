//! The command line of `alpha-call calls dial`.

use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::{Map, Value};

use super::{Plain, number};
use crate::cli::db::args::moment;
use crate::types::PhoneNumber;

#[derive(Debug, Args)]
#[command(after_help = DIAL)]
pub struct Dial {
    /// Who is to be called, with + and country code
    #[arg(value_name = "NUMBER", value_parser = number)]
    pub number: PhoneNumber,
    /// Whom the call is for; the assistant may use it
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Who speaks [default: the default assistant]
    #[arg(long, value_name = "NAME")]
    pub assistant: Option<String>,
    /// What the assistant is to do, in place of its own instructions
    #[arg(long, value_name = "TEXT")]
    pub instructions: Option<String>,
    /// By the model's name for it [default: the assistant's]
    #[arg(long, value_name = "VOICE")]
    pub voice: Option<String>,
    /// A variable that the assistant declares; may be repeated
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    pub variables: Vec<(String, String)>,
    /// Where the callee is, as Europe/Paris [default: wherever it may be]
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// Not before then, 30 days ahead at most [default: at once]
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub scheduled_at: Option<DateTime<Utc>>,
    /// An object that is kept with the call
    #[arg(long, value_name = "JSON", value_parser = object)]
    pub metadata: Option<Map<String, Value>>,
    /// Done once in 24 hours with the same key [default: a new one]
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// Follow the call to its end
    #[arg(long)]
    pub wait: bool,
    #[command(flatten)]
    pub output: Plain,
}

const DIAL: &str = "\
WHEN is a day or a moment, in UTC unless it says otherwise. json is what POST /api/request-call
answers; with --wait, the call at its end as GET /api/call/{call} answers it.

Exit codes: 0 the call is on its way (with --wait: it completed), 1 not so.

Examples:
  alpha-call calls dial +14155550142 --name Ann --wait
  alpha-call calls dial +14155550142 --assistant reminder --var day=Friday \\
    --scheduled-at 2026-11-24T17:00:00Z --metadata '{\"ticket\": 4711}'";

fn variable(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.map(|(name, value)| (name.to_owned(), value.to_owned())).ok_or_else(|| "write NAME=VALUE".to_owned())
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("not a JSON object, such as {{\"ticket\": 4711}}: {error}"))
}
