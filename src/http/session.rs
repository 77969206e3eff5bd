//! `GET /api/session`: what the page has to know of whoever sits before it, and of what stands behind it.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::{admitted, brought};
use super::{Doors, Problem};
use crate::config::Environment;
use crate::types::Scope;

#[derive(Serialize, ToSchema)]
pub(super) struct Session {
    key_required: bool,
    signed_in: bool,
    /// Of the key that came along; all, where none is asked for.
    scopes: Vec<&'static str>,
    version: &'static str,
    environment: &'static str,
    /// The phones and the model are simulated.
    simulated: bool,
}

/// Whether a key is needed, and what yours opens
///
/// Open to all: who has no key is told that one is needed. A key that is wrong is a problem.
#[utoipa::path(
    get, path = "/api/session", operation_id = "getSession", tag = "operation",
    responses((status = 200, description = "What the key opens", body = Session))
)]
pub(super) async fn session(doors: web::Data<Doors>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let key_required = doors.keys.admit(None, None).await.is_err();
    let scopes = match brought(request.headers()) {
        Some(_) => admitted(&doors.keys, &doors.velocity, &request, None).await?.scopes(),
        None if key_required => Vec::new(),
        None => Scope::ALL.to_vec(),
    };
    let environment = doors.engine.config().environment;
    Ok(HttpResponse::Ok().json(Session {
        key_required,
        signed_in: key_required && !scopes.is_empty(),
        scopes: scopes.into_iter().map(Scope::as_str).collect(),
        version: env!("CARGO_PKG_VERSION"),
        environment: environment.as_str(),
        simulated: environment == Environment::Simulation,
    }))
}
