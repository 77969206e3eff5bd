//! `GET /api/call-history`: calls, newest first.

use actix_web::web;
use serde::{Deserialize, Serialize};

use super::views::CallView;
use super::{Doors, Problem};
use crate::store::HistoryFilter;
use crate::types::{CallStatus, Direction, PhoneNumber};

const PAGE: u64 = 50;
const MAX_PAGE: u64 = 200;

#[derive(Debug, Deserialize)]
pub(super) struct Query {
    limit: Option<u64>,
    #[serde(default)]
    offset: u64,
    status: Option<CallStatus>,
    direction: Option<Direction>,
    phone_number: Option<String>,
}

#[derive(Serialize)]
pub(super) struct History {
    calls: Vec<CallView>,
    total: u64,
    limit: u64,
    offset: u64,
}

pub(super) async fn call_history(doors: web::Data<Doors>, query: web::Query<Query>) -> Result<web::Json<History>, Problem> {
    let filter = query.into_inner().filter()?;
    let page = doors.engine.store().call_history(&filter).await?;
    let calls = page.calls.into_iter().map(CallView::from).collect();
    Ok(web::Json(History { calls, total: page.total, limit: filter.limit, offset: filter.offset }))
}

impl Query {
    fn filter(self) -> Result<HistoryFilter, Problem> {
        let limit = self.limit.unwrap_or(PAGE);
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(Problem::field("limit", format!("must be from 1 to {MAX_PAGE}")));
        }
        // In a query a `+` is a blank: a number may come without it.
        let number = self.phone_number.map(|text| format!("+{}", text.trim().trim_start_matches('+')).parse::<PhoneNumber>());
        let phone_number = number.transpose().map_err(|error| Problem::field("phone_number", error.to_string()))?;
        Ok(HistoryFilter { limit, offset: self.offset, status: self.status, direction: self.direction, phone_number })
    }
}
