//! What a session is told at birth: who it is, how it behaves, what was said before.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::event::{Seed, SeedContent};
use crate::types::{PhoneNumber, Redacted};

/// The assistant of a call as the model is told of it, with every variable filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    pub model: String,
    pub voice: String,
    /// 0.25 to 1.5; none for the vendor's default.
    pub speed: Option<f32>,
    pub instructions: String,
    /// ISO 639-1, a hint for the transcription.
    pub language: Option<String>,
    pub transcription_model: Option<String>,
    pub turn_detection: TurnDetection,
    pub noise_reduction: Option<NoiseReduction>,
    /// Of reasoning models alone.
    pub reasoning: Option<ReasoningEffort>,
    pub max_output_tokens: u32,
    pub tools: Vec<Tool>,
    pub remote_tools: Vec<McpServer>,
}

/// Turn detection by the model's server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TurnDetection {
    /// By loudness.
    Server { threshold: f32, prefix_padding_ms: u32, silence_duration_ms: u32 },
    /// By what was said.
    Semantic(Eagerness),
}

impl TurnDetection {
    /// Milliseconds of silence that the server has heard when it reports the end of a turn, where that is known.
    #[must_use]
    pub const fn known_silence_ms(&self) -> u32 {
        match self {
            Self::Server { silence_duration_ms, .. } => *silence_duration_ms,
            Self::Semantic(_) => 0,
        }
    }

    /// Milliseconds of silence after which a turn is certainly over.
    /// <https://developers.openai.com/api/docs/guides/realtime-vad>
    #[must_use]
    pub const fn silence_ms(&self) -> u32 {
        match self {
            Self::Server { silence_duration_ms, .. } => *silence_duration_ms,
            Self::Semantic(Eagerness::Low) => 8_000,
            Self::Semantic(Eagerness::Medium | Eagerness::Auto) => 4_000,
            Self::Semantic(Eagerness::High) => 2_000,
        }
    }
}

/// How soon the model takes a pause for the end of a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Eagerness {
    Low,
    Medium,
    High,
    #[default]
    Auto,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoiseReduction {
    NearField,
    FarField,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasoningEffort {
    Minimal,
    Low,
    Medium,
    High,
    ExtraHigh,
}

/// What the model may ask for. How it is done is known outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    pub name: String,
    pub description: String,
    /// The arguments' schema, JSON text.
    pub parameters: String,
}

/// A server whose tools the model's server uses by itself. <https://developers.openai.com/api/docs/guides/realtime-mcp>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct McpServer {
    pub label: String,
    pub url: String,
    pub authorization: Option<Redacted<String>>,
    /// None for all of them.
    pub allowed_tools: Option<Vec<String>>,
}

/// Something that we say ourselves: its words, and how they sound if that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    pub text: Redacted<String>,
    /// Mu-law. None: the model has to say it.
    pub audio: Option<Bytes>,
}

impl Phrase {
    /// What the model is told so that it says these words.
    #[must_use]
    pub fn instruction(text: &str) -> String {
        format!("Say exactly this and nothing else: \"{text}\"")
    }
}

/// How a call begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// Said first; none for an assistant that waits for the caller.
    pub greeting: Option<Phrase>,
    /// Nothing is said before somebody has answered: a human by detection, a voice, or this long a silence.
    pub human_wait: Option<Duration>,
    /// The first words that are heard are a human's: there is no detection that could tell.
    pub first_words: bool,
    /// Cannot be interrupted: the caller is heard once it was said.
    pub protected: bool,
    /// The greeting is all there is to say: hang up after it.
    pub closed: bool,
    /// Left on an answering machine; none to hang up on it.
    pub voicemail: Option<Phrase>,
}

/// What is said when an answer takes long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patience {
    /// From the end of the caller's turn, or the call of a tool.
    pub filler_after: Duration,
    pub filler: Option<Phrase>,
    /// The answer is asked for again.
    pub retry_after: Duration,
    /// The model is given up.
    pub apology_after: Duration,
    pub apology: Option<Phrase>,
}

/// What a key of the caller does, beside being told to the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyAction {
    Transfer(PhoneNumber),
    /// The tool of this name is used, without arguments.
    Use(String),
    HangUp,
}

/// How a session behaves.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionPolicy {
    pub profile: Arc<Profile>,
    pub opening: Opening,
    pub patience: Patience,
    pub keys: BTreeMap<char, KeyAction>,
    /// Speech has to last this long to interrupt the assistant; zero: any speech does.
    pub min_speech: Duration,
    /// Speech without an end for this long ends without the server.
    pub max_turn: Duration,
    /// A tool that has not answered after this long is answered for.
    pub tool_timeout: Duration,
    /// Of one call.
    pub max_tool_calls: u32,
    /// The longest that a caller is left on hold.
    pub max_hold: Duration,
    /// How far what was sent may run ahead of what was heard.
    pub lead: Duration,
    /// What one item may hold back here: `max_output_tokens` bound it.
    pub max_queued_ms: u64,
    /// A mark that is this late, after its audio must have ended, counts as reached.
    pub mark_grace: Duration,
    /// Caller audio kept while no model listens.
    pub ring_ms: u64,
    /// Silence is made up for a caller whose media stops for this long in mid-speech.
    pub gap: Duration,
    /// A stream without media for this long is dead.
    pub media_silence: Duration,
    /// The longest that a caller waits for a model to be had at all.
    pub model_wait: Duration,
    /// A model that owes us an answer for this long is dead.
    pub model_silence: Duration,
    /// A caller who is silent for this long is asked, then told goodbye.
    pub idle: Duration,
    pub max_duration: Duration,
    /// So long before that, the caller is told.
    pub end_warning: Duration,
    /// A model session is replaced so long before it expires.
    pub renew_before: Duration,
    /// A stream is replaced by another after so long; never if there is no need to.
    pub max_stream: Option<Duration>,
    /// There is a second endpoint to turn to.
    pub has_fallback: bool,
    /// The longest wait for a goodbye to be heard.
    pub goodbye: Duration,
    /// Model sessions a call may lose, and the pause before the second try and later ones.
    pub max_reconnects: u32,
    pub reconnect_pause: Duration,
}

/// What is known of a call before this session of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    pub messages: Vec<Message>,
    /// The call is under way: no greeting.
    pub resumed: bool,
    /// An answer of ours was cut off: the first thing to do is to go on with it.
    pub owes_answer: bool,
    /// Since the call's first stream began.
    pub elapsed: Duration,
    pub next_seq: u32,
    pub generation: u32,
}

/// Something that was said, as it was heard, or done by a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message(pub SeedContent);

impl Message {
    pub(super) fn seed(&self, number: usize) -> Seed {
        Seed { item: format!("seed_{number}").into(), content: self.0.clone() }
    }
}
