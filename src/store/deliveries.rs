//! Events on their way to the receiver of webhooks. A row stands here from the event's publication on, and is as much a part of that
//! transaction as its position: so each event of a wanted kind has one row, whatever dies.
//!
//! Whoever delivers has a lease on the row, by the database's clock. A row whose instance died is delivered by another one.

mod list;

use std::time::Duration;

use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DatabaseConnection, EntityTrait as _, FromQueryResult as _, QueryResult, Value};

use super::CallStore;
use super::dials::{clock, is_postgres};
use super::entity::{delivery, event};
use super::error::StoreError;
use super::events::{Event, told};
use super::sql::{clean, execute, millis, rows, signed, small, unsigned};
use crate::governor::delivery::Fate;
use crate::types::{DeliveryState, EventId, EventKind};

pub use list::{DeliveryFilter, DeliveryPage, StoredDelivery};

/// Longer than the whole of a try.
const LEASE: TimeDelta = TimeDelta::seconds(30);

const ENTER: &str = "INSERT INTO webhook_deliveries (position, kind, call_id, epoch, seq, at, state, attempts, due_at, created_at) \
     SELECT position, kind, call_id, epoch, seq, at, 'pending', 0, $2, $2 FROM events WHERE position > $1 AND kind IN (WANTED)";
const TAKE: &str = "UPDATE webhook_deliveries SET holder = $1, held_until = $3 WHERE position IN (SELECT position FROM webhook_deliveries \
     WHERE state = 'pending' AND due_at <= $2 AND (held_until IS NULL OR held_until < $2) ORDER BY due_at, position LIMIT $4 LOCKING) \
     RETURNING position AS id, position, kind, call_id, epoch, seq, at, 0 AS revision, attempts";
const SETTLE: &str = "UPDATE webhook_deliveries SET state = $3, due_at = COALESCE($4, due_at), delivered_at = $5, last_status = $6, \
     last_error = $7, took_ms = $8, attempts = attempts + 1, holder = NULL, held_until = NULL WHERE position = $1 AND holder = $2";
const RESEND: &str = "UPDATE webhook_deliveries SET state = 'pending', due_at = $2, delivered_at = NULL, attempts = 0, holder = NULL, \
     held_until = NULL WHERE position = $1 AND (held_until IS NULL OR held_until < $2)";
const LEAVE: &str = "UPDATE webhook_deliveries SET holder = NULL, held_until = NULL WHERE holder = $1";
const PENDING: &str = "SELECT count(*) AS n FROM webhook_deliveries WHERE state = 'pending'";
/// A row that waits for its next try is due in the future.
const FORGET: &str = "DELETE FROM webhook_deliveries WHERE due_at < $1";

/// An event to be delivered, in the hands of one instance.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub id: EventId,
    /// As it stands by now; none if what it tells of was deleted.
    pub event: Option<Event>,
    /// Tries before this one.
    pub attempts: u32,
}

/// What came of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    pub id: EventId,
    pub fate: Fate,
    /// What the receiver said, if it said anything.
    pub status: Option<u16>,
    pub error: Option<String>,
    pub took: Duration,
}

impl CallStore {
    /// What is due and in nobody's hands, the longest due first.
    pub async fn take_deliveries(&self, holder: &str, at_most: usize) -> Result<Vec<Delivery>, StoreError> {
        let (holder, at_most) = (holder.to_owned(), i64::try_from(at_most).unwrap_or(i64::MAX));
        self.run(move |db| async move {
            let now = clock(&db).await?;
            let locking = if is_postgres(&db) { "FOR UPDATE SKIP LOCKED" } else { "" };
            let values: [Value; 4] = [holder.into(), now.into(), (now + LEASE).into(), at_most.into()];
            let taken = rows(&db, TAKE.replace("LOCKING", locking), values).await?;
            with_events(&db, &taken).await
        })
        .await
    }

    /// Puts on record what came of a try. False if the lease was over, and somebody else has taken the event since.
    pub async fn settle_delivery(&self, holder: &str, tried: Tried) -> Result<bool, StoreError> {
        let holder = holder.to_owned();
        self.run(move |db| async move {
            let now = clock(&db).await?;
            let (state, due, delivered) = match tried.fate {
                Fate::Delivered => (DeliveryState::Delivered, None, Some(now)),
                Fate::Again(pause) => (DeliveryState::Pending, Some(now + TimeDelta::from_std(pause).unwrap_or(LEASE)), None),
                Fate::GivenUp => (DeliveryState::GivenUp, None, None),
            };
            let said = [tried.status.map(i32::from).into(), tried.error.as_deref().map(clean).into(), millis(tried.took).into()];
            let row = [signed(tried.id.position()).into(), holder.into(), state.as_str().into(), due.into(), delivered.into()];
            Ok(execute(&db, SETTLE, row.into_iter().chain(said)).await? > 0)
        })
        .await
    }

    /// The event is delivered again from its first try on, unless it is being delivered. None if there is no such row.
    pub async fn resend_delivery(&self, id: EventId) -> Result<Option<StoredDelivery>, StoreError> {
        let position = signed(id.position());
        self.run(move |db| async move {
            let now = clock(&db).await?;
            execute(&db, RESEND, [position.into(), now.into()]).await?;
            delivery::Entity::find_by_id(position).one(&db).await?.map(StoredDelivery::try_from).transpose()
        })
        .await
    }

    /// This instance ends: what it has not delivered is for others.
    pub async fn leave_deliveries(&self, holder: &str) -> Result<u64, StoreError> {
        let holder = holder.to_owned();
        self.run_soon(move |db| async move { execute(&db, LEAVE, [holder.into()]).await }).await
    }

    /// How many events are not delivered yet.
    pub async fn pending_deliveries(&self) -> Result<u64, StoreError> {
        self.run(|db| async move {
            let counted = rows(&db, PENDING, []).await?;
            Ok(unsigned(counted.first().map(|row| row.try_get("", "n")).transpose()?.unwrap_or_default()))
        })
        .await
    }

    /// Forgets what was last due longer ago than `kept`. What will be tried again is due yet.
    pub async fn forget_deliveries(&self, kept: Duration) -> Result<u64, StoreError> {
        self.run(move |db| async move {
            let before = clock(&db).await? - TimeDelta::from_std(kept).unwrap_or(TimeDelta::MAX);
            execute(&db, FORGET, [before.into()]).await
        })
        .await
    }
}

/// Those of the events behind this position that are wanted.
pub(super) async fn enter<C: ConnectionTrait>(db: &C, behind: i64, wanted: &[EventKind]) -> Result<(), StoreError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let now = clock(db).await?;
    let kinds: Vec<String> = wanted.iter().map(|kind| format!("'{kind}'")).collect();
    rows(db, ENTER.replace("WANTED", &kinds.join(", ")), [behind.into(), now.into()]).await.map(drop)
}

/// A row has the columns of its event.
async fn with_events(db: &DatabaseConnection, taken: &[QueryResult]) -> Result<Vec<Delivery>, StoreError> {
    let events = taken.iter().map(|row| event::Model::from_query_result(row, "")).collect::<Result<Vec<_>, _>>()?;
    let with = |(row, event): (&QueryResult, Option<Event>)| {
        let (position, attempts): (i64, i32) = (row.try_get("", "position")?, row.try_get("", "attempts")?);
        Ok(Delivery { id: EventId::new(unsigned(position)), event, attempts: small(attempts.into()) })
    };
    taken.iter().zip(told(db, &events).await?).map(with).collect()
}
