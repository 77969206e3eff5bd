//! The messages of a media stream, written from the documentation and read without mercy.
//! <https://www.twilio.com/docs/voice/media-streams/websocket-messages>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// What the engine may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    Media(Vec<u8>),
    Mark(String),
    Clear,
}

/// A message that Twilio would log and lose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    pub code: u32,
    pub what: String,
}

/// Twilio's end of a stream: who it is, and how many messages it has sent.
#[derive(Debug)]
pub struct Wire {
    account_sid: String,
    call_sid: String,
    pub stream_sid: String,
    sequence: u64,
    chunk: u64,
}

impl Wire {
    #[must_use]
    pub const fn new(account_sid: String, call_sid: String, stream_sid: String) -> Self {
        Self { account_sid, call_sid, stream_sid, sequence: 0, chunk: 0 }
    }

    #[must_use]
    pub fn connected() -> String {
        r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#.into()
    }

    pub fn start(&mut self, parameters: &[(String, String)]) -> String {
        let parameters: Map<String, Value> = parameters.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let start = json!({
            "accountSid": self.account_sid, "streamSid": self.stream_sid, "callSid": self.call_sid, "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": parameters,
        });
        self.message("start", &start)
    }

    /// `timestamp_ms` since the stream began.
    pub fn media(&mut self, timestamp_ms: u64, audio: &[u8]) -> String {
        self.chunk += 1;
        let (chunk, timestamp) = (self.chunk.to_string(), timestamp_ms.to_string());
        let media = json!({"track": "inbound", "chunk": chunk, "timestamp": timestamp, "payload": STANDARD.encode(audio)});
        self.message("media", &media)
    }

    pub fn dtmf(&mut self, digit: char) -> String {
        self.message("dtmf", &json!({"track": "inbound_track", "digit": digit.to_string()}))
    }

    pub fn mark(&mut self, name: &str) -> String {
        self.message("mark", &json!({"name": name}))
    }

    pub fn stop(&mut self) -> String {
        let stop = json!({"accountSid": self.account_sid, "callSid": self.call_sid});
        self.message("stop", &stop)
    }

    fn message(&mut self, event: &str, body: &Value) -> String {
        self.sequence += 1;
        format!(r#"{{"event":"{event}","sequenceNumber":"{}","streamSid":"{}","{event}":{body}}}"#, self.sequence, self.stream_sid)
    }

    /// Reads a text message of the engine; a missing or extra key is a breach.
    pub fn read(&self, text: &str) -> Result<Incoming, Breach> {
        let message: Value = serde_json::from_str(text).map_err(|error| malformed(format!("not json: {error}")))?;
        let event = message.get("event").and_then(Value::as_str).ok_or_else(|| invalid("message without event"))?;
        let wanted: &[&str] = match event {
            "media" => &["event", "streamSid", "media"],
            "mark" => &["event", "streamSid", "mark"],
            "clear" => &["event", "streamSid"],
            other => return Err(invalid(format!("unknown event {other}"))),
        };
        exact_keys(&message, event, wanted)?;
        if message.get("streamSid").and_then(Value::as_str) != Some(&self.stream_sid) {
            return Err(invalid(format!("{event} with a foreign streamSid")));
        }
        match event {
            "media" => media(&message),
            "mark" => Ok(Incoming::Mark(body(&message, "mark", "name")?.to_owned())),
            _ => Ok(Incoming::Clear),
        }
    }
}

fn media(message: &Value) -> Result<Incoming, Breach> {
    let audio = STANDARD.decode(body(message, "media", "payload")?).map_err(|_| invalid("media payload is not base64"))?;
    Ok(Incoming::Media(audio))
}

/// The one text field of an event's body, which must not be empty.
fn body<'a>(message: &'a Value, event: &str, field: &str) -> Result<&'a str, Breach> {
    let body = message.get(event).unwrap_or(&Value::Null);
    exact_keys(body, event, &[field])?;
    match body.get(field).and_then(Value::as_str) {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(invalid(format!("{event}.{field} is not a text"))),
    }
}

fn exact_keys(value: &Value, event: &str, wanted: &[&str]) -> Result<(), Breach> {
    let object = value.as_object().ok_or_else(|| invalid(format!("{event} is not an object")))?;
    if let Some(missing) = wanted.iter().find(|key| !object.contains_key(**key)) {
        return Err(invalid(format!("{event} without {missing}")));
    }
    match object.keys().find(|key| !wanted.contains(&key.as_str())) {
        Some(extra) => Err(invalid(format!("{event} with an extra {extra}"))),
        None => Ok(()),
    }
}

/// 31950: a binary frame, or broken JSON.
pub fn malformed(what: impl Into<String>) -> Breach {
    Breach { code: 31950, what: what.into() }
}

/// 31951: well-formed, but not a message that there is.
fn invalid(what: impl Into<String>) -> Breach {
    Breach { code: 31951, what: what.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "MZ00000000000000000000000000000001";

    fn wire() -> Wire {
        Wire::new("AC00000000000000000000000000000001".into(), "CA00000000000000000000000000000001".into(), STREAM.into())
    }

    fn value(text: &str) -> Value {
        serde_json::from_str(text).expect("json")
    }

    #[test]
    fn messages_have_the_documented_shape() {
        let mut wire = wire();

        let start = value(&wire.start(&[("session".into(), "s_01J".into())]));
        let media = value(&wire.media(20, &[0xFF; 3]));
        let dtmf = value(&wire.dtmf('5'));
        let mark = value(&wire.mark("g3:1480"));
        let stop = value(&wire.stop());

        let expected = value(
            r#"{"event":"start","sequenceNumber":"1","streamSid":"MZ00000000000000000000000000000001",
            "start":{"accountSid":"AC00000000000000000000000000000001","streamSid":"MZ00000000000000000000000000000001",
            "callSid":"CA00000000000000000000000000000001","tracks":["inbound"],
            "mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":{"session":"s_01J"}}}"#,
        );
        assert_eq!(start, expected);
        let expected = json!({"event": "media", "sequenceNumber": "2", "streamSid": STREAM,
            "media": {"track": "inbound", "chunk": "1", "timestamp": "20", "payload": "////"}});
        assert_eq!(media, expected);
        assert_eq!(
            dtmf,
            json!({"event": "dtmf", "sequenceNumber": "3", "streamSid": STREAM, "dtmf": {"track": "inbound_track", "digit": "5"}})
        );
        assert_eq!(mark, json!({"event": "mark", "sequenceNumber": "4", "streamSid": STREAM, "mark": {"name": "g3:1480"}}));
        assert_eq!(stop["sequenceNumber"], "5");
        assert_eq!(stop["stop"], json!({"accountSid": start["start"]["accountSid"], "callSid": start["start"]["callSid"]}));
    }

    #[test]
    fn what_the_engine_may_send_is_read() {
        let read = |body: &str| wire().read(&format!(r#"{{"streamSid":"{STREAM}",{body}}}"#));

        assert_eq!(read(r#""event":"media","media":{"payload":"////"}"#), Ok(Incoming::Media(vec![0xFF; 3])));
        assert_eq!(read(r#""event":"mark","mark":{"name":"a"}"#), Ok(Incoming::Mark("a".into())));
        assert_eq!(read(r#""event":"clear""#), Ok(Incoming::Clear));
    }

    #[test]
    fn anything_else_is_a_breach_with_twilios_code() {
        let code = |text: &str| wire().read(text).expect_err("a breach").code;
        let with_sid = |body: &str| format!(r#"{{"streamSid":"{STREAM}",{body}}}"#);

        assert_eq!(code("{"), 31950);
        assert_eq!(code("[]"), 31951);
        assert_eq!(code(r#"{"event":"clear"}"#), 31951);
        assert_eq!(code(r#"{"event":"clear","streamSid":"MZ2"}"#), 31951);
        for body in [
            r#""event":"hello""#,
            r#""event":"clear","extra":1"#,
            r#""event":"mark","mark":{}"#,
            r#""event":"mark","mark":{"name":1}"#,
            r#""event":"mark","mark":{"name":"a","x":1}"#,
            r#""event":"media","media":{"payload":"!"}"#,
            r#""event":"media","media":{"payload":""}"#,
            r#""event":"media","media":{"payload":"////","track":"outbound"}"#,
        ] {
            assert_eq!(code(&with_sid(body)), 31951, "{body}");
        }
    }
}
