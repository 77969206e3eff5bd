//! `alpha-call db …`: the database, looked after by hand.

mod advice;
mod analytics;
pub mod args;
mod backup;
mod check;
mod cleanup;
mod confirm;
mod create;
mod draft;
mod export;
pub(super) mod failure;
mod import;
mod migrate;
pub(super) mod output;
mod progress;
mod seed;
mod tree;

use std::path::{Path, PathBuf};

use super::screen::{complain, wrap};
use super::serve::StopSignals;
use crate::config::{Config, Invalid, Loaded, Origin, Sources};
use crate::store::{CallStore, DatabaseSettings, Place, StoreError};
use crate::telemetry;
use args::{DbCommand, Verb};
use failure::{Failure, Outcome};
use progress::Progress;

/// 128 and the number of SIGINT.
const INTERRUPTED: i32 = 130;
/// Columns of advice.
const WIDTH: usize = 96;

/// What a verb has at hand.
pub struct Desk {
    pub store: CallStore,
    pub place: Place,
    pub config: Config,
    pub sources: Sources,
    pub warnings: Vec<String>,
    /// Asked for by `--quiet`.
    pub quiet: bool,
}

impl Desk {
    /// `wants_records`: there is nothing to do on a file that is not there.
    pub fn open(loaded: Loaded, wants_records: bool, quiet: bool) -> Result<Self, Failure> {
        let Loaded { config, sources, warnings, .. } = loaded;
        let settings = DatabaseSettings::from(&config.database);
        let place = Place::of(&settings)?;
        if let Some(file) = place.missing_file().filter(|_| wants_records) {
            let (file, named_by) = (absolute(file), named_by(&sources));
            return Err(Failure::other(format!("there is no file {} yet ({named_by}): `alpha-call db migrate` makes it", file.display())));
        }
        Ok(Self { store: CallStore::open(&settings)?, place, config, sources, warnings, quiet })
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

    /// The pool waits for a server that refuses, and then says no more than that it waited: ask once, for the reason.
    async fn reason(&self, error: StoreError) -> StoreError {
        if !error.is_outage() {
            return error;
        }
        self.store.vitals().await.err().unwrap_or(error)
    }
}

impl Verb {
    /// Whether there is nothing to do on a file that is not there; the others make it.
    const fn wants_records(&self) -> bool {
        match self {
            Self::Rollback(_)
            | Self::Status(_)
            | Self::Test
            | Self::Analytics(_)
            | Self::Backup(_)
            | Self::Restore(_)
            | Self::ExportTranscripts(_)
            | Self::Cleanup(_)
            | Self::Seed(_) => true,
            Self::Migrate | Self::Fresh(_) | Self::CreateMigration(_) | Self::Import(_) => false,
        }
    }

    /// What the database looks like after an interrupt.
    const fn left_behind(&self) -> &'static str {
        match self {
            Self::Migrate | Self::Rollback(_) => {
                "the step under way is taken back, those before it are done; `alpha-call db status` shows where the schema is"
            }
            Self::Fresh(_) => "nothing was dropped, unless it was done already; `alpha-call db status` shows where the schema is",
            Self::Import(_) => "the rows so far are stored; import the file again for the others",
            Self::Status(_) | Self::CreateMigration(_) | Self::Test | Self::Analytics(_) => "the records were only read",
            Self::Backup(_) | Self::ExportTranscripts(_) => "the database was only read, and no file was made",
            Self::Restore(_) | Self::Seed(_) => "nothing was added, and what was there is there still",
            Self::Cleanup(_) => "some of what is old is deleted, whole calls each; the same again deletes the rest",
        }
    }
}

/// Does what the verb says, and returns the exit code.
pub async fn run(command: &DbCommand, configured: impl FnOnce() -> Result<Loaded, Invalid>) -> i32 {
    if let Verb::CreateMigration(wish) = &command.verb {
        return create::create(wish).unwrap_or_else(|failure| told(&failure));
    }
    let loaded = match configured() {
        Ok(loaded) => loaded,
        Err(invalid) => return super::refuse(invalid),
    };
    if let Err(error) = telemetry::init(&loaded.config.log) {
        complain(&format!("logging cannot be set up: {error}"));
    }
    match Desk::open(loaded, command.verb.wants_records(), command.quiet) {
        Ok(desk) => interruptible(&desk, &command.verb).await,
        Err(failure) => told(&failure),
    }
}

/// The first signal gives up the work, so that what is not committed is rolled back; a second one ends the process.
async fn interruptible(desk: &Desk, verb: &Verb) -> i32 {
    let mut stop = match StopSignals::listen() {
        Ok(stop) => stop,
        Err(error) => return told(&error.into()),
    };
    tokio::select! {
        code = finished(desk, verb) => code,
        () = stop.told() => {
            tokio::select! {
                () = desk.store.abandon() => complain(&format!("\n{}", wrap(&format!("interrupted: {}", verb.left_behind()), WIDTH).join("\n"))),
                () = stop.told() => {}
            }
            INTERRUPTED
        }
    }
}

async fn finished(desk: &Desk, verb: &Verb) -> i32 {
    concluded(desk, done(desk, verb).await).await
}

/// Tells what went wrong and what to do about it, and closes the database.
pub(super) async fn concluded(desk: &Desk, outcome: Outcome) -> i32 {
    let code = match outcome {
        Ok(code) => code,
        Err(Failure::Store(error)) => {
            let error = desk.reason(error).await;
            let way_out = advice::on(&error, &desk.place);
            let code = told(&error.into());
            way_out.iter().flat_map(|way_out| wrap(&format!("-> {way_out}"), WIDTH)).for_each(|line| complain(&format!("  {line}")));
            code
        }
        Err(failure) => told(&failure),
    };
    desk.store.close().await;
    code
}

async fn done(desk: &Desk, verb: &Verb) -> Outcome {
    match verb {
        Verb::Migrate => migrate::migrate(desk).await,
        Verb::Rollback(wish) => migrate::rollback(desk, wish).await,
        Verb::Fresh(wish) => migrate::fresh(desk, wish).await,
        Verb::Status(wish) => migrate::status(desk, wish).await,
        Verb::CreateMigration(wish) => create::create(wish),
        Verb::Test => check::test(desk).await,
        Verb::Analytics(wish) => analytics::analytics(desk, wish).await,
        Verb::Backup(wish) => backup::backup(desk, wish).await,
        Verb::Restore(wish) => backup::restore(desk, wish).await,
        Verb::ExportTranscripts(wish) => export::export_transcripts(desk, wish).await,
        Verb::Cleanup(wish) => cleanup::cleanup(desk, wish).await,
        Verb::Seed(wish) => seed::seed(desk, wish).await,
        Verb::Import(wish) => import::import(desk, wish).await,
    }
}

/// Where one is, is part of where it is.
fn absolute(file: &Path) -> PathBuf {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned())
}

/// What names the database.
fn named_by(sources: &Sources) -> String {
    match sources.origin("database.url") {
        None | Some(Origin::Default) => "DATABASE_URL is not set".to_owned(),
        Some(Origin::Variable(name)) => name.clone(),
        Some(origin) => origin.to_string(),
    }
}

pub(super) fn told(failure: &Failure) -> i32 {
    complain(&format!("error: {failure}"));
    failure.code()
}
