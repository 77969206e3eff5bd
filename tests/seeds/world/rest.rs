//! How a world ends: nothing is left over.

use std::time::Duration;

use super::{Event, World};
use crate::agenda::Time;
use crate::phone::Line;
use crate::rule::{Held, Rule, broken, holds};

/// Leases of the dead are over after this time.
const LEASES: Duration = Duration::from_secs(31);
/// A world that is not at rest by then never will be.
const LATEST: Time = Time::from_secs(400);

impl World {
    pub(super) fn census(&mut self) {
        let calm = self.unfinished().is_none();
        let now = self.agenda.now();
        let rested = calm && self.at_peace_since().is_some_and(|since| now - since >= LEASES);
        if rested || now > LATEST {
            self.done = true;
        } else {
            self.peace = if calm { self.peace.or(Some(now)) } else { None };
            self.agenda.after(Duration::from_secs(3), Event::Census);
        }
    }

    const fn at_peace_since(&self) -> Option<Time> {
        self.peace
    }

    fn unfinished(&self) -> Option<String> {
        let line = self.phones.iter().position(|phone| matches!(phone.line, Line::Up | Line::Ringing));
        let stream = self.streams.iter().position(|stream| !stream.is_gone);
        let call = self.database.calls.iter().find(|(_, record)| record.ended.is_none());
        let busy = |i: &crate::instance::Instance| {
            let logged = |b: &alpha_call::store::Batcher| b.waiting() == 0 && b.backlog() == 0;
            let idle = |p: &crate::instance::Process| logged(&p.logger.batcher) && p.roster.is_empty() && p.owed.is_empty();
            !i.process.as_ref().is_some_and(idle)
        };
        let instance = self.instances.iter().position(busy);
        let left = (line, stream, call.map(|(id, _)| *id), instance);
        (left != (None, None, None, None)).then(|| format!("(phone, stream, call, instance) {left:?}"))
    }

    pub(super) fn unrest(&self) -> String {
        let process = |i: &crate::instance::Instance| {
            i.process.as_ref().map(|p| (p.logger.batcher.waiting(), p.roster.len(), p.owed.len(), p.is_draining, i.spool.bounds()))
        };
        let instances: Vec<_> = self.instances.iter().map(process).collect();
        format!("after {} things at {:?}: {:?}, {instances:?}", self.steps, self.agenda.now(), self.unfinished())
    }

    pub(super) fn is_at_rest(&mut self) -> Held {
        if let Some(open) = self.database.calls.iter().find(|(_, record)| record.ended.is_none()) {
            return broken(Rule::Terminal, format!("{} never ended: {:?}; {:?}", open.0, open.1, self.unfinished()));
        }
        holds(Rule::Rest, self.unfinished().is_none(), || self.unrest())?;
        let taken = self.database.slots_taken(self.agenda.now());
        holds(Rule::Slots, taken == 0, || format!("{taken} slots are still taken"))?;
        let began: Vec<_> = self.phones.iter().filter(|phone| phone.began.is_some()).map(|phone| phone.id).collect();
        for id in began {
            let known = self.database.calls.get(&id).is_some_and(|record| record.ended.is_some());
            holds(Rule::Terminal, known, || format!("{id} has no row"))?;
        }
        self.instances.iter().try_for_each(|instance| instance.spool.is_settled(&self.database))?;
        self.sum_up();
        Ok(())
    }

    fn sum_up(&mut self) {
        if self.database.dead_letters() > 0 {
            self.coverage.saw("worlds with dead letters");
        }
        self.coverage.saw("worlds");
        self.coverage.many("things that happened", self.steps);
        let (calls, streams, models) = (self.database.calls.len() as u64, self.streams.len() as u64, self.models.len() as u64);
        self.coverage.many("calls", calls);
        self.coverage.many("streams", streams);
        self.coverage.many("model sessions", models);
    }
}
