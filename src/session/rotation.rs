//! The stream is closed before the platform cuts it: where nobody speaks, so that nobody notices. Another one takes the call on.

use std::time::{Duration, Instant};

use super::CallSession;
use super::timer::Timer;
use crate::types::HangupCause;

/// A pause in the talk is waited for; not for longer than this.
const PAUSE_IN_TALK: Duration = Duration::from_secs(120);

impl CallSession {
    pub(super) fn limit_stream(&mut self, now: Instant) {
        self.timers.set(Timer::Rotate, self.policy.max_stream.map(|most| now + most));
    }

    /// The stream is old: it goes at the next pause, or when it must.
    pub(super) fn stream_is_old(&mut self, now: Instant) {
        if self.rotates {
            return self.wind_up(now, HangupCause::Rotated);
        }
        self.rotates = true;
        self.timers.set(Timer::Rotate, Some(now + PAUSE_IN_TALK));
    }

    pub(super) fn rotate_when_quiet(&mut self, now: Instant) {
        let at_rest = self.nobody_speaks() && !self.model_owes() && self.tools.is_idle() && self.doubt.is_none() && self.closing.is_none();
        if self.rotates && at_rest && !self.transcript.awaits_text() {
            self.wind_up(now, HangupCause::Rotated);
        }
    }
}
