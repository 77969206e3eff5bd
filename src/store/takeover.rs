//! What an instance has to know of a call that another one carried, to take it on.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::prelude::DateTimeUtc;
use sea_orm::{DatabaseConnection, FromQueryResult, QueryResult};

use super::CallStore;
use super::dials::{clock, is_postgres};
use super::entity::Private;
use super::error::StoreError;
use super::sql::{execute, moment, rows};
use crate::governor::{LastKnown, Left};
use crate::types::{CallId, CallSid, Direction, Epoch, HangupCause, Redacted};

const CALL: &str = "SELECT call_sid, direction, from_number, to_number, caller_name, assistant, wish, epoch, connected_at, ended_at, \
     ended_reason FROM call_logs WHERE id = $1";
const LAST: &str = "SELECT ended_reason, transfer_to FROM stream_logs WHERE call_id = $1 AND epoch = $2";
const UNPLANNED: &str = "SELECT count(*) AS times, max(at) AS last FROM resumes WHERE call_id = $1 AND NOT planned AND at > $2";
const PROMISE: &str = "INSERT INTO resumes (call_id, epoch, planned, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
/// So that nobody takes the call for one that was lost while its next stream is on its way.
const HOLD: &str = "UPDATE slots SET expires_at = greatest(expires_at, now() + interval '10 seconds') WHERE kind = 'call' AND owner = $1";
const OWNER: &str = "SELECT owner FROM call_logs WHERE id = $1";
const CLAIM: &str = "UPDATE call_logs SET epoch = $2, claimed_at = $3, owner = $4 WHERE id = $1 AND epoch < $2 AND ended_at IS NULL";
/// Calls that have not ended and whose instance is gone, each told to one instance, and again only after a while.
const LOST: &str = "UPDATE call_logs SET looked_at = $2 WHERE id IN (SELECT id FROM call_logs WHERE ended_at IS NULL \
     AND call_sid IS NOT NULL AND owner <> $1 AND (looked_at IS NULL OR looked_at < $3) GONE ORDER BY initiated_at LIMIT $4 LOCKING) \
     RETURNING id, call_sid, epoch, ended_reason";
const GONE: &str = "AND NOT EXISTS (SELECT 1 FROM instances WHERE name = call_logs.owner AND seen_at > now() - interval '30 seconds') \
     AND NOT EXISTS (SELECT 1 FROM slots WHERE slots.owner = call_logs.id AND slots.expires_at > now())";
const FORGET: &str = "DELETE FROM resumes WHERE at < $1";

/// A call that another instance carried, or an earlier life of this one.
#[derive(Clone, Debug)]
pub struct KnownCall {
    pub sid: Option<CallSid>,
    pub direction: Direction,
    pub from: Redacted<String>,
    pub to: Redacted<String>,
    pub caller_name: Option<Redacted<String>>,
    pub assistant: String,
    /// JSON: whom to call and as whom, where we called.
    pub wish: Option<Redacted<String>>,
    /// When its first stream began.
    pub connected_at: Option<DateTime<Utc>>,
    pub last: LastKnown,
}

/// A call that has not ended, and that nobody carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostCall {
    pub id: CallId,
    pub sid: CallSid,
    /// Of its newest stream.
    pub epoch: Epoch,
    /// Another phone has it.
    pub is_away: bool,
}

/// Who carried the call until now; none if nobody did.
pub type FormerOwner = Option<String>;

impl CallStore {
    /// What is on record of a call; none if there is no such call. Resumes count if they are not older than `window`.
    pub async fn known_call(&self, id: CallId, window: Duration) -> Result<Option<KnownCall>, StoreError> {
        self.run_soon(move |db| async move { known(&db, id, window).await }).await
    }

    /// Twilio is told to bring another stream.
    pub async fn promise_stream(&self, id: CallId, epoch: Epoch, planned: bool) -> Result<(), StoreError> {
        let shared = self.is_shared();
        self.run_soon(move |db| async move {
            let now = clock(&db).await?;
            execute(&db, PROMISE, [id.to_string().into(), i64::from(epoch.number()).into(), planned.into(), now.into()]).await?;
            if shared {
                execute(&db, HOLD, [id.to_string().into()]).await?;
            }
            Ok(())
        })
        .await
    }

    /// Makes the stream `epoch` the one that may change the call, and `owner` the instance that carries it; tells who did before.
    /// None but for exactly one claimant of an epoch, for an older epoch, and for a call that has ended.
    pub async fn claim_stream(&self, id: CallId, epoch: Epoch, owner: &str, now: DateTime<Utc>) -> Result<Option<FormerOwner>, StoreError> {
        let values = [id.to_string().into(), i64::from(epoch.number()).into(), moment(now).into(), owner.into()];
        self.run_soon(move |db| async move {
            let former = rows(&db, OWNER, [id.to_string().into()]).await?;
            let former = former.first().map_or(Ok(None), |row| row.try_get("", "owner"))?;
            Ok((execute(&db, CLAIM, values).await? > 0).then_some(former))
        })
        .await
    }

    /// Calls that have not ended and that nobody carries, at most so many; each is told again only after `again`.
    pub async fn lost_calls(&self, me: &str, again: Duration, at_most: u32) -> Result<Vec<LostCall>, StoreError> {
        let me = me.to_owned();
        self.run(move |db| async move {
            let now = clock(&db).await?;
            let (gone, locking) = if is_postgres(&db) { (GONE, "FOR UPDATE SKIP LOCKED") } else { ("", "") };
            let before = now - TimeDelta::from_std(again).unwrap_or(TimeDelta::MAX);
            let sql = LOST.replace("GONE", gone).replace("LOCKING", locking);
            let lost = rows(&db, sql, [me.into(), now.into(), before.into(), i64::from(at_most).into()]).await?;
            lost.iter().map(lost_call).filter_map(Result::transpose).collect()
        })
        .await
    }

    /// Resumes that are older than `than` count for nothing.
    pub async fn forget_resumes(&self, than: Duration) -> Result<(), StoreError> {
        self.run(move |db| async move {
            let before = clock(&db).await? - TimeDelta::from_std(than).unwrap_or(TimeDelta::MAX);
            execute(&db, FORGET, [before.into()]).await.map(drop)
        })
        .await
    }
}

#[derive(FromQueryResult)]
struct CallRow {
    call_sid: Option<String>,
    direction: String,
    from_number: Private,
    to_number: Private,
    caller_name: Option<Private>,
    assistant: String,
    wish: Option<Private>,
    epoch: i64,
    connected_at: Option<DateTimeUtc>,
    ended_at: Option<DateTimeUtc>,
    ended_reason: Option<String>,
}

async fn known(db: &DatabaseConnection, id: CallId, window: Duration) -> Result<Option<KnownCall>, StoreError> {
    let found = rows(db, CALL, [id.to_string().into()]).await?;
    let Some(row) = found.first().map(|row| CallRow::from_query_result(row, "")).transpose()? else { return Ok(None) };
    let claimed = epoch(row.epoch);
    let left = match claimed {
        Some(claimed) => left(db, id, claimed).await?,
        None => None,
    };
    let (unplanned, since) = unplanned(db, id, window).await?;
    let is_away = is_away(row.ended_reason.as_deref());
    let last = LastKnown { has_ended: row.ended_at.is_some(), is_away, claimed, left, unplanned, since };
    let private = |text: Option<Private>| text.map(|Private(text)| Redacted(text));
    Ok(Some(KnownCall {
        sid: row.call_sid.and_then(|sid| sid.parse().ok()),
        direction: Direction::from_word(&row.direction)
            .ok_or_else(|| StoreError::query("call_logs.direction holds what we do not know"))?,
        from: Redacted(row.from_number.0),
        to: Redacted(row.to_number.0),
        caller_name: private(row.caller_name),
        assistant: row.assistant,
        wish: private(row.wish),
        connected_at: row.connected_at,
        last,
    }))
}

async fn left(db: &DatabaseConnection, id: CallId, claimed: Epoch) -> Result<Option<Left>, StoreError> {
    let found = rows(db, LAST, [id.to_string().into(), i64::from(claimed.number()).into()]).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let (cause, transfer): (Option<String>, Option<String>) = (row.try_get("", "ended_reason")?, row.try_get("", "transfer_to")?);
    let cause = cause.as_deref().and_then(HangupCause::from_word);
    Ok(cause.map(|cause| Left { cause, transfer: transfer.and_then(|number| number.parse().ok()) }))
}

async fn unplanned(db: &DatabaseConnection, id: CallId, window: Duration) -> Result<(usize, Option<Duration>), StoreError> {
    let now = clock(db).await?;
    let after = now - TimeDelta::from_std(window).unwrap_or(TimeDelta::MAX);
    let counted = rows(db, UNPLANNED, [id.to_string().into(), after.into()]).await?;
    let Some(row) = counted.first() else { return Ok((0, None)) };
    let (times, last): (i64, Option<DateTime<Utc>>) = (row.try_get("", "times")?, row.try_get("", "last")?);
    Ok((usize::try_from(times).unwrap_or_default(), last.map(|at| (now - at).to_std().unwrap_or_default())))
}

fn lost_call(row: &QueryResult) -> Result<Option<LostCall>, StoreError> {
    let (id, sid): (String, String) = (row.try_get("", "id")?, row.try_get("", "call_sid")?);
    let reason: Option<String> = row.try_get("", "ended_reason")?;
    let epoch = epoch(row.try_get("", "epoch")?).unwrap_or(Epoch::new(0));
    let read = || Some((id.parse().ok()?, sid.parse().ok()?));
    Ok(read().map(|(id, sid)| LostCall { id, sid, epoch, is_away: is_away(reason.as_deref()) }))
}

/// Of a call that has not ended.
fn is_away(ended_reason: Option<&str>) -> bool {
    ended_reason == Some(HangupCause::Transferred.as_str())
}

fn epoch(number: i64) -> Option<Epoch> {
    u32::try_from(number).ok().filter(|number| *number > 0).map(Epoch::new)
}
