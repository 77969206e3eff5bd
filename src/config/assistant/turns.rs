//! When the caller's turn is over, and what interrupts the assistant.

use std::time::Duration;

use crate::config::reader::Reader;
use crate::config::word::words;

/// Turn detection by the model's server. <https://developers.openai.com/api/docs/guides/realtime-vad>
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turns {
    pub detection: Detection,
    /// 0 to 1; of `server`, as the next two are.
    pub threshold: f64,
    pub prefix_padding_ms: u32,
    pub silence_ms: u32,
    /// Of `semantic`.
    pub eagerness: EagernessWord,
    /// Speech has to last this long to interrupt the assistant; zero: any speech does.
    pub min_speech: Duration,
}

words! {
    Detection {
        /// By loudness.
        #[default]
        Server = "server",
        /// By what was said.
        Semantic = "semantic",
    }
}

words! {
    /// How soon a pause is taken for the end of a turn.
    EagernessWord {
        Low = "low",
        Medium = "medium",
        High = "high",
        #[default]
        Auto = "auto",
    }
}

impl Turns {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            detection: reader.word("assistant.turns.type"),
            threshold: reader.number("assistant.turns.threshold", 0.0..=1.0),
            prefix_padding_ms: reader.number("assistant.turns.prefix_padding_ms", 0..=5000),
            silence_ms: reader.number("assistant.turns.silence_ms", 100..=10_000),
            eagerness: reader.word("assistant.turns.eagerness"),
            min_speech: reader.millis("assistant.barge_in.min_speech_ms", 0..=5000),
        }
    }
}
