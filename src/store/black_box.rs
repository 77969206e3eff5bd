//! What is left in the spool of an instance whose disk dies with it: lines on stdout, which a platform keeps as its log.
//!
//! One JSON object a line, `{"alpha_call_row":1,"row":{…}}`, read back by `alpha-call db import`, also out of an export of
//! Cloud Logging, where it stands as `jsonPayload` or as text in `textPayload`.

use std::io::Write;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::StoreError;
use super::row::Row;
use super::spool::Spool;

const MARK: &str = "alpha_call_row";
const VERSION: u64 = 1;
const PAGE: usize = 500;

#[derive(Serialize)]
struct Line<'a> {
    alpha_call_row: u64,
    row: &'a RawValue,
}

#[derive(Deserialize)]
struct Found {
    alpha_call_row: u64,
    row: Row,
}

/// Writes every row, and takes it out of the spool only then. Returns how many there were.
pub async fn write(spool: &Spool, mut out: impl Write) -> Result<usize, StoreError> {
    let failed = |error: std::io::Error| StoreError::unavailable(format!("stdout: {error}"));
    let mut count = 0;
    loop {
        let rows = spool.head(PAGE).await?;
        let Some(last) = rows.last() else { break };
        for row in &rows {
            let row: &RawValue = serde_json::from_str(&row.body.0).map_err(|error| StoreError::query(error.to_string()))?;
            let line =
                serde_json::to_string(&Line { alpha_call_row: VERSION, row }).map_err(|error| StoreError::query(error.to_string()))?;
            writeln!(out, "{line}").map_err(failed)?;
        }
        out.flush().map_err(failed)?;
        count += rows.len();
        spool.remove(last.place).await?;
    }
    Ok(count)
}

/// What a line of a log means to us.
#[derive(Clone, Debug, PartialEq)]
pub enum LogLine {
    Row(Box<Row>),
    /// A line about something else.
    Other,
    /// A row of ours that cannot be read: cut off, or of a newer version.
    Damaged(String),
}

/// Reads one line, as it was written, or as Cloud Logging exports it.
#[must_use]
pub fn read(line: &str) -> LogLine {
    if !line.contains(MARK) {
        return LogLine::Other;
    }
    match serde_json::from_str::<Value>(line.trim().trim_end_matches(',')) {
        Ok(value) => of_value(value),
        Err(error) => LogLine::Damaged(error.to_string()),
    }
}

fn of_value(mut value: Value) -> LogLine {
    if value.get(MARK).is_some() {
        return match serde_json::from_value::<Found>(value) {
            Ok(found) if found.alpha_call_row == VERSION => LogLine::Row(Box::new(found.row)),
            Ok(found) => LogLine::Damaged(format!("written by a newer version ({})", found.alpha_call_row)),
            Err(error) => LogLine::Damaged(error.to_string()),
        };
    }
    if let Some(payload) = value.get_mut("jsonPayload").map(Value::take) {
        return of_value(payload);
    }
    value.get("textPayload").and_then(Value::as_str).map_or(LogLine::Other, read)
}
