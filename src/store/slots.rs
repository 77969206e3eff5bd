//! Slots: how many calls may be at once, over all instances. Time is the database's alone.

use std::collections::HashSet;

use sea_orm::DatabaseConnection;
use uuid::Uuid;

use super::CallStore;
use super::error::StoreError;
use super::sql::{execute, rows, small};
use crate::governor::SlotKind;

/// A lease that is not renewed for so long is over.
const LEASE: &str = "interval '30 seconds'";

/// Whoever locks a free row has it; the others look at the next one, so that nobody counts and nobody waits. Nobody has two.
const TAKE: &str = "WITH free AS (SELECT number FROM slots WHERE kind = $1 AND number <= $2 AND (expires_at IS NULL OR expires_at < now()) \
     AND NOT EXISTS (SELECT 1 FROM slots AS held WHERE held.owner = $3 AND held.expires_at > now()) \
     ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED) \
     UPDATE slots SET owner = $3, holder = $4, expires_at = now() + LEASE FROM free WHERE slots.kind = $1 AND slots.number = free.number";
const PROVIDE: &str = "INSERT INTO slots (kind, number) SELECT $1, n FROM generate_series(1, $2) AS n ON CONFLICT DO NOTHING";
const RELEASE: &str = "UPDATE slots SET owner = NULL, holder = NULL, expires_at = NULL WHERE owner = $1 AND holder = $2";
const RELEASE_SPARE: &str = "UPDATE slots SET owner = NULL, holder = NULL, expires_at = NULL WHERE holder = $1 AND kind <> 'call'";
/// Calls that are left go on elsewhere: their slots wait for them a little.
const HAND_OVER: &str = "UPDATE slots SET expires_at = now() + interval '15 seconds' WHERE holder = $1 AND kind = 'call'";
/// Also of one that expired, if nobody else has taken it yet.
const TAKE_OVER: &str = "UPDATE slots SET holder = $2, expires_at = now() + LEASE WHERE kind = 'call' AND owner = $1 RETURNING number";
const RENEW: &str = "UPDATE slots SET expires_at = now() + LEASE WHERE holder = $1 \
     AND owner IN (SELECT json_array_elements_text($2::json)) RETURNING owner";
const SEEN: &str = "INSERT INTO instances (name, seen_at) VALUES ($1, now()) ON CONFLICT (name) DO UPDATE SET seen_at = now()";
const ALIVE: &str = "SELECT name FROM instances WHERE name = $1 AND seen_at > now() - LEASE";
const PEERS: &str = "SELECT count(*) AS peers FROM instances WHERE name <> $1 AND seen_at > now() - LEASE";
const GONE: &str = "DELETE FROM instances WHERE name = $1 OR seen_at < now() - interval '1 day'";
const FLEET: &str = "SELECT (SELECT count(*) FROM instances WHERE seen_at > now() - LEASE) AS instances, \
     (SELECT count(*) FROM slots WHERE kind = 'call' AND expires_at > now()) AS calls";

/// What a renewal brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renewal {
    /// The owners whose slots are still theirs.
    pub kept: HashSet<Uuid>,
    /// Processes that were heard of of late, this one included.
    pub instances: u32,
    /// Calls of all of them.
    pub calls: u32,
}

impl CallStore {
    /// Whether other instances may work on this database: SQLite serves one.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.0.db.get_database_backend(), sea_orm::DbBackend::Postgres)
    }

    /// Takes one of `limit` slots for `owner`. False if all are taken.
    pub async fn take_slot(&self, kind: SlotKind, limit: u32, owner: Uuid, holder: &str) -> Result<bool, StoreError> {
        let holder = holder.to_owned();
        self.run_soon(move |db| async move {
            if take(&db, kind, limit, owner, &holder).await? {
                return Ok(true);
            }
            // The limit may have been raised, or the database be new; somebody else may see to it in this moment.
            execute(&db, PROVIDE, [kind.as_str().into(), number(limit).into()]).await?;
            take(&db, kind, limit, owner, &holder).await
        })
        .await
    }

    /// Takes the slot of a call over from whoever held it. False if there is none any more.
    pub async fn take_over_slot(&self, owner: Uuid, holder: &str) -> Result<bool, StoreError> {
        let holder = holder.to_owned();
        self.run_soon(move |db| async move {
            Ok(!rows(&db, with_lease(TAKE_OVER), [owner.to_string().into(), holder.into()]).await?.is_empty())
        })
        .await
    }

    /// Nothing happens if the slot has another holder by now.
    pub async fn release_slots(&self, owners: Vec<Uuid>, holder: &str) -> Result<(), StoreError> {
        let holder = holder.to_owned();
        self.run_soon(move |db| async move {
            for owner in owners {
                execute(&db, RELEASE, [owner.to_string().into(), holder.as_str().into()]).await?;
            }
            Ok(())
        })
        .await
    }

    /// Keeps the slots of these owners for another while, and tells that this instance is there.
    pub async fn renew_slots(&self, owners: &[Uuid], holder: &str) -> Result<Renewal, StoreError> {
        let (owners, holder) = (serde_json::json!(owners).to_string(), holder.to_owned());
        self.run_soon(move |db| async move {
            execute(&db, SEEN, [holder.as_str().into()]).await?;
            let renewed = rows(&db, with_lease(RENEW), [holder.into(), owners.into()]).await?;
            let kept = renewed.iter().map(|row| row.try_get::<String>("", "owner")).collect::<Result<Vec<_>, _>>()?;
            let kept = kept.iter().filter_map(|owner| owner.parse().ok()).collect();
            let fleet = rows(&db, with_lease(FLEET), []).await?;
            let count = |column| fleet.first().map_or(Ok(0), |row| row.try_get::<i64>("", column)).map(small);
            Ok(Renewal { kept, instances: count("instances")?, calls: count("calls")? })
        })
        .await
    }

    /// How many other instances were heard of of late.
    pub async fn peers(&self, me: &str) -> Result<u32, StoreError> {
        if !self.is_shared() {
            return Ok(0);
        }
        let me = me.to_owned();
        self.run_soon(move |db| async move {
            let counted = rows(&db, with_lease(PEERS), [me.into()]).await?;
            counted.first().map_or(Ok(0), |row| Ok(small(row.try_get("", "peers")?)))
        })
        .await
    }

    /// Whether that instance was heard of of late.
    pub async fn is_alive(&self, name: &str) -> Result<bool, StoreError> {
        if !self.is_shared() {
            return Ok(false);
        }
        let name = name.to_owned();
        self.run_soon(move |db| async move { Ok(!rows(&db, with_lease(ALIVE), [name.into()]).await?.is_empty()) }).await
    }

    /// This instance ends: whatever it holds is free, but for what its calls hold that go on elsewhere.
    pub async fn leave(&self, holder: &str) -> Result<(), StoreError> {
        let holder = holder.to_owned();
        self.run_soon(move |db| async move {
            execute(&db, RELEASE_SPARE, [holder.as_str().into()]).await?;
            execute(&db, HAND_OVER, [holder.as_str().into()]).await?;
            execute(&db, GONE, [holder.into()]).await.map(drop)
        })
        .await
    }
}

async fn take(db: &DatabaseConnection, kind: SlotKind, limit: u32, owner: Uuid, holder: &str) -> Result<bool, StoreError> {
    let values = [kind.as_str().into(), number(limit).into(), owner.to_string().into(), holder.into()];
    Ok(rows(db, with_lease(TAKE) + " RETURNING slots.number", values).await?.len() == 1)
}

fn number(limit: u32) -> i32 {
    i32::try_from(limit).unwrap_or(i32::MAX)
}

fn with_lease(sql: &str) -> String {
    sql.replace("LEASE", LEASE)
}
