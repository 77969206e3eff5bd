//! TwiML: whatever the words are, the document is well formed and says these words.

use std::time::Duration;

use alpha_call::twilio::twiml::{ConnectStream, Dial, connect_stream, dial, pause_and_redirect, say_and_dial, say_and_hangup};
use alpha_call::types::PhoneNumber;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// An element with its attributes, or a text.
#[derive(Debug, PartialEq)]
enum Piece {
    Element(String, Vec<(String, String)>),
    Text(String),
}

pub fn check(input: &[u8]) -> String {
    let text = String::from_utf8_lossy(input);
    let said = kept(&text);
    let words: Vec<Piece> = Some(Piece::Text(said.clone())).filter(|_| !said.is_empty()).into_iter().collect();
    bounded(&say_and_hangup(&text), &text);
    assert_eq!(pieces(&say_and_hangup(&text)), document([vec![element("Say", &[])], words, vec![element("Hangup", &[])]]));
    redirected(&text, &said);
    dialled(&text, &said);
    streamed(&text)
}

/// What XML 1.0 can hold at all, section 2.2.
fn kept(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\u{7F}'..='\u{9F}'))
        .filter(|c| !matches!(c, '\u{FFFE}' | '\u{FFFF}'))
        .collect()
}

fn redirected(text: &str, said: &str) {
    let pieces = pieces(&pause_and_redirect(Duration::from_secs(1), text));
    assert_eq!(pieces.last().filter(|_| !said.is_empty()), Some(&Piece::Text(said.to_owned())).filter(|_| !said.is_empty()));
}

fn dialled(text: &str, said: &str) {
    let number: PhoneNumber = "+14155550100".parse().expect("a number");
    let order = Dial { number: &number, caller_id: Some(&number), action_url: Some(text) };
    for document in [dial(&order), say_and_dial(text, Some(&order))] {
        bounded(&document, text);
        let found = pieces(&document).into_iter().find_map(|piece| match piece {
            Piece::Element(name, attributes) if name == "Dial" => Some(attributes),
            Piece::Element(..) | Piece::Text(_) => None,
        });
        let attributes = found.expect("it dials");
        assert!(attributes.contains(&("action".to_owned(), said.to_owned())), "{attributes:?}");
    }
}

/// Twilio takes no parameter of 500 characters, and no address with a query.
fn streamed(text: &str) -> String {
    let (name, value) = text.split_once('\n').unwrap_or((text, ""));
    let parameters = [(name, value)];
    let order = ConnectStream { stream_url: "wss://voice.example.com/media-stream/t", action_url: text, parameters: &parameters };
    let document = connect_stream(&order);
    assert_eq!(document.is_ok(), name.chars().count() + value.chars().count() < 500);
    let is_url = connect_stream(&ConnectStream { stream_url: name, action_url: "", parameters: &[] }).is_ok();
    assert!(!is_url || !name.contains(['?', '#']), "{name}");
    let Ok(document) = document else { return format!("long {is_url}") };
    bounded(&document, text);
    let parameter = element("Parameter", &[("name", &kept(name)), ("value", &kept(value))]);
    assert_eq!(pieces(&document).last(), Some(&parameter));
    format!("short {is_url} {}", document.contains('&'))
}

fn bounded(document: &str, text: &str) {
    assert!(document.len() <= 3 * 6 * text.len() + 1024, "{} bytes for {}", document.len(), text.len());
}

fn element(name: &str, attributes: &[(&str, &str)]) -> Piece {
    Piece::Element(name.to_owned(), attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

fn document(parts: [Vec<Piece>; 3]) -> Vec<Piece> {
    std::iter::once(element("Response", &[])).chain(parts.into_iter().flatten()).collect()
}

/// Every element, and every text between them as a whole.
fn pieces(document: &str) -> Vec<Piece> {
    let mut reader = Reader::from_str(document);
    let mut pieces = Vec::new();
    loop {
        let text = match reader.read_event().expect("well formed") {
            Event::Eof => return pieces,
            Event::Start(start) | Event::Empty(start) => {
                pieces.push(opened(&start));
                continue;
            }
            Event::Text(text) => text.decode().expect("utf-8").into_owned(),
            Event::GeneralRef(name) => {
                quick_xml::escape::unescape(&format!("&{};", name.decode().expect("utf-8"))).expect("known").into_owned()
            }
            Event::End(_) | Event::Decl(_) => continue,
            other => panic!("out of place: {other:?}"),
        };
        match pieces.last_mut() {
            Some(Piece::Text(before)) => before.push_str(&text),
            _ => pieces.push(Piece::Text(text)),
        }
    }
}

fn opened(start: &BytesStart<'_>) -> Piece {
    let attributes = start.attributes().map(|attribute| {
        let attribute = attribute.expect("an attribute");
        let value = String::from_utf8(attribute.value.into_owned()).expect("utf-8");
        (String::from_utf8_lossy(attribute.key.as_ref()).into_owned(), quick_xml::escape::unescape(&value).expect("escaped").into_owned())
    });
    Piece::Element(String::from_utf8_lossy(start.name().as_ref()).into_owned(), attributes.collect())
}
