//! How many at once.

use std::fmt;

/// What a slot is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SlotKind {
    Call,
    Model,
}

impl SlotKind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Model => "model",
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

    #[must_use]
    pub const fn limit(self) -> u32 {
        self.limit
    }

    #[must_use]
    pub const fn left(self, used: u32) -> u32 {
        self.limit.saturating_sub(used)
    }

    #[must_use]
    pub const fn has_room(self, used: u32) -> bool {
        used < self.limit
    }
}
