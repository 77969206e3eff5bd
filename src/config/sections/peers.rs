//! The two peers: the model and the telephone network.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use secrecy::SecretString;
use url::{Host, Url};

use crate::config::reader::{Reader, counted, quoted};
use crate::config::word::words;
use crate::types::{AccountSid, PhoneNumber};

#[derive(Clone, Debug)]
pub struct OpenAi {
    pub api_key: Option<SecretString>,
    /// `ws` or `wss`, without the model.
    pub realtime_url: String,
    pub dialect: DialectWord,
    pub model: String,
    pub voice: String,
    pub transcription_model: String,
    /// Sessions that each thread keeps connected.
    pub warm_connections: usize,
    /// Phrases of the assistants are made before a call needs them.
    pub render_phrases: bool,
    /// Where to turn when the first endpoint cannot be had.
    pub fallback: Option<Fallback>,
    pub connect_timeout: Duration,
    pub ping_interval: Duration,
    /// A socket without a word for this long is dead.
    pub silence_timeout: Duration,
}

/// Another endpoint; what it does not say of itself is as at the first.
#[derive(Clone, Debug)]
pub struct Fallback {
    pub realtime_url: String,
    pub api_key: Option<SecretString>,
    pub model: Option<String>,
    pub dialect: DialectWord,
}

words! {
    /// Whose dialect of the protocol an endpoint speaks.
    DialectWord {
        /// As its host tells.
        #[default]
        Auto = "auto",
        OpenAi = "openai",
        Azure = "azure",
        Xai = "xai",
    }
}

#[derive(Clone)]
pub struct Twilio {
    pub account_sid: Option<AccountSid>,
    pub auth_token: Option<SecretString>,
    /// Verifies webhooks too, while tokens are changed.
    pub previous_auth_token: Option<SecretString>,
    /// Places calls instead of the token, together with its secret.
    pub api_key: Option<String>,
    pub api_secret: Option<SecretString>,
    pub phone_number_from: Option<PhoneNumber>,
    /// `http` or `https`, without a slash at its end.
    pub api_base_url: String,
    pub signature: SignatureMode,
}

/// What to do about a webhook without a valid signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureMode {
    Require,
    Warn,
    Off,
}

impl OpenAi {
    pub(in crate::config) fn read(reader: &mut Reader<'_>) -> Self {
        let openai = Self {
            api_key: reader.secret("openai.api_key"),
            realtime_url: endpoint(reader, "openai.realtime_url", "ws"),
            dialect: reader.word("openai.dialect"),
            model: reader.text("openai.model"),
            voice: reader.text("openai.voice"),
            transcription_model: reader.text("openai.transcription_model"),
            warm_connections: reader.number("openai.warm_connections", 0..=100),
            render_phrases: reader.boolean("openai.render_phrases"),
            fallback: fallback(reader),
            connect_timeout: reader.millis("openai.connect_timeout_ms", 100..=60_000),
            ping_interval: reader.millis("openai.ping_interval_ms", 100..=60_000),
            silence_timeout: reader.millis("openai.silence_timeout_ms", 200..=300_000),
        };
        if openai.silence_timeout <= openai.ping_interval {
            let fix = "make it longer than openai.ping_interval_ms, or every quiet socket counts as dead";
            reader.note("openai.silence_timeout_ms", "is not longer than the interval of the pings", fix);
        }
        openai
    }
}

fn fallback(reader: &mut Reader<'_>) -> Option<Fallback> {
    let (api_key, model) = (reader.secret("openai.fallback_api_key"), reader.optional("openai.fallback_model"));
    let dialect = reader.word("openai.fallback_dialect");
    let realtime_url = reader.optional("openai.fallback_url")?;
    if !realtime_url.starts_with("ws://") && !realtime_url.starts_with("wss://") {
        reader.note("openai.fallback_url", "is not an address of a WebSocket", "begin it with wss://");
    }
    Some(Fallback { realtime_url, api_key, model, dialect })
}

impl Twilio {
    pub(in crate::config) fn read(reader: &mut Reader<'_>) -> Self {
        let twilio = Self {
            account_sid: account_sid(reader),
            auth_token: reader.secret("twilio.auth_token"),
            previous_auth_token: reader.secret("twilio.previous_auth_token"),
            api_key: api_key(reader),
            api_secret: reader.secret("twilio.api_secret"),
            phone_number_from: phone_number_from(reader),
            api_base_url: endpoint(reader, "twilio.api_base_url", "http"),
            signature: signature(reader),
        };
        twilio.check_pair(reader);
        twilio
    }

    fn check_pair(&self, reader: &mut Reader<'_>) {
        match (&self.api_key, &self.api_secret) {
            (Some(_), None) => reader.note("twilio.api_secret", "is not set, though TWILIO_API_KEY is", "set both, or neither"),
            (None, Some(_)) => reader.note("twilio.api_key", "is not set, though TWILIO_API_SECRET is", "set both, or neither"),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
}

fn account_sid(reader: &mut Reader<'_>) -> Option<AccountSid> {
    let key = "twilio.account_sid";
    let sid = reader.parsed(key, "copy it from the Twilio console: AC and 32 hex digits", |text| {
        text.trim().parse::<AccountSid>().map_err(|error| format!("is {error}"))
    });
    reader.show(key, counted(sid.as_ref().map(AccountSid::as_str)));
    sid
}

fn api_key(reader: &mut Reader<'_>) -> Option<String> {
    let key = reader.parsed("twilio.api_key", "", |text| Ok(text.trim().to_owned()));
    reader.show("twilio.api_key", counted(key.as_deref()));
    key
}

fn phone_number_from(reader: &mut Reader<'_>) -> Option<PhoneNumber> {
    let key = "twilio.phone_number_from";
    let number = reader.parsed(key, "write it with + and country code, such as +14155550100", |text| {
        text.parse::<PhoneNumber>().map_err(|error| format!("is {error}"))
    });
    reader.show(key, quoted(number.as_ref().map_or("", PhoneNumber::as_str)));
    number
}

fn signature(reader: &mut Reader<'_>) -> SignatureMode {
    let key = "twilio.signature";
    let mode = reader.parsed(key, "write require, warn or off", |text| {
        SignatureMode::from_word(text).ok_or_else(|| format!("{} is not a mode", quoted(text)))
    });
    let mode = mode.unwrap_or(SignatureMode::Require);
    if mode != SignatureMode::Require {
        reader.note_in_production(key, "lets forged webhooks in", "set it to require, or take it out");
    }
    reader.show(key, quoted(mode.as_str()));
    mode
}

impl SignatureMode {
    pub const ALL: &'static [Self] = &[Self::Require, Self::Warn, Self::Off];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Require => "require",
            Self::Warn => "warn",
            Self::Off => "off",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|mode| mode.as_str() == word)
    }
}

/// Account and key are names rather than secrets, yet they have no place in a log.
impl fmt::Debug for Twilio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Twilio")
            .field("account_sid", &self.account_sid.as_ref().map(|_| "[redacted]"))
            .field("auth_token", &self.auth_token)
            .field("previous_auth_token", &self.previous_auth_token)
            .field("api_key", &self.api_key.as_ref().map(|_| "[redacted]"))
            .field("api_secret", &self.api_secret)
            .field("phone_number_from", &self.phone_number_from)
            .field("api_base_url", &self.api_base_url)
            .field("signature", &self.signature)
            .finish()
    }
}

/// A peer's url: `plain`, or the same with TLS (`ws`, `wss`), without a slash at its end.
fn endpoint(reader: &mut Reader<'_>, key: &'static str, plain: &str) -> String {
    let is_production = reader.environment.is_production();
    let fix = format!("write {plain}s://HOST/PATH, or take it out to get the default");
    let url = reader.parsed(key, &fix, |text| checked(text, plain, is_production)).unwrap_or_default();
    reader.show(key, quoted(&url));
    url
}

fn checked(text: &str, plain: &str, is_production: bool) -> Result<String, String> {
    let url = Url::parse(text).map_err(|_| "is not a url".to_owned())?;
    let is_plain = url.scheme() == plain;
    if !is_plain && url.scheme() != format!("{plain}s") {
        return Err(format!("is neither {plain}:// nor {plain}s://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user or a password".to_owned());
    }
    if is_production && is_plain && !is_loopback(&url) {
        return Err(format!("is {plain}:// to another machine, in production: keys would go there unencrypted"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

pub(in crate::config) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}
