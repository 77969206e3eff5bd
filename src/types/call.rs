//! What a call is and how it went.

use std::time::Duration;

use super::word::words;

words! {
    /// Who called whom.
    Direction {
        Inbound = "inbound",
        Outbound = "outbound",
    }
}

words! {
    /// The coarse status; Twilio's own word is kept beside it.
    CallStatus {
        Initiated = "initiated",
        Connected = "connected",
        Completed = "completed",
        Failed = "failed",
    }
}

words! {
    /// Why a call, or one stream of it, ended.
    HangupCause {
        /// Twilio said `stop`, or a status callback said `completed`.
        CallerHungUp = "caller_hung_up",
        /// The assistant ended the call after its goodbye was heard.
        AssistantEnded = "assistant_ended",
        /// The call was handed over to somebody else.
        Transferred = "transferred",
        /// A machine picked up; it was left a message, or hung up on.
        Voicemail = "voicemail",
        /// Nobody is there at this hour, and the caller was told so.
        OutsideHours = "outside_hours",
        /// Nobody spoke, also after being asked.
        CallerIdle = "caller_idle",
        /// `MAX_CALL_SECONDS` are over.
        MaxDuration = "max_duration",
        /// It has cost what a call may, and the caller was told goodbye.
        OverBudget = "over_budget",
        /// An operator asked for it.
        Requested = "requested",
        /// The model cannot be reached, or refuses our configuration.
        ModelUnavailable = "model_unavailable",
        /// The phone stream broke off; the call itself may be alive.
        StreamLost = "stream_lost",
        /// The socket is open, but no media came for too long; the call may be alive.
        MediaSilent = "media_silent",
        /// The peer broke the stream protocol too often.
        ProtocolViolation = "protocol_violation",
        /// The call's actor could not be kept alive; the call itself may be.
        ActorFailed = "actor_failed",
        /// This instance is shutting down; the call goes on elsewhere.
        Drained = "drained",
        /// The stream was closed before the platform would have cut it; the call goes on with another.
        Rotated = "rotated",
        /// A newer stream of the same call took over.
        Superseded = "superseded",
        /// The phone was never answered.
        NoAnswer = "no_answer",
        Busy = "busy",
        Canceled = "canceled",
        /// Twilio would not, or could not, place the call.
        CarrierFailed = "carrier_failed",
        /// The caller's stream never came.
        NeverConnected = "never_connected",
    }
}

/// What the phone call does once a stream of it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuation {
    /// The call is over.
    End,
    /// A new stream takes the call on.
    Resume,
    /// Another phone is rung, and takes the call; if it does not, a new stream does.
    Transfer,
    /// Apologise, hand over to a human if there is one, and hang up.
    Lifeboat,
}

impl HangupCause {
    #[must_use]
    pub const fn continuation(self) -> Continuation {
        match self {
            Self::StreamLost | Self::MediaSilent | Self::ActorFailed | Self::Drained | Self::Rotated | Self::ProtocolViolation => {
                Continuation::Resume
            }
            Self::ModelUnavailable => Continuation::Lifeboat,
            Self::Transferred => Continuation::Transfer,
            Self::CallerHungUp
            | Self::AssistantEnded
            | Self::Voicemail
            | Self::OutsideHours
            | Self::CallerIdle
            | Self::MaxDuration
            | Self::OverBudget
            | Self::Requested
            | Self::Superseded
            | Self::NoAnswer
            | Self::Busy
            | Self::Canceled
            | Self::CarrierFailed
            | Self::NeverConnected => Continuation::End,
        }
    }

    /// We wanted the stream to end, and the call to go on.
    #[must_use]
    pub const fn is_planned(self) -> bool {
        matches!(self, Self::Drained | Self::Rotated)
    }

    /// The coarse status of a call that ended for this cause.
    #[must_use]
    pub const fn status(self) -> CallStatus {
        match self {
            Self::CallerHungUp
            | Self::AssistantEnded
            | Self::Transferred
            | Self::Voicemail
            | Self::OutsideHours
            | Self::CallerIdle
            | Self::MaxDuration
            | Self::OverBudget
            | Self::Requested
            | Self::Superseded => CallStatus::Completed,
            Self::ModelUnavailable
            | Self::StreamLost
            | Self::MediaSilent
            | Self::ProtocolViolation
            | Self::ActorFailed
            | Self::Drained
            | Self::Rotated
            | Self::NoAnswer
            | Self::Busy
            | Self::Canceled
            | Self::CarrierFailed
            | Self::NeverConnected => CallStatus::Failed,
        }
    }
}

/// Twilio bills begun minutes whole: <https://help.twilio.com/articles/223132307>
#[must_use]
pub fn billed_minutes(time: Duration) -> u64 {
    u64::try_from(time.as_millis().div_ceil(60_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_a_word_that_leads_back_to_it() {
        for cause in HangupCause::ALL {
            assert_eq!(HangupCause::from_word(cause.as_str()), Some(*cause));
        }
    }
}
