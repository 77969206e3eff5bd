//! Chance, and how much of it is bad.

use std::ops::Range;
use std::time::Duration;

use super::chance::Chance;

pub struct Luck<'a> {
    chance: &'a mut Chance,
    /// In percent of what is usual; none once the world is to come to rest.
    bad: u64,
}

impl<'a> Luck<'a> {
    pub fn new(chance: &'a mut Chance, bad: u64) -> Self {
        Self { chance, bad }
    }

    /// Something goes wrong, so often in a thousand.
    pub fn fails(&mut self, permille: u64) -> bool {
        self.chance.below(100_000) < permille * self.bad
    }

    pub fn ms(&mut self, range: Range<u64>) -> Duration {
        self.chance.ms(range)
    }

    pub fn percent(&mut self, percent: u64) -> bool {
        self.chance.percent(percent)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.chance.below(limit)
    }

    pub fn within(&mut self, range: Range<u64>) -> u64 {
        self.chance.within(range)
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        self.chance.pick(from)
    }
}
