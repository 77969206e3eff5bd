//! Summaries counted from the tables themselves.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, Select, Statement,
    StreamTrait,
};

use super::span::{Span, hour_of};
use super::summary::{Hour, Measured, Summary};
use crate::store::entity::call;
use crate::store::error::StoreError;
use crate::store::sql::{rows, unsigned};

/// Two searches of an index, where one statement with both would read all of SQLite's.
const ENDS: &str = "SELECT (SELECT MIN(initiated_at) FROM call_logs) AS first, (SELECT MAX(initiated_at) FROM call_logs) AS last";
/// The calls first, by their index: the planner takes a call for longer than it is, and would read a whole index to begin with.
const LATENCIES: &str = "WITH c AS MATERIALIZED \
     (SELECT id, initiated_at, assistant FROM call_logs WHERE initiated_at >= $1 AND initiated_at < $2) \
     SELECT c.initiated_at, c.assistant, t.latency_ms FROM c JOIN conversation_logs t ON t.call_id = c.id AND t.latency_ms IS NOT NULL";

/// When the first call began and when the last one; none without calls.
pub(super) async fn ends<C: ConnectionTrait>(db: &C) -> Result<Option<(DateTime<Utc>, DateTime<Utc>)>, StoreError> {
    let found = rows(db, ENDS, []).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let first: Option<DateTime<Utc>> = row.try_get("", "first")?;
    Ok(first.zip(row.try_get("", "last")?))
}

/// By hour, the calls that began in the span. Read row by row: memory does not grow with them.
pub(super) async fn count(db: &DatabaseConnection, span: Span) -> Result<BTreeMap<DateTime<Utc>, Hour>, StoreError> {
    let mut hours = Counted::default();
    let mut calls = measured(span).into_model::<Measured>().stream(db).await?;
    while let Some(call) = calls.try_next().await? {
        hours.of(call.initiated_at, &call.assistant).add(&call);
    }
    drop(calls);
    let asked = Statement::from_sql_and_values(db.get_database_backend(), LATENCIES, [span.from.into(), span.to.into()]);
    let mut latencies = db.stream_raw(asked).await?;
    while let Some(row) = latencies.try_next().await? {
        let latency = Latency::from_query_result(&row, "")?;
        hours.of(latency.initiated_at, &latency.assistant).add_latency(unsigned(latency.latency_ms));
    }
    Ok(hours.0)
}

#[derive(FromQueryResult)]
struct Latency {
    initiated_at: DateTime<Utc>,
    assistant: String,
    latency_ms: i64,
}

#[derive(Default)]
struct Counted(BTreeMap<DateTime<Utc>, Hour>);

impl Counted {
    fn of(&mut self, at: DateTime<Utc>, assistant: &str) -> &mut Summary {
        self.0.entry(hour_of(at)).or_default().entry(assistant.to_owned()).or_default()
    }
}

fn measured(span: Span) -> Select<call::Entity> {
    use call::Column as C;
    let columns = [
        C::InitiatedAt,
        C::Assistant,
        C::Direction,
        C::Status,
        C::EndedReason,
        C::Refusal,
        C::ConnectedAt,
        C::EndedAt,
        C::DurationMs,
        C::FirstAudioMs,
        C::AiResponses,
        C::UserInputs,
        C::Interruptions,
        C::AiInterruptions,
        C::ToolCalls,
        C::TextInTokens,
        C::AudioInTokens,
        C::TextOutTokens,
        C::AudioOutTokens,
        C::CachedTextTokens,
        C::CachedAudioTokens,
        C::ModelCostNanos,
        C::TranscriptionCostNanos,
        C::CarrierCostNanos,
    ];
    call::Entity::find().select_only().columns(columns).filter(C::InitiatedAt.gte(span.from)).filter(C::InitiatedAt.lt(span.to))
}
