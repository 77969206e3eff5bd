//! The keys that open the API: those of the configuration, and those on record.
//!
//! What is on record is read at most once a second, whoever asks with whatever keys, and believed for five: so long a revoked
//! key may still open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use super::Problem;
use crate::config::Config;
use crate::store::CallStore;
use crate::types::{ApiKey, Asker, BearerKey, Code, KeyId, KeyState, Scope, Scopes};

/// A key that was read is believed for so long.
const BELIEVED: Duration = Duration::from_secs(5);
/// A key that is not there is looked for again after so long; so is a database that was away.
const AGAIN: Duration = Duration::from_secs(1);
/// How exactly the last use of a key is on record.
const MINUTE: TimeDelta = TimeDelta::minutes(1);

const NEEDED: &str = "send `Authorization: Bearer <key>` with a key of `alpha-call keys create`, or one of API_KEYS";

#[derive(Clone)]
pub(super) struct KeyRing(Arc<Inner>);

struct Inner {
    /// Digests are compared, so that time tells nothing of the keys.
    of_configuration: Vec<[u8; 32]>,
    store: CallStore,
    /// Where nobody else can reach us, everybody may ask until there is a key.
    may_be_open: bool,
    known: tokio::sync::Mutex<Known>,
    noted: Mutex<HashMap<KeyId, DateTime<Utc>>>,
}

/// What is known of the keys on record.
#[derive(Default)]
struct Known {
    keys: Arc<[ApiKey]>,
    read_at: Option<Instant>,
    failed_at: Option<Instant>,
}

/// Who asks, as far as a key tells.
#[derive(Clone, Debug, Default)]
pub(super) struct Caller {
    identity: Identity,
    /// Of this key alone.
    max_day_nanos: Option<u64>,
    /// Of a key on record.
    name: Option<String>,
    /// None, if it may do all.
    scopes: Option<Scopes>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Identity {
    /// Where no key is asked for.
    #[default]
    Anybody,
    /// By its place among them.
    OfConfiguration(usize),
    OnRecord(KeyId),
}

impl Caller {
    fn with(key: &ApiKey) -> Self {
        Self {
            identity: Identity::OnRecord(key.id.clone()),
            max_day_nanos: key.max_day_nanos,
            name: Some(key.name.clone()),
            scopes: Some(key.scopes.clone()),
        }
    }

    /// Everything that the caller may do.
    pub(super) fn scopes(&self) -> Vec<Scope> {
        Scope::ALL.into_iter().filter(|scope| self.scopes.as_ref().is_none_or(|scopes| scopes.allow(*scope))).collect()
    }

    pub(super) fn key_id(&self) -> Option<&KeyId> {
        match &self.identity {
            Identity::OnRecord(id) => Some(id),
            Identity::Anybody | Identity::OfConfiguration(_) => None,
        }
    }

    /// None where the API is open.
    pub(super) fn asker(&self) -> Option<Asker> {
        let key = match &self.identity {
            Identity::Anybody => return None,
            Identity::OfConfiguration(_) => KeyId::of_configuration(),
            Identity::OnRecord(id) => id.clone(),
        };
        Some(Asker { key, max_day_nanos: self.max_day_nanos })
    }

    /// The name of the key.
    pub(super) fn name(&self) -> Option<String> {
        self.name.clone()
    }

    pub(super) const fn identity(&self) -> &Identity {
        &self.identity
    }
}

impl KeyRing {
    pub(super) fn new(config: &Config, store: CallStore) -> Self {
        let of_configuration: Vec<_> = config.security.api_keys.iter().map(|key| digest(key.expose_secret())).collect();
        let may_be_open = of_configuration.is_empty() && !config.environment.is_production() && config.server.host.is_loopback();
        Self(Arc::new(Inner { of_configuration, store, may_be_open, known: tokio::sync::Mutex::default(), noted: Mutex::default() }))
    }

    /// `scope`: none, if every key will do.
    pub(super) async fn admit(&self, brought: Option<&str>, scope: Option<Scope>) -> Result<Caller, Problem> {
        if let Some(place) = brought.and_then(|text| self.place_in_configuration(text)) {
            return Ok(Caller { identity: Identity::OfConfiguration(place), ..Caller::default() });
        }
        let brought: Option<BearerKey> = brought.and_then(|text| text.parse().ok());
        if brought.is_none() && !self.0.may_be_open {
            return Err(Problem::new(Code::Unauthenticated, NEEDED));
        }
        let keys = self.keys(brought.as_ref().map(BearerKey::id)).await?;
        if keys.is_empty() && self.0.may_be_open {
            return Ok(Caller::default());
        }
        let key = brought.and_then(|brought| keys.iter().find(|key| key.is(&brought)));
        let key = key.ok_or_else(|| Problem::new(Code::Unauthenticated, NEEDED))?;
        let now = Utc::now();
        match key.state(now) {
            KeyState::Active => {}
            KeyState::Expired => return Err(Problem::new(Code::Unauthenticated, "this key has expired")),
            KeyState::Revoked => return Err(Problem::new(Code::Unauthenticated, "this key was revoked")),
        }
        self.note_use(key, now);
        match scope.filter(|scope| !key.scopes.allow(*scope)) {
            Some(scope) => Err(Problem::insufficient(scope)),
            None => Ok(Caller::with(key)),
        }
    }

    fn place_in_configuration(&self, text: &str) -> Option<usize> {
        let brought = digest(text);
        self.0.of_configuration.iter().position(|key| *key == brought)
    }

    /// Every key on record. `wanted` is one that somebody brought.
    async fn keys(&self, wanted: Option<&KeyId>) -> Result<Arc<[ApiKey]>, Problem> {
        // Those who come meanwhile wait here for the same answer.
        let mut known = self.0.known.lock().await;
        if known.suffices(wanted) {
            return Ok(Arc::clone(&known.keys));
        }
        if !within(known.failed_at, AGAIN) {
            match self.0.store.api_keys().await {
                Ok(keys) => {
                    *known = Known { keys: keys.into(), read_at: Some(Instant::now()), failed_at: None };
                    return Ok(Arc::clone(&known.keys));
                }
                Err(error) if error.is_outage() => known.failed_at = Some(Instant::now()),
                Err(error) => return Err(error.into()),
            }
        }
        // Whether there are keys at all does not change by an outage; whether one still holds may.
        let tells = wanted.is_none() || self.0.may_be_open && known.keys.is_empty();
        if known.read_at.is_some() && tells { Ok(Arc::clone(&known.keys)) } else { Err(Problem::database_unavailable()) }
    }

    /// On record at most once a minute, and nobody waits for it.
    fn note_use(&self, key: &ApiKey, now: DateTime<Utc>) {
        let mut noted = self.0.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let last = noted.get(&key.id).copied().max(key.last_used_at);
        if last.is_some_and(|at| now - at < MINUTE) {
            return;
        }
        noted.insert(key.id.clone(), now);
        let (store, id) = (self.0.store.clone(), key.id.clone());
        actix_web::rt::spawn(async move {
            if let Err(error) = store.key_used(&id, now).await {
                tracing::debug!(%error, api_key = %id, "use of a key not noted");
            }
        });
    }
}

impl Known {
    fn suffices(&self, wanted: Option<&KeyId>) -> bool {
        let is_known = wanted.is_none_or(|id| self.keys.iter().any(|key| key.id == *id));
        within(self.read_at, if is_known { BELIEVED } else { AGAIN })
    }
}

fn within(moment: Option<Instant>, time: Duration) -> bool {
    moment.is_some_and(|at| at.elapsed() < time)
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}
