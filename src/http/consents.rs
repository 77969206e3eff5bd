//! `/api/consents`: who agreed to be called, to which words, and since when no more.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use garde::Validate as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::body::{filled, misshapen, shaped};
use super::key_ring::Caller;
use super::moment::Moment;
use super::signed::{Body, unreadable};
use super::slice::Window;
use super::{Doors, Problem};
use crate::actors::engine::GivenConsent;
use crate::store::StoredConsent;
use crate::types::{Code, PhoneNumber};

#[derive(Serialize)]
pub(super) struct List {
    consents: Vec<ConsentView>,
    total: u64,
    limit: u64,
    offset: u64,
}

#[derive(Serialize)]
pub(super) struct ConsentView {
    id: String,
    phone_number: String,
    basis: String,
    text_version: String,
    source: String,
    given_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    revoked_by: Option<String>,
}

#[derive(Deserialize, garde::Validate)]
struct Wish {
    #[garde(custom(super::request_call::is_phone_number))]
    phone_number: String,
    /// Why we may call, in a word of the operator: `express-written`.
    #[garde(length(chars, min = 1, max = 100))]
    basis: String,
    /// Which wording was agreed to.
    #[garde(length(chars, min = 1, max = 200))]
    text_version: String,
    /// Where it was given: a form, a call, a contract.
    #[garde(length(chars, min = 1, max = 500))]
    source: String,
    /// When it was given; now, if that is not told.
    #[garde(skip)]
    #[serde(default)]
    given_at: Option<Moment>,
}

#[derive(Serialize)]
struct Recorded {
    id: Uuid,
}

#[derive(Deserialize, garde::Validate)]
struct Revocation {
    #[garde(length(chars, max = 100))]
    #[serde(default)]
    revoked_by: Option<String>,
}

pub(super) async fn list(doors: web::Data<Doors>, query: web::Query<Window>) -> Result<web::Json<List>, Problem> {
    let slice = query.into_inner().slice()?;
    let (limit, offset) = (slice.limit, slice.offset);
    let (consents, total) = doors.engine.store().consents(slice).await?;
    Ok(web::Json(List { consents: consents.into_iter().map(ConsentView::from).collect(), total, limit, offset }))
}

pub(super) async fn give(doors: web::Data<Doors>, body: web::Json<Value>) -> Result<HttpResponse, Problem> {
    let wish = shaped::<Wish>(body.into_inner())?.trimmed();
    let number: PhoneNumber = match wish.phone_number.parse() {
        Ok(number) if wish.validate().is_ok() => number,
        Ok(_) | Err(_) => return Err(Problem::fields(misshapen(&wish))),
    };
    let Wish { basis, text_version, source, given_at, .. } = wish;
    let id = doors.engine.give_consent(GivenConsent { number, basis, text_version, source, at: given_at.map(|at| at.0) }).await?;
    Ok(HttpResponse::Created().insert_header((header::LOCATION, format!("/api/consents/{id}"))).json(Recorded { id }))
}

pub(super) async fn revoke(
    doors: web::Data<Doors>,
    caller: web::ReqData<Caller>,
    name: web::Path<String>,
    body: Body,
) -> Result<web::Json<ConsentView>, Problem> {
    let unknown = || Problem::new(Code::NotFound, "there is no consent of this id");
    let id: Uuid = name.parse().map_err(|_| unknown())?;
    let body = body.as_ref().map_err(unreadable)?;
    let body = if body.is_empty() { Ok(Value::Object(Map::new())) } else { serde_json::from_slice(body) };
    let revocation: Revocation = shaped(body.map_err(|error| Problem::new(Code::MalformedRequest, error.to_string()))?)?;
    let wrong = misshapen(&revocation);
    if !wrong.is_empty() {
        return Err(Problem::fields(wrong));
    }
    let by = revocation.revoked_by.and_then(filled).or_else(|| caller.name());
    let revoked = doors.engine.revoke_consent(id, by.as_deref()).await?;
    Ok(web::Json(revoked.ok_or_else(unknown)?.into()))
}

impl Wish {
    fn trimmed(self) -> Self {
        let [basis, text_version, source] = [self.basis, self.text_version, self.source].map(|text| text.trim().to_owned());
        Self { basis, text_version, source, ..self }
    }
}

impl From<StoredConsent> for ConsentView {
    fn from(stored: StoredConsent) -> Self {
        let StoredConsent { id, number, consent, recorded_at, revoked_by } = stored;
        Self {
            id,
            phone_number: number.0,
            basis: consent.basis,
            text_version: consent.text_version,
            source: consent.source,
            given_at: consent.given_at,
            recorded_at,
            revoked_at: consent.revoked_at,
            revoked_by,
        }
    }
}
