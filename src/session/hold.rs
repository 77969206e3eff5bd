//! The caller waits: nothing goes to the model, a tone tells that the line lives.

use std::time::Instant;

use super::CallSession;

impl CallSession {
    pub(super) const fn begin_hold(&mut self, now: Instant) {
        self.hold = Some(now);
    }
}
