//! Keys of the API: what their owners hold, what is on record of them, and what they open.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// What a key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    CallsCreate,
    CallsRead,
    TranscriptsRead,
    /// All the others, and what none of them allows.
    Admin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a scope: calls:create, calls:read, transcripts:read or admin")]
pub struct InvalidScope;

impl Scope {
    pub const ALL: [Self; 4] = [Self::CallsCreate, Self::CallsRead, Self::TranscriptsRead, Self::Admin];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallsCreate => "calls:create",
            Self::CallsRead => "calls:read",
            Self::TranscriptsRead => "transcripts:read",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(InvalidScope)
    }
}

/// A set of scopes; as text their words, divided by blanks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    #[must_use]
    pub fn allow(&self, scope: Scope) -> bool {
        self.0.contains(&scope) || self.0.contains(&Scope::Admin)
    }

    /// Words that this version does not know open nothing.
    #[must_use]
    pub fn of_words(words: &str) -> Self {
        words.split_whitespace().filter_map(|word| word.parse().ok()).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<T: IntoIterator<Item = Scope>>(scopes: T) -> Self {
        let mut scopes: Vec<Scope> = scopes.into_iter().collect();
        scopes.sort_unstable();
        scopes.dedup();
        Self(scopes)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "))
    }
}

/// The part of a key that is no secret: by it a key is found, listed and revoked.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(String);

impl KeyId {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it stands on record.
    #[must_use]
    pub const fn on_record(text: String) -> Self {
        Self(text)
    }

    /// That of all keys of the configuration: no key on record has it.
    #[must_use]
    pub fn of_configuration() -> Self {
        Self(STATIC.to_owned())
    }
}

const STATIC: &str = "static";

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for KeyId {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let is_ours = text.len() == ID_CHARACTERS && text.bytes().all(|byte| ALPHABET.contains(&byte));
        is_ours.then(|| Self(text.to_owned())).ok_or(InvalidKey)
    }
}

/// What is kept of the secret of a key: SHA-256, in hexadecimal. A secret of 256 random bits needs no slow hash.
#[derive(Clone)]
pub struct KeyDigest(String);

impl KeyDigest {
    #[must_use]
    pub const fn on_record(text: String) -> Self {
        Self(text)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// In constant time.
impl PartialEq for KeyDigest {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for KeyDigest {}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A key as its owner holds it: `ak_<id>_<secret>`.
#[derive(Clone, Debug)]
pub struct BearerKey {
    id: KeyId,
    secret: SecretString,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a key of alpha-call: ak_<id>_<secret>")]
pub struct InvalidKey;

const PREFIX: &str = "ak";
/// Of base32, which nobody mistakes when read aloud.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const ID_CHARACTERS: usize = 8;
const SECRET_BYTES: usize = 32;

impl BearerKey {
    /// `id` and `secret` are random.
    #[must_use]
    pub fn new(id: [u8; ID_CHARACTERS], secret: [u8; SECRET_BYTES]) -> Self {
        let id = id.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32))).map(|byte| char::from(*byte)).collect();
        Self { id: KeyId(id), secret: URL_SAFE_NO_PAD.encode(secret).into() }
    }

    #[must_use]
    pub const fn id(&self) -> &KeyId {
        &self.id
    }

    /// The whole key, for its owner alone.
    #[must_use]
    pub fn text(&self) -> SecretString {
        format!("{PREFIX}_{}_{}", self.id, self.secret.expose_secret()).into()
    }

    #[must_use]
    pub fn digest(&self) -> KeyDigest {
        let digest = Sha256::digest(self.secret.expose_secret());
        KeyDigest(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl FromStr for BearerKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let mut parts = text.splitn(3, '_');
        let (Some(PREFIX), Some(id), Some(secret)) = (parts.next(), parts.next(), parts.next()) else { return Err(InvalidKey) };
        let is_whole = URL_SAFE_NO_PAD.decode(secret).is_ok_and(|bytes| bytes.len() == SECRET_BYTES);
        if is_whole { Ok(Self { id: id.parse()?, secret: secret.into() }) } else { Err(InvalidKey) }
    }
}

/// A key as it is on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub id: KeyId,
    pub digest: KeyDigest,
    /// Whose it is.
    pub name: String,
    pub scopes: Scopes,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    /// To the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// What calls that are requested with it may cost in a UTC day, in billionths of a US dollar; none for what holds for every key.
    pub max_day_nanos: Option<u64>,
}

/// Who wants a call placed, by the key that they brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    pub key: KeyId,
    /// Of this key alone.
    pub max_day_nanos: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    Active,
    Expired,
    Revoked,
}

impl KeyState {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl ApiKey {
    #[must_use]
    pub fn state(&self, now: DateTime<Utc>) -> KeyState {
        match (self.revoked_at, self.expires_at) {
            (Some(_), _) => KeyState::Revoked,
            (None, Some(at)) if at <= now => KeyState::Expired,
            (None, Some(_) | None) => KeyState::Active,
        }
    }

    /// Whether it is this one that somebody brought.
    #[must_use]
    pub fn is(&self, brought: &BearerKey) -> bool {
        self.id == brought.id && self.digest == brought.digest()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn key() -> BearerKey {
        BearerKey::new([0, 1, 31, 32, 63, 255, 7, 8], [0xfb; 32])
    }

    fn on_record() -> ApiKey {
        ApiKey {
            id: key().id().clone(),
            digest: key().digest(),
            name: "crm".to_owned(),
            scopes: Scopes::of_words("calls:read"),
            created_at: DateTime::UNIX_EPOCH,
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
            max_day_nanos: None,
        }
    }

    #[test]
    fn a_key_comes_back_from_its_text_and_is_the_one_on_record() {
        let text = key().text();

        let read: BearerKey = text.expose_secret().parse().expect("a key");

        assert!(text.expose_secret().starts_with("ak_ab7a77hi_-_v7"), "{}", text.expose_secret());
        assert_eq!((read.id(), read.text().expose_secret()), (key().id(), text.expose_secret()));
        assert!(on_record().is(&read));
    }

    #[test]
    fn a_key_with_another_secret_or_id_is_another() {
        assert!(!on_record().is(&BearerKey::new([0, 1, 31, 32, 63, 255, 7, 8], [0xfa; 32])));
        assert!(!on_record().is(&BearerKey::new([1; 8], [0xfb; 32])));
        let shortened = KeyDigest::on_record(key().digest().as_str().chars().take(10).collect());
        assert!(shortened != key().digest() && KeyDigest::on_record(String::new()) != key().digest());
    }

    #[test]
    fn the_digest_is_that_of_the_secrets_text() {
        let expected = Sha256::digest(URL_SAFE_NO_PAD.encode([0xfb; 32]));

        assert_eq!(key().digest().as_str(), expected.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let whole = key().text().expose_secret().to_owned();
        let (short, long, upper) = (whole[..whole.len() - 1].to_owned(), format!("{whole}A"), whole.replace("ak_ab7", "ak_AB7"));
        let bare = "0123456789abcdef0123456789abcdef".to_owned();
        let cases = [String::new(), "ak".to_owned(), "ak__".to_owned(), "ak_ab7a77hi_".to_owned(), short, long, upper, bare];

        for text in cases.iter().chain([&whole.replace("ak_", "sk_"), &format!(" {whole}"), &whole.replace("ab7", "ab1")]) {
            assert_eq!(text.parse::<BearerKey>().expect_err("refused"), InvalidKey, "{text}");
        }
    }

    #[test]
    fn the_word_for_keys_of_the_configuration_is_the_id_of_no_other() {
        assert_eq!(KeyId::of_configuration().as_str().parse::<KeyId>(), Err(InvalidKey));
    }

    #[test]
    fn neither_a_key_nor_its_digest_prints() {
        let printed = format!("{:?} {:?}", key(), on_record());

        assert!(!printed.contains("-_v7") && !printed.contains(key().digest().as_str()), "{printed}");
    }

    #[test]
    fn admin_allows_all_and_every_other_scope_itself() {
        let admin = Scopes::of_words("admin");
        for scope in Scope::ALL {
            assert!(admin.allow(scope) && !Scopes::default().allow(scope), "{scope}");
            for other in Scope::ALL.into_iter().filter(|_| scope != Scope::Admin) {
                assert_eq!(Scopes::from_iter([scope]).allow(other), scope == other, "{scope} {other}");
            }
        }
    }

    #[test]
    fn scopes_are_words_and_unknown_ones_open_nothing() {
        let scopes = Scopes::of_words("transcripts:read  calls:fly calls:read calls:read");

        assert_eq!(scopes.to_string(), "calls:read transcripts:read");
        assert_eq!("calls".parse::<Scope>(), Err(InvalidScope));
    }

    #[test]
    fn a_key_ends_at_its_time_or_when_it_is_revoked() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let until = |at| ApiKey { expires_at: Some(at), ..on_record() };

        assert_eq!(on_record().state(now), KeyState::Active);
        assert_eq!(until(now + TimeDelta::microseconds(1)).state(now), KeyState::Active);
        assert_eq!(until(now).state(now), KeyState::Expired);
        assert_eq!(ApiKey { revoked_at: Some(now), ..until(now) }.state(now), KeyState::Revoked);
    }
}
