//! The pure core of a call: no IO, no clock, no runtime.
//!
//! Feed one input, drain all outputs, arm one timer:
//!
//! ```text
//! session.handle_input(now, input);
//! while let Some(output) = session.poll_output() { perform(output) }
//! arm(session.poll_timeout());
//! ```
//!
//! Nothing that a peer sends is an error here: it is an input, and yields a record or a hangup.
//! `Output::Hangup` is the last output; whatever is fed afterwards does nothing.

mod budget;
mod chronicle;
mod deadlines;
pub mod event;
mod hold;
mod intake;
mod interruption;
mod journal;
mod keys;
mod leg;
mod link;
mod memory;
mod model;
mod opening;
mod patience;
mod phrase;
mod playback;
pub mod policy;
mod record;
mod renewal;
mod response;
mod rotation;
mod tally;
mod timer;
mod tools;
mod transcript;
mod turn;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

pub use budget::Budget;
pub use chronicle::Chronicle;
use event::{Input, LegCommand, ModelCommand, Output, Record};
use hold::Hold;
use intake::Intake;
use interruption::Doubt;
pub use journal::{Journal, JournalEntry, JournalLeg};
use keys::Keys;
use link::Link;
use opening::Entrance;
use patience::Waiting;
use playback::{Begun, Playback, Played, Source};
use policy::{History, SessionPolicy};
use renewal::Standby;
use response::ResponseLane;
pub use tally::StreamTally;
use timer::{Timer, TimerTable};
use tools::Tools;
use transcript::Transcript;
use turn::TurnState;

use crate::types::{Continuation, HangupCause};

/// The longest wait for the caller's last words in writing.
const WINDING: Duration = Duration::from_secs(2);

/// One call, from the first frame of a stream to its hangup.
#[derive(Debug)]
pub struct CallSession {
    policy: SessionPolicy,
    history: History,
    /// When the call's first stream began.
    began: Instant,
    outputs: VecDeque<Output>,
    timers: TimerTable,
    intake: Intake,
    link: Link,
    lane: ResponseLane,
    playback: Playback,
    turn: TurnState,
    transcript: Transcript,
    tools: Tools,
    entrance: Entrance,
    waiting: Waiting,
    keys: Keys,
    standby: Standby,
    /// The caller waits, and nothing goes to the model.
    hold: Option<Hold>,
    /// Speech that may be no more than a cough.
    doubt: Option<Doubt>,
    /// The assistant has said, or will say, its goodbye.
    closing: Option<HangupCause>,
    /// The call has cost what it may.
    broke: bool,
    /// The stream is to end at the next pause in the talk.
    rotates: bool,
    phase: Phase,
    sounded: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Live,
    /// The phone is gone; the caller's last words may still come in writing.
    Winding(HangupCause),
    Over,
}

impl CallSession {
    /// A session whose stream has just begun.
    #[must_use]
    pub fn new(now: Instant, policy: SessionPolicy, history: History) -> Self {
        let mut session = Self {
            began: now.checked_sub(history.elapsed).unwrap_or(now),
            outputs: VecDeque::new(),
            timers: TimerTable::default(),
            intake: Intake::default(),
            link: Link::opening(),
            lane: ResponseLane::default(),
            playback: Playback::new(history.generation),
            turn: TurnState::default(),
            transcript: Transcript::new(history.next_seq),
            tools: Tools::default(),
            entrance: Entrance::default(),
            waiting: Waiting::default(),
            keys: Keys::default(),
            standby: Standby::default(),
            hold: None,
            doubt: None,
            closing: None,
            broke: false,
            rotates: false,
            phase: Phase::Live,
            sounded: history.resumed,
            policy,
            history,
        };
        session.begin(now);
        session
    }

    fn begin(&mut self, now: Instant) {
        if self.history.generation > 0 {
            // The phone may still hold what a session before this one sent.
            self.leg(LegCommand::Clear);
        }
        self.open_model(now, Duration::ZERO);
        self.set_limits(now);
        self.limit_stream(now);
        self.enter(now);
        self.settle(now);
    }

    fn open_model(&mut self, now: Instant, delay: Duration) {
        self.timers.set_if_unset(Timer::Opening, now + self.policy.model_wait);
        self.model(ModelCommand::Open { delay, route: self.link.route() });
    }

    /// Takes in one fact. Drain `poll_output` before the next.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        match self.phase {
            Phase::Live => self.live(now, input),
            Phase::Winding(cause) => self.winding(now, cause, input),
            Phase::Over => return,
        }
        self.settle(now);
    }

    /// The next order, if there is one.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When `Input::Timeout` is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    fn live(&mut self, now: Instant, input: Input) {
        match input {
            Input::Leg(event) => self.on_leg(now, event),
            Input::Model(event) => self.on_model(now, event),
            Input::Standby(event) => self.on_standby(now, event),
            Input::AnsweredBy(who) => self.answered_by(now, who),
            Input::ToolUsed(outcome) => self.tool_used(now, outcome),
            Input::BudgetSpent => self.budget_spent(now),
            Input::HangupRequested(cause) => self.wind_up(now, cause),
            Input::TransferRequested(to) => self.transfer_requested(now, to),
            Input::Timeout => self.on_timeout(now),
        }
    }

    fn winding(&mut self, now: Instant, cause: HangupCause, input: Input) {
        match input {
            Input::Model(event) => self.on_last_words(now, event),
            Input::Timeout if self.timers.pop(now) == Some(Timer::Winding) => self.finish(now, cause),
            Input::Leg(_)
            | Input::Standby(_)
            | Input::ToolUsed(_)
            | Input::AnsweredBy(_)
            | Input::BudgetSpent
            | Input::HangupRequested(_)
            | Input::TransferRequested(_)
            | Input::Timeout => {}
        }
        if self.phase == Phase::Winding(cause) && !self.transcript.awaits_text() {
            self.finish(now, cause);
        }
    }

    /// After every input: send what may be sent, record what is new, arm what is due.
    fn settle(&mut self, now: Instant) {
        if self.phase == Phase::Live {
            self.follow_up_on_tools(now);
            self.play(now);
            self.unshield();
            self.promote_when_quiet(now);
            self.take_turns();
            self.part_for_want_of_money(now);
            self.leave_when_heard(now);
            self.rotate_when_quiet(now);
        }
        if self.phase == Phase::Live {
            self.arm(now);
        }
        if self.phase != Phase::Over {
            self.record_turns();
        }
    }

    fn play(&mut self, now: Instant) {
        if self.holds_up() {
            return;
        }
        let outputs = &mut self.outputs;
        let begun = self.playback.pump(now, self.policy.lead, &mut |command| outputs.push_back(Output::Leg(command)));
        for Begun { item, response, source } in begun {
            self.sound(now);
            self.turn.answer_sounded(now);
            let latency = self.first_of_answer(now, source);
            if source != Source::Tone {
                self.transcript.spoken(&item, response, latency, self.at(now));
            }
        }
    }

    /// How long the caller waited for this answer, if it is one.
    fn first_of_answer(&mut self, now: Instant, source: Source) -> Option<Duration> {
        if source != Source::Model {
            return None;
        }
        self.waiting.is_over();
        let latency = self.turn.take_latency(now);
        self.outputs.extend(latency.map(|after| Output::Record(Record::Answered { after })));
        latency
    }

    fn sound(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.sounded, true) {
            let after = self.at(now);
            self.outputs.push_back(Output::Record(Record::FirstAudio { after }));
        }
    }

    /// A goodbye was heard to its end: now hang up.
    fn leave_when_heard(&mut self, now: Instant) {
        if let Some(cause) = self.closing
            && self.nobody_speaks()
        {
            self.wind_up(now, cause);
        }
    }

    /// Hang up as soon as everything was said and heard.
    fn close(&mut self, cause: HangupCause) {
        self.closing = Some(cause);
    }

    /// The stream has no future; words of the caller may still be on their way.
    fn wind_up(&mut self, now: Instant, cause: HangupCause) {
        self.cut_playback(now);
        self.timers.clear();
        if cause.continuation() == Continuation::End && self.link.is_ready() && self.transcript.awaits_text() {
            self.end_speech();
            self.timers.set(Timer::Winding, Some(now + WINDING));
            self.phase = Phase::Winding(cause);
        } else {
            self.finish(now, cause);
        }
    }

    fn finish(&mut self, now: Instant, cause: HangupCause) {
        self.give_up_tools(now);
        self.transcript.close(self.at(now));
        self.record_turns();
        self.timers.clear();
        self.phase = Phase::Over;
        if cause == HangupCause::Transferred {
            self.outputs.extend(self.tools.transfer.take().map(Output::Transfer));
        }
        self.outputs.push_back(Output::Hangup(cause));
    }

    fn record_turns(&mut self) {
        let turns = self.transcript.take_changed();
        self.outputs.extend(turns.into_iter().map(|turn| Output::Record(Record::Turn(Box::new(turn)))));
    }

    fn heard(&mut self, now: Instant, finished: Vec<Played>) {
        let at = self.at(now);
        for played in finished.into_iter().filter(|played| played.source != Source::Tone) {
            self.transcript.heard(&played.item, played.heard_ms, played.audio_ms, at);
        }
    }

    fn request(&mut self, now: Instant, instructions: Option<String>) {
        self.waiting.begin(now);
        let order = self.lane.request(instructions);
        self.order(order);
    }

    fn order(&mut self, order: Option<ModelCommand>) {
        self.outputs.extend(order.map(Output::Model));
    }

    fn nobody_speaks(&self) -> bool {
        !self.turn.caller_speaks() && self.lane.is_free() && self.playback.is_idle()
    }

    fn owes_answer(&self) -> bool {
        self.lane.is_busy() || self.turn.awaiting_answer() || self.history.owes_answer
    }

    fn at(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.began)
    }

    fn leg(&mut self, command: LegCommand) {
        self.outputs.push_back(Output::Leg(command));
    }

    fn model(&mut self, command: ModelCommand) {
        self.outputs.push_back(Output::Model(command));
    }
}

#[cfg(test)]
mod tests;
