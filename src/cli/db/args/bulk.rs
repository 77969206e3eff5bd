//! Verbs that work on whole tables.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum, value_parser};

use super::{Output, moment};

#[derive(Debug, Args)]
#[command(after_help = SEED)]
pub struct Seed {
    /// How many calls
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=10_000_000))]
    pub calls: u64,
    /// Over how many days before now
    #[arg(long, value_name = "D", default_value_t = 365, value_parser = value_parser!(u32).range(1..=3650))]
    pub days: u32,
    /// Turns of a call, on the average
    #[arg(long, value_name = "T", default_value_t = 20, value_parser = value_parser!(u32).range(1..=500))]
    pub turns: u32,
    /// The same number makes the same calls again
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub random_seed: u64,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// In production too
    #[arg(long)]
    pub force: bool,
}

const SEED: &str = "\
Adds invented calls with turns, streams and costs to what is there: all of them or none. People,
numbers (555-01xx) and conversations are made up. Into empty tables of PostgreSQL it loads without
indices and makes them afterwards; nobody else can use the tables meanwhile.

Examples:
  alpha-call db seed --calls 1000
  alpha-call db seed --calls 1000000 --days 730 --yes";

#[derive(Debug, Args)]
#[command(after_help = BACKUP)]
pub struct Backup {
    /// Where to [default: alpha-call-YYYYMMDD-HHMMSS.jsonl.gz]; - is standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace the file if there is one
    #[arg(long)]
    pub force: bool,
}

const BACKUP: &str = "\
Writes all calls, turns, streams, cooldowns, dead letters, wishes, the do-not-call list, consents
and API keys (without their secrets) as they are at one moment: lines of JSON, compressed by gzip,
with their number and a checksum at the end. The service may go on meanwhile. The file is complete
or not there: until then it is FILE.partial. It holds numbers, names and conversations, and only
its owner may read it.

Examples:
  alpha-call db backup
  alpha-call db backup --out - | ssh keeper 'cat > calls.jsonl.gz'";

#[derive(Debug, Args)]
#[command(after_help = RESTORE)]
pub struct Restore {
    /// A file of `alpha-call db backup`; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Replace everything in the database, whatever is there
    #[arg(long)]
    pub force: bool,
}

const RESTORE: &str = "\
Reads a backup into a database whose schema is up to date. It may come from SQLite or PostgreSQL,
and of this version or an older one. Nothing is changed unless the file is whole: counts and
checksum are compared before the end. Stop the service first; on PostgreSQL the tables are locked
meanwhile.

Examples:
  alpha-call db restore alpha-call-20261122-093000.jsonl.gz
  DATABASE_URL=postgres://… alpha-call db restore --force - < calls.jsonl.gz";

#[derive(Debug, Args)]
#[command(after_help = EXPORT)]
pub struct ExportTranscripts {
    #[command(flatten)]
    pub which: Which,
    /// Calls that began before this moment [default: now]
    #[arg(long, value_name = "WHEN", value_parser = moment, requires = "from")]
    pub to: Option<DateTime<Utc>>,
    /// How to write them
    #[arg(long, value_enum, default_value_t)]
    pub format: TranscriptFormat,
    /// Where to [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace the file if there is one
    #[arg(long, requires = "out")]
    pub force: bool,
}

/// Exactly one of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// Calls that began in the last N days
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=36_500))]
    pub days: Option<u32>,
    /// One call: its sid at Twilio (CA…), or our id
    #[arg(long, value_name = "SID")]
    pub call_sid: Option<String>,
    /// Calls that began at this moment or later
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub from: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TranscriptFormat {
    /// An array of calls, each with its turns
    #[default]
    Json,
    /// A line for each turn
    Csv,
    /// To be read on a terminal
    Txt,
    /// Markdown, a heading for each call
    Md,
}

const EXPORT: &str = "\
Say which calls: --days, --call-sid, or --from with or without --to. WHEN is a day or a moment, in
UTC unless it says otherwise: 2026-11-22, 2026-11-22T09:30:00+01:00. Calls in which nothing was said
are left out. Where the caller did not hear all that was generated, both are written.

Exit codes: 0 done, also if there was nothing in that time; 1 failed, or the one call has no
transcript.

Examples:
  alpha-call db export-transcripts --days 7 --format md --out week.md
  alpha-call db export-transcripts --call-sid CA00000000000000000000000000000001 --format txt
  alpha-call db export-transcripts --from 2026-11-01 --to 2026-12-01 --format csv";

#[derive(Debug, Args)]
#[command(after_help = CLEANUP)]
pub struct Cleanup {
    /// Delete transcripts of calls that began more than N days ago
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=36_500))]
    pub days: u32,
    /// Delete whole calls, cooldowns and dead letters after M days [default: N]
    #[arg(long, value_name = "M", value_parser = value_parser!(u32).range(1..=36_500))]
    pub calls_days: Option<u32>,
    /// Only say what would be deleted
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Rows in one transaction
    #[arg(long, value_name = "ROWS", default_value_t = 1000, value_parser = value_parser!(u64).range(1..=100_000))]
    pub batch: u64,
    #[command(flatten)]
    pub output: Output,
}

const CLEANUP: &str = "\
Calls that have not ended stay, and so do the do-not-call list, consents and API keys. A call whose
transcript is deleted keeps its counters and costs. The service may go on meanwhile; an interrupt
leaves what is not deleted yet, for the next time.

Examples:
  alpha-call db cleanup --days 90 --dry-run
  alpha-call db cleanup --days 30 --calls-days 400 --yes";
