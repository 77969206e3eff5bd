//! `POST /Calls.json`: what may be asked for, and Twilio's code for what may not.
//! <https://www.twilio.com/docs/voice/api/call-resource#create-a-call-resource>

use std::time::Duration;

use serde_json::{Value, json};

use super::address::Address;
use super::callbacks::Subscription;
use super::line::Source;
use super::signing::Params;

const KNOWN: &[&str] = &[
    "To",
    "From",
    "Url",
    "Method",
    "Twiml",
    "FallbackUrl",
    "FallbackMethod",
    "StatusCallback",
    "StatusCallbackMethod",
    "StatusCallbackEvent",
    "Timeout",
    "TimeLimit",
    "SendDigits",
    "Record",
    "RecordingChannels",
    "RecordingTrack",
    "Trim",
    "RecordingStatusCallback",
    "RecordingStatusCallbackMethod",
    "RecordingStatusCallbackEvent",
    "MachineDetection",
    "MachineDetectionTimeout",
    "MachineDetectionSpeechThreshold",
    "MachineDetectionSpeechEndThreshold",
    "MachineDetectionSilenceTimeout",
    "AsyncAmd",
    "AsyncAmdStatusCallback",
    "AsyncAmdStatusCallbackMethod",
    "CallerId",
    "CallReason",
    "CallToken",
];

const EVENTS: &[&str] = &["initiated", "ringing", "answered", "completed"];
const DEFAULT_LIMIT: u64 = 4 * 60 * 60;
const LONGEST_LIMIT: u64 = 24 * 60 * 60;
const LONGEST_TWIML: usize = 4_000;

/// A refusal of the REST API, with the code that Twilio has for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} {message}")]
pub struct RestError {
    pub status: u16,
    pub code: u32,
    pub message: String,
}

impl RestError {
    #[must_use]
    pub fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    #[must_use]
    pub fn body(&self) -> Value {
        let more = format!("https://www.twilio.com/docs/errors/{}", self.code);
        json!({"code": self.code, "message": self.message, "more_info": more, "status": self.status})
    }
}

/// A call that is to be placed.
pub struct CreateCall {
    pub to: String,
    pub from: String,
    pub source: Source,
    pub subscription: Option<Subscription>,
    pub time_limit: Duration,
    pub detection: Option<Detection>,
    /// Recorded from the answer on; who is told of it.
    pub recording: Option<Recording>,
    /// Names that Twilio does not know, and would ignore.
    pub unknown: Vec<String>,
}

/// Reads a request to place a call from `number`.
pub fn read(form: &Params, number: &str) -> Result<CreateCall, RestError> {
    let to = field(form, "To").ok_or_else(|| bad(21201, "No 'To' number is specified"))?;
    let from = field(form, "From").ok_or_else(|| bad(21213, "No 'From' number is specified"))?;
    if !is_dialable(to) {
        return Err(bad(21211, "The 'To' number is not a valid phone number."));
    }
    if !is_dialable(from) {
        return Err(bad(21212, "The 'From' number is not a valid phone number, shortcode, or alphanumeric sender ID."));
    }
    if from != number {
        return Err(bad(21210, "The source phone number provided is not yet verified for your account."));
    }
    seconds(form, "Timeout", 21208, 5..=600)?;
    let time_limit = seconds(form, "TimeLimit", 20001, 60..=LONGEST_LIMIT)?.unwrap_or(DEFAULT_LIMIT);
    Ok(CreateCall {
        to: to.into(),
        from: from.into(),
        source: source(form)?.ok_or_else(|| bad(21205, "Url parameter is required."))?,
        subscription: subscription(form)?,
        time_limit: Duration::from_secs(time_limit),
        detection: detection(form)?,
        recording: if field(form, "Record") == Some("true") { Some(recording(form)?) } else { None },
        unknown: form.iter().map(|(name, _)| name).filter(|name| !KNOWN.contains(&name.as_str())).cloned().collect(),
    })
}

/// Where a request wants the TwiML to come from, if it says so; `Url` wins over `Twiml`.
pub fn source(form: &Params) -> Result<Option<Source>, RestError> {
    if let Some(url) = field(form, "Url") {
        let address = Address::webhook(url).map_err(|_| bad(21205, "Url is not a valid URL."))?;
        let method = field(form, "Method").unwrap_or("POST").to_owned();
        return Ok(Some(Source::Fetch { address, method, extra: Vec::new() }));
    }
    match field(form, "Twiml") {
        Some(twiml) if twiml.chars().count() > LONGEST_TWIML => Err(bad(21624, "The Twiml parameter is too long.")),
        twiml => Ok(twiml.map(|twiml| Source::Inline(twiml.to_owned()))),
    }
}

fn subscription(form: &Params) -> Result<Option<Subscription>, RestError> {
    let mut events: Vec<String> = form.iter().filter(|(name, _)| name == "StatusCallbackEvent").map(|(_, v)| v.clone()).collect();
    if events.iter().any(|event| !EVENTS.contains(&event.as_str())) {
        return Err(bad(21626, "Invalid 'StatusCallbackEvent'."));
    }
    if events.is_empty() {
        events.push("completed".into());
    }
    let Some(url) = field(form, "StatusCallback") else { return Ok(None) };
    let address = Address::webhook(url).map_err(|_| bad(21609, "The 'StatusCallback' URL is not a valid URL."))?;
    Ok(Some(Subscription { address, method: field(form, "StatusCallbackMethod").unwrap_or("POST").to_owned(), events }))
}

/// Answering-machine detection. <https://www.twilio.com/docs/voice/answering-machine-detection>
#[derive(Clone, Debug)]
pub struct Detection {
    /// `DetectMessageEnd`: a machine is told when its greeting is over, not when it begins.
    pub message_end: bool,
    /// None: the call waits for the result.
    pub callback: Option<(Address, String)>,
}

fn detection(form: &Params) -> Result<Option<Detection>, RestError> {
    let message_end = match field(form, "MachineDetection") {
        None => return Ok(None),
        Some("Enable") => false,
        Some("DetectMessageEnd") => true,
        Some(_) => return Err(bad(21261, "Invalid 'MachineDetection'.")),
    };
    if field(form, "AsyncAmd") != Some("true") {
        return Ok(Some(Detection { message_end, callback: None }));
    }
    let url = field(form, "AsyncAmdStatusCallback").ok_or_else(|| bad(21609, "AsyncAmd without 'AsyncAmdStatusCallback'."))?;
    let address = Address::webhook(url).map_err(|_| bad(21609, "The 'AsyncAmdStatusCallback' URL is not a valid URL."))?;
    let method = field(form, "AsyncAmdStatusCallbackMethod").unwrap_or("POST").to_owned();
    Ok(Some(Detection { message_end, callback: Some((address, method)) }))
}

/// Who is told of a recording. <https://www.twilio.com/docs/voice/api/recording>
#[derive(Clone, Debug)]
pub struct Recording {
    pub callback: Option<(Address, String)>,
    pub events: Vec<String>,
    pub channels: String,
}

pub fn recording(form: &Params) -> Result<Recording, RestError> {
    let address = field(form, "RecordingStatusCallback").map(Address::webhook).transpose();
    let address = address.map_err(|_| bad(21609, "The 'RecordingStatusCallback' URL is not a valid URL."))?;
    let method = field(form, "RecordingStatusCallbackMethod").unwrap_or("POST").to_owned();
    let events = field(form, "RecordingStatusCallbackEvent").unwrap_or("completed").split_whitespace().map(str::to_owned).collect();
    let channels = match field(form, "RecordingChannels") {
        Some("dual") => "2",
        _ => "1",
    };
    Ok(Recording { callback: address.map(|address| (address, method)), events, channels: channels.to_owned() })
}

fn seconds(form: &Params, name: &str, code: u32, range: std::ops::RangeInclusive<u64>) -> Result<Option<u64>, RestError> {
    let Some(text) = field(form, name) else { return Ok(None) };
    match text.parse() {
        Ok(seconds) if range.contains(&seconds) => Ok(Some(seconds)),
        _ => Err(bad(code, format!("Invalid {name}."))),
    }
}

#[must_use]
pub fn field<'a>(form: &'a Params, name: &str) -> Option<&'a str> {
    form.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
}

fn bad(code: u32, message: impl Into<String>) -> RestError {
    RestError::new(400, code, message)
}

fn is_dialable(text: &str) -> bool {
    let digits = |digits: &str| (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    text.strip_prefix('+').is_some_and(digits) || ["sip:", "client:"].iter().any(|prefix| text.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: &str = "+15550100001";

    fn call(changes: &[(&str, &str)]) -> Result<CreateCall, u32> {
        read(&form(changes), NUMBER).map_err(|error| error.code)
    }

    fn form(changes: &[(&str, &str)]) -> Params {
        let mut form: Params =
            [("To", "+15550100002"), ("From", NUMBER), ("Url", "https://h/x")].map(|(n, v)| (n.into(), v.into())).to_vec();
        for (name, value) in changes {
            form.retain(|(key, _)| key != name);
            form.push(((*name).into(), (*value).into()));
        }
        form
    }

    #[test]
    fn a_plain_request_gets_twilios_defaults() {
        let Ok(call) = call(&[("StatusCallback", "https://h/s")]) else { panic!("no call") };

        assert_eq!((call.to.as_str(), call.time_limit), ("+15550100002", Duration::from_secs(14_400)));
        assert_eq!(call.subscription.expect("subscribed").events, ["completed"]);
        assert_eq!(call.unknown, Vec::<String>::new());
    }

    #[test]
    fn each_mistake_has_twilios_code() {
        for (name, value, code) in [
            ("To", "", 21201),
            ("To", "5550100002", 21211),
            ("From", "", 21213),
            ("From", "bad", 21212),
            ("From", "+15550100009", 21210),
            ("Url", "", 21205),
            ("Url", "/relative", 21205),
            ("Url", "wss://h/x", 21205),
            ("StatusCallback", "nowhere", 21609),
            ("StatusCallbackEvent", "initiated ringing", 21626),
            ("Timeout", "0", 21208),
            ("TimeLimit", "10", 20001),
            ("MachineDetection", "Maybe", 21261),
        ] {
            assert_eq!(call(&[(name, value)]).err(), Some(code), "{name}={value}");
        }
    }

    #[test]
    fn a_name_that_twilio_does_not_know_is_told() {
        assert_eq!(call(&[("Foo", "1")]).map(|call| call.unknown).ok(), Some(vec!["Foo".into()]));
    }
}
