//! `GET /api/call/{call}/events`: what phone, engine and model said to each other, by its names.

use actix_web::web;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::conversation::find;
use super::{Doors, Problem};
use crate::actors::journals::{StoredEntry, StreamJournal};

/// In the order in which it happened.
#[derive(Serialize, ToSchema)]
pub(super) struct CallEvents {
    events: Vec<EntryView>,
    /// How many of the first are not kept.
    dropped: u32,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CallEvent)]
struct EntryView {
    epoch: u32,
    /// Since the call's first stream began.
    at_ms: u64,
    /// `twilio` or `model`.
    leg: String,
    /// `in` or `out`, as the engine sees it.
    direction: String,
    name: String,
    detail: Option<String>,
    /// What comes again and again is told once.
    count: u32,
}

/// What phone, engine and model said to each other in a call, by its names
#[utoipa::path(
    get, path = "/api/call/{call}/events", operation_id = "listCallEvents", tag = "calls",
    responses((status = 200, description = "What was kept of it", body = CallEvents))
)]
pub(super) async fn call_events(doors: web::Data<Doors>, name: web::Path<String>) -> Result<web::Json<CallEvents>, Problem> {
    let call = find(&doors, &name).await?;
    let journals = doors.engine.journals(call.id).await?;
    let began = journals.first().map(|journal| journal.started);
    let dropped = journals.iter().map(|journal| journal.journal.dropped).sum();
    let events = journals.into_iter().flat_map(|journal| entries(journal, began)).collect();
    Ok(web::Json(CallEvents { events, dropped }))
}

fn entries(StreamJournal { epoch, started, journal }: StreamJournal, began: Option<DateTime<Utc>>) -> impl Iterator<Item = EntryView> {
    let later = began.map_or(0, |began| u64::try_from((started - began).num_milliseconds()).unwrap_or_default());
    journal.entries.into_iter().map(move |StoredEntry { at_ms, leg, direction, name, detail, count }| {
        let at_ms = at_ms.saturating_add(later);
        EntryView { epoch: epoch.number(), at_ms, leg, direction, name, detail, count }
    })
}
