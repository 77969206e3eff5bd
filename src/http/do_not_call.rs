//! `/api/do-not-call`: the list of those who want no calls.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use garde::Validate as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::body::{filled, misshapen, shaped};
use super::key_ring::Caller;
use super::signed::{Body, unreadable};
use super::slice::{Window, number};
use super::{Doors, Problem};
use crate::store::{ListedNumber, RemovedNumber};
use crate::types::{Code, PhoneNumber, numbers};

/// A page of the list. `history` is told of one number alone: when it stood there before.
#[derive(Serialize, ToSchema)]
#[schema(as = DoNotCallPage)]
pub(super) struct List {
    numbers: Vec<ListedView>,
    total: u64,
    limit: u64,
    offset: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    history: Option<Vec<RemovedView>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DoNotCallEntry)]
pub(super) struct ListedView {
    #[schema(examples("+14155550142"))]
    phone_number: String,
    /// `spoken`, `keyed`, `api`, `operator` or `import`.
    source: String,
    at: DateTime<Utc>,
    call_id: Option<String>,
    note: Option<String>,
    added_by: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DoNotCallRemoval)]
pub(super) struct RemovedView {
    #[serde(flatten)]
    was: ListedView,
    removed_at: DateTime<Utc>,
    removed_by: Option<String>,
    reason: Option<String>,
}

#[derive(Deserialize, garde::Validate, ToSchema)]
#[schema(as = DoNotCallRequest, examples(json!({"phone_number": "+14155550142", "note": "asked by letter"})))]
pub(super) struct Wish {
    /// In E.164.
    #[garde(custom(super::request_call::is_phone_number))]
    phone_number: String,
    #[garde(length(chars, max = 500))]
    #[serde(default)]
    #[schema(max_length = 500)]
    note: Option<String>,
    /// Who says so, for the record; else the name of the key.
    #[garde(length(chars, max = 100))]
    #[serde(default)]
    #[schema(max_length = 100)]
    added_by: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DoNotCallAdded)]
pub(super) struct Added {
    phone_number: String,
    /// False: it stood there before.
    added: bool,
}

#[derive(Deserialize, garde::Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Farewell {
    /// For the record.
    #[garde(length(chars, max = 500))]
    #[param(max_length = 500)]
    reason: Option<String>,
    /// Who says so; else the name of the key.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    removed_by: Option<String>,
}

/// What came of a file. Lines count from 1.
#[derive(Serialize, ToSchema)]
#[schema(as = DoNotCallImport)]
pub(super) struct Imported {
    lines: usize,
    added: u64,
    /// They stood there before, or more than once in the file.
    known: u64,
    bad: Vec<BadLine>,
    /// Bad lines beyond those that are told.
    more_bad: usize,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DoNotCallBadLine)]
struct BadLine {
    line: usize,
    detail: &'static str,
}

/// Bad lines that are told one by one.
const TOLD: usize = 1_000;

/// Numbers that want no calls, the newest first
#[utoipa::path(
    get, path = "/api/do-not-call", operation_id = "listDoNotCall", tag = "compliance", params(Window),
    responses((status = 200, description = "A page of the list", body = List))
)]
pub(super) async fn list(doors: web::Data<Doors>, query: web::Query<Window>) -> Result<web::Json<List>, Problem> {
    let slice = query.into_inner().slice()?;
    let (limit, offset) = (slice.limit, slice.offset);
    let store = doors.engine.store();
    let history = match &slice.number {
        Some(number) => Some(store.removals(number).await?.into_iter().map(RemovedView::from).collect()),
        None => None,
    };
    let (numbers, total) = store.do_not_call(slice).await?;
    Ok(web::Json(List { numbers: numbers.into_iter().map(ListedView::from).collect(), total, limit, offset, history }))
}

/// Puts a number on the list
#[utoipa::path(
    post, path = "/api/do-not-call", operation_id = "addDoNotCall", tag = "compliance", request_body = Wish,
    responses(
        (status = 201, description = "It is on the list", body = Added),
        (status = 200, description = "It stood there before", body = Added)
    )
)]
pub(super) async fn add(doors: web::Data<Doors>, caller: web::ReqData<Caller>, body: web::Json<Value>) -> Result<HttpResponse, Problem> {
    let wish: Wish = shaped(body.into_inner())?;
    let phone_number: PhoneNumber = match wish.phone_number.parse() {
        Ok(number) if wish.validate().is_ok() => number,
        Ok(_) | Err(_) => return Err(Problem::fields(misshapen(&wish))),
    };
    let by = wish.added_by.and_then(filled).or_else(|| caller.name());
    let added = doors.engine.opt_out(phone_number.clone(), wish.note.and_then(filled), by).await?;
    let mut answer = if added { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.json(Added { phone_number: phone_number.into(), added }))
}

/// Takes a number off the list
#[utoipa::path(
    delete, path = "/api/do-not-call/{number}", operation_id = "removeDoNotCall", tag = "compliance", params(Farewell),
    responses((status = 204, description = "It is off the list"))
)]
pub(super) async fn remove(
    doors: web::Data<Doors>,
    caller: web::ReqData<Caller>,
    name: web::Path<String>,
    query: web::Query<Farewell>,
) -> Result<HttpResponse, Problem> {
    let (number, farewell) = (number("phone_number", &name)?, query.into_inner());
    let wrong = misshapen(&farewell);
    if !wrong.is_empty() {
        return Err(Problem::fields(wrong));
    }
    let Farewell { reason, removed_by } = farewell;
    let by = removed_by.and_then(filled).or_else(|| caller.name());
    if doors.engine.take_off_list(number, reason.and_then(filled), by).await? {
        return Ok(HttpResponse::NoContent().finish());
    }
    Err(Problem::new(Code::NotFound, "this number is not on the list"))
}

/// Puts a list of numbers on the list, one a line
///
/// Takes what is good, and tells what is not: a number too many is no harm, one that is left out may be.
#[utoipa::path(
    post, path = "/api/do-not-call/import", operation_id = "importDoNotCall", tag = "compliance",
    request_body(content((String = "text/plain", example = json!("+14155550142\n+14155550143\n")), (String = "text/csv"))),
    responses((status = 200, description = "What came of each line", body = Imported))
)]
pub(super) async fn import(request: HttpRequest, doors: web::Data<Doors>, body: Body) -> Result<HttpResponse, Problem> {
    if !is_text(&request) {
        return Err(Problem::new(Code::UnsupportedMediaType, "send text/plain or text/csv, one number a line"));
    }
    let body = body.as_ref().map_err(unreadable)?;
    let text = std::str::from_utf8(body).map_err(|_| Problem::new(Code::MalformedRequest, "the text is not UTF-8"))?;
    let numbers::Read { numbers, wrong, lines } = numbers::read(text);
    let good = numbers.len() as u64;
    let added = doors.engine.import_opt_outs(numbers).await?;
    let more_bad = wrong.len().saturating_sub(TOLD);
    let bad = wrong.into_iter().take(TOLD).map(|line| BadLine { line, detail: numbers::WRONG }).collect();
    Ok(HttpResponse::Ok().json(Imported { lines, added, known: good - added, bad, more_bad }))
}

fn is_text(request: &HttpRequest) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    ["text/plain", "text/csv"].iter().any(|known| kind.eq_ignore_ascii_case(known))
}

impl From<ListedNumber> for ListedView {
    fn from(listed: ListedNumber) -> Self {
        Self {
            phone_number: listed.number.0,
            source: listed.source,
            at: listed.at,
            call_id: listed.call,
            note: listed.note.map(|note| note.0),
            added_by: listed.by,
        }
    }
}

impl From<RemovedNumber> for RemovedView {
    fn from(removed: RemovedNumber) -> Self {
        Self { was: removed.was.into(), removed_at: removed.at, removed_by: removed.by, reason: removed.reason.map(|reason| reason.0) }
    }
}
