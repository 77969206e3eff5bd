//! What those who watch are told of.

use super::CallStatus;
use super::word::words;

words! {
    /// What happened in a call.
    EventKind {
        /// It was asked for, or came in.
        Initiated = "call.initiated",
        /// Its first stream is up.
        Connected = "call.connected",
        /// Something was said, or is known better than before.
        Turn = "call.turn",
        Completed = "call.completed",
        /// It was refused, never answered, or ended by a fault.
        Failed = "call.failed",
    }
}

impl EventKind {
    /// What an end with this status is called.
    #[must_use]
    pub const fn of_end(status: CallStatus) -> Self {
        match status {
            CallStatus::Completed => Self::Completed,
            CallStatus::Initiated | CallStatus::Connected | CallStatus::Failed => Self::Failed,
        }
    }
}
