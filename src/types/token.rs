//! The signed, short-lived name under which a media stream may join its call.
//!
//! It stands in the path of the stream's URL (Twilio drops query strings), so it is plain
//! URL-safe text: `<call>.<epoch>.<expiry, Unix seconds>.<CallSid>.<direction>.<assistant>.<HMAC-SHA256>`.
//! It says what any instance must know to carry the call, should the database be away. That it is
//! used once is the claim's business, not the token's.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{CallId, CallSid, Direction, Epoch};

/// The key that signs stream tokens.
#[derive(Clone)]
pub struct TokenKey(Vec<u8>);

impl TokenKey {
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(secret.to_vec())
    }

    /// A key made from another secret, so that the two can never be mistaken for one another.
    #[must_use]
    pub fn derived_from(secret: &[u8]) -> Self {
        Self(sign(secret, b"alpha-call stream token"))
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What a valid token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamToken {
    pub call: CallId,
    pub epoch: Epoch,
    /// Unix seconds.
    pub expires: i64,
    pub subject: Subject,
}

/// Which phone call it is, and who speaks in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    pub sid: CallSid,
    pub direction: Direction,
    /// The assistant's name.
    pub assistant: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    #[error("malformed stream token")]
    Malformed,
    #[error("stream token with a wrong signature")]
    Forged,
    #[error("expired stream token")]
    Expired,
}

impl StreamToken {
    #[must_use]
    pub fn encode(&self, key: &TokenKey) -> String {
        let Subject { sid, direction, assistant } = &self.subject;
        let assistant = URL_SAFE_NO_PAD.encode(assistant);
        let claims = format!("{}.{}.{}.{sid}.{direction}.{assistant}", self.call, self.epoch, self.expires);
        let signature = URL_SAFE_NO_PAD.encode(sign(&key.0, claims.as_bytes()));
        format!("{claims}.{signature}")
    }

    /// `now` in Unix seconds.
    pub fn decode(text: &str, key: &TokenKey, now: i64) -> Result<Self, InvalidToken> {
        let (claims, signature) = text.rsplit_once('.').ok_or(InvalidToken::Malformed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| InvalidToken::Malformed)?;
        let token = Self::parse(claims).ok_or(InvalidToken::Malformed)?;
        mac(&key.0, claims.as_bytes()).verify_slice(&signature).map_err(|_| InvalidToken::Forged)?;
        if token.expires < now { Err(InvalidToken::Expired) } else { Ok(token) }
    }

    fn parse(claims: &str) -> Option<Self> {
        let mut parts = claims.split('.');
        let (call, epoch, expires) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let (sid, direction) = (parts.next()?.parse().ok()?, Direction::from_word(parts.next()?)?);
        let assistant = String::from_utf8(URL_SAFE_NO_PAD.decode(parts.next()?).ok()?).ok()?;
        parts.next().is_none().then_some(Self { call, epoch, expires, subject: Subject { sid, direction, assistant } })
    }
}

fn mac(key: &[u8], text: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length, RFC 2104 section 3")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key length");
    mac.update(text);
    mac
}

fn sign(key: &[u8], text: &[u8]) -> Vec<u8> {
    mac(key, text).finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn token() -> StreamToken {
        let sid = "CA00000000000000000000000000000001".parse().expect("a sid");
        let subject = Subject { sid, direction: Direction::Inbound, assistant: "front desk".to_owned() };
        StreamToken { call: CallId::new(Uuid::from_u128(9)), epoch: Epoch::FIRST, expires: 100, subject }
    }

    #[test]
    fn a_token_says_what_was_signed() {
        let key = TokenKey::new(b"k");

        assert_eq!(StreamToken::decode(&token().encode(&key), &key, 100), Ok(token()));
    }

    #[test]
    fn a_token_of_another_key_or_with_another_epoch_is_forged() {
        let key = TokenKey::new(b"k");
        let text = token().encode(&key);

        assert_eq!(StreamToken::decode(&text, &TokenKey::new(b"other"), 1), Err(InvalidToken::Forged));
        for (said, forged) in [(".1.", ".2."), ("inbound", "outbound"), ("0001.", "0002.")] {
            assert_eq!(StreamToken::decode(&text.replacen(said, forged, 1), &key, 1), Err(InvalidToken::Forged), "{said}");
        }
    }

    #[test]
    fn a_token_expires() {
        let key = TokenKey::new(b"k");

        assert_eq!(StreamToken::decode(&token().encode(&key), &key, 101), Err(InvalidToken::Expired));
    }

    #[test]
    fn garbage_is_malformed() {
        for text in ["", ".", "a.b.c.d", "....", "é.1.1.AA"] {
            assert_eq!(StreamToken::decode(text, &TokenKey::new(b"k"), 1), Err(InvalidToken::Malformed), "{text}");
        }
    }
}
