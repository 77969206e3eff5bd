//! Messages to events.
//!
//! A tool call is reported once, from `response.output_item.done`: of the three messages that carry its arguments it is
//! the only one that always names the tool and says whether the call is complete or was cut by a cancellation.

use std::time::Duration;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use bytestring::ByteString;
use serde::Deserialize;

use super::fault;
use crate::realtime::wire::server::{
    CallerItem, Direction, ErrorMessage, Format, Head, Item, Piece, RateLimits, ResponseMessage, SessionCreated, SessionUpdated, Text,
    Tokens, Usage as WireUsage, WholeItem,
};
use crate::session::event::{ItemKind, ModelEvent, ToolCall, Usage};
use crate::types::Redacted;

/// What a message turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoded {
    Event(ModelEvent),
    /// `session.created`: the session ends by itself at this time, in seconds of the Unix epoch.
    Opened {
        expires_at: Option<i64>,
    },
    /// Known, of no consequence for a session.
    Ignored(&'static str),
    /// A type that is not in the protocol, or not yet; cut to 64 characters.
    Unknown(String),
}

/// The message cannot be used. Says where, never what: the text may be a transcript.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("not a json object with a type")]
    Untyped,
    #[error("{kind} is not readable at column {column}")]
    Unreadable { kind: &'static str, column: usize },
    #[error("{kind} without {field}")]
    Missing { kind: &'static str, field: &'static str },
    #[error("{kind} with audio that is not base64")]
    BadAudio { kind: &'static str },
}

/// What is further away is no limit of a rate.
const MAX_RESET_S: f64 = 86_400.0;

/// Reads one text message. Anything may come in; nothing panics.
pub fn decode(text: &str) -> Result<Decoded, Malformed> {
    // serde takes a list for a struct whose fields come in their order.
    let object = Some(text).filter(|text| text.trim_start().starts_with('{'));
    let head: Head<'_> = object.and_then(|text| serde_json::from_str(text).ok()).ok_or(Malformed::Untyped)?;
    let name = head.kind.ok_or(Malformed::Untyped)?;
    let Some(kind) = KINDS.iter().copied().find(|kind| *kind == name.as_str()) else {
        return Ok(Decoded::Unknown(name.as_str().chars().take(64).collect()));
    };
    let message = Message { kind, text };
    if kind == "session.created" {
        return Ok(message.opened());
    }
    let event = message.event()?;
    Ok(event.map_or(Decoded::Ignored(kind), Decoded::Event))
}

/// The 46 types of GA, the likeliest first, then the older names of some of them.
pub(super) const KINDS: &[&str] = &[
    "response.output_audio.delta",
    "response.output_audio_transcript.delta",
    "error",
    "session.created",
    "session.updated",
    "conversation.created",
    "conversation.item.added",
    "conversation.item.created",
    "conversation.item.done",
    "conversation.item.retrieved",
    "conversation.item.deleted",
    "conversation.item.truncated",
    "conversation.item.input_audio_transcription.delta",
    "conversation.item.input_audio_transcription.segment",
    "conversation.item.input_audio_transcription.completed",
    "conversation.item.input_audio_transcription.failed",
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "input_audio_buffer.cleared",
    "input_audio_buffer.timeout_triggered",
    "input_audio_buffer.dtmf_event_received",
    "output_audio_buffer.started",
    "output_audio_buffer.stopped",
    "output_audio_buffer.cleared",
    "response.created",
    "response.done",
    "response.output_item.added",
    "response.output_item.done",
    "response.content_part.added",
    "response.content_part.done",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.output_text.delta",
    "response.output_text.done",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done",
    "response.mcp_call.in_progress",
    "response.mcp_call.completed",
    "response.mcp_call.failed",
    "mcp_list_tools.in_progress",
    "mcp_list_tools.completed",
    "mcp_list_tools.failed",
    "rate_limits.updated",
    "response.audio.delta",
    "response.audio.done",
    "response.audio_transcript.delta",
    "response.audio_transcript.done",
    "response.text.delta",
    "response.text.done",
];

/// A message of a known type.
struct Message<'a> {
    kind: &'static str,
    text: &'a str,
}

impl<'a> Message<'a> {
    /// None for a type that is of no consequence.
    fn event(&self) -> Result<Option<ModelEvent>, Malformed> {
        let event = match self.kind {
            "response.output_audio.delta" | "response.audio.delta" => self.audio()?,
            "response.output_audio_transcript.delta"
            | "response.audio_transcript.delta"
            | "response.output_text.delta"
            | "response.text.delta" => self.text()?,
            "response.output_audio.done" | "response.audio.done" => self.audio_done()?,
            "response.output_audio_transcript.done"
            | "response.audio_transcript.done"
            | "response.output_text.done"
            | "response.text.done" => self.text_done()?,
            "error" => fault::error(self.read::<ErrorMessage<'_>>()?.error.unwrap_or_default()),
            "session.updated" => ready(&self.read()?),
            "conversation.item.added" | "conversation.item.created" => self.item_added()?,
            "conversation.item.input_audio_transcription.completed" => self.user_text()?,
            "conversation.item.input_audio_transcription.failed" => ModelEvent::UserTextFailed { item: self.caller_item()?.0 },
            "input_audio_buffer.speech_started" => ModelEvent::SpeechStarted { item: self.caller_item()?.0 },
            "input_audio_buffer.speech_stopped" => ModelEvent::SpeechStopped { item: self.caller_item()?.0 },
            "input_audio_buffer.committed" => self.committed()?,
            "response.created" => self.response_created()?,
            "response.done" => self.response_done()?,
            "response.output_item.done" => return self.tool_called(),
            "rate_limits.updated" => return self.rate_limits(),
            _ => return Ok(None),
        };
        Ok(Some(event))
    }

    fn opened(&self) -> Decoded {
        // That there is a session counts more than when it ends.
        let created: SessionCreated = self.read().unwrap_or_default();
        Decoded::Opened { expires_at: created.session.unwrap_or_default().expires_at }
    }

    /// None if nothing is used up.
    fn rate_limits(&self) -> Result<Option<ModelEvent>, Malformed> {
        let limits = self.read::<RateLimits>()?.rate_limits.unwrap_or_default();
        let resets = limits.into_iter().filter_map(|limit| limit.reset_seconds).filter(|seconds| (0.0..MAX_RESET_S).contains(seconds));
        let longest = resets.max_by(f64::total_cmp);
        Ok(longest.map(|seconds| ModelEvent::RateLimits { reset: Duration::from_secs_f64(seconds) }))
    }

    fn audio(&self) -> Result<ModelEvent, Malformed> {
        let piece: Piece<'_> = self.read()?;
        let audio = BASE64.decode(or_empty(&piece.delta)).map_err(|_| Malformed::BadAudio { kind: self.kind })?;
        Ok(ModelEvent::Audio {
            response: self.id(piece.response_id, "response_id")?,
            item: self.id(piece.item_id, "item_id")?,
            audio: Bytes::from(audio),
        })
    }

    fn audio_done(&self) -> Result<ModelEvent, Malformed> {
        let piece: Piece<'_> = self.read()?;
        Ok(ModelEvent::AudioDone { item: self.id(piece.item_id, "item_id")? })
    }

    fn text(&self) -> Result<ModelEvent, Malformed> {
        let piece: Piece<'_> = self.read()?;
        Ok(ModelEvent::Text { item: self.id(piece.item_id, "item_id")?, delta: redacted(piece.delta) })
    }

    fn text_done(&self) -> Result<ModelEvent, Malformed> {
        let piece: Piece<'_> = self.read()?;
        Ok(ModelEvent::TextDone { item: self.id(piece.item_id, "item_id")?, text: redacted(piece.transcript.or(piece.text)) })
    }

    fn caller_item(&self) -> Result<(ByteString, CallerItem<'a>), Malformed> {
        let mut caller: CallerItem<'_> = self.read()?;
        Ok((self.id(caller.item_id.take(), "item_id")?, caller))
    }

    fn committed(&self) -> Result<ModelEvent, Malformed> {
        let (item, caller) = self.caller_item()?;
        Ok(ModelEvent::ItemAdded { item, previous: caller.previous_item_id.map(shared), kind: ItemKind::User })
    }

    /// An empty text is a text: noise was taken for speech.
    fn user_text(&self) -> Result<ModelEvent, Malformed> {
        let (item, caller) = self.caller_item()?;
        Ok(ModelEvent::UserText { item, text: redacted(caller.transcript) })
    }

    fn item_added(&self) -> Result<ModelEvent, Malformed> {
        let whole: WholeItem<'_> = self.read()?;
        let item = whole.item.ok_or_else(|| self.missing("item"))?;
        let kind = item_kind(&item);
        Ok(ModelEvent::ItemAdded { item: self.id(item.id, "item.id")?, previous: whole.previous_item_id.map(shared), kind })
    }

    fn tool_called(&self) -> Result<Option<ModelEvent>, Malformed> {
        let whole: WholeItem<'_> = self.read()?;
        let remote = whole.item.as_ref().is_some_and(|item| or_empty(&item.kind) == "mcp_call");
        let Some(item) = whole.item.filter(|item| remote || is_finished_call(item)) else {
            return Ok(None);
        };
        let id = self.id(item.id, "item.id")?;
        let call = ToolCall {
            response: self.id(whole.response_id, "response_id")?,
            call_id: if remote { id.clone() } else { self.id(item.call_id, "item.call_id")? },
            item: id,
            name: item.name.map(Text::into_string).ok_or_else(|| self.missing("item.name"))?,
            arguments: redacted(item.arguments),
        };
        let failed = || item.error.map_or_else(String::new, |error| error.get().to_owned());
        let output = || Redacted(item.output.map_or_else(failed, Text::into_string));
        Ok(Some(if remote { ModelEvent::RemoteToolUsed { call, output: output() } } else { ModelEvent::ToolCalled(call) }))
    }

    fn response_created(&self) -> Result<ModelEvent, Malformed> {
        let response = self.read::<ResponseMessage<'_>>()?.response.ok_or_else(|| self.missing("response"))?;
        Ok(ModelEvent::ResponseCreated { response: self.id(response.id, "response.id")? })
    }

    fn response_done(&self) -> Result<ModelEvent, Malformed> {
        let response = self.read::<ResponseMessage<'_>>()?.response.ok_or_else(|| self.missing("response"))?;
        let (status, usage) = (fault::status(&response), usage(&response.usage()));
        Ok(ModelEvent::ResponseDone { response: self.id(response.id, "response.id")?, status, usage })
    }

    fn read<T: Deserialize<'a>>(&self) -> Result<T, Malformed> {
        serde_json::from_str(self.text).map_err(|error| Malformed::Unreadable { kind: self.kind, column: error.column() })
    }

    fn id(&self, id: Option<Text<'_>>, field: &'static str) -> Result<ByteString, Malformed> {
        id.map(shared).ok_or_else(|| self.missing(field))
    }

    const fn missing(&self, field: &'static str) -> Malformed {
        Malformed::Missing { kind: self.kind, field }
    }
}

/// Each delta is padded by itself; what was left unpadded is still audio.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// The message shows the configuration in effect, which need not be the one that was asked for. Not every provider
/// shows the formats.
fn ready(updated: &SessionUpdated<'_>) -> ModelEvent {
    let session = updated.session.as_ref();
    let audio = session.and_then(|session| session.audio.as_ref());
    let input = format(audio.and_then(|audio| audio.input.as_ref()), session.and_then(|session| session.input_audio_format.as_ref()));
    let output = format(audio.and_then(|audio| audio.output.as_ref()), session.and_then(|session| session.output_audio_format.as_ref()));
    if [input, output].into_iter().flatten().all(|name| MU_LAW.contains(&name)) {
        return ModelEvent::Ready;
    }
    let (input, output) = (input.unwrap_or_default(), output.unwrap_or_default());
    ModelEvent::Refused(format!("audio formats in effect: input '{input}', output '{output}'"))
}

/// Its names in GA and before.
const MU_LAW: [&str; 3] = ["audio/pcmu", "pcmu", "g711_ulaw"];

fn format<'a>(nested: Option<&'a Direction<'_>>, flat: Option<&'a Format<'_>>) -> Option<&'a str> {
    nested.and_then(|direction| direction.format.as_ref()).or(flat).and_then(Format::name)
}

fn item_kind(item: &Item<'_>) -> ItemKind {
    match (or_empty(&item.kind), or_empty(&item.role)) {
        ("message", "user") => ItemKind::User,
        ("message", "assistant") => ItemKind::Assistant,
        _ => ItemKind::Other,
    }
}

/// A cancelled response may still hold completed calls, and completed ones alone are to be answered.
fn is_finished_call(item: &Item<'_>) -> bool {
    or_empty(&item.kind) == "function_call" && !matches!(or_empty(&item.status), "incomplete" | "in_progress")
}

/// Cached tokens are a part of the input, so they never exceed it.
fn usage(wire: &WireUsage) -> Usage {
    let count = |tokens: Option<u64>| tokens.unwrap_or_default();
    let both = |tokens: Option<&Tokens>| tokens.map_or((0, 0), |t| (count(t.text_tokens), count(t.audio_tokens)));
    let input = wire.input_token_details.as_ref();
    let (text_in, audio_in) = input.map_or((0, 0), |i| (count(i.text_tokens), count(i.audio_tokens)));
    let (cached_text, cached_audio) = both(input.and_then(|i| i.cached_tokens_details.as_ref()));
    let (text_out, audio_out) = both(wire.output_token_details.as_ref());
    Usage { text_in, audio_in, text_out, audio_out, cached_text_in: cached_text.min(text_in), cached_audio_in: cached_audio.min(audio_in) }
}

fn or_empty<'a>(text: &'a Option<Text<'_>>) -> &'a str {
    text.as_ref().map_or("", Text::as_str)
}

fn shared(text: Text<'_>) -> ByteString {
    ByteString::from(text.as_str())
}

fn redacted(text: Option<Text<'_>>) -> Redacted<String> {
    Redacted(text.map(Text::into_string).unwrap_or_default())
}
