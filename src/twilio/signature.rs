//! `X-Twilio-Signature`: is it really Twilio that asks?
//!
//! <https://www.twilio.com/docs/usage/security#validating-requests>

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use super::webhook::Params;

/// Twilio signs now with, now without the default port of TLS.
const DEFAULT_PORT: &str = ":443";

/// Checks signatures against the address under which Twilio knows us, whatever a request's headers say.
#[derive(Clone, Debug)]
pub struct Verifier {
    tokens: Vec<SecretString>,
    domain: String,
}

/// Why a request is not to be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("no signature")]
    Missing,
    /// `url` is the address that was tried first, without what must not be logged.
    #[error("signature does not match {url}")]
    Mismatch { url: String },
    #[error("body does not match its bodySHA256")]
    BodyMismatch,
}

impl Verifier {
    /// `tokens` are auth tokens, several while one is rotated; `domain` is a host, with its port if that is not 443.
    /// An empty token is no token: everybody knows it.
    #[must_use]
    pub fn new(mut tokens: Vec<SecretString>, domain: String) -> Self {
        tokens.retain(|token| !token.expose_secret().is_empty());
        let domain = domain.strip_suffix(DEFAULT_PORT).map(str::to_owned).unwrap_or(domain);
        Self { tokens, domain }
    }

    /// A form post; or, without `params`, a GET, whose fields stand in its target already.
    pub fn verify_form(&self, path_and_query: &str, params: &Params, signature: &str) -> Result<(), SignatureError> {
        let urls: Vec<_> = self.urls("https", path_and_query).collect();
        self.verify(&urls, params, signature, without_query)
    }

    /// The upgrade to a media stream. Which spelling of its address Twilio signs is not told: scheme, port and last slash vary.
    pub fn verify_upgrade(&self, path_and_query: &str, signature: &str) -> Result<(), SignatureError> {
        let toggled = with_slash_toggled(path_and_query);
        let spellings = [("wss", path_and_query), ("wss", &toggled), ("https", path_and_query), ("https", &toggled)];
        let urls: Vec<_> = spellings.into_iter().flat_map(|(scheme, target)| self.urls(scheme, target)).collect();
        self.verify(&urls, &Params::default(), signature, without_last_segment)
    }

    /// A body that is no form: the address is signed, and the digest of the body stands in it.
    pub fn verify_json(&self, path_and_query: &str, body: &[u8], signature: &str) -> Result<(), SignatureError> {
        self.verify_form(path_and_query, &Params::default(), signature)?;
        let digest: String = Sha256::digest(body).iter().map(|b| format!("{b:02x}")).collect();
        let told = body_digest(path_and_query).is_some_and(|told| told.eq_ignore_ascii_case(&digest));
        if told { Ok(()) } else { Err(SignatureError::BodyMismatch) }
    }

    /// Tries every spelling; `show` makes the first of them fit for a log.
    fn verify(&self, urls: &[String], params: &Params, signature: &str, show: fn(&str) -> String) -> Result<(), SignatureError> {
        if signature.is_empty() {
            return Err(SignatureError::Missing);
        }
        if STANDARD.decode(signature).is_ok_and(|signature| self.is_signed(urls, params, &signature)) {
            return Ok(());
        }
        Err(SignatureError::Mismatch { url: urls.first().map(|url| show(url)).unwrap_or_default() })
    }

    fn is_signed(&self, urls: &[String], params: &Params, signature: &[u8]) -> bool {
        self.tokens.iter().any(|token| urls.iter().any(|url| signs(token, url, params, signature)))
    }

    /// A port that is not the default one is signed as it is configured.
    fn urls(&self, scheme: &str, path_and_query: &str) -> impl Iterator<Item = String> {
        let ports: &[&str] = if has_port(&self.domain) { &[""] } else { &["", DEFAULT_PORT] };
        ports.iter().map(move |port| format!("{scheme}://{}{port}{path_and_query}", self.domain))
    }
}

/// HMAC-SHA1 over the address and the sorted fields, compared in constant time.
fn signs(token: &SecretString, url: &str, params: &Params, signature: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(token.expose_secret().as_bytes()) else { return false };
    mac.update(url.as_bytes());
    // A name that is repeated counts once for each value that differs, as Twilio's own libraries do it.
    for (name, value) in params.iter().collect::<BTreeSet<_>>() {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    mac.verify_slice(signature).is_ok()
}

fn has_port(domain: &str) -> bool {
    domain.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

fn with_slash_toggled(path_and_query: &str) -> String {
    let (path, query) = path_and_query.find('?').map_or((path_and_query, ""), |at| path_and_query.split_at(at));
    match path.strip_suffix('/') {
        Some(path) => format!("{path}{query}"),
        None => format!("{path}/{query}"),
    }
}

fn body_digest(path_and_query: &str) -> Option<String> {
    let (_, query) = path_and_query.split_once('?')?;
    form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "bodySHA256").map(|(_, digest)| digest.into_owned())
}

/// Numbers may stand in the query.
fn without_query(url: &str) -> String {
    url.split_once('?').map_or_else(|| url.to_owned(), |(path, _)| format!("{path}?…"))
}

/// A stream token stands at the end of the path.
fn without_last_segment(url: &str) -> String {
    let path = url.split_once('?').map_or(url, |(path, _)| path).trim_end_matches('/');
    path.rsplit_once('/').map_or_else(|| path.to_owned(), |(front, _)| format!("{front}/…"))
}

#[cfg(test)]
mod tests;
