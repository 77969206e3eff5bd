//! Every request: its id on the answer, one line in the log if it failed here, one more in the counts.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _};
use tracing_actix_web::RequestId;

use crate::metrics;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub async fn observe(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let method = request.method().to_string();
    let id = request.extensions().get::<RequestId>().map(ToString::to_string);
    let http = request.request().clone();
    let mut answer = match next.call(request).await {
        Ok(answer) => answer.map_into_boxed_body(),
        Err(error) => ServiceResponse::from_err(error, http),
    };
    let route = answer.request().match_pattern().unwrap_or_else(|| "unmatched".to_owned());
    metrics::http_request(&route, &method, answer.status().as_u16());
    if let Some(error) = answer.response().error().filter(|error| error.as_response_error().status_code().is_server_error()) {
        tracing::error!(http.route = %route, request.id = id.as_deref(), %error, "request failed");
    }
    if let Some(value) = id.and_then(|id| HeaderValue::try_from(id).ok()) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    Ok(answer)
}
