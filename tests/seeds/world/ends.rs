//! Calls that are over, and processes that are.

use std::time::Duration;

use alpha_call::governor::After;
use alpha_call::session::event::Input;
use alpha_call::store::{CallEnd, Row};
use alpha_call::types::HangupCause;

use super::{Event, Tamper, World};
use crate::phone::Line;
use crate::rule::Held;
use crate::weather::{Death, HEALED};

const SWEEP: Duration = Duration::from_secs(1);
const RENEWAL: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_secs(1);
const REAP: Duration = Duration::from_secs(5);

impl World {
    /// A stream of the call ended.
    pub(super) fn stream_ended(&mut self, stream: usize, cause: HangupCause) {
        let (now, s) = (self.now(), &mut self.streams[stream]);
        let (call, id, epoch, instance, transfer) = (s.call, s.id, s.epoch, s.instance, s.transfer.take());
        let Some(process) = self.instances[instance].process.as_mut().filter(|process| process.number == s.process) else { return };
        if process.live.get(&id).is_some_and(|(live, _)| *live == epoch) {
            process.live.remove(&id);
        }
        let local = process.local(id, epoch);
        match process.roster.exited(now, id, local, cause, transfer) {
            After::Ended(_) => self.call_ended(instance, call, cause),
            After::Waits => {
                // Who leaves leaves the slot to whoever goes on with the call.
                if process.is_draining {
                    process.held.remove(&id);
                }
                self.coverage.saw("streams waited for");
            }
            After::Stale => self.coverage.saw("stale streams"),
        }
    }

    /// Twilio says that the phone call is over, and why.
    pub(super) fn phone_ended(&mut self, call: usize, cause: HangupCause) {
        let id = self.phones[call].id;
        let Some(instance) = self.holder(id) else { return };
        let ended = self.process(instance).and_then(|process| process.roster.hung_up(id, cause));
        if let Some((cause, _)) = ended {
            self.call_ended(instance, call, cause);
        }
    }

    /// The last word on a call here: its slot comes home, and its end goes on record, after what was said in it.
    pub(super) fn call_ended(&mut self, instance: usize, call: usize, cause: HangupCause) {
        self.coverage.saw("ends told");
        self.spent += 1;
        self.release(instance, call);
        let Some(process) = self.process(instance).map(|process| process.number) else { return };
        self.after(50..1_500, Event::Finish { instance, process, call, cause });
    }

    fn release(&mut self, instance: usize, call: usize) {
        let id = self.phones[call].id;
        let keeps = self.tampers(Tamper::KeepSlots);
        let Some(process) = self.instances[instance].process.as_mut() else { return };
        if !keeps && process.held.remove(&id) {
            let number = process.number;
            let released = self.database.release_slot(id, number);
            if self.unsure(released).is_err()
                && let Some(process) = self.process(instance)
            {
                process.owed.insert(id);
            }
        }
    }

    fn is_process(&self, instance: usize, number: u32) -> bool {
        self.instances[instance].process.as_ref().is_some_and(|process| process.number == number)
    }

    pub(super) fn finish(&mut self, instance: usize, process: u32, call: usize, cause: HangupCause) -> Held {
        if !self.is_process(instance, process) || self.tampers(Tamper::ForgetEnds) {
            return Ok(());
        }
        let id = self.phones[call].id;
        let finished = self.database.finish(id, cause);
        if self.unsure(finished).is_ok_and(|known| known) {
            return Ok(());
        }
        self.coverage.saw("ends in the spool");
        let at = chrono::DateTime::UNIX_EPOCH;
        let end = CallEnd { id, cause, twilio_status: None, error_code: None, error: None, at, minute_nanos: 0, owner: None };
        self.log(instance, Row::Ended(Box::new(end)))
    }

    pub(super) fn sweep(&mut self, instance: usize, number: u32) {
        if !self.is_process(instance, number) {
            return;
        }
        self.agenda.after(SWEEP, Event::Sweep { instance, process: number });
        let now = self.now();
        let Some(process) = self.process(instance).filter(|process| !process.is_draining) else { return };
        let mut over = process.roster.sweep(now);
        over.sort_by_key(|(id, ..)| *id);
        for (_, cause, kept) in over {
            self.coverage.saw("calls swept");
            self.call_ended(instance, kept.call, cause);
        }
    }

    pub(super) fn renew(&mut self, instance: usize, number: u32) {
        if !self.is_process(instance, number) {
            return;
        }
        let time = self.agenda.now();
        let Some(process) = self.instances[instance].process.as_mut() else { return };
        let owed = std::mem::take(&mut process.owed);
        process.owed = owed.into_iter().filter(|id| self.database.release_slot(*id, number).is_err()).collect();
        match self.database.renew_slots(time, &process.held, number) {
            Ok(kept) => {
                process.is_cut_off = false;
                let lost: Vec<_> = process.held.difference(&kept).copied().collect();
                for id in lost {
                    self.coverage.saw("slots asked for again");
                    let _ = self.database.take_slot(time, id, number);
                }
            }
            Err(_) => process.is_cut_off = true,
        }
        let pause = if process.is_cut_off { AGAIN } else { RENEWAL };
        self.agenda.after(pause, Event::Renew { instance, process: number });
    }

    /// Calls on record that nobody has: those that are over are ended, the others asked for.
    pub(super) fn reap(&mut self, instance: usize, number: u32) {
        if !self.is_process(instance, number) {
            return;
        }
        self.agenda.after(REAP, Event::Reap { instance, process: number });
        let time = self.agenda.now();
        if self.database.is_away || self.process(instance).is_none_or(|process| process.is_draining) {
            return;
        }
        for call in 0..self.phones.len() {
            let id = self.phones[call].id;
            let is_open = self.database.calls.get(&id).is_some_and(|record| record.ended.is_none());
            let is_held = self.instances.iter().filter_map(|i| i.process.as_ref()).any(|process| process.has(id));
            if is_open && !is_held && !self.database.has_lease(time, id) {
                self.reaped(instance, number, call);
            }
        }
    }

    fn reaped(&mut self, instance: usize, process: u32, call: usize) {
        let phone = &mut self.phones[call];
        match phone.line {
            Line::Ringing => {}
            Line::Up if phone.stream.is_none() => {
                self.coverage.saw("calls redirected");
                phone.chain += 1;
                let epoch = phone.epoch + 1;
                self.asks(call, epoch);
            }
            Line::Up => {}
            Line::Idle | Line::Over => {
                self.coverage.saw("calls reaped");
                let cause = if phone.began.is_some() { HangupCause::CallerHungUp } else { HangupCause::NeverConnected };
                self.after(10..200, Event::Finish { instance, process, call, cause });
            }
        }
    }

    pub(super) fn start(&mut self, instance: usize) {
        if self.instances[instance].process.is_some() {
            return;
        }
        self.processes += 1;
        let (number, now) = (self.processes, self.now());
        let room = if self.weather.slow_disk { 12 } else { 64 };
        self.instances[instance].start(number, room, now);
        self.agenda.after(SWEEP, Event::Sweep { instance, process: number });
        self.agenda.after(AGAIN, Event::Renew { instance, process: number });
        self.agenda.after(REAP, Event::Reap { instance, process: number });
        self.agenda.after(Duration::ZERO, Event::LoggerDue { instance, process: number });
    }

    pub(super) fn die(&mut self, instance: usize, death: Death) -> Held {
        let Some(process) = self.process(instance) else { return Ok(()) };
        if death == Death::Drained && !process.is_draining {
            return self.drain_instance(instance);
        }
        let number = process.number;
        self.coverage.saw(if death == Death::Killed { "instances killed" } else { "instances drained" });
        self.instances[instance].process = None;
        for stream in self.lose_streams(instance, number) {
            let call = self.streams[stream].call;
            if self.phones[call].stream != Some(stream) {
                continue;
            }
            self.phones[call].stream = None;
            if self.chance.percent(70) {
                let (epoch, chain) = (self.streams[stream].epoch.number() + 1, self.phones[call].chain);
                self.after(200..2_500, Event::Ask { call, epoch, chain });
            }
        }
        let back = self.chance.ms(1_000..12_000);
        self.agenda.at((self.agenda.now() + back).min(HEALED), Event::Start(instance));
        Ok(())
    }

    /// No new calls; those that live go on elsewhere.
    fn drain_instance(&mut self, instance: usize) -> Held {
        let streams: Vec<usize> =
            self.process(instance).map(|process| process.live.values().map(|(_, stream)| *stream).collect()).unwrap_or_default();
        if let Some(process) = self.process(instance) {
            process.is_draining = true;
        }
        for stream in streams {
            self.feed(stream, Input::HangupRequested(HangupCause::Drained))?;
        }
        self.haste(instance)?;
        self.agenda.after(Duration::from_secs(6), Event::Die(instance, Death::Drained));
        Ok(())
    }
}
