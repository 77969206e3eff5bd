//! Calls of which Twilio's last word is missing: its callback was lost, or whoever it went to.

use std::time::Duration;

use chrono::TimeDelta;

use super::CallStore;
use super::dials::clock;
use super::error::StoreError;
use super::sql::rows;
use crate::types::{CallId, CallSid};

/// Not yet answered for so long, or over for so long; looked at again only after a while, and not for ever.
const TAKE: &str = "UPDATE call_logs SET looked_at = $1 WHERE id IN (SELECT id FROM call_logs \
     WHERE direction = 'outbound' AND call_sid IS NOT NULL \
     AND (twilio_status IS NULL OR twilio_status NOT IN ('completed', 'busy', 'failed', 'no-answer', 'canceled')) \
     AND COALESCE(scheduled_at, initiated_at) > $2 AND (looked_at IS NULL OR looked_at < $3) \
     AND (ended_at < $4 OR (ended_at IS NULL AND connected_at IS NULL AND COALESCE(ringing_at, scheduled_at, initiated_at) < $5)) \
     ORDER BY initiated_at LIMIT 20) RETURNING id, call_sid";

/// How long Twilio may take to tell, before it is asked.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Since the call ended for us.
    pub ended: Duration,
    /// Since it began to ring.
    pub ringing: Duration,
    /// Between two questions about one call.
    pub again: Duration,
    /// Older calls are let be.
    pub oldest: Duration,
}

impl CallStore {
    /// Calls that Twilio is to be asked about, a few at a time; each goes to one instance.
    pub async fn unsettled(&self, patience: Patience) -> Result<Vec<(CallId, CallSid)>, StoreError> {
        self.run(move |db| async move {
            let now = clock(&db).await?;
            let ago = |time: Duration| now - TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX);
            let times = [patience.oldest, patience.again, patience.ended, patience.ringing].map(|time| ago(time).into());
            let taken = rows(&db, TAKE, std::iter::once(now.into()).chain(times)).await?;
            let read = taken.iter().map(|row| Ok((row.try_get("", "id")?, row.try_get("", "call_sid")?)));
            let read = read.collect::<Result<Vec<(String, String)>, StoreError>>()?;
            Ok(read.iter().filter_map(|(id, sid)| Some((id.parse().ok()?, sid.parse().ok()?))).collect())
        })
        .await
    }
}
