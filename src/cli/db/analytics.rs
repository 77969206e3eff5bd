//! `db analytics`: the figures of `GET /api/analytics`, for the eye and for spreadsheets.

use chrono::{DateTime, Days, Utc};
use serde::Serialize;

use super::Desk;
use super::args::{self, Analytics, Format};
use super::failure::{Failure, Outcome};
use super::output::{self, Record, columns_that_fit, table};
use super::tree::{Node, scalars};
use crate::cli::screen::{Paint, say};
use crate::store::{AnalyticsQuery, Interval};

pub async fn analytics(desk: &Desk, wish: &Analytics) -> Outcome {
    let figures = desk.store.analytics(&query(wish, Utc::now())?).await?;
    match wish.output.format {
        Format::Json => say(&serde_json::to_string_pretty(&figures).map_err(Failure::other)?),
        Format::Csv => output::print(Format::Csv, &lines(&Node::of(&figures).map_err(Failure::other)?))?,
        Format::Table => say(&tables(Node::of(&figures).map_err(Failure::other)?, output::width(), Paint::detect())),
    }
    Ok(0)
}

fn query(wish: &Analytics, now: DateTime<Utc>) -> Result<AnalyticsQuery, Failure> {
    if let (Some(from), Some(to)) = (wish.from, wish.to)
        && from >= to
    {
        return Err(Failure::usage("--from has to be before --to: no call can have begun between them"));
    }
    let days_ago = wish.days.and_then(|days| now.checked_sub_days(Days::new(days.into())));
    let interval = wish.interval.map(|interval| match interval {
        args::Interval::Hour => Interval::Hour,
        args::Interval::Day => Interval::Day,
        args::Interval::Month => Interval::Month,
    });
    Ok(AnalyticsQuery { from: wish.from.or(days_ago), to: wish.to, assistant: wish.assistant.clone(), interval, now })
}

/// A figure by the names that lead to it.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Line {
    figure: String,
    value: String,
}

impl Record for Line {
    const COLUMNS: &'static [&'static str] = &["figure", "value"];
}

fn lines(figures: &Node) -> Vec<Line> {
    scalars(figures).into_iter().map(|(figure, value)| Line { figure, value }).collect()
}

/// One table of single figures, and one of each list.
fn tables(figures: Node, width: Option<u16>, paint: Paint) -> String {
    let Node::Fields(fields) = figures else { return String::new() };
    let (lists, single): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(_, node)| matches!(node, Node::List(_)));
    let rows = lines(&Node::Fields(single)).into_iter().map(|Line { figure, value }| vec![spelt(&figure), shown(value)]).collect();
    let mut text = table(Line::COLUMNS, rows, paint);
    for (name, list) in &lists {
        text.extend(list_table(&spelt(name), list, width, paint));
    }
    text
}

/// None of an empty list. Left out is what would say nothing, and what has no room.
fn list_table(title: &str, list: &Node, width: Option<u16>, paint: Paint) -> Option<String> {
    let Node::List(parts) = list else { return None };
    let parts: Vec<Vec<(String, String)>> = parts.iter().map(scalars).collect();
    let names: Vec<String> = parts.first()?.iter().map(|(name, _)| spelt(name).replace(' ', "\n")).collect();
    let happened = parts.iter().filter(|part| part.iter().skip(1).any(|(_, value)| !matches!(value.as_str(), "" | "0")));
    let rows: Vec<Vec<String>> = happened.map(|part| part.iter().map(|(_, value)| shown(value.clone())).collect()).collect();
    if rows.is_empty() {
        return Some(format!("\n\n  {}\n  nothing happened", paint.bold(title)));
    }
    let shown = columns_that_fit(&names, &rows, width);
    let left_out = left_out(parts.len() - rows.len(), names.len() - shown);
    let rows: Vec<Vec<String>> = rows.into_iter().map(|row| row.into_iter().take(shown).collect()).collect();
    let table = table(names.get(..shown).unwrap_or_default(), rows, paint);
    Some(format!("\n\n  {}\n{table}{}", paint.bold(title), paint.dim(&left_out)))
}

fn left_out(parts: usize, columns: usize) -> String {
    let parts = (parts > 0).then(|| format!("{parts} in which nothing happened"));
    let columns = (columns > 0).then(|| format!("{columns} of the columns for want of room"));
    let both: Vec<String> = parts.into_iter().chain(columns).collect();
    if both.is_empty() { String::new() } else { format!("\n  left out: {}; -o json has all", both.join(", ")) }
}

/// `by_status.completed` reads `by status: completed`.
fn spelt(name: &str) -> String {
    name.replace('_', " ").replace('.', ": ")
}

/// A moment to the minute; a dash for nothing.
fn shown(value: String) -> String {
    match DateTime::parse_from_rfc3339(&value) {
        Ok(moment) => moment.to_utc().format("%Y-%m-%d %H:%M").to_string(),
        Err(_) if value.is_empty() => "-".to_owned(),
        Err(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Node {
        let text = r#"{"total_calls":5,"by_status":{"completed":1},"rate":0.33333,"none":null,"by_hour":[
            {"start":"2026-11-22T08:00:00Z","calls":0,"answer":{"p95":null}},{"start":"2026-11-22T09:00:00Z","calls":4,"answer":{"p95":12.0}},
            {"start":"2026-11-22T10:00:00Z","calls":1,"answer":{"p95":null}}]}"#;
        serde_json::from_str(text).expect("json")
    }

    /// With one blank between words.
    fn text(width: Option<u16>) -> Vec<String> {
        let text = tables(tree(), width, Paint::none());
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn figures_keep_their_order_and_their_names() {
        let lines: Vec<String> = lines(&tree()).into_iter().map(|Line { figure, value }| format!("{figure}={value}")).collect();

        assert_eq!(lines[..4], ["total_calls=5", "by_status.completed=1", "rate=0.333", "none="]);
        assert_eq!(lines[6..8], ["by_hour.2026-11-22T09:00:00Z.calls=4", "by_hour.2026-11-22T09:00:00Z.answer.p95=12"]);
    }

    #[test]
    fn a_list_is_a_table_of_its_own_without_the_parts_in_which_nothing_happened() {
        let lines = text(None);

        assert_eq!([&*lines[0], &lines[2], &lines[3], &lines[5]], ["figure value", "total calls 5", "by status: completed 1", "none -"]);
        let hours = lines.iter().position(|line| line == "by hour").expect("a title");
        assert_eq!(lines[hours + 1..hours + 3], ["start calls answer:", "p95"]);
        let rest = ["2026-11-22 09:00 4 12", "2026-11-22 10:00 1 -", "left out: 1 in which nothing happened; -o json has all"];
        assert_eq!(lines[hours + 4..], rest);
    }

    #[test]
    fn a_list_in_which_nothing_happened_says_so() {
        let quiet = serde_json::from_str(r#"{"calls":0,"by_hour":[{"start":"2026-11-22T08:00:00Z","calls":0}]}"#).expect("json");

        assert!(tables(quiet, None, Paint::none()).ends_with("\n\n  by hour\n  nothing happened"));
    }

    #[test]
    fn columns_for_which_there_is_no_room_are_left_out_and_counted() {
        let lines = text(Some(32));

        assert_eq!(
            lines.last().map(String::as_str),
            Some("left out: 1 in which nothing happened, 1 of the columns for want of room; -o json has all")
        );
        assert!(lines.contains(&"2026-11-22 09:00 4".to_owned()), "{lines:#?}");
    }
}
