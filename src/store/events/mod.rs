//! What happened in calls, in an order that all instances share.
//!
//! An event is noted in the transaction that makes it true, and published afterwards: [`publish_events`](CallStore::publish_events)
//! gives out positions, one writer at a time, so that whoever has read up to a position has missed nothing before it. An event
//! refers to a row, and is read with what that row says by then.

mod ear;
mod note;
mod read;

use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::TransactionTrait as _;
use tokio::sync::futures::Notified;

use super::CallStore;
use super::StoredTurn;
use super::deliveries;
use super::dials::{clock, is_postgres};
use super::error::StoreError;
use super::history::ListedCall;
use super::sql::{execute, rows, unsigned};
use crate::types::{CallId, EventKind};

pub use ear::Heard;
pub(super) use note::{Noted, note};
pub(super) use read::told;
pub use read::{EventFilter, EventPage};

const UNPUBLISHED: &str = "SELECT id FROM events WHERE position IS NULL LIMIT 1";
/// Whoever holds this row gives out positions.
const HOLD: &str = "UPDATE event_head SET published = published WHERE id = 1 RETURNING published";
const PUBLISH: &str = "UPDATE events SET position = $1 + fresh.place FROM \
     (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS place FROM events WHERE position IS NULL ORDER BY id LIMIT 1000) AS fresh \
     WHERE events.id = fresh.id";
const ADVANCE: &str = "UPDATE event_head SET published = published + $1 WHERE id = 1";
const TELL: &str = "SELECT pg_notify('alpha_call_events', '')";
const KEPT: &str = "SELECT published, (SELECT MIN(position) FROM events) AS oldest FROM event_head WHERE id = 1";
const FORGET: &str = "DELETE FROM events WHERE at < $1 AND position IS NOT NULL";

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// Grows by one from event to event.
    pub position: u64,
    pub kind: EventKind,
    pub at: DateTime<Utc>,
    pub call: CallId,
    pub subject: Subject,
}

/// What an event is about, as it stands by now.
#[derive(Clone, Debug)]
pub enum Subject {
    Call(Box<ListedCall>),
    Turn(Box<StoredTurn>),
}

impl CallStore {
    /// Somebody of this process noted an event.
    pub fn noted(&self) -> Notified<'_> {
        self.0.noted.notified()
    }

    pub(super) fn ring(&self) {
        self.0.noted.notify_one();
    }

    /// Gives positions to what has none, in the order in which it was noted; how many got one. Other instances are told. Events of
    /// the kinds that are `wanted` are entered to be delivered.
    pub async fn publish_events(&self, wanted: &[EventKind]) -> Result<u64, StoreError> {
        let wanted = wanted.to_vec();
        self.run(move |db| async move {
            // Mostly there is nothing: to hold the row is to write it.
            if rows(&db, UNPUBLISHED, []).await?.is_empty() {
                return Ok(0);
            }
            let transaction = db.begin().await?;
            let head = rows(&transaction, HOLD, []).await?;
            let head = head.first().ok_or_else(|| StoreError::query("no event_head"))?;
            let published: i64 = head.try_get("", "published")?;
            let count = execute(&transaction, PUBLISH, [published.into()]).await?;
            if count > 0 {
                deliveries::enter(&transaction, published, &wanted).await?;
                execute(&transaction, ADVANCE, [i64::try_from(count).unwrap_or(i64::MAX).into()]).await?;
                if is_postgres(&transaction) {
                    rows(&transaction, TELL, []).await?;
                }
            }
            transaction.commit().await?;
            Ok(count)
        })
        .await
    }

    /// The positions from which one can read on without a gap; the last one is that of the newest event.
    pub async fn kept_events(&self) -> Result<RangeInclusive<u64>, StoreError> {
        self.run(|db| async move {
            let head = rows(&db, KEPT, []).await?;
            let head = head.first().ok_or_else(|| StoreError::query("no event_head"))?;
            let (published, oldest): (i64, Option<i64>) = (head.try_get("", "published")?, head.try_get("", "oldest")?);
            Ok(unsigned(oldest.map_or(published, |oldest| oldest - 1))..=unsigned(published))
        })
        .await
    }

    /// Who was away for longer than `kept` has to look at the calls themselves.
    pub async fn forget_events(&self, kept: Duration) -> Result<u64, StoreError> {
        self.run(move |db| async move {
            let before = clock(&db).await? - TimeDelta::from_std(kept).unwrap_or(TimeDelta::MAX);
            execute(&db, FORGET, [before.into()]).await
        })
        .await
    }
}
