//! `calls list`: the call history, page after page.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::api::{Answer, Api, CSV, JSON};
use super::args::List;
use super::told::{CallLine, clock, dollars, plain};
use super::trouble::Trouble;
use crate::cli::db::args::Format;
use crate::cli::db::output::{columns_that_fit, table, width};
use crate::cli::screen::{Paint, complain, say};

/// The longest that the API gives.
const PAGE: u64 = 200;

/// A page of the API, or several; calls stand as the API wrote them.
#[derive(Deserialize, Serialize)]
struct Page {
    calls: Vec<Box<RawValue>>,
    total: u64,
    total_is_estimate: bool,
    limit: u64,
    offset: u64,
    next_cursor: Option<String>,
}

pub async fn list(api: &Api, wish: &List) -> Result<i32, Trouble> {
    let wanted = if wish.all { u64::MAX } else { wish.limit };
    let filter = filter(wish, Utc::now());
    match wish.format {
        Format::Csv => say(rows(api, &filter, wanted).await?.trim_end()),
        Format::Json => say(&pages(api, &filter, wanted).await?),
        Format::Table => show(&read(api, &pages(api, &filter, wanted).await?)?),
    }
    Ok(0)
}

type Filter = Vec<(&'static str, String)>;

fn filter(wish: &List, now: DateTime<Utc>) -> Filter {
    let number = wish.number.as_ref().map(|number| number.as_str().to_owned());
    let from = wish.since.map(|since| since.before(now).to_rfc3339_opts(SecondsFormat::Secs, true));
    let asked = [
        ("status", wish.status.clone()),
        ("direction", wish.direction.clone()),
        ("phone_number", number),
        ("assistant", wish.assistant.clone()),
        ("from", from),
        ("q", wish.search.clone()),
    ];
    asked.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

async fn page(api: &Api, filter: &Filter, limit: u64, cursor: Option<String>, accept: &'static str) -> Result<Answer, Trouble> {
    let mut query = filter.clone();
    query.push(("limit", limit.min(PAGE).to_string()));
    query.extend(cursor.map(|cursor| ("cursor", cursor)));
    api.get(&["call-history"], &query, accept).await
}

/// One page as it came; of several, one with all their calls.
async fn pages(api: &Api, filter: &Filter, wanted: u64) -> Result<String, Trouble> {
    let first = page(api, filter, wanted, None, JSON).await?;
    let mut all: Page = api.read(&first)?;
    if all.next_cursor.is_none() || all.calls.len() as u64 >= wanted {
        return Ok(first.body);
    }
    while let Some(cursor) = all.next_cursor.take() {
        let missing = wanted.saturating_sub(all.calls.len() as u64);
        if missing == 0 {
            all.next_cursor = Some(cursor);
            break;
        }
        let next: Page = api.read(&page(api, filter, missing, Some(cursor), JSON).await?)?;
        all.calls.extend(next.calls);
        all.next_cursor = next.next_cursor;
    }
    all.limit = all.calls.len() as u64;
    serde_json::to_string(&all).map_err(|error| Trouble::Usage(error.to_string()))
}

/// The same as CSV, with one header.
async fn rows(api: &Api, filter: &Filter, wanted: u64) -> Result<String, Trouble> {
    let (mut text, mut missing, mut cursor) = (String::new(), wanted, None);
    loop {
        let page = page(api, filter, missing, cursor.take(), CSV).await?;
        let rows = if text.is_empty() { page.body.as_str() } else { page.body.split_once("\r\n").map_or("", |(_, rows)| rows) };
        text.push_str(rows);
        missing = missing.saturating_sub(PAGE);
        cursor = next_cursor(&page);
        if cursor.is_none() || missing == 0 {
            return Ok(text);
        }
    }
}

/// Of the link to the next page. RFC 8288
fn next_cursor(page: &Answer) -> Option<String> {
    let link = page.headers.get("link")?.to_str().ok()?;
    let (_, query) = link.split_once('<')?.1.split_once('>')?.0.split_once('?')?;
    url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "cursor").map(|(_, cursor)| cursor.into_owned())
}

/// What people are shown.
struct Shown {
    calls: Vec<CallLine>,
    total: u64,
    total_is_estimate: bool,
}

fn read(api: &Api, body: &str) -> Result<Shown, Trouble> {
    #[derive(Deserialize)]
    struct Lines {
        calls: Vec<CallLine>,
        total: u64,
        total_is_estimate: bool,
    }
    let Lines { calls, total, total_is_estimate } = api.read(&Answer::of(body))?;
    Ok(Shown { calls, total, total_is_estimate })
}

fn show(shown: &Shown) {
    if shown.calls.is_empty() {
        return complain("no call is like that");
    }
    say(&calls_table(&shown.calls, Utc::now(), width(), Paint::detect()));
    if (shown.calls.len() as u64) < shown.total {
        let about = if shown.total_is_estimate { "about " } else { "" };
        complain(&format!("  {} of {about}{}; --limit N or --all shows more", shown.calls.len(), shown.total));
    }
}

const COLUMNS: [&str; 10] = ["call", "status", "number", "began, utc", "length", "latency", "turns", "cost", "assistant", "name"];

/// The columns for which there is room.
fn calls_table(calls: &[CallLine], now: DateTime<Utc>, width: Option<u16>, paint: Paint) -> String {
    let names = COLUMNS.map(str::to_owned);
    let rows: Vec<Vec<String>> = calls.iter().map(|call| row(call, now)).collect();
    let fitting = columns_that_fit(&names, &rows, width).max(1);
    let rows = rows.into_iter().map(|row| row.into_iter().take(fitting).collect()).collect();
    table(names.get(..fitting).unwrap_or_default(), rows, paint)
}

fn row(call: &CallLine, now: DateTime<Utc>) -> Vec<String> {
    let none = || "-".to_owned();
    let turns = call.ai_responses.zip(call.user_inputs).map(|(ai, user)| (ai + user).to_string());
    let cells = [
        call.id.clone(),
        call.state(),
        call.other_side(),
        began(call.initiated_at, now),
        call.length(now).map_or_else(none, clock),
        call.latency_p50_ms.map_or_else(none, |ms| ms.to_string()),
        turns.unwrap_or_else(none),
        call.cost_usd.map_or_else(none, dollars),
        call.assistant.clone(),
        call.name.clone().unwrap_or_default(),
    ];
    cells.iter().map(|cell| plain(cell)).collect()
}

/// The year is told if it is another.
fn began(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let this_year = at.format("%Y").to_string() == now.format("%Y").to_string();
    at.format(if this_year { "%m-%d %H:%M" } else { "%Y-%m-%d %H:%M" }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(status: &str, began: &str) -> CallLine {
        let text = format!(
            r#"{{"id":"01980a4e-7d55-7c3e-a5a2-0c8f1b2d3e4f","direction":"inbound","from_number":"+14155550123","to_number":"+14155550100",
            "assistant":"clinic","model":"m","status":"{status}","ended_reason":"no_answer","initiated_at":"{began}","duration_seconds":31.2,
            "latency_p50_ms":647,"ai_responses":4,"user_inputs":3,"cost_usd":0.0042,"name":"A\u001bnn"}}"#
        );
        serde_json::from_str(&text).expect("a call")
    }

    #[test]
    fn a_table_has_as_many_columns_as_the_terminal_has_room_for() {
        let calls = [call("completed", "2026-11-23T12:00:00Z"), call("failed", "2025-11-23T12:00:00Z")];
        let now = "2026-11-23T13:00:00Z".parse().expect("a moment");
        let text = |width| calls_table(&calls, now, width, Paint::none());

        let all = text(None).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(all.contains("completed from +14155550123 11-23 12:00 0:31 647 7 $0.0042 clinic A nn"), "{all}");
        assert!(all.contains("failed: no answer from +14155550123 2025-11-23 12:00"), "{all}");
        for columns in [60, 80, 100, 120] {
            let lines = text(Some(columns));
            assert!(lines.lines().all(|line| line.chars().count() <= usize::from(columns)), "{lines}");
            assert!(lines.contains("01980a4e-7d55-7c3e-a5a2-0c8f1b2d3e4f"), "{lines}");
        }
    }

    #[test]
    fn the_next_page_is_found_in_its_link() {
        let mut page = Answer::of("");
        assert_eq!(next_cursor(&page), None);

        let link = awc::http::header::HeaderValue::from_static("</api/call-history?limit=2&cursor=a%2Bb>; rel=\"next\"");
        page.headers.insert(awc::http::header::LINK, link);
        assert_eq!(next_cursor(&page).as_deref(), Some("a+b"));
    }
}
