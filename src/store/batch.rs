//! Rows become batches: enough of them, or old enough, and one batch on its way at a time. No clock, no database.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::row::{Row, RowKey};

/// When a batch goes out, and how long a failed one waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchPolicy {
    pub max_rows: usize,
    /// How long a row waits for company.
    pub max_age: Duration,
    /// The first wait after a failure; each further one is twice as long.
    pub first_retry: Duration,
    pub last_retry: Duration,
}

impl Default for BatchPolicy {
    fn default() -> Self {
        Self {
            max_rows: 500,
            max_age: Duration::from_millis(200),
            first_retry: Duration::from_millis(100),
            last_retry: Duration::from_secs(10),
        }
    }
}

/// A queue of rows, where a newer revision takes the place of an older one, in front of one batch.
///
/// `push` what comes; `poll` at `poll_timeout`; tell of each batch that it is `done` or `failed`.
pub struct Batcher {
    policy: BatchPolicy,
    queue: VecDeque<(Instant, Row)>,
    /// Where a key stands, counted from the first row there ever was.
    places: HashMap<RowKey, u64>,
    /// How many rows have left the queue.
    left: u64,
    flight: Flight,
    failures: u32,
}

enum Flight {
    None,
    Out(Vec<Row>),
    Waiting { batch: Vec<Row>, until: Instant },
}

impl Batcher {
    #[must_use]
    pub fn new(policy: BatchPolicy) -> Self {
        Self { policy, queue: VecDeque::new(), places: HashMap::new(), left: 0, flight: Flight::None, failures: 0 }
    }

    /// Takes a row over. Of two with one key the higher revision stays, in the place of the first.
    pub fn push(&mut self, row: Row, now: Instant) {
        match self.places.entry(row.key()) {
            Entry::Occupied(place) => {
                let place = usize::try_from(place.get() - self.left).unwrap_or(usize::MAX);
                if let Some((_, known)) = self.queue.get_mut(place).filter(|(_, known)| known.revision() < row.revision()) {
                    *known = row;
                }
            }
            Entry::Vacant(place) => {
                place.insert(self.left + self.queue.len() as u64);
                self.queue.push_back((now, row));
            }
        }
    }

    /// A batch to write now, if one is due. The next one comes after `done`; after `failed` it is this one again.
    pub fn poll(&mut self, now: Instant) -> Option<Vec<Row>> {
        if self.poll_timeout()? > now {
            return None;
        }
        let batch = match std::mem::replace(&mut self.flight, Flight::None) {
            Flight::Waiting { batch, .. } => batch,
            Flight::None | Flight::Out(_) => self.take(),
        };
        self.flight = Flight::Out(batch.clone());
        Some(batch)
    }

    /// When to poll next; none while a batch is out, or nothing is queued. May lie in the past: then at once.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.flight {
            Flight::Out(_) => None,
            Flight::Waiting { until, .. } => Some(*until),
            Flight::None => {
                let (oldest, _) = self.queue.front()?;
                let full = self.queue.len() >= self.policy.max_rows;
                Some(if full { *oldest } else { *oldest + self.policy.max_age })
            }
        }
    }

    /// The batch that is out is stored.
    pub fn done(&mut self) {
        if let Flight::Out(_) = self.flight {
            self.flight = Flight::None;
            self.failures = 0;
        }
    }

    /// The batch that is out is not stored, and is to be tried again, later each time.
    pub fn failed(&mut self, now: Instant) {
        match std::mem::replace(&mut self.flight, Flight::None) {
            Flight::Out(batch) => {
                self.flight = Flight::Waiting { batch, until: now + self.retry_after() };
                self.failures = self.failures.saturating_add(1);
            }
            other @ (Flight::None | Flight::Waiting { .. }) => self.flight = other,
        }
    }

    /// Rows that are not known to be stored.
    #[must_use]
    pub fn len(&self) -> usize {
        let flying = match &self.flight {
            Flight::None => 0,
            Flight::Out(batch) | Flight::Waiting { batch, .. } => batch.len(),
        };
        self.queue.len() + flying
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn take(&mut self) -> Vec<Row> {
        let count = self.queue.len().min(self.policy.max_rows);
        self.left += count as u64;
        let rows: Vec<Row> = self.queue.drain(..count).map(|(_, row)| row).collect();
        for row in &rows {
            self.places.remove(&row.key());
        }
        rows
    }

    fn retry_after(&self) -> Duration {
        let doubled = 2u32.checked_pow(self.failures).and_then(|times| self.policy.first_retry.checked_mul(times));
        doubled.unwrap_or(self.policy.last_retry).min(self.policy.last_retry)
    }
}

impl Default for Batcher {
    fn default() -> Self {
        Self::new(BatchPolicy::default())
    }
}

#[cfg(test)]
mod tests;
