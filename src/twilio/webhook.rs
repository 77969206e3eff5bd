//! What Twilio posts to us: forms in, checked values out.

use std::fmt;
use std::str::FromStr;

use url::{Url, form_urlencoded};

pub use super::status::CarrierStatus;
use crate::session::event::AnsweredBy;
use crate::types::{AccountSid, CallSid, CallerId, Direction, RecordingSid, Redacted};

/// The fields of a form or query, decoded, in their order, every one: all of them are signed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// The body of a form post, or a query string without its `?`.
    #[must_use]
    pub fn parse(urlencoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(urlencoded).into_owned().collect())
    }

    /// The first value of that name; an empty one counts as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(n, _)| *n == name).map(|(_, value)| value).filter(|v| !v.is_empty())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn read<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, InvalidForm> {
        self.get(name).map(|value| value.parse().map_err(|_| InvalidForm::Wrong(name))).transpose()
    }

    fn require<T: FromStr>(&self, name: &'static str) -> Result<T, InvalidForm> {
        self.read(name)?.ok_or(InvalidForm::Missing(name))
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    fn caller(&self, name: &'static str) -> Result<CallerId, InvalidForm> {
        self.get(name).map(CallerId::parse).ok_or(InvalidForm::Missing(name))
    }

    fn status(&self) -> Result<CarrierStatus, InvalidForm> {
        let word = self.get("CallStatus").ok_or(InvalidForm::Missing("CallStatus"))?;
        CarrierStatus::from_word(word).ok_or(InvalidForm::Wrong("CallStatus"))
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// The form lacks a field, or one is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidForm {
    #[error("field `{0}` is missing")]
    Missing(&'static str),
    #[error("field `{0}` is not valid")]
    Wrong(&'static str),
}

/// Twilio asks what to do with a call. <https://www.twilio.com/docs/voice/twiml#request-parameters>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoiceRequest {
    pub call: CallSid,
    pub account: Option<AccountSid>,
    /// Spoofable: never proof of who calls.
    pub from: CallerId,
    pub to: CallerId,
    /// Only where caller-name lookup is switched on.
    pub caller_name: Option<Redacted<String>>,
    pub direction: Direction,
    pub call_status: CarrierStatus,
    /// How far the network vouches for `from`, e.g. `TN-Validation-Passed-A`: for the record alone.
    pub stir_verstat: Option<String>,
    /// `human`, `machine_start`, … of answering-machine detection.
    pub answered_by: Option<String>,
}

impl VoiceRequest {
    pub fn parse(params: &Params) -> Result<Self, InvalidForm> {
        Ok(Self {
            call: params.require("CallSid")?,
            account: params.read("AccountSid")?,
            from: params.caller("From")?,
            to: params.caller("To")?,
            caller_name: params.text("CallerName").map(Redacted),
            direction: direction(params.get("Direction").unwrap_or_default()),
            call_status: params.status()?,
            stir_verstat: params.text("StirVerstat"),
            answered_by: params.text("AnsweredBy"),
        })
    }
}

/// `inbound`, `outbound-api`, `outbound-dial`: a word that we do not know must not cost the call.
fn direction(word: &str) -> Direction {
    if word.starts_with("outbound") { Direction::Outbound } else { Direction::Inbound }
}

/// A call went on. <https://www.twilio.com/docs/voice/api/call-resource#statuscallback>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusCallback {
    pub call: CallSid,
    pub status: CarrierStatus,
    /// From 0, in the order of the events; they arrive in any order.
    pub sequence: Option<u32>,
    /// RFC 2822, when it happened.
    pub timestamp: Option<String>,
    /// Seconds (`CallDuration`; `Duration` is billed minutes). At the end only.
    pub duration_s: Option<u64>,
    pub sip_response_code: Option<u16>,
    /// <https://www.twilio.com/docs/api/errors>
    pub error_code: Option<u32>,
    /// As in a `VoiceRequest`.
    pub answered_by: Option<String>,
}

impl StatusCallback {
    pub fn parse(params: &Params) -> Result<Self, InvalidForm> {
        Ok(Self {
            call: params.require("CallSid")?,
            status: params.status()?,
            sequence: params.read("SequenceNumber")?,
            timestamp: params.text("Timestamp"),
            duration_s: params.read("CallDuration")?,
            sip_response_code: params.read("SipResponseCode")?,
            error_code: params.read("ErrorCode")?,
            answered_by: params.text("AnsweredBy"),
        })
    }
}

/// Who or what picked up. <https://www.twilio.com/docs/voice/answering-machine-detection#asyncamdstatuscallback>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetectionCallback {
    pub call: CallSid,
    pub answered_by: AnsweredBy,
    /// In Twilio's own words.
    pub word: String,
}

impl DetectionCallback {
    pub fn parse(params: &Params) -> Result<Self, InvalidForm> {
        let word = params.text("AnsweredBy").ok_or(InvalidForm::Missing("AnsweredBy"))?;
        Ok(Self { call: params.require("CallSid")?, answered_by: answered_by(&word), word })
    }
}

/// A word that we do not know must not cost the call.
#[must_use]
pub fn answered_by(word: &str) -> AnsweredBy {
    match word {
        "human" => AnsweredBy::Human,
        "machine_start" => AnsweredBy::MachineStarted,
        "machine_end_beep" | "machine_end_silence" | "machine_end_other" => AnsweredBy::MachineListens,
        "fax" => AnsweredBy::Fax,
        _ => AnsweredBy::Unknown,
    }
}

/// The ringing of another phone is over. <https://www.twilio.com/docs/voice/twiml/dial#action>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialCallback {
    pub call: CallSid,
    /// Of our caller's own phone call.
    pub status: CarrierStatus,
    /// The other phone was answered.
    pub is_answered: bool,
}

impl DialCallback {
    pub fn parse(params: &Params) -> Result<Self, InvalidForm> {
        let is_answered = match params.get("DialCallStatus").ok_or(InvalidForm::Missing("DialCallStatus"))? {
            "completed" | "answered" => true,
            "busy" | "no-answer" | "failed" | "canceled" => false,
            _ => return Err(InvalidForm::Wrong("DialCallStatus")),
        };
        Ok(Self { call: params.require("CallSid")?, status: params.status()?, is_answered })
    }
}

/// A recording got on. <https://www.twilio.com/docs/voice/api/recording#recordingstatuscallback>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingCallback {
    pub call: CallSid,
    pub recording: RecordingSid,
    /// It can be had here, once it is complete.
    pub url: Option<Redacted<String>>,
    pub is_complete: bool,
    pub duration_s: Option<u64>,
}

impl RecordingCallback {
    pub fn parse(params: &Params) -> Result<Self, InvalidForm> {
        let url = params.read::<Url>("RecordingUrl")?.map(|url| Redacted(url.into()));
        Ok(Self {
            call: params.require("CallSid")?,
            recording: params.require("RecordingSid")?,
            url,
            is_complete: params.get("RecordingStatus") == Some("completed"),
            duration_s: params.read("RecordingDuration")?,
        })
    }
}

#[cfg(test)]
mod tests;
