//! Who takes a call on, and who goes on with it.

use std::collections::BTreeSet;

use alpha_call::governor::{AfterDial, Claim, DialOutcome, NextStep, Refusal, Request};
use alpha_call::session::event::Input;
use alpha_call::session::policy::History;
use alpha_call::store::{Joined, Row, StoredTurn};
use alpha_call::types::{CallId, Epoch, HangupCause};

use super::{Event, Tamper, World, unless};
use crate::agenda::Time;
use crate::database::Fault;
use crate::instance::{Instance, Kept, Process};
use crate::phone::Line;
use crate::rule::{Held, Rule, holds};
use crate::stream::{Brief, Stream};

/// After an outage, leases that ran out meanwhile may have been given to others: so long nothing is said about slots.
const UNSURE: Time = Time::from_secs(60);

impl World {
    pub(super) fn process(&mut self, instance: usize) -> Option<&mut Process> {
        self.instances[instance].process.as_mut()
    }

    /// Somebody who takes in new calls.
    pub(super) fn open_door(&mut self) -> Option<usize> {
        let first = self.some_instance();
        [first, 1 - first].into_iter().find(|i| self.process(*i).is_some_and(|process| !process.is_draining))
    }

    /// Whoever answers, in or on the way out.
    pub(super) fn any_door(&mut self) -> Option<usize> {
        let first = self.some_instance();
        [first, 1 - first].into_iter().find(|i| self.process(*i).is_some())
    }

    /// Who has the call; not somebody who leaves.
    pub(super) fn holder(&self, call: CallId) -> Option<usize> {
        let has = |i: &usize| self.instances[*i].process.as_ref().is_some_and(|p| p.has(call) && !p.is_draining);
        (0..self.instances.len()).find(has)
    }

    /// Grants the call and its slot, or refuses.
    pub(super) fn admit(&mut self, instance: usize, call: usize) -> Result<(), Refusal> {
        let (now, time, spent) = (self.now(), self.agenda.now(), self.spent);
        let phone = &self.phones[call];
        let (id, outbound, has_fallback) = (phone.id, phone.outbound, phone.policy.has_fallback);
        let Some(process) = self.instances[instance].process.as_mut() else { return Err(Refusal::Unavailable) };
        let facts = process.facts(now, spent, has_fallback);
        let to = super::dialing::callee();
        let request = if outbound { Request::Outbound { to: &to } } else { Request::Inbound { from: None } };
        alpha_call::governor::admit(&self.admission, &facts, &request)?;
        if outbound && self.database.is_away {
            return Err(Refusal::Unavailable);
        }
        if process.is_cut_off {
            self.beyond += 1;
            process.held.insert(id);
            self.coverage.saw("calls beyond the lease");
            return Ok(());
        }
        let number = process.number;
        match self.database.take_slot(time, id, number) {
            Ok(true) => {}
            Ok(false) => return Err(Refusal::AtCapacity),
            Err(_) if outbound => return Err(Refusal::Unavailable),
            Err(_) => {
                process.is_cut_off = true;
                self.beyond += 1;
            }
        }
        process.held.insert(id);
        Ok(())
    }

    /// While the database answers, and has for a while, there are never more calls than slots.
    pub(super) fn slots_hold(&self) -> Held {
        let recent = self.database.last_away.is_some_and(|at| self.agenda.now() < at + UNSURE);
        // Who leaves may still count what somebody else has taken over.
        let held: BTreeSet<CallId> =
            self.instances.iter().filter_map(|i| i.process.as_ref()).flat_map(|p| p.held.iter().copied()).collect();
        let calls = held.len();
        let full = self.database.slots_taken(self.agenda.now());
        let limit = self.weather.slots as usize;
        unless(
            holds(Rule::Slots, calls <= limit, || format!("{calls} calls hold {full} of {limit} slots: {held:?}")),
            recent || self.beyond > 0,
        )
    }

    pub(super) fn put_on_record(&mut self, instance: usize, call: usize) -> Held {
        let (id, sid) = (self.phones[call].id, self.phones[call].sid.clone());
        let Some(number) = self.process(instance).map(|process| process.number) else { return Ok(()) };
        let stored = self.database.create(id, number);
        let unsure = self.luck().fails(20);
        if stored.is_ok() && !unsure {
            return Ok(());
        }
        self.coverage.saw("calls created in the spool");
        self.log(instance, Row::Created(Box::new(super::dialing::new_call(id, sid))))
    }

    /// The phone opens a stream with its token.
    pub(super) fn open(&mut self, call: usize, epoch: u32, chain: u32) -> Held {
        let phone = &self.phones[call];
        let (id, now) = (phone.id, self.now());
        if phone.line != Line::Up || phone.stream.is_some() || phone.chain != chain {
            return Ok(());
        }
        let claimed = self.holder(id).filter(|instance| {
            let Some(process) = self.instances[*instance].process.as_mut() else { return false };
            let local = process.local(id, Epoch::new(epoch));
            matches!(process.roster.claim(now, id, local), Claim::Taken { .. })
        });
        let Some(instance) = claimed else {
            self.coverage.saw("streams refused");
            self.asks(call, epoch + 1);
            return Ok(());
        };
        let number = self.process(instance).map_or(0, |process| process.number);
        match self.database.claim(id, epoch, number) {
            Ok(true) => {}
            Ok(false) if self.database.calls.contains_key(&id) => {
                self.coverage.saw("streams fenced off");
                self.asks(call, epoch + 1);
                return Ok(());
            }
            // The token's signature and this instance's memory have to do.
            Ok(false) | Err(_) => {}
        }
        self.database.claimed(id, epoch)?;
        self.stream_begins(call, instance, epoch)
    }

    /// Somebody shows a token that was used, wherever.
    pub(super) fn replay(&mut self, call: usize, epoch: u32) -> Held {
        let (id, now) = (self.phones[call].id, self.now());
        // A claim that could not be put on record is known to whoever has the call alone.
        let known = self.database.calls.get(&id).is_some_and(|record| record.epoch >= epoch);
        let works = match self.any_door().filter(|_| known).map(|instance| &mut self.instances[instance]) {
            // Whoever leaves may not know that somebody else has taken the call over: the record does.
            Some(Instance { process: Some(process), .. }) if process.has(id) && !process.is_draining => {
                let local = process.local(id, Epoch::new(epoch));
                matches!(process.roster.claim(now, id, local), Claim::Taken { .. })
            }
            _ => false,
        };
        let again = self.tampers(Tamper::ClaimTwice) || (known && self.database.claim(id, epoch, 0).is_ok_and(|claimed| claimed));
        self.coverage.saw("tokens shown again");
        holds(Rule::Epoch, !works && !again, || format!("the token of epoch {epoch} works again"))
    }

    fn stream_begins(&mut self, call: usize, instance: usize, epoch: u32) -> Held {
        let (now, time, id) = (self.now(), self.agenda.now(), self.phones[call].id);
        let began = *self.phones[call].began.get_or_insert(time);
        let newest = std::mem::replace(&mut self.phones[call].epoch, epoch);
        holds(Rule::Epoch, epoch > newest, || format!("a stream of epoch {epoch} after one of {newest}"))?;
        let resumed = epoch > Epoch::FIRST.number();
        if resumed {
            self.haste(instance)?;
            self.coverage.saw("streams resumed");
        }
        let messages = if resumed { self.read_back(id) } else { Vec::new() };
        let history = History { messages, resumed, owes_answer: resumed, elapsed: time - began, ..History::default() };
        let policy = self.phones[call].policy.clone();
        let Some(process) = self.instances[instance].process.as_mut() else { return Ok(()) };
        let local = process.local(id, Epoch::new(epoch));
        let begun = process.roster.begin(id, local).is_some();
        holds(Rule::Epoch, begun, || format!("the stream of epoch {epoch} was claimed, and may not begin"))?;
        let stream = self.streams.len();
        process.live.insert(id, (Epoch::new(epoch), stream));
        let brief = Brief { call, id, epoch: Epoch::new(epoch), instance, process: process.number, policy, history, began };
        self.streams.push(Stream::new(brief, now));
        self.phones[call].joined(stream);
        self.foresee(stream);
        if self.luck().fails(80) {
            self.after(10..9_000, Event::Replay { call, epoch });
        }
        let sid = format!("MZ{stream:032x}").parse().expect("a sid");
        let joined = Joined { call: id, epoch: Epoch::new(epoch), stream: sid, at: chrono::DateTime::UNIX_EPOCH, owner: None };
        self.log(instance, Row::Connected(joined))?;
        let row = self.streams[stream].stream_row(None);
        self.keep(stream, row)?;
        self.drain(stream)
    }

    /// What was said, as the record has it.
    fn read_back(&mut self, id: CallId) -> Vec<alpha_call::session::policy::Message> {
        let Ok(rows) = self.database.turns(id) else {
            self.coverage.saw("resumed without a history");
            return Vec::new();
        };
        let stored = rows.into_iter().filter_map(|row| if let Row::Turn(turn) = row { StoredTurn::try_from(*turn).ok() } else { None });
        let mut turns: Vec<StoredTurn> = stored.collect();
        turns.sort_by_key(|stored| (stored.epoch, stored.turn.position, stored.turn.seq));
        turns.iter().filter_map(|stored| stored.turn.message()).collect()
    }

    /// Twilio asks what comes next.
    pub(super) fn ask(&mut self, call: usize, epoch: u32, chain: u32) -> Held {
        let phone = &self.phones[call];
        if phone.line != Line::Up || phone.stream.is_some() || phone.chain != chain {
            return Ok(());
        }
        let (id, now) = (phone.id, self.now());
        let Some(instance) = self.holder(id) else { return self.take_over(call, epoch) };
        let Some(process) = self.instances[instance].process.as_mut() else { return Ok(()) };
        let local = process.local(id, Epoch::new(epoch));
        let next = process.roster.resume(now, id, local);
        self.follow(call, instance, next)
    }

    fn follow(&mut self, call: usize, instance: usize, next: NextStep<Kept>) -> Held {
        let (id, chain) = (self.phones[call].id, self.phones[call].chain);
        let global = |world: &mut Self, local| world.process(instance).map_or(0, |process| process.global(id, local).number());
        match next {
            NextStep::Connect { epoch, retire } => {
                let epoch = global(self, epoch);
                if retire {
                    self.retire(instance, id)?;
                }
                self.after(50..500, Event::Open { call, epoch, chain });
            }
            NextStep::Dial { epoch, .. } => {
                self.coverage.saw("transfers dialled");
                let epoch = global(self, epoch);
                let outcome = self.chance.pick(&[DialOutcome::Spoke, DialOutcome::NotReached, DialOutcome::CallerGone]);
                self.after(1_000..15_000, Event::Dialled { call, epoch, chain, outcome });
            }
            NextStep::Lifeboat { ended, .. } => {
                self.coverage.saw("lifeboats");
                self.call_ended(instance, call, ended);
                self.after(1_000..4_000, Event::HangUp(call));
            }
            NextStep::Wait { epoch } => {
                let epoch = global(self, epoch);
                self.after(3_000..3_001, Event::Ask { call, epoch, chain });
            }
            NextStep::Hangup => self.after(10..200, Event::HangUp(call)),
        }
        Ok(())
    }

    /// A stream of ours that does not know that it is over.
    fn retire(&mut self, instance: usize, id: CallId) -> Held {
        self.coverage.saw("streams retired");
        let live = self.process(instance).and_then(|process| process.live.remove(&id));
        live.map_or(Ok(()), |(_, stream)| self.feed(stream, Input::HangupRequested(HangupCause::Superseded)))
    }

    pub(super) fn dialled(&mut self, call: usize, epoch: u32, chain: u32, outcome: DialOutcome) -> Held {
        let (id, now) = (self.phones[call].id, self.now());
        if self.phones[call].line != Line::Up || self.phones[call].chain != chain {
            return Ok(());
        }
        let Some(instance) = self.holder(id) else { return self.take_over(call, epoch) };
        let Some(process) = self.instances[instance].process.as_mut() else { return Ok(()) };
        let local = process.local(id, Epoch::new(epoch));
        match process.roster.dialled(now, id, local, outcome) {
            AfterDial::Ended(cause, _) => {
                self.call_ended(instance, call, cause);
                self.after(10..200, Event::HangUp(call));
                Ok(())
            }
            AfterDial::Failed { epoch } => {
                self.coverage.saw("transfers that failed");
                self.follow(call, instance, NextStep::Connect { epoch, retire: false })
            }
            AfterDial::Known(next) => self.follow(call, instance, next),
        }
    }

    /// Nobody here knows the call: its record does.
    fn take_over(&mut self, call: usize, epoch: u32) -> Held {
        let (id, chain) = (self.phones[call].id, self.phones[call].chain);
        let Some(instance) = self.open_door().filter(|_| !self.database.is_away) else {
            self.coverage.saw("questions put off");
            self.after(3_000..3_001, Event::Ask { call, epoch, chain });
            return Ok(());
        };
        let open = self.database.calls.get(&id).filter(|record| record.ended.is_none());
        let Some(epoch) = open.map(|record| epoch.max(record.epoch + 1)) else {
            self.after(10..200, Event::HangUp(call));
            return Ok(());
        };
        self.coverage.saw("calls taken over");
        self.adopt(instance, call, epoch);
        self.after(50..500, Event::Open { call, epoch, chain });
        Ok(())
    }

    fn adopt(&mut self, instance: usize, call: usize, epoch: u32) {
        let (now, time, id, sid) = (self.now(), self.agenda.now(), self.phones[call].id, self.phones[call].sid.clone());
        let Some(number) = self.process(instance).map(|process| process.number) else { return };
        // A call that lives does not compete with those that would.
        if !matches!(self.database.take_slot(time, id, number), Ok(true)) {
            self.beyond += 1;
        }
        let Some(process) = self.process(instance) else { return };
        process.held.insert(id);
        process.roster.expect(now, id, sid, Kept { call, base: epoch - 1 });
    }

    pub(super) fn away(&mut self, away: bool) {
        self.coverage.saw(if away { "outages" } else { "ends of outages" });
        self.database.is_away = away;
        self.database.last_away = Some(self.agenda.now());
    }

    pub(super) fn refused(refusal: &Refusal) -> &'static str {
        refusal.code().as_str()
    }

    /// An answer of the database that may be lost though what was asked is done.
    pub(super) fn unsure<T>(&mut self, answer: Result<T, Fault>) -> Result<T, Fault> {
        if self.luck().fails(30) { answer.and(Err(Fault::Away)) } else { answer }
    }
}
