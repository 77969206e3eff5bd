//! What every answer tells browsers, and what lies between them and us.

use actix_web::http::header::{
    self, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};

/// For a year: what was asked by HTTPS once is never asked without it.
const HTTPS_ALONE: &str = "max-age=31536000";

/// An answer that says something else of its own keeps it.
pub(super) fn protect(headers: &mut HeaderMap, is_production: bool) {
    say(headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
    say(headers, REFERRER_POLICY, "no-referrer");
    // Answers have numbers, transcripts, or the token of a stream in them.
    say(headers, CACHE_CONTROL, "no-store");
    if is_json(headers) {
        say(headers, CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    }
    // A word about a host that is ours alone in production.
    if is_production {
        say(headers, STRICT_TRANSPORT_SECURITY, HTTPS_ALONE);
    }
}

fn say(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.starts_with("application/json") || kind.starts_with("application/problem+json")
}

/// What pages of other hosts may send.
pub const ALLOWED: [HeaderName; 4] =
    [header::AUTHORIZATION, header::CONTENT_TYPE, HeaderName::from_static("idempotency-key"), HeaderName::from_static("x-request-id")];

/// What they may read of an answer, beside its body.
pub const EXPOSED: [HeaderName; 7] = [
    HeaderName::from_static("x-request-id"),
    header::LOCATION,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
    HeaderName::from_static("idempotency-replayed"),
];
