//! API keys: static bearer tokens, RFC 6750. None configured leaves the API open, outside production.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header;
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, web};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::{Doors, Problem};
use crate::types::Code;

/// Lets those in who bring a key.
pub(super) fn bearer<S, B>() -> impl Transform<S, ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error, InitError = ()>
where
    S: actix_web::dev::Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    from_fn(check)
}

async fn check(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let keys = request.app_data::<web::Data<Doors>>().map(|doors| doors.engine.config().security.api_keys.clone()).unwrap_or_default();
    if !keys.is_empty() && !brings(&request, &keys) {
        let problem = Problem::new(Code::Unauthenticated, "send `Authorization: Bearer <key>` with one of API_KEYS");
        return Ok(request.error_response(problem));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

fn brings(request: &ServiceRequest, keys: &[SecretString]) -> bool {
    let value = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    // The scheme has no case. RFC 9110 section 11.1
    let credentials = value.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, key)) = credentials else { return false };
    // Digests are compared, so that time tells nothing of the key.
    let digest = Sha256::digest(key.trim());
    keys.iter().any(|known| Sha256::digest(known.expose_secret()) == digest)
}
