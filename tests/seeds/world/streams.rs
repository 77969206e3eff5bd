//! Facts to sessions, and their orders to whom they concern.

use std::time::Duration;

use alpha_call::session::Budget;
use alpha_call::session::event::{Input, LegCommand, LegEvent, ModelCommand, Note, Output, Record, ToolCall, ToolEffect, ToolOutcome};
use alpha_call::store::Row;
use alpha_call::types::{Continuation, HangupCause, Redacted};

use super::{Event, World};
use crate::policy;
use crate::rule::{Held, Rule, holds};

const RECKON: Duration = Duration::from_secs(5);
const MAX_KEPT_ROWS: usize = 1_000;

impl World {
    pub(super) fn feed(&mut self, stream: usize, input: Input) -> Held {
        let (time, now) = (self.agenda.now(), self.now());
        let s = &mut self.streams[stream];
        if s.is_gone || s.ended.is_some() {
            return Ok(());
        }
        s.watch.told(time, &input)?;
        s.tally.heard(now, &input);
        s.session.handle_input(now, input);
        self.drain(stream)
    }

    pub(super) fn drain(&mut self, stream: usize) -> Held {
        let time = self.agenda.now();
        while let Some(output) = self.streams[stream].session.poll_output() {
            self.trace.tell(time, "  order", &output);
            let s = &mut self.streams[stream];
            s.watch.ordered(time, &output)?;
            if let Some(forged) = self.tamper.and_then(|tamper| tamper.forge(&output)) {
                s.watch.ordered(time, &forged)?;
            }
            s.observe(&output);
            self.perform(stream, output)?;
        }
        let s = &mut self.streams[stream];
        s.watch.settled(time, &s.session)?;
        self.arm(stream);
        if self.streams[stream].watch.hangup().is_some() { self.is_deaf(stream) } else { Ok(()) }
    }

    /// After the hangup nothing moves it any more.
    fn is_deaf(&mut self, stream: usize) -> Held {
        let (now, audio) = (self.now(), self.loud.clone());
        let session = &mut self.streams[stream].session;
        for input in [Input::Timeout, Input::Leg(LegEvent::Audio(audio)), Input::HangupRequested(HangupCause::Requested)] {
            session.handle_input(now, input);
        }
        let silent = session.poll_output().is_none() && session.poll_timeout().is_none();
        holds(Rule::AfterHangup, silent, || "a session that hung up still acts".to_owned())
    }

    fn perform(&mut self, stream: usize, output: Output) -> Held {
        match output {
            Output::Leg(command) => self.send_to_phone(stream, command),
            Output::Model(ModelCommand::Open { delay, route }) => self.open_model(stream, delay, route, false),
            Output::Model(command) => self.send_to_model(self.streams[stream].current, command),
            Output::Standby(ModelCommand::Open { delay, route }) => self.open_model(stream, delay, route, true),
            Output::Standby(command) => self.send_to_model(self.streams[stream].standby, command),
            Output::Promote => self.promote(stream),
            Output::Transfer(to) => self.streams[stream].transfer = Some(to),
            Output::Tool(call) => self.use_tool(stream, &call),
            Output::Record(record) => return self.record(stream, &record),
            Output::Hangup(cause) => return self.hung_up(stream, cause),
        }
        Ok(())
    }

    fn send_to_phone(&mut self, stream: usize, command: LegCommand) {
        let latency = self.luck().ms(5..60);
        let stall = self.luck().fails(2);
        let time = self.agenda.now();
        if stall {
            let until = time + self.chance.ms(500..4_000);
            self.streams[stream].to_phone.stall(until);
        }
        let at = self.streams[stream].to_phone.arrival(time, latency);
        self.trace.mix(at.subsec_nanos().into());
        self.agenda.at(at, Event::Order { stream, command });
    }

    fn record(&mut self, stream: usize, record: &Record) -> Held {
        if let Record::Note(note) = record {
            self.coverage.saw(word(*note));
        }
        let Some(row) = self.streams[stream].row_of(record) else { return Ok(()) };
        self.keep(stream, row)
    }

    pub(super) fn keep(&mut self, stream: usize, row: Row) -> Held {
        let s = &mut self.streams[stream];
        s.kept.push_back(row);
        let kept = s.kept.len();
        holds(Rule::Room, kept <= MAX_KEPT_ROWS, || format!("a call keeps {kept} rows"))?;
        self.hand_over_rows(stream)
    }

    /// A logger that is full gives the row back.
    pub(super) fn hand_over_rows(&mut self, stream: usize) -> Held {
        let (now, instance) = (self.now(), self.streams[stream].instance);
        while let Some(row) = self.streams[stream].kept.pop_front() {
            let Some(process) = &mut self.instances[instance].process else { return Ok(()) };
            if let Err(row) = process.logger.log(row, now, &mut self.coverage) {
                self.streams[stream].kept.push_front(row);
                break;
            }
        }
        self.pump(instance)
    }

    fn hung_up(&mut self, stream: usize, cause: HangupCause) -> Held {
        self.coverage.saw(cause.as_str());
        self.streams[stream].watch.record.is_whole()?;
        let row = self.streams[stream].stream_row(Some(cause));
        self.streams[stream].ended = Some(cause);
        self.close_models(stream);
        self.keep(stream, row)?;
        self.leave(stream)
    }

    /// The supervisor is told when every row is handed over.
    pub(super) fn leave(&mut self, stream: usize) -> Held {
        let Some(cause) = self.streams[stream].ended.filter(|_| !self.streams[stream].is_gone) else { return Ok(()) };
        self.hand_over_rows(stream)?;
        if !self.streams[stream].kept.is_empty() {
            self.agenda.after(Duration::from_millis(50), Event::Rows(stream));
            return Ok(());
        }
        self.streams[stream].is_gone = true;
        self.stream_ended(stream, cause);
        self.after(20..150, Event::Closed(stream));
        if cause.continuation() == Continuation::End && cause != HangupCause::CallerHungUp {
            let call = self.streams[stream].call;
            self.after(100..900, Event::HangUp(call));
        }
        Ok(())
    }

    /// One timer; one that fires too early is armed again.
    fn arm(&mut self, stream: usize) {
        let Some(due) = self.streams[stream].session.poll_timeout().map(|due| self.time_of(due)) else { return };
        let s = &mut self.streams[stream];
        if s.armed.is_some_and(|armed| armed <= due) {
            return;
        }
        s.armed = Some(due);
        let life = s.life;
        self.agenda.at(due, Event::Wake { stream, life });
    }

    pub(super) fn wake(&mut self, stream: usize, life: u32) -> Held {
        let time = self.agenda.now();
        let s = &self.streams[stream];
        if s.is_gone || s.life != life || s.ended.is_some() || s.armed.is_none_or(|armed| armed > time) {
            return Ok(());
        }
        self.streams[stream].armed = None;
        self.hand_over_rows(stream)?;
        let due = self.streams[stream].session.poll_timeout().is_some_and(|due| due <= self.now());
        if due {
            return self.feed(stream, Input::Timeout);
        }
        self.arm(stream);
        Ok(())
    }

    pub(super) fn reckon(&mut self, stream: usize) -> Held {
        let (time, s) = (self.agenda.now(), &self.streams[stream]);
        if s.is_gone || s.ended.is_some() {
            return Ok(());
        }
        self.agenda.after(RECKON, Event::Reckon(stream));
        let cost = s.tally.tokens.audio_out + s.tally.tokens.text_in;
        let budget = Budget { limit: self.weather.call_budget, before: 0, minute: 30 };
        if budget.is_spent(cost, time - s.began) { self.feed(stream, Input::BudgetSpent) } else { Ok(()) }
    }

    /// What the actor of a call does when its session panics: the message that it was about to hear is lost.
    pub(super) fn panic(&mut self, stream: usize) -> Held {
        let (time, now) = (self.agenda.now(), self.now());
        if self.streams[stream].is_gone || self.streams[stream].ended.is_some() || time >= crate::weather::HEALED {
            return Ok(());
        }
        self.coverage.saw("panics");
        self.close_models(stream);
        let (closed, history) = self.streams[stream].bury(time);
        for turn in closed {
            self.streams[stream].watch.record.turn(&turn)?;
            let row = self.streams[stream].turn_row(turn);
            self.keep(stream, row)?;
        }
        self.streams[stream].watch.record.is_whole()?;
        if self.streams[stream].panicked(time) {
            self.coverage.saw("panics once too often");
            return self.fail(stream);
        }
        self.streams[stream].begin_again(now, history);
        if self.chance.percent(40) {
            self.after(1..9_000, Event::Panic(stream));
        }
        self.drain(stream)
    }

    /// The call goes on, if at all, on another stream.
    fn fail(&mut self, stream: usize) -> Held {
        let row = self.streams[stream].stream_row(Some(HangupCause::ActorFailed));
        self.streams[stream].ended = Some(HangupCause::ActorFailed);
        self.keep(stream, row)?;
        self.leave(stream)
    }

    fn use_tool(&mut self, stream: usize, call: &ToolCall) {
        let effect = match call.name.as_str() {
            "end_call" => Some(ToolEffect::EndCall),
            "hold" => Some(ToolEffect::Hold),
            "keys" => Some(ToolEffect::SendDigits("1w2#".to_owned())),
            "hand_over" => Some(ToolEffect::Transfer(policy::number())),
            _ => None,
        };
        let outcome = ToolOutcome { call_id: call.call_id.clone(), output: Redacted("{\"ok\":1}".to_owned()), effect };
        if self.luck().fails(60) {
            return self.coverage.saw("tools without an answer");
        }
        let wait = self.luck().ms(5..5_000);
        self.agenda.after(wait, Event::Tool { stream, outcome: outcome.clone() });
        if self.luck().fails(40) {
            self.agenda.after(wait, Event::Tool { stream, outcome });
        }
    }

    pub(super) fn tool_used(&mut self, stream: usize, outcome: ToolOutcome) -> Held {
        self.feed(stream, Input::ToolUsed(outcome))
    }

    /// Every stream of it that still lives here dies without a word.
    pub(super) fn lose_streams(&mut self, instance: usize, process: u32) -> Vec<usize> {
        let mut lost = Vec::new();
        for stream in 0..self.streams.len() {
            let s = &mut self.streams[stream];
            if (s.instance, s.process, s.is_gone) == (instance, process, false) {
                s.is_gone = true;
                lost.push(stream);
                self.close_models(stream);
            }
        }
        lost
    }
}

fn word(note: Note) -> &'static str {
    note.as_str()
}
