//! Calls that come in, and calls that we place.

use std::time::Duration;

use alpha_call::governor::dialing::{Doubt, Postponed, after_refusal, in_doubt, pause_before_retry};
use alpha_call::governor::{Callee, Standing};
use alpha_call::store::NewCall;
use alpha_call::types::{CallId, CallSid, Direction, HangupCause};
use chrono::DateTime;

use super::{Event, Tamper, World};
use crate::agenda::Time;
use crate::instance::Kept;
use crate::phone::Line;
use crate::policy;
use crate::rule::{Held, Rule, holds};
use crate::weather::HEALED;

pub fn callee() -> Callee {
    Callee { number: policy::number(), time_zone: None, standing: Some(Standing::default()), at: DateTime::UNIX_EPOCH }
}

pub fn new_call(id: CallId, sid: CallSid) -> NewCall {
    NewCall {
        id,
        call_sid: Some(sid),
        direction: Direction::Inbound,
        from: String::new(),
        to: String::new(),
        caller_name: None,
        assistant: String::new(),
        model: String::new(),
        voice: String::new(),
        system_message: None,
        owner: None,
        initiated_at: DateTime::UNIX_EPOCH,
        scheduled_at: None,
        metadata: None,
        wish: None,
        decision: None,
        api_key_id: None,
        stir_verstat: None,
    }
}

impl World {
    pub(super) fn rings(&mut self, call: usize, since: Time) -> Held {
        let Some(instance) = self.any_door() else {
            self.agenda.after(Duration::from_secs(2), Event::Ring(call, since));
            return Ok(());
        };
        if let Err(refusal) = self.admit(instance, call) {
            self.coverage.saw(Self::refused(&refusal));
            self.coverage.saw("refusals");
            self.turned_away(call, since, &refusal);
            return Ok(());
        }
        self.slots_hold()?;
        self.put_on_record(instance, call)?;
        let (now, id, sid, outbound) = (self.now(), self.phones[call].id, self.phones[call].sid.clone(), self.phones[call].outbound);
        let Some(process) = self.process(instance) else { return Ok(()) };
        let kept = Kept { call, base: 0 };
        if outbound {
            process.roster.dial(now, id, kept);
            let (wait, number) = (process.pace.take(now), process.number);
            self.agenda.after(wait, Event::Dial { call, process: number, attempts: 1 });
        } else {
            let epoch = process.roster.expect(now, id, sid, kept).number();
            self.picks_up(call);
            self.after(50..900, Event::Open { call, epoch, chain: 0 });
        }
        Ok(())
    }

    /// A caller tries again, or does not; a call of ours waits.
    fn turned_away(&mut self, call: usize, since: Time, refusal: &alpha_call::governor::Refusal) {
        let late = self.agenda.now() - since;
        let again = if self.phones[call].outbound {
            match after_refusal(refusal, late) {
                Postponed::Until(pause) => Some(pause),
                Postponed::Never => None,
            }
        } else {
            self.chance.percent(40).then(|| self.chance.ms(2_000..9_000))
        };
        if let Some(pause) = again.filter(|_| self.agenda.now() < HEALED) {
            self.coverage.saw("calls put off");
            self.agenda.after(pause, Event::Ring(call, since));
        }
    }

    fn dialler(&self, call: usize, process: u32) -> Option<usize> {
        let id = self.phones[call].id;
        let is = |i: &usize| self.instances[*i].process.as_ref().is_some_and(|p| p.number == process && p.has(id));
        (0..self.instances.len()).find(is)
    }

    /// Twilio is asked to call.
    pub(super) fn dial(&mut self, call: usize, process: u32, attempts: u32) -> Held {
        let Some(instance) = self.dialler(call, process) else { return Ok(()) };
        if self.luck().fails(120) {
            match pause_before_retry(self.phones[call].id, attempts) {
                Some(pause) => self.agenda.after(pause, Event::Dial { call, process, attempts: attempts + 1 }),
                None => self.phone_ended(call, HangupCause::CarrierFailed),
            }
            return Ok(());
        }
        if self.luck().fails(100) {
            self.coverage.saw("dials in doubt");
            if self.chance.percent(50) {
                self.place(call)?;
            }
            let since = self.agenda.now();
            self.look_again(call, process, since);
            return Ok(());
        }
        self.place(call)?;
        if self.tampers(Tamper::DialTwice) {
            self.place(call)?;
        }
        self.identify(instance, call);
        Ok(())
    }

    fn place(&mut self, call: usize) -> Held {
        let phone = &mut self.phones[call];
        phone.placed += 1;
        phone.line = Line::Ringing;
        holds(Rule::OneDial, self.phones[call].placed == 1, || format!("call {call} was placed twice"))?;
        if self.chance.percent(80) {
            self.after(500..6_000, Event::Answered(call));
        } else {
            let cause = self.chance.pick(&[HangupCause::Busy, HangupCause::NoAnswer, HangupCause::Canceled]);
            self.after(500..9_000, Event::Unanswered(call, cause));
        }
        Ok(())
    }

    fn identify(&mut self, instance: usize, call: usize) -> bool {
        let (now, id, sid) = (self.now(), self.phones[call].id, self.phones[call].sid.clone());
        self.process(instance).is_some_and(|process| process.roster.identify(now, id, &sid))
    }

    fn look_again(&mut self, call: usize, process: u32, since: Time) {
        match in_doubt(self.agenda.now() - since) {
            Doubt::Look(wait) => self.agenda.after(wait, Event::Look { call, process, since }),
            Doubt::GiveUp => {
                self.coverage.saw("dials given up");
                self.phone_ended(call, HangupCause::CarrierFailed);
            }
        }
    }

    /// Is it there?
    pub(super) fn look(&mut self, call: usize, process: u32, since: Time) {
        let Some(instance) = self.dialler(call, process) else { return };
        if self.phones[call].placed > 0 {
            self.identify(instance, call);
            if self.phones[call].line == Line::Over {
                self.phone_ended(call, HangupCause::NoAnswer);
            }
        } else {
            self.look_again(call, process, since);
        }
    }

    /// The phone that we called was answered: Twilio asks what to do.
    pub(super) fn answered(&mut self, call: usize) {
        if self.phones[call].line != Line::Ringing {
            return;
        }
        self.picks_up(call);
        let id = self.phones[call].id;
        match self.holder(id) {
            Some(instance) if self.identify(instance, call) => self.after(50..600, Event::Open { call, epoch: 1, chain: 0 }),
            // Whoever asked Twilio for it is gone.
            _ => self.asks(call, 1),
        }
    }

    pub(super) fn unanswered(&mut self, call: usize, cause: HangupCause) {
        if self.phones[call].line == Line::Ringing {
            self.phones[call].line = Line::Over;
            self.phone_ended(call, cause);
        }
    }
}
