//! TwiML as Twilio reads it, <https://www.twilio.com/docs/voice/twiml>. What it would only warn of,
//! error 12200, is a violation here.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::types::Redacted;

/// A verb of a document, in the order in which it is to be performed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    Connect { action: Option<String>, method: String, stream: Stream },
    Say(String),
    Pause { seconds: u64 },
    Redirect { url: String, method: String },
    Dial(Dial),
    Reject { reason: String },
    Hangup,
}

/// `<Dial>`. <https://www.twilio.com/docs/voice/twiml/dial>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    pub number: Redacted<String>,
    pub action: Option<String>,
    pub method: String,
    pub caller_id: Option<Redacted<String>>,
    pub timeout: Option<u64>,
    pub answer_on_bridge: bool,
}

/// `<Stream>` inside `<Connect>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    pub url: String,
    pub name: Option<String>,
    pub status_callback: Option<String>,
    pub parameters: Vec<(String, String)>,
}

/// A document, and what Twilio would have complained about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    pub verbs: Vec<Verb>,
    pub complaints: Vec<String>,
}

/// The document cannot be used at all, error 12100.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("document parse failure: {0}")]
pub struct Unreadable(String);

/// What may stand where: element, its attributes, its children.
const GRAMMAR: &[(&str, &[&str], &[&str])] = &[
    ("Response", &[], &["Connect", "Say", "Pause", "Redirect", "Dial", "Reject", "Hangup"]),
    ("Connect", &["action", "method"], &["Stream"]),
    ("Stream", &["url", "name", "track", "statusCallback", "statusCallbackMethod"], &["Parameter"]),
    ("Parameter", &["name", "value"], &[]),
    ("Say", &["voice", "language", "loop"], &[]),
    ("Pause", &["length"], &[]),
    ("Redirect", &["method"], &[]),
    ("Dial", &["action", "method", "timeout", "timeLimit", "callerId", "record", "answerOnBridge", "hangupOnStar"], &["Number", "Sip"]),
    ("Number", &["statusCallback", "statusCallbackEvent", "sendDigits", "url"], &[]),
    ("Sip", &[], &[]),
    ("Reject", &["reason"], &[]),
    ("Hangup", &[], &[]),
];

/// An element with everything inside of it.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Self>,
    text: String,
}

/// Reads a document as Twilio would.
pub fn parse(text: &str) -> Result<Document, Unreadable> {
    let root = read_tree(text)?;
    if root.name != "Response" {
        return Err(Unreadable(format!("root element is {}", root.name)));
    }
    let mut document = Document::default();
    complain(&root, &mut document.complaints);
    let verbs: Vec<Verb> = root.children.iter().filter_map(|element| verb(element, &mut document.complaints)).collect();
    document.verbs = verbs;
    if document.verbs.iter().skip(1).any(|verb| matches!(verb, Verb::Reject { .. })) {
        document.complaints.push("<Reject> is not the first verb".into());
    }
    Ok(document)
}

fn verb(element: &Element, complaints: &mut Vec<String>) -> Option<Verb> {
    let method = element.attribute("method").unwrap_or("POST").to_owned();
    let action = element.attribute("action").map(str::to_owned);
    match element.name.as_str() {
        "Connect" => Some(Verb::Connect { action, method, stream: stream(element, complaints)? }),
        "Say" => Some(Verb::Say(element.text.trim().to_owned())),
        "Pause" => Some(Verb::Pause { seconds: element.number("length", 1, complaints) }),
        "Redirect" => Some(Verb::Redirect { url: element.text.trim().to_owned(), method }),
        "Dial" => Some(Verb::Dial(Dial {
            number: Redacted(element.dialled()),
            action,
            method,
            caller_id: element.attribute("callerId").map(|id| Redacted(id.to_owned())),
            timeout: element.attribute("timeout").map(|_| element.number("timeout", 30, complaints)),
            answer_on_bridge: element.attribute("answerOnBridge") == Some("true"),
        })),
        "Reject" => Some(Verb::Reject { reason: element.attribute("reason").unwrap_or("rejected").to_owned() }),
        "Hangup" => Some(Verb::Hangup),
        _ => None,
    }
}

fn stream(connect: &Element, complaints: &mut Vec<String>) -> Option<Stream> {
    let [element] = connect.children.as_slice() else {
        complaints.push("<Connect> must hold one <Stream>".into());
        return None;
    };
    if element.attribute("track").is_some_and(|track| track != "inbound_track") {
        complaints.push("31941 invalid track under <Connect>".into());
    }
    let parameters = element.children.iter().filter_map(|parameter| named_value(parameter, complaints)).collect();
    let owned = |name| element.attribute(name).map(str::to_owned);
    Some(Stream { url: owned("url").unwrap_or_default(), name: owned("name"), status_callback: owned("statusCallback"), parameters })
}

/// Name and value are under 500 characters together.
fn named_value(parameter: &Element, complaints: &mut Vec<String>) -> Option<(String, String)> {
    let (Some(name), Some(value)) = (parameter.attribute("name"), parameter.attribute("value")) else {
        complaints.push("<Parameter> without name and value".into());
        return None;
    };
    if name.chars().count() + value.chars().count() >= 500 {
        complaints.push("<Parameter> of 500 characters or more".into());
    }
    Some((name.to_owned(), value.to_owned()))
}

fn complain(element: &Element, complaints: &mut Vec<String>) {
    let Some((_, attributes, children)) = GRAMMAR.iter().find(|(name, ..)| *name == element.name) else {
        complaints.push(format!("12200 unknown element <{}>", element.name));
        return;
    };
    for (name, _) in element.attributes.iter().filter(|(name, _)| !attributes.contains(&name.as_str())) {
        complaints.push(format!("12200 unknown attribute {name} of <{}>", element.name));
    }
    for child in &element.children {
        if GRAMMAR.iter().any(|(name, ..)| *name == child.name) && !children.contains(&child.name.as_str()) {
            complaints.push(format!("12200 <{}> is not allowed in <{}>", child.name, element.name));
        }
        complain(child, complaints);
    }
}

impl Element {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str, default: u64, complaints: &mut Vec<String>) -> u64 {
        self.attribute(name).map_or(default, |value| {
            value.parse().unwrap_or_else(|_| {
                complaints.push(format!("12200 {name} of <{}> is not a number", self.name));
                default
            })
        })
    }

    /// The number stands in `<Dial>` itself or in a noun.
    fn dialled(&self) -> String {
        let noun = self.children.first().map_or(self.text.as_str(), |noun| noun.text.as_str());
        noun.trim().to_owned()
    }
}

fn read_tree(text: &str) -> Result<Element, Unreadable> {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().map_err(unreadable)? {
            Event::Start(start) => open.push(element(&start)?),
            Event::Empty(start) => close(&mut open, element(&start)?)?,
            Event::End(_) => {
                let element = open.pop().unwrap_or_default();
                close(&mut open, element)?;
            }
            Event::Text(text) => write(&mut open, &text.xml10_content().map_err(unreadable)?),
            Event::CData(text) => write(&mut open, &text.xml10_content().map_err(unreadable)?),
            Event::GeneralRef(entity) => write(&mut open, &resolved(&entity)?),
            Event::DocType(_) => return Err(Unreadable("document type declaration".into())),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(mut top), true) if top.children.len() == 1 && top.text.trim().is_empty() => top.children.pop().ok_or_else(no_root),
        _ => Err(no_root()),
    }
}

fn close(open: &mut [Element], element: Element) -> Result<(), Unreadable> {
    open.last_mut().ok_or_else(no_root)?.children.push(element);
    Ok(())
}

fn write(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, Unreadable> {
    let name = String::from_utf8_lossy(start.name().as_ref()).into_owned();
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(unreadable)?;
        let key = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
        attributes.push((key, attribute.normalized_value(XmlVersion::Implicit1_0).map_err(unreadable)?.into_owned()));
    }
    Ok(Element { name, attributes, ..Element::default() })
}

fn resolved(entity: &BytesRef<'_>) -> Result<String, Unreadable> {
    if let Some(character) = entity.resolve_char_ref().map_err(unreadable)? {
        return Ok(character.to_string());
    }
    let name = entity.decode().map_err(unreadable)?;
    resolve_xml_entity(&name).map(str::to_owned).ok_or_else(|| Unreadable(format!("unknown entity {name}")))
}

fn unreadable(error: impl std::fmt::Display) -> Unreadable {
    Unreadable(error.to_string())
}

fn no_root() -> Unreadable {
    Unreadable("not one root element".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verbs(inner: &str) -> Vec<Verb> {
        let document = parse(&format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{inner}</Response>")).expect("readable");
        assert_eq!(document.complaints, Vec::<String>::new());
        document.verbs
    }

    fn complaints(inner: &str) -> Vec<String> {
        parse(&format!("<Response>{inner}</Response>")).expect("readable").complaints
    }

    #[test]
    fn a_connect_carries_its_stream_and_parameters() {
        let verbs = verbs(
            "<Connect action=\"/after?a=1&amp;b=2\"><Stream url=\"wss://h/m/t\" name=\"n\">\
             <Parameter name=\"call\" value=\"&quot;1&quot;\"/></Stream></Connect><Hangup/>",
        );

        let stream = Stream {
            url: "wss://h/m/t".into(),
            name: Some("n".into()),
            status_callback: None,
            parameters: vec![("call".into(), "\"1\"".into())],
        };
        assert_eq!(verbs, [Verb::Connect { action: Some("/after?a=1&b=2".into()), method: "POST".into(), stream }, Verb::Hangup]);
    }

    #[test]
    fn the_other_verbs_are_read_with_their_defaults() {
        let verbs = verbs(
            "<Say voice=\"alice\">Fish &amp; chips &#33;</Say><Pause/><Pause length=\"3\"/>\
             <Dial><Number>+15550100003</Number></Dial><Redirect method=\"GET\"> /again </Redirect>",
        );

        assert_eq!(
            verbs,
            [
                Verb::Say("Fish & chips !".into()),
                Verb::Pause { seconds: 1 },
                Verb::Pause { seconds: 3 },
                Verb::Dial(Dial {
                    number: Redacted("+15550100003".into()),
                    action: None,
                    method: "POST".into(),
                    caller_id: None,
                    timeout: None,
                    answer_on_bridge: false,
                }),
                Verb::Redirect { url: "/again".into(), method: "GET".into() },
            ]
        );
    }

    #[test]
    fn an_empty_response_is_a_document_without_verbs() {
        assert_eq!(parse("<Response/>"), Ok(Document::default()));
    }

    #[test]
    fn what_twilio_would_warn_of_is_complained_about() {
        assert_eq!(complaints("<Konnect/>"), ["12200 unknown element <Konnect>"]);
        assert_eq!(complaints("<Hangup now=\"1\"/>"), ["12200 unknown attribute now of <Hangup>"]);
        assert_eq!(complaints("<Say><Hangup/></Say>"), ["12200 <Hangup> is not allowed in <Say>"]);
        assert_eq!(complaints("<Pause length=\"x\"/>"), ["12200 length of <Pause> is not a number"]);
        assert_eq!(complaints("<Connect/>"), ["<Connect> must hold one <Stream>"]);
        assert_eq!(complaints("<Say>a</Say><Reject/>"), ["<Reject> is not the first verb"]);
        let long = "x".repeat(499);
        let stream = format!("<Connect><Stream url=\"wss://h/\"><Parameter name=\"n\" value=\"{long}\"/></Stream></Connect>");
        assert_eq!(complaints(&stream), ["<Parameter> of 500 characters or more"]);
    }

    #[test]
    fn what_is_not_a_document_is_refused() {
        for text in
            ["", "hello", "<Response>", "<Response><Say></Response>", "<Response/><Response/>", "<Other/>", "<Response>&nope;</Response>"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
