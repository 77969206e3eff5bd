//! The command line of `alpha-call db`.

mod bulk;

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::{Args, Subcommand, ValueEnum, value_parser};

pub use bulk::{Backup, Cleanup, ExportTranscripts, Restore, Seed, TranscriptFormat, Which};

/// `alpha-call db VERB`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct DbCommand {
    #[command(subcommand)]
    pub verb: Verb,
    /// No progress, and no word that was not asked for
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

const EXIT_CODES: &str = "\
The database is the one of the configuration: DATABASE_URL, else the parts of Cloud SQL, else the
file data/alpha-call.db. `alpha-call db test` says which one that is, and whether it is well.

Exit codes: 0 done, 1 failed or not as it should be, 2 wrong usage, 78 wrong configuration,
130 interrupted (the database is left whole).";

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Bring the schema up to date, step by step
    #[command(after_help = MIGRATE)]
    Migrate,
    /// Undo the last steps of the schema, with what is stored in them
    Rollback(Rollback),
    /// Drop everything and apply every step; never in production
    Fresh(Fresh),
    /// Show which steps of the schema are applied
    Status(Status),
    /// Write the file of a new step of the schema, in the source tree
    CreateMigration(CreateMigration),
    /// Check that the database can be used, and say what is wrong
    #[command(after_help = TEST)]
    Test,
    /// Figures over the calls on record
    Analytics(Analytics),
    /// Write everything on record into a file
    Backup(Backup),
    /// Read such a file back
    Restore(Restore),
    /// Write what was said in calls: for programs, or to be read
    ExportTranscripts(ExportTranscripts),
    /// Delete what is old, in small batches
    Cleanup(Cleanup),
    /// Add invented calls, for a look or a measurement
    Seed(Seed),
    /// Store the rows that an instance without its database wrote to its log
    Import(Import),
}

const MIGRATE: &str = "\
The service does the same at its start; do it by hand to have it done before. Any number may do it
at once: each step is applied by one of them, whole or not at all.

Exit codes: 0 the schema is up to date, 1 a step failed and was taken back, 130 interrupted.";

#[derive(Debug, Args)]
#[command(after_help = ROLLBACK)]
pub struct Rollback {
    /// How many steps
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..=1000))]
    pub steps: u32,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// In production too
    #[arg(long)]
    pub force: bool,
}

const ROLLBACK: &str = "\
Tables and columns that a step added are dropped, and what is in them is lost: take a backup first.
In production one goes forward: write a step that mends what the last one broke.

Examples:
  alpha-call db rollback
  alpha-call db rollback --steps 2 --yes";

#[derive(Debug, Args)]
#[command(after_help = FRESH)]
pub struct Fresh {
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

const FRESH: &str = "\
Every table of the database (of its current schema, on PostgreSQL) goes, whoever made it. Without
--yes, the name of the database has to be typed. All of it is done, or nothing. In production it
is refused: restore a backup into a new database instead.";

#[derive(Debug, Args)]
#[command(after_help = STATUS)]
pub struct Status {
    #[command(flatten)]
    pub output: Output,
}

const STATUS: &str = "\
States: applied; pending (`alpha-call db migrate` applies it); unknown (a newer version applied it,
and this one works with it).

Exit codes: 0 every step is applied, 1 some are pending.

Examples:
  alpha-call db status
  alpha-call db status -o json";

#[derive(Debug, Args)]
#[command(after_help = CREATE_MIGRATION)]
pub struct CreateMigration {
    /// What the step does; becomes its name
    #[arg(short, long, value_name = "TEXT")]
    pub message: String,
}

const CREATE_MIGRATION: &str = "\
Writes migration/src/mYYYYMMDD_NNNNNN_<message>.rs and registers it in migration/src/lib.rs. Run it
anywhere in the source tree. migration/README.md says how a step is written.

Example:
  alpha-call db create-migration --message \"Add new feature\"";

const TEST: &str = "\
Connects, asks for the version, the state of the schema and the limits, and writes, reads and
deletes a row in a transaction that is taken back. Nothing is changed.

Exit codes: 0 all is well, 1 something is not; the line that failed says what to do.";

#[derive(Debug, Args)]
#[command(after_help = ANALYTICS)]
pub struct Analytics {
    /// Calls that began at this moment or later [default: all calls]
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub from: Option<DateTime<Utc>>,
    /// Calls that began before this moment
    #[arg(long, value_name = "WHEN", value_parser = moment)]
    pub to: Option<DateTime<Utc>>,
    /// Calls that began in the last N days
    #[arg(long, value_name = "N", conflicts_with_all = ["from", "to"], value_parser = value_parser!(u16).range(1..))]
    pub days: Option<u16>,
    /// Calls of this assistant
    #[arg(long, value_name = "NAME")]
    pub assistant: Option<String>,
    /// A table over time as well
    #[arg(long, value_enum)]
    pub interval: Option<Interval>,
    #[command(flatten)]
    pub output: Output,
}

const ANALYTICS: &str = "\
WHEN is a day or a moment, in UTC unless it says otherwise: 2026-11-22, 2026-11-22T09:30:00Z,
2026-11-22T09:30:00+01:00. The names of the figures are those of GET /api/analytics.

Examples:
  alpha-call db analytics --days 30 --interval day
  alpha-call db analytics --from 2026-11-01 -o json";

#[derive(Debug, Args)]
#[command(after_help = IMPORT)]
pub struct Import {
    /// The log, or an export of Cloud Logging; - for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

const IMPORT: &str = "\
Where the disk dies with the instance (Cloud Run, App Engine), rows that the database did not take
before the end stand in the log, as lines of {\"alpha_call_row\":1,…}. Other lines do no harm. Every
row is stored once, however often it is imported; what cannot be stored is kept in dead_letters.

Exit codes: 0 all rows are stored, 1 some lines could not be read.

Examples:
  alpha-call db import instance.log
  gcloud logging read 'jsonPayload.alpha_call_row=1' --format=json | jq -c '.[]' > rows.log
  alpha-call db import rows.log";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Interval {
    Hour,
    Day,
    Month,
}

/// How a list of records is printed.
#[derive(Clone, Copy, Debug, Args)]
pub struct Output {
    /// How to print
    #[arg(short = 'o', long = "output", value_enum, value_name = "FORMAT", default_value_t)]
    pub format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Table,
    Json,
    Csv,
}

/// A day, which begins at midnight in UTC, or a moment of RFC 3339.
pub fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|day| day.and_time(NaiveTime::MIN).and_utc());
    day.or_else(|_| DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()))
        .map_err(|_| "write a day, 2026-11-22, or a moment, 2026-11-22T09:30:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_and_a_moment_may_have_an_offset() {
        let read = |text| moment(text).map(|at| at.to_rfc3339());

        assert_eq!(read("2026-11-22").as_deref(), Ok("2026-11-22T00:00:00+00:00"));
        assert_eq!(read("2026-11-22T09:30:00+01:00").as_deref(), Ok("2026-11-22T08:30:00+00:00"));
        for wrong in ["", "yesterday", "2026-13-01", "22.11.2026", "2026-11-22T09:30:00"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
