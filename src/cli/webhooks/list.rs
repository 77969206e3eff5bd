//! `webhooks list` and `webhooks resend`, by the API of a running instance.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;

use super::args::{List, Resend};
use crate::cli::calls::api::{Answer, Api, CSV, JSON};
use crate::cli::calls::args::Shape;
use crate::cli::calls::told::plain;
use crate::cli::calls::trouble::Trouble;
use crate::cli::db::args::Format;
use crate::cli::db::output::{columns_that_fit, table, width};
use crate::cli::screen::{Paint, complain, say};

const PATH: &str = "webhook-deliveries";

#[derive(Deserialize)]
struct Page {
    receiver: Option<String>,
    deliveries: Vec<Line>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Line {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    state: String,
    attempts: u32,
    last_status: Option<u16>,
    took_ms: Option<u64>,
    next_attempt_at: Option<DateTime<Utc>>,
    delivered_at: Option<DateTime<Utc>>,
    last_error: Option<String>,
    call_id: String,
}

pub async fn list(api: Result<Api, Trouble>, wish: &List) -> Result<i32, Trouble> {
    let api = api?;
    let filter = [("state", wish.state.clone()), ("call", wish.call.map(|call| call.to_string())), ("limit", Some(wish.limit.to_string()))];
    let query: Vec<_> = filter.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    match wish.format {
        Format::Csv => say(api.get(&[PATH], &query, CSV).await?.body.trim_end()),
        Format::Json => say(&api.get(&[PATH], &query, JSON).await?.body),
        Format::Table => show(&api.read(&api.get(&[PATH], &query, JSON).await?)?),
    }
    Ok(0)
}

pub async fn resend(api: Result<Api, Trouble>, wish: &Resend) -> Result<i32, Trouble> {
    let api = api?;
    let answer: Answer = api.post(&[PATH, &wish.event.to_string(), "resend"], &json!({}), &[]).await?;
    match wish.output.format {
        Shape::Json => say(&answer.body),
        Shape::Table => {
            let line: Line = api.read(&answer)?;
            say(&format!("{}  {} is told again in a moment", line.id, line.kind));
        }
    }
    Ok(0)
}

fn show(page: &Page) {
    if page.receiver.is_none() {
        complain("  nobody is told of calls: WEBHOOK_URL is not set there");
    }
    if page.deliveries.is_empty() {
        return complain("no event is like that");
    }
    say(&lines_table(&page.deliveries, width(), Paint::detect()));
    if page.next_cursor.is_some() {
        complain(&format!("  the newest {}; --limit N shows more", page.deliveries.len()));
    }
}

const COLUMNS: [&str; 8] = ["event", "type", "state", "tries", "status", "ms", "when, utc", "call"];

/// The columns for which there is room.
fn lines_table(lines: &[Line], width: Option<u16>, paint: Paint) -> String {
    let names = COLUMNS.map(str::to_owned);
    let rows: Vec<Vec<String>> = lines.iter().map(row).collect();
    let fitting = columns_that_fit(&names, &rows, width).max(1);
    let rows = rows.into_iter().map(|row| row.into_iter().take(fitting).collect()).collect();
    table(names.get(..fitting).unwrap_or_default(), rows, paint)
}

/// Without a status it says why there is none.
fn row(line: &Line) -> Vec<String> {
    let none = || "-".to_owned();
    let at = |moment: DateTime<Utc>| moment.format("%m-%d %H:%M:%S").to_string();
    let when = line.delivered_at.map(at).or_else(|| line.next_attempt_at.map(|next| format!("again {}", at(next))));
    let status = line.last_status.map(|status| status.to_string()).or_else(|| line.last_error.clone());
    let cells = [
        line.id.clone(),
        line.kind.clone(),
        line.state.replace('_', " "),
        line.attempts.to_string(),
        status.unwrap_or_else(none),
        line.took_ms.map_or_else(none, |ms| ms.to_string()),
        when.unwrap_or_else(none),
        line.call_id.clone(),
    ];
    cells.iter().map(|cell| plain(cell)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_says_until_when_and_what_was_not_answered_why() {
        let page = r#"[{"id":"evt_2","type":"call.completed","call_id":"c","state":"pending","attempts":1,"last_status":null,
            "last_error":"the server cannot be reached","took_ms":3,"next_attempt_at":"2026-11-23T12:00:05Z","delivered_at":null},
            {"id":"evt_1","type":"call.initiated","call_id":"c","state":"delivered","attempts":1,"last_status":204,"last_error":null,
            "took_ms":12,"next_attempt_at":null,"delivered_at":"2026-11-23T12:00:00Z"}]"#;
        let lines: Vec<Line> = serde_json::from_str(page).expect("lines");

        let text = lines_table(&lines, None, Paint::none()).split_whitespace().collect::<Vec<_>>().join(" ");

        assert!(text.contains("evt_2 call.completed pending 1 the server cannot be reached 3 again 11-23 12:00:05 c"), "{text}");
        assert!(text.contains("evt_1 call.initiated delivered 1 204 12 11-23 12:00:00 c"), "{text}");
    }
}
