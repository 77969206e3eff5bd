//! What calls have cost, those that still run as far as they have come.

use super::CallStore;
use super::error::StoreError;
use super::sql::{rows, unsigned};
use crate::types::CallId;

const OF_CALL: &str = "SELECT CAST(COALESCE(SUM(model_cost_nanos + transcription_cost_nanos), 0) AS BIGINT) AS nanos \
     FROM stream_logs WHERE call_id = $1";

impl CallStore {
    /// What the streams of a call have cost so far, without the phone line; in billionths of a US dollar.
    pub async fn spent(&self, call: CallId) -> Result<u64, StoreError> {
        self.run_soon(move |db| async move {
            let row = rows(&db, OF_CALL, [call.to_string().into()]).await?.pop();
            Ok(unsigned(row.map_or(Ok(0), |row| row.try_get("", "nanos"))?))
        })
        .await
    }
}
