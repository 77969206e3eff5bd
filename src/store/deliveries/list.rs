//! Deliveries as they are looked at, newest event first.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _};

use crate::store::CallStore;
use crate::store::entity::delivery::{Column, Entity, Model};
use crate::store::error::StoreError;
use crate::store::sql::{duration, signed, small, unsigned};
use crate::types::{CallId, DeliveryState, EventId, EventKind};

/// Which deliveries are asked for. What is not named does not matter.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryFilter {
    pub state: Option<DeliveryState>,
    pub call: Option<CallId>,
    /// Only those of events before this one.
    pub before: Option<EventId>,
    pub limit: u64,
}

#[derive(Clone, Debug)]
pub struct DeliveryPage {
    pub deliveries: Vec<StoredDelivery>,
    /// The next page is of events before this one; none if there is no more.
    pub next: Option<EventId>,
}

/// An event on its way, or at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDelivery {
    pub id: EventId,
    pub kind: EventKind,
    pub call: CallId,
    pub state: DeliveryState,
    /// Since it was entered, or was to be sent again.
    pub attempts: u32,
    /// Of what is pending: when it is tried next.
    pub due_at: DateTime<Utc>,
    pub last_status: Option<u16>,
    pub last_error: Option<String>,
    /// The last try.
    pub took: Option<Duration>,
    pub created_at: DateTime<Utc>,
    pub delivered_at: Option<DateTime<Utc>>,
}

impl CallStore {
    /// Newest event first.
    pub async fn deliveries(&self, filter: DeliveryFilter) -> Result<DeliveryPage, StoreError> {
        let found = Entity::find()
            .apply_if(filter.state, |found, state| found.filter(Column::State.eq(state.as_str())))
            .apply_if(filter.call, |found, call| found.filter(Column::CallId.eq(call.to_string())))
            .apply_if(filter.before, |found, before| found.filter(Column::Position.lt(signed(before.position()))))
            .order_by_desc(Column::Position)
            .limit(filter.limit.saturating_add(1));
        let rows = self.run(|db| async move { Ok(found.all(&db).await?) }).await?;
        let mut deliveries = rows.into_iter().map(StoredDelivery::try_from).collect::<Result<Vec<_>, _>>()?;
        let page = usize::try_from(filter.limit).unwrap_or(usize::MAX);
        let has_more = deliveries.len() > page;
        deliveries.truncate(page);
        let next = deliveries.last().map(|last| last.id).filter(|_| has_more);
        Ok(DeliveryPage { deliveries, next })
    }
}

impl TryFrom<Model> for StoredDelivery {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let unknown = |column| StoreError::query(format!("webhook_deliveries.{column} holds what we do not know"));
        Ok(Self {
            id: EventId::new(unsigned(row.position)),
            kind: EventKind::from_word(&row.kind).ok_or_else(|| unknown("kind"))?,
            call: row.call_id.parse().map_err(|_| unknown("call_id"))?,
            state: DeliveryState::from_word(&row.state).ok_or_else(|| unknown("state"))?,
            attempts: small(row.attempts.into()),
            due_at: row.due_at,
            last_status: row.last_status.and_then(|status| u16::try_from(status).ok()),
            last_error: row.last_error,
            took: row.took_ms.map(duration),
            created_at: row.created_at,
            delivered_at: row.delivered_at,
        })
    }
}
