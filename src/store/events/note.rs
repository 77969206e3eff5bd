//! Events are noted together with what they tell of.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue, ConnectionTrait, EntityTrait as _};

use crate::store::CallEnd;
use crate::store::entity::{event, turn};
use crate::store::error::StoreError;
use crate::store::sql::moment;
use crate::types::{CallId, EventKind};

/// Of 8 columns: 4,000 of the 32,766 values that SQLite binds (sqlite.org/limits.html).
const CHUNK: usize = 500;

/// An event that is to be published.
#[derive(Clone, Debug)]
pub struct Noted {
    kind: EventKind,
    at: DateTime<Utc>,
    call: String,
    /// Of a turn: epoch, seq and revision.
    turn: [i32; 3],
}

impl Noted {
    pub fn of_call(kind: EventKind, call: CallId, at: DateTime<Utc>) -> Self {
        Self { kind, at, call: call.to_string(), turn: [0; 3] }
    }

    pub fn of_end(end: &CallEnd) -> Self {
        Self::of_call(EventKind::of_end(end.cause.status()), end.id, end.at)
    }

    pub fn of_turn(turn: &turn::Model) -> Self {
        let number = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
        let place = [turn.epoch, turn.seq, turn.revision].map(number);
        Self { kind: EventKind::Turn, at: turn.created_at, call: turn.call_id.clone(), turn: place }
    }
}

/// Each once, however often it is noted.
pub async fn note<C: ConnectionTrait>(db: &C, events: impl IntoIterator<Item = Noted>) -> Result<(), StoreError> {
    let mut rows = events.into_iter().map(row).peekable();
    while rows.peek().is_some() {
        let chunk: Vec<_> = rows.by_ref().take(CHUNK).collect();
        let known = OnConflict::new().do_nothing().to_owned();
        event::Entity::insert_many(chunk).on_conflict(known).exec_without_returning(db).await?;
    }
    Ok(())
}

fn row(Noted { kind, at, call, turn: [epoch, seq, revision] }: Noted) -> event::ActiveModel {
    event::ActiveModel {
        id: ActiveValue::NotSet,
        position: ActiveValue::Set(None),
        at: ActiveValue::Set(moment(at)),
        kind: ActiveValue::Set(kind.as_str().to_owned()),
        call_id: ActiveValue::Set(call),
        epoch: ActiveValue::Set(epoch),
        seq: ActiveValue::Set(seq),
        revision: ActiveValue::Set(revision),
    }
}
