//! What somebody wants of a call that another instance carries.

use super::CallStore;
use super::dials::clock;
use super::error::StoreError;
use super::sql::{execute, rows};
use crate::types::{CallId, PhoneNumber};

const ADD: &str = "INSERT INTO call_orders (call_id, owner, kind, phone_number, created_at) VALUES ($1, $2, $3, $4, $5)";
const TAKE: &str = "DELETE FROM call_orders WHERE owner = $1 RETURNING call_id, phone_number";

/// What is to become of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallOrder {
    HangUp,
    /// Another phone takes it.
    Transfer(PhoneNumber),
}

impl CallStore {
    /// Leaves word for the instance `owner`.
    pub async fn leave_order(&self, call: CallId, owner: &str, order: CallOrder) -> Result<(), StoreError> {
        let owner = owner.to_owned();
        let (kind, number) = match order {
            CallOrder::HangUp => ("hangup", None),
            CallOrder::Transfer(to) => ("transfer", Some(to.as_str().to_owned())),
        };
        self.run_soon(move |db| async move {
            let now = clock(&db).await?;
            execute(&db, ADD, [call.to_string().into(), owner.into(), kind.into(), number.into(), now.into()]).await.map(drop)
        })
        .await
    }

    /// What is wanted of the calls of `owner`, once.
    pub async fn take_orders(&self, owner: &str) -> Result<Vec<(CallId, CallOrder)>, StoreError> {
        let owner = owner.to_owned();
        self.run(move |db| async move {
            let taken = rows(&db, TAKE, [owner.into()]).await?;
            let read = taken.iter().map(|row| Ok((row.try_get("", "call_id")?, row.try_get("", "phone_number")?)));
            let read = read.collect::<Result<Vec<(String, Option<String>)>, StoreError>>()?;
            Ok(read.into_iter().filter_map(|(call, number)| order(&call, number)).collect())
        })
        .await
    }
}

fn order(call: &str, number: Option<String>) -> Option<(CallId, CallOrder)> {
    let order = match number {
        Some(number) => CallOrder::Transfer(number.parse().ok()?),
        None => CallOrder::HangUp,
    };
    Some((call.parse().ok()?, order))
}
