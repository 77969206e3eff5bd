//! `/api/webhook-deliveries`: what the receiver of webhooks was told, and is to be told yet.

use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::call_history::next_page;
use super::csv::Table;
use super::format::Format;
use super::{Doors, Problem};
use crate::config::Webhooks;
use crate::store::{DeliveryFilter, StoredDelivery};
use crate::types::{CallId, Code, DeliveryState, EventId, EventKind};

const PAGE: u64 = 50;
const MAX_PAGE: u64 = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Query {
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u64>,
    /// The last event of the page before.
    cursor: Option<String>,
    #[param(inline)]
    state: Option<DeliveryState>,
    call: Option<CallId>,
}

/// A page. `next_cursor` leads to the one after it, as does the `Link` header.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDeliveryPage)]
pub(super) struct List {
    /// Its host; null where nobody is told.
    receiver: Option<String>,
    events: Vec<EventKind>,
    deliveries: Vec<DeliveryView>,
    limit: u64,
    #[schema(value_type = Option<String>, examples("evt_17"))]
    next_cursor: Option<EventId>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub(super) struct DeliveryView {
    /// The event's, and that of every try: the receiver knows it again by this.
    #[schema(value_type = String, examples("evt_17"))]
    id: EventId,
    #[serde(rename = "type")]
    kind: EventKind,
    call_id: CallId,
    state: DeliveryState,
    /// Since it was published, or was to be sent again.
    attempts: u32,
    /// Of what is pending.
    next_attempt_at: Option<DateTime<Utc>>,
    /// Of the last attempt, as are the next two.
    last_status: Option<u16>,
    last_error: Option<String>,
    took_ms: Option<u64>,
    created_at: DateTime<Utc>,
    delivered_at: Option<DateTime<Utc>>,
}

impl DeliveryView {
    const COLUMNS: [&str; 11] = [
        "id",
        "type",
        "call_id",
        "state",
        "attempts",
        "next_attempt_at",
        "last_status",
        "last_error",
        "took_ms",
        "created_at",
        "delivered_at",
    ];
}

/// What the receiver of webhooks was told, and is to be told yet
#[utoipa::path(
    get, path = "/api/webhook-deliveries", operation_id = "listWebhookDeliveries", tag = "operation", params(Query),
    responses((
        status = 200, description = "A page of deliveries, newest first", content((List = "application/json"), (String = "text/csv")),
        headers(("Link" = String, description = "The next page, with `rel=\"next\"`; not on the last one"))
    ))
)]
pub(super) async fn list(request: HttpRequest, doors: web::Data<Doors>, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    let format = Format::of(&request)?;
    let filter = query.into_inner().filter()?;
    let page = doors.engine.store().deliveries(filter).await?;
    let receiver = doors.engine.config().webhooks.as_ref();
    let list = List {
        receiver: receiver.map(Webhooks::host),
        events: receiver.map(|receiver| receiver.events.clone()).unwrap_or_default(),
        deliveries: page.deliveries.into_iter().map(DeliveryView::from).collect(),
        limit: filter.limit,
        next_cursor: page.next,
    };
    let mut answer = format.answer(&list, || Table::new(&DeliveryView::COLUMNS, &list.deliveries), "webhook-deliveries")?;
    let link = list.next_cursor.map(|cursor| next_page(&request, &cursor.to_string()));
    if let Some(link) = link.and_then(|link| header::HeaderValue::try_from(link).ok()) {
        answer.headers_mut().insert(header::LINK, link);
    }
    Ok(answer)
}

/// Tells the receiver of an event again
#[utoipa::path(
    post, path = "/api/webhook-deliveries/{event}/resend", operation_id = "resendWebhook", tag = "operation",
    responses((status = 202, description = "It is sent in a moment", body = DeliveryView))
)]
pub(super) async fn resend(doors: web::Data<Doors>, id: web::Path<String>) -> Result<HttpResponse, Problem> {
    let unknown = || Problem::new(Code::NotFound, "there is no delivery of this id");
    let id: EventId = id.parse().map_err(|_| unknown())?;
    if doors.engine.config().webhooks.is_none() {
        return Err(Problem::new(Code::NotConfigured, "not set: WEBHOOK_URL"));
    }
    let delivery = doors.engine.resend_webhook(id).await?.ok_or_else(unknown)?;
    Ok(HttpResponse::Accepted().json(DeliveryView::from(delivery)))
}

impl Query {
    fn filter(self) -> Result<DeliveryFilter, Problem> {
        let limit = self.limit.unwrap_or(PAGE);
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(Problem::field("limit", format!("must be from 1 to {MAX_PAGE}")));
        }
        let before = self.cursor.map(|text| text.parse().map_err(|error| Problem::field("cursor", format!("{error}")))).transpose()?;
        Ok(DeliveryFilter { state: self.state, call: self.call, before, limit })
    }
}

impl From<StoredDelivery> for DeliveryView {
    fn from(stored: StoredDelivery) -> Self {
        let millis = |took: Duration| u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        Self {
            id: stored.id,
            kind: stored.kind,
            call_id: stored.call,
            state: stored.state,
            attempts: stored.attempts,
            next_attempt_at: (stored.state == DeliveryState::Pending).then_some(stored.due_at),
            last_status: stored.last_status,
            last_error: stored.last_error,
            took_ms: stored.took.map(millis),
            created_at: stored.created_at,
            delivered_at: stored.delivered_at,
        }
    }
}
