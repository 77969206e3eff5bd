//! `POST /api/request-call`: place a call.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::body::{escaped, filled, misshapen, shaped};
use super::error::FieldError;
use super::key_ring::Caller;
use super::once::{self, Once, REPLAYED};
use super::{Doors, Problem};
use crate::actors::engine::{CallWish, RequestKey};
use crate::config::{Assistant, Assistants, NAME, template};
use crate::store::CallKey;
use crate::types::{CallId, CallStatus, PhoneNumber, Redacted};

/// A text that is absent or blank is not there.
#[derive(Deserialize, garde::Validate, ToSchema)]
#[schema(as = CallRequest, examples(json!({"phone_number": "+14155550142", "name": "Ann"})))]
pub(super) struct RequestCall {
    /// E.164, e.g. `+14155550100`; blanks, dots, hyphens and brackets do no harm.
    #[garde(custom(is_phone_number))]
    phone_number: String,
    /// Whom the call is for; the assistant may use it.
    #[garde(length(chars, max = 100))]
    #[serde(default)]
    #[schema(max_length = 100)]
    name: Option<String>,
    /// By its name; else the default one speaks.
    #[garde(skip)]
    #[serde(default)]
    assistant: Option<String>,
    /// In place of the assistant's.
    #[garde(length(chars, max = 8_000))]
    #[serde(default)]
    #[schema(max_length = 8_000)]
    instructions: Option<String>,
    /// Values of variables that the assistant declares: 32 at most, of 500 characters each.
    #[garde(length(max = MAX_VARIABLES))]
    #[serde(default)]
    variables: BTreeMap<String, String>,
    /// Where the callee is, by a name of the IANA database; else wherever the number may be.
    #[garde(skip)]
    #[serde(default)]
    #[schema(examples("America/New_York"))]
    time_zone: Option<String>,
    /// By the model's name for it; else the assistant's.
    #[garde(length(chars, max = 64))]
    #[serde(default)]
    #[schema(max_length = 64)]
    voice: Option<String>,
    /// RFC 3339, 30 days ahead at most. Not before then; at once if it is not told.
    #[garde(skip)]
    #[serde(default)]
    #[schema(examples("2026-11-23T09:00:00Z"))]
    scheduled_at: Option<String>,
    /// An object of whatever the client wants to find on the call: 4,096 bytes of JSON at most.
    #[garde(skip)]
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
}

const MAX_VARIABLES: usize = 32;
const MAX_VALUE: usize = 500;
/// Bytes of JSON.
const MAX_METADATA: usize = 4_096;
/// A call may be scheduled so far ahead.
const FARTHEST: TimeDelta = TimeDelta::days(30);

#[derive(Serialize, ToSchema)]
#[schema(as = CallAccepted)]
pub(super) struct Accepted {
    id: CallId,
    status: CallStatus,
    /// Where to read how the call is getting on.
    status_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scheduled_at: Option<DateTime<Utc>>,
    message: &'static str,
}

/// Places a call, now or later
///
/// A phone rings. Numbers that may be called at all are set by the operator.
#[utoipa::path(
    post, path = "/api/request-call", operation_id = "requestCall", tag = "calls", request_body = RequestCall,
    params(("Idempotency-Key" = Option<String>, Header, nullable = false, min_length = 1, max_length = 255,
        description = "A name for this request: sent twice within 24 hours, it is done once")),
    responses((
        status = 202, description = "The call is accepted; `status_url` tells what becomes of it", body = Accepted,
        headers(
            ("Location" = String, description = "The same as `status_url`"),
            ("Idempotency-Replayed" = String, description = "`true`: it was accepted before")
        )
    ))
)]
pub(super) async fn request_call(
    doors: web::Data<Doors>,
    caller: web::ReqData<Caller>,
    request: HttpRequest,
    body: web::Json<Value>,
) -> Result<HttpResponse, Problem> {
    let body = body.into_inner();
    match Once::begin(&doors, &caller, &request, &body).await? {
        Once::Done(id) => {
            let known = doors.engine.store().call(&CallKey::Id(id)).await?;
            Ok(accepted(id, known.and_then(|call| call.scheduled_at), true))
        }
        Once::Now(key) => {
            let answer = place(&doors, &caller, &request, body, key.clone()).await;
            if let (Err(_), Some(key)) = (&answer, key) {
                once::give_up(&doors, key).await;
            }
            answer
        }
    }
}

async fn place(
    doors: &Doors,
    caller: &Caller,
    request: &HttpRequest,
    body: Value,
    key: Option<RequestKey>,
) -> Result<HttpResponse, Problem> {
    let wanted: RequestCall = shaped(body)?;
    let wish = CallWish { asker: caller.asker(), ..wanted.wish(&doors.engine.config().assistants, Utc::now())? };
    doors.velocity.count_call(request, &wish.to)?;
    let scheduled_at = wish.scheduled_at;
    let id = doors.engine.request_call(wish, key).await?;
    Ok(accepted(id, scheduled_at, false))
}

fn accepted(id: CallId, scheduled_at: Option<DateTime<Utc>>, replayed: bool) -> HttpResponse {
    let message = if scheduled_at.is_some() { "the phone will ring at that time" } else { "the phone will ring in a moment" };
    let status_url = format!("/api/call/{id}");
    let mut answer = HttpResponse::Accepted();
    answer.insert_header((header::LOCATION, status_url.clone()));
    if replayed {
        answer.insert_header((REPLAYED, "true"));
    }
    answer.json(Accepted { id, status: CallStatus::Initiated, status_url, scheduled_at, message })
}

impl RequestCall {
    /// What is asked for, or everything that is wrong with it.
    fn wish(self, assistants: &Assistants, now: DateTime<Utc>) -> Result<CallWish, Problem> {
        let mut errors = misshapen(&self);
        let scheduled_at = self
            .scheduled_at
            .and_then(filled)
            .and_then(|text| moment(&text, now).map_err(|detail| errors.push(field("/scheduled_at", detail.to_owned()))).ok());
        let metadata = self.metadata.map(|metadata| Value::Object(metadata).to_string());
        if metadata.as_ref().is_some_and(|metadata| metadata.len() > MAX_METADATA) {
            errors.push(field("/metadata", format!("longer than {MAX_METADATA} bytes")));
        }
        let instructions = self.instructions.and_then(filled);
        let assistant = match assistant_named(assistants, self.assistant) {
            Ok(assistant) => {
                let speaker = assistant.as_ref().unwrap_or_else(|| assistants.default_one());
                errors.extend(wrong_variables(&self.variables, speaker));
                errors.extend(wrong_instructions(instructions.as_deref(), speaker));
                assistant
            }
            Err(error) => {
                errors.push(error);
                None
            }
        };
        let time_zone = self.time_zone.and_then(filled).map(|name| name.parse::<Tz>()).transpose().unwrap_or_else(|_| {
            errors.push(field("/time_zone", "not a name of the IANA database, such as America/New_York".to_owned()));
            None
        });
        match self.phone_number.parse() {
            Ok(to) if errors.is_empty() => {
                let (name, voice) = (self.name.and_then(filled), self.voice.and_then(filled));
                let (variables, metadata) = (self.variables, metadata.map(Redacted));
                let asker = None;
                Ok(CallWish { to, name, assistant, instructions, variables, voice, time_zone, scheduled_at, metadata, asker })
            }
            Ok(_) | Err(_) => Err(Problem::fields(errors)),
        }
    }
}

fn moment(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, &'static str> {
    let at = DateTime::parse_from_rfc3339(text).map_err(|_| "not a moment as in RFC 3339, such as 2026-11-23T09:00:00Z")?.to_utc();
    match at {
        at if at <= now => Err("that moment has passed"),
        at if at > now + FARTHEST => Err("more than 30 days ahead"),
        at => Ok(at),
    }
}

/// None where none is asked for.
pub(super) fn assistant_named(assistants: &Assistants, name: Option<String>) -> Result<Option<Arc<Assistant>>, FieldError> {
    let Some(name) = name.and_then(filled) else { return Ok(None) };
    let known = assistants.named(&name).map(Arc::clone);
    let unknown = || field("/assistant", format!("there is no such assistant; known: {}", assistants.names().join(", ")));
    known.map(Some).ok_or_else(unknown)
}

fn wrong_variables(variables: &BTreeMap<String, String>, assistant: &Assistant) -> Vec<FieldError> {
    let declared: Vec<&str> = assistant.variables.keys().map(String::as_str).collect();
    let wrong = |(name, value): (&String, &String)| {
        let detail = if name == NAME {
            "it has a field of its own, `name`".to_owned()
        } else if !assistant.declares(name) {
            format!(
                "the assistant declares no such variable; declared: {}",
                if declared.is_empty() { "none".to_owned() } else { declared.join(", ") }
            )
        } else if value.chars().count() > MAX_VALUE {
            format!("longer than {MAX_VALUE} characters")
        } else {
            return None;
        };
        Some(field(format!("/variables/{}", escaped(name)), detail))
    };
    variables.iter().filter_map(wrong).collect()
}

fn wrong_instructions(instructions: Option<&str>, assistant: &Assistant) -> Vec<FieldError> {
    let faults = instructions.map(|text| template::faults(text, &assistant.known_variables())).unwrap_or_default();
    faults.iter().map(|fault| field("/instructions", fault.to_string())).collect()
}

fn field(pointer: impl Into<String>, detail: String) -> FieldError {
    FieldError { pointer: pointer.into(), detail }
}

pub(super) fn is_phone_number(text: &str, (): &()) -> garde::Result {
    text.parse::<PhoneNumber>().map(drop).map_err(|error| garde::Error::new(error.to_string()))
}
