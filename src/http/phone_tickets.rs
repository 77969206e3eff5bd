//! `POST /api/phone-tickets`: a call from the browser. The page then speaks the protocol of a phone stream to `/media-stream`.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::body::shaped;
use super::request_call::assistant_named;
use super::{Doors, Problem};
use crate::actors::engine::BrowserWish;
use crate::types::CallId;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// By its name; the default one if none is told.
    assistant: Option<String>,
    /// Who calls.
    name: Option<String>,
}

/// What the page has to say in the stream's `start`, and where.
#[derive(Serialize)]
struct TicketView {
    call_id: CallId,
    call_sid: String,
    account_sid: &'static str,
    stream_sid: String,
    url: String,
    expires_at: DateTime<Utc>,
}

/// No account of Twilio's is asked.
const NO_ACCOUNT: &str = "AC00000000000000000000000000000000";
const LONGEST_NAME: usize = 100;

pub(super) async fn create(doors: web::Data<Doors>, body: web::Json<Value>) -> Result<HttpResponse, Problem> {
    let Wanted { assistant, name } = shaped(body.into_inner())?;
    let assistant = assistant_named(&doors.engine.config().assistants, assistant).map_err(|error| Problem::fields(vec![error]))?;
    if name.as_ref().is_some_and(|name| name.chars().count() > LONGEST_NAME) {
        return Err(Problem::field("name", format!("must have {LONGEST_NAME} characters at most")));
    }
    let ticket = doors.engine.browser_call(BrowserWish { assistant, name }).await?;
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
