//! The command line of `alpha-call calls`.

mod dial;

use chrono::{DateTime, TimeDelta, Utc};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum, value_parser};

pub use dial::Dial;

use crate::cli::db::args::{Format, moment};
use crate::types::{CallId, CallSid, CallStatus, Direction, PhoneNumber};

#[derive(Debug, Args)]
#[command(after_help = CALLS)]
pub struct CallsCommand {
    #[command(subcommand)]
    pub verb: CallsVerb,
    /// The instance to ask [default: ALPHA_CALL_URL, or the one here]
    #[arg(long, global = true, value_name = "URL", display_order = 90)]
    pub url: Option<String>,
}

const CALLS: &str = "\
These commands ask a running instance by its API, as its page in the browser does.

Environment:
  ALPHA_CALL_URL       the instance, https://HOST or http://HOST:PORT; --url wins. Without either
                       it is the one that the configuration here would serve, by HOST and PORT
  ALPHA_CALL_KEY       the key of the API; never on the command line, where others see it
  ALPHA_CALL_KEY_FILE  a file with the key, instead
  NO_COLOR             no colours; there are none either where the output is no terminal
Without a key, an instance on this machine is asked with the first key of API_KEYS, if the
configuration here has one.

Exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.

Examples:
  alpha-call calls list --status failed --since 24h
  alpha-call calls tail
  ALPHA_CALL_KEY_FILE=~/.alpha-call.key alpha-call calls list --url https://voice.example.com";

#[derive(Debug, Subcommand)]
pub enum CallsVerb {
    /// Show calls, newest first
    List(List),
    /// Show one call: what is known of it, and what was said
    Get(Get),
    /// Follow what happens, in all calls or in one
    Tail(Tail),
    /// End a call, or take it off the queue
    Hangup(Hangup),
    /// Hand a call over to another phone
    Transfer(Transfer),
    /// Place a call
    Dial(Dial),
}

#[derive(Debug, Args)]
#[command(after_help = LIST)]
pub struct List {
    /// Such calls
    #[arg(long, value_name = "STATUS", value_parser = words(CallStatus::ALL.iter().map(|status| status.as_str())))]
    pub status: Option<String>,
    /// Such calls
    #[arg(long, value_name = "DIRECTION", value_parser = words(Direction::ALL.iter().map(|direction| direction.as_str())))]
    pub direction: Option<String>,
    /// Calls from or to this number, with + and country code
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    pub number: Option<PhoneNumber>,
    /// Calls of this assistant
    #[arg(long, value_name = "NAME")]
    pub assistant: Option<String>,
    /// Calls that began at this moment or later, or so long ago at most
    #[arg(long, value_name = "WHEN", value_parser = since)]
    pub since: Option<Since>,
    /// Calls in whose number, name or id this stands
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// So many calls at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = value_parser!(u64).range(1..=1_000_000))]
    pub limit: u64,
    /// Every call that there is, however many
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
    /// How to print
    #[arg(short = 'o', long = "output", value_enum, value_name = "FORMAT", default_value_t)]
    pub format: Format,
}

const LIST: &str = "\
WHEN is a span before now (90s, 30m, 24h, 7d), a day or a moment, in UTC unless it says otherwise.
Lengths are minutes and seconds, latencies the median of a call in ms, costs estimated US dollars.
json and csv are what GET /api/call-history answers; several pages of it are made one.

Examples:
  alpha-call calls list --since 24h --status failed
  alpha-call calls list --number +14155550142 --assistant clinic
  alpha-call calls list --since 2026-11-01 --all -o csv > november.csv";

#[derive(Debug, Args)]
#[command(after_help = GET)]
pub struct Get {
    /// Our id, or Twilio's sid
    #[arg(value_name = "CALL", value_parser = call)]
    pub call: String,
    /// With what was said; asks for a key with the scope transcripts:read
    #[arg(long)]
    pub transcript: bool,
    #[command(flatten)]
    pub output: Plain,
}

const GET: &str = "\
json is what GET /api/call/{call} answers; with --transcript GET /api/call/{call}/conversation, in
milliseconds from the first stream's start. What follows /// was generated, but never heard.

Examples:
  alpha-call calls get CA0123456789abcdef0123456789abcdef --transcript
  alpha-call calls get 01980a4e-7d55-7c3e-a5a2-0c8f1b2d3e4f -o json | jq .cost.total_usd";

#[derive(Debug, Args)]
#[command(after_help = TAIL)]
pub struct Tail {
    /// Only this call, until it ends: our id, or Twilio's sid
    #[arg(value_name = "CALL", value_parser = call)]
    pub call: Option<String>,
    /// Not what is said
    #[arg(long)]
    pub no_words: bool,
    #[command(flatten)]
    pub output: Plain,
}

const TAIL: &str = "\
Follows GET /api/events. A turn is shown once, when it is over. When the connection ends, it asks
again for what came after: nothing is missed, unless that is said on standard error. json is one
event a line, each as the API sends it; there a turn comes again when more is known of it.

Exit codes: 0 the call ended, however it went, 1 failed.

Examples:
  alpha-call calls tail
  alpha-call calls tail --no-words -o json | jq -c 'select(.type == \"call.failed\")'";

#[derive(Debug, Args)]
#[command(after_help = HANGUP)]
pub struct Hangup {
    /// Our id, or Twilio's sid
    #[arg(value_name = "CALL", value_parser = call)]
    pub call: String,
    #[command(flatten)]
    pub output: Plain,
}

const HANGUP: &str = "\
Example:
  alpha-call calls hangup CA0123456789abcdef0123456789abcdef";

#[derive(Debug, Args)]
#[command(after_help = TRANSFER)]
pub struct Transfer {
    /// Our id, or Twilio's sid
    #[arg(value_name = "CALL", value_parser = call)]
    pub call: String,
    /// Who is to take it, with + and country code
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    pub to: PhoneNumber,
    #[command(flatten)]
    pub output: Plain,
}

const TRANSFER: &str = "\
Only a call that talks can be handed over.

Example:
  alpha-call calls transfer CA0123456789abcdef0123456789abcdef --to +14155550142";

/// How what is no list is printed.
#[derive(Clone, Copy, Debug, Args)]
pub struct Plain {
    /// How to print
    #[arg(short = 'o', long = "output", value_enum, value_name = "FORMAT", default_value_t)]
    pub format: Shape,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    #[default]
    Table,
    Json,
}

/// A moment, or how long before now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    Ago(TimeDelta),
    Moment(DateTime<Utc>),
}

impl Since {
    #[must_use]
    pub fn before(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Ago(span) => now - span,
            Self::Moment(at) => at,
        }
    }
}

/// Of a hundred years at most.
fn since(text: &str) -> Result<Since, String> {
    let span = span(text).filter(|span| *span <= TimeDelta::days(36_500)).map(Since::Ago);
    let at = || moment(text).map(Since::Moment);
    span.map_or_else(at, Ok).map_err(|_| "write a span such as 24h or 7d, a day, 2026-11-22, or a moment, 2026-11-22T09:30:00Z".to_owned())
}

fn span(text: &str) -> Option<TimeDelta> {
    let unit = text.chars().last()?;
    let count: i64 = text.strip_suffix(unit)?.parse().ok().filter(|count| *count >= 0)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return None,
    };
    TimeDelta::try_seconds(count.checked_mul(seconds)?)
}

fn words(words: impl Iterator<Item = &'static str>) -> PossibleValuesParser {
    PossibleValuesParser::new(words.collect::<Vec<_>>())
}

fn number(text: &str) -> Result<PhoneNumber, String> {
    text.parse().map_err(|error: crate::types::InvalidPhoneNumber| error.to_string())
}

fn call(text: &str) -> Result<String, String> {
    let known = text.parse::<CallId>().is_ok() || text.parse::<CallSid>().is_ok();
    if known { Ok(text.to_owned()) } else { Err("neither an id of ours nor a sid of Twilio; `alpha-call calls list` shows ids".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_a_day_and_a_moment_are_understood_and_nothing_else() {
        let now: DateTime<Utc> = "2026-11-23T12:00:00Z".parse().expect("a moment");
        let read = |text| since(text).map(|since| since.before(now).to_rfc3339());

        for (text, moment) in [
            ("24h", "2026-11-22T12:00:00+00:00"),
            ("90s", "2026-11-23T11:58:30+00:00"),
            ("30m", "2026-11-23T11:30:00+00:00"),
            ("2w", "2026-11-09T12:00:00+00:00"),
            ("2026-11-01", "2026-11-01T00:00:00+00:00"),
            ("2026-11-01T09:30:00+01:00", "2026-11-01T08:30:00+00:00"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(moment), "{text}");
        }
        for wrong in ["", "h", "-1h", "1y", "9223372036854775807d", "999999d", "yesterday", "1é"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
