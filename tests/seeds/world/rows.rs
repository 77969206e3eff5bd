//! Rows on their way: the batcher's orders, carried out.

use alpha_call::store::Row;

use super::{Event, Tamper, World};
use crate::logger::{Answer, Errand, carry_out};
use crate::luck::Luck;
use crate::rule::Held;
use crate::weather::HEALED;

impl World {
    /// Hands a row over that is kept whatever it takes.
    pub(super) fn log(&mut self, instance: usize, row: Row) -> Held {
        let now = self.now();
        let Some(process) = self.process(instance) else { return Ok(()) };
        process.logger.batcher.push(row, now);
        self.pump(instance)
    }

    /// Gives out every order that is due, and sets the clock for the next.
    pub(super) fn pump(&mut self, instance: usize) -> Held {
        let (now, time) = (self.now(), self.agenda.now());
        let Some(process) = self.instances[instance].process.as_mut() else { return Ok(()) };
        let number = process.number;
        for errand in process.logger.orders(now)? {
            let slow = if self.weather.slow_disk && time < HEALED {
                100..2_500
            } else if self.chance.percent(4) {
                50..1_500
            } else {
                1..30
            };
            let wait = self.chance.ms(slow);
            self.agenda.after(wait, Event::Errand { instance, process: number, errand });
        }
        let Some(due) = process.logger.batcher.poll_timeout() else { return Ok(()) };
        let due = due.saturating_duration_since(self.origin).max(self.agenda.now());
        if process.logger.armed.is_none_or(|armed| due < armed) {
            process.logger.armed = Some(due);
            self.agenda.at(due, Event::LoggerDue { instance, process: number });
        }
        Ok(())
    }

    pub(super) fn logger_due(&mut self, instance: usize, number: u32) -> Held {
        let now = self.agenda.now();
        let Some(process) = self.process(instance).filter(|process| process.number == number) else { return Ok(()) };
        if process.logger.armed.is_some_and(|armed| armed <= now) {
            process.logger.armed = None;
        }
        self.pump(instance)
    }

    /// The order arrives, even if whoever gave it has died.
    pub(super) fn errand(&mut self, instance: usize, process: u32, errand: Errand) {
        let Errand { life, order } = errand;
        let bad = if self.agenda.now() < HEALED { self.weather.bad } else { 0 };
        let alive = self.instances[instance].process.as_ref().is_some_and(|p| p.number == process);
        if !alive && self.chance.percent(50) {
            return;
        }
        let loses = self.tampers(Tamper::LoseRows);
        let spool = &mut self.instances[instance].spool;
        let luck = &mut Luck::new(&mut self.chance, bad);
        let answer = carry_out(order, instance, spool, &mut self.database, luck, &mut self.coverage);
        if loses && let (Answer::Committed { .. }, Some((place, _))) = (answer, spool.head(1).pop()) {
            spool.remove(place);
        }
        let back = self.chance.ms(1..20);
        self.agenda.after(back, Event::Answer { instance, process, life, answer });
    }

    pub(super) fn logger_told(&mut self, instance: usize, number: u32, life: u32, answer: Answer) -> Held {
        let now = self.now();
        if self.process(instance).is_none_or(|process| process.number != number) {
            return Ok(());
        }
        let deaf = self.tampers(Tamper::LoseAnswers);
        let Some(process) = self.process(instance) else { return Ok(()) };
        if process.logger.life != life || deaf {
            return Ok(());
        }
        process.logger.told(answer, now);
        self.pump(instance)
    }

    pub(super) fn logger_panics(&mut self, instance: usize) -> Held {
        let now = self.now();
        let Some(process) = self.process(instance) else { return Ok(()) };
        process.logger.restarted(now);
        self.coverage.saw("logger panics");
        self.pump(instance)
    }

    /// Somebody waits for what was logged.
    pub(super) fn haste(&mut self, instance: usize) -> Held {
        let now = self.now();
        let Some(process) = self.process(instance) else { return Ok(()) };
        process.logger.batcher.make_haste(now);
        self.pump(instance)
    }
}
