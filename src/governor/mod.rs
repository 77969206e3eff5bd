//! Admission: may this call be, and what must be claimed for it. Pure: facts in, grant or refusal out.

mod authorization;
mod breaker;
mod budget;
mod capacity;
pub mod compliance;
pub mod delivery;
pub mod dialing;
mod hours;
mod onward;
mod overload;
pub mod places;
mod roster;
mod strikes;
pub mod velocity;

use std::time::Duration;

use chrono::{DateTime, Utc};

pub use authorization::{Authorization, Callers};
pub use breaker::{Attempt, Breakers, ModelKey, PAUSE as MODEL_PAUSE};
pub use budget::{DayBudgets, Spent, SpentByKey, day_of};
pub use capacity::{Capacity, SlotKind};
pub use compliance::{Callee, CompliancePolicy, Standing};
pub use hours::CallingHours;
pub use onward::{LastKnown, Left, Onward, ResumePolicy};
pub use overload::{Overload, Scales, Strain};
pub use roster::{Adopted, After, AfterDial, Claim, DialOutcome, NextStep, Roster, RosterPolicy, Stray};
pub use strikes::Strikes;

use crate::types::{Code, PhoneNumber};

/// What an operator allows.
#[derive(Clone, Debug)]
pub struct AdmissionPolicy {
    pub authorization: Authorization,
    pub callers: Callers,
    pub compliance: CompliancePolicy,
    pub calls: Capacity,
    /// Model connections beside those that calls have.
    pub spare: Capacity,
    pub cooldown: Duration,
    pub budgets: DayBudgets,
    /// Keys, numbers and addresses without which no call can be made.
    pub missing: Vec<&'static str>,
}

/// What is the case at this instant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// Of this instance: the slots of all instances are claimed where they are kept.
    pub calls: u32,
    /// Slots cannot be claimed: this is one of so many instances, and goes by its share.
    pub cut_off: Option<u32>,
    pub draining: bool,
    /// Neither the database nor the spool takes what calls leave behind.
    pub record_full: bool,
    /// There is more to do than can be done well.
    pub overload: Option<Overload>,
    /// No model that could speak can be had: its breaker is open.
    pub model_away: bool,
    pub spent: Spent,
}

/// What somebody wants.
#[derive(Clone, Copy, Debug)]
pub enum Request<'a> {
    /// A caller is on the line.
    Inbound { from: Option<&'a PhoneNumber> },
    /// A page of ours calls, for somebody who may.
    Browser,
    /// A number is to be called.
    Outbound { to: &'a Callee },
}

/// What must be claimed before the call may be: a slot always, and for an outbound call its cooldown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    pub cooldown: Option<Duration>,
}

/// Why not. A value, never an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    NotAuthorized,
    /// Their calls are not taken.
    CallerNotAdmitted,
    PremiumOrForeign,
    /// Its owner wants no calls.
    DoNotCall,
    NoConsent,
    /// It is too early or too late there, until then; none if no time that is near would do.
    QuietHours {
        until: Option<DateTime<Utc>>,
        retry_after: Option<Duration>,
    },
    CoolingDown {
        retry_after: Duration,
    },
    /// What calls may cost in a day, they have.
    OverBudget {
        retry_after: Duration,
    },
    AtCapacity,
    Overloaded(Overload),
    Draining,
    NotConfigured {
        missing: Vec<&'static str>,
    },
    /// What must be checked cannot be.
    Unavailable,
    ModelUnavailable,
}

impl Refusal {
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::NotAuthorized => Code::NotAuthorized,
            Self::CallerNotAdmitted => Code::CallerNotAdmitted,
            Self::PremiumOrForeign => Code::PremiumOrForeign,
            Self::DoNotCall => Code::DoNotCall,
            Self::NoConsent => Code::NoConsent,
            Self::QuietHours { .. } => Code::QuietHours,
            Self::CoolingDown { .. } => Code::CoolingDown,
            Self::OverBudget { .. } => Code::OverBudget,
            Self::AtCapacity => Code::AtCapacity,
            Self::Overloaded(_) => Code::Overloaded,
            Self::Draining => Code::Draining,
            Self::NotConfigured { .. } => Code::NotConfigured,
            Self::Unavailable => Code::DatabaseUnavailable,
            Self::ModelUnavailable => Code::ModelUnavailable,
        }
    }

    /// When asking again may help.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::CoolingDown { retry_after } | Self::OverBudget { retry_after } => Some(*retry_after),
            Self::QuietHours { retry_after, .. } => *retry_after,
            Self::AtCapacity | Self::Overloaded(_) | Self::Draining | Self::Unavailable => Some(Duration::from_secs(10)),
            Self::ModelUnavailable => Some(breaker::PAUSE),
            Self::NotAuthorized
            | Self::CallerNotAdmitted
            | Self::PremiumOrForeign
            | Self::DoNotCall
            | Self::NoConsent
            | Self::NotConfigured { .. } => None,
        }
    }
}

/// Decides. What never changes for a request is told before what may pass.
pub fn admit(policy: &AdmissionPolicy, facts: &Facts, request: &Request<'_>) -> Result<Grant, Refusal> {
    let cooldown = match request {
        Request::Inbound { from } if !policy.callers.include(*from) => return Err(Refusal::CallerNotAdmitted),
        Request::Inbound { .. } | Request::Browser => None,
        Request::Outbound { to } => {
            configured(policy)?;
            policy.authorization.check(&to.number)?;
            compliance::check(&policy.compliance, to, policy.authorization.is_verified(&to.number))?;
            Some(policy.cooldown)
        }
    };
    if facts.draining {
        return Err(Refusal::Draining);
    }
    if let Some(overload) = facts.overload {
        return Err(Refusal::Overloaded(overload));
    }
    if facts.record_full {
        return Err(Refusal::Unavailable);
    }
    if cooldown.is_some() && facts.cut_off.is_some() {
        return Err(Refusal::Unavailable);
    }
    policy.budgets.check(&facts.spent, request)?;
    let capacity = facts.cut_off.map_or(policy.calls, |instances| policy.calls.share(instances));
    if !capacity.has_room(facts.calls) {
        return Err(Refusal::AtCapacity);
    }
    if facts.model_away {
        return Err(Refusal::ModelUnavailable);
    }
    Ok(Grant { cooldown: cooldown.filter(|time| !time.is_zero()) })
}

fn configured(policy: &AdmissionPolicy) -> Result<(), Refusal> {
    if policy.missing.is_empty() { Ok(()) } else { Err(Refusal::NotConfigured { missing: policy.missing.clone() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> AdmissionPolicy {
        let verified = ["+1234567890".parse().expect("E.164")];
        AdmissionPolicy {
            authorization: Authorization::new(verified, false),
            callers: Callers::default(),
            compliance: CompliancePolicy { hours: CallingHours::new(8 * 60, 21 * 60).expect("hours"), require_consent: false },
            calls: Capacity::new(2),
            spare: Capacity::new(1),
            cooldown: Duration::from_secs(300),
            budgets: DayBudgets::default(),
            missing: Vec::new(),
        }
    }

    fn outbound(policy: &AdmissionPolicy, facts: Facts, to: &str) -> Result<Grant, Refusal> {
        let number = to.parse().expect("E.164");
        let to = Callee { number, time_zone: None, standing: Some(Standing::default()), at: DateTime::UNIX_EPOCH };
        admit(policy, &facts, &Request::Outbound { to: &to })
    }

    #[test]
    fn a_verified_number_may_be_called_once_its_cooldown_is_claimed() {
        let grant = outbound(&policy(), Facts::default(), "+1234567890");

        assert_eq!(grant, Ok(Grant { cooldown: Some(Duration::from_secs(300)) }));
    }

    #[test]
    fn any_other_number_may_not() {
        assert_eq!(outbound(&policy(), Facts::default(), "+14155552671"), Err(Refusal::NotAuthorized));
    }

    #[test]
    fn a_browser_calls_whoever_else_may() {
        let policy = AdmissionPolicy { callers: Callers::Only(Default::default()), ..policy() };

        assert_eq!(admit(&policy, &Facts::default(), &Request::Inbound { from: None }), Err(Refusal::CallerNotAdmitted));
        assert_eq!(admit(&policy, &Facts::default(), &Request::Browser), Ok(Grant { cooldown: None }));
    }

    #[test]
    fn a_caller_needs_no_cooldown_and_no_permission() {
        assert_eq!(admit(&policy(), &Facts::default(), &Request::Inbound { from: None }), Ok(Grant { cooldown: None }));
    }

    #[test]
    fn beyond_the_limit_lines_are_busy() {
        let full = Facts { calls: 2, ..Facts::default() };

        assert_eq!(admit(&policy(), &full, &Request::Inbound { from: None }), Err(Refusal::AtCapacity));
    }

    #[test]
    fn an_instance_that_cannot_ask_the_others_takes_callers_on_within_its_share_and_calls_nobody() {
        let alone = |calls| Facts { calls, cut_off: Some(2), ..Facts::default() };

        assert!(admit(&policy(), &alone(0), &Request::Inbound { from: None }).is_ok());
        assert_eq!(admit(&policy(), &alone(1), &Request::Inbound { from: None }), Err(Refusal::AtCapacity));
        assert_eq!(outbound(&policy(), alone(0), "+1234567890"), Err(Refusal::Unavailable));
    }

    #[test]
    fn nobody_is_let_in_while_we_leave() {
        let leaving = Facts { draining: true, ..Facts::default() };

        assert_eq!(admit(&policy(), &leaving, &Request::Inbound { from: None }), Err(Refusal::Draining));
    }

    #[test]
    fn nobody_is_let_in_while_there_is_too_much_to_do() {
        for overload in Overload::ALL {
            let strained = Facts { overload: Some(overload), ..Facts::default() };

            assert_eq!(admit(&policy(), &strained, &Request::Inbound { from: None }), Err(Refusal::Overloaded(overload)));
        }
    }

    #[test]
    fn nobody_waits_for_a_model_that_is_away() {
        let alone = Facts { model_away: true, ..Facts::default() };

        assert_eq!(admit(&policy(), &alone, &Request::Inbound { from: None }), Err(Refusal::ModelUnavailable));
        assert_eq!(outbound(&policy(), alone, "+1234567890"), Err(Refusal::ModelUnavailable));
    }

    #[test]
    fn a_day_without_money_is_told_before_a_line_that_may_be_free_soon() {
        let policy = AdmissionPolicy { budgets: DayBudgets { all: Some(1), key: None }, ..policy() };
        let spent = Spent { all: 1, is_current: true, left: Duration::from_secs(9), ..Spent::default() };
        let facts = Facts { calls: 2, spent, ..Facts::default() };

        let over = Err(Refusal::OverBudget { retry_after: Duration::from_secs(9) });
        assert_eq!(admit(&policy, &facts, &Request::Inbound { from: None }), over);
        assert_eq!(outbound(&policy, facts, "+1234567890"), over);
    }

    #[test]
    fn without_keys_no_call_is_placed_and_the_missing_ones_are_named() {
        let policy = AdmissionPolicy { missing: vec!["DOMAIN"], ..policy() };

        let refusal = outbound(&policy, Facts::default(), "+1234567890");

        assert_eq!(refusal, Err(Refusal::NotConfigured { missing: vec!["DOMAIN"] }));
    }

    #[test]
    fn a_cooldown_of_zero_is_none() {
        let policy = AdmissionPolicy { cooldown: Duration::ZERO, ..policy() };

        assert_eq!(outbound(&policy, Facts::default(), "+1234567890"), Ok(Grant { cooldown: None }));
    }
}
