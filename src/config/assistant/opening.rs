//! How a call begins.

use std::time::Duration;

use crate::config::reader::Reader;
use crate::config::word::words;
use crate::types::Direction;

#[derive(Clone, Debug)]
pub struct OpeningSettings {
    /// None: where we call and detect machines.
    wait_for_human: Option<bool>,
    /// Speech starts after this long a silence all the same.
    pub human_wait: Duration,
    /// None: where we call.
    protected: Option<bool>,
    /// Twilio tells whether a human or a machine picked up the phone that we called.
    pub machine_detection: bool,
    /// Left on an answering machine; empty to hang up on it.
    pub voicemail: String,
}

words! {
    /// Which calls begin with the disclosure.
    Disclose {
        #[default]
        Outbound = "outbound",
        All = "all",
        None = "none",
    }
}

impl OpeningSettings {
    pub(super) fn read(reader: &mut Reader<'_>, known: &[&str]) -> Self {
        Self {
            wait_for_human: reader.choice("assistant.opening.wait_for_human"),
            human_wait: reader.millis("assistant.opening.human_wait_ms", 500..=60_000),
            protected: reader.choice("assistant.opening.protected"),
            machine_detection: reader.boolean("assistant.opening.machine_detection"),
            voicemail: reader.template("assistant.opening.voicemail", known),
        }
    }

    /// Whether nothing is said before somebody has answered.
    #[must_use]
    pub fn waits(&self, direction: Direction) -> bool {
        self.wait_for_human.unwrap_or_else(|| direction == Direction::Outbound && self.machine_detection)
    }

    /// Whether the greeting cannot be interrupted.
    #[must_use]
    pub fn protects(&self, direction: Direction) -> bool {
        self.protected.unwrap_or(direction == Direction::Outbound)
    }
}

impl Disclose {
    #[must_use]
    pub const fn covers(self, direction: Direction) -> bool {
        match (self, direction) {
            (Self::All, Direction::Inbound | Direction::Outbound) | (Self::Outbound, Direction::Outbound) => true,
            (Self::Outbound, Direction::Inbound) | (Self::None, Direction::Inbound | Direction::Outbound) => false,
        }
    }
}
