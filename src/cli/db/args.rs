//! The command line of `alpha-call db`.

use clap::{Args, Subcommand, ValueEnum, value_parser};

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
    /// Bring the schema up to date
    Migrate,
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
    /// For the eye
    #[default]
    Table,
    /// An array of objects
    Json,
    /// With a header line
    Csv,
}
