use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

const VECTORS: &str = include_str!("../../../tests/fixtures/signature-vectors.json");
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const DOMAIN: &str = "voice.example.test";
const UPGRADE: &str = "/twilio/media/tok_abc123";
const UPGRADE_SIGNATURE: &str = "L5upVF9Mg7lg3vP+vxMfiDByvpE=";

/// A signature that Twilio's own library computed.
#[derive(Clone, Deserialize)]
struct Vector {
    id: String,
    token: String,
    url: String,
    params: BTreeMap<String, String>,
    body: Option<String>,
    algorithm: Option<String>,
    signature: String,
}

impl Vector {
    /// Scheme, host with port, and the rest of the address.
    fn address(&self) -> (&str, &str, &str) {
        let (scheme, rest) = self.url.split_once("://").expect("a scheme");
        let (host, path) = rest.split_at(rest.find('/').expect("a path"));
        (scheme, host, path)
    }

    fn params(&self) -> Params {
        self.params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    fn verify(&self) -> Result<(), SignatureError> {
        let (scheme, host, path) = self.address();
        let verifier = verifier(&[&self.token], host);
        match (&self.body, scheme) {
            (Some(body), _) => verifier.verify_json(path, body.as_bytes(), &self.signature),
            (None, "wss") => verifier.verify_upgrade(path, &self.signature),
            (None, _) => verifier.verify_form(path, &self.params(), &self.signature),
        }
    }
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(VECTORS).expect("vectors")
}

fn vector(id: &str) -> Vector {
    vectors().into_iter().find(|v| v.id == id).expect("a vector of that id")
}

fn verifier(tokens: &[&str], domain: &str) -> Verifier {
    Verifier::new(tokens.iter().map(|t| SecretString::from(*t)).collect(), domain.to_owned())
}

fn upgrade(path: &str, signature: &str) -> Result<(), SignatureError> {
    verifier(&[TOKEN], DOMAIN).verify_upgrade(path, signature)
}

fn sign(token: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).expect("any key length");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn is_mismatch(result: &Result<(), SignatureError>) -> bool {
    matches!(result, Err(SignatureError::Mismatch { .. }))
}

/// Every text that differs from `text` in the lowest bit of one byte, where that is text.
fn flips(text: &str) -> Vec<String> {
    let flip = |at: usize| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] ^= 1;
        String::from_utf8(bytes).ok()
    };
    (0..text.len()).filter_map(flip).collect()
}

#[test]
fn every_sha1_vector_of_twilios_library_is_genuine() {
    let sha1: Vec<_> = vectors().into_iter().filter(|v| v.algorithm.is_none()).collect();

    assert_eq!(sha1.len(), 11);
    for vector in sha1 {
        assert_eq!(vector.verify(), Ok(()), "{}", vector.id);
    }
}

#[test]
fn the_sha256_vector_is_refused_because_no_shared_key_is_ever_configured() {
    let vector = vector("shared_key_sha256");

    assert_eq!(vector.algorithm.as_deref(), Some("HMAC_SHA256"));
    assert!(is_mismatch(&vector.verify()));
}

#[test]
fn a_repeated_name_counts_once_for_each_value() {
    let params = [("A", "2"), ("B", "x"), ("A", "1"), ("A", "1")].into_iter().collect();

    assert_eq!(verifier(&[TOKEN], DOMAIN).verify_form("/x", &params, "UttBvUSDRze8xi1RAWBeAoFmZIU="), Ok(()));
}

#[test]
fn an_upgrade_is_signed_over_its_wss_address() {
    assert_eq!(verifier(&["12345"], "example.com").verify_upgrade("/twilio/stream", "UVFesF2fHiih5r5Rnx0tFakr+bc="), Ok(()));
}

#[test]
fn an_upgrade_may_be_spelled_in_eight_ways() {
    for scheme in ["wss", "https"] {
        for port in ["", ":443"] {
            for slash in ["", "/"] {
                let signature = sign(TOKEN, &format!("{scheme}://{DOMAIN}{port}{UPGRADE}{slash}"));

                assert_eq!(upgrade(UPGRADE, &signature), Ok(()), "{scheme} {port} {slash}");
                assert_eq!(upgrade(&format!("{UPGRADE}/"), &signature), Ok(()), "{scheme} {port} {slash}");
            }
        }
    }
}

#[test]
fn an_upgrade_may_not_be_spelled_in_other_ways() {
    for url in [format!("ws://{DOMAIN}{UPGRADE}"), format!("wss://{DOMAIN}:80{UPGRADE}"), format!("wss://{DOMAIN}:8443{UPGRADE}")] {
        assert!(is_mismatch(&upgrade(UPGRADE, &sign(TOKEN, &url))), "{url}");
    }
}

#[test]
fn a_form_may_come_with_the_default_port_but_only_under_https() {
    let verifier = verifier(&[TOKEN], &format!("{DOMAIN}:443"));
    let verify = |url: &str| verifier.verify_form("/voice", &Params::default(), &sign(TOKEN, url));

    assert_eq!(verify("https://voice.example.test/voice"), Ok(()));
    assert_eq!(verify("https://voice.example.test:443/voice"), Ok(()));
    for url in ["wss://voice.example.test/voice", "http://voice.example.test/voice", "https://voice.example.test/voice/"] {
        assert!(is_mismatch(&verify(url)), "{url}");
    }
}

#[test]
fn another_port_is_signed_as_configured_only() {
    let vector = vector("port_8443");
    let (_, host, path) = vector.address();

    for (domain, expected) in [(host, true), (DOMAIN, false), ("voice.example.test:8444", false)] {
        let result = verifier(&[TOKEN], domain).verify_form(path, &vector.params(), &vector.signature);

        assert_eq!(result.is_ok(), expected, "{domain}");
    }
    for port in ["", ":443", ":8443:443"] {
        let signature = signature_with_port(&vector, port);
        assert!(is_mismatch(&verifier(&[TOKEN], host).verify_form(path, &vector.params(), &signature)), "{port}");
    }
}

fn signature_with_port(vector: &Vector, port: &str) -> String {
    let fields: String = vector.params.iter().map(|(name, value)| format!("{name}{value}")).collect();
    sign(TOKEN, &format!("{}{fields}", vector.url.replace(":8443", port)))
}

#[test]
fn while_a_token_is_rotated_both_count() {
    for tokens in [[TOKEN, "next"], ["next", TOKEN]] {
        assert_eq!(verifier(&tokens, DOMAIN).verify_upgrade(UPGRADE, UPGRADE_SIGNATURE), Ok(()));
    }
    assert!(is_mismatch(&verifier(&["next", "after"], DOMAIN).verify_upgrade(UPGRADE, UPGRADE_SIGNATURE)));
    assert!(is_mismatch(&verifier(&[], DOMAIN).verify_upgrade(UPGRADE, UPGRADE_SIGNATURE)));
}

#[test]
fn an_empty_token_signs_nothing() {
    let signature = sign("", &format!("wss://{DOMAIN}{UPGRADE}"));

    assert!(is_mismatch(&verifier(&["", TOKEN], DOMAIN).verify_upgrade(UPGRADE, &signature)));
}

#[test]
fn one_flipped_bit_is_noticed_in_url_field_token_and_signature() {
    let genuine = vector("form_post");
    let (_, host, path) = genuine.address();

    for path in flips(path) {
        assert!(is_mismatch(&verifier(&[TOKEN], host).verify_form(&path, &genuine.params(), &genuine.signature)), "{path}");
    }
    for token in flips(TOKEN) {
        assert!(is_mismatch(&verifier(&[&token], host).verify_form(path, &genuine.params(), &genuine.signature)), "{token}");
    }
    for signature in flips(&genuine.signature) {
        assert!(is_mismatch(&verifier(&[TOKEN], host).verify_form(path, &genuine.params(), &signature)), "{signature}");
    }
    for value in flips("+15550100001") {
        let forged = Vector {
            params: [genuine.params.clone(), [("From".to_owned(), value)].into()].into_iter().flatten().collect(),
            ..genuine.clone()
        };
        assert!(is_mismatch(&forged.verify()), "{:?}", forged.params.get("From"));
    }
}

#[test]
fn a_field_more_or_less_is_noticed() {
    let genuine = vector("form_post");
    let mut more = genuine.clone();
    more.params.insert("Zero".to_owned(), String::new());
    let mut less = genuine.clone();
    less.params.remove("To");

    assert!(is_mismatch(&more.verify()));
    assert!(is_mismatch(&less.verify()));
}

#[test]
fn a_json_body_is_held_against_its_digest() {
    let genuine = vector("json_body");
    let (_, host, path) = genuine.address();
    let verifier = verifier(&[TOKEN], host);
    let plain = sign(TOKEN, "https://voice.example.test/twilio/json");

    for body in flips(genuine.body.as_deref().expect("a body")) {
        assert_eq!(verifier.verify_json(path, body.as_bytes(), &genuine.signature), Err(SignatureError::BodyMismatch), "{body}");
    }
    assert_eq!(verifier.verify_json("/twilio/json", b"{}", &plain), Err(SignatureError::BodyMismatch));
    assert!(is_mismatch(&verifier.verify_json("/twilio/json", b"{}", &genuine.signature)));
}

#[test]
fn without_a_signature_nothing_is_tried() {
    assert_eq!(upgrade(UPGRADE, ""), Err(SignatureError::Missing));
    for garbage in [" ", "AAAA", "not base64", "L5upVF9Mg7lg3vP+vxMfiDByvpE"] {
        assert!(is_mismatch(&upgrade(UPGRADE, garbage)), "{garbage}");
    }
}

#[test]
fn a_mismatch_tells_the_address_without_numbers_or_stream_tokens() {
    let form = verifier(&[TOKEN], DOMAIN).verify_form("/voice?From=%2B15550100001", &Params::default(), "AAAA");

    assert_eq!(form, Err(SignatureError::Mismatch { url: "https://voice.example.test/voice?…".into() }));
    for path in ["/media-stream/1.2.3.secret", "/media-stream/1.2.3.secret/", "/media-stream/1.2.3.secret?a=b"] {
        assert_eq!(
            upgrade(path, "AAAA"),
            Err(SignatureError::Mismatch { url: "wss://voice.example.test/media-stream/…".into() }),
            "{path}"
        );
    }
}

#[test]
fn a_verifier_does_not_print_its_tokens() {
    assert!(!format!("{:?}", verifier(&[TOKEN], DOMAIN)).contains(TOKEN));
}

proptest! {
    #[test]
    fn nothing_but_the_signature_passes(path in "/.*", name in ".*", value in ".*", signature in ".*") {
        let (params, other): (Params, _) = (Params::from_iter([(&name, &value)]), format!("{value}x"));
        let verifier = verifier(&[TOKEN], DOMAIN);
        let genuine = sign(TOKEN, &format!("https://{DOMAIN}{path}{name}{value}"));

        prop_assert_eq!(verifier.verify_form(&path, &params, &genuine), Ok(()));
        prop_assert!(verifier.verify_form(&path, &params, &signature).is_err());
        prop_assert!(verifier.verify_form(&path, &Params::from_iter([(&name, &other)]), &genuine).is_err());
    }

    #[test]
    fn no_request_makes_the_verifier_panic(target in ".*", signature in ".*", body in prop::collection::vec(any::<u8>(), 0..64)) {
        prop_assert!(upgrade(&target, &signature).is_err());
        prop_assert!(verifier(&[TOKEN], DOMAIN).verify_json(&target, &body, &signature).is_err());
    }
}
