//! Calls that wait to be placed: how fast, how often, how long; and what if nobody knows whether one was.

use std::time::{Duration, Instant};

use super::Refusal;
use crate::types::CallId;

/// A call that was not placed so long after it was due is not placed any more: nobody expects it then.
const PATIENCE: Duration = Duration::from_secs(3_600);
/// Lines may be free again after this time.
const PAUSE: Duration = Duration::from_secs(5);
/// How often Twilio is asked for one call that it has certainly not taken.
const ATTEMPTS: u32 = 5;
/// Twilio lists a call so long after it was asked for it, at the latest.
const LISTED_AFTER: Duration = Duration::from_secs(10);
/// A call that is not found after this time was never placed.
const LOST_AFTER: Duration = Duration::from_secs(60);

/// One call per interval, never two at once. The generic cell rate algorithm (ITU-T I.371) without a burst.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    interval: Duration,
    next: Option<Instant>,
}

impl Pace {
    #[must_use]
    pub fn per_second(calls: u32) -> Self {
        Self { interval: Duration::from_secs(1) / calls.max(1), next: None }
    }

    #[must_use]
    pub const fn interval(&self) -> Duration {
        self.interval
    }

    /// Takes the next free moment; how far it is.
    pub fn take(&mut self, now: Instant) -> Duration {
        let moment = self.next.map_or(now, |next| next.max(now));
        self.next = Some(moment + self.interval);
        moment - now
    }
}

/// What becomes of a call that cannot be placed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Postponed {
    Until(Duration),
    Never,
}

/// The call is `late` already.
#[must_use]
pub fn after_refusal(refusal: &Refusal, late: Duration) -> Postponed {
    let passes = match refusal {
        Refusal::AtCapacity | Refusal::Overloaded(_) | Refusal::Draining | Refusal::Unavailable | Refusal::ModelUnavailable => true,
        Refusal::NotAuthorized
        | Refusal::CallerNotAdmitted
        | Refusal::PremiumOrForeign
        | Refusal::DoNotCall
        | Refusal::NoConsent
        | Refusal::QuietHours { .. }
        | Refusal::CoolingDown { .. }
        | Refusal::OverBudget { .. }
        | Refusal::NotConfigured { .. } => false,
    };
    if passes && late < PATIENCE { Postponed::Until(PAUSE) } else { Postponed::Never }
}

/// The pause before Twilio is asked again after `attempts`: twice the last one, and some more, so that calls do not come in step.
#[must_use]
pub fn pause_before_retry(call: CallId, attempts: u32) -> Option<Duration> {
    if attempts >= ATTEMPTS {
        return None;
    }
    let base = Duration::from_secs(1) * 2_u32.pow(attempts.saturating_sub(1));
    // The end of a version 7 UUID is random. RFC 9562 section 5.7
    let spread = u32::from((call.as_uuid().as_u128() & 0xff) as u8);
    Some(base + base * spread / 512)
}

/// What to do about a call of which nobody knows whether Twilio has placed it, so long after Twilio was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Look for it in so long.
    Look(Duration),
    /// It was never placed. Should it have been, whoever answers is hung up on.
    GiveUp,
}

#[must_use]
pub fn in_doubt(since: Duration) -> Doubt {
    if since >= LOST_AFTER { Doubt::GiveUp } else { Doubt::Look(LISTED_AFTER.saturating_sub(since).max(PAUSE)) }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn calls_leave_one_by_one_however_many_come_at_once() {
        let (start, mut pace) = (Instant::now(), Pace::per_second(2));

        let waits: Vec<_> = (0..4).map(|_| pace.take(start)).collect();

        assert_eq!(waits, [Duration::ZERO, S / 2, S, S * 3 / 2]);
        assert_eq!(pace.take(start + S * 10), Duration::ZERO, "what was not used is not saved up");
        assert_eq!(pace.take(start + S * 10), S / 2);
    }

    #[test]
    fn what_passes_is_waited_for_and_what_does_not_is_not() {
        assert_eq!(after_refusal(&Refusal::AtCapacity, S), Postponed::Until(PAUSE));
        assert_eq!(after_refusal(&Refusal::AtCapacity, PATIENCE), Postponed::Never);
        assert_eq!(after_refusal(&Refusal::DoNotCall, S), Postponed::Never);
    }

    #[test]
    fn pauses_grow_and_end() {
        let pauses = |call: u128| (1..8).map_while(move |attempts| pause_before_retry(CallId::new(Uuid::from_u128(call)), attempts));

        assert_eq!(pauses(0).collect::<Vec<_>>(), [S, S * 2, S * 4, S * 8]);
        assert!(pauses(0xff).zip(pauses(0)).all(|(late, early)| late > early && late < early * 3 / 2));
    }

    #[test]
    fn a_call_in_doubt_is_looked_for_and_given_up_after_a_minute() {
        assert_eq!(in_doubt(Duration::ZERO), Doubt::Look(S * 10));
        assert_eq!(in_doubt(S * 8), Doubt::Look(PAUSE));
        assert_eq!(in_doubt(S * 59), Doubt::Look(PAUSE));
        assert_eq!(in_doubt(S * 60), Doubt::GiveUp);
    }
}
