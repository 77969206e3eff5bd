//! What people asked for in a call, on record before they are told so.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::CallStore;
use super::error::StoreError;
use super::sql::{clean, execute, moment};
use crate::types::{CallId, PhoneNumber, Redacted};

const CALL_BACK: &str = "INSERT INTO callbacks (id, call_id, phone_number, due_at, note, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (id) DO NOTHING";
/// A call that somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    pub id: Uuid,
    /// The call in which it was asked for.
    pub call: CallId,
    pub number: PhoneNumber,
    pub at: DateTime<Utc>,
    pub note: Option<Redacted<String>>,
    pub created: DateTime<Utc>,
}

impl CallStore {
    /// Commits a call that somebody asked for. The same id makes no second row.
    pub async fn schedule_callback(&self, callback: Callback) -> Result<(), StoreError> {
        let note = callback.note.as_ref().map(|note| clean(note));
        let values = [
            callback.id.to_string().into(),
            callback.call.to_string().into(),
            callback.number.as_str().into(),
            moment(callback.at).into(),
            note.into(),
            moment(callback.created).into(),
        ];
        self.run_soon(move |db| async move { execute(&db, CALL_BACK, values).await }).await.map(drop)
    }
}
