//! Rows on their way into a table: as the text of a `COPY` for Postgres, as statements for SQLite.

use std::fmt::Write as _;

use chrono::SecondsFormat;
use sea_orm::{ActiveModelTrait, ActiveValue, DbBackend, EntityTrait, IdenStatic, IntoActiveModel, Iterable, QueryTrait, Statement, Value};

use super::super::error::StoreError;

/// Of 55 columns at most: 27,500 of the 32,766 values that SQLite binds (sqlite.org/limits.html).
const CHUNK: usize = 500;

/// Rows of one table, ready to be sent.
pub(super) struct Parcel {
    pub(super) rows: u64,
    pub(super) body: Body,
}

pub(super) enum Body {
    /// What to copy into, and the rows in the text format.
    Copy {
        table: &'static str,
        columns: String,
        text: String,
    },
    Inserts(Vec<Statement>),
}

pub(super) fn parcel<E>(backend: DbBackend, rows: Vec<E::Model>) -> Result<Parcel, StoreError>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    let count = rows.len() as u64;
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    let body = if backend == DbBackend::Postgres { copied::<E>(rows)? } else { inserted::<E>(rows) };
    Ok(Parcel { rows: count, body })
}

fn inserted<E: EntityTrait>(rows: impl Iterator<Item = E::ActiveModel>) -> Body {
    let mut rows = rows.peekable();
    let mut statements = Vec::new();
    while rows.peek().is_some() {
        statements.push(E::insert_many(rows.by_ref().take(CHUNK)).build(DbBackend::Sqlite));
    }
    Body::Inserts(statements)
}

fn copied<E: EntityTrait>(rows: impl Iterator<Item = E::ActiveModel>) -> Result<Body, StoreError> {
    let columns: Vec<E::Column> = E::Column::iter().collect();
    let mut text = String::new();
    for mut row in rows {
        for (place, column) in columns.iter().enumerate() {
            if place > 0 {
                text.push('\t');
            }
            match row.take(*column) {
                ActiveValue::Set(value) | ActiveValue::Unchanged(value) => append(&mut text, value)?,
                ActiveValue::NotSet => return Err(StoreError::query(format!("no value for {}", column.as_str()))),
            }
        }
        text.push('\n');
    }
    let columns = columns.iter().map(IdenStatic::as_str).collect::<Vec<_>>().join(", ");
    Ok(Body::Copy { table: E::default().as_str(), columns, text })
}

/// A value in the text format. <https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS-TEXT>
fn append(text: &mut String, value: Value) -> Result<(), StoreError> {
    match value {
        Value::String(Some(value)) => escape(text, &value),
        Value::BigInt(Some(value)) => drop(write!(text, "{value}")),
        Value::Bool(Some(value)) => text.push(if value { 't' } else { 'f' }),
        Value::ChronoDateTimeUtc(Some(at)) => text.push_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true)),
        Value::Json(Some(value)) => escape(text, &value.to_string()),
        Value::String(None) | Value::BigInt(None) | Value::Bool(None) | Value::ChronoDateTimeUtc(None) | Value::Json(None) => {
            text.push_str("\\N");
        }
        _ => return Err(StoreError::query("a column of a type that is not copied")),
    }
    Ok(())
}

fn escape(text: &mut String, mut value: &str) {
    while let Some(at) = value.find(['\\', '\t', '\n', '\r']) {
        let (plain, rest) = value.split_at(at);
        let mut chars = rest.chars();
        text.push_str(plain);
        text.push_str(match chars.next() {
            Some('\t') => "\\t",
            Some('\n') => "\\n",
            Some('\r') => "\\r",
            _ => "\\\\",
        });
        value = chars.as_str();
    }
    text.push_str(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_field_or_a_row_is_escaped() {
        let mut text = String::new();

        escape(&mut text, "a\tb\nc\rd\\e\\N 👋 \\.\"'");

        assert_eq!(text, "a\\tb\\nc\\rd\\\\e\\\\N 👋 \\\\.\"'");
    }

    #[test]
    fn nothing_is_told_from_its_name() {
        let mut text = String::new();

        append(&mut text, Value::String(None)).expect("nothing");
        append(&mut text, Value::from("\\N")).expect("its name");

        assert_eq!(text, "\\N\\\\N");
    }
}
