//! One instance: what the governor, the supervisor and the leases of a process decide with. A process dies; its spool does not.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use alpha_call::governor::{Breakers, Facts, ModelKey, Roster, Spent, dialing::Pace};
use alpha_call::types::{CallId, Epoch};

use super::logger::Logger;
use super::policy;
use super::spool::Spool;

pub struct Instance {
    pub spool: Spool,
    /// Processes so far.
    pub processes: u32,
    pub process: Option<Process>,
}

pub struct Process {
    pub number: u32,
    pub roster: Roster<Kept>,
    pub breakers: Breakers,
    pub pace: Pace,
    pub logger: Logger,
    pub is_draining: bool,
    /// Streams that are up.
    pub live: BTreeMap<CallId, (Epoch, usize)>,
    /// Calls that hold a slot, by a lease or by our own count; and those that are to give one back.
    pub held: BTreeSet<CallId>,
    pub owed: BTreeSet<CallId>,
    /// The database does not answer.
    pub is_cut_off: bool,
}

/// What is kept for a call as long as it is here.
pub struct Kept {
    pub call: usize,
    /// Epochs that other processes had: the roster here counts from there.
    pub base: u32,
}

pub fn primary() -> ModelKey {
    ModelKey::new("one", "m")
}

pub fn fallback() -> ModelKey {
    ModelKey::new("two", "m")
}

impl Instance {
    pub fn new() -> Self {
        Self { spool: Spool::default(), processes: 0, process: None }
    }

    /// `name`: of the process, as nobody else has it.
    pub fn start(&mut self, name: u32, room: usize, now: Instant) {
        self.processes += 1;
        self.process = Some(Process {
            number: name,
            roster: Roster::new(policy::ROSTER),
            breakers: Breakers::default(),
            pace: Pace::per_second(1),
            logger: Logger::new(&self.spool, room, now),
            is_draining: false,
            live: BTreeMap::new(),
            held: BTreeSet::new(),
            owed: BTreeSet::new(),
            is_cut_off: false,
        });
    }
}

impl Process {
    pub fn facts(&mut self, now: Instant, spent: u64, has_fallback: bool) -> Facts {
        let keys = if has_fallback { vec![primary(), fallback()] } else { vec![primary()] };
        Facts {
            calls: u32::try_from(self.roster.len()).unwrap_or(u32::MAX),
            cut_off: self.is_cut_off.then_some(2),
            draining: self.is_draining,
            overload: None,
            record_full: self.logger.batcher.is_crowded(),
            model_away: !self.breakers.admit(now, &keys),
            spent: Spent { all: spent, is_current: !self.is_cut_off, ..Spent::default() },
        }
    }

    pub fn has(&self, call: CallId) -> bool {
        self.roster.held(call).is_some()
    }

    /// The epoch as the roster here counts it.
    pub fn local(&self, call: CallId, epoch: Epoch) -> Epoch {
        Epoch::new(epoch.number().saturating_sub(self.base(call)))
    }

    pub fn global(&self, call: CallId, local: Epoch) -> Epoch {
        Epoch::new(local.number() + self.base(call))
    }

    fn base(&self, call: CallId) -> u32 {
        self.roster.held(call).map_or(0, |kept| kept.base)
    }
}
