//! TwiML, the documents by which Twilio is told what to do. <https://www.twilio.com/docs/voice/twiml>

use std::io;
use std::time::Duration;

use quick_xml::Writer;
use quick_xml::escape::escape;
use quick_xml::events::{BytesDecl, BytesText, Event};
use url::Url;

use crate::types::PhoneNumber;

/// Name and value of a `<Parameter>` stay under this many characters together.
/// <https://www.twilio.com/docs/voice/twiml/stream>
const PARAMETER_CHARS: usize = 500;

type Xml = Writer<Vec<u8>>;

/// Join the call to a media stream of ours.
#[derive(Clone, Copy, Debug)]
pub struct ConnectStream<'a> {
    /// `wss://`, no query: Twilio drops it.
    pub stream_url: &'a str,
    /// Asked by POST when the stream has ended.
    pub action_url: &'a str,
    /// Told in `start.customParameters`.
    pub parameters: &'a [(&'a str, &'a str)],
}

/// Twilio would not, or not as it stands, take the stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStream {
    #[error("stream url is not wss://, or has a query or a fragment")]
    Url,
    #[error("parameter `{0}` has {PARAMETER_CHARS} characters or more with its value")]
    LongParameter(String),
}

/// Nothing follows `<Connect>`: what `action` answers takes the place of the rest.
pub fn connect_stream(stream: &ConnectStream) -> Result<String, InvalidStream> {
    let url = checked_url(stream.stream_url)?;
    stream.parameters.iter().copied().try_for_each(check_length)?;
    Ok(document(|xml| {
        element(xml, "Connect", &[("action", stream.action_url), ("method", "POST")], |xml| {
            element(xml, "Stream", &[("url", url.as_str())], |xml| {
                stream.parameters.iter().try_for_each(|(name, value)| empty(xml, "Parameter", &[("name", name), ("value", value)]))
            })
        })
    }))
}

/// The call is over.
#[must_use]
pub fn hangup() -> String {
    document(|xml| empty(xml, "Hangup", &[]))
}

/// Twilio's own voice says `text`, then the call is over.
#[must_use]
pub fn say_and_hangup(text: &str) -> String {
    document(|xml| {
        text_element(xml, "Say", &[], text)?;
        empty(xml, "Hangup", &[])
    })
}

/// Ring another phone.
#[derive(Clone, Copy, Debug)]
pub struct Dial<'a> {
    pub number: &'a PhoneNumber,
    /// Whom the other phone shows; the caller if there is none.
    pub caller_id: Option<&'a PhoneNumber>,
    /// Asked by POST when the ringing, or what came of it, is over.
    pub action_url: Option<&'a str>,
}

/// Seconds that another phone rings.
const RING: &str = "25";

/// The caller hears the ringing until somebody answers. <https://www.twilio.com/docs/voice/twiml/dial>
#[must_use]
pub fn dial(dial: &Dial) -> String {
    document(|xml| dial_verb(xml, dial))
}

/// Twilio's own voice says `text`, then another phone is rung, if there is one; then the call is over.
#[must_use]
pub fn say_and_dial(text: &str, number: Option<&Dial>) -> String {
    document(|xml| {
        text_element(xml, "Say", &[], text)?;
        number.map_or(Ok(()), |number| dial_verb(xml, number))?;
        empty(xml, "Hangup", &[])
    })
}

fn dial_verb(xml: &mut Xml, dial: &Dial) -> io::Result<()> {
    let mut attributes = vec![("timeout", RING), ("answerOnBridge", "true")];
    attributes.extend(dial.action_url.into_iter().flat_map(|url| [("action", url), ("method", "POST")]));
    attributes.extend(dial.caller_id.map(|number| ("callerId", number.as_str())));
    element(xml, "Dial", &attributes, |xml| text_element(xml, "Number", &[], dial.number.as_str()))
}

/// The call is not answered: the caller hears the busy tone.
#[must_use]
pub fn reject_busy() -> String {
    document(|xml| empty(xml, "Reject", &[("reason", "busy")]))
}

/// The call is not answered: the caller hears that the number is not in service.
#[must_use]
pub fn reject() -> String {
    document(|xml| empty(xml, "Reject", &[]))
}

/// After so many seconds of silence `url` is asked, by POST.
#[must_use]
pub fn pause_and_redirect(pause: Duration, url: &str) -> String {
    document(|xml| {
        empty(xml, "Pause", &[("length", &pause.as_secs().to_string())])?;
        text_element(xml, "Redirect", &[("method", "POST")], url)
    })
}

fn checked_url(text: &str) -> Result<Url, InvalidStream> {
    let url = Url::parse(text).map_err(|_| InvalidStream::Url)?;
    let usable = url.scheme() == "wss" && url.query().is_none() && url.fragment().is_none();
    if usable { Ok(url) } else { Err(InvalidStream::Url) }
}

fn check_length((name, value): (&str, &str)) -> Result<(), InvalidStream> {
    let fits = name.chars().count() + value.chars().count() < PARAMETER_CHARS;
    if fits { Ok(()) } else { Err(InvalidStream::LongParameter(name.to_owned())) }
}

fn document(verbs: impl FnOnce(&mut Xml) -> io::Result<()>) -> String {
    #[expect(clippy::expect_used, reason = "memory takes every write, and only text is written")]
    written(verbs).expect("text in memory")
}

fn written(verbs: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<String> {
    let mut xml = Writer::new(Vec::new());
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    element(&mut xml, "Response", &[], verbs)?;
    String::from_utf8(xml.into_inner()).map_err(io::Error::other)
}

fn element(xml: &mut Xml, name: &str, attributes: &[(&str, &str)], content: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<()> {
    let values = escaped(attributes);
    let start = xml.create_element(name).with_attributes(raw(&values));
    start.write_inner_content(content).map(drop)
}

fn empty(xml: &mut Xml, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
    let values = escaped(attributes);
    xml.create_element(name).with_attributes(raw(&values)).write_empty().map(drop)
}

fn text_element(xml: &mut Xml, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
    element(xml, name, attributes, |xml| xml.write_event(Event::Text(BytesText::from_escaped(legal(text)))))
}

fn escaped<'a>(attributes: &[(&'a str, &str)]) -> Vec<(&'a str, String)> {
    attributes.iter().map(|(name, value)| (*name, legal(value))).collect()
}

fn raw<'a>(attributes: &'a [(&str, String)]) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    attributes.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()))
}

/// `value` escaped, without the characters that XML 1.0 section 2.2 forbids. White space of sections
/// 2.11 and 3.3.3 goes as references, since readers turn it into blanks otherwise.
fn legal(value: &str) -> String {
    let legal: String = value.chars().filter(|c| is_legal(*c)).collect();
    escape(legal).replace('\t', "&#9;").replace('\n', "&#10;").replace('\r', "&#13;")
}

const fn is_legal(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{1_0000}'..)
}

#[cfg(test)]
mod tests;
