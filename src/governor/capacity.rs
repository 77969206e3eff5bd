//! How many at once.

use std::fmt;

/// What a slot is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SlotKind {
    /// A call, with one model connection.
    Call,
    /// A model connection beside those: for calls to come, or to take the place of one that ends.
    Spare,
}

impl SlotKind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Spare => "spare",
        }
    }
}

impl fmt::Display for SlotKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A limit on what may be held at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    limit: u32,
}

impl Capacity {
    #[must_use]
    pub const fn new(limit: u32) -> Self {
        Self { limit }
    }

    /// Calls, and spare model connections. A call has a model connection for as long as it lives, so that none has to be
    /// counted while somebody waits on the phone.
    #[must_use]
    pub fn of(max_calls: u32, max_models: u32) -> (Self, Self) {
        let calls = max_calls.min(max_models);
        (Self::new(calls), Self::new(max_models - calls))
    }

    #[must_use]
    pub const fn limit(self) -> u32 {
        self.limit
    }

    #[must_use]
    pub const fn has_room(self, used: u32) -> bool {
        used < self.limit
    }

    /// What is left to one of so many instances that cannot ask each other. One at least, for a caller is on the line; all
    /// of it, if no other was ever heard of.
    #[must_use]
    pub fn share(self, instances: u32) -> Self {
        Self::new((self.limit / instances.max(1)).clamp(self.limit.min(1), self.limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_has_a_model_connection_and_the_rest_are_spare() {
        assert_eq!(Capacity::of(10, 20), (Capacity::new(10), Capacity::new(10)));
        assert_eq!(Capacity::of(10, 4), (Capacity::new(4), Capacity::new(0)));
    }

    #[test]
    fn the_shares_of_all_instances_are_the_limit_at_most_while_there_is_one_for_each() {
        for limit in 0..100 {
            for instances in 1..=limit.max(1) {
                assert!(Capacity::new(limit).share(instances).limit() * instances <= limit);
            }
        }
        assert_eq!(Capacity::new(2).share(5).limit(), 1);
        assert_eq!(Capacity::new(7).share(0).limit(), 7);
    }
}
