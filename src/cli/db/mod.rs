//! `alpha-call db …`: the database, looked after by hand.

pub mod args;
mod confirm;
mod failure;
mod migrate;
mod output;
mod progress;

use super::screen::complain;
use super::serve::StopSignals;
use crate::config::{Config, Invalid, Loaded};
use crate::store::{CallStore, StoreError};
use crate::telemetry;
use args::{DbCommand, Verb};
use failure::{Failure, Outcome};
use progress::Progress;

/// 128 and the number of SIGINT.
const INTERRUPTED: i32 = 130;

/// What a verb has at hand.
pub struct Desk {
    pub store: CallStore,
    pub config: Config,
    /// Asked for by `--quiet`.
    pub quiet: bool,
}

impl Desk {
    fn open(loaded: Loaded, quiet: bool) -> Result<Self, StoreError> {
        let Loaded { config, .. } = loaded;
        Ok(Self { store: CallStore::open(&(&config.database).into())?, config, quiet })
    }

    /// On standard error; nothing if quiet.
    #[must_use]
    pub fn progress(&self, label: &str, total: Option<u64>) -> Progress {
        Progress::new(label, total, self.quiet)
    }

    /// A word beside the result, on standard error; nothing if quiet.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            complain(text);
        }
    }
}

/// Does what the verb says, and returns the exit code.
pub async fn run(command: &DbCommand, configured: impl FnOnce() -> Result<Loaded, Invalid>) -> i32 {
    let loaded = match configured() {
        Ok(loaded) => loaded,
        Err(invalid) => return super::refuse(invalid),
    };
    if let Err(error) = telemetry::init(&loaded.config.log) {
        complain(&format!("logging cannot be set up: {error}"));
    }
    let outcome = match Desk::open(loaded, command.quiet) {
        Ok(desk) => interruptible(&desk, &command.verb).await,
        Err(error) => Err(error.into()),
    };
    outcome.unwrap_or_else(|failure| {
        complain(&format!("error: {failure}"));
        failure.code()
    })
}

/// The first signal gives up the work, so that what is not committed is rolled back; a second one ends the process.
async fn interruptible(desk: &Desk, verb: &Verb) -> Outcome {
    let mut stop = StopSignals::listen()?;
    let outcome = tokio::select! {
        outcome = done(desk, verb) => outcome,
        () = stop.told() => {
            tokio::select! {
                () = desk.store.abandon() => {}
                () = stop.told() => return Ok(INTERRUPTED),
            }
            complain(&format!("\ninterrupted: {}", left_behind(verb)));
            return Ok(INTERRUPTED);
        }
    };
    desk.store.close().await;
    outcome
}

async fn done(desk: &Desk, verb: &Verb) -> Outcome {
    match verb {
        Verb::Migrate => migrate::migrate(desk).await,
    }
}

/// What the database looks like after an interrupt.
fn left_behind(verb: &Verb) -> &'static str {
    match verb {
        Verb::Migrate => "each step is applied whole or not at all; `alpha-call db status` shows how far it came",
    }
}
