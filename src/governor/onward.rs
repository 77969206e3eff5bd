//! What comes next for a call that this instance does not carry, by what is on record of it. Whichever instance is asked says the same.

use std::time::Duration;

use crate::types::{Continuation, Epoch, HangupCause, PhoneNumber};

/// How often a call may be resumed that nobody wanted interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResumePolicy {
    /// Unplanned resumes within the window; then the caller is apologised to.
    pub most: usize,
    pub window: Duration,
    /// From one unplanned resume to the next.
    pub apart: Duration,
}

/// A call, as the record has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastKnown {
    pub has_ended: bool,
    /// Another phone is rung for it, or has it.
    pub is_away: bool,
    /// The newest stream that joined it; none so far.
    pub claimed: Option<Epoch>,
    /// How that stream ended, if its last word came through.
    pub left: Option<Left>,
    /// Unplanned resumes within the window, and how long ago the last one was.
    pub unplanned: usize,
    pub since: Option<Duration>,
}

/// The last word of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    pub cause: HangupCause,
    /// Who is to be rung.
    pub transfer: Option<PhoneNumber>,
}

/// What Twilio is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Onward {
    /// A stream of this epoch goes on with the call.
    Connect {
        epoch: Epoch,
        planned: bool,
    },
    Dial {
        epoch: Epoch,
        to: PhoneNumber,
    },
    /// To ask again in a moment, for this epoch.
    Wait {
        epoch: Epoch,
    },
    /// The caller is apologised to; the call is over, for this cause.
    Lifeboat(HangupCause),
    Hangup,
}

impl LastKnown {
    /// `asked` is the epoch of the stream that would be next.
    #[must_use]
    pub fn onward(&self, policy: &ResumePolicy, asked: Epoch) -> Onward {
        if self.has_ended {
            return Onward::Hangup;
        }
        let Some(claimed) = self.claimed else { return Onward::Connect { epoch: asked, planned: asked == Epoch::FIRST } };
        if asked <= claimed {
            // An old question, asked again. Should Twilio act on the answer, its next question moves the call on.
            return Onward::Wait { epoch: claimed.next() };
        }
        match &self.left {
            Some(left) => self.after(left, policy, asked, claimed),
            None if self.is_away => Onward::Hangup,
            None => self.resume(policy, asked, HangupCause::StreamLost, false),
        }
    }

    fn after(&self, left: &Left, policy: &ResumePolicy, asked: Epoch, claimed: Epoch) -> Onward {
        match (left.cause.continuation(), &left.transfer) {
            (Continuation::End, _) => Onward::Hangup,
            (Continuation::Lifeboat, _) => Onward::Lifeboat(left.cause),
            (Continuation::Transfer, Some(to)) if asked == claimed.next() => Onward::Dial { epoch: asked, to: to.clone() },
            (Continuation::Transfer, _) if self.is_away => Onward::Hangup,
            // Nobody there took it, and the stream that was promised then never came.
            (Continuation::Transfer, _) => self.resume(policy, asked, HangupCause::StreamLost, false),
            // Of a planned resume whose stream never came, the next one is not planned.
            (Continuation::Resume, _) => self.resume(policy, asked, left.cause, left.cause.is_planned() && asked == claimed.next()),
        }
    }

    fn resume(&self, policy: &ResumePolicy, asked: Epoch, cause: HangupCause, planned: bool) -> Onward {
        if planned {
            return Onward::Connect { epoch: asked, planned };
        }
        if self.unplanned >= policy.most {
            return Onward::Lifeboat(cause);
        }
        match self.since {
            Some(since) if since < policy.apart => Onward::Wait { epoch: asked },
            Some(_) | None => Onward::Connect { epoch: asked, planned },
        }
    }
}

#[cfg(test)]
#[path = "tests/onward.rs"]
mod tests;
