//! `alpha-call dnc …` and `alpha-call consent …`: who may be called, looked after by hand.

pub mod args;
mod check;
mod consent;
mod dnc;

use chrono::{DateTime, SecondsFormat, Utc};

use super::db::failure::Failure;
use super::db::{Desk, concluded, told};
use super::screen::complain;
use crate::config::{Invalid, Loaded, Scope};
use crate::telemetry;
use args::{By, ConsentCommand, DncCommand, DncVerb};

/// Does what the verb says, and returns the exit code. `user` is the name of the account.
pub async fn dnc(command: &DncCommand, user: Option<&str>, configured: impl FnOnce(Scope) -> Result<Loaded, Invalid>) -> i32 {
    let scope = if matches!(command.verb, DncVerb::Check(_)) { Scope::Everything } else { Scope::Database };
    match open(configured(scope), command.quiet) {
        Ok(desk) => concluded(&desk, dnc::done(&desk, &command.verb, user).await).await,
        Err(code) => code,
    }
}

pub async fn consent(command: &ConsentCommand, user: Option<&str>, configured: impl FnOnce(Scope) -> Result<Loaded, Invalid>) -> i32 {
    match open(configured(Scope::Database), command.quiet) {
        Ok(desk) => concluded(&desk, consent::done(&desk, &command.verb, user).await).await,
        Err(code) => code,
    }
}

pub(super) fn open(loaded: Result<Loaded, Invalid>, quiet: bool) -> Result<Desk, i32> {
    let loaded = loaded.map_err(super::refuse)?;
    if let Err(error) = telemetry::init(&loaded.config.log) {
        complain(&format!("logging cannot be set up: {error}"));
    }
    Desk::open(loaded, true, quiet).map_err(|failure: Failure| told(&failure))
}

/// Who is named, or whose account it is.
fn who(by: &By, user: Option<&str>) -> Option<String> {
    by.by.clone().or_else(|| user.map(str::to_owned)).filter(|name| !name.trim().is_empty())
}

/// As it stands in tables of records.
pub(super) fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
