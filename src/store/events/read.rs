//! Events, with what they are about.

use std::collections::{BTreeSet, HashMap};

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Event, Subject};
use crate::store::entity::{event, turn};
use crate::store::error::StoreError;
use crate::store::history::{ListedCall, listed};
use crate::store::sql::{signed, unsigned};
use crate::store::{CallStore, StoredTurn};
use crate::types::{CallId, EventKind};

/// Which events are asked for.
#[derive(Clone, Copy, Debug)]
pub struct EventFilter {
    /// Only those behind this position.
    pub after: u64,
    /// Only those of this call.
    pub call: Option<CallId>,
    pub limit: u64,
}

/// What was asked for, or its beginning.
#[derive(Clone, Debug)]
pub struct EventPage {
    pub events: Vec<Event>,
    /// Up to this position there is nothing else.
    pub up_to: u64,
}

/// Where a turn stands: its call, epoch and seq.
type Place = (String, i64, i64);

impl CallStore {
    /// In their order. What was published and is gone by now, since its call was deleted, is left out.
    pub async fn events(&self, filter: EventFilter) -> Result<EventPage, StoreError> {
        self.run(move |db| async move {
            let rows = found(&db, filter).await?;
            let up_to = rows.last().and_then(|row| row.position).map_or(filter.after, unsigned);
            let told = told(&db, &rows).await?;
            Ok(EventPage { events: told.into_iter().flatten().collect(), up_to })
        })
        .await
    }
}

async fn found(db: &DatabaseConnection, filter: EventFilter) -> Result<Vec<event::Model>, StoreError> {
    let behind = event::Entity::find().filter(event::Column::Position.gt(signed(filter.after)));
    let behind = match filter.call {
        Some(call) => behind.filter(event::Column::CallId.eq(call.to_string())),
        None => behind,
    };
    Ok(behind.order_by_asc(event::Column::Position).limit(filter.limit).all(db).await?)
}

/// What each of the rows tells of; none of what is gone by now.
pub(in crate::store) async fn told(db: &DatabaseConnection, rows: &[event::Model]) -> Result<Vec<Option<Event>>, StoreError> {
    let (calls, turns) = (calls(db, rows).await?, turns(db, rows).await?);
    Ok(rows.iter().map(|row| event(row, &calls, &turns)).collect())
}

async fn calls(db: &DatabaseConnection, rows: &[event::Model]) -> Result<HashMap<String, ListedCall>, StoreError> {
    let ids: BTreeSet<String> = rows.iter().filter(|row| !is_turn(row)).map(|row| row.call_id.clone()).collect();
    let listed = listed(db, ids).await?;
    Ok(listed.into_iter().map(|call| (call.id.to_string(), call)).collect())
}

async fn turns(db: &DatabaseConnection, rows: &[event::Model]) -> Result<HashMap<Place, StoredTurn>, StoreError> {
    use turn::Column as T;
    let places: BTreeSet<Place> = rows.iter().filter(|row| is_turn(row)).map(place).collect();
    if places.is_empty() {
        return Ok(HashMap::new());
    }
    let wanted = places.into_iter().map(|(call, epoch, seq)| Expr::tuple([Expr::val(call), Expr::val(epoch), Expr::val(seq)]));
    let place = Expr::tuple([T::CallId, T::Epoch, T::Seq].map(Expr::col));
    let found = turn::Entity::find().filter(place.is_in(wanted)).all(db).await?;
    let placed = |row: turn::Model| Ok(((row.call_id.clone(), row.epoch, row.seq), StoredTurn::try_from(row)?));
    found.into_iter().map(placed).collect()
}

fn is_turn(row: &event::Model) -> bool {
    row.kind == EventKind::Turn.as_str()
}

fn place(row: &event::Model) -> Place {
    (row.call_id.clone(), row.epoch.into(), row.seq.into())
}

fn event(row: &event::Model, calls: &HashMap<String, ListedCall>, turns: &HashMap<Place, StoredTurn>) -> Option<Event> {
    let subject = match is_turn(row) {
        true => Subject::Turn(Box::new(turns.get(&place(row))?.clone())),
        false => Subject::Call(Box::new(calls.get(&row.call_id)?.clone())),
    };
    let kind = EventKind::from_word(&row.kind)?;
    Some(Event { position: unsigned(row.position?), kind, at: row.at, call: row.call_id.parse().ok()?, subject })
}
