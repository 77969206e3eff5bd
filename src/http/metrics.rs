//! `GET /metrics`: the Prometheus text format.

use actix_web::{HttpResponse, web};

use super::Doors;
use crate::metrics::render;

pub(super) async fn metrics(doors: web::Data<Doors>) -> HttpResponse {
    if let Err(error) = doors.engine.money().await {
        tracing::warn!(%error, "what the day has cost is not told");
    }
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(render(&doors.metrics))
}
