//! `/api/consents`: who agreed to be called, to which words, and since when no more.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use garde::Validate as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
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

#[derive(Serialize, ToSchema)]
#[schema(as = ConsentPage)]
pub(super) struct List {
    consents: Vec<ConsentView>,
    total: u64,
    limit: u64,
    offset: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Consent)]
pub(super) struct ConsentView {
    id: String,
    #[schema(examples("+14155550142"))]
    phone_number: String,
    basis: String,
    text_version: String,
    source: String,
    given_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    revoked_by: Option<String>,
}

#[derive(Deserialize, garde::Validate, ToSchema)]
#[schema(as = ConsentRequest, examples(json!({
    "phone_number": "+14155550142", "basis": "express-written", "text_version": "2026-01", "source": "form on the website"
})))]
pub(super) struct Wish {
    /// In E.164.
    #[garde(custom(super::request_call::is_phone_number))]
    phone_number: String,
    /// Why we may call, in a word of the operator: `express-written`.
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100)]
    basis: String,
    /// Which wording was agreed to.
    #[garde(length(chars, min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    text_version: String,
    /// Where it was given: a form, a call, a contract.
    #[garde(length(chars, min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500)]
    source: String,
    /// When it was given; now, if that is not told.
    #[garde(skip)]
    #[serde(default)]
    #[schema(value_type = Option<String>, examples("2026-11-22T10:30:00Z", "2026-11-22"))]
    given_at: Option<Moment>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ConsentRecorded)]
pub(super) struct Recorded {
    id: Uuid,
}

#[derive(Default, Deserialize, garde::Validate, ToSchema)]
#[schema(as = RevocationRequest, examples(json!({"revoked_by": "Ann"})))]
pub(super) struct Revocation {
    /// Who says so, for the record; else the name of the key.
    #[garde(length(chars, max = 100))]
    #[serde(default)]
    #[schema(max_length = 100)]
    revoked_by: Option<String>,
}

/// Consents to be called, the newest first
#[utoipa::path(
    get, path = "/api/consents", operation_id = "listConsents", tag = "compliance", params(Window),
    responses((status = 200, description = "A page of consents", body = List))
)]
pub(super) async fn list(doors: web::Data<Doors>, query: web::Query<Window>) -> Result<web::Json<List>, Problem> {
    let slice = query.into_inner().slice()?;
    let (limit, offset) = (slice.limit, slice.offset);
    let (consents, total) = doors.engine.store().consents(slice).await?;
    Ok(web::Json(List { consents: consents.into_iter().map(ConsentView::from).collect(), total, limit, offset }))
}

/// Records that somebody agreed to be called
#[utoipa::path(
    post, path = "/api/consents", operation_id = "giveConsent", tag = "compliance", request_body = Wish,
    responses((status = 201, description = "It is on record", body = Recorded, headers(("Location" = String))))
)]
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

/// Records that a consent holds no longer
#[utoipa::path(
    post, path = "/api/consents/{id}/revoke", operation_id = "revokeConsent", tag = "compliance", request_body = Option<Revocation>,
    responses((status = 200, description = "It is revoked, now or before", body = ConsentView))
)]
pub(super) async fn revoke(
    doors: web::Data<Doors>,
    caller: web::ReqData<Caller>,
    name: web::Path<String>,
    body: Body,
) -> Result<web::Json<ConsentView>, Problem> {
    let unknown = || Problem::new(Code::NotFound, "there is no consent of this id");
    let id: Uuid = name.parse().map_err(|_| unknown())?;
    let body = body.as_ref().map_err(unreadable)?;
    let body = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(body) };
    let body = body.map_err(|error| Problem::new(Code::MalformedRequest, error.to_string()))?;
    let revocation = shaped::<Option<Revocation>>(body)?.unwrap_or_default();
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
