//! What those who watch are told of.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::word::words;
use super::{CallStatus, InvalidId};

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

/// The name of an event: its position, which no other event of the database has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(u64);

impl EventId {
    const PREFIX: &str = "evt_";

    #[must_use]
    pub const fn new(position: u64) -> Self {
        Self(position)
    }

    #[must_use]
    pub const fn position(self) -> u64 {
        self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Self::PREFIX, self.0)
    }
}

impl FromStr for EventId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let position = text.strip_prefix(Self::PREFIX).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        position.and_then(|digits| digits.parse().ok()).map(Self).ok_or(InvalidId("event id"))
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_from_its_text_and_from_no_other() {
        assert_eq!("evt_17".parse(), Ok(EventId::new(17)));
        assert_eq!(EventId::new(17).to_string(), "evt_17");
        for wrong in ["", "17", "evt_", "evt_-1", "evt_+1", "evt_1x", "EVT_1", "evt_99999999999999999999"] {
            assert!(wrong.parse::<EventId>().is_err(), "{wrong}");
        }
    }
}
