//! `GET /api/openapi.json`: the API in the words of OpenAPI 3.1. What a method does stands at its handler. What holds for all of
//! them is added here, from the table of doors and the table of codes.
//! <https://spec.openapis.org/oas/v3.1.1.html>

mod answers;
mod keys;
mod names;
mod problems;

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::Method;
use utoipa::OpenApi;
use utoipa::openapi::PathItem;
use utoipa::openapi::path::Operation;

use super::door::Asked;
use super::{
    actors, analytics, asked, assistants, call_events, call_history, commands, consents, conversation, do_not_call, error, events, health,
    metrics, phone_tickets, request_call, session, setup, webhook_deliveries,
};

#[derive(OpenApi)]
#[openapi(
    info(
        description = "Places and answers phone calls with an AI, and tells what became of them. `GET` may be asked as `HEAD` too.",
        license(name = "MIT", identifier = "MIT")
    ),
    servers((url = "/", description = "Where this document comes from")),
    tags(
        (name = "calls", description = "Calls: placed, watched, ended, and what was said in them"),
        (name = "assistants", description = "Who answers"),
        (name = "compliance", description = "Who wants no calls, and who agreed to them"),
        (name = "operation", description = "How the engine is")
    ),
    paths(
        request_call::request_call, call_history::call_history, conversation::call, conversation::conversation, call_events::call_events,
        commands::hang_up, commands::transfer, events::events, analytics::analytics, phone_tickets::create, assistants::assistants,
        do_not_call::list, do_not_call::add, do_not_call::import, do_not_call::remove, consents::list, consents::give, consents::revoke,
        session::session, setup::setup, health::health, health::live, health::ready, metrics::metrics, actors::actors,
        webhook_deliveries::list, webhook_deliveries::resend, openapi
    ),
    components(schemas(error::Body, events::EventView, events::LevelsView))
)]
struct Handlers;

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document().to_json().unwrap_or_default());

/// The API, in the words of OpenAPI
#[utoipa::path(
    get, path = "/api/openapi.json", operation_id = "getOpenApi", tag = "operation",
    responses((status = 200, description = "This document", body = Object))
)]
pub(super) async fn openapi() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(DOCUMENT.as_str())
}

/// The whole document.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = Handlers::openapi();
    for asked in asked() {
        if let Some(operation) = document.paths.paths.get_mut(asked.path).and_then(|item| operation(item, &asked)) {
            names::explain(operation, asked.path);
            keys::ask_for(operation, asked.scope);
            problems::tell(operation, &asked);
        }
    }
    let components = document.components.get_or_insert_default();
    keys::describe(components);
    answers::complete(components);
    document
}

fn operation<'a>(item: &'a mut PathItem, asked: &Asked) -> Option<&'a mut Operation> {
    match asked.method {
        Method::GET => item.get.as_mut(),
        Method::POST => item.post.as_mut(),
        Method::DELETE => item.delete.as_mut(),
        _ => None,
    }
}
