//! `GET /api/analytics`: figures over all calls, or over those since a moment.

use actix_web::web;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Doors, Problem};
use crate::store::Analytics;

#[derive(Debug, Deserialize)]
pub(super) struct Query {
    /// RFC 3339.
    since: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
pub(super) struct Figures {
    since: Option<DateTime<Utc>>,
    #[serde(flatten)]
    analytics: Analytics,
}

pub(super) async fn analytics(doors: web::Data<Doors>, query: web::Query<Query>) -> Result<web::Json<Figures>, Problem> {
    let analytics = doors.engine.store().analytics(query.since).await?;
    Ok(web::Json(Figures { since: query.since, analytics }))
}
