use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::session::event::Mark;

const STREAM: &str = "MZ00000000000000000000000000000001";

const START: &str = r#"{"event":"start","sequenceNumber":"1","streamSid":"MZ00000000000000000000000000000001",
    "start":{"accountSid":"AC00000000000000000000000000000001","streamSid":"MZ00000000000000000000000000000001",
    "callSid":"CA00000000000000000000000000000001","tracks":["inbound"],
    "mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},
    "customParameters":{"session":"s_01J"}}}"#;

fn read(text: &str) -> Result<Inbound, Malformed> {
    decode(&text.into())
}

fn leg(text: &str) -> LegEvent {
    match read(text) {
        Ok(Inbound::Leg(event)) => event,
        other => panic!("not an event of the leg: {other:?}"),
    }
}

fn stream() -> StreamSid {
    STREAM.parse().expect("a stream sid")
}

#[test]
fn connected_greets() {
    assert_eq!(read(r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#), Ok(Inbound::Connected));
}

#[test]
fn start_names_account_stream_call_and_parameters() {
    let Ok(Inbound::Start(start)) = read(START) else { panic!("not a start") };

    assert_eq!(start.account.as_str(), "AC00000000000000000000000000000001");
    assert_eq!(start.stream, stream());
    assert_eq!(start.call.as_str(), "CA00000000000000000000000000000001");
    assert_eq!(start.parameters, BTreeMap::from([("session".to_owned(), "s_01J".to_owned())]));
}

#[test]
fn start_may_come_without_parameters_and_with_numbers_in_quotes() {
    let text = START.replace(r#"{"session":"s_01J"}"#, "null").replace("8000", r#""8000""#).replace(r#""1""#, "1");

    let Ok(Inbound::Start(start)) = read(&text) else { panic!("not a start") };

    assert!(start.parameters.is_empty());
}

#[test]
fn another_format_than_mulaw_8000_mono_is_refused() {
    let wrong = [("audio/x-mulaw", "audio/x-l16"), ("8000", "16000"), (r#""channels":1"#, r#""channels":2"#), (r#","channels":1"#, "")];

    for (from, to) in wrong {
        assert_eq!(read(&START.replace(from, to)), Err(Malformed::UnsupportedFormat), "{to}");
    }
}

#[test]
fn a_wrong_sid_in_start_is_named() {
    assert_eq!(read(&START.replace("\"CA0", "\"XX0")), Err(InvalidId("call sid").into()));
    assert_eq!(read(&START.replace("\"AC0", "\"XX0")), Err(InvalidId("account sid").into()));
    assert_eq!(read(&START.replace("\"MZ0", "\"XX0")), Err(InvalidId("stream sid").into()));
}

#[test]
fn media_is_passed_on_without_a_copy() {
    let payload = EncodedAudio::encode(&[0x7E; 160]);
    let text = ByteString::from(format!(
        r#"{{"event":"media","sequenceNumber":"2","streamSid":"{STREAM}",
            "media":{{"track":"inbound","chunk":"1","timestamp":"20","payload":"{}"}}}}"#,
        payload.as_base64()
    ));

    let Ok(Inbound::Leg(LegEvent::Audio(audio))) = decode(&text) else { panic!("not audio") };

    assert_eq!(audio, payload);
    assert_eq!(audio.duration_ms(), 20);
    assert!(text.as_bytes().as_ptr_range().contains(&audio.as_base64().as_ptr()));
}

#[test]
fn an_escaped_payload_is_unescaped() {
    let LegEvent::Audio(audio) = leg(r#"{"event":"media","media":{"track":"inbound","payload":"\/\/\/\/"}}"#) else { panic!("not audio") };

    assert_eq!(audio.as_base64(), "////");
}

#[test]
fn counters_may_be_strings_or_numbers_or_absent() {
    for counters in [r#""chunk":"1","timestamp":"20","#, r#""chunk":1,"timestamp":20,"#, ""] {
        let text = format!(r#"{{"event":"media","sequenceNumber":7,"media":{{"track":"inbound",{counters}"payload":"////"}}}}"#);

        assert_eq!(leg(&text), LegEvent::Audio(EncodedAudio::encode(&[0xFF; 3])), "{text}");
    }
}

#[test]
fn audio_of_another_track_does_not_count() {
    let text = r#"{"event":"media","media":{"track":"outbound","payload":"////"}}"#;

    assert_eq!(read(text), Ok(Inbound::Unknown("media of track outbound".into())));
}

#[test]
fn marks_digits_and_the_end_are_told() {
    assert_eq!(leg(r#"{"event":"mark","sequenceNumber":"93","mark":{"name":"3:1:1480"}}"#), LegEvent::MarkReached("3:1:1480".into()));
    assert_eq!(leg(r#"{"event":"mark","mark":{"name":"\"Gr\u00fc\u00dfe\""}}"#), LegEvent::MarkReached("\"Grüße\"".into()));
    assert_eq!(leg(r##"{"event":"dtmf","dtmf":{"track":"inbound_track","digit":"#"}}"##), LegEvent::Digit('#'));
    assert_eq!(leg(r#"{"event":"stop","stop":{"callSid":"CA00000000000000000000000000000001"}}"#), LegEvent::Stopped);
    assert_eq!(leg(r#"{"event":"stop"}"#), LegEvent::Stopped);
}

#[test]
fn unknown_events_and_fields_are_survived() {
    let noise = r#""media":[],"mark":7,"future":{"a":[1,2,{"b":null}]}"#;

    assert_eq!(read(&format!(r#"{{"event":"weather",{noise}}}"#)), Ok(Inbound::Unknown("weather".into())));
    assert_eq!(read(&format!(r#"{{{noise},"event":"connected"}}"#)), Ok(Inbound::Connected));
    assert_eq!(read(&format!(r#"{{"event":"{}"}}"#, "x".repeat(9_000))), Ok(Inbound::Unknown("x".repeat(NAME_CHARS))));
}

#[test]
fn nonsense_is_named() {
    let cases = [
        ("", Malformed::NotJson),
        ("hello", Malformed::NotJson),
        (r#"{"event":"media","media":"#, Malformed::NotJson),
        ("[]", Malformed::MissingField("event")),
        ("{}", Malformed::MissingField("event")),
        (r#"{"event":7}"#, Malformed::MissingField("event")),
        (r#"["stop",null,null,null,null]"#, Malformed::MissingField("event")),
        (r#"{"event":"mark","mark":["3:1:1480"]}"#, Malformed::MissingField("mark")),
        (r#"{"event":"media"}"#, Malformed::MissingField("media")),
        (r#"{"event":"media","media":{"track":"inbound"}}"#, Malformed::MissingField("media")),
        (r#"{"event":"media","media":{"payload":5}}"#, Malformed::MissingField("media")),
        (r#"{"event":"media","media":{"payload":"not base64"}}"#, Malformed::BadAudio),
        (r#"{"event":"media","media":{"payload":""}}"#, Malformed::BadAudio),
        (r#"{"event":"mark","mark":{}}"#, Malformed::MissingField("mark")),
        (r#"{"event":"dtmf","dtmf":{"digit":"12"}}"#, Malformed::BadDigit),
        (r#"{"event":"dtmf","dtmf":{"digit":"x"}}"#, Malformed::BadDigit),
        (r#"{"event":"start","start":{}}"#, Malformed::MissingField("start")),
    ];

    for (text, expected) in cases {
        assert_eq!(read(text), Err(expected), "{text}");
    }
}

#[test]
fn deep_nesting_is_survived() {
    let deep = format!(r#"{{"x":{}{},"event":"stop"}}"#, "[".repeat(60_000), "]".repeat(60_000));

    assert_eq!(leg(&deep), LegEvent::Stopped);
}

#[test]
fn commands_have_exactly_the_documented_keys() {
    let mark = Mark { generation: 3, item: 1, ms: 1480 };

    assert_eq!(
        encode(&LegCommand::Play(Bytes::from_static(&[0xFF; 3])), &stream()),
        r#"{"event":"media","streamSid":"MZ00000000000000000000000000000001","media":{"payload":"////"}}"#
    );
    assert_eq!(
        encode(&LegCommand::Mark(mark), &stream()),
        r#"{"event":"mark","streamSid":"MZ00000000000000000000000000000001","mark":{"name":"3:1:1480"}}"#
    );
    assert_eq!(encode(&LegCommand::Clear, &stream()), r#"{"event":"clear","streamSid":"MZ00000000000000000000000000000001"}"#);
}

/// JSON texts of the events we know, with whatever in the places that we read.
fn nearly_valid() -> impl Strategy<Value = String> {
    let event = prop::sample::select(vec!["connected", "start", "media", "mark", "dtmf", "stop", "other"]);
    let value =
        prop::sample::select(vec!["null", "7", "-1.5e9", "\"\"", "\"é\\ud83d\\ude00\"", "\"\\ud800\"", "[]", "{}", "\"////\"", "true"]);
    let field = prop::sample::select(vec!["track", "payload", "name", "digit", "mediaFormat", "callSid", "event"]);
    (event, field, value.clone(), value)
        .prop_map(|(event, field, inner, outer)| format!(r#"{{"event":"{event}","{event}":{{"{field}":{inner}}},"streamSid":{outer}}}"#))
}

proptest! {
    #[test]
    fn decoding_never_panics_on_bytes(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn decoding_never_panics_on_what_is_nearly_valid(text in nearly_valid(), cut in any::<prop::sample::Index>()) {
        let short: String = text.chars().take(cut.index(text.chars().count())).collect();

        let _ = read(&text);
        prop_assert_eq!(read(&short), Err(Malformed::NotJson));
    }

    #[test]
    fn the_order_of_keys_does_not_matter(
        audio in prop::collection::vec(any::<u8>(), 1..400),
        outer in Just(vec![0, 1, 2, 3]).prop_shuffle(),
        inner in Just(vec![0, 1, 2, 3]).prop_shuffle(),
    ) {
        let payload = EncodedAudio::encode(&audio);
        let payload_field = format!(r#""payload":"{}""#, payload.as_base64());
        let parts = [r#""track":"inbound""#, r#""chunk":"1""#, r#""timestamp":"20""#, &payload_field];
        let media = format!(r#""media":{{{}}}"#, inner.iter().map(|i| parts[*i]).collect::<Vec<_>>().join(","));
        let parts = [r#""event":"media""#, r#""sequenceNumber":"2""#, r#""streamSid":"MZ1""#, &media];
        let text = format!("{{{}}}", outer.iter().map(|i| parts[*i]).collect::<Vec<_>>().join(" , "));

        prop_assert_eq!(read(&text), Ok(Inbound::Leg(LegEvent::Audio(payload))));
    }

    #[test]
    fn what_is_played_comes_out_of_the_json_again(audio in prop::collection::vec(any::<u8>(), 1..2_000)) {
        let text = encode(&LegCommand::Play(audio.clone().into()), &stream());

        let json: serde_json::Value = serde_json::from_str(&text).expect("json");
        let expected = serde_json::json!({
            "event": "media", "streamSid": STREAM, "media": { "payload": EncodedAudio::encode(&audio).as_base64() },
        });
        prop_assert_eq!(json, expected);
    }
}
