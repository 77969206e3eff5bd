//! What people asked for in a call, on record before they are told so: to be called again, or never again.

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::CallStore;
use super::error::StoreError;
use super::sql::{clean, execute, moment};
use crate::types::{CallId, PhoneNumber, Redacted};

const CALL_BACK: &str = "INSERT INTO callbacks (id, call_id, phone_number, due_at, note, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (id) DO NOTHING";
/// The first time stands.
const OPT_OUT: &str = "INSERT INTO opt_outs (phone_number, call_id, source, opted_out_at) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (phone_number) DO NOTHING";

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

/// A number that wants no more calls.
#[derive(Clone, PartialEq, Eq)]
pub struct OptOut {
    pub number: PhoneNumber,
    /// The call in which it was said.
    pub call: Option<CallId>,
    /// A word for the way it was said.
    pub source: &'static str,
    pub at: DateTime<Utc>,
}

impl fmt::Debug for OptOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OptOut").field("call", &self.call).field("source", &self.source).finish_non_exhaustive()
    }
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

    /// Commits that the number wants no more calls. False if that was known.
    pub async fn opt_out(&self, opt_out: OptOut) -> Result<bool, StoreError> {
        let call = opt_out.call.map(|call| call.to_string());
        let values = [opt_out.number.as_str().into(), call.into(), opt_out.source.into(), moment(opt_out.at).into()];
        Ok(self.run_soon(move |db| async move { execute(&db, OPT_OUT, values).await }).await? > 0)
    }
}
