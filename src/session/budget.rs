//! What a call may cost. When that is spent, the caller is told goodbye: nothing is cut off, for a minute.

use std::time::{Duration, Instant};

use super::CallSession;
use super::event::Note;
use super::timer::Timer;
use crate::types::{HangupCause, billed_minutes};

const SAY_GOODBYE: &str =
    "The call has to end now. Tell the caller so in one short sentence, say goodbye, and nothing else. Do not give a reason.";

/// Who does not let the assistant say goodbye is hung up on all the same.
const LAST_MINUTE: Duration = Duration::from_secs(60);

/// In billionths of a US dollar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// None: the call may cost what it will.
    pub limit: Option<u64>,
    /// What earlier streams of the call came to.
    pub before: u64,
    /// A minute of the phone line.
    pub minute: u64,
}

impl Budget {
    /// `stream`: what this stream of the call came to, `elapsed`: since the call's first one began.
    #[must_use]
    pub fn is_spent(&self, stream: u64, elapsed: Duration) -> bool {
        let line = self.minute.saturating_mul(billed_minutes(elapsed));
        let cost = self.before.saturating_add(stream).saturating_add(line);
        self.limit.is_some_and(|limit| cost >= limit)
    }
}

impl CallSession {
    pub(super) fn budget_spent(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.broke, true) {
            self.event(now, Note::BudgetSpent);
            self.timers.bring_forward(Timer::MaxDuration, now + LAST_MINUTE);
            self.end_hold(now, false);
        }
    }

    /// The last moment of the call is there.
    pub(super) fn time_is_up(&mut self, now: Instant) {
        self.wind_up(now, if self.broke { HangupCause::OverBudget } else { HangupCause::MaxDuration });
    }

    /// As soon as everything was said and heard that is under way.
    pub(super) fn part_for_want_of_money(&mut self, now: Instant) {
        let may_speak = self.broke && self.closing.is_none() && self.hold.is_none() && self.link.is_ready() && !self.entrance.awaits_human;
        if may_speak && self.nobody_speaks() && !self.model_owes() && self.tools.is_idle() {
            self.request(now, Some(SAY_GOODBYE.to_owned()));
            self.close(HangupCause::OverBudget);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn streams_before_this_one_and_begun_minutes_count() {
        let budget = Budget { limit: Some(1_000), before: 300, minute: 100 };

        assert!(!budget.is_spent(599, MINUTE));
        assert!(budget.is_spent(600, MINUTE));
        assert!(budget.is_spent(500, MINUTE + Duration::from_millis(1)), "the second minute has begun");
        assert!(!budget.is_spent(699, Duration::ZERO));
    }

    #[test]
    fn without_a_limit_nothing_is_too_much() {
        assert!(!Budget { limit: None, before: u64::MAX, minute: u64::MAX }.is_spent(u64::MAX, MINUTE));
        assert!(Budget { limit: Some(u64::MAX), before: u64::MAX, minute: 7 }.is_spent(u64::MAX, MINUTE * 9));
    }
}
