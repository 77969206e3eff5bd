use proptest::prelude::*;
use quick_xml::XmlVersion;
use quick_xml::reader::Reader;

use super::*;

const URL: &str = "wss://voice.example.test/media-stream/a.1.2.b";

fn stream<'a>(url: &'a str, parameters: &'a [(&'a str, &'a str)]) -> ConnectStream<'a> {
    ConnectStream { stream_url: url, action_url: "https://voice.example.test/twilio/resume/1/2", parameters }
}

/// Every value of a document, attributes and text, in their order, as a reader sees them.
fn values(document: &str) -> Vec<String> {
    let mut reader = Reader::from_str(document);
    let (mut found, mut text) = (Vec::new(), String::new());
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(tag) | Event::Empty(tag) => found.extend(
                tag.attributes().map(|a| a.expect("an attribute").normalized_value(XmlVersion::Explicit1_0).expect("a value").into_owned()),
            ),
            Event::Text(part) => text.push_str(&part.xml10_content().expect("text")),
            Event::GeneralRef(part) => text.push_str(&resolved(&part)),
            Event::End(_) => found.extend(Some(std::mem::take(&mut text)).filter(|t| !t.is_empty())),
            Event::Decl(_) => {}
            Event::Eof => return found,
            other => panic!("not expected in TwiML: {other:?}"),
        }
    }
}

fn resolved(part: &quick_xml::events::BytesRef) -> String {
    match part.resolve_char_ref().expect("a reference") {
        Some(character) => character.to_string(),
        None => quick_xml::escape::unescape(&format!("&{};", part.decode().expect("a name"))).expect("an entity").into_owned(),
    }
}

fn without_illegal(text: &str) -> String {
    text.chars().filter(|c| !matches!(u32::from(*c), 0..=8 | 11 | 12 | 14..=31 | 0xFFFE | 0xFFFF)).collect()
}

fn anything() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec!['<', '>', '&', '"', '\'', '\t', '\n', '\r', '\0', '\u{1B}', ']', ';', '#', '\u{85}', '\u{2028}']);
    let character = prop_oneof![any::<char>(), odd, prop::sample::select(vec!['\u{FFFD}', '\u{FFFE}', '\u{FFFF}', '\u{1_0000}', ' '])];
    prop::collection::vec(character, 0..60).prop_map(String::from_iter)
}

#[test]
fn a_call_is_joined_to_a_stream() {
    let document = connect_stream(&stream(URL, &[("call", "1"), ("epoch", "2")])).expect("valid");

    let expected = concat!(
        r#"<?xml version="1.0" encoding="UTF-8"?><Response>"#,
        r#"<Connect action="https://voice.example.test/twilio/resume/1/2" method="POST">"#,
        r#"<Stream url="wss://voice.example.test/media-stream/a.1.2.b">"#,
        r#"<Parameter name="call" value="1"/><Parameter name="epoch" value="2"/>"#,
        "</Stream></Connect></Response>",
    );
    assert_eq!(document, expected);
}

#[test]
fn a_stream_url_is_wss_and_has_no_query() {
    for url in ["ws://h/p", "https://h/p", "/p", "wss://", "wss://h/p?token=1", "wss://h/p?", "wss://h/p#f", ""] {
        assert_eq!(connect_stream(&stream(url, &[])), Err(InvalidStream::Url), "{url}");
    }
}

#[test]
fn a_parameter_stays_under_500_characters() {
    let (fits, too_long) = ("ü".repeat(496), "ü".repeat(497));

    assert!(connect_stream(&stream(URL, &[("abc", &fits)])).is_ok());
    assert_eq!(connect_stream(&stream(URL, &[("a", "b"), ("abc", &too_long)])), Err(InvalidStream::LongParameter("abc".into())));
}

#[test]
fn the_short_documents_are_what_twilio_asks_for() {
    let body = |document: String| document.strip_prefix(r#"<?xml version="1.0" encoding="UTF-8"?>"#).map(str::to_owned).expect("declared");

    assert_eq!(body(hangup()), "<Response><Hangup/></Response>");
    assert_eq!(body(reject_busy()), r#"<Response><Reject reason="busy"/></Response>"#);
    assert_eq!(body(say_and_hangup("Q&A <now>")), "<Response><Say>Q&amp;A &lt;now&gt;</Say><Hangup/></Response>");
    assert_eq!(
        body(pause_and_redirect(Duration::from_secs(3), "https://h/r?a=1&b=2")),
        r#"<Response><Pause length="3"/><Redirect method="POST">https://h/r?a=1&amp;b=2</Redirect></Response>"#
    );
}

proptest! {
    #[test]
    fn attributes_survive_for_any_string(name in anything(), value in anything(), action in anything()) {
        let parameters = [(name.as_str(), value.as_str())];
        let document = connect_stream(&ConnectStream { action_url: &action, ..stream(URL, &parameters) }).expect("valid");

        let expected = [without_illegal(&action), "POST".into(), URL.into(), without_illegal(&name), without_illegal(&value)];
        prop_assert_eq!(values(&document), expected);
    }

    #[test]
    fn text_survives_for_any_string(text in anything()) {
        let expected: Vec<_> = Some(without_illegal(&text)).filter(|t| !t.is_empty()).into_iter().collect();

        prop_assert_eq!(values(&say_and_hangup(&text)), expected.clone());
        prop_assert_eq!(values(&pause_and_redirect(Duration::from_secs(7), &text)).split_off(2), expected);
    }
}

fn number(text: &str) -> PhoneNumber {
    text.parse().expect("a number")
}

#[test]
fn another_phone_is_rung_and_the_end_of_it_told() {
    let (human, ours) = (number("+14155550199"), number("+14155550100"));
    let action = "https://voice.example.test/twilio/transferred/1/2?a=\"b\"&c";

    let document = dial(&Dial { number: &human, caller_id: Some(&ours), action_url: Some(action) });

    let expected = concat!(
        r#"<?xml version="1.0" encoding="UTF-8"?><Response><Dial timeout="25" answerOnBridge="true" "#,
        r#"action="https://voice.example.test/twilio/transferred/1/2?a=&quot;b&quot;&amp;c" method="POST" callerId="+14155550100">"#,
        "<Number>+14155550199</Number></Dial></Response>",
    );
    assert_eq!(document, expected);
}

#[test]
fn a_lifeboat_says_its_text_and_rings_a_human_if_there_is_one() {
    let human = number("+14155550199");
    let to = Dial { number: &human, caller_id: None, action_url: None };

    let with = say_and_dial("Sorry & goodbye", Some(&to));
    let without = say_and_dial("Sorry & goodbye", None);

    assert_eq!(values(&with), ["Sorry & goodbye", "25", "true", "+14155550199"]);
    assert!(with.ends_with("</Dial><Hangup/></Response>"), "{with}");
    assert_eq!(without, say_and_hangup("Sorry & goodbye"));
}
