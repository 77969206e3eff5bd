//! Answers as tables for spreadsheets: RFC 4180, one name per column, UTC moments.

use csv::{Terminator, WriterBuilder};
use serde::Serialize;
use serde_json::Value;

/// Rows of JSON objects, of which each column shows one field.
pub(super) struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Value>,
}

impl Table {
    /// A dot leads into a field: `cost.total_usd`.
    pub(super) fn new(columns: &[&'static str], rows: &[impl Serialize]) -> Self {
        let rows = rows.iter().filter_map(|row| serde_json::to_value(row).ok()).collect();
        Self { columns: columns.to_vec(), rows }
    }

    /// One row for each figure of an object, lists left out.
    pub(super) fn of_figures(object: &impl Serialize) -> Self {
        let mut rows = Vec::new();
        figures(String::new(), &serde_json::to_value(object).unwrap_or_default(), &mut rows);
        Self { columns: vec!["figure", "value"], rows }
    }

    pub(super) fn text(self) -> Result<Vec<u8>, csv::Error> {
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
        writer.write_record(&self.columns)?;
        for row in &self.rows {
            writer.write_record(self.columns.iter().map(|column| cell(row.pointer(&format!("/{}", column.replace('.', "/"))))))?;
        }
        writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }
}

fn figures(name: String, value: &Value, rows: &mut Vec<Value>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(field, value)| {
            let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
            figures(name, value, rows);
        }),
        Value::Array(_) => {}
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            rows.push(serde_json::json!({ "figure": name, "value": value }));
        }
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => harmless(text),
        Some(other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))) => other.to_string(),
    }
}

/// A text that a spreadsheet would take for a formula gets an apostrophe in front. A plus and digits stay: that is a phone number.
/// <https://owasp.org/www-community/attacks/CSV_Injection>
fn harmless(text: &str) -> String {
    let number = text.strip_prefix('+').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && !number { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(table: Table) -> String {
        String::from_utf8(table.text().expect("written")).expect("utf-8")
    }

    #[test]
    fn a_formula_is_shown_and_not_run() {
        let dangerous = ["=1+1", "+1+1", "-1", "@SUM(A1)", "\t=1", "+1 415", "+"];
        let harmless_ones = ["+14155550100", "Ann", "a=b", "2026-11-22T00:00:00Z", "", "client:=x"];

        assert_eq!(dangerous.map(harmless), dangerous.map(|text| if text == "+" { text.to_owned() } else { format!("'{text}") }));
        assert_eq!(harmless_ones.map(harmless), harmless_ones);
    }

    #[test]
    fn a_table_is_quoted_where_it_must_be() {
        let rows = [json!({"a": "x, \"y\"\nz", "b": {"c": -1.5}}), json!({"a": "=1", "b": null})];

        assert_eq!(text(Table::new(&["a", "b.c"], &rows)), "a,b.c\r\n\"x, \"\"y\"\"\nz\",-1.5\r\n'=1,\r\n");
        assert_eq!(text(Table::new(&["a", "b"], &[] as &[Value])), "a,b\r\n");
    }

    #[test]
    fn figures_stand_under_each_other() {
        let figures = json!({"total": 2, "by": {"a": 1, "=b": 1}, "none": null, "list": [1]});

        assert_eq!(text(Table::of_figures(&figures)), "figure,value\r\nby.=b,1\r\nby.a,1\r\nnone,\r\ntotal,2\r\n");
    }
}
