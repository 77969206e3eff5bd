//! `alpha-call keys …`: who may use the API, and for what.

pub mod args;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::ExposeSecret as _;
use serde::Serialize;

use super::db::failure::{Failure, Outcome};
use super::db::output::{self, Record};
use super::db::{Desk, concluded};
use super::lists::{open, stamp};
use super::screen::say;
use crate::config::{Invalid, Loaded, Scope as ConfigScope};
use crate::types::{ApiKey, BearerKey, KeyId, Scopes};
use args::{Create, KeysCommand, KeysVerb, List, Revoke};

const LONGEST_NAME: usize = 100;

/// Does what the verb says, and returns the exit code.
pub async fn keys(command: &KeysCommand, configured: impl FnOnce(ConfigScope) -> Result<Loaded, Invalid>) -> i32 {
    match open(configured(ConfigScope::Database), command.quiet) {
        Ok(desk) => concluded(&desk, done(&desk, &command.verb).await).await,
        Err(code) => code,
    }
}

async fn done(desk: &Desk, verb: &KeysVerb) -> Outcome {
    match verb {
        KeysVerb::Create(wish) => create(desk, wish).await,
        KeysVerb::List(wish) => list(desk, wish).await,
        KeysVerb::Revoke(wish) => revoke(desk, wish).await,
    }
}

async fn create(desk: &Desk, wish: &Create) -> Outcome {
    let (name, now) = (wish.name.trim(), Utc::now());
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(Failure::usage(format!("--name must say whose key it is, in {LONGEST_NAME} characters at most")));
    }
    let key = random_key()?;
    let expires_at = wish.expires.map(|days| now + TimeDelta::days(days.into()));
    let record = ApiKey {
        id: key.id().clone(),
        digest: key.digest(),
        name: name.to_owned(),
        scopes: wish.scope.iter().copied().collect::<Scopes>(),
        created_at: now,
        expires_at,
        revoked_at: None,
        last_used_at: None,
        max_day_nanos: wish.max_day_usd,
    };
    if !desk.store.create_key(record).await? {
        return Err(Failure::other("a key of the same id is there already: try again"));
    }
    say(key.text().expose_secret());
    let end = expires_at.map_or_else(|| "until it is revoked".to_owned(), |at| format!("until {}", stamp(at)));
    desk.note(&format!("key {} of {name} is valid {end}; it is shown this once, and nobody can show it again", key.id()));
    Ok(0)
}

/// From the random generator of the operating system.
fn random_key() -> Result<BearerKey, Failure> {
    let (mut id, mut secret) = ([0; 8], [0; 32]);
    for bytes in [&mut id[..], &mut secret[..]] {
        getrandom::fill(bytes).map_err(Failure::other)?;
    }
    Ok(BearerKey::new(id, secret))
}

async fn list(desk: &Desk, wish: &List) -> Outcome {
    let now = Utc::now();
    let keys = desk.store.api_keys().await?;
    output::print(wish.output.format, &keys.into_iter().map(|key| Line::of(key, now)).collect::<Vec<_>>())?;
    Ok(0)
}

async fn revoke(desk: &Desk, wish: &Revoke) -> Outcome {
    let id = named(&wish.id)?;
    let Some(key) = desk.store.revoke_key(&id, Utc::now()).await? else {
        return Err(Failure::other(format!("there is no key {id}: `alpha-call keys list` shows those that there are")));
    };
    let at = key.revoked_at.map(stamp).unwrap_or_default();
    say(&format!("key {id} of {} is revoked since {at}", key.name));
    Ok(0)
}

/// A whole key will do too; it is not told again.
fn named(text: &str) -> Result<KeyId, Failure> {
    let whole = text.parse::<BearerKey>().map(|key| key.id().clone());
    whole.or_else(|_| text.parse()).map_err(|_| Failure::usage("name a key by its id: `alpha-call keys list` shows it"))
}

#[derive(Serialize)]
struct Line {
    id: String,
    name: String,
    scopes: String,
    state: &'static str,
    created_at: String,
    last_used_at: Option<String>,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    /// None for limits.max_key_day_usd.
    max_day_usd: Option<f64>,
}

impl Record for Line {
    const COLUMNS: &'static [&'static str] =
        &["id", "name", "scopes", "state", "created_at", "last_used_at", "expires_at", "revoked_at", "max_day_usd"];
}

impl Line {
    fn of(key: ApiKey, now: DateTime<Utc>) -> Self {
        Self {
            id: key.id.to_string(),
            state: key.state(now).as_str(),
            name: key.name,
            scopes: key.scopes.to_string(),
            created_at: stamp(key.created_at),
            last_used_at: key.last_used_at.map(stamp),
            expires_at: key.expires_at.map(stamp),
            revoked_at: key.revoked_at.map(stamp),
            max_day_usd: key.max_day_nanos.map(|nanos| nanos as f64 / 1e9),
        }
    }
}
