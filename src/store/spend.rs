//! What calls have cost, those that still run as far as they have come. In billionths of a US dollar.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;

use super::CallStore;
use super::error::StoreError;
use super::sql::{moment, rows, unsigned};
use crate::types::{CallId, Direction, billed_minutes};

const OF_CALL: &str = "SELECT CAST(COALESCE(SUM(model_cost_nanos + transcription_cost_nanos), 0) AS BIGINT) AS nanos \
     FROM stream_logs WHERE call_id = $1";

/// Ended calls are one line for each key; of one that runs, only its streams are counted yet, and its line has to be reckoned. One
/// statement, so that a call that ends meanwhile is neither missed nor counted twice.
const OF_DAY: &str = "SELECT api_key_id, NULL AS line, NULL AS since, \
         CAST(SUM(model_cost_nanos + transcription_cost_nanos + carrier_cost_nanos) AS BIGINT) AS nanos \
     FROM call_logs WHERE initiated_at >= $1 AND initiated_at < $2 AND ended_at IS NOT NULL GROUP BY api_key_id \
     UNION ALL SELECT api_key_id, direction, connected_at, CAST(COALESCE((SELECT SUM(model_cost_nanos + transcription_cost_nanos) \
         FROM stream_logs WHERE call_id = call_logs.id), 0) AS BIGINT) \
     FROM call_logs WHERE initiated_at >= $1 AND initiated_at < $2 AND ended_at IS NULL";

/// What the calls cost that were initiated on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DaySpend {
    pub all: u64,
    by_key: HashMap<String, u64>,
}

impl DaySpend {
    /// Of the calls that were requested with this key.
    #[must_use]
    pub fn of(&self, api_key_id: &str) -> u64 {
        self.by_key.get(api_key_id).copied().unwrap_or_default()
    }

    fn add(&mut self, key: Option<String>, nanos: u64) {
        self.all = self.all.saturating_add(nanos);
        if let Some(key) = key {
            let of_key = self.by_key.entry(key).or_default();
            *of_key = of_key.saturating_add(nanos);
        }
    }
}

#[derive(FromQueryResult)]
struct Line {
    api_key_id: Option<String>,
    /// Of a call that still runs.
    line: Option<String>,
    since: Option<DateTime<Utc>>,
    nanos: i64,
}

impl Line {
    /// No line is paid for before somebody picks up, nor for longer than a call may last.
    fn carrier(&self, now: DateTime<Utc>, longest: Duration, minute: impl Fn(Direction) -> u64) -> u64 {
        let direction = self.line.as_deref().and_then(Direction::from_word);
        let (Some(direction), Some(since)) = (direction, self.since) else { return 0 };
        billed_minutes((now - since).to_std().unwrap_or_default().min(longest)).saturating_mul(minute(direction))
    }
}

impl CallStore {
    /// What the streams of a call have cost so far, without the phone line.
    pub async fn spent(&self, call: CallId) -> Result<u64, StoreError> {
        self.run_soon(move |db| async move {
            let row = rows(&db, OF_CALL, [call.to_string().into()]).await?.pop();
            Ok(unsigned(row.map_or(Ok(0), |row| row.try_get("", "nanos"))?))
        })
        .await
    }

    /// What the calls have cost that were initiated in this time, the end excluded; `minute` is what a minute of the line costs.
    pub async fn day_spend(
        &self,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        now: DateTime<Utc>,
        longest: Duration,
        minute: impl Fn(Direction) -> u64,
    ) -> Result<DaySpend, StoreError> {
        let span = [moment(from).into(), moment(to).into()];
        let lines = self.run_soon(move |db| async move {
            let lines = rows(&db, OF_DAY, span).await?;
            Ok(lines.iter().map(|row| Line::from_query_result(row, "")).collect::<Result<Vec<_>, _>>()?)
        });
        let mut spend = DaySpend::default();
        for line in lines.await? {
            let nanos = unsigned(line.nanos).saturating_add(line.carrier(now, longest, &minute));
            spend.add(line.api_key_id, nanos);
        }
        Ok(spend)
    }
}
