//! The life of calls across their streams: expected, live, waiting for another stream, over.
//!
//! A call is here from the webhook or the dial on until it ended, and its slot with it. Which
//! stream may join, what Twilio is told when a stream is over, and when a call ended, is decided
//! here; `H` is what is held for as long as the call is: its slot, and what its streams need.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::onward::ResumePolicy;
use crate::types::{CallId, CallSid, Continuation, Epoch, HangupCause, PhoneNumber};

/// Deadlines and limits of a call's life.
#[derive(Clone, Copy, Debug)]
pub struct RosterPolicy {
    /// A stream that was promised must come within this time.
    pub claim: Duration,
    /// A call must be placed within this time.
    pub place: Duration,
    /// A placed call must be answered within this time.
    pub answer: Duration,
    /// A call that lost its stream must ask for another within this time.
    pub resume: Duration,
    /// Twilio is asked about a call that lost its stream if it has not asked itself by then.
    pub asked: Duration,
    /// A call that another phone has taken is over after this time.
    pub transfer: Duration,
    pub resumes: ResumePolicy,
}

#[derive(Debug)]
pub struct Roster<H> {
    policy: RosterPolicy,
    calls: HashMap<CallId, Entry<H>>,
}

#[derive(Debug)]
struct Entry<H> {
    held: H,
    sid: Option<CallSid>,
    state: State,
    /// The newest epoch that was promised to a stream.
    epoch: Epoch,
    resumes: Vec<Instant>,
    /// Who is rung when Twilio asks what comes next.
    transfer: Option<PhoneNumber>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A stream of `epoch` may come until the deadline.
    Expected {
        until: Instant,
    },
    /// A stream of `epoch` has claimed the call.
    Claimed {
        until: Instant,
    },
    Live,
    /// The stream ended for this cause; Twilio will ask what comes next.
    Between {
        cause: HangupCause,
        since: Instant,
        until: Instant,
        /// It did not, and was asked itself.
        sought: bool,
    },
    /// Another phone is rung for the call, or has taken it.
    Transferred {
        until: Instant,
    },
}

/// What comes of a stream that shows its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It may join; `retire` says that a stream of ours still believes it is alive.
    Taken { sid: Option<CallSid>, retire: bool },
    /// The token was used, or a newer one was.
    Refused,
    /// The call is not here.
    Unknown,
}

/// What became of a call when a stream of it ended.
#[derive(Debug, PartialEq, Eq)]
pub enum After<H> {
    Ended(H),
    /// Another stream may follow.
    Waits,
    /// It was not the stream that counts.
    Stale,
}

/// What Twilio is told when it asks what comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum NextStep<H> {
    /// A new stream of this epoch; `retire` says that a stream of ours still believes it is alive.
    Connect {
        epoch: Epoch,
        retire: bool,
    },
    /// Ring this number; the next stream, if nobody there answers, is the one of `epoch`.
    Dial {
        epoch: Epoch,
        to: PhoneNumber,
    },
    Lifeboat {
        ended: HangupCause,
        held: H,
    },
    /// Ask again in a moment, for this epoch.
    Wait {
        epoch: Epoch,
    },
    Hangup,
}

/// What becomes of a call when a ringing of another phone is over.
#[derive(Debug, PartialEq, Eq)]
pub enum AfterDial<H> {
    /// The call is over, for this cause.
    Ended(HangupCause, H),
    /// Nobody took it: a stream of ours goes on with the caller.
    Failed { epoch: Epoch },
    /// It was told before: what Twilio is told again.
    Known(NextStep<H>),
}

/// A call that nobody carries, though the phone may be off the hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    pub call: CallId,
    pub sid: CallSid,
    /// Of the stream that was lost.
    pub epoch: Epoch,
}

/// A call that was somebody else's.
#[derive(Debug)]
pub struct Adopted<H> {
    pub sid: CallSid,
    pub epoch: Epoch,
    pub held: H,
    /// Its unplanned resumes of late.
    pub unplanned: usize,
}

/// How the ringing of another phone went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialOutcome {
    /// The two spoke, and are done.
    Spoke,
    /// Nobody answered; the caller is still there.
    NotReached,
    /// The caller did not wait for it.
    CallerGone,
}

impl<H> Roster<H> {
    #[must_use]
    pub fn new(policy: RosterPolicy) -> Self {
        Self { policy, calls: HashMap::new() }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Calls with a stream.
    #[must_use]
    pub fn live(&self) -> usize {
        self.calls.values().filter(|entry| entry.state == State::Live).count()
    }

    /// What is held for the call.
    #[must_use]
    pub fn held(&self, call: CallId) -> Option<&H> {
        self.calls.get(&call).map(|entry| &entry.held)
    }

    pub fn held_mut(&mut self, call: CallId) -> Option<&mut H> {
        self.calls.get_mut(&call).map(|entry| &mut entry.held)
    }

    /// A caller is on the line, and is told to bring a stream.
    pub fn expect(&mut self, now: Instant, call: CallId, sid: CallSid, held: H) -> Epoch {
        self.insert(call, Some(sid), held, now + self.policy.claim)
    }

    /// A number is being called.
    pub fn dial(&mut self, now: Instant, call: CallId, held: H) -> Epoch {
        self.insert(call, None, held, now + self.policy.place)
    }

    /// A stream of `epoch` takes the call over, from another instance or from an earlier life of this one.
    pub fn adopt(&mut self, now: Instant, call: CallId, adopted: Adopted<H>) {
        let Adopted { sid, epoch, held, unplanned } = adopted;
        let state = State::Claimed { until: now + self.policy.claim };
        let entry = Entry { held, sid: Some(sid), state, epoch, resumes: vec![now; unplanned], transfer: None };
        self.calls.insert(call, entry);
    }

    /// A stream of `epoch` has joined the call on another instance: what was held for it here, if it was still ours.
    pub fn taken_over(&mut self, call: CallId, epoch: Epoch) -> Option<H> {
        let entry = self.calls.get(&call)?;
        let has_joined = matches!(entry.state, State::Claimed { .. } | State::Live);
        let is_theirs = entry.epoch < epoch || (entry.epoch == epoch && !has_joined);
        if is_theirs { self.calls.remove(&call).map(|entry| entry.held) } else { None }
    }

    fn insert(&mut self, call: CallId, sid: Option<CallSid>, held: H, until: Instant) -> Epoch {
        let entry = Entry { held, sid, state: State::Expected { until }, epoch: Epoch::FIRST, resumes: Vec::new(), transfer: None };
        self.calls.insert(call, entry);
        Epoch::FIRST
    }

    /// Twilio told the call's sid: it is placed. False if the call is not here, or has another one.
    pub fn identify(&mut self, now: Instant, call: CallId, sid: &CallSid) -> bool {
        let until = now + self.policy.answer;
        let Some(entry) = self.calls.get_mut(&call) else { return false };
        if entry.sid.is_none() && matches!(entry.state, State::Expected { .. }) {
            entry.state = State::Expected { until };
        }
        *entry.sid.get_or_insert_with(|| sid.clone()) == *sid
    }

    /// A call that was never placed is somebody else's, or nobody's.
    pub fn forget(&mut self, call: CallId) -> Option<H> {
        let is_placed = self.calls.get(&call)?.sid.is_some();
        if is_placed { None } else { self.calls.remove(&call).map(|entry| entry.held) }
    }

    /// A stream shows its token; each works once, and the newest retires the others.
    pub fn claim(&mut self, now: Instant, call: CallId, epoch: Epoch) -> Claim {
        let until = now + self.policy.claim;
        let Some(entry) = self.calls.get_mut(&call) else { return Claim::Unknown };
        let is_expected = matches!(entry.state, State::Expected { .. }) && entry.epoch == epoch;
        if !is_expected && epoch <= entry.epoch {
            return Claim::Refused;
        }
        let retire = matches!(entry.state, State::Live | State::Claimed { .. });
        (entry.epoch, entry.state, entry.transfer) = (epoch, State::Claimed { until }, None);
        Claim::Taken { sid: entry.sid.clone(), retire }
    }

    /// The stream that claimed the call has started: the call's sid, if it may.
    pub fn begin(&mut self, call: CallId, epoch: Epoch) -> Option<CallSid> {
        let entry = self.calls.get_mut(&call).filter(|entry| entry.epoch == epoch)?;
        if !matches!(entry.state, State::Claimed { .. }) {
            return None;
        }
        entry.state = State::Live;
        entry.sid.clone()
    }

    #[must_use]
    pub fn is_live(&self, call: CallId, epoch: Epoch) -> bool {
        self.calls.get(&call).is_some_and(|entry| entry.state == State::Live && entry.epoch == epoch)
    }

    /// The call of that sid, if it is here.
    #[must_use]
    pub fn find(&self, sid: &CallSid) -> Option<CallId> {
        self.calls.iter().find(|(_, entry)| entry.sid.as_ref() == Some(sid)).map(|(call, _)| *call)
    }

    #[must_use]
    pub fn sid(&self, call: CallId) -> Option<CallSid> {
        self.calls.get(&call).and_then(|entry| entry.sid.clone())
    }

    /// A stream of the call ended, or never began.
    pub fn exited(&mut self, now: Instant, call: CallId, epoch: Epoch, cause: HangupCause, transfer: Option<PhoneNumber>) -> After<H> {
        let Some(entry) = self.calls.get_mut(&call).filter(|entry| entry.epoch == epoch) else { return After::Stale };
        if matches!(entry.state, State::Expected { .. } | State::Between { .. } | State::Transferred { .. }) {
            return After::Stale;
        }
        match cause.continuation() {
            Continuation::End => self.calls.remove(&call).map_or(After::Stale, |entry| After::Ended(entry.held)),
            Continuation::Resume | Continuation::Transfer | Continuation::Lifeboat => {
                entry.state = State::Between { cause, since: now, until: now + self.policy.resume, sought: false };
                entry.transfer = transfer;
                After::Waits
            }
        }
    }

    /// Twilio asks what comes after the stream before `epoch`.
    pub fn resume(&mut self, now: Instant, call: CallId, epoch: Epoch) -> NextStep<H> {
        let Some(entry) = self.calls.get(&call) else { return NextStep::Hangup };
        if epoch < entry.epoch {
            return NextStep::Wait { epoch: entry.epoch.next() };
        }
        match entry.state {
            State::Between { cause: HangupCause::Transferred, .. } | State::Transferred { .. } if entry.transfer.is_some() => {
                self.dial_on(now, call)
            }
            State::Transferred { .. } => NextStep::Hangup,
            State::Expected { .. } if epoch <= entry.epoch.next() => NextStep::Connect { epoch: entry.epoch, retire: false },
            State::Expected { .. } => self.reconnect(now, call, HangupCause::StreamLost, epoch, false),
            State::Between { cause, .. } if cause.continuation() == Continuation::Lifeboat => self.lifeboat(call, cause),
            State::Between { cause, .. } => self.reconnect(now, call, cause, epoch, false),
            State::Claimed { .. } | State::Live if epoch == entry.epoch => NextStep::Wait { epoch: epoch.next() },
            State::Claimed { .. } | State::Live => self.reconnect(now, call, HangupCause::StreamLost, epoch, true),
        }
    }

    /// However often Twilio asks, while nobody has heard how it went.
    fn dial_on(&mut self, now: Instant, call: CallId) -> NextStep<H> {
        let until = now + self.policy.transfer;
        let Some(entry) = self.calls.get_mut(&call) else { return NextStep::Hangup };
        entry.state = State::Transferred { until };
        entry.transfer.clone().map_or(NextStep::Hangup, |to| NextStep::Dial { epoch: entry.epoch.next(), to })
    }

    /// The ringing of another phone is over; the stream of `epoch` would be the next. It does not count as a resume.
    pub fn dialled(&mut self, now: Instant, call: CallId, epoch: Epoch, outcome: DialOutcome) -> AfterDial<H> {
        let until = now + self.policy.claim;
        let Some(entry) = self.calls.get_mut(&call) else { return AfterDial::Known(NextStep::Hangup) };
        if !matches!(entry.state, State::Transferred { .. }) || epoch != entry.epoch.next() {
            let is_known = epoch == entry.epoch;
            return AfterDial::Known(if is_known { self.resume(now, call, epoch) } else { NextStep::Hangup });
        }
        let cause = match outcome {
            DialOutcome::NotReached => {
                entry.epoch = epoch;
                entry.state = State::Expected { until };
                entry.transfer = None;
                return AfterDial::Failed { epoch };
            }
            DialOutcome::Spoke => HangupCause::Transferred,
            DialOutcome::CallerGone => HangupCause::CallerHungUp,
        };
        self.calls.remove(&call).map_or(AfterDial::Known(NextStep::Hangup), |entry| AfterDial::Ended(cause, entry.held))
    }

    fn reconnect(&mut self, now: Instant, call: CallId, cause: HangupCause, asked: Epoch, retire: bool) -> NextStep<H> {
        let RosterPolicy { claim, resumes, .. } = self.policy;
        let Some(entry) = self.calls.get_mut(&call) else { return NextStep::Hangup };
        entry.resumes.retain(|at| now.saturating_duration_since(*at) < resumes.window);
        if entry.resumes.len() >= resumes.most {
            return self.lifeboat(call, cause);
        }
        if !cause.is_planned() {
            if entry.resumes.last().is_some_and(|at| now.saturating_duration_since(*at) < resumes.apart) {
                return NextStep::Wait { epoch: asked };
            }
            entry.resumes.push(now);
        }
        entry.epoch = entry.epoch.next().max(asked);
        entry.state = State::Expected { until: now + claim };
        NextStep::Connect { epoch: entry.epoch, retire }
    }

    fn lifeboat(&mut self, call: CallId, cause: HangupCause) -> NextStep<H> {
        self.calls.remove(&call).map_or(NextStep::Hangup, |entry| NextStep::Lifeboat { ended: cause, held: entry.held })
    }

    /// The phone call itself is over, says Twilio: why, and what was held, if no stream is left to say so too.
    pub fn hung_up(&mut self, call: CallId, cause: HangupCause) -> Option<(HangupCause, H)> {
        let state = self.calls.get(&call)?.state;
        let cause = match state {
            State::Live | State::Claimed { .. } => return None,
            State::Transferred { .. } if cause == HangupCause::CallerHungUp => HangupCause::Transferred,
            State::Transferred { .. } | State::Expected { .. } | State::Between { .. } => cause,
        };
        self.calls.remove(&call).map(|entry| (cause, entry.held))
    }

    /// Calls that lost their stream, and of which Twilio has not asked since; each is told once.
    pub fn strays(&mut self, now: Instant) -> Vec<Stray> {
        let mut strays = Vec::new();
        for (call, entry) in &mut self.calls {
            if let State::Between { since, sought, .. } = &mut entry.state
                && !*sought
                && now.saturating_duration_since(*since) >= self.policy.asked
            {
                *sought = true;
                strays.extend(entry.sid.clone().map(|sid| Stray { call: *call, sid, epoch: entry.epoch }));
            }
        }
        strays
    }

    /// Calls whose deadline has passed, and why they are over.
    pub fn sweep(&mut self, now: Instant) -> Vec<(CallId, HangupCause, H)> {
        let overdue: Vec<_> = self.calls.iter().filter_map(|(id, entry)| entry.overdue(now).map(|cause| (*id, cause))).collect();
        overdue.into_iter().filter_map(|(id, cause)| self.calls.remove(&id).map(|entry| (id, cause, entry.held))).collect()
    }

    /// Lets go of every call that is left: they go on without us.
    pub fn abandon(&mut self) -> Vec<(CallId, H)> {
        self.calls.drain().map(|(call, entry)| (call, entry.held)).collect()
    }
}

impl<H> Entry<H> {
    fn overdue(&self, now: Instant) -> Option<HangupCause> {
        match self.state {
            State::Expected { until } | State::Claimed { until } if until <= now => {
                Some(if self.epoch == Epoch::FIRST { HangupCause::NeverConnected } else { HangupCause::StreamLost })
            }
            // The other phone was never rung.
            State::Between { cause: HangupCause::Transferred, until, .. } if until <= now => Some(HangupCause::StreamLost),
            State::Between { cause, until, .. } if until <= now => Some(cause),
            State::Transferred { until } if until <= now => Some(HangupCause::Transferred),
            State::Expected { .. } | State::Claimed { .. } | State::Between { .. } | State::Transferred { .. } | State::Live => None,
        }
    }
}

#[cfg(test)]
#[path = "tests/roster.rs"]
mod tests;
