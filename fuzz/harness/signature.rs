//! Signatures: exactly those are taken that an independent reckoning makes for a spelling of the address.
//!
//! The lines of an input: auth token, domain, target, signature, and from there on the form or body.

use std::collections::BTreeSet;

use alpha_call::twilio::signature::{SignatureError, Verifier};
use alpha_call::twilio::webhook::Params;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::SecretString;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// In no input: what a log must not hold.
const SECRET: &str = "Kept-Out-Of-Logs";

struct Case<'a> {
    token: &'a str,
    domain: &'a str,
    target: &'a str,
    signature: &'a str,
    body: &'a str,
}

pub fn check(input: &[u8]) -> String {
    let text = String::from_utf8_lossy(input);
    let mut lines = text.splitn(5, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let case = Case { token: line(), domain: line(), target: line(), signature: line(), body: line() };
    let outcomes = [case.form(), case.upgrade(), case.json()];
    case.errors_are_silent();
    outcomes.map(|outcome| outcome.map_or_else(|error| name(&error), |()| "genuine")).join(" ")
}

fn name(error: &SignatureError) -> &'static str {
    match error {
        SignatureError::Missing => "missing",
        SignatureError::Mismatch { .. } => "mismatch",
        SignatureError::BodyMismatch => "body",
    }
}

impl Case<'_> {
    fn verifier(&self, token: &str) -> Verifier {
        Verifier::new(vec![SecretString::from(token)], self.domain.to_owned())
    }

    /// The addresses that Twilio may have signed.
    fn urls(&self, scheme: &str, target: &str) -> Vec<String> {
        let domain = self.domain.strip_suffix(":443").unwrap_or(self.domain);
        let with_port = domain.rsplit(':').next().is_some_and(|port| port.len() < domain.len() && is_number(port));
        let ports: &[&str] = if with_port { &[""] } else { &["", ":443"] };
        ports.iter().map(|port| [scheme, "://", domain, port, target].concat()).collect()
    }

    fn form(&self) -> Result<(), SignatureError> {
        let params = Params::parse(self.body.as_bytes());
        let verifier = self.verifier(self.token);
        let signatures = self.urls("https", self.target).iter().map(|url| sign(self.token, url, &params)).collect::<Vec<_>>();
        let read = verifier.verify_form(self.target, &params, self.signature);
        self.judge(&read, &signatures);
        let Some(own) = signatures.first().filter(|_| !self.token.is_empty()) else { return read };
        for genuine in &signatures {
            assert_eq!(verifier.verify_form(self.target, &params, genuine), Ok(()));
        }
        let more: Params = params.iter().chain([(SECRET, SECRET)]).collect();
        let fewer: Params = params.iter().skip(1).collect();
        let elsewhere = format!("{}{SECRET}", self.target);
        assert_ne!(verifier.verify_form(self.target, &more, own), Ok(()), "a field more");
        assert_ne!(verifier.verify_form(&elsewhere, &params, own), Ok(()), "another address");
        assert_ne!(self.verifier(&format!("{}{SECRET}", self.token)).verify_form(self.target, &params, own), Ok(()), "another token");
        let same = signatures.contains(&sign(self.token, &self.urls("https", self.target)[0], &fewer));
        assert_eq!(verifier.verify_form(self.target, &fewer, own).is_ok(), same, "a field less");
        flipped(own, |forged| verifier.verify_form(self.target, &params, forged));
        read
    }

    fn upgrade(&self) -> Result<(), SignatureError> {
        let (path, query) = self.target.split_once('?').map_or((self.target, None), |(path, query)| (path, Some(query)));
        let other = path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
        let other = query.map_or_else(|| other.clone(), |query| format!("{other}?{query}"));
        let targets = [self.target, &other];
        let urls = ["wss", "https"].into_iter().flat_map(|scheme| targets.into_iter().flat_map(move |target| self.urls(scheme, target)));
        let signatures: Vec<String> = urls.map(|url| sign(self.token, &url, &Params::default())).collect();
        let verifier = self.verifier(self.token);
        let read = verifier.verify_upgrade(self.target, self.signature);
        self.judge(&read, &signatures);
        let own = signatures.first().filter(|_| !self.token.is_empty());
        for genuine in own.into_iter().chain(&signatures).filter(|_| own.is_some()) {
            assert_eq!(verifier.verify_upgrade(self.target, genuine), Ok(()));
            assert_ne!(verifier.verify_upgrade(&format!("{}{SECRET}", self.target), genuine), Ok(()), "another address");
            flipped(genuine, |forged| verifier.verify_upgrade(self.target, forged));
        }
        read
    }

    /// A body counts where its digest stands in the address that is signed.
    fn json(&self) -> Result<(), SignatureError> {
        let verifier = self.verifier(self.token);
        if !self.token.is_empty() && !self.target.contains("bodySHA256") {
            let digest: String = Sha256::digest(self.body).iter().map(|byte| format!("{byte:02x}")).collect();
            let target = format!("{}{}bodySHA256={digest}", self.target, if self.target.contains('?') { '&' } else { '?' });
            let genuine = sign(self.token, &self.urls("https", &target)[0], &Params::default());
            assert_eq!(verifier.verify_json(&target, self.body.as_bytes(), &genuine), Ok(()));
            let longer = format!("{}.", self.body);
            assert_eq!(verifier.verify_json(&target, longer.as_bytes(), &genuine), Err(SignatureError::BodyMismatch));
        }
        verifier.verify_json(self.target, self.body.as_bytes(), self.signature)
    }

    /// The signature of the input is taken if it is one of these, and an empty token signs nothing.
    fn judge(&self, read: &Result<(), SignatureError>, signatures: &[String]) {
        let genuine = !self.token.is_empty() && signatures.iter().any(|own| own == self.signature);
        assert_eq!(read.is_ok(), genuine, "{read:?}");
        assert_eq!(*read == Err(SignatureError::Missing), self.signature.is_empty(), "{read:?}");
    }

    /// Neither queries nor stream tokens, nor the auth token.
    fn errors_are_silent(&self) {
        let verifier = self.verifier(&format!("{}{SECRET}", self.token));
        let wrong = |target: &str| verifier.verify_form(target, &Params::default(), "AAAA").expect_err("no signature").to_string();
        let query = wrong(&format!("{}?To={SECRET}", self.target));
        let stream = verifier.verify_upgrade(&format!("/media-stream/{SECRET}"), "AAAA").expect_err("no signature").to_string();
        let slashed = verifier.verify_upgrade(&format!("/media-stream/{SECRET}/?{}", self.body), "AAAA").expect_err("none").to_string();
        for text in [query, stream, slashed] {
            assert!(!text.contains(SECRET), "{text}");
        }
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Each bit of the first and of the last byte decides.
fn flipped(genuine: &str, verify: impl Fn(&str) -> Result<(), SignatureError>) {
    let bytes = STANDARD.decode(genuine).expect("base64");
    for at in [0, bytes.len() - 1] {
        let mut forged = bytes.clone();
        forged[at] ^= 1 << (at % 8);
        assert_ne!(verify(&STANDARD.encode(forged)), Ok(()), "a bit of another signature");
    }
    assert_ne!(verify(&STANDARD.encode(&bytes[1..])), Ok(()), "a part of a signature");
    assert_ne!(verify(""), Ok(()));
}

/// <https://www.twilio.com/docs/usage/security#validating-requests>
fn sign(token: &str, url: &str, params: &Params) -> String {
    let fields: BTreeSet<(&str, &str)> = params.iter().collect();
    let text: String = std::iter::once(url).chain(fields.into_iter().flat_map(|(name, value)| [name, value])).collect();
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).expect("any key length");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}
