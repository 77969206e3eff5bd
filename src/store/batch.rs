//! The way of rows, decided: when they go into the spool, when from there to the database, and what becomes of those
//! that it will not take. No clock, no disk, no database.
//!
//! `push` what comes; `poll` until there is no more order; carry each order out and tell how it went; `poll_timeout` says
//! when to poll again. One commit and one shipment are out at a time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::row::{Row, RowClass};

/// How rows are gathered, and how long a failure waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchPolicy {
    /// Rows that may wait for the spool.
    pub room: usize,
    /// A commit to the spool takes so many rows at most, and waits so long for company.
    pub commit_rows: usize,
    pub commit_age: Duration,
    /// A shipment to the database likewise.
    pub ship_rows: usize,
    pub ship_age: Duration,
    /// The first wait after a failure; each further one is twice as long.
    pub first_retry: Duration,
    pub last_retry: Duration,
}

impl Default for BatchPolicy {
    fn default() -> Self {
        Self {
            room: 8_192,
            commit_rows: 256,
            commit_age: Duration::from_millis(20),
            ship_rows: 500,
            ship_age: Duration::from_millis(100),
            first_retry: Duration::from_millis(100),
            last_retry: Duration::from_secs(5),
        }
    }
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Into the spool, all or none; then `committed` or `not_committed`.
    Commit(Vec<Row>),
    /// So many of the oldest rows of the spool into the database, and out of the spool; then `shipped`, `refused` or `not_shipped`.
    Ship(usize),
    /// The oldest row of the spool among the dead letters, and out of the spool; then `shipped` or `not_shipped`.
    Bury,
}

/// A place in the line of all rows that were ever pushed.
pub type Ticket = u64;

#[derive(Debug)]
pub struct Batcher {
    policy: BatchPolicy,
    queue: VecDeque<(Instant, Row)>,
    committing: Option<Vec<(Instant, Row)>>,
    commit_wait: Wait,
    /// Rows pushed so far, and those of them that are in the spool.
    pushed: Ticket,
    committed: Ticket,
    /// Places in the spool: of its newest row, and of the newest that has left it.
    newest: u64,
    gone: u64,
    shipping: bool,
    ship_wait: Wait,
    /// When the rows of the spool are old enough.
    ship_at: Option<Instant>,
    /// So many of the oldest rows hold one that the database refuses.
    suspects: Option<usize>,
    nearly_full: bool,
    hurry: bool,
}

impl Batcher {
    /// With what an earlier process left in the spool: the places before its first row, and of its newest.
    #[must_use]
    pub fn new(policy: BatchPolicy, gone: u64, newest: u64, now: Instant) -> Self {
        Self {
            policy,
            queue: VecDeque::new(),
            committing: None,
            commit_wait: Wait::default(),
            pushed: 0,
            committed: 0,
            newest,
            gone,
            shipping: false,
            ship_wait: Wait::default(),
            ship_at: (newest > gone).then_some(now),
            suspects: None,
            nearly_full: false,
            hurry: false,
        }
    }

    /// Takes a row over; one that can be done without only while there is plenty of room. Who brings rows looks at `has_room`.
    pub fn push(&mut self, row: Row, now: Instant) -> Option<Ticket> {
        if row.class() == RowClass::Droppable && (self.nearly_full || self.is_crowded()) {
            return None;
        }
        self.queue.push_back((now, row));
        self.pushed += 1;
        Some(self.pushed)
    }

    /// What is due. Poll until there is nothing.
    pub fn poll(&mut self, now: Instant) -> Option<Order> {
        self.commit(now).or_else(|| self.ship(now))
    }

    /// When to poll next. May lie in the past: then at once.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.commit_at().into_iter().chain(self.next_shipment()).min()
    }

    fn commit(&mut self, now: Instant) -> Option<Order> {
        self.commit_at().filter(|at| *at <= now)?;
        let count = self.queue.len().min(self.policy.commit_rows);
        let group: Vec<_> = self.queue.drain(..count).collect();
        let rows = group.iter().map(|(_, row)| row.clone()).collect();
        self.committing = Some(group);
        Some(Order::Commit(rows))
    }

    fn commit_at(&self) -> Option<Instant> {
        if self.committing.is_some() {
            return None;
        }
        let (oldest, _) = self.queue.front()?;
        let full = self.hurry || self.queue.len() >= self.policy.commit_rows;
        let due = if full { *oldest } else { *oldest + self.policy.commit_age };
        Some(self.commit_wait.not_before(due))
    }

    fn ship(&mut self, now: Instant) -> Option<Order> {
        self.next_shipment().filter(|at| *at <= now)?;
        self.shipping = true;
        Some(match self.suspects {
            Some(1) => Order::Bury,
            Some(suspects) => Order::Ship(suspects / 2),
            None => Order::Ship(self.policy.ship_rows),
        })
    }

    fn next_shipment(&self) -> Option<Instant> {
        if self.shipping || self.backlog() == 0 {
            return None;
        }
        Some(self.ship_wait.not_before(self.ship_at?))
    }

    /// The rows of the last `Commit` are in the spool, the last of them at this place; `nearly_full` tells of the spool.
    pub fn committed(&mut self, newest: u64, nearly_full: bool, now: Instant) {
        let Some(group) = self.committing.take() else { return };
        self.committed += group.len() as u64;
        self.newest = self.newest.max(newest);
        self.nearly_full = nearly_full;
        self.commit_wait.succeeded();
        let full = self.hurry || self.backlog() >= self.policy.ship_rows as u64;
        let due = if full { now } else { now + self.policy.ship_age };
        self.ship_at = Some(self.ship_at.map_or(due, |at| at.min(due)));
    }

    /// The spool did not take them: they are tried again.
    pub fn not_committed(&mut self, now: Instant) {
        if self.take_back() {
            self.commit_wait.failed(&self.policy, now);
        }
    }

    /// The last shipment or burial is done: everything up to this place has left the spool.
    pub fn shipped(&mut self, rows: usize, gone: u64, now: Instant) {
        if !std::mem::take(&mut self.shipping) {
            return;
        }
        self.gone = self.gone.max(gone);
        self.suspects = self.suspects.and_then(|suspects| suspects.checked_sub(rows)).filter(|left| *left > 0);
        self.ship_wait.succeeded();
        // What was there already has waited long enough.
        self.ship_at = (self.backlog() > 0).then_some(now);
        self.hurry &= self.backlog() > 0 || self.waiting() > 0;
    }

    /// The database will not take one of these rows, of which there were so many: it is looked for by halves.
    pub fn refused(&mut self, rows: usize, now: Instant) {
        if std::mem::take(&mut self.shipping) {
            self.suspects = Some(rows.max(1));
            self.ship_at = Some(now);
        }
    }

    /// The database is away: again later.
    pub fn not_shipped(&mut self, now: Instant) {
        if std::mem::take(&mut self.shipping) {
            self.ship_wait.failed(&self.policy, now);
        }
    }

    /// Nobody will tell how the orders that are out went: they are given again.
    pub fn forget_orders(&mut self, now: Instant) {
        self.take_back();
        self.shipping = false;
        self.ship_at = Some(now);
    }

    fn take_back(&mut self) -> bool {
        let Some(group) = self.committing.take() else { return false };
        for row in group.into_iter().rev() {
            self.queue.push_front(row);
        }
        true
    }

    /// Somebody waits: nothing waits for company until all is gone.
    pub fn make_haste(&mut self, now: Instant) {
        self.hurry = true;
        self.ship_at = Some(now);
    }

    /// The ticket of the last row pushed.
    #[must_use]
    pub const fn last_ticket(&self) -> Ticket {
        self.pushed
    }

    /// Is the row of this ticket in the spool?
    #[must_use]
    pub const fn is_committed(&self, ticket: Ticket) -> bool {
        ticket <= self.committed
    }

    /// The place in the spool behind which everything has come that is committed.
    #[must_use]
    pub const fn newest(&self) -> u64 {
        self.newest
    }

    /// Has everything up to this place reached the database?
    #[must_use]
    pub const fn is_shipped(&self, place: u64) -> bool {
        place <= self.gone
    }

    /// Rows that wait for the spool.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len() + self.committing.as_ref().map_or(0, Vec::len)
    }

    /// Rows in the spool, or a few more: a row that was committed twice counts twice.
    #[must_use]
    pub const fn backlog(&self) -> u64 {
        self.newest.saturating_sub(self.gone)
    }

    /// May more rows be brought?
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.waiting() < self.policy.room
    }

    /// Is there so little room left that no further call should begin?
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        self.waiting() >= self.policy.room / 2
    }
}

/// The pause after failures.
#[derive(Clone, Copy, Debug, Default)]
struct Wait {
    until: Option<Instant>,
    failures: u32,
}

impl Wait {
    fn not_before(&self, due: Instant) -> Instant {
        self.until.map_or(due, |until| until.max(due))
    }

    const fn succeeded(&mut self) {
        *self = Self { until: None, failures: 0 };
    }

    fn failed(&mut self, policy: &BatchPolicy, now: Instant) {
        let doubled = 2_u32.checked_pow(self.failures).and_then(|times| policy.first_retry.checked_mul(times));
        self.until = Some(now + doubled.unwrap_or(policy.last_retry).min(policy.last_retry));
        self.failures = self.failures.saturating_add(1);
    }
}

#[cfg(test)]
mod tests;
