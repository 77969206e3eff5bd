//! Calls as they are read back: one by one, or page by page.

mod call;
mod cursor;
mod page;
mod search;
mod total;

pub use call::{Call, CallKey, ListedCall, Recording};
pub use cursor::{BadCursor, Cursor};
pub use search::{InvalidSearch, Search};

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, Condition, DatabaseConnection, DbBackend, EntityTrait, QueryFilter, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::CallStore;
use super::entity::call::{Column, Entity};
use super::error::StoreError;
use super::sql::moment;
use crate::types::{CallStatus, Direction, PhoneNumber};
use call::Line;

/// The longest page; a longer one asked for is cut to this.
const MAX_PAGE: u64 = 1000;
const PAGE: u64 = 50;

/// Which calls, and which page of them. What is not named does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryFilter {
    /// At most 1000.
    pub limit: u64,
    /// Does not matter with a cursor. Far offsets are slow: what is skipped is read.
    pub offset: u64,
    /// Where the page before this one ended; of the same filter.
    pub cursor: Option<Cursor>,
    pub sort: Sort,
    pub status: Option<CallStatus>,
    pub direction: Option<Direction>,
    /// On either end of the call.
    pub phone_number: Option<PhoneNumber>,
    pub assistant: Option<String>,
    /// Requested with this key.
    pub api_key_id: Option<String>,
    /// Calls that began then or later, and before `to`.
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    pub q: Option<Search>,
}

impl Default for HistoryFilter {
    fn default() -> Self {
        Self {
            limit: PAGE,
            offset: 0,
            cursor: None,
            sort: Sort::default(),
            status: None,
            direction: None,
            phone_number: None,
            assistant: None,
            api_key_id: None,
            from: None,
            to: None,
            q: None,
        }
    }
}

/// What comes first. Calls that are alike are in the order of their ids; calls without a duration come last, either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Sort {
    #[default]
    #[serde(rename = "-initiated_at")]
    Newest,
    #[serde(rename = "initiated_at")]
    Oldest,
    #[serde(rename = "-duration")]
    Longest,
    #[serde(rename = "duration")]
    Shortest,
}

/// Calls in their order, and how many there are in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub calls: Vec<ListedCall>,
    /// With a cursor: as it was on the first page.
    pub total: u64,
    /// The total is what the planner thinks: there are more than 100,000, or searching for all of them takes too long.
    pub total_is_estimate: bool,
    /// Leads to the next page; none on the last one.
    pub next: Option<Cursor>,
}

impl CallStore {
    /// Pages by cursor neither repeat nor leave out a call, also while calls come in; but one that ends meanwhile changes its place among durations.
    pub async fn call_history(&self, filter: &HistoryFilter) -> Result<Page, StoreError> {
        let wanted = filter.clone();
        let read = self.run(move |db| async move {
            let (calls, end) = page::read(&db, &wanted).await?;
            let total = total::of(&db, &wanted, calls.len() as u64, end.is_none()).await?;
            Ok((calls, end, total))
        });
        let (calls, end, total) = read.await?;
        let calls: Vec<ListedCall> = calls.into_iter().map(ListedCall::try_from).collect::<Result<_, _>>()?;
        let next = end.map(|end| Cursor::new(filter, end, total));
        Ok(Page { calls, total: total.calls, total_is_estimate: total.is_estimate, next })
    }
}

/// Those of these calls that there are, in no order.
pub(super) async fn listed(db: &DatabaseConnection, ids: BTreeSet<String>) -> Result<Vec<ListedCall>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let lines = Entity::find().select_only().columns(Line::COLUMNS).filter(Column::Id.is_in(ids));
    lines.into_model::<Line>().all(db).await?.into_iter().map(ListedCall::try_from).collect()
}

fn everything(filter: &HistoryFilter, backend: DbBackend) -> Condition {
    let number = ends(filter).map(|[from, to]| Condition::any().add(from).add(to));
    condition(filter, backend).add_option(number)
}

/// All but the phone number: it stands in one of two columns, and each of them is best asked by its own index.
fn condition(filter: &HistoryFilter, backend: DbBackend) -> Condition {
    Condition::all()
        .add_option(filter.status.map(|status| Column::Status.eq(status.as_str())))
        .add_option(filter.direction.map(|direction| Column::Direction.eq(direction.as_str())))
        .add_option(filter.assistant.as_deref().map(|assistant| Column::Assistant.eq(assistant)))
        .add_option(filter.api_key_id.as_deref().map(|key| Column::ApiKeyId.eq(key)))
        .add_option(filter.from.map(|from| Column::InitiatedAt.gte(moment(from))))
        .add_option(filter.to.map(|to| Column::InitiatedAt.lt(moment(to))))
        .add_option(filter.q.as_ref().map(|q| q.condition(backend)))
}

/// The columns of a phone number, if one is asked for.
fn ends(filter: &HistoryFilter) -> Option<[Condition; 2]> {
    let number = filter.phone_number.as_ref()?.as_str();
    Some([Column::FromNumber, Column::ToNumber].map(|column| Condition::all().add(column.eq(number))))
}
