//! `db analytics`: the figures of `GET /api/analytics`, for the eye and for spreadsheets.

use chrono::{DateTime, Days, Utc};
use serde::Serialize;

use super::Desk;
use super::args::{Analytics, Format};
use super::failure::{Failure, Outcome};
use super::output::{self, Record, table};
use super::tree::{Node, scalars};
use crate::cli::screen::{Paint, say};

pub async fn analytics(desk: &Desk, wish: &Analytics) -> Outcome {
    let figures = desk.store.analytics(since(wish, Utc::now())).await?;
    match wish.output.format {
        Format::Json => say(&serde_json::to_string_pretty(&figures).map_err(Failure::other)?),
        Format::Csv => output::print(Format::Csv, &lines(&Node::of(&figures).map_err(Failure::other)?))?,
        Format::Table => say(&tables(Node::of(&figures).map_err(Failure::other)?, Paint::detect())),
    }
    Ok(0)
}

fn since(wish: &Analytics, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    wish.from.or_else(|| wish.days.and_then(|days| now.checked_sub_days(Days::new(days.into()))))
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
        assert_eq!(lines[..2], ["  figure                value", " ──────────────────────────────"], "{text}");
        assert!(lines.contains(&"  by status: completed      1"), "{text}");
        assert!(lines.contains(&"  none                      -"), "{text}");
        let hour = lines.iter().position(|line| *line == " by hour").expect("a title");
        assert_eq!(lines[hour + 2].split_whitespace().collect::<Vec<_>>(), ["start", "calls", "answer:", "p95"], "{text}");
        assert_eq!(lines[hour + 4].split_whitespace().collect::<Vec<_>>(), ["2026-11-22T09:00:00Z", "4", "12"], "{text}");
    }
}
