//! Model sessions of a stream: opened, lost, swapped.

use std::time::Duration;

use alpha_call::governor::Attempt;
use alpha_call::session::event::{Input, ModelCommand, ModelEvent, Route};

use super::{Event, World};
use crate::instance::{fallback, primary};
use crate::luck::Luck;
use crate::model::{Deed, Model, Step};
use crate::rule::Held;

impl World {
    /// What was there before is given up.
    pub(super) fn open_model(&mut self, stream: usize, delay: Duration, route: Route, standby: bool) {
        let number = self.models.len();
        self.models.push(Model::new(number, self.streams[stream].call, stream));
        let s = &mut self.streams[stream];
        let before = if standby { s.standby.replace(number) } else { s.current.replace(number) };
        let also = if standby { None } else { s.standby.take() };
        before.into_iter().chain(also).for_each(|model| self.models[model].is_gone = true);
        let fallback = route == Route::Fallback;
        let time = self.agenda.now() + delay;
        let out = self.weather.model_away.is_some_and(|(from, to)| !fallback && from <= time && time < to);
        let away = out || self.luck().fails(if standby { 150 } else { 50 });
        let slow = if self.luck().fails(30) { 1_000..6_500 } else { 30..400 };
        let wait = self.chance.ms(slow);
        self.agenda.after(delay + wait, Event::Connect { model: number, away, fallback });
    }

    pub(super) fn connected(&mut self, model: usize, away: bool, by_fallback: bool) {
        if self.models[model].is_gone {
            return;
        }
        let (now, stream) = (self.now(), self.models[model].stream);
        let has_fallback = self.streams[stream].policy.has_fallback;
        let key = if by_fallback { fallback() } else { primary() };
        let Some(process) = &mut self.instances[self.streams[stream].instance].process else { return };
        let other = (has_fallback && !by_fallback).then(fallback);
        if !process.breakers.prefer(now, &key, other.as_ref()) {
            self.coverage.saw("models not asked");
            return self.lose(model, true);
        }
        let retry = self.chance.percent(90);
        let attempt = if away { Attempt::Failed { retry } } else { Attempt::Opened };
        let Some(process) = &mut self.instances[self.streams[stream].instance].process else { return };
        if process.breakers.note(now, &key, attempt) {
            self.coverage.saw("breakers turned");
        }
        if away { self.lose(model, retry) } else { self.model_step(model, Step::Greet) }
    }

    fn lose(&mut self, model: usize, retry: bool) {
        self.tell(model, ModelEvent::Lost { retry, reason: String::new() });
        self.models[model].is_gone = true;
    }

    pub(super) fn model_step(&mut self, model: usize, step: Step) {
        let mut deeds = Vec::new();
        let bad = self.badness();
        let m = &mut self.models[model];
        if m.is_gone {
            return;
        }
        let fresh = &mut self.phones[m.call].items;
        m.step(&mut Luck::new(&mut self.chance, bad), step, fresh, &mut deeds);
        self.carry_out(model, deeds);
    }

    /// An order arrives at the model.
    pub(super) fn told(&mut self, model: usize, command: &ModelCommand) -> Held {
        let mut deeds = Vec::new();
        let bad = self.badness();
        let m = &mut self.models[model];
        if m.is_gone {
            return Ok(());
        }
        m.order(&mut Luck::new(&mut self.chance, bad), command, &mut deeds)?;
        self.carry_out(model, deeds);
        Ok(())
    }

    fn badness(&self) -> u64 {
        if self.agenda.now() < crate::weather::HEALED { self.weather.bad } else { 0 }
    }

    fn carry_out(&mut self, model: usize, deeds: Vec<Deed>) {
        for deed in deeds {
            match deed {
                Deed::Tell(event) => self.tell(model, event),
                Deed::Later(wait, step) => self.agenda.after(wait, Event::Step { model, step }),
                Deed::Close { retry } => {
                    self.coverage.saw("models lost");
                    self.lose(model, retry);
                }
            }
        }
    }

    fn tell(&mut self, model: usize, event: ModelEvent) {
        let stall = self.luck().fails(1);
        let latency = if stall { self.chance.ms(300..2_500) } else { self.chance.ms(8..60) };
        let at = self.models[model].wire.arrival(self.agenda.now(), latency);
        self.trace.mix(at.subsec_nanos().into());
        self.agenda.at(at, Event::Said { model, event });
    }

    /// What a session says that was given up is not heard.
    pub(super) fn said(&mut self, model: usize, event: ModelEvent) -> Held {
        let stream = self.models[model].stream;
        let s = &self.streams[stream];
        if s.current == Some(model) {
            self.feed(stream, Input::Model(event))
        } else if s.standby == Some(model) {
            self.feed(stream, Input::Standby(event))
        } else {
            Ok(())
        }
    }

    pub(super) fn send_to_model(&mut self, model: Option<usize>, command: ModelCommand) {
        let Some(model) = model else { return };
        let latency = self.chance.ms(5..50);
        let at = self.models[model].orders.arrival(self.agenda.now(), latency);
        self.trace.mix(at.subsec_nanos().into());
        self.agenda.at(at, Event::Told { model, command });
    }

    pub(super) fn promote(&mut self, stream: usize) {
        self.coverage.saw("promotions");
        let s = &mut self.streams[stream];
        if let Some(standby) = s.standby.take() {
            let before = s.current.replace(standby);
            before.into_iter().for_each(|model| self.models[model].is_gone = true);
        }
    }

    pub(super) fn close_models(&mut self, stream: usize) {
        let s = &mut self.streams[stream];
        for model in [s.current.take(), s.standby.take()].into_iter().flatten() {
            self.models[model].is_gone = true;
        }
    }
}
