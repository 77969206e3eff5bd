//! Keys of our own.

use secrecy::{ExposeSecret as _, SecretString};

use crate::config::reader::{Reader, quoted};

#[derive(Clone, Debug)]
pub struct Security {
    /// Bearer keys with every scope. Without one, on loopback and outside production, the API is open until a key is on record.
    pub api_keys: Vec<SecretString>,
    pub stream_token_key: Option<SecretString>,
}

/// Shorter keys can be guessed.
const MIN_CHARACTERS: usize = 16;

impl Security {
    /// `has_auth_token`: a key for stream tokens can be derived.
    pub(in crate::config) fn read(reader: &mut Reader<'_>, has_auth_token: bool) -> Self {
        let security = Self { api_keys: api_keys(reader), stream_token_key: reader.secret("security.stream_token_key") };
        if reader.environment.is_production() {
            security.check(reader, has_auth_token);
        }
        security
    }

    fn check(&self, reader: &mut Reader<'_>, has_auth_token: bool) {
        if self.api_keys.is_empty() {
            reader.note_in_production(
                "security.api_keys",
                "is not set: anybody could place calls",
                "set it to a key of 32 random characters",
            );
        }
        if self.stream_token_key.is_none() && !has_auth_token {
            let fix = "set STREAM_TOKEN_KEY to 32 random characters, or TWILIO_AUTH_TOKEN";
            reader.note_in_production("security.stream_token_key", "is not set, nor an auth token to derive it from", fix);
        }
        if self.api_keys.iter().chain(&self.stream_token_key).any(|key| key.expose_secret().len() < MIN_CHARACTERS) {
            reader.warn(format!("a key in API_KEYS or STREAM_TOKEN_KEY is shorter than {MIN_CHARACTERS} characters"));
        }
    }
}

fn api_keys(reader: &mut Reader<'_>) -> Vec<SecretString> {
    let key = "security.api_keys";
    let keys = reader.list(key);
    let words = match keys.len() {
        0 => "[missing]".to_owned(),
        1 => "[set, 1 key]".to_owned(),
        n => format!("[set, {n} keys]"),
    };
    reader.show(key, quoted(&words));
    keys.into_iter().map(SecretString::from).collect()
}
