//! The Media Streams codec: text messages of the phone stream, both ways.
//!
//! <https://www.twilio.com/docs/voice/media-streams/websocket-messages>

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use bytestring::ByteString;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::loose;
use crate::audio::EncodedAudio;
use crate::session::event::{LegCommand, LegEvent};
use crate::types::{AccountSid, CallSid, InvalidId, StreamSid};

/// Unknown event names are kept up to this many characters.
const NAME_CHARS: usize = 40;

/// What Twilio says on the stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Inbound {
    Connected,
    Start(Start),
    Leg(LegEvent),
    /// An event, or a track, that we do not know.
    Unknown(String),
}

/// The stream begins: mu-law, 8 kHz, mono.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    pub account: AccountSid,
    pub stream: StreamSid,
    pub call: CallSid,
    /// The `<Parameter>`s of the TwiML.
    pub parameters: BTreeMap<String, String>,
}

/// Why a message means nothing to us.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("message is not json")]
    NotJson,
    #[error("`{0}` is missing or of the wrong type")]
    MissingField(&'static str),
    #[error(transparent)]
    InvalidId(#[from] InvalidId),
    #[error("media payload is not base64")]
    BadAudio,
    #[error("dtmf digit is not a key of a phone")]
    BadDigit,
    #[error("media format is not audio/x-mulaw at 8000 hz, mono")]
    UnsupportedFormat,
}

/// One message of the stream. The audio in it is not copied.
pub fn decode(text: &ByteString) -> Result<Inbound, Malformed> {
    let message: Message = serde_json::from_str(text).map_err(|e| broken(&e))?;
    if !is_object(text) {
        return Err(Malformed::MissingField("event"));
    }
    match message.event.as_ref() {
        "media" => media(text, body("media", message.media)?),
        "mark" => mark(text, body("mark", message.mark)?),
        "connected" => Ok(Inbound::Connected),
        "start" => start(body("start", message.start)?),
        "dtmf" => digit(&body("dtmf", message.dtmf)?),
        "stop" => Ok(Inbound::Leg(LegEvent::Stopped)),
        name => Ok(unknown(name)),
    }
}

/// `command` with exactly the documented keys: others cost the message (error 31951).
#[must_use]
pub fn encode(command: &LegCommand, stream: &StreamSid) -> String {
    // Sids, base64 and marks have no character that JSON escapes.
    match command {
        LegCommand::Play(audio) => {
            let payload = Base64Display::new(audio, &STANDARD);
            format!(r#"{{"event":"media","streamSid":"{stream}","media":{{"payload":"{payload}"}}}}"#)
        }
        LegCommand::Mark(mark) => format!(r#"{{"event":"mark","streamSid":"{stream}","mark":{{"name":"{mark}"}}}}"#),
        LegCommand::Clear => format!(r#"{{"event":"clear","streamSid":"{stream}"}}"#),
    }
}

/// The envelope. A body is looked at only when `event` names it.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow)]
    start: Option<&'a RawValue>,
    #[serde(borrow)]
    media: Option<&'a RawValue>,
    #[serde(borrow)]
    mark: Option<&'a RawValue>,
    #[serde(borrow)]
    dtmf: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartBody {
    account_sid: String,
    stream_sid: String,
    call_sid: String,
    media_format: MediaFormat,
    #[serde(default)]
    custom_parameters: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MediaFormat {
    encoding: String,
    #[serde(default, deserialize_with = "loose::number")]
    sample_rate: Option<u64>,
    #[serde(default, deserialize_with = "loose::number")]
    channels: Option<u64>,
}

#[derive(Deserialize)]
struct MediaBody<'a> {
    #[serde(borrow)]
    track: Option<Cow<'a, str>>,
    #[serde(borrow)]
    payload: Cow<'a, str>,
}

#[derive(Deserialize)]
struct MarkBody<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

#[derive(Deserialize)]
struct DtmfBody<'a> {
    #[serde(borrow)]
    digit: Cow<'a, str>,
}

fn broken(error: &serde_json::Error) -> Malformed {
    if error.is_data() { Malformed::MissingField("event") } else { Malformed::NotJson }
}

fn body<'a, T: Deserialize<'a>>(name: &'static str, raw: Option<&'a RawValue>) -> Result<T, Malformed> {
    let object = raw.map(RawValue::get).filter(|text| is_object(text));
    object.and_then(|text| serde_json::from_str(text).ok()).ok_or(Malformed::MissingField(name))
}

/// serde takes a list for a struct whose fields come in their order.
fn is_object(json: &str) -> bool {
    json.trim_start().starts_with('{')
}

fn media(message: &ByteString, body: MediaBody) -> Result<Inbound, Malformed> {
    match body.track.as_deref() {
        Some("inbound") | None => {}
        Some(track) => return Ok(unknown(&format!("media of track {track}"))),
    }
    let audio = EncodedAudio::parse(part(message, body.payload)).map_err(|_| Malformed::BadAudio)?;
    Ok(Inbound::Leg(LegEvent::Audio(audio)))
}

fn mark(message: &ByteString, body: MarkBody) -> Result<Inbound, Malformed> {
    Ok(Inbound::Leg(LegEvent::MarkReached(part(message, body.name))))
}

fn digit(body: &DtmfBody) -> Result<Inbound, Malformed> {
    let mut keys = body.digit.chars();
    match (keys.next(), keys.next()) {
        (Some(key @ ('0'..='9' | '*' | '#' | 'A'..='D')), None) => Ok(Inbound::Leg(LegEvent::Digit(key))),
        _ => Err(Malformed::BadDigit),
    }
}

fn start(body: StartBody) -> Result<Inbound, Malformed> {
    let format = &body.media_format;
    if (format.encoding.as_str(), format.sample_rate, format.channels) != ("audio/x-mulaw", Some(8000), Some(1)) {
        return Err(Malformed::UnsupportedFormat);
    }
    Ok(Inbound::Start(Start {
        account: body.account_sid.parse()?,
        stream: body.stream_sid.parse()?,
        call: body.call_sid.parse()?,
        parameters: body.custom_parameters.unwrap_or_default(),
    }))
}

fn unknown(name: &str) -> Inbound {
    Inbound::Unknown(name.chars().take(NAME_CHARS).collect())
}

/// A part of `message`: shared where it stands there as it is, a copy where it was escaped.
fn part(message: &ByteString, text: Cow<str>) -> ByteString {
    match text {
        Cow::Borrowed(text) => message.slice_ref(text),
        Cow::Owned(text) => text.into(),
    }
}

#[cfg(test)]
mod tests;
