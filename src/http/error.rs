//! Errors as problem details (RFC 9457). Here stands the only table from codes to statuses.

use std::time::Duration;

use actix_web::error::{JsonPayloadError, QueryPayloadError};
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use chrono::SecondsFormat;
use serde::Serialize;
use utoipa::ToSchema;

use super::patience::is_too_slow;
use super::velocity::tell;
use crate::actors::engine::EngineError;
use crate::governor::Refusal;
use crate::governor::velocity::Allowance;
use crate::store::StoreError;
use crate::types::{Code, Scope};

/// After an outage was met, it is worth while to try again.
const OUTAGE: Duration = Duration::from_secs(10);

/// Why a request was not done.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    detail: String,
    fields: Vec<FieldError>,
    retry_after: Option<Duration>,
    /// What was asked for too often.
    spent: Option<Box<Allowance>>,
    /// What the key lacks.
    scope: Option<Scope>,
    /// For the log, never for the client.
    cause: Option<String>,
}

/// What is wrong with one field. `pointer` is an RFC 6901 pointer into the body.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldError {
    #[schema(examples("/phone_number"))]
    pub pointer: String,
    pub detail: String,
}

/// RFC 9457 section 3.1, `code` and `errors` being ours.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Body<'a> {
    #[serde(rename = "type")]
    #[schema(examples("urn:alpha-call:problem:not-found"))]
    kind: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[schema(value_type = Code)]
    code: &'static str,
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    #[schema(value_type = Vec<FieldError>)]
    errors: &'a [FieldError],
}

pub(super) const fn status(code: Code) -> StatusCode {
    match code {
        Code::MalformedRequest => StatusCode::BAD_REQUEST,
        Code::InvalidField => StatusCode::UNPROCESSABLE_ENTITY,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::InsufficientScope => StatusCode::FORBIDDEN,
        Code::InvalidSignature | Code::InvalidStreamToken | Code::NotAuthorized | Code::CallerNotAdmitted | Code::PremiumOrForeign => {
            StatusCode::FORBIDDEN
        }
        Code::DoNotCall | Code::NoConsent | Code::QuietHours => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
        Code::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        Code::OriginNotAllowed => StatusCode::FORBIDDEN,
        Code::CallOver | Code::CallNotConnected | Code::RequestRunning => StatusCode::CONFLICT,
        Code::RequestKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        Code::CoolingDown | Code::OverBudget | Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::AtCapacity | Code::Overloaded | Code::Draining | Code::NotConfigured | Code::DatabaseUnavailable | Code::ModelUnavailable => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

pub(super) const fn title(code: Code) -> &'static str {
    match code {
        Code::MalformedRequest => "The request cannot be read",
        Code::InvalidField => "A field is not valid",
        Code::Unauthenticated => "An API key is needed",
        Code::InsufficientScope => "The API key does not allow this",
        Code::InvalidSignature => "The request is not signed by Twilio",
        Code::InvalidStreamToken => "The stream may not join",
        Code::NotFound => "There is no such thing",
        Code::MethodNotAllowed => "The method is not allowed here",
        Code::PayloadTooLarge => "The request is too large",
        Code::UnsupportedMediaType => "The content type is not supported",
        Code::NotAcceptable => "There is no answer of this type",
        Code::RequestTimeout => "The request came too slowly",
        Code::OriginNotAllowed => "Pages of this origin may not ask",
        Code::NotAuthorized => "This number may not be called",
        Code::CallerNotAdmitted => "Calls from this number are not taken",
        Code::PremiumOrForeign => "This kind of number may not be called",
        Code::DoNotCall => "This number wants no calls",
        Code::NoConsent => "There is no consent to call this number",
        Code::QuietHours => "It is too early or too late to call this number",
        Code::CoolingDown => "This number was called a moment ago",
        Code::OverBudget => "The budget of the day is spent",
        Code::RateLimited => "Too many requests in a short time",
        Code::AtCapacity => "All lines are busy",
        Code::Overloaded => "This instance has too much to do",
        Code::Draining => "This instance is shutting down",
        Code::NotConfigured => "The service is not set up for calls",
        Code::DatabaseUnavailable => "The database is not available",
        Code::ModelUnavailable => "The model is not available",
        Code::CallOver => "The call is over",
        Code::CallNotConnected => "The call has no phone connected",
        Code::RequestRunning => "This request is being done already",
        Code::RequestKeyReused => "This Idempotency-Key is that of another request",
        Code::Internal => "Internal error",
    }
}

impl Problem {
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), fields: Vec::new(), retry_after: None, spent: None, scope: None, cause: None }
    }

    pub fn field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::fields(vec![FieldError { pointer: pointer.into(), detail: detail.into() }])
    }

    pub fn fields(fields: Vec<FieldError>) -> Self {
        Self { fields, ..Self::new(Code::InvalidField, "see `errors` for what is wrong where") }
    }

    /// The key is good, but not for this.
    pub(super) fn insufficient(scope: Scope) -> Self {
        let detail = format!("this asks for a key with the scope {scope}");
        Self { scope: Some(scope), ..Self::new(Code::InsufficientScope, detail) }
    }

    pub(super) const fn retry_after(mut self, time: Duration) -> Self {
        self.retry_after = Some(time);
        self
    }

    /// The same may be asked again when some of it is back.
    pub(super) fn spent(self, allowance: Allowance) -> Self {
        Self { retry_after: Some(allowance.reset), spent: Some(Box::new(allowance)), ..self }
    }

    pub(super) fn too_slow() -> Self {
        Self::new(Code::RequestTimeout, "its body did not come in time")
    }

    pub(super) fn database_unavailable() -> Self {
        Self { retry_after: Some(OUTAGE), ..Self::new(Code::DatabaseUnavailable, "try again in a moment") }
    }

    /// For what cannot go wrong unless the program is.
    pub(super) fn internal(cause: &impl std::fmt::Display) -> Self {
        Self { cause: Some(cause.to_string()), ..Self::new(Code::Internal, "it was logged under the request id") }
    }

    pub(super) fn body(&self) -> Body<'_> {
        let (code, status) = (self.code.as_str(), status(self.code).as_u16());
        let kind = format!("urn:alpha-call:problem:{code}");
        Body { kind, title: title(self.code), status, detail: &self.detail, code, errors: &self.fields }
    }

    /// There is no such key, or it holds no longer.
    pub(super) const fn is_unauthenticated(&self) -> bool {
        matches!(self.code, Code::Unauthenticated)
    }

    /// Something is broken here, as against a request that was refused.
    pub(super) const fn is_fault(&self) -> bool {
        matches!(self.code, Code::Internal | Code::DatabaseUnavailable)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.cause.as_deref().unwrap_or(&self.detail))
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        status(self.code)
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        if let Some(after) = self.retry_after {
            answer.insert_header((header::RETRY_AFTER, after.as_millis().div_ceil(1_000).to_string()));
        }
        if self.code == Code::RequestTimeout {
            answer.force_close();
        }
        if self.code == Code::Unauthenticated {
            answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        // RFC 6750 section 3.1
        if let Some(scope) = self.scope {
            answer.insert_header((header::WWW_AUTHENTICATE, format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"")));
        }
        let mut answer = answer.content_type("application/problem+json").json(self.body());
        tell(self.spent.as_deref().map_or(&[], std::slice::from_ref), answer.headers_mut());
        answer
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        EngineError::from(error).into()
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Refused(refusal) => refused(&refusal),
            EngineError::CallOver => Self::new(Code::CallOver, "nothing can be done about it any more"),
            EngineError::CallNotConnected => Self::new(Code::CallNotConnected, "only a call that talks can be handed over"),
            EngineError::Store(_) | EngineError::Mailbox(_) => {
                let code = error.code();
                let retry_after = (code == Code::DatabaseUnavailable).then_some(OUTAGE);
                let detail = if retry_after.is_some() { "try again in a moment" } else { "it was logged under the request id" };
                Self { retry_after, cause: Some(error.to_string()), ..Self::new(code, detail) }
            }
        }
    }
}

fn refused(refusal: &Refusal) -> Problem {
    let detail = match refusal {
        Refusal::NotAuthorized => "add it to VERIFIED_PHONE_NUMBERS to allow it".to_owned(),
        Refusal::CallerNotAdmitted => "see limits.callers".to_owned(),
        Refusal::PremiumOrForeign => "only ordinary numbers of the United States and Canada may be called".to_owned(),
        Refusal::DoNotCall => "it is on the do-not-call list, see GET /api/do-not-call".to_owned(),
        Refusal::NoConsent => "record one with POST /api/consents before it is called".to_owned(),
        Refusal::QuietHours { until: Some(until), .. } => {
            format!("it may be called from {} on", until.to_rfc3339_opts(SecondsFormat::Secs, true))
        }
        Refusal::QuietHours { until: None, .. } => "no time suits all zones that it may be in: name its own with `time_zone`".to_owned(),
        Refusal::CoolingDown { retry_after } => format!("it may be called again in {} s", retry_after.as_millis().div_ceil(1_000)),
        Refusal::OverBudget { .. } => {
            "until 00:00 UTC; see MAX_DAY_USD, and the budget of the API key in `alpha-call keys list`".to_owned()
        }
        Refusal::AtCapacity => "MAX_CONCURRENT_CALLS or MAX_OPENAI_CONNECTIONS is reached".to_owned(),
        Refusal::Overloaded(overload) => format!("too little {overload} left for another call, see docs/operations.md"),
        Refusal::Draining => "ask again, another instance will answer".to_owned(),
        Refusal::NotConfigured { missing } => format!("not set: {}", missing.join(", ")),
        Refusal::ModelUnavailable => "the model cannot be reached or refuses us; the log says why".to_owned(),
        Refusal::Unavailable => "what is on record about the number cannot be read".to_owned(),
    };
    Problem { retry_after: refusal.retry_after(), ..Problem::new(refusal.code(), detail) }
}

pub(super) async fn not_found(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(Problem::new(Code::NotFound, format!("there is nothing at {}", request.path())))
}

pub(super) fn method_not_allowed(method: &Method, allowed: &str) -> HttpResponse {
    let problem = Problem::new(Code::MethodNotAllowed, format!("{method} is not allowed, {allowed} is"));
    let mut answer = problem.error_response();
    if let Ok(allowed) = header::HeaderValue::from_str(allowed) {
        answer.headers_mut().insert(header::ALLOW, allowed);
    }
    answer
}

pub(super) fn json_config() -> web::JsonConfig {
    web::JsonConfig::default().limit(64 * 1024).error_handler(|error, _| {
        let code = match &error {
            JsonPayloadError::Payload(error) if is_too_slow(error) => return Problem::too_slow().into(),
            JsonPayloadError::ContentType => Code::UnsupportedMediaType,
            JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => Code::PayloadTooLarge,
            JsonPayloadError::Deserialize(error) if error.is_data() => Code::InvalidField,
            _ => Code::MalformedRequest,
        };
        Problem::new(code, error.to_string()).into()
    })
}

pub(super) fn query_config() -> web::QueryConfig {
    web::QueryConfig::default().error_handler(|error, _| {
        let QueryPayloadError::Deserialize(why) = &error else { return Problem::new(Code::MalformedRequest, error.to_string()).into() };
        Problem::new(Code::InvalidField, why.to_string()).into()
    })
}
