//! `POST /api/call/{call}/hangup` and `POST /api/call/{call}/transfer`: what becomes of a call.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::body::{misshapen, shaped};
use super::conversation::find;
use super::request_call::is_phone_number;
use super::{Doors, Problem};
use crate::types::{CallId, PhoneNumber};

#[derive(Serialize, ToSchema)]
pub(super) struct Ordered {
    id: CallId,
    status_url: String,
    message: &'static str,
}

#[derive(Deserialize, garde::Validate, ToSchema)]
#[schema(as = TransferRequest, examples(json!({"to": "+14155550142"})))]
pub(super) struct Transfer {
    /// Who is to take the call, in E.164.
    #[garde(custom(is_phone_number))]
    to: String,
}

/// Ends a call, or takes it off the queue
#[utoipa::path(
    post, path = "/api/call/{call}/hangup", operation_id = "hangUp", tag = "calls",
    responses((status = 202, description = "It ends in a moment", body = Ordered))
)]
pub(super) async fn hang_up(doors: web::Data<Doors>, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let call = find(&doors, &name).await?;
    doors.engine.hang_up(&call).await?;
    Ok(ordered(call.id, "the call ends in a moment"))
}

/// Hands a call over to another phone
#[utoipa::path(
    post, path = "/api/call/{call}/transfer", operation_id = "transfer", tag = "calls", request_body = Transfer,
    responses((status = 202, description = "The other phone rings in a moment", body = Ordered))
)]
pub(super) async fn transfer(doors: web::Data<Doors>, name: web::Path<String>, body: web::Json<Value>) -> Result<HttpResponse, Problem> {
    let wanted: Transfer = shaped(body.into_inner())?;
    let errors = misshapen(&wanted);
    let to: PhoneNumber = wanted.to.parse().map_err(|_| Problem::fields(errors))?;
    let call = find(&doors, &name).await?;
    doors.engine.transfer(&call, to).await?;
    Ok(ordered(call.id, "the other phone rings in a moment"))
}

fn ordered(id: CallId, message: &'static str) -> HttpResponse {
    HttpResponse::Accepted().json(Ordered { id, status_url: format!("/api/call/{id}"), message })
}
