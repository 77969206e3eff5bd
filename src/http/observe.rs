//! Every request: its id and what browsers must be told on the answer, one line in the log if it failed here, one more in the counts.

use std::time::{Instant, SystemTime};

use actix_cors::CorsError;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, ResponseError as _};
use tracing::field::Empty;
use tracing::{Span, info_span};
use tracing_actix_web::{RequestId, RootSpanBuilder};

use super::protect::protect;
use super::{Doors, Problem};
use crate::metrics;
use crate::telemetry::trace::{KeyValue, SpanKind, Start, Trace};
use crate::types::Code;

/// The field of a request's log lines that names the key by which it was let in.
pub(super) const API_KEY: &str = "request.api_key";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub async fn observe(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let (method, route) = (request.method().to_string(), route(&request));
    let id = request_id(&request);
    let began = Instant::now();
    let is_production = request.app_data::<Data<Doors>>().is_some_and(|doors| doors.engine.config().environment.is_production());
    let trace = traced(&request, &method, &route);
    let mut answer = next.call(request).await?.map_into_boxed_body();
    if answer.response().error().is_some_and(|error| error.as_error::<CorsError>().is_some()) {
        answer = answer.into_response(Problem::new(Code::OriginNotAllowed, "see CORS_ORIGINS").error_response());
    }
    protect(answer.headers_mut(), is_production);
    trace.note(KeyValue::new("http.response.status_code", i64::from(answer.status().as_u16())));
    if answer.status().is_server_error() {
        trace.failed("server error");
    }
    metrics::http_request(&route, &method, answer.status().as_u16(), began.elapsed());
    if let Some(fault) = answer.response().error().and_then(|error| error.as_error::<Problem>()).filter(|problem| problem.is_fault()) {
        tracing::error!(error = %fault, "request failed");
    }
    if let Some(value) = id.and_then(|id| HeaderValue::try_from(id).ok()) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    Ok(answer)
}

/// A span, within the trace of whoever asks. <https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server>
fn traced(request: &ServiceRequest, method: &str, route: &str) -> Trace {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    Trace::of_request(header("traceparent"), header("tracestate"), || Start {
        name: format!("{method} {route}"),
        kind: SpanKind::Server,
        at: SystemTime::now(),
        attributes: vec![KeyValue::new("http.request.method", method.to_owned()), KeyValue::new("http.route", route.to_owned())],
    })
}

/// What a request's log lines say of it: never its path, which may hold a stream's token, nor who asks, but for the id of a key.
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        info_span!("request", http.method = %request.method(), http.route = %route(request), request.id = request_id(request), request.api_key = Empty)
    }

    fn on_request_end<B: MessageBody>(_: Span, _: &Result<ServiceResponse<B>, Error>) {}
}

/// The pattern that matches, such as `/media-stream/{token}`.
fn route(request: &ServiceRequest) -> String {
    request.match_pattern().unwrap_or_else(|| "unmatched".to_owned())
}

fn request_id(request: &ServiceRequest) -> Option<String> {
    request.extensions().get::<RequestId>().map(ToString::to_string)
}
