//! `POST /api/call/{call}/hangup` and `POST /api/call/{call}/transfer`: what becomes of a call.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::body::{misshapen, shaped};
use super::conversation::find;
use super::request_call::is_phone_number;
use super::{Doors, Problem};
use crate::types::{CallId, PhoneNumber};

#[derive(Serialize)]
struct Ordered {
    id: CallId,
    status_url: String,
    message: &'static str,
}

#[derive(Deserialize, garde::Validate)]
struct Transfer {
    /// Who is to take the call, in E.164.
    #[garde(custom(is_phone_number))]
    to: String,
}

pub(super) async fn hang_up(doors: web::Data<Doors>, name: web::Path<String>) -> Result<HttpResponse, Problem> {
    let call = find(&doors, &name).await?;
    doors.engine.hang_up(&call).await?;
    Ok(ordered(call.id, "the call ends in a moment"))
}

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
