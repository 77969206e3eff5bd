//! Twilio's own words for where a call stands.

use std::fmt;

use crate::types::HangupCause;

/// <https://www.twilio.com/docs/voice/api/call-resource#call-status-values>, and `initiated` of the callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CarrierStatus {
    Queued,
    Initiated,
    Ringing,
    InProgress,
    Completed,
    Busy,
    Failed,
    NoAnswer,
    Canceled,
}

impl CarrierStatus {
    pub const ALL: &'static [Self] = &[
        Self::Queued,
        Self::Initiated,
        Self::Ringing,
        Self::InProgress,
        Self::Completed,
        Self::Busy,
        Self::Failed,
        Self::NoAnswer,
        Self::Canceled,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Initiated => "initiated",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::NoAnswer => "no-answer",
            Self::Canceled => "canceled",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|s| s.as_str() == word)
    }

    /// How far the call has come. Callbacks arrive in any order: one of a lower rank is late, and the first end stands.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Initiated => 1,
            Self::Ringing => 2,
            Self::InProgress => 3,
            Self::Completed | Self::Busy | Self::Failed | Self::NoAnswer | Self::Canceled => 4,
        }
    }

    #[must_use]
    pub const fn is_terminal(self) -> bool {
        self.hangup_cause().is_some()
    }

    /// Why the call ended, if it did.
    #[must_use]
    pub const fn hangup_cause(self) -> Option<HangupCause> {
        match self {
            Self::Queued | Self::Initiated | Self::Ringing | Self::InProgress => None,
            Self::Completed => Some(HangupCause::CallerHungUp),
            Self::Busy => Some(HangupCause::Busy),
            Self::Failed => Some(HangupCause::CarrierFailed),
            Self::NoAnswer => Some(HangupCause::NoAnswer),
            Self::Canceled => Some(HangupCause::Canceled),
        }
    }
}

impl fmt::Display for CarrierStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_a_word_that_leads_back_to_it() {
        for status in CarrierStatus::ALL {
            assert_eq!(CarrierStatus::from_word(status.as_str()), Some(*status));
        }
        assert_eq!(CarrierStatus::from_word("COMPLETED"), None);
    }

    #[test]
    fn a_status_that_ends_the_call_outranks_every_other() {
        let (ended, open): (Vec<CarrierStatus>, Vec<_>) = CarrierStatus::ALL.iter().partition(|s| s.is_terminal());

        assert_eq!((open.len(), ended.len()), (4, 5));
        assert!(open.is_sorted_by(|a, b| a.rank() < b.rank()));
        assert!(ended.iter().all(|e| open.iter().all(|o| o.rank() < e.rank())));
    }

    #[test]
    fn each_end_has_its_cause() {
        let causes: Vec<_> = CarrierStatus::ALL.iter().filter_map(|s| s.hangup_cause()).map(HangupCause::as_str).collect();

        assert_eq!(causes, ["caller_hung_up", "busy", "carrier_failed", "no_answer", "canceled"]);
    }
}
