//! The logger of one instance: the product's batcher, with a spool and a database that fail.

use std::time::Instant;

use alpha_call::store::{BatchPolicy, Batcher, Order, Row};

use super::agenda::Time;
use super::coverage::Coverage;
use super::database::{Database, Fault};
use super::luck::Luck;
use super::rule::{Held, Rule, holds};
use super::spool::Spool;

/// Rows that are kept without the question whether there is room: beginnings and ends of calls, and of streams.
const KEPT: usize = 24;

/// Small, so that bounds are met.
const fn policy(room: usize) -> BatchPolicy {
    BatchPolicy {
        room,
        commit_rows: 8,
        commit_age: Time::from_millis(20),
        ship_rows: 12,
        ship_age: Time::from_millis(100),
        first_retry: Time::from_millis(100),
        last_retry: Time::from_secs(5),
    }
}

pub struct Logger {
    pub batcher: Batcher,
    room: usize,
    /// Which order an answer must belong to: those given before a panic are not heard of any more.
    pub life: u32,
    /// When the batcher is to be polled next, if that is known.
    pub armed: Option<Time>,
}

/// An order on its way, to be carried out when it arrives.
#[derive(Clone, Debug)]
pub struct Errand {
    pub life: u32,
    pub order: Order,
}

/// How it went.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    Committed { newest: u64, nearly_full: bool },
    NotCommitted,
    Done { rows: usize, gone: u64 },
    Refused { rows: usize },
    Failed,
}

impl Logger {
    pub fn new(spool: &Spool, room: usize, now: Instant) -> Self {
        let (gone, newest) = spool.bounds();
        Self { batcher: Batcher::new(policy(room), gone, newest, now), room, life: 0, armed: None }
    }

    /// Hands a row over, or gives it back.
    pub fn log(&mut self, row: Row, now: Instant, coverage: &mut Coverage) -> Result<(), Row> {
        if !self.batcher.has_room() {
            coverage.saw("rows given back");
            return Err(row);
        }
        if self.batcher.push(row, now).is_none() {
            coverage.saw("rows done without");
        }
        Ok(())
    }

    pub fn orders(&mut self, now: Instant) -> Result<Vec<Errand>, super::rule::Broken> {
        let life = self.life;
        let orders: Vec<Errand> = std::iter::from_fn(|| self.batcher.poll(now)).take(9).map(|order| Errand { life, order }).collect();
        holds(Rule::BusyLoop, orders.len() <= 2, || format!("{} orders at once", orders.len()))?;
        self.is_bounded()?;
        Ok(orders)
    }

    /// What comes at once with no question asked is a group, and the end of a call.
    fn is_bounded(&self) -> Held {
        let waiting = self.batcher.waiting();
        holds(Rule::Room, waiting <= self.room + KEPT, || format!("{waiting} rows wait for the spool"))
    }

    pub fn told(&mut self, answer: Answer, now: Instant) {
        match answer {
            Answer::Committed { newest, nearly_full } => self.batcher.committed(newest, nearly_full, now),
            Answer::NotCommitted => self.batcher.not_committed(now),
            Answer::Done { rows, gone } => self.batcher.shipped(rows, gone, now),
            Answer::Refused { rows } => self.batcher.refused(rows, now),
            Answer::Failed => self.batcher.not_shipped(now),
        }
    }

    /// It died of a bug: the queue is kept, and what was ordered is ordered again.
    pub fn restarted(&mut self, now: Instant) {
        self.life += 1;
        self.batcher.forget_orders(now);
    }
}

/// The order arrives, at the spool of this number or at the database.
pub fn carry_out(
    order: Order,
    number: usize,
    spool: &mut Spool,
    database: &mut Database,
    luck: &mut Luck<'_>,
    saw: &mut Coverage,
) -> Answer {
    match order {
        Order::Commit(_) if luck.fails(30) => {
            saw.saw("spool failures");
            Answer::NotCommitted
        }
        Order::Commit(rows) => {
            let newest = spool.append(rows);
            Answer::Committed { newest, nearly_full: luck.fails(20) }
        }
        Order::Ship(limit) => ship(limit, spool, database, luck, saw),
        Order::Bury => bury(number, spool, database, saw),
    }
}

fn ship(limit: usize, spool: &mut Spool, database: &mut Database, luck: &mut Luck<'_>, saw: &mut Coverage) -> Answer {
    let head = spool.head(limit);
    let Some(gone) = head.last().map(|(place, _)| *place) else { return Answer::Done { rows: 0, gone: spool.bounds().1 } };
    let rows: Vec<Row> = head.into_iter().map(|(_, row)| row).collect();
    match database.write(&rows) {
        Ok(()) if luck.fails(30) => {
            saw.saw("ambiguous commits");
            Answer::Failed
        }
        Ok(()) => {
            spool.remove(gone);
            Answer::Done { rows: rows.len(), gone }
        }
        Err(Fault::OfARow) => {
            saw.saw("refused batches");
            Answer::Refused { rows: rows.len() }
        }
        Err(Fault::Away) => {
            saw.saw("failed shipments");
            Answer::Failed
        }
    }
}

fn bury(number: usize, spool: &mut Spool, database: &mut Database, saw: &mut Coverage) -> Answer {
    let Some((place, row)) = spool.head(1).pop() else { return Answer::Done { rows: 1, gone: spool.bounds().1 } };
    let kept = match database.write(std::slice::from_ref(&row)) {
        Ok(()) => Ok(()),
        Err(Fault::Away) => Err(Fault::Away),
        Err(Fault::OfARow) => database.bury(number, place, &row).inspect(|()| saw.saw("bisected rows")),
    };
    if kept.is_err() {
        return Answer::Failed;
    }
    spool.remove(place);
    Answer::Done { rows: 1, gone: place }
}
