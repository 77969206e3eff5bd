//! `GET /api/call-history`: calls, newest first if nothing else is asked for, as JSON or CSV.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use url::form_urlencoded::{Serializer, parse};
use utoipa::{IntoParams, ToSchema};

use super::csv::Table;
use super::format::Format;
use super::moment::Moment;
use super::slice::number;
use super::views::ListedView;
use super::{Doors, Problem};
use crate::store::{Cursor, HistoryFilter, Page, Sort};
use crate::types::{CallStatus, Direction};

const PAGE: u64 = 50;
const MAX_PAGE: u64 = 200;
/// Rows that are skipped are read all the same: from disk, far ones would take seconds.
const MAX_OFFSET: u64 = 10_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Query {
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u64>,
    /// Not with `cursor`, which goes further.
    #[param(maximum = 10_000, default = 0)]
    offset: Option<u64>,
    /// `next_cursor` of the page before, for the same query.
    cursor: Option<String>,
    #[serde(default)]
    #[param(inline)]
    sort: Sort,
    #[param(inline)]
    status: Option<CallStatus>,
    #[param(inline)]
    direction: Option<Direction>,
    /// Of either end, in E.164; the `+` may be left out.
    #[param(example = "+14155550142")]
    phone_number: Option<String>,
    assistant: Option<String>,
    /// As a call shows it.
    api_key_id: Option<String>,
    /// Calls that began then or later: a moment of RFC 3339, or a date.
    #[param(value_type = Option<String>, example = "2026-11-22")]
    from: Option<Moment>,
    /// Calls that began before.
    #[param(value_type = Option<String>, example = "2026-11-23T00:00:00Z")]
    to: Option<Moment>,
    /// A part of a number, a name or a sid, or the beginning of an id.
    #[param(min_length = 3, max_length = 100)]
    q: Option<String>,
}

/// A page. `next_cursor` leads to the one after it, as does the `Link` header.
#[derive(Serialize, ToSchema)]
#[schema(as = CallPage)]
pub(super) struct History {
    calls: Vec<ListedView>,
    /// Exact up to 100,000, if not searched for too long. With a cursor: as the first page counted.
    total: u64,
    total_is_estimate: bool,
    limit: u64,
    offset: u64,
    next_cursor: Option<String>,
}

/// Calls, newest first if nothing else is asked for
#[utoipa::path(
    get, path = "/api/call-history", operation_id = "listCalls", tag = "calls", params(Query),
    responses((
        status = 200, description = "A page of calls", content((History = "application/json"), (String = "text/csv")),
        headers(("Link" = String, description = "The next page, with `rel=\"next\"`; not on the last one"))
    ))
)]
pub(super) async fn call_history(request: HttpRequest, doors: web::Data<Doors>, query: web::Query<Query>) -> Result<HttpResponse, Problem> {
    let format = Format::of(&request)?;
    let filter = query.into_inner().filter()?;
    let history = History::of(doors.engine.store().call_history(&filter).await?, &filter);
    let mut answer = format.answer(&history, || Table::new(&ListedView::COLUMNS, &history.calls), "call-history")?;
    let next = history.next_cursor.as_deref().map(|cursor| next_page(&request, cursor));
    if let Some(link) = next.and_then(|link| header::HeaderValue::try_from(link).ok()) {
        answer.headers_mut().insert(header::LINK, link);
    }
    Ok(answer)
}

impl History {
    fn of(page: Page, filter: &HistoryFilter) -> Self {
        Self {
            calls: page.calls.into_iter().map(ListedView::from).collect(),
            total: page.total,
            total_is_estimate: page.total_is_estimate,
            limit: filter.limit,
            offset: filter.offset,
            next_cursor: page.next.map(|cursor| cursor.to_string()),
        }
    }
}

/// The same query from there on. RFC 8288
pub(super) fn next_page(request: &HttpRequest, cursor: &str) -> String {
    let kept = parse(request.query_string().as_bytes()).filter(|(name, _)| name != "offset" && name != "cursor");
    let query = Serializer::new(String::new()).extend_pairs(kept).append_pair("cursor", cursor).finish();
    format!("<{}?{query}>; rel=\"next\"", request.path())
}

impl Query {
    fn filter(self) -> Result<HistoryFilter, Problem> {
        let filter = HistoryFilter {
            limit: self.limit()?,
            offset: self.offset()?,
            cursor: self
                .cursor
                .map(|text| text.parse::<Cursor>())
                .transpose()
                .map_err(|error| Problem::field("cursor", error.to_string()))?,
            sort: self.sort,
            status: self.status,
            direction: self.direction,
            phone_number: self.phone_number.as_deref().map(|text| number("phone_number", text)).transpose()?,
            assistant: self.assistant,
            api_key_id: self.api_key_id,
            from: self.from.map(|moment| moment.0),
            to: self.to.map(|moment| moment.0),
            q: self.q.map(|text| text.parse()).transpose().map_err(|error| Problem::field("q", format!("{error}")))?,
        };
        match &filter.cursor {
            Some(cursor) if !cursor.belongs_to(&filter) => Err(Problem::field("cursor", "belongs to another query: begin without it")),
            _ => Ok(filter),
        }
    }

    fn limit(&self) -> Result<u64, Problem> {
        let limit = self.limit.unwrap_or(PAGE);
        if (1..=MAX_PAGE).contains(&limit) { Ok(limit) } else { Err(Problem::field("limit", format!("must be from 1 to {MAX_PAGE}"))) }
    }

    fn offset(&self) -> Result<u64, Problem> {
        match self.offset {
            Some(_) if self.cursor.is_some() => Err(Problem::field("offset", "a cursor says already where to begin")),
            Some(offset) if offset > MAX_OFFSET => {
                Err(Problem::field("offset", format!("must be at most {MAX_OFFSET}: to go further follow `next_cursor`")))
            }
            offset => Ok(offset.unwrap_or_default()),
        }
    }
}
