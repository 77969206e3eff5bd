//! What is left, as header fields.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::governor::velocity::Allowance;

pub(super) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Lists of RFC 9651.
pub(in crate::http) fn tell(allowances: &[Allowance], headers: &mut HeaderMap) {
    let list = |member: fn(&Allowance) -> String| HeaderValue::try_from(allowances.iter().map(member).collect::<Vec<_>>().join(", "));
    if let (false, Ok(policy), Ok(state)) = (allowances.is_empty(), list(Allowance::policy), list(Allowance::state)) {
        headers.insert(RATE_LIMIT_POLICY, policy);
        headers.insert(RATE_LIMIT, state);
    }
}
