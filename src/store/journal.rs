//! What the peers of a call said to each other, as it is kept with each of its streams.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};

use super::CallStore;
use super::entity::{Private, stream};
use super::error::StoreError;
use super::sql::small;
use crate::session::{Journal, JournalEntry, JournalLeg};
use crate::types::{CallId, Epoch};

/// Of one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamJournal {
    pub epoch: Epoch,
    pub started: DateTime<Utc>,
    pub journal: StoredJournal,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredJournal {
    pub entries: Vec<StoredEntry>,
    /// How many of the first are not kept.
    pub dropped: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEntry {
    /// Since the stream began.
    pub at_ms: u64,
    /// `twilio` or `model`.
    pub leg: String,
    /// `in` or `out`, as the engine sees it.
    pub direction: String,
    pub name: String,
    pub detail: Option<String>,
    pub count: u32,
}

impl CallStore {
    /// Of every stream that has ended, in their order.
    pub async fn journals(&self, call: CallId) -> Result<Vec<StreamJournal>, StoreError> {
        use stream::Column as S;
        let found = stream::Entity::find().select_only().columns([S::Epoch, S::StartedAt, S::Journal]);
        let found = found.filter(S::CallId.eq(call.to_string())).filter(S::Journal.is_not_null()).order_by_asc(S::Epoch);
        let rows: Vec<(i64, DateTime<Utc>, Private)> = self.run(|db| async move { Ok(found.into_tuple().all(&db).await?) }).await?;
        let read = |(epoch, started, journal): (i64, DateTime<Utc>, Private)| {
            let journal = serde_json::from_str(&journal.0).unwrap_or_default();
            StreamJournal { epoch: Epoch::new(small(epoch)), started, journal }
        };
        Ok(rows.into_iter().map(read).collect())
    }
}

impl StoredJournal {
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl From<&Journal> for StoredJournal {
    fn from(journal: &Journal) -> Self {
        Self { entries: journal.entries().into_iter().map(StoredEntry::from).collect(), dropped: journal.dropped() }
    }
}

impl From<JournalEntry> for StoredEntry {
    fn from(entry: JournalEntry) -> Self {
        let leg = match entry.leg {
            JournalLeg::Phone => "twilio",
            JournalLeg::Model => "model",
        };
        Self {
            at_ms: u64::try_from(entry.at.as_millis()).unwrap_or(u64::MAX),
            leg: leg.to_owned(),
            direction: if entry.is_inbound { "in" } else { "out" }.to_owned(),
            name: entry.name.to_owned(),
            detail: entry.detail,
            count: entry.count,
        }
    }
}
