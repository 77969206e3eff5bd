//! The media stream: frames to messages, messages to events, commands to messages.

use std::cell::Cell;

use actix_http::ws::{Frame, Item};
use alpha_call::actors::twilio_stream::MAX_MESSAGE_BYTES;
use alpha_call::realtime::socket::{Assembler, BadFrame, Incoming, MAX_FRAGMENTS};
use alpha_call::session::event::{LegCommand, LegEvent, Mark};
use alpha_call::twilio::media::{Inbound, Start, decode, encode};
use alpha_call::types::StreamSid;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use bytestring::ByteString;
use serde_json::{Value, json};

use super::{choices, word};

pub fn check(input: &[u8]) -> String {
    let whole = Assembler::of_at_most(MAX_MESSAGE_BYTES).accept(Frame::Text(Bytes::copy_from_slice(input)));
    assert_eq!(fragments(input), whole, "a message is the same in one frame and in many");
    disorder(input);
    commands(input);
    match whole {
        Ok(Incoming::Text(text)) => message(&text),
        other => format!("{other:?}"),
    }
}

/// The input in a few fragments, with control frames between them.
fn fragments(input: &[u8]) -> Result<Incoming, BadFrame> {
    let mut rng = choices(input);
    let mut assembler = Assembler::of_at_most(MAX_MESSAGE_BYTES);
    let count = if rng.u8(..) == 0 { MAX_FRAGMENTS } else { rng.usize(2..9) };
    let mut cuts: Vec<usize> = (1..count).map(|_| rng.usize(..=input.len())).collect();
    cuts.sort_unstable();
    let mut from = 0;
    for (n, to) in cuts.iter().enumerate() {
        let part = Bytes::copy_from_slice(&input[from..*to]);
        let item = if n == 0 { Item::FirstText(part) } else { Item::Continue(part) };
        assert_eq!(assembler.accept(Frame::Continuation(item)), Ok(Incoming::Part));
        if rng.bool() {
            assert_eq!(assembler.accept(Frame::Ping(Bytes::from_static(b"?"))), Ok(Incoming::Ping(Bytes::from_static(b"?"))));
        }
        from = *to;
    }
    assembler.accept(Frame::Continuation(Item::Last(Bytes::copy_from_slice(&input[from..]))))
}

/// Frames in any order, against a model of what should come of each.
fn disorder(input: &[u8]) {
    let mut rng = choices(input);
    let max = rng.usize(1..200);
    let mut assembler = Assembler::of_at_most(max);
    let begun: Cell<Option<Vec<u8>>> = Cell::new(None);
    let joined = |part: &[u8]| {
        let text = [begun.take().ok_or(BadFrame::Stray)?, part.to_vec()].concat();
        if text.len() > max { Err(BadFrame::TooLong) } else { Ok(text) }
    };
    for part in input.chunks(rng.usize(1..100)).take(64) {
        let (bytes, op) = (Bytes::copy_from_slice(part), rng.u8(..6));
        if op == 0 {
            begun.set(Some(Vec::new()));
        }
        let part_of = |text: Vec<u8>| {
            begun.set(Some(text));
            Incoming::Part
        };
        let (item, expected) = match op {
            0 => (Item::FirstText(bytes), joined(part).map(part_of)),
            1..=3 => (Item::Continue(bytes), joined(part).map(part_of)),
            4 => (Item::FirstBinary(bytes), Err(BadFrame::Binary)),
            _ => (Item::Last(bytes), joined(part).and_then(text)),
        };
        assert_eq!(assembler.accept(Frame::Continuation(item)), expected, "after {op}");
    }
}

fn text(bytes: Vec<u8>) -> Result<Incoming, BadFrame> {
    String::from_utf8(bytes).map(|text| Incoming::Text(text.into())).map_err(|_| BadFrame::NotUtf8)
}

/// What was understood is what stands in the message, as another reader has it.
fn message(text: &ByteString) -> String {
    let read = decode(text);
    let json = serde_json::from_str::<Value>(text);
    match (&read, &json) {
        (Ok(inbound), Ok(json)) => agrees(inbound, json),
        (Ok(_), Err(error)) => assert!(is_of_no_matter(&error.to_string()), "{error}"),
        (Err(error), _) => assert!(error.to_string().len() < 100, "{error}"),
    }
    match read {
        Ok(Inbound::Leg(event)) => word(&format!("{event:?}")),
        Ok(inbound) => word(&format!("{inbound:?}")),
        Err(error) => format!("{error:?}"),
    }
}

/// In parts of a message that nobody looks at.
fn is_of_no_matter(error: &str) -> bool {
    ["recursion limit", "number out of range", "surrogate", "unexpected end of hex escape"].iter().any(|known| error.contains(known))
}

fn agrees(inbound: &Inbound, json: &Value) {
    let event = json["event"].as_str().expect("an event");
    match inbound {
        Inbound::Connected => assert_eq!(event, "connected"),
        Inbound::Start(start) => {
            assert_eq!(event, "start");
            started(start, &json["start"]);
        }
        Inbound::Unknown(name) => assert!(name.chars().count() <= 40 && (event.starts_with(name.as_str()) || event == "media"), "{name}"),
        Inbound::Leg(heard) => match heard {
            LegEvent::Audio(audio) => {
                assert_eq!(json["media"]["payload"], audio.as_base64());
                let bytes = LENIENT.decode(audio.as_base64()).expect("base64");
                assert_eq!(audio.duration_ms(), bytes.len() as u64 / 8);
                let _ = audio.loudness();
            }
            LegEvent::MarkReached(name) => assert_eq!(json["mark"]["name"], &**name),
            LegEvent::Digit(key) => assert_eq!(json["dtmf"]["digit"], key.to_string()),
            LegEvent::Stopped => assert_eq!(event, "stop"),
            LegEvent::FramesDropped(_) | LegEvent::Lost | LegEvent::Misbehaved => panic!("nobody said that: {heard:?}"),
        },
    }
}

/// The last bits of a payload need not be zero.
const LENIENT: GeneralPurpose = GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

fn started(start: &Start, json: &Value) {
    assert_eq!(json["accountSid"], start.account.as_str());
    assert_eq!(json["streamSid"], start.stream.as_str());
    assert_eq!(json["callSid"], start.call.as_str());
    assert!(json["mediaFormat"].is_array() || json["mediaFormat"]["encoding"] == "audio/x-mulaw", "{json}");
    let told = json["customParameters"].as_object().map_or(0, serde_json::Map::len);
    assert_eq!(told, start.parameters.len());
    assert!(start.parameters.iter().all(|(name, value)| json["customParameters"][name] == **value));
}

/// What we say reads as it was meant, and a mark comes back as it went.
fn commands(input: &[u8]) {
    let stream: StreamSid = "MZ00000000000000000000000000000001".parse().expect("a sid");
    let sent = |command: &LegCommand| serde_json::from_str::<Value>(&encode(command, &stream)).expect("json");
    let audio = Bytes::copy_from_slice(&input[..input.len().min(800)]);
    let payload = base64::engine::general_purpose::STANDARD.encode(&audio);
    assert_eq!(sent(&LegCommand::Play(audio)), json!({"event": "media", "streamSid": stream, "media": {"payload": payload}}));
    assert_eq!(sent(&LegCommand::Clear), json!({"event": "clear", "streamSid": stream}));
    let mut rng = choices(input);
    let mark = Mark { generation: rng.u32(..), item: rng.u32(..), ms: rng.u64(..) };
    let sent = encode(&LegCommand::Mark(mark), &stream);
    let Ok(Inbound::Leg(LegEvent::MarkReached(name))) = decode(&sent.into()) else { panic!("{mark} is no mark") };
    assert_eq!(name.parse(), Ok(mark));
}
