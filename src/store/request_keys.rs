//! Requests by the names that their clients gave them: done once, however often they come.
//! <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>

use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, QueryResult};

use super::CallStore;
use super::dials::clock;
use super::error::StoreError;
use super::sql::{execute, rows};
use crate::types::CallId;

/// A name is remembered for so long.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// A request that has come to nothing after this time never will.
const GIVEN_UP: TimeDelta = TimeDelta::seconds(60);

const BEGIN: &str = "INSERT INTO request_keys (owner, name, fingerprint, begun_at) VALUES ($1, $2, $3, $4) ON CONFLICT (owner, name) DO UPDATE \
     SET fingerprint = excluded.fingerprint, begun_at = excluded.begun_at, call_id = NULL \
     WHERE request_keys.begun_at < $5 OR (request_keys.call_id IS NULL AND request_keys.begun_at < $6) RETURNING owner";
const KNOWN: &str = "SELECT fingerprint, call_id FROM request_keys WHERE owner = $1 AND name = $2";
const ANSWER: &str = "UPDATE request_keys SET call_id = $4 WHERE owner = $1 AND name = $2 AND fingerprint = $3";
const DROP: &str = "DELETE FROM request_keys WHERE owner = $1 AND name = $2 AND fingerprint = $3 AND call_id IS NULL";
const OLD: &str = "DELETE FROM request_keys WHERE begun_at < $1";

/// Who asked, by which name, and a digest of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    pub owner: String,
    pub name: String,
    pub fingerprint: String,
}

/// What is known of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: it is to be done.
    Now,
    /// It is being done.
    Running,
    /// It was done, and this call came of it.
    Done(CallId),
    /// The name is that of another request.
    Other,
}

impl CallStore {
    /// Who is told `Now` is the only one.
    pub async fn begin_request(&self, key: RequestKey) -> Result<Begun, StoreError> {
        self.run_soon(|db| async move {
            let now = clock(&db).await?;
            execute(&db, OLD, [(now - KEPT).into()]).await?;
            let RequestKey { owner, name, fingerprint } = key;
            let times = [now, now - KEPT, now - GIVEN_UP].map(Into::into);
            let values = [owner.clone().into(), name.clone().into(), fingerprint.clone().into()].into_iter().chain(times);
            if !rows(&db, BEGIN, values).await?.is_empty() {
                return Ok(Begun::Now);
            }
            let known = rows(&db, KNOWN, [owner.into(), name.into()]).await?;
            // Whoever was first may have given it up in this moment.
            known.first().map_or(Ok(Begun::Running), |row| standing(row, &fingerprint))
        })
        .await
    }

    /// Nothing came of it: it may be tried again.
    pub async fn give_up_request(&self, key: RequestKey) -> Result<(), StoreError> {
        let values = [key.owner.into(), key.name.into(), key.fingerprint.into()];
        self.run_soon(|db| async move { execute(&db, DROP, values).await }).await.map(drop)
    }
}

/// Together with the call that came of it, or not at all.
pub(super) async fn answered<C: ConnectionTrait>(db: &C, key: &RequestKey, call: CallId) -> Result<(), StoreError> {
    let RequestKey { owner, name, fingerprint } = key;
    let values = [owner.as_str().into(), name.as_str().into(), fingerprint.as_str().into(), call.to_string().into()];
    match execute(db, ANSWER, values).await? {
        0 => Err(StoreError::conflict("the request was given up, and may be under way again")),
        _ => Ok(()),
    }
}

fn standing(row: &QueryResult, fingerprint: &str) -> Result<Begun, StoreError> {
    let (known, call): (String, Option<String>) = (row.try_get("", "fingerprint")?, row.try_get("", "call_id")?);
    if known != fingerprint {
        return Ok(Begun::Other);
    }
    Ok(call.and_then(|call| call.parse().ok()).map_or(Begun::Running, Begun::Done))
}
