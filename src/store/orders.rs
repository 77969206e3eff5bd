//! What somebody wants of a call that another instance carries.

use sea_orm::QueryResult;

use super::CallStore;
use super::dials::clock;
use super::error::StoreError;
use super::sql::{execute, rows};
use crate::types::{CallId, Epoch, PhoneNumber};

const ADD: &str = "INSERT INTO call_orders (call_id, owner, kind, word, created_at) VALUES ($1, $2, $3, $4, $5)";
const TAKE: &str = "DELETE FROM call_orders WHERE owner = $1 RETURNING call_id, kind, word";

const HANG_UP: &str = "hangup";
const TRANSFER: &str = "transfer";
const OVER: &str = "over";
const TAKEN: &str = "taken";
const ANSWERED: &str = "answered";

/// What is to become of a call, or has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallOrder {
    HangUp,
    /// Another phone takes it.
    Transfer(PhoneNumber),
    /// Twilio told somebody else that the call is over, in this word.
    Over(String),
    /// A stream of this epoch joined the call elsewhere.
    TakenOver(Epoch),
    /// Twilio told somebody else who picked up, in this word.
    Answered(String),
}

impl CallStore {
    /// Leaves word for the instance `owner`.
    pub async fn leave_order(&self, call: CallId, owner: &str, order: CallOrder) -> Result<(), StoreError> {
        let owner = owner.to_owned();
        let (kind, word) = match order {
            CallOrder::HangUp => (HANG_UP, None),
            CallOrder::Transfer(to) => (TRANSFER, Some(to.as_str().to_owned())),
            CallOrder::Over(word) => (OVER, Some(word)),
            CallOrder::TakenOver(epoch) => (TAKEN, Some(epoch.to_string())),
            CallOrder::Answered(word) => (ANSWERED, Some(word)),
        };
        self.run_soon(move |db| async move {
            let now = clock(&db).await?;
            execute(&db, ADD, [call.to_string().into(), owner.into(), kind.into(), word.into(), now.into()]).await.map(drop)
        })
        .await
    }

    /// What is wanted of the calls of `owner`, once.
    pub async fn take_orders(&self, owner: &str) -> Result<Vec<(CallId, CallOrder)>, StoreError> {
        let owner = owner.to_owned();
        self.run(move |db| async move {
            let taken = rows(&db, TAKE, [owner.into()]).await?;
            let read = |row: &QueryResult| Ok((row.try_get("", "call_id")?, row.try_get("", "kind")?, row.try_get("", "word")?));
            let read = taken.iter().map(read).collect::<Result<Vec<(String, String, Option<String>)>, StoreError>>()?;
            Ok(read.into_iter().filter_map(|(call, kind, word)| Some((call.parse().ok()?, order(&kind, word)?))).collect())
        })
        .await
    }
}

/// None for what another version may want.
fn order(kind: &str, word: Option<String>) -> Option<CallOrder> {
    match kind {
        HANG_UP => Some(CallOrder::HangUp),
        TRANSFER => Some(CallOrder::Transfer(word?.parse().ok()?)),
        OVER => word.map(CallOrder::Over),
        TAKEN => Some(CallOrder::TakenOver(word?.parse().ok()?)),
        ANSWERED => word.map(CallOrder::Answered),
        _ => None,
    }
}
