//! The steps of a caller as a scenario file has them.

use std::time::Duration;

use serde::Deserialize;

use super::{ModelFault, Step};
use crate::sim::stage::saying;

/// A step of the caller; milliseconds by default.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum StepLine {
    WaitForSpeech {
        #[serde(default = "soon")]
        within_ms: u64,
    },
    WaitForSilence {
        #[serde(default = "quiet")]
        quiet_ms: u64,
        #[serde(default = "patient")]
        within_ms: u64,
    },
    /// The other side begins to speak, and comes to an end.
    HearOut {
        #[serde(default = "quiet")]
        quiet_ms: u64,
        #[serde(default = "patient")]
        within_ms: u64,
    },
    /// A clip's name, or any words.
    Say(String),
    BargeIn {
        after_ms: u64,
        say: String,
    },
    Digits(String),
    /// Milliseconds.
    Pause(u64),
    HangUp {},
    AwaitHangup {
        #[serde(default = "patient")]
        within_ms: u64,
    },
    FallSilent {},
    DropSocket {},
    GoMute {},
    GoDeaf {},
    ModelFault(FaultLine),
}

const fn soon() -> u64 {
    15_000
}

const fn quiet() -> u64 {
    900
}

const fn patient() -> u64 {
    60_000
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum FaultLine {
    Kill {},
    KillAfterAudio(u64),
    Close(u16),
    RefuseConnects(u32),
    Stall(bool),
    Mute(bool),
    FailNextResponse(String),
    LimitRate(u64),
    Expire(u64),
}

impl StepLine {
    /// What the caller does for it.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        let ms = Duration::from_millis;
        let one = match self {
            Self::WaitForSpeech { within_ms } => Step::WaitForSpeech { within: ms(*within_ms) },
            Self::WaitForSilence { quiet_ms, within_ms } => Step::WaitForSilence { quiet: ms(*quiet_ms), within: ms(*within_ms) },
            Self::HearOut { quiet_ms, within_ms } => {
                let silence = Step::WaitForSilence { quiet: ms(*quiet_ms), within: ms(*within_ms) };
                return vec![Step::WaitForSpeech { within: ms(*within_ms) }, silence];
            }
            Self::Say(text) => Step::Say(saying(text)),
            Self::BargeIn { after_ms, say } => Step::BargeIn { after: ms(*after_ms), say: saying(say) },
            Self::Digits(digits) => Step::Digits(digits.clone()),
            Self::Pause(length) => Step::Pause(ms(*length)),
            Self::HangUp {} => Step::HangUp,
            Self::AwaitHangup { within_ms } => Step::AwaitHangup { within: ms(*within_ms) },
            Self::FallSilent {} => Step::FallSilent,
            Self::DropSocket {} => Step::DropSocket,
            Self::GoMute {} => Step::GoMute,
            Self::GoDeaf {} => Step::GoDeaf,
            Self::ModelFault(fault) => Step::Fault(fault.fault()),
        };
        vec![one]
    }
}

impl FaultLine {
    fn fault(&self) -> ModelFault {
        let ms = Duration::from_millis;
        match self {
            Self::Kill {} => ModelFault::Kill,
            Self::KillAfterAudio(sent) => ModelFault::KillAfterAudio(ms(*sent)),
            Self::Close(code) => ModelFault::Close(*code),
            Self::RefuseConnects(count) => ModelFault::RefuseConnects(*count),
            Self::Stall(on) => ModelFault::Stall(*on),
            Self::Mute(on) => ModelFault::Mute(*on),
            Self::FailNextResponse(code) => ModelFault::FailNextResponse(code.clone()),
            Self::LimitRate(reset) => ModelFault::LimitRate(ms(*reset)),
            Self::Expire(after) => ModelFault::Expire(ms(*after)),
        }
    }
}
