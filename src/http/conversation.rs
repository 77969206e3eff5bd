//! `GET /api/call/{call}` and `GET /api/call/{call}/conversation`: one call, and every word of it.

use actix_web::web;
use serde::Serialize;
use utoipa::ToSchema;

use super::views::{CallView, TurnView};
use super::{Doors, Problem};
use crate::store::{Call, CallKey};
use crate::types::Code;

/// A call, and what was said in it.
#[derive(Serialize, ToSchema)]
pub(super) struct Conversation {
    call: CallView,
    turns: Vec<TurnView>,
}

/// All that is known of a call
#[utoipa::path(
    get, path = "/api/call/{call}", operation_id = "getCall", tag = "calls",
    responses((status = 200, description = "The call", body = CallView))
)]
pub(super) async fn call(doors: web::Data<Doors>, name: web::Path<String>) -> Result<web::Json<CallView>, Problem> {
    Ok(web::Json(find(&doors, &name).await?.into()))
}

/// What was said in a call, turn by turn
#[utoipa::path(
    get, path = "/api/call/{call}/conversation", operation_id = "getConversation", tag = "calls",
    responses((status = 200, description = "The call and its turns", body = Conversation))
)]
pub(super) async fn conversation(doors: web::Data<Doors>, name: web::Path<String>) -> Result<web::Json<Conversation>, Problem> {
    let call = find(&doors, &name).await?;
    let turns = doors.engine.store().turns(call.id).await?;
    Ok(web::Json(Conversation { call: call.into(), turns: turns.into_iter().map(TurnView::from).collect() }))
}

/// By our id, or by Twilio's sid.
pub(super) async fn find(doors: &Doors, name: &str) -> Result<Call, Problem> {
    let unknown = || Problem::new(Code::NotFound, "there is no call of this id or sid");
    let by_id = name.parse().map(CallKey::Id);
    let key = by_id.or_else(|_| name.parse().map(CallKey::Sid)).map_err(|_| unknown())?;
    doors.engine.store().call(&key).await?.ok_or_else(unknown)
}
