//! Looks on at one stream of a call, and knows what must not be.

mod by_hand;
mod lane;
mod leg;
mod record;

pub use by_hand::BY_HAND;
pub use lane::LaneWatch;
pub use leg::LegWatch;
pub use record::RecordWatch;

use alpha_call::session::CallSession;
use alpha_call::session::event::{Input, ModelEvent, Note, Output, Record};
use alpha_call::session::policy::SessionPolicy;
use alpha_call::types::HangupCause;

use super::agenda::Time;
use super::rule::{Held, Rule, broken, holds};

/// So often a session may ask to be woken in one instant.
const WAKINGS: u32 = 25;

pub struct StreamWatch {
    pub leg: LegWatch,
    pub lane: LaneWatch,
    pub record: RecordWatch,
    ring_ms: u64,
    hangup: Option<HangupCause>,
    /// What the input under way is, as far as it matters, and what was ordered because of it.
    flushing: bool,
    flushed_ms: u64,
    woken: (Time, u32),
}

impl StreamWatch {
    pub fn new(policy: &SessionPolicy) -> Self {
        Self {
            leg: LegWatch::new(policy.lead, policy.max_queued_ms),
            lane: LaneWatch::default(),
            record: RecordWatch::default(),
            ring_ms: policy.ring_ms,
            hangup: None,
            flushing: false,
            flushed_ms: 0,
            woken: (Time::ZERO, 0),
        }
    }

    pub fn hangup(&self) -> Option<HangupCause> {
        self.hangup
    }

    /// A fact that the session is about to hear.
    pub fn told(&mut self, now: Time, input: &Input) -> Held {
        (self.flushing, self.flushed_ms) = (matches!(input, Input::Model(ModelEvent::Ready)), 0);
        self.lane.told(input);
        self.record.told(input);
        self.leg.told(now, input)?;
        if *input == Input::Timeout {
            let woken = if self.woken.0 == now { self.woken.1 + 1 } else { 1 };
            self.woken = (now, woken);
            holds(Rule::BusyLoop, woken <= WAKINGS, || format!("woken {woken} times at once"))?;
        }
        Ok(())
    }

    /// An order of the session.
    pub fn ordered(&mut self, now: Time, output: &Output) -> Held {
        if let Some(cause) = self.hangup {
            return broken(Rule::AfterHangup, format!("{output:?} after {cause}"));
        }
        match output {
            Output::Hangup(cause) => self.hangup = Some(*cause),
            Output::Leg(command) => self.leg.ordered(now, command)?,
            Output::Model(command) => self.append(command)?,
            Output::Record(Record::Turn(turn)) => self.record.turn(turn)?,
            Output::Record(Record::Note(note)) => self.noted(now, *note),
            Output::Record(_) | Output::Standby(_) | Output::Promote | Output::Tool(_) | Output::Transfer(_) => {}
        }
        self.record.ordered(output)?;
        self.lane.ordered(output)
    }

    fn noted(&mut self, now: Time, note: Note) {
        match note {
            Note::MarkOverdue => self.leg.all_heard(now),
            Note::PlaybackOverflow => self.leg.refused(),
            Note::LateAudioDropped => self.leg.dropped(),
            _ => {}
        }
    }

    fn append(&mut self, command: &alpha_call::session::event::ModelCommand) -> Held {
        let alpha_call::session::event::ModelCommand::Append(audio) = command else { return Ok(()) };
        if self.flushing {
            self.flushed_ms += audio.duration_ms();
        }
        holds(Rule::Room, self.flushed_ms <= self.ring_ms, || format!("{} ms of the caller were kept", self.flushed_ms))
    }

    /// All orders are given.
    pub fn settled(&mut self, now: Time, session: &CallSession) -> Held {
        self.leg.settled(now);
        let asleep = self.hangup.is_none() || session.poll_timeout().is_none();
        holds(Rule::AfterHangup, asleep, || "a timer runs on".to_owned())
    }

    /// The session died; the stream has another one.
    pub fn restarted(&mut self) {
        self.lane.restarted();
        self.leg.restarted();
    }
}
