//! What a session is told at birth: who it is, how it behaves, what was said before.

use std::sync::Arc;
use std::time::Duration;

use super::event::{Seed, Speaker};
use crate::types::Redacted;

/// The assistant of a call, with every variable filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    pub model: String,
    pub voice: String,
    pub instructions: String,
    /// Spoken first; none for an assistant that waits for the caller.
    pub greeting: Option<String>,
    /// ISO 639-1, a hint for the transcription.
    pub language: Option<String>,
    pub transcription_model: Option<String>,
    pub vad: ServerVad,
    pub max_output_tokens: u32,
    pub tools: Vec<Tool>,
}

/// Turn detection by the model's server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServerVad {
    pub threshold: f32,
    pub prefix_padding_ms: u32,
    pub silence_duration_ms: u32,
}

/// What the model may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// Hang up once the goodbye was heard.
    EndCall,
}

impl Tool {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EndCall => "end_call",
        }
    }
}

/// How a session behaves.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionPolicy {
    pub profile: Arc<Profile>,
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

/// Something that was said, as it was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub speaker: Speaker,
    pub text: Redacted<String>,
}

impl Message {
    pub(super) fn seed(&self, number: usize) -> Seed {
        Seed { item: format!("seed_{number}").into(), speaker: self.speaker, text: self.text.clone() }
    }
}
