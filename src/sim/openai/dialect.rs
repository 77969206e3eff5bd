//! Other vendors that answer in this protocol, and what they do otherwise; a client that takes one for another is told.
//!
//! <https://learn.microsoft.com/azure/ai-foundry/openai/how-to/realtime-audio-websockets>,
//! <https://docs.x.ai/docs/guides/voice/agent>

use serde::Deserialize;
use serde_json::{Value, json};

use super::config;

/// Whose model is simulated.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    #[default]
    OpenAi,
    Azure,
    Xai,
}

impl Dialect {
    /// The word of the engine's setting.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Azure => "azure",
            Self::Xai => "xai",
        }
    }

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::OpenAi | Self::Xai => "/v1/realtime",
            Self::Azure => "/openai/v1/realtime",
        }
    }

    /// The header with the key, and what stands before it.
    pub(super) const fn key_header(self) -> (&'static str, &'static str) {
        match self {
            Self::OpenAi | Self::Xai => ("authorization", "Bearer "),
            Self::Azure => ("api-key", ""),
        }
    }

    /// Whether a client is sent away by an answer in HTTP, or is let in and told so there.
    pub(super) const fn refuses_upgrades(self) -> bool {
        match self {
            Self::OpenAi | Self::Xai => false,
            Self::Azure => true,
        }
    }

    pub(super) const fn is_flat(self) -> bool {
        match self {
            Self::OpenAi | Self::Azure => false,
            Self::Xai => true,
        }
    }

    /// Whether partial transcripts come as deltas, or each as if it were the last.
    pub(super) const fn sends_transcript_deltas(self) -> bool {
        !self.is_flat()
    }

    /// The name of a client event that this vendor knows.
    pub(super) fn knows(self, kind: &str) -> bool {
        !(self.is_flat() && matches!(kind, "conversation.item.truncate" | "conversation.item.retrieve"))
    }

    /// What a server event is called here; none for one that is never sent.
    pub(super) fn name_of(self, kind: &str) -> Option<&str> {
        if !self.is_flat() {
            return Some(kind);
        }
        match kind {
            "conversation.item.done"
            | "conversation.item.input_audio_transcription.delta"
            | "conversation.item.input_audio_transcription.failed"
            | "rate_limits.updated" => None,
            "response.output_text.delta" => Some("response.text.delta"),
            "response.output_text.done" => Some("response.text.done"),
            kind => Some(kind),
        }
    }

    /// A new session of OpenAI's, as it is here: speech is always written down by xAI.
    pub(super) fn begin(self, mut session: Value) -> Value {
        if self.is_flat() {
            let detection = json!({
                "type": "server_vad", "threshold": 0.85, "prefix_padding_ms": 333, "silence_duration_ms": 500,
                "create_response": true, "interrupt_response": true,
            });
            for (place, value) in [
                ("/audio/input/transcription", json!({})),
                ("/audio/input/turn_detection", detection),
                ("/audio/output/voice", json!("eve")),
            ] {
                if let Some(found) = session.pointer_mut(place) {
                    *found = value;
                }
            }
        }
        session
    }

    /// Changes as they are told here, in OpenAI's shape.
    pub(super) fn nested(self, mut changes: Value) -> Value {
        let Some(fields) = changes.as_object_mut().filter(|_| self.is_flat()) else { return changes };
        let (voice, detection) = (fields.remove("voice"), fields.remove("turn_detection"));
        for (side, key, value) in [("output", "voice", voice), ("input", "turn_detection", detection)] {
            if let Some(value) = value {
                config::merge(&mut changes, &json!({"audio": {side: {key: value}}}));
            }
        }
        changes
    }

    /// A session in OpenAI's shape, as it is shown here.
    pub(super) fn shown(self, session: &Value) -> Value {
        if !self.is_flat() {
            return session.clone();
        }
        let of = |place: &str| session.pointer(place).cloned().unwrap_or_default();
        json!({
            "id": of("/id"), "object": of("/object"), "model": of("/model"), "instructions": of("/instructions"), "tools": of("/tools"),
            "voice": of("/audio/output/voice"), "turn_detection": of("/audio/input/turn_detection"),
            "audio": {"input": {"format": of("/audio/input/format")}, "output": {"format": of("/audio/output/format")}},
        })
    }
}
