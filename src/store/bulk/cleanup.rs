//! What is old goes, oldest call first, in small batches that are each whole.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, TransactionTrait, Value};
use uuid::Builder;

use super::super::CallStore;
use super::super::analytics::hours;
use super::super::entity::{call, stream, turn};
use super::super::error::StoreError;
use super::super::sql::{execute, moment, rows, signed, unsigned};
use super::{BulkError, snapshot, take_time};

/// Calls looked at in one go.
const PAGE: i64 = 500;

/// Ended calls that began before $1, after the place ($2, $3), each with the number of its turns and streams.
const OLD_CALLS: &str = "SELECT c.id, c.initiated_at, \
        (SELECT count(*) FROM conversation_logs t WHERE t.call_id = c.id) AS turns, \
        (SELECT count(*) FROM stream_logs s WHERE s.call_id = c.id) AS streams \
    FROM call_logs c WHERE c.initiated_at < $1 AND c.ended_at IS NOT NULL AND (c.initiated_at, c.id) > ($2, $3) \
    ORDER BY c.initiated_at, c.id LIMIT $4";
/// Calls that nobody knows, by ids that were made before $1, but of which turns or streams came in.
const UNKNOWN_CALLS: &str = "SELECT call_id FROM conversation_logs t \
        WHERE call_id < $1 AND NOT EXISTS (SELECT 1 FROM call_logs c WHERE c.id = t.call_id) \
    UNION SELECT call_id FROM stream_logs s \
        WHERE call_id < $1 AND NOT EXISTS (SELECT 1 FROM call_logs c WHERE c.id = s.call_id) LIMIT $2";
const OLD_COOLDOWNS: &str = "DELETE FROM call_cooldowns WHERE phone_number IN \
    (SELECT phone_number FROM call_cooldowns WHERE last_call_at < $1 LIMIT $2)";
const OLD_LETTERS: &str = "DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters WHERE created_at < $1 LIMIT $2)";

/// A call that is still due stays, and so does whoever wants no calls.
const OLD_CALLBACKS: &str = "DELETE FROM callbacks WHERE id IN (SELECT id FROM callbacks WHERE created_at < $1 AND due_at < $1 LIMIT $2)";

/// What is old enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanupPlan {
    /// Turns and streams of calls that began before, and have ended.
    pub transcripts_before: DateTime<Utc>,
    /// Calls that began before, and have ended; cooldowns, dead letters and callbacks too. Not after `transcripts_before`.
    pub calls_before: DateTime<Utc>,
    /// Rows in one transaction, but never less than a call.
    pub batch: u64,
}

/// Rows that go, or went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leavings {
    pub calls: u64,
    pub turns: u64,
    pub streams: u64,
    pub cooldowns: u64,
    pub dead_letters: u64,
    pub callbacks: u64,
}

impl Leavings {
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.calls + self.turns + self.streams + self.cooldowns + self.dead_letters + self.callbacks
    }
}

impl CallStore {
    /// What `cleanup` would delete now.
    pub async fn leavings(&self, plan: CleanupPlan) -> Result<Leavings, BulkError> {
        self.long(move |db| async move { Ok(count(&db, plan).await?) }).await
    }

    /// Deletes what is old; `progress` is told of rows. What was counted of a call that stays, stays as it was.
    pub async fn cleanup(&self, plan: CleanupPlan, progress: impl Fn(u64) + Send + Sync + 'static) -> Result<Leavings, BulkError> {
        self.long(move |db| async move { Ok(Cleanup { db, plan, gone: Leavings::default() }.run(&progress).await?) }).await
    }
}

async fn count(db: &DatabaseConnection, plan: CleanupPlan) -> Result<Leavings, StoreError> {
    let snapshot = snapshot(db).await?;
    let said = |table: &str| {
        format!(
            "SELECT (SELECT count(*) FROM {table} WHERE call_id IN (SELECT id FROM call_logs WHERE initiated_at < $1 AND ended_at IS NOT NULL)) \
                + (SELECT count(*) FROM {table} t WHERE call_id < $2 AND NOT EXISTS (SELECT 1 FROM call_logs c WHERE c.id = t.call_id)) AS n"
        )
    };
    let old = |table: &str, condition: &str| format!("SELECT count(*) AS n FROM {table} WHERE {condition}");
    let transcripts = || [Value::from(moment(plan.transcripts_before)), first_id(plan.transcripts_before).into()];
    let calls = || [Value::from(moment(plan.calls_before))];
    let found = Leavings {
        calls: number(&snapshot, old("call_logs", "initiated_at < $1 AND ended_at IS NOT NULL"), calls()).await?,
        turns: number(&snapshot, said("conversation_logs"), transcripts()).await?,
        streams: number(&snapshot, said("stream_logs"), transcripts()).await?,
        cooldowns: number(&snapshot, old("call_cooldowns", "last_call_at < $1"), calls()).await?,
        dead_letters: number(&snapshot, old("dead_letters", "created_at < $1"), calls()).await?,
        callbacks: number(&snapshot, old("callbacks", "created_at < $1 AND due_at < $1"), calls()).await?,
    };
    snapshot.commit().await?;
    Ok(found)
}

async fn number<C: ConnectionTrait>(db: &C, sql: String, values: impl IntoIterator<Item = Value>) -> Result<u64, StoreError> {
    let found = rows(db, sql, values).await?;
    let number: i64 = found.first().map(|row| row.try_get("", "n")).transpose()?.unwrap_or_default();
    Ok(unsigned(number))
}

/// No id that was made at this moment or later is less: ids begin with their time, in milliseconds.
fn first_id(at: DateTime<Utc>) -> String {
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or_default();
    let id = Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid().to_string();
    id.get(..13).unwrap_or_default().to_owned()
}

/// A call whose time has come.
struct Old {
    id: String,
    initiated_at: DateTime<Utc>,
    /// Turns and streams.
    said: u64,
}

struct Cleanup {
    db: DatabaseConnection,
    plan: CleanupPlan,
    gone: Leavings,
}

impl Cleanup {
    async fn run(mut self, progress: &(impl Fn(u64) + Send + Sync)) -> Result<Leavings, StoreError> {
        self.calls(progress).await?;
        self.unknown(progress).await?;
        while self.rest(OLD_COOLDOWNS, |gone| &mut gone.cooldowns, progress).await? {}
        while self.rest(OLD_LETTERS, |gone| &mut gone.dead_letters, progress).await? {}
        while self.rest(OLD_CALLBACKS, |gone| &mut gone.callbacks, progress).await? {}
        Ok(self.gone)
    }

    async fn calls(&mut self, progress: &(impl Fn(u64) + Send + Sync)) -> Result<(), StoreError> {
        let mut place = (DateTime::UNIX_EPOCH, String::new());
        loop {
            let page = self.page(&place).await?;
            let Some(last) = page.last() else { return Ok(()) };
            place = (last.initiated_at, last.id.clone());
            for batch in batches(page, self.plan) {
                progress(self.delete(&batch).await?);
            }
        }
    }

    async fn page(&self, (at, id): &(DateTime<Utc>, String)) -> Result<Vec<Old>, StoreError> {
        let values = [moment(self.plan.transcripts_before).into(), (*at).into(), id.as_str().into(), PAGE.into()];
        let transaction = self.db.begin().await?;
        take_time(&transaction).await?;
        let found = rows(&transaction, OLD_CALLS, values).await?;
        transaction.commit().await?;
        let old = |row: &sea_orm::QueryResult| {
            let said = row.try_get::<i64>("", "turns")? + row.try_get::<i64>("", "streams")?;
            Ok(Old { id: row.try_get("", "id")?, initiated_at: row.try_get("", "initiated_at")?, said: unsigned(said) })
        };
        found.iter().map(old).collect()
    }

    /// Takes the transcripts, and the calls that are old enough themselves, with the figures of their hours.
    async fn delete(&mut self, batch: &[Old]) -> Result<u64, StoreError> {
        let ids = || batch.iter().map(|old| old.id.as_str());
        let before = self.plan.calls_before;
        let transaction = self.db.begin().await?;
        take_time(&transaction).await?;
        let oldest = || batch.iter().filter(|old| old.initiated_at < before);
        hours::forget_moments(&transaction, oldest().map(|old| old.initiated_at)).await?;
        let mut gone = Leavings {
            turns: turn::Entity::delete_many().filter(turn::Column::CallId.is_in(ids())).exec(&transaction).await?.rows_affected,
            streams: stream::Entity::delete_many().filter(stream::Column::CallId.is_in(ids())).exec(&transaction).await?.rows_affected,
            ..Leavings::default()
        };
        if oldest().next().is_some() {
            let calls = call::Entity::delete_many().filter(call::Column::Id.is_in(oldest().map(|old| old.id.as_str())));
            gone.calls = calls.exec(&transaction).await?.rows_affected;
        }
        transaction.commit().await?;
        Ok(self.note(gone))
    }

    async fn unknown(&mut self, progress: &(impl Fn(u64) + Send + Sync)) -> Result<(), StoreError> {
        loop {
            let transaction = self.db.begin().await?;
            take_time(&transaction).await?;
            let found = rows(&transaction, UNKNOWN_CALLS, [first_id(self.plan.transcripts_before).into(), PAGE.into()]).await?;
            transaction.commit().await?;
            if found.is_empty() {
                return Ok(());
            }
            for row in found {
                // As if it were a call that is kept: there is none to delete.
                let orphan = Old { id: row.try_get("", "call_id")?, initiated_at: self.plan.calls_before, said: 0 };
                progress(self.delete(&[orphan]).await?);
            }
        }
    }

    /// True as long as there may be more.
    async fn rest(
        &mut self,
        statement: &'static str,
        counter: fn(&mut Leavings) -> &mut u64,
        progress: &(impl Fn(u64) + Send + Sync),
    ) -> Result<bool, StoreError> {
        let batch = self.plan.batch.max(1);
        let deleted = execute(&self.db, statement, [moment(self.plan.calls_before).into(), signed(batch).into()]).await?;
        *counter(&mut self.gone) += deleted;
        progress(deleted);
        Ok(deleted == batch)
    }

    fn note(&mut self, gone: Leavings) -> u64 {
        self.gone.calls += gone.calls;
        self.gone.turns += gone.turns;
        self.gone.streams += gone.streams;
        gone.total()
    }
}

/// Of as many rows as may be, and of one call at least; calls without anything to take are passed over.
fn batches(calls: Vec<Old>, plan: CleanupPlan) -> Vec<Vec<Old>> {
    let mut batches: Vec<Vec<Old>> = Vec::new();
    let mut filled = 0;
    for old in calls {
        let rows = old.said + u64::from(old.initiated_at < plan.calls_before);
        match batches.last_mut() {
            _ if rows == 0 => {}
            Some(batch) if filled + rows <= plan.batch => {
                filled += rows;
                batch.push(old);
            }
            _ => {
                filled = rows;
                batches.push(vec![old]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn plan(batch: u64) -> CleanupPlan {
        CleanupPlan { transcripts_before: at(100), calls_before: at(50), batch }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn calls(said: &[(i64, u64)]) -> Vec<Old> {
        said.iter().map(|&(seconds, said)| Old { id: String::new(), initiated_at: at(seconds), said }).collect()
    }

    #[test]
    fn a_batch_has_as_many_rows_as_may_be_and_one_call_at_least() {
        let calls = calls(&[(60, 4), (60, 4), (60, 3), (60, 30), (60, 0), (10, 0)]);

        let sizes: Vec<usize> = batches(calls, plan(10)).iter().map(Vec::len).collect();

        assert_eq!(sizes, [2, 1, 1, 1]);
    }

    #[test]
    fn an_id_is_less_than_those_of_its_time_and_greater_than_those_before() {
        let id = |millis, rest| Builder::from_unix_timestamp_millis(millis, &[rest; 10]).into_uuid().to_string();

        let first = first_id(at(5));

        assert!(id(4999, 255) < first && first <= id(5000, 0), "{first}");
    }
}
