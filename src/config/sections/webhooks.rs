//! Who is told of what happens in calls.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use url::Url;

use super::is_loopback;
use crate::config::reader::{Reader, quoted, quoted_list};
use crate::types::EventKind;

/// A receiver, and what it is told of.
#[derive(Clone)]
pub struct Webhooks {
    pub url: Url,
    /// Each signs: so they can be changed without a gap. Never empty.
    pub secrets: Vec<SecretString>,
    pub events: Vec<EventKind>,
}

const URL: &str = "webhooks.url";
const SECRET: &str = "webhooks.secret";
const EVENTS: &str = "webhooks.events";
const PREFIX: &str = "whsec_";
/// How long a key may be.
/// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme>
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;
const MAKE_ONE: &str = "make one with: echo \"whsec_$(openssl rand -base64 32)\", and give the receiver the same";

impl Webhooks {
    /// None where nobody is told.
    pub(in crate::config) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (url, secrets, events) = (url(reader), secrets(reader), events(reader));
        let url = url?;
        if !reader.is_set(SECRET) {
            reader.note(SECRET, "is not set, though WEBHOOK_URL is: the receiver could not tell who asks it", MAKE_ONE);
        }
        Some(Self { url, secrets, events })
    }

    /// Without path and query, which may hold a key.
    #[must_use]
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks").field("host", &self.host()).field("secrets", &self.secrets.len()).field("events", &self.events).finish()
    }
}

fn url(reader: &mut Reader<'_>) -> Option<Url> {
    let may_be_plain = !reader.environment.is_production();
    let url = reader.parsed(URL, "write https://HOST/PATH", |text| checked(text, may_be_plain));
    reader.show(URL, quoted(&url.as_ref().map(shown).unwrap_or_default()));
    url
}

fn shown(url: &Url) -> String {
    let origin = url.origin().ascii_serialization();
    if url.path() == "/" && url.query().is_none() { origin } else { format!("{origin}/[…]") }
}

fn checked(text: &str, may_be_plain: bool) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "is not a url".to_owned())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user or a password".to_owned());
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if may_be_plain && is_loopback(&url) => Ok(url),
        _ => Err("is not https://".to_owned()),
    }
}

fn secrets(reader: &mut Reader<'_>) -> Vec<SecretString> {
    let secrets = reader.list(SECRET);
    for (n, _) in secrets.iter().enumerate().filter(|(_, secret)| !is_secret(secret)) {
        let message = format!("entry {} is not whsec_ and 24 to 64 bytes in base64", n + 1);
        reader.note(SECRET, &message, MAKE_ONE);
    }
    let words = if secrets.is_empty() { "[missing]".to_owned() } else { format!("[set, {} of them]", secrets.len()) };
    reader.show(SECRET, quoted(&words));
    secrets.into_iter().map(SecretString::from).collect()
}

fn is_secret(text: &str) -> bool {
    let key = text.strip_prefix(PREFIX).and_then(|key| STANDARD.decode(key).ok());
    key.is_some_and(|key| BYTES.contains(&key.len()))
}

fn events(reader: &mut Reader<'_>) -> Vec<EventKind> {
    let words = reader.list(EVENTS);
    let known: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let fix = format!("name some of {}", known.join(", "));
    for word in words.iter().filter(|word| EventKind::from_word(word).is_none()) {
        reader.note(EVENTS, &format!("{} is not an event", quoted(word)), &fix);
    }
    if words.is_empty() {
        reader.note(EVENTS, "is empty", &fix);
    }
    reader.show(EVENTS, quoted_list(&words));
    EventKind::ALL.iter().copied().filter(|kind| words.iter().any(|word| word == kind.as_str())).collect()
}
