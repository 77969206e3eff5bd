//! `GET /api/analytics`: figures over all calls, or over those of an assistant or a time, as JSON or CSV.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::csv::Table;
use super::format::Format;
use super::moment::Moment;
use super::{Doors, Problem};
use crate::store::{Analytics, AnalyticsQuery, Interval};

const MAX_POINTS: usize = 1_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Query {
    /// Calls that began then or later: a moment of RFC 3339, or a date.
    #[param(value_type = Option<String>, example = "2026-11-22")]
    from: Option<Moment>,
    /// Calls that began before.
    #[param(value_type = Option<String>, example = "2026-11-23T00:00:00Z")]
    to: Option<Moment>,
    /// Calls of this assistant alone.
    assistant: Option<String>,
    /// A point for each of them, 1,000 at most; with `from`.
    #[param(inline)]
    interval: Option<Interval>,
}

/// Figures, and what they are over.
#[derive(Serialize, ToSchema)]
#[schema(as = Analytics)]
pub(super) struct Figures {
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    assistant: Option<String>,
    interval: Option<Interval>,
    #[serde(flatten)]
    analytics: Analytics,
}

/// Figures over calls
///
/// As CSV: the series, a row for each point, if an interval is asked for; otherwise a row for each figure.
#[utoipa::path(
    get, path = "/api/analytics", operation_id = "getAnalytics", tag = "calls", params(Query),
    responses((status = 200, description = "The figures", content((Figures = "application/json"), (String = "text/csv"))))
)]
pub(super) async fn analytics(request: HttpRequest, doors: web::Data<Doors>, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    let format = Format::of(&request)?;
    let query = query.into_inner().checked(Utc::now())?;
    let analytics = doors.engine.store().analytics(&query).await?;
    let AnalyticsQuery { from, to, assistant, interval, .. } = query;
    let figures = Figures { from, to, assistant, interval, analytics };
    let table = || match &figures.analytics.series {
        Some(points) => Table::new(&COLUMNS, points),
        None => Table::of_figures(&figures),
    };
    format.answer(&figures, table, "analytics")
}

/// Of a `Point`.
const COLUMNS: [&str; 13] = [
    "start",
    "calls",
    "completed",
    "failed",
    "refused",
    "success_rate",
    "average_duration_s",
    "minutes",
    "average_turn_latency_ms",
    "turn_latency_p95_ms",
    "average_first_audio_ms",
    "interruptions",
    "cost_usd",
];

impl Query {
    fn checked(self, now: DateTime<Utc>) -> Result<AnalyticsQuery, Problem> {
        let (from, to) = (self.from.map(|moment| moment.0), self.to.map(|moment| moment.0));
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return Err(Problem::field("to", "must not be before `from`"));
        }
        if let Some(interval) = self.interval {
            let from = from.ok_or_else(|| Problem::field("from", "must be given for a series"))?;
            let starts = std::iter::successors(Some(interval.start(from)), |start| Some(interval.end(*start)));
            if starts.take_while(|start| *start < to.unwrap_or(now)).nth(MAX_POINTS).is_some() {
                return Err(Problem::field("interval", format!("makes more than {MAX_POINTS} points of this time: take a longer one")));
            }
        }
        Ok(AnalyticsQuery { from, to: to.or_else(|| self.interval.map(|_| now)), assistant: self.assistant, interval: self.interval, now })
    }
}
