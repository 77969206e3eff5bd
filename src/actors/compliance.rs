//! Who may be called: the lists are asked, the decision is put on record, the lists are changed.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use uuid::Uuid;

use super::clock;
use super::engine::{Engine, EngineError};
use crate::config::Config;
use crate::governor::compliance::{Finding, Judgement, judge};
use crate::governor::{Authorization, Callee, CallingHours, CompliancePolicy, Refusal};
use crate::store::{CallStore, NewConsent, OptOut, OptOutSource, Removal, StoredConsent};
use crate::types::{PhoneNumber, Redacted};

/// Numbers that are put on the list in one transaction.
const BATCH: usize = 5_000;

/// What the rules say of a call, whether there is room for it or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// By whom and where the operator wants to call at all.
    pub authorization: Finding,
    #[serde(flatten)]
    pub judgement: Judgement,
    #[serde(skip)]
    pub refusal: Option<Refusal>,
}

/// A verdict as it is stored on the call, with whatever refused it in the end.
#[derive(Serialize)]
struct OnRecord<'a> {
    #[serde(flatten)]
    verdict: &'a Verdict,
    refusal: Option<&'static str>,
}

/// Somebody agreed to be called, as they who know of it tell it.
#[derive(Clone, PartialEq, Eq)]
pub struct GivenConsent {
    pub number: PhoneNumber,
    pub basis: String,
    pub text_version: String,
    pub source: String,
    /// Now, if it is not told.
    pub at: Option<DateTime<Utc>>,
}

impl Verdict {
    #[must_use]
    pub fn of(config: &Config, callee: &Callee) -> Self {
        let authorization = authorization(config);
        let verified = authorization.is_verified(&callee.number);
        let judgement = judge(&compliance_policy(config), callee, verified);
        let authorized = authorization.check(&callee.number);
        Self {
            authorization: if authorized.is_ok() { Finding::Passed } else { Finding::Refused },
            refusal: authorized.err().or_else(|| judgement.refusal()),
            judgement,
        }
    }

    /// JSON, without the number.
    #[must_use]
    pub fn on_record(&self, refusal: Option<&Refusal>) -> Option<String> {
        let refusal = refusal.map(|refusal| refusal.code().as_str());
        serde_json::to_string(&OnRecord { verdict: self, refusal }).ok()
    }
}

pub(super) fn authorization(config: &Config) -> Authorization {
    Authorization::new(config.limits.verified_numbers.iter().cloned(), config.limits.allow_all_us_canada)
}

pub(super) fn compliance_policy(config: &Config) -> CompliancePolicy {
    let (from, to) = config.compliance.calling_hours;
    // The configuration has no others: without hours nobody would be called.
    let hours = CallingHours::new(from, to).unwrap_or(CallingHours::NONE);
    CompliancePolicy { hours, require_consent: config.compliance.require_consent }
}

/// A number, and what is on record about it at this moment.
pub async fn callee(store: &CallStore, number: PhoneNumber, time_zone: Option<Tz>, at: DateTime<Utc>) -> Callee {
    let standing = store.standing(&number).await;
    if let Err(error) = &standing {
        tracing::error!(%error, "what is on record about a number cannot be read");
    }
    Callee { number, time_zone, standing: standing.ok(), at }
}

impl Engine {
    pub(super) async fn callee(&self, number: PhoneNumber, time_zone: Option<Tz>) -> Callee {
        callee(self.store(), number, time_zone, clock::utc()).await
    }

    /// Puts a number on the list of those who want no calls. False if it stands there.
    pub async fn opt_out(&self, number: PhoneNumber, note: Option<String>, by: Option<String>) -> Result<bool, EngineError> {
        let (source, at, note) = (OptOutSource::Api, clock::utc(), note.map(Redacted));
        Ok(self.store().opt_out(OptOut { number, call: None, source, at, note, by }).await?)
    }

    /// Puts many on the list; how many did not stand there.
    pub async fn import_opt_outs(&self, numbers: Vec<PhoneNumber>) -> Result<u64, EngineError> {
        let at = clock::utc();
        let mut added = 0;
        for batch in numbers.chunks(BATCH) {
            let opt_out = |number: &PhoneNumber| OptOut {
                number: number.clone(),
                call: None,
                source: OptOutSource::Import,
                at,
                note: None,
                by: None,
            };
            added += self.store().opt_out_all(batch.iter().map(opt_out).collect()).await?;
        }
        Ok(added)
    }

    /// Takes a number off the list, which stays on record. False if it did not stand there.
    pub async fn take_off_list(&self, number: PhoneNumber, reason: Option<String>, by: Option<String>) -> Result<bool, EngineError> {
        let removal = Removal { number, at: clock::utc(), by, reason: reason.map(Redacted) };
        Ok(self.store().take_off_list(removal).await?)
    }

    pub async fn give_consent(&self, given: GivenConsent) -> Result<Uuid, EngineError> {
        let (id, now) = (Uuid::now_v7(), clock::utc());
        self.store().give_consent(given.recorded(id, now)).await?;
        Ok(id)
    }

    /// None if there is no such consent.
    pub async fn revoke_consent(&self, id: Uuid, by: Option<&str>) -> Result<Option<StoredConsent>, EngineError> {
        Ok(self.store().revoke_consent(id, clock::utc(), by).await?)
    }
}

impl GivenConsent {
    #[must_use]
    pub fn recorded(self, id: Uuid, now: DateTime<Utc>) -> NewConsent {
        let Self { number, basis, text_version, source, at } = self;
        NewConsent { id, number, basis, text_version, source, given_at: at.unwrap_or(now), recorded_at: now }
    }
}
