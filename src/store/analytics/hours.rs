//! `call_hours`: what the calls of a whole hour came to, so that nobody counts them twice.
//!
//! A row is never stale. Who changes a call deletes its hour in the same transaction ([`forget`]). Who stores an hour first reserves it
//! with a ticket, then counts, then stores only if the ticket is still there. A reservation waits for nobody: it fails while a writer
//! that began before it is under way, because that one could neither see the ticket nor be seen by the count.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::TryStreamExt;
use sea_orm::prelude::Json;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait, QueryFilter, QuerySelect,
    Statement, StreamTrait, TransactionTrait,
};
use uuid::Uuid;

use super::span::{Span, hour_of};
use super::summary::Hour;
use super::tables;
use crate::store::entity::{call, hour};
use crate::store::error::StoreError;
use crate::store::sql::rows;

/// Hours of another edition were made by another version of the program: to be counted again.
const EDITION: &str = "1";
/// After its end an hour rests for so long before it is stored: most calls are over, and clocks may differ by as much.
const REST: TimeDelta = TimeDelta::minutes(15);
/// Until the transaction ends nobody reserves an hour: for who changes more calls than it can name, and deletes every hour.
/// `alphahrs` in ASCII: any number that no other program on this database takes.
pub(in crate::store) const WRITE: &str = "SELECT pg_advisory_xact_lock_shared(7020109513024303731)";
const RESERVE: &str = "SELECT pg_try_advisory_xact_lock(7020109513024303731) AS taken";
const READ: &str = "SELECT hour, CAST(figures AS TEXT) AS figures FROM call_hours WHERE hour >= $1 AND hour < $2 AND edition = $3";
/// Of the calls that one statement names.
const CHUNK: usize = 1000;

/// Deletes the hours of these calls, inside the transaction that changes the calls: after they came, before they go.
/// Costs one short query as long as the calls began in this hour, which nobody stores.
pub(in crate::store) async fn forget<C: ConnectionTrait>(db: &C, calls: &[String]) -> Result<(), StoreError> {
    for calls in calls.chunks(CHUNK) {
        let known = call::Entity::find().select_only().filter(call::Column::Id.is_in(calls));
        let young = known.clone().filter(call::Column::InitiatedAt.gte(hour_of(Utc::now()))).expr(call::Column::Id.count());
        if young.into_tuple::<i64>().one(db).await? == i64::try_from(calls.len()).ok() {
            continue;
        }
        let began: Vec<DateTime<Utc>> = known.column(call::Column::InitiatedAt).into_tuple().all(db).await?;
        forget_moments(db, began).await?;
    }
    Ok(())
}

/// Deletes the hours that these moments fall into, inside the transaction that changes the calls that began then.
pub(in crate::store) async fn forget_moments<C: ConnectionTrait>(
    db: &C,
    began: impl IntoIterator<Item = DateTime<Utc>>,
) -> Result<(), StoreError> {
    hold_off(db).await?;
    // One by one in their order, so that two writers cannot lock each other out.
    for hour in began.into_iter().map(hour_of).collect::<BTreeSet<_>>() {
        hour::Entity::delete_by_id(hour).exec(db).await?;
    }
    Ok(())
}

/// Likewise, where it is known of some calls when they began: costs nothing as long as that was in this hour.
pub(in crate::store) async fn forget_older<C: ConnectionTrait>(
    db: &C,
    calls: impl IntoIterator<Item = String>,
    began: &BTreeMap<String, DateTime<Utc>>,
) -> Result<(), StoreError> {
    let older = |call: &String| began.get(call).is_none_or(|at| may_be_stored(*at));
    forget(db, &calls.into_iter().filter(older).collect::<Vec<_>>()).await
}

/// True of a call that began before this hour.
pub(in crate::store) fn may_be_stored(initiated_at: DateTime<Utc>) -> bool {
    initiated_at < hour_of(Utc::now())
}

/// Until the transaction ends nobody reserves an hour. SQLite has one writer at a time anyway.
async fn hold_off<C: ConnectionTrait>(db: &C) -> Result<(), StoreError> {
    if db.get_database_backend() == DbBackend::Postgres {
        db.execute_raw(Statement::from_string(DbBackend::Postgres, WRITE)).await?;
    }
    Ok(())
}

/// Hands out the stored hours of the span, and tells which they were.
pub(super) async fn read(
    db: &DatabaseConnection,
    span: Span,
    mut each: impl FnMut(DateTime<Utc>, &Hour),
) -> Result<BTreeSet<DateTime<Utc>>, StoreError> {
    let asked = Statement::from_sql_and_values(db.get_database_backend(), READ, [span.from.into(), span.to.into(), EDITION.into()]);
    let (mut stored, mut found) = (BTreeSet::new(), db.stream_raw(asked).await?);
    while let Some(row) = found.try_next().await? {
        let at: DateTime<Utc> = row.try_get("", "hour")?;
        let figures: String = row.try_get("", "figures")?;
        if let Ok(hour) = serde_json::from_str::<Hour>(&figures) {
            each(at, &hour);
            stored.insert(at);
        }
    }
    Ok(stored)
}

/// Which hours of the span are stored.
pub(super) async fn stored<C: ConnectionTrait>(db: &C, span: Span) -> Result<BTreeSet<DateTime<Utc>>, StoreError> {
    use hour::Column as H;
    let within = Condition::all().add(H::Hour.gte(span.from)).add(H::Hour.lt(span.to)).add(H::Edition.eq(EDITION));
    let found: Vec<DateTime<Utc>> = hour::Entity::find().select_only().column(H::Hour).filter(within).into_tuple().all(db).await?;
    Ok(found.into_iter().collect())
}

/// The part of the span whose hours may be stored now.
pub(super) fn settled(span: Span) -> Span {
    Span { from: span.from, to: span.to.min(hour_of(Utc::now() - REST)).max(span.from) }
}

/// Counts whole hours, and stores them if nobody changes them meanwhile. Also tells how many it stored.
pub(super) async fn fill(db: &DatabaseConnection, span: Span) -> Result<(BTreeMap<DateTime<Utc>, Hour>, usize), StoreError> {
    let ticket = reserve(db, span).await?;
    let counted = tables::count(db, span).await?;
    let mut kept = 0;
    if let Some(ticket) = ticket {
        for hour in span.hours() {
            kept += usize::from(keep(db, hour, counted.get(&hour), &ticket).await?);
        }
    }
    Ok((counted, kept))
}

/// Whoever changes a call from here on finds the ticket and tears it up. None while a writer is under way.
async fn reserve(db: &DatabaseConnection, span: Span) -> Result<Option<String>, StoreError> {
    let transaction = db.begin().await?;
    if !no_writer(&transaction).await? {
        return Ok(None);
    }
    let ticket = Uuid::now_v7().to_string();
    let reserved = span.hours().map(|hour| hour::ActiveModel {
        hour: ActiveValue::Set(hour),
        figures: ActiveValue::Set(Json::Null),
        edition: ActiveValue::Set(ticket.clone()),
    });
    let unless_stored = OnConflict::column(hour::Column::Hour)
        .update_column(hour::Column::Edition)
        .action_and_where(hour::Column::Edition.ne(EDITION))
        .to_owned();
    hour::Entity::insert_many(reserved).on_conflict(unless_stored).exec_without_returning(&transaction).await?;
    transaction.commit().await?;
    Ok(Some(ticket))
}

async fn no_writer<C: ConnectionTrait>(db: &C) -> Result<bool, StoreError> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(true);
    }
    let answer = rows(db, RESERVE, []).await?;
    let taken: Result<bool, DbErr> = answer.first().map_or(Ok(false), |row| row.try_get("", "taken"));
    Ok(taken?)
}

async fn keep(db: &DatabaseConnection, at: DateTime<Utc>, counted: Option<&Hour>, ticket: &str) -> Result<bool, StoreError> {
    let figures = serde_json::to_value(counted.unwrap_or(&Hour::new())).map_err(|error| StoreError::query(error.to_string()))?;
    let update = hour::Entity::update_many()
        .col_expr(hour::Column::Figures, Expr::val(figures))
        .col_expr(hour::Column::Edition, Expr::val(EDITION))
        .filter(hour::Column::Hour.eq(at))
        .filter(hour::Column::Edition.eq(ticket));
    Ok(update.exec(db).await?.rows_affected > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::analytics::HOUR;

    #[test]
    fn an_hour_is_stored_when_it_has_rested() {
        let now = hour_of(Utc::now());
        let all = Span { from: now - HOUR * 5, to: now + HOUR };

        let settled = settled(all);

        assert_eq!(settled.from, all.from);
        assert!(settled.to <= Utc::now() - REST, "{settled:?}");
        assert!(settled.to >= now - HOUR * 2, "{settled:?}");
    }

    #[test]
    fn a_call_of_this_hour_is_in_no_stored_one() {
        assert!(!may_be_stored(Utc::now() + HOUR));
        assert!(may_be_stored(Utc::now() - HOUR));
    }
}
