//! Rows that may be late: what a call leaves behind while it runs.

use chrono::{DateTime, Utc};

use crate::session::event::Turn;
use crate::types::{CallId, Epoch};

/// A row on its way to the database, at least once.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// A turn of the stream `epoch`, as it stood `at`.
    Turn { call: CallId, epoch: Epoch, turn: Turn, at: DateTime<Utc> },
    /// Milliseconds until the caller first heard something.
    FirstAudio { call: CallId, ms: u64 },
}

/// What makes two rows the same row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowKey {
    Turn(CallId, Epoch, u32),
    FirstAudio(CallId),
}

impl Row {
    #[must_use]
    pub const fn key(&self) -> RowKey {
        match self {
            Self::Turn { call, epoch, turn, .. } => RowKey::Turn(*call, *epoch, turn.seq),
            Self::FirstAudio { call, .. } => RowKey::FirstAudio(*call),
        }
    }

    /// The higher one of two rows with one key is the newer. What cannot change stays as it came first.
    #[must_use]
    pub const fn revision(&self) -> u32 {
        match self {
            Self::Turn { turn, .. } => turn.revision,
            Self::FirstAudio { .. } => 0,
        }
    }
}
