//! Conversations to be read outside of the database, one after the other.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, DatabaseConnection, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::sync::mpsc;

use super::super::CallStore;
use super::super::conversation::StoredTurn;
use super::super::entity::{call, turn};
use super::super::error::StoreError;
use super::super::history::{Call, CallKey};
use super::super::sql::moment;
use super::{Bound, snapshot};

/// Calls whose turns are read at once.
const PAGE: u64 = 100;
/// Conversations that wait for the reader.
const WAITING: usize = 100;

/// Which conversations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    Call(CallKey),
    /// Of calls that began in this time, the end excluded.
    Between(DateTime<Utc>, DateTime<Utc>),
}

/// A call in which something was said, and all of it in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    pub call: Call,
    pub turns: Vec<StoredTurn>,
}

/// What is on its way, oldest call first. Dropped, it stops the reading.
pub struct Conversations {
    coming: mpsc::Receiver<Result<Conversation, StoreError>>,
    _reading: Bound<()>,
}

impl Conversations {
    /// None after the last one, and after an error.
    pub async fn next(&mut self) -> Option<Result<Conversation, StoreError>> {
        self.coming.recv().await
    }
}

impl CallStore {
    /// Reads the database as it is at one moment; calls without a turn are left out.
    #[must_use]
    pub fn conversations(&self, selection: Selection) -> Conversations {
        let (give, coming) = mpsc::channel(WAITING);
        let db = self.0.db.clone();
        let reading = self.0.runtime.spawn(async move {
            if let Err(error) = read(&db, &selection, &give).await {
                let _ = give.send(Err(error)).await;
            }
        });
        Conversations { coming, _reading: Bound(reading) }
    }
}

type Giving = mpsc::Sender<Result<Conversation, StoreError>>;

async fn read(db: &DatabaseConnection, selection: &Selection, give: &Giving) -> Result<(), StoreError> {
    let snapshot = snapshot(db).await?;
    let mut after = None;
    loop {
        let calls = page(&snapshot, selection, after.as_ref()).await?;
        after = calls.last().map(|call| (call.initiated_at, call.id.clone()));
        let full = calls.len() as u64 == PAGE;
        for conversation in with_turns(&snapshot, calls).await? {
            if give.send(Ok(conversation)).await.is_err() {
                return Ok(());
            }
        }
        if !full {
            return Ok(snapshot.commit().await?);
        }
    }
}

async fn page(
    snapshot: &DatabaseTransaction,
    selection: &Selection,
    after: Option<&(DateTime<Utc>, String)>,
) -> Result<Vec<call::Model>, StoreError> {
    use call::Column as C;
    let wanted = match selection {
        Selection::Call(CallKey::Id(id)) => C::Id.eq(id.to_string()).into(),
        Selection::Call(CallKey::Sid(sid)) => C::CallSid.eq(sid.as_str()).into(),
        Selection::Between(from, to) => Condition::all().add(C::InitiatedAt.gte(moment(*from))).add(C::InitiatedAt.lt(moment(*to))),
    };
    let mut calls = call::Entity::find().filter::<Condition>(wanted);
    if let Some((at, id)) = after {
        let place = Expr::tuple([C::InitiatedAt.into_expr(), C::Id.into_expr()]);
        calls = calls.filter(place.gt(Expr::tuple([Expr::val(*at), Expr::val(id.clone())])));
    }
    Ok(calls.order_by_asc(C::InitiatedAt).order_by_asc(C::Id).limit(PAGE).all(snapshot).await?)
}

async fn with_turns(snapshot: &DatabaseTransaction, calls: Vec<call::Model>) -> Result<Vec<Conversation>, StoreError> {
    use turn::Column as T;
    let said = turn::Entity::find().filter(T::CallId.is_in(calls.iter().map(|call| call.id.as_str())));
    let in_order = [T::CallId, T::Epoch, T::Position, T::Seq].into_iter().fold(said, QueryOrder::order_by_asc);
    let mut turns: BTreeMap<String, Vec<StoredTurn>> = BTreeMap::new();
    for turn in in_order.all(snapshot).await? {
        turns.entry(turn.call_id.clone()).or_default().push(turn.try_into()?);
    }
    let mut conversations = Vec::new();
    for call in calls {
        if let Some(turns) = turns.remove(&call.id) {
            conversations.push(Conversation { call: call.try_into()?, turns });
        }
    }
    Ok(conversations)
}
