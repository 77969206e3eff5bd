//! The database, as far as the rules of `store` go: the newest revision stays, a call ends once, an epoch is claimed once,
//! a slot has one holder. Away at times; and at times it does what it is asked, and the answer is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use alpha_call::store::{Row, RowKey};
use alpha_call::types::{CallId, Epoch, HangupCause};

use super::agenda::Time;
use super::rule::{Held, Rule, holds};

const LEASE: Duration = Duration::from_secs(30);

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was done, or nobody knows.
    Away,
    /// One of the rows is not to be had.
    OfARow,
}

#[derive(Debug, Default)]
pub struct Record {
    /// It was asked for or came in, and is no row of a stranger.
    pub epoch: u32,
    pub owner: u32,
    pub ended: Option<HangupCause>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    call: CallId,
    holder: u32,
    expires: Time,
}

pub struct Database {
    pub is_away: bool,
    /// When it was last away, or is.
    pub last_away: Option<Time>,
    /// One turn in so many is poison, by its own face.
    poison: u64,
    pub calls: BTreeMap<CallId, Record>,
    rows: BTreeMap<RowKey, Row>,
    /// By the spool and the place that they had there.
    dead_letters: BTreeMap<(usize, u64), (RowKey, i64)>,
    slots: Vec<Option<Slot>>,
    /// (call, epoch) pairs that were claimed.
    claims: BTreeSet<(CallId, u32)>,
}

impl Database {
    pub fn new(slots: usize, poison: u64) -> Self {
        Self {
            is_away: false,
            last_away: None,
            poison,
            calls: BTreeMap::new(),
            rows: BTreeMap::new(),
            dead_letters: BTreeMap::new(),
            slots: vec![None; slots],
            claims: BTreeSet::new(),
        }
    }

    fn here(&self) -> Result<(), Fault> {
        if self.is_away { Err(Fault::Away) } else { Ok(()) }
    }

    /// All of the rows or none.
    pub fn write(&mut self, rows: &[Row]) -> Result<(), Fault> {
        self.here()?;
        if rows.iter().any(|row| self.is_poison(row)) {
            return Err(Fault::OfARow);
        }
        let mut newest: BTreeMap<RowKey, &Row> = BTreeMap::new();
        for row in rows {
            if newest.get(&row.key()).is_none_or(|known| known.revision() < row.revision()) {
                newest.insert(row.key(), row);
            }
        }
        newest.into_iter().for_each(|(key, row)| self.store(key, row));
        Ok(())
    }

    pub fn is_poison(&self, row: &Row) -> bool {
        let Row::Turn(turn) = row else { return false };
        let face = turn.seq * 7 + turn.epoch * 31 + turn.call_id.bytes().map(i64::from).sum::<i64>();
        self.poison > 0 && face.unsigned_abs().is_multiple_of(self.poison)
    }

    fn store(&mut self, key: RowKey, row: &Row) {
        match row {
            Row::Created(call) => drop(self.calls.entry(call.id).or_default()),
            Row::Ended(end) => drop(self.end(end.id, end.cause)),
            Row::Connected(joined) => self.connect(joined.call, joined.epoch),
            _ => {}
        }
        if self.rows.get(&key).is_none_or(|known| known.revision() < row.revision()) {
            self.rows.insert(key, row.clone());
        }
    }

    fn connect(&mut self, call: CallId, epoch: Epoch) {
        if let Some(record) = self.calls.get_mut(&call).filter(|record| record.ended.is_none() && record.epoch <= epoch.number()) {
            record.epoch = epoch.number();
        }
    }

    /// False for a row of which nothing more is known.
    fn end(&mut self, call: CallId, cause: HangupCause) -> bool {
        let open = self.calls.get_mut(&call).filter(|record| record.ended.is_none());
        open.map(|record| record.ended = Some(cause)).is_some()
    }

    pub fn create(&mut self, call: CallId, owner: u32) -> Result<(), Fault> {
        self.here()?;
        self.calls.entry(call).or_default().owner = owner;
        Ok(())
    }

    pub fn finish(&mut self, call: CallId, cause: HangupCause) -> Result<bool, Fault> {
        self.here()?;
        Ok(self.end(call, cause))
    }

    /// The stream of this epoch is the one that may change the call.
    pub fn claim(&mut self, call: CallId, epoch: u32, owner: u32) -> Result<bool, Fault> {
        self.here()?;
        let Some(record) = self.calls.get_mut(&call).filter(|record| record.epoch < epoch) else { return Ok(false) };
        (record.epoch, record.owner) = (epoch, owner);
        Ok(true)
    }

    /// A claim took effect.
    pub fn claimed(&mut self, call: CallId, epoch: u32) -> Held {
        let newest = self.claims.range((call, 0)..=(call, u32::MAX)).next_back().map(|(_, epoch)| *epoch);
        holds(Rule::Epoch, newest.is_none_or(|newest| newest < epoch), || format!("epoch {epoch} of {call} after {newest:?}"))?;
        self.claims.insert((call, epoch));
        Ok(())
    }

    pub fn bury(&mut self, spool: usize, place: u64, row: &Row) -> Result<(), Fault> {
        self.here()?;
        self.dead_letters.insert((spool, place), (row.key(), row.revision()));
        Ok(())
    }

    pub fn turns(&self, call: CallId) -> Result<Vec<Row>, Fault> {
        self.here()?;
        let name = call.to_string();
        let of_call = |row: &&Row| matches!(row, Row::Turn(turn) if turn.call_id == name);
        let turns = self.rows.range(RowKey::Turn(name.clone(), i64::MIN, i64::MIN)..).map(|(_, row)| row);
        Ok(turns.take_while(of_call).cloned().collect())
    }

    pub fn has(&self, key: &RowKey, revision: i64) -> bool {
        self.rows.get(key).is_some_and(|row| row.revision() >= revision)
    }

    pub fn buried(&self, key: &RowKey, revision: i64) -> usize {
        self.dead_letters.values().filter(|(dead, at)| (dead, *at) == (key, revision)).count()
    }

    pub fn dead_letters(&self) -> usize {
        self.dead_letters.len()
    }
}

impl Database {
    /// A slot of the call's own is its slot, whoever held it.
    pub fn take_slot(&mut self, now: Time, call: CallId, holder: u32) -> Result<bool, Fault> {
        self.here()?;
        let own = self.slots.iter().position(|slot| slot.is_some_and(|slot| slot.call == call));
        let free = || self.slots.iter().position(|slot| slot.is_none_or(|slot| slot.expires < now));
        let Some(place) = own.or_else(free) else { return Ok(false) };
        self.slots[place] = Some(Slot { call, holder, expires: now + LEASE });
        Ok(true)
    }

    pub fn release_slot(&mut self, call: CallId, holder: u32) -> Result<(), Fault> {
        self.here()?;
        for slot in &mut self.slots {
            *slot = slot.take_if(|slot| (slot.call, slot.holder) != (call, holder));
        }
        Ok(())
    }

    /// Those of these calls that still have their slot.
    pub fn renew_slots(&mut self, now: Time, calls: &BTreeSet<CallId>, holder: u32) -> Result<BTreeSet<CallId>, Fault> {
        self.here()?;
        let mut kept = BTreeSet::new();
        for slot in self.slots.iter_mut().flatten().filter(|slot| slot.holder == holder && calls.contains(&slot.call)) {
            slot.expires = now + LEASE;
            kept.insert(slot.call);
        }
        Ok(kept)
    }

    pub fn has_lease(&self, now: Time, call: CallId) -> bool {
        self.slots.iter().flatten().any(|slot| slot.call == call && slot.expires >= now)
    }

    pub fn slots_taken(&self, now: Time) -> usize {
        self.slots.iter().flatten().filter(|slot| slot.expires >= now).count()
    }
}
