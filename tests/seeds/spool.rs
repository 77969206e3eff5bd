//! The spool of one machine: what is in it outlives processes. It remembers all that it ever acknowledged.

use std::collections::{BTreeMap, VecDeque};

use alpha_call::store::{Row, RowKey};

use super::database::Database;
use super::rule::{Held, Rule, holds};

#[derive(Default)]
pub struct Spool {
    rows: VecDeque<(u64, Row)>,
    next: u64,
    /// How often each revision was committed; more than once only where nobody knew whether it was.
    acknowledged: BTreeMap<(RowKey, i64), usize>,
}

impl Spool {
    /// All of them, or none; the place of the last.
    pub fn append(&mut self, rows: Vec<Row>) -> u64 {
        for row in rows {
            self.next += 1;
            *self.acknowledged.entry((row.key(), row.revision())).or_default() += 1;
            self.rows.push_back((self.next, row));
        }
        self.next
    }

    pub fn head(&self, limit: usize) -> Vec<(u64, Row)> {
        self.rows.iter().take(limit).cloned().collect()
    }

    pub fn remove(&mut self, through: u64) {
        while self.rows.front().is_some_and(|(place, _)| *place <= through) {
            self.rows.pop_front();
        }
    }

    /// The place before the oldest row, and of the newest.
    pub fn bounds(&self) -> (u64, u64) {
        (self.rows.front().map_or(self.next, |(place, _)| place - 1), self.next)
    }

    /// Nothing that was acknowledged is lost, and nothing is a dead letter more often than it was committed. What was
    /// committed again after a panic of the logger may lie here until the next row comes.
    pub fn is_settled(&self, database: &Database) -> Held {
        for ((key, revision), times) in &self.acknowledged {
            let (stored, buried) = (database.has(key, *revision), database.buried(key, *revision));
            holds(Rule::Acknowledged, stored || buried > 0, || format!("revision {revision} of {key:?} is lost"))?;
            holds(Rule::Acknowledged, buried <= *times, || format!("revision {revision} of {key:?} is buried {buried} times"))?;
        }
        Ok(())
    }
}
