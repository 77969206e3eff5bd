//! `X-Twilio-Signature`, <https://www.twilio.com/docs/usage/security#validating-requests>.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

/// Form fields in the order in which they are sent.
pub type Params = Vec<(String, String)>;

/// The signature of a request to `url` (exactly as it was given, without its fragment).
#[must_use]
pub fn signature(token: &str, url: &str, form: &[(String, String)]) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length, RFC 2104 section 3")]
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).expect("any key length");
    mac.update(url.as_bytes());
    for (name, value) in form.iter().collect::<BTreeSet<_>>() {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    fn params(pairs: &[(&str, &str)]) -> Params {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_form_is_signed_as_the_official_validator_expects() {
        let form = params(&[
            ("To", "+15550100002"),
            ("AccountSid", "AC00000000000000000000000000000001"),
            ("ApiVersion", "2010-04-01"),
            ("CallSid", "CA00000000000000000000000000000001"),
            ("CallStatus", "ringing"),
            ("Called", "+15550100002"),
            ("Caller", "+15550100001"),
            ("Direction", "inbound"),
            ("From", "+15550100001"),
        ]);

        assert_eq!(signature(TOKEN, "https://voice.example.test/twilio/voice", &form), "HnhUXZoAATCE9N1oTGrc56wRaPM=");
    }

    #[test]
    fn an_upgrade_is_signed_over_its_url_alone() {
        assert_eq!(signature(TOKEN, "wss://voice.example.test/twilio/media/tok_abc123", &[]), "L5upVF9Mg7lg3vP+vxMfiDByvpE=");
    }

    #[test]
    fn values_are_signed_decoded_and_empty_ones_count() {
        let form = params(&[("Body", "Grüße, 世界"), ("Empty", ""), ("Digits", "1234#")]);

        assert_eq!(signature(TOKEN, "https://voice.example.test/twilio/gather", &form), "aKN1SANKFIWvB2QcLX9JtykAA7A=");
    }

    #[test]
    fn a_repeated_name_counts_once_for_each_of_its_values() {
        let form = params(&[("A", "2"), ("A", "1"), ("A", "1"), ("B", "x")]);

        assert_eq!(signature(TOKEN, "https://voice.example.test/x", &form), "UttBvUSDRze8xi1RAWBeAoFmZIU=");
    }
}
