//! `GET /metrics`: the Prometheus text format.

use actix_web::{HttpResponse, web};

use super::Doors;
use crate::metrics::{pool, render};

/// Figures of this instance, for Prometheus
#[utoipa::path(
    get, path = "/metrics", operation_id = "getMetrics", tag = "operation",
    responses((status = 200, description = "The text format 0.0.4", content_type = "text/plain", body = String))
)]
pub(super) async fn metrics(doors: web::Data<Doors>) -> HttpResponse {
    if let Err(error) = doors.engine.money().await {
        tracing::warn!(%error, "what the day has cost is not told");
    }
    let (used, idle) = doors.engine.store().connections();
    pool(used, idle);
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(render(&doors.metrics))
}
