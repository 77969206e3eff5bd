//! What happens on the phone's side.

use std::time::Duration;

use alpha_call::session::event::{AnsweredBy, Input, LegCommand, LegEvent};
use alpha_call::types::HangupCause;

use super::{Event, World};
use crate::phone::{Heard, Line};
use crate::policy;
use crate::rule::Held;
use crate::weather::{EVENING, HEALED};

const KEYS: [char; 12] = ['0', '1', '1', '2', '2', '3', '4', '5', '5', '#', '7', '9'];

impl World {
    /// The caller is on the line from now on.
    pub(super) fn picks_up(&mut self, call: usize) {
        self.phones[call].line = Line::Up;
        let patience = if self.chance.percent(70) { self.chance.ms(15_000..55_000) } else { self.chance.ms(300..15_000) };
        let until = (self.agenda.now() + patience).min(EVENING.max(self.agenda.now() + Duration::from_secs(8)));
        self.agenda.at(until, Event::HangUp(call));
    }

    /// What may happen on a stream that begins.
    pub(super) fn foresee(&mut self, stream: usize) {
        self.agenda.after(self.weather.frame, Event::Frame(stream));
        let outbound = self.phones[self.streams[stream].call].outbound;
        let fates: [(u64, Event); 6] = [
            (400, Event::Press(stream)),
            (60, Event::Mute(stream)),
            (90, Event::Drop(stream)),
            (60, Event::Wanted(stream)),
            (250, Event::Panic(stream)),
            (if outbound { 800 } else { 0 }, Event::Detect(stream)),
        ];
        for (permille, event) in fates {
            if self.luck().fails(permille) {
                self.after(50..30_000, event);
            }
        }
        if self.weather.call_budget.is_some() {
            self.agenda.after(Duration::from_secs(5), Event::Reckon(stream));
        }
    }

    fn is_up(&self, stream: usize) -> bool {
        self.phones[self.streams[stream].call].stream == Some(stream)
    }

    pub(super) fn frame(&mut self, stream: usize) {
        if !self.is_up(stream) {
            return;
        }
        let (time, call) = (self.agenda.now(), self.streams[stream].call);
        self.agenda.after(self.weather.frame, Event::Frame(stream));
        let phone = &mut self.phones[call];
        let speaks = phone.speaks(time, &mut self.chance);
        if time < phone.muted_until {
            return;
        }
        if self.luck().fails(5) {
            return self.told_us(stream, LegEvent::FramesDropped(5));
        }
        let audio = if speaks { self.loud.clone() } else { self.quiet.clone() };
        self.told_us(stream, LegEvent::Audio(audio));
    }

    fn told_us(&mut self, stream: usize, event: LegEvent) {
        let latency = self.chance.ms(5..50);
        let stall = self.luck().fails(1);
        let time = self.agenda.now();
        let s = &mut self.streams[stream];
        if stall {
            s.from_phone.stall(time + Duration::from_millis(900));
        }
        let at = s.from_phone.arrival(time, latency);
        self.trace.mix(at.subsec_nanos().into());
        self.agenda.at(at, Event::Leg { stream, event });
    }

    pub(super) fn heard_from_phone(&mut self, stream: usize, event: LegEvent) -> Held {
        self.feed(stream, Input::Leg(event))
    }

    /// A message arrives at the phone.
    pub(super) fn order(&mut self, stream: usize, command: &LegCommand) {
        if !self.is_up(stream) {
            return;
        }
        let (time, call) = (self.agenda.now(), self.streams[stream].call);
        match self.phones[call].playback.take(time, command) {
            Heard::Nothing => {}
            Heard::MarkAt(at, serial) => self.agenda.at(at, Event::Mark { stream, serial }),
            Heard::Cleared(marks) => marks.into_iter().for_each(|mark| self.echo(stream, &mark.to_string())),
        }
    }

    pub(super) fn mark(&mut self, stream: usize, serial: u64) {
        if !self.is_up(stream) {
            return;
        }
        if let Some(mark) = self.phones[self.streams[stream].call].playback.reach(serial) {
            self.echo(stream, &mark.to_string());
        }
    }

    /// A mark comes back; not always, and not always as it was sent.
    fn echo(&mut self, stream: usize, name: &str) {
        if self.luck().fails(6) {
            return self.coverage.saw("marks lost");
        }
        if self.luck().fails(3) {
            self.told_us(stream, LegEvent::MarkReached(format!("x{name}").into()));
        }
        self.told_us(stream, LegEvent::MarkReached(name.into()));
    }

    pub(super) fn press(&mut self, stream: usize) {
        if self.is_up(stream) {
            let key = self.chance.pick(&KEYS);
            self.told_us(stream, LegEvent::Digit(key));
            if self.chance.percent(60) {
                self.after(100..6_000, Event::Press(stream));
            }
        }
    }

    pub(super) fn mute(&mut self, stream: usize) {
        let call = self.streams[stream].call;
        self.phones[call].muted_until = self.agenda.now() + self.chance.ms(500..9_000);
    }

    /// The socket is gone; the call is not.
    pub(super) fn drop_stream(&mut self, stream: usize) {
        if !self.is_up(stream) || self.agenda.now() >= HEALED {
            return;
        }
        self.coverage.saw("streams dropped");
        let event = if self.chance.percent(90) { LegEvent::Lost } else { LegEvent::Misbehaved };
        self.told_us(stream, event);
        self.closed(stream);
    }

    pub(super) fn detect(&mut self, stream: usize) -> Held {
        let who = [AnsweredBy::Human, AnsweredBy::Human, AnsweredBy::MachineStarted, AnsweredBy::Unknown];
        let who = if self.chance.percent(3) { AnsweredBy::Fax } else { self.chance.pick(&who) };
        if who == AnsweredBy::MachineStarted {
            let wait = self.chance.ms(500..6_000);
            self.agenda.after(wait, Event::Detect(stream));
        }
        let who = if who == AnsweredBy::Unknown && self.chance.percent(40) { AnsweredBy::MachineListens } else { who };
        self.feed(stream, Input::AnsweredBy(who))
    }

    /// Somebody outside wants something of the call.
    pub(super) fn wanted(&mut self, stream: usize) -> Held {
        let input = if self.chance.percent(60) {
            Input::HangupRequested(HangupCause::Requested)
        } else {
            Input::TransferRequested(policy::number())
        };
        self.feed(stream, input)
    }

    /// The stream is closed: Twilio asks what comes next.
    pub(super) fn closed(&mut self, stream: usize) {
        if !self.is_up(stream) {
            return;
        }
        let call = self.streams[stream].call;
        let epoch = self.streams[stream].epoch.number() + 1;
        self.phones[call].stream = None;
        self.asks(call, epoch);
    }

    pub(super) fn asks(&mut self, call: usize, epoch: u32) {
        let chain = self.phones[call].chain;
        self.after(100..600, Event::Ask { call, epoch, chain });
    }

    /// Whoever is on the phone hangs up, or it is hung up for them.
    pub(super) fn hang_up(&mut self, call: usize) {
        if !matches!(self.phones[call].line, Line::Up | Line::Ringing) {
            return;
        }
        self.phones[call].line = Line::Over;
        if let Some(stream) = self.phones[call].stream {
            self.told_us(stream, LegEvent::Stopped);
            self.phones[call].stream = None;
        }
        if !self.luck().fails(150) {
            self.after(100..4_000, Event::Status(call));
        }
    }

    pub(super) fn status(&mut self, call: usize) {
        self.phone_ended(call, HangupCause::CallerHungUp);
        if self.luck().fails(50) {
            self.after(100..4_000, Event::Status(call));
        }
    }
}
