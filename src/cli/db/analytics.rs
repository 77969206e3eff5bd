//! `db analytics`: the figures of `GET /api/analytics`, for the eye and for spreadsheets.

use chrono::{DateTime, Days, Utc};
use serde::Serialize;

use super::Desk;
use super::args::{self, Analytics, Format};
use super::failure::{Failure, Outcome};
use super::output::{self, Record, table};
use super::tree::{Node, scalars};
use crate::cli::screen::{Paint, say};
use crate::store::{AnalyticsQuery, Interval};

pub async fn analytics(desk: &Desk, wish: &Analytics) -> Outcome {
    let figures = desk.store.analytics(&query(wish, Utc::now())?).await?;
    match wish.output.format {
        Format::Json => say(&serde_json::to_string_pretty(&figures).map_err(Failure::other)?),
        Format::Csv => output::print(Format::Csv, &lines(&Node::of(&figures).map_err(Failure::other)?))?,
        Format::Table => say(&tables(Node::of(&figures).map_err(Failure::other)?, Paint::detect())),
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
fn tables(figures: Node, paint: Paint) -> String {
    let Node::Fields(fields) = figures else { return String::new() };
    let (lists, single): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(_, node)| matches!(node, Node::List(_)));
    let rows = lines(&Node::Fields(single)).into_iter().map(|Line { figure, value }| vec![spelt(&figure), shown(value)]).collect();
    let first = table(Line::COLUMNS, rows, paint);
    let others = lists.iter().filter_map(|(name, list)| Some(format!("\n\n {}\n\n{}", paint.bold(&spelt(name)), list_table(list, paint)?)));
    first + &others.collect::<String>()
}

/// None of an empty list.
fn list_table(list: &Node, paint: Paint) -> Option<String> {
    let Node::List(parts) = list else { return None };
    let parts: Vec<Vec<(String, String)>> = parts.iter().map(scalars).collect();
    let header: Vec<String> = parts.first()?.iter().map(|(name, _)| spelt(name)).collect();
    let rows = parts.into_iter().map(|cells| cells.into_iter().map(|(_, value)| shown(value)).collect());
    Some(table(&header, rows.collect(), paint))
}

/// `by_status.completed` reads `by status: completed`.
fn spelt(name: &str) -> String {
    name.replace('_', " ").replace('.', ": ")
}

fn shown(value: String) -> String {
    if value.is_empty() { "-".to_owned() } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Node {
        let text = r#"{"total_calls":5,"by_status":{"completed":1},"rate":0.33333,"none":null,"by_hour":[
            {"start":"2026-11-22T09:00:00Z","calls":4,"answer":{"p95":12.0}},{"start":"2026-11-22T10:00:00Z","calls":1,"answer":{"p95":null}}]}"#;
        serde_json::from_str(text).expect("json")
    }

    #[test]
    fn figures_keep_their_order_and_their_names() {
        let lines: Vec<String> = lines(&tree()).into_iter().map(|Line { figure, value }| format!("{figure}={value}")).collect();

        assert_eq!(
            lines,
            [
                "total_calls=5",
                "by_status.completed=1",
                "rate=0.333",
                "none=",
                "by_hour.2026-11-22T09:00:00Z.calls=4",
                "by_hour.2026-11-22T09:00:00Z.answer.p95=12",
                "by_hour.2026-11-22T10:00:00Z.calls=1",
                "by_hour.2026-11-22T10:00:00Z.answer.p95=",
            ]
        );
    }

    #[test]
    fn a_list_is_a_table_of_its_own() {
        let text = tables(tree(), Paint::none());

        let lines: Vec<&str> = text.lines().collect();
        let words = |line: usize| lines[line].split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            [words(0), words(2), words(3), words(5)],
            ["figure value", "total calls 5", "by status: completed 1", "none -"],
            "{text}"
        );
        let hour = lines.iter().position(|line| *line == " by hour").expect("a title");
        assert_eq!([words(hour + 2), words(hour + 4)], ["start calls answer: p95", "2026-11-22T09:00:00Z 4 12"], "{text}");
    }
}
