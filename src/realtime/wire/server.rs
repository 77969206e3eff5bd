//! Messages from OpenAI. <https://developers.openai.com/api/docs/guides/realtime-conversations>
//!
//! Every field is optional: real sessions show nulls where the schema requires a value, and new fields at any time.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// Text that points into the message, unless an escape in it forced a copy.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Text<'a> {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn into_string(self) -> String {
        self.0.into_owned()
    }
}

/// What every message has.
#[derive(Debug, Deserialize)]
pub struct Head<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Option<Text<'a>>,
}

/// `session.created`.
#[derive(Debug, Default, Deserialize)]
pub struct SessionCreated {
    pub session: Option<NewSession>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct NewSession {
    /// Seconds of the Unix epoch.
    pub expires_at: Option<i64>,
}

/// `rate_limits.updated`.
#[derive(Debug, Default, Deserialize)]
pub struct RateLimits {
    pub rate_limits: Option<Vec<RateLimit>>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct RateLimit {
    pub reset_seconds: Option<f64>,
}

/// `session.updated`.
#[derive(Debug, Deserialize)]
pub struct SessionUpdated<'a> {
    #[serde(borrow)]
    pub session: Option<Session<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct Session<'a> {
    #[serde(borrow)]
    pub audio: Option<Audio<'a>>,
    /// Where the configuration is flat.
    #[serde(borrow)]
    pub input_audio_format: Option<Format<'a>>,
    #[serde(borrow)]
    pub output_audio_format: Option<Format<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct Audio<'a> {
    #[serde(borrow)]
    pub input: Option<Direction<'a>>,
    #[serde(borrow)]
    pub output: Option<Direction<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct Direction<'a> {
    #[serde(borrow)]
    pub format: Option<Format<'a>>,
}

/// An object in GA, a word before.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Format<'a> {
    Object {
        #[serde(borrow, rename = "type")]
        kind: Option<Text<'a>>,
    },
    Word(#[serde(borrow)] Text<'a>),
}

impl Format<'_> {
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Object { kind } => kind.as_ref().map(Text::as_str),
            Self::Word(word) => Some(word.as_str()),
        }
    }
}

/// `input_audio_buffer.*` and `…input_audio_transcription.*`: something about an item of the caller's.
#[derive(Debug, Deserialize)]
pub struct CallerItem<'a> {
    #[serde(borrow)]
    pub item_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub previous_item_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub transcript: Option<Text<'a>>,
}

/// `conversation.item.added`, `response.output_item.done`: an item as a whole.
#[derive(Debug, Deserialize)]
pub struct WholeItem<'a> {
    #[serde(borrow)]
    pub response_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub previous_item_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub item: Option<Item<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct Item<'a> {
    #[serde(borrow)]
    pub id: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    pub kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub role: Option<Text<'a>>,
    #[serde(borrow)]
    pub status: Option<Text<'a>>,
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    #[serde(borrow)]
    pub call_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub arguments: Option<Text<'a>>,
    /// Of an `mcp_call`: what came of it, one or the other.
    #[serde(borrow)]
    pub output: Option<Text<'a>>,
    #[serde(borrow)]
    pub error: Option<&'a RawValue>,
}

/// `response.output_audio.*`, `…output_audio_transcript.*`, `…output_text.*`: a piece of an answer.
#[derive(Debug, Deserialize)]
pub struct Piece<'a> {
    #[serde(borrow)]
    pub response_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub item_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub delta: Option<Text<'a>>,
    #[serde(borrow)]
    pub transcript: Option<Text<'a>>,
    #[serde(borrow)]
    pub text: Option<Text<'a>>,
}

/// `response.created`, `response.done`.
#[derive(Debug, Deserialize)]
pub struct ResponseMessage<'a> {
    #[serde(borrow)]
    pub response: Option<Response<'a>>,
}

/// How it ended must get through, so what may be odd about the rest is read apart.
#[derive(Debug, Deserialize)]
pub struct Response<'a> {
    #[serde(borrow)]
    pub id: Option<Text<'a>>,
    #[serde(borrow)]
    pub status: Option<Text<'a>>,
    #[serde(borrow)]
    status_details: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

impl<'a> Response<'a> {
    #[must_use]
    pub fn details(&self) -> StatusDetails<'a> {
        read_or_default(self.status_details)
    }

    #[must_use]
    pub fn usage(&self) -> Usage {
        read_or_default(self.usage)
    }
}

fn read_or_default<'a, T: Deserialize<'a> + Default>(raw: Option<&'a RawValue>) -> T {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

#[derive(Debug, Default, Deserialize)]
pub struct StatusDetails<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub reason: Option<Text<'a>>,
    #[serde(borrow)]
    pub error: Option<Fault<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Usage {
    pub input_token_details: Option<InputTokens>,
    pub output_token_details: Option<Tokens>,
}

#[derive(Debug, Default, Deserialize)]
pub struct InputTokens {
    pub text_tokens: Option<u64>,
    pub audio_tokens: Option<u64>,
    /// A part of the counts beside it, not an addition to them.
    pub cached_tokens_details: Option<Tokens>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Tokens {
    pub text_tokens: Option<u64>,
    pub audio_tokens: Option<u64>,
}

/// `error`.
#[derive(Debug, Deserialize)]
pub struct ErrorMessage<'a> {
    #[serde(borrow)]
    pub error: Option<Fault<'a>>,
}

/// What went wrong, here and in the details of a failed response.
#[derive(Debug, Default, Deserialize)]
pub struct Fault<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub code: Option<Text<'a>>,
    #[serde(borrow)]
    pub message: Option<Text<'a>>,
    #[serde(borrow)]
    pub param: Option<Text<'a>>,
    #[serde(borrow)]
    pub event_id: Option<Text<'a>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_not_copied_unless_it_is_escaped() {
        let delta = |message| serde_json::from_str::<Piece<'_>>(message).expect("a piece").delta.expect("a delta").0;

        assert!(matches!(delta(r#"{"delta":"AAAA////"}"#), Cow::Borrowed("AAAA////")));
        assert!(matches!(delta(r#"{"delta":"AAAA\/\/"}"#), Cow::Owned(text) if text == "AAAA//"));
    }
}
