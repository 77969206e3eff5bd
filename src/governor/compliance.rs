//! May we call this number, now: what its owner said, what the operator may show, what time it is there.
//!
//! Rules as an operator would write them down, and no legal advice. Every rule is looked at, so that a decision tells all there is.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::{IANA_TZDB_VERSION, Tz};
use serde::Serialize;

use super::Refusal;
use super::hours::CallingHours;
use super::places::{self, Because, Candidates};
use crate::types::PhoneNumber;

/// What an operator asks of calls that we place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompliancePolicy {
    pub hours: CallingHours,
    /// Nobody is called without a consent on record.
    pub require_consent: bool,
}

/// Somebody who is to be called, and what is known of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callee {
    pub number: PhoneNumber,
    /// Where they are, if whoever asked knows better than their number.
    pub time_zone: Option<Tz>,
    /// None where the lists cannot be read.
    pub standing: Option<Standing>,
    /// The moment that counts for all of it.
    pub at: DateTime<Utc>,
}

/// What is on record about a number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// It wants no calls.
    pub listed: Option<Listed>,
    /// The newest consent, revoked or not.
    pub consent: Option<Consent>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// A word for the way it was said.
    pub source: String,
    pub at: DateTime<Utc>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Consent {
    pub basis: String,
    pub text_version: String,
    pub source: String,
    pub given_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// What one rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    Passed,
    Refused,
    /// The operator vouches for the number: `VERIFIED_PHONE_NUMBERS`.
    Exempt,
    /// The operator does not ask for it.
    NotRequired,
    /// The lists could not be read.
    Unknown,
}

/// All that was looked at for one call, in the order in which it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judgement {
    pub at: DateTime<Utc>,
    pub verified: bool,
    pub do_not_call: Finding,
    pub listed: Option<Listed>,
    pub consent: Finding,
    pub on_consent: Option<Consent>,
    pub quiet_hours: Finding,
    /// As `08:00-21:00`.
    pub calling_hours: String,
    /// When it may be called again, if that is soon; where the hour is wrong.
    pub until: Option<DateTime<Utc>>,
    pub zones: Zones,
}

/// The clocks that counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Zones {
    pub because: Because,
    /// Of the table of area codes and countries, and of the time zone database.
    pub as_of: &'static str,
    pub database: &'static str,
    pub clocks: Vec<Clock>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Clock {
    pub zone: &'static str,
    /// As `2026-11-23 07:59`.
    pub local: String,
}

/// Looks at every rule. A verified number needs no consent and has no quiet hours; whoever wants no calls gets none all the same.
#[must_use]
pub fn judge(policy: &CompliancePolicy, callee: &Callee, verified: bool) -> Judgement {
    let Candidates { because, zones } = match callee.time_zone {
        Some(zone) => Candidates { because: Because::Request, zones: vec![zone] },
        None => Candidates::of(&callee.number),
    };
    let standing = callee.standing.as_ref();
    let quiet_hours = quiet_hours(policy, callee, verified, &zones);
    Judgement {
        at: callee.at,
        verified,
        do_not_call: standing.map_or(Finding::Unknown, |standing| refused_if(standing.listed.is_some())),
        listed: standing.and_then(|standing| standing.listed.clone()),
        consent: consent(policy, standing, verified),
        on_consent: standing.and_then(|standing| standing.consent.clone()),
        quiet_hours,
        calling_hours: policy.hours.to_string(),
        until: (quiet_hours == Finding::Refused).then(|| policy.hours.next(&zones, callee.at)).flatten(),
        zones: Zones {
            because,
            as_of: places::as_of(),
            database: IANA_TZDB_VERSION,
            clocks: zones.iter().map(|zone| Clock::of(*zone, callee.at)).collect(),
        },
    }
}

/// The first rule that says no. What its owner wants comes first, what passes with time last.
pub fn check(policy: &CompliancePolicy, callee: &Callee, verified: bool) -> Result<(), Refusal> {
    judge(policy, callee, verified).refusal().map_or(Ok(()), Err)
}

fn consent(policy: &CompliancePolicy, standing: Option<&Standing>, verified: bool) -> Finding {
    if verified {
        return Finding::Exempt;
    }
    if !policy.require_consent {
        return Finding::NotRequired;
    }
    let stands = |standing: &Standing| standing.consent.as_ref().is_some_and(|consent| consent.revoked_at.is_none());
    standing.map_or(Finding::Unknown, |standing| refused_if(!stands(standing)))
}

fn quiet_hours(policy: &CompliancePolicy, callee: &Callee, verified: bool, zones: &[Tz]) -> Finding {
    if verified { Finding::Exempt } else { refused_if(!policy.hours.hold(zones, callee.at)) }
}

const fn refused_if(refused: bool) -> Finding {
    if refused { Finding::Refused } else { Finding::Passed }
}

impl Judgement {
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        if [self.do_not_call, self.consent].contains(&Finding::Unknown) {
            return Some(Refusal::Unavailable);
        }
        let rules = [
            (self.do_not_call, Refusal::DoNotCall),
            (self.consent, Refusal::NoConsent),
            (self.quiet_hours, Refusal::QuietHours { until: self.until, retry_after: self.wait() }),
        ];
        rules.into_iter().find(|(finding, _)| *finding == Finding::Refused).map(|(_, refusal)| refusal)
    }

    fn wait(&self) -> Option<Duration> {
        (self.until? - self.at).to_std().ok()
    }
}

impl Clock {
    fn of(zone: Tz, at: DateTime<Utc>) -> Self {
        Self { zone: zone.name(), local: at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string() }
    }
}

#[cfg(test)]
#[path = "tests/compliance.rs"]
mod tests;
