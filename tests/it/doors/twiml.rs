//! TwiML, read as XML.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::http::Answer;

/// The elements within `<Response>`, in their order.
#[derive(Debug, PartialEq, Eq)]
pub struct Twiml(Vec<Element>);

#[derive(Debug, Default, PartialEq, Eq)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    depth: usize,
    text: String,
}

impl Twiml {
    pub fn of(answer: &Answer) -> Self {
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/xml")), "{answer:?}");
        answer.request_id();
        Self::parse(&answer.body)
    }

    fn parse(text: &str) -> Self {
        let mut reader = Reader::from_str(text);
        let (mut elements, mut depth): (Vec<Element>, usize) = (Vec::new(), 0);
        loop {
            match reader.read_event().unwrap_or_else(|error| panic!("{error}: {text}")) {
                Event::Start(start) => {
                    elements.push(element(&start, depth));
                    depth += 1;
                }
                Event::Empty(start) => elements.push(element(&start, depth)),
                Event::End(_) => depth -= 1,
                Event::Text(words) => elements.last_mut().expect("an element").text.push_str(&words.decode().expect("utf-8")),
                Event::GeneralRef(name) => {
                    let entity = format!("&{};", name.decode().expect("utf-8"));
                    let meant = quick_xml::escape::unescape(&entity).expect("an entity").into_owned();
                    elements.last_mut().expect("an element").text.push_str(&meant);
                }
                Event::Eof => break,
                Event::Decl(_) => assert!(elements.is_empty(), "{text}"),
                other => panic!("{other:?} in {text}"),
            }
        }
        assert_eq!(depth, 0, "an element does not end: {text}");
        let root = elements.remove(0);
        assert_eq!((root.name.as_str(), root.depth), ("Response", 0), "{text}");
        assert!(elements.iter().all(|element| element.depth > 0), "two roots: {text}");
        Self(elements)
    }

    pub fn verbs(&self) -> Vec<&str> {
        self.0.iter().map(|element| element.name.as_str()).collect()
    }

    /// The URL of the stream, and of what is asked after it, as it is sent: the fragment is for Twilio alone.
    pub fn connect(&self) -> (String, String) {
        let [connect, stream] = self.0.as_slice() else { panic!("not a stream: {self:?}") };
        assert_eq!((connect.name.as_str(), stream.name.as_str(), stream.depth), ("Connect", "Stream", 2), "{self:?}");
        assert_eq!(connect.attributes["method"], "POST", "{self:?}");
        let action = connect.attributes["action"].split('#').next().unwrap_or_default();
        (stream.attributes["url"].clone(), action.to_owned())
    }
}

fn element(start: &BytesStart, depth: usize) -> Element {
    let name = String::from_utf8(start.name().as_ref().to_vec()).expect("utf-8");
    let attributes = start.attributes().map(|attribute| {
        let attribute = attribute.expect("an attribute");
        let value = quick_xml::escape::unescape(std::str::from_utf8(&attribute.value).expect("utf-8")).expect("escapes").into_owned();
        (String::from_utf8(attribute.key.as_ref().to_vec()).expect("utf-8"), value)
    });
    Element { name, attributes: attributes.collect(), depth, text: String::new() }
}
