//! The queue of calls to be placed. A row stands in it from the request on until Twilio has taken the call, or will not.
//!
//! Whoever works on a row has a lease on it, by the database's clock. A row whose instance died is taken by another one, which sees
//! whether Twilio was asked already.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, TransactionTrait, Value};

use super::analytics::hours;
use super::calls::{self, NewCall};
use super::error::StoreError;
use super::events::{Noted, note};
use super::request_keys;
use super::sql::{execute, moment, rows};
use super::{CallStore, Created, RequestKey, tally};
use crate::types::{CallId, CallStatus, EventKind};

const LEASE: TimeDelta = TimeDelta::seconds(30);

const ADD: &str = "INSERT INTO dials (call_id, due_at, state, holder, expires_at, cooled_at, cooled_before) \
     VALUES ($1, $2, 'waiting', $3, $4, $5, $6) ON CONFLICT (call_id) DO NOTHING";
const TAKE: &str = "UPDATE dials SET holder = $1, expires_at = $3 WHERE call_id IN (SELECT call_id FROM dials \
     WHERE due_at <= $2 AND (expires_at IS NULL OR expires_at < $2) ORDER BY due_at LIMIT $4 LOCKING) \
     RETURNING call_id, due_at, state, asked_at, cooled_at, cooled_before";
const KEEP: &str = "UPDATE dials SET expires_at = $2 WHERE holder = $1 AND call_id IN (LISTED)";
const COOL: &str = "UPDATE dials SET cooled_at = $3, cooled_before = $4 WHERE call_id = $1 AND holder = $2";
const ASK: &str =
    "UPDATE dials SET state = 'asked', asked_at = $3, expires_at = $4 WHERE call_id = $1 AND holder = $2 AND state = 'waiting'";
const AGAIN: &str = "UPDATE dials SET state = 'waiting' WHERE call_id = $1 AND holder = $2 AND state = 'asked'";
const POSTPONE: &str = "UPDATE dials SET holder = NULL, expires_at = $3 WHERE call_id = $1 AND holder = $2 AND state = 'waiting'";
const ADMITTED: &str = "UPDATE call_logs SET owner = $2, decision = $3 WHERE id = $1 AND ended_at IS NULL";
const REFUSED: &str = "UPDATE call_logs SET status = $2, refusal = $3, decision = $4, ended_at = $5 WHERE id = $1 AND ended_at IS NULL";
const FORGET: &str = "DELETE FROM dials WHERE call_id = $1";
const CANCEL: &str = "DELETE FROM dials WHERE call_id = $1 AND state = 'waiting' RETURNING cooled_at, cooled_before";
const LEAVE: &str = "UPDATE dials SET holder = NULL, expires_at = NULL WHERE holder = $1 AND state = 'waiting' RETURNING call_id";
/// Each call gets the next free moment. The row's lock makes the queue.
const PACE: &str = "INSERT INTO paces (name, next_at) VALUES ($1, clock_timestamp() + INTERVAL) \
     ON CONFLICT (name) DO UPDATE SET next_at = greatest(paces.next_at, clock_timestamp()) + INTERVAL \
     RETURNING (extract(epoch FROM next_at - INTERVAL - clock_timestamp()) * 1000000)::bigint AS wait";

/// Where a call stands in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDial {
    pub due: DateTime<Utc>,
    /// The instance that sees to it at once; none for whoever comes first when it is due.
    pub holder: Option<String>,
    pub cooled: Option<Cooled>,
}

/// The cooldown that a call has claimed for its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cooled {
    pub at: DateTime<Utc>,
    pub previous: Option<DateTime<Utc>>,
}

/// A call to be placed, in the hands of one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dial {
    pub call: CallId,
    /// For so long it has been due.
    pub late: Duration,
    /// Twilio was asked, by an instance that did not live to tell what came of it: how long ago.
    pub asked: Option<Asked>,
    pub cooled: Option<Cooled>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    pub at: DateTime<Utc>,
    pub ago: Duration,
}

/// A call that will not be placed after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CanceledDial {
    pub cooled: Option<Cooled>,
}

impl CallStore {
    /// Commits a call and its place in the queue together, before anybody is told of it; with them the request that asked for it.
    pub async fn queue_call(&self, call: NewCall, dial: NewDial, key: Option<RequestKey>) -> Result<Created, StoreError> {
        let in_time = Instant::now() + self.soon();
        self.run_soon(move |db| async move {
            let transaction = db.begin().await?;
            let id = call.id;
            let created = calls::create_with(&transaction, call, None).await?;
            add(&transaction, id, dial).await?;
            if let Some(key) = key {
                request_keys::answered(&transaction, &key, id).await?;
            }
            // Whoever asked was told that it cannot be done: then it must not be.
            if Instant::now() >= in_time {
                return Err(StoreError::unavailable("no answer in time"));
            }
            transaction.commit().await?;
            Ok(created)
        })
        .await
        .inspect(|_| self.ring())
    }

    /// What is due and in nobody's hands, the longest due first.
    pub async fn take_dials(&self, holder: &str, at_most: u32) -> Result<Vec<Dial>, StoreError> {
        let holder = holder.to_owned();
        self.run(move |db| async move {
            let now = clock(&db).await?;
            let locking = if is_postgres(&db) { "FOR UPDATE SKIP LOCKED" } else { "" };
            let values: [Value; 4] = [holder.into(), now.into(), (now + LEASE).into(), i64::from(at_most).into()];
            let taken = rows(&db, TAKE.replace("LOCKING", locking), values).await?;
            let mut dials = taken.iter().map(|row| dial(row, now)).collect::<Result<Vec<_>, _>>()?;
            dials.sort_by_key(|dial| std::cmp::Reverse(dial.late));
            Ok(dials)
        })
        .await
    }

    /// Keeps the calls that this instance works on in its hands; whatever else it held is for others in a while.
    pub async fn keep_dials(&self, holder: &str, calls: &[CallId]) -> Result<(), StoreError> {
        let (holder, calls) = (holder.to_owned(), serde_json::json!(calls).to_string());
        self.run(move |db| async move {
            let until = clock(&db).await? + LEASE;
            let listed = if is_postgres(&db) { "SELECT json_array_elements_text($3::json)" } else { "SELECT value FROM json_each($3)" };
            rows(&db, KEEP.replace("LISTED", listed), [holder.into(), until.into(), calls.into()]).await.map(drop)
        })
        .await
    }

    /// The call has claimed the cooldown of its number.
    pub async fn note_cooled(&self, call: CallId, holder: &str, cooled: Cooled) -> Result<(), StoreError> {
        let values = [call.to_string().into(), holder.into(), moment(cooled.at).into(), cooled.previous.map(moment).into()];
        self.run_soon(move |db| async move { execute(&db, COOL, values).await }).await.map(drop)
    }

    /// On record that Twilio is about to be asked. False: it is not for this instance to ask, or nobody wants the call any more.
    pub async fn ask_for_dial(&self, call: CallId, holder: &str) -> Result<bool, StoreError> {
        let (call, holder) = (call.to_string(), holder.to_owned());
        self.run_soon(move |db| async move {
            let now = clock(&db).await?;
            Ok(execute(&db, ASK, [call.into(), holder.into(), now.into(), (now + LEASE).into()]).await? > 0)
        })
        .await
    }

    /// Twilio has not taken the call, for sure: it may be asked again.
    pub async fn ask_again(&self, call: CallId, holder: &str) -> Result<bool, StoreError> {
        let values: [Value; 2] = [call.to_string().into(), holder.into()];
        self.run_soon(move |db| async move { Ok(execute(&db, AGAIN, values).await? > 0) }).await
    }

    /// This instance takes the call on, for these reasons.
    pub async fn note_admitted(&self, call: CallId, owner: &str, decision: Option<String>) -> Result<(), StoreError> {
        let values = [call.to_string().into(), owner.into(), decision.into()];
        self.run_soon(move |db| async move { execute(&db, ADMITTED, values).await }).await.map(drop)
    }

    /// The call must not be placed after all: it has failed, and is off the queue. What it claimed is to be given back.
    pub async fn refuse(
        &self,
        call: CallId,
        refusal: &str,
        decision: Option<String>,
        at: DateTime<Utc>,
    ) -> Result<Option<Cooled>, StoreError> {
        let (id, refusal) = (call.to_string(), refusal.to_owned());
        self.run_soon(move |db| async move {
            let transaction = db.begin().await?;
            let failed = CallStatus::Failed.as_str();
            let values = [id.clone().into(), failed.into(), refusal.into(), decision.into(), moment(at).into()];
            if execute(&transaction, REFUSED, values).await? > 0 {
                note(&transaction, [Noted::of_call(EventKind::Failed, call, at)]).await?;
            }
            let canceled = rows(&transaction, CANCEL, [id.clone().into()]).await?;
            let began = tally::recount_ended(&transaction, [id.clone()].into()).await?;
            hours::forget_older(&transaction, [id], &began).await?;
            transaction.commit().await?;
            canceled.first().map_or(Ok(None), cooled)
        })
        .await
        .inspect(|_| self.ring())
    }

    /// Nothing can be done for so long; then whoever comes first sees to it.
    pub async fn postpone_dial(&self, call: CallId, holder: &str, pause: Duration) -> Result<(), StoreError> {
        let (call, holder) = (call.to_string(), holder.to_owned());
        self.run(move |db| async move {
            let until = clock(&db).await? + TimeDelta::from_std(pause).unwrap_or(LEASE);
            execute(&db, POSTPONE, [call.into(), holder.into(), until.into()]).await.map(drop)
        })
        .await
    }

    /// Twilio has the call, or will not have it.
    pub async fn forget_dial(&self, call: CallId) -> Result<(), StoreError> {
        self.run_soon(move |db| async move { execute(&db, FORGET, [call.to_string().into()]).await }).await.map(drop)
    }

    /// Takes a call off the queue, unless Twilio was asked already.
    pub async fn cancel_dial(&self, call: CallId) -> Result<Option<CanceledDial>, StoreError> {
        self.run_soon(move |db| async move {
            let canceled = rows(&db, CANCEL, [call.to_string().into()]).await?;
            let row = |row: &QueryResult| Ok(CanceledDial { cooled: cooled(row)? });
            canceled.first().map(row).transpose()
        })
        .await
    }

    /// This instance ends: what it has not begun is for others, who are told which.
    pub async fn leave_dials(&self, holder: &str) -> Result<Vec<CallId>, StoreError> {
        let holder = holder.to_owned();
        self.run_soon(move |db| async move {
            let left = rows(&db, LEAVE, [holder.into()]).await?;
            let ids = left.iter().map(|row| row.try_get::<String>("", "call_id")).collect::<Result<Vec<_>, _>>()?;
            Ok(ids.iter().filter_map(|id| id.parse().ok()).collect())
        })
        .await
    }

    /// The next free moment of an account that places one call per `interval`, over all instances: how far it is from now.
    pub async fn take_pace(&self, account: &str, interval: Duration) -> Result<Duration, StoreError> {
        let account = account.to_owned();
        let sql = PACE.replace("INTERVAL", &format!("interval '{} microseconds'", interval.as_micros()));
        self.run_soon(move |db| async move {
            let taken = rows(&db, sql, [account.into()]).await?;
            let wait = taken.first().map(|row| row.try_get::<i64>("", "wait")).transpose()?;
            Ok(Duration::from_micros(wait.and_then(|wait| wait.try_into().ok()).unwrap_or_default()))
        })
        .await
    }
}

async fn add<C: ConnectionTrait>(db: &C, call: CallId, dial: NewDial) -> Result<(), StoreError> {
    let until = if dial.holder.is_some() { Some(clock(db).await? + LEASE) } else { None };
    let (at, previous) = dial.cooled.map_or((None, None), |cooled| (Some(moment(cooled.at)), cooled.previous.map(moment)));
    let values = [call.to_string().into(), moment(dial.due).into(), dial.holder.into(), until.into(), at.into(), previous.into()];
    execute(db, ADD, values).await.map(drop)
}

fn dial(row: &QueryResult, now: DateTime<Utc>) -> Result<Dial, StoreError> {
    let call: String = row.try_get("", "call_id")?;
    let (due, state): (DateTime<Utc>, String) = (row.try_get("", "due_at")?, row.try_get("", "state")?);
    let asked_at: Option<DateTime<Utc>> = row.try_get("", "asked_at")?;
    let since = |at: DateTime<Utc>| (now - at).to_std().unwrap_or_default();
    Ok(Dial {
        call: call.parse().map_err(|_| StoreError::query("dials.call_id holds what we do not know"))?,
        late: since(due),
        asked: asked_at.filter(|_| state == "asked").map(|at| Asked { at, ago: since(at) }),
        cooled: cooled(row)?,
    })
}

fn cooled(row: &QueryResult) -> Result<Option<Cooled>, StoreError> {
    let at: Option<DateTime<Utc>> = row.try_get("", "cooled_at")?;
    let previous = row.try_get("", "cooled_before")?;
    Ok(at.map(|at| Cooled { at, previous }))
}

pub(super) fn is_postgres<C: ConnectionTrait>(db: &C) -> bool {
    db.get_database_backend() == DbBackend::Postgres
}

/// The time as the database has it, which all instances share; of a file of our own, ours.
pub(super) async fn clock<C: ConnectionTrait>(db: &C) -> Result<DateTime<Utc>, StoreError> {
    if !is_postgres(db) {
        return Ok(moment(Utc::now()));
    }
    let told = rows(db, "SELECT clock_timestamp() AS now", []).await?;
    told.first().map_or_else(|| Err(StoreError::query("no time")), |row| Ok(row.try_get("", "now")?))
}
