//! Figures over all calls.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{DatabaseConnection, DbBackend, DbErr, QueryResult};

use super::CallStore;
use super::error::StoreError;
use super::sql::{moment, rows, unsigned};
use crate::types::{CallStatus, Direction};

const LATENCY: &str = "SELECT COUNT(latency_ms) AS turns, CAST(COALESCE(SUM(latency_ms), 0) AS BIGINT) AS latency \
     FROM conversation_logs WHERE call_id IN (SELECT id FROM call_logs WHERE initiated_at >= $1)";
const REFUSALS: &str = "SELECT refusal, COUNT(*) AS calls FROM call_logs \
     WHERE refusal IS NOT NULL AND initiated_at >= $1 GROUP BY refusal";

/// Figures over the calls since a moment. An average over nothing is none.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Analytics {
    /// Refused ones included.
    pub total_calls: u64,
    pub by_status: BTreeMap<CallStatus, u64>,
    pub inbound: u64,
    pub outbound: u64,
    /// Of the calls that ended and were not refused, the part that completed: 0 to 1.
    pub success_rate: Option<f64>,
    /// Over the calls that were connected and have ended; so are the minutes.
    pub average_duration_s: Option<f64>,
    pub total_minutes: f64,
    pub average_first_audio_ms: Option<f64>,
    pub average_turn_latency_ms: Option<f64>,
    pub interruptions: u64,
    /// How often each refusal was given.
    pub refusals: BTreeMap<String, u64>,
}

impl CallStore {
    /// Without `since`: over everything on record.
    pub async fn analytics(&self, since: Option<DateTime<Utc>>) -> Result<Analytics, StoreError> {
        let since = moment(since.unwrap_or(DateTime::UNIX_EPOCH));
        self.run(move |db| async move { figures(&db, since).await }).await
    }
}

async fn figures(db: &DatabaseConnection, since: DateTime<Utc>) -> Result<Analytics, StoreError> {
    let groups = rows(db, groups_sql(db.get_database_backend()), [since.into()]).await?;
    let latency = rows(db, LATENCY, [since.into()]).await?;
    let refusals = rows(db, REFUSALS, [since.into()]).await?;

    let mut sums = Sums::default();
    for row in &groups {
        sums.add(row)?;
    }
    let mut figures = sums.figures();
    if let Some(row) = latency.first() {
        figures.average_turn_latency_ms = average(number(row, "latency")?, number(row, "turns")?);
    }
    for row in &refusals {
        figures.refusals.insert(row.try_get("", "refusal")?, number(row, "calls")?);
    }
    Ok(figures)
}

/// Calls by status, direction and whether they were refused, with the sums that averages are made of.
fn groups_sql(backend: DbBackend) -> String {
    let millis = match backend {
        DbBackend::Postgres => "CAST(ROUND(EXTRACT(EPOCH FROM (ended_at - connected_at)) * 1000) AS BIGINT)",
        _ => "CAST(ROUND((julianday(ended_at) - julianday(connected_at)) * 86400000.0) AS INTEGER)",
    };
    format!(
        "SELECT status, direction, refusal IS NOT NULL AS refused, COUNT(*) AS calls, COUNT(ended_at) AS ended, \
         COUNT(CASE WHEN ended_at IS NOT NULL AND connected_at IS NOT NULL THEN 1 END) AS timed, \
         CAST(SUM(CASE WHEN ended_at > connected_at THEN {millis} ELSE 0 END) AS BIGINT) AS duration, \
         COUNT(first_audio_ms) AS heard, CAST(COALESCE(SUM(first_audio_ms), 0) AS BIGINT) AS first_audio, \
         CAST(SUM(interruptions) AS BIGINT) AS interruptions \
         FROM call_logs WHERE initiated_at >= $1 GROUP BY status, direction, refusal IS NOT NULL"
    )
}

#[derive(Default)]
struct Sums {
    figures: Analytics,
    ended: u64,
    timed: u64,
    duration_ms: u64,
    heard: u64,
    first_audio_ms: u64,
}

impl Sums {
    fn add(&mut self, row: &QueryResult) -> Result<(), StoreError> {
        let calls = number(row, "calls")?;
        self.count(calls, &row.try_get::<String>("", "status")?, &row.try_get::<String>("", "direction")?);
        if !row.try_get::<bool>("", "refused")? {
            self.ended += number(row, "ended")?;
        }
        self.timed += number(row, "timed")?;
        self.duration_ms += number(row, "duration")?;
        self.heard += number(row, "heard")?;
        self.first_audio_ms += number(row, "first_audio")?;
        self.figures.interruptions += number(row, "interruptions")?;
        Ok(())
    }

    fn count(&mut self, calls: u64, status: &str, direction: &str) {
        self.figures.total_calls += calls;
        if let Some(status) = CallStatus::from_word(status) {
            *self.figures.by_status.entry(status).or_default() += calls;
        }
        match Direction::from_word(direction) {
            Some(Direction::Inbound) => self.figures.inbound += calls,
            Some(Direction::Outbound) => self.figures.outbound += calls,
            None => {}
        }
    }

    fn figures(self) -> Analytics {
        let completed = self.figures.by_status.get(&CallStatus::Completed).copied().unwrap_or_default();
        Analytics {
            success_rate: average(completed, self.ended),
            average_duration_s: average(self.duration_ms, self.timed).map(|ms| ms / 1000.0),
            total_minutes: float(self.duration_ms) / 60_000.0,
            average_first_audio_ms: average(self.first_audio_ms, self.heard),
            ..self.figures
        }
    }
}

fn number(row: &QueryResult, column: &str) -> Result<u64, DbErr> {
    row.try_get::<i64>("", column).map(unsigned)
}

fn average(sum: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| float(sum) / float(of))
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, which is 285,000 years of milliseconds")]
const fn float(number: u64) -> f64 {
    number as f64
}
