//! Lists of records, for the eye and for other programs.

use std::io::IsTerminal as _;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use serde::Serialize;

use super::args::Format;
use super::failure::Failure;
use crate::cli::screen::{Paint, say};

/// Columns between columns.
const GAP: usize = 3;

/// A flat record: texts, numbers, truths, and any of them or nothing.
pub trait Record: Serialize {
    /// The names of the fields, in their order.
    const COLUMNS: &'static [&'static str];
}

/// Prints all records; of none, an empty array or the header alone.
pub fn print<R: Record>(format: Format, records: &[R]) -> Result<(), Failure> {
    say(rendered(format, records, Paint::detect())?.trim_end());
    Ok(())
}

fn rendered<R: Record>(format: Format, records: &[R], paint: Paint) -> Result<String, Failure> {
    match format {
        Format::Json => Ok(serde_json::to_string_pretty(records).map_err(Failure::other)?),
        Format::Csv => csv_of(records),
        Format::Table => table_of(records, paint),
    }
}

fn csv_of<R: Record>(records: &[R]) -> Result<String, Failure> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(R::COLUMNS).map_err(Failure::other)?;
    for record in records {
        writer.serialize(record).map_err(Failure::other)?;
    }
    let bytes = writer.into_inner().map_err(|error| Failure::other(error.into_error()))?;
    String::from_utf8(bytes).map_err(Failure::other)
}

fn table_of<R: Record>(records: &[R], paint: Paint) -> Result<String, Failure> {
    let text = csv_of(records)?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut rows: Vec<Vec<String>> = Vec::new();
    for row in reader.records() {
        rows.push(row.map_err(Failure::other)?.iter().map(str::to_owned).collect());
    }
    Ok(table(R::COLUMNS, rows, paint))
}

/// As wide as the terminal at most; columns of numbers are set to the right.
#[must_use]
pub fn table(header: &[impl AsRef<str>], rows: Vec<Vec<String>>, paint: Paint) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    if let Some(width) = width() {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width.saturating_sub(1));
    }
    let numbers: Vec<usize> = (0..header.len()).filter(|column| is_of_numbers(&rows, *column)).collect();
    table.set_header(header.iter().map(|name| name.as_ref().replace('_', " "))).add_rows(rows);
    for column in numbers {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let text = table.to_string();
    let title = text.lines().position(|line| line.contains('─')).unwrap_or_default();
    let line = |(number, line): (usize, &str)| {
        let line = format!(" {}", line.trim_end());
        if number <= title { paint.dim(&line) } else { line }
    };
    text.lines().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// Of the terminal, where there is one.
#[must_use]
pub fn width() -> Option<u16> {
    std::io::stdout().is_terminal().then(|| Table::new().width()).flatten()
}

/// How many of the first columns a table may have, so that nothing in it is broken.
#[must_use]
pub fn columns_that_fit(names: &[String], rows: &[Vec<String>], width: Option<u16>) -> usize {
    let Some(width) = width.map(usize::from) else { return names.len() };
    let longest = |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text.chars().count()).max().unwrap_or_default();
    let mut room = width.saturating_sub(4);
    let fits = |column: &usize| {
        let cells = rows.iter().filter_map(|row| row.get(*column)).map(String::as_str);
        let needed = longest(&mut names.iter().skip(*column).take(1).flat_map(|name| name.lines()).chain(cells)) + GAP;
        room.checked_sub(needed).map(|left| room = left).is_some()
    };
    (0..names.len()).take_while(fits).count()
}

fn is_of_numbers(rows: &[Vec<String>], column: usize) -> bool {
    let mut cells = rows.iter().filter_map(|row| row.get(column)).filter(|cell| !cell.is_empty() && *cell != "-").peekable();
    cells.peek().is_some() && cells.all(|cell| cell.parse::<f64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Step {
        name: &'static str,
        took_ms: Option<u64>,
    }

    impl Record for Step {
        const COLUMNS: &'static [&'static str] = &["name", "took_ms"];
    }

    const STEPS: [Step; 2] = [Step { name: "one, two", took_ms: Some(12_345) }, Step { name: "three", took_ms: None }];

    fn text(format: Format, steps: &[Step]) -> String {
        rendered(format, steps, Paint::none()).expect("rendered")
    }

    #[test]
    fn csv_has_a_header_and_quotes_what_needs_it() {
        assert_eq!(text(Format::Csv, &STEPS), "name,took_ms\n\"one, two\",12345\nthree,\n");
        assert_eq!(text(Format::Csv, &[]), "name,took_ms\n");
    }

    #[test]
    fn json_is_an_array_of_objects_also_of_none() {
        let read: serde_json::Value = serde_json::from_str(&text(Format::Json, &STEPS)).expect("json");

        assert_eq!(read, serde_json::json!([{ "name": "one, two", "took_ms": 12_345 }, { "name": "three", "took_ms": null }]));
        assert_eq!(text(Format::Json, &[]), "[]");
    }

    #[test]
    fn a_table_has_titles_and_its_numbers_to_the_right() {
        let lines = text(Format::Table, &STEPS);

        assert_eq!(lines.lines().collect::<Vec<_>>(), ["  name       took ms", " ────────────────────", "  one, two     12345", "  three"]);
    }
}
