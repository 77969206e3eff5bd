//! API keys: bearer tokens, RFC 6750.

use std::rc::Rc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, HttpMessage as _, HttpRequest, web};
use tracing::Span;

use super::door::Asked;
use super::key_ring::{Caller, KeyRing};
use super::observe::API_KEY;
use super::velocity::Velocity;
use super::{Doors, Problem};
use crate::types::Scope;

/// Lets those in whose key has the scope of what they ask for.
pub(super) fn requires<S, B>(
    asked: Vec<Asked>,
) -> impl Transform<S, ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error, InitError = ()>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    let asked: Rc<[Asked]> = asked.into();
    from_fn(move |request: ServiceRequest, next: Next<B>| {
        let scope = asked.iter().find(|asked| asked.method == *request.method()).and_then(|asked| asked.scope);
        check(request, next, scope)
    })
}

async fn check(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    scope: Option<Scope>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let doors = request.app_data::<web::Data<Doors>>().map(|doors| (doors.keys.clone(), doors.velocity.clone()));
    let Some((keys, velocity)) = doors else { return Ok(request.error_response(Problem::internal(&"the doors are not there"))) };
    match admitted(&keys, &velocity, request.request(), scope).await {
        Ok(caller) => {
            if let Some(id) = caller.key_id() {
                Span::current().record(API_KEY, id.as_str());
            }
            request.extensions_mut().insert(caller);
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(problem) => Ok(request.error_response(problem)),
    }
}

/// Whoever tries one key after the other is not listened to for a while.
pub(super) async fn admitted(keys: &KeyRing, velocity: &Velocity, request: &HttpRequest, scope: Option<Scope>) -> Result<Caller, Problem> {
    velocity.listens_to(request)?;
    keys.admit(brought(request.headers()), scope).await.inspect_err(|problem| {
        if problem.is_unauthenticated() {
            velocity.count_failure(request);
        }
    })
}

/// The key of the header, and of nowhere else: addresses are logged on their way.
pub(super) fn brought(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    // The scheme has no case. RFC 9110 section 11.1
    let (_, key) = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))?;
    Some(key.trim()).filter(|key| !key.is_empty())
}
