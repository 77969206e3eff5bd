//! `POST /api/phone-tickets`: a call from the browser. The page then speaks the protocol of a phone stream to `/media-stream`.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::body::{misshapen, shaped};
use super::request_call::assistant_named;
use super::{Doors, Problem};
use crate::actors::engine::BrowserWish;
use crate::types::CallId;

#[derive(Deserialize, garde::Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PhoneTicketRequest, examples(json!({"name": "Ann"})))]
pub(super) struct Wanted {
    /// By its name; the default one if none is told.
    #[garde(skip)]
    assistant: Option<String>,
    /// Who calls.
    #[garde(length(chars, max = 100))]
    #[schema(max_length = 100)]
    name: Option<String>,
}

/// What the page has to say in the stream's `start`, and where.
#[derive(Serialize, ToSchema)]
#[schema(as = PhoneTicket)]
pub(super) struct TicketView {
    call_id: CallId,
    call_sid: String,
    account_sid: &'static str,
    stream_sid: String,
    url: String,
    expires_at: DateTime<Utc>,
}

/// No account of Twilio's is asked.
const NO_ACCOUNT: &str = "AC00000000000000000000000000000000";

/// A ticket for a call from the browser
#[utoipa::path(
    post, path = "/api/phone-tickets", operation_id = "createPhoneTicket", tag = "calls", request_body = Wanted,
    responses((status = 201, description = "The call may begin", body = TicketView))
)]
pub(super) async fn create(doors: web::Data<Doors>, body: web::Json<Value>) -> Result<HttpResponse, Problem> {
    let wanted: Wanted = shaped(body.into_inner())?;
    let mut errors = misshapen(&wanted);
    let assistant = assistant_named(&doors.engine.config().assistants, wanted.assistant).unwrap_or_else(|error| {
        errors.push(error);
        None
    });
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    let ticket = doors.engine.browser_call(BrowserWish { assistant, name: wanted.name }).await?;
    let view = TicketView {
        call_id: ticket.call,
        stream_sid: format!("MZ{}", ticket.call.as_uuid().as_simple()),
        call_sid: ticket.sid.to_string(),
        account_sid: NO_ACCOUNT,
        url: format!("/media-stream/{}", ticket.token),
        expires_at: ticket.expires_at,
    };
    Ok(HttpResponse::Created().json(view))
}
