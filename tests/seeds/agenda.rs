//! What happens when: virtual time, and whatever is due in it. Of what is due at once, what was put down first comes first.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::Duration;

/// Since the world began.
pub type Time = Duration;

pub struct Agenda<E> {
    now: Time,
    put_down: u64,
    due: BinaryHeap<Due<E>>,
}

struct Due<E> {
    at: Time,
    number: u64,
    event: E,
}

impl<E> Agenda<E> {
    pub fn new() -> Self {
        Self { now: Time::ZERO, put_down: 0, due: BinaryHeap::new() }
    }

    pub fn now(&self) -> Time {
        self.now
    }

    pub fn at(&mut self, at: Time, event: E) {
        self.put_down += 1;
        self.due.push(Due { at: at.max(self.now), number: self.put_down, event });
    }

    pub fn after(&mut self, wait: Duration, event: E) {
        self.at(self.now + wait, event);
    }

    /// The next thing that happens; time goes on to it.
    pub fn next(&mut self) -> Option<E> {
        let due = self.due.pop()?;
        self.now = due.at;
        Some(due.event)
    }
}

impl<E> Ord for Due<E> {
    /// A heap gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl<E> PartialOrd for Due<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> PartialEq for Due<E> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<E> Eq for Due<E> {}

/// A way on which nothing overtakes anything: TCP. What is sent later never comes earlier.
#[derive(Default)]
pub struct Wire {
    last: Time,
}

impl Wire {
    /// When something arrives that would take so long by itself.
    pub fn arrival(&mut self, now: Time, latency: Duration) -> Time {
        self.last = self.last.max(now + latency);
        self.last
    }

    /// Nothing arrives before then.
    pub fn stall(&mut self, until: Time) {
        self.last = self.last.max(until);
    }
}
