//! Caller audio as it came: base64 text, checked but not decoded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytestring::ByteString;

use super::{duration_ms, mulaw};

/// Mu-law audio in standard base64 (RFC 4648 section 4), ready to be passed on as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedAudio {
    text: ByteString,
    bytes: usize,
}

/// The text is not base64, or holds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("payload is not base64")]
pub struct InvalidAudio;

impl EncodedAudio {
    pub fn parse(text: ByteString) -> Result<Self, InvalidAudio> {
        let bytes = decoded_len(text.as_bytes()).ok_or(InvalidAudio)?;
        Ok(Self { text, bytes })
    }

    #[must_use]
    pub fn encode(audio: &[u8]) -> Self {
        Self { text: STANDARD.encode(audio).into(), bytes: audio.len() }
    }

    #[must_use]
    pub fn as_base64(&self) -> &str {
        &self.text
    }

    /// Mean absolute sample.
    #[must_use]
    pub fn loudness(&self) -> u32 {
        STANDARD.decode(&*self.text).map_or(0, |audio| mulaw::loudness(&audio))
    }

    #[must_use]
    pub const fn duration_ms(&self) -> u64 {
        duration_ms(self.bytes)
    }
}

fn decoded_len(text: &[u8]) -> Option<usize> {
    let padding = text.iter().rev().take(2).take_while(|b| **b == b'=').count();
    let body = text.get(..text.len() - padding)?;
    let whole = !text.is_empty() && text.len().is_multiple_of(4) && body.iter().all(|b| is_base64(*b));
    whole.then(|| text.len() / 4 * 3 - padding)
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_is_known_without_decoding() {
        for bytes in 1..=33 {
            let encoded = EncodedAudio::encode(&vec![0x5A; bytes]);

            let parsed = EncodedAudio::parse(encoded.as_base64().into()).expect("base64");

            assert_eq!(parsed, encoded);
            assert_eq!(parsed.bytes, bytes);
        }
    }

    #[test]
    fn twenty_milliseconds_are_160_bytes() {
        assert_eq!(EncodedAudio::encode(&[0xFF; 160]).duration_ms(), 20);
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        for text in ["", "=", "/f=", "A", "AAA", "AA=A", "A===", "====", "AA AA", "AAA-", "ÄÄ"] {
            assert_eq!(EncodedAudio::parse(text.into()), Err(InvalidAudio), "{text}");
        }
    }
}
