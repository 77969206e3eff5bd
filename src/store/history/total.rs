//! How many calls there are in all, without looking at all of them.

use sea_orm::prelude::Json;
use sea_orm::sea_query::{Alias, Expr, Func, Query, SelectStatement};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select, Statement, TransactionTrait,
};
use serde::{Deserialize, Serialize};

use super::{HistoryFilter, everything};
use crate::store::entity::call;
use crate::store::error::StoreError;
use crate::store::sql::unsigned;

/// So far Postgres counts; beyond it is asked what it thinks. What it thinks to be far more is not counted at all.
const EXACT: u64 = 100_000;

/// Milliseconds.
const SOON: &str = "SET LOCAL statement_timeout = 100";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Total {
    #[serde(rename = "n")]
    pub(super) calls: u64,
    #[serde(rename = "e")]
    pub(super) is_estimate: bool,
}

/// What the page itself tells is not counted again.
pub(super) async fn of(db: &DatabaseConnection, filter: &HistoryFilter, lines: u64, is_last: bool) -> Result<Total, StoreError> {
    if let Some(cursor) = &filter.cursor {
        return Ok(cursor.total);
    }
    let reaches_the_end = is_last && filter.limit > 0 && (lines > 0 || filter.offset == 0);
    if reaches_the_end {
        return Ok(Total { calls: filter.offset + lines, is_estimate: false });
    }
    let backend = db.get_database_backend();
    let found = call::Entity::find().filter(everything(filter, backend));
    if backend == DbBackend::Postgres {
        return count_or_estimate(db, found, filter.q.is_some()).await;
    }
    Ok(Total { calls: count(db, found).await?, is_estimate: false })
}

async fn count_or_estimate(db: &DatabaseConnection, found: Select<call::Entity>, searched: bool) -> Result<Total, StoreError> {
    let estimate = estimate(db, found.clone()).await?;
    if estimate > 2 * EXACT {
        return Ok(Total { calls: estimate, is_estimate: true });
    }
    let limited = found.limit(EXACT + 1);
    let counted = if searched { count_soon(db, limited).await? } else { Some(count(db, limited).await?) };
    match counted {
        Some(calls) if calls <= EXACT => Ok(Total { calls, is_estimate: false }),
        more => Ok(Total { calls: estimate.max(more.unwrap_or_default()), is_estimate: true }),
    }
}

/// What a search finds has to be read row by row; none if that takes too long.
async fn count_soon(db: &DatabaseConnection, found: Select<call::Entity>) -> Result<Option<u64>, StoreError> {
    let transaction = db.begin().await?;
    transaction.execute_unprepared(SOON).await?;
    match count(&transaction, found).await {
        // That it took too long looks like an outage. The page was read a moment ago, so it is none.
        Err(error) if error.is_outage() => Ok(None),
        outcome => outcome.map(Some),
    }
}

pub(super) async fn count<C: ConnectionTrait>(db: &C, found: Select<call::Entity>) -> Result<u64, StoreError> {
    let found = found.select_only().expr(Expr::val(1)).into_query();
    let count: SelectStatement =
        Query::select().expr_as(Func::count(Expr::cust("*")), "calls").from_subquery(found, Alias::new("found")).to_owned();
    let row = db.query_one(&count).await?;
    let calls: i64 = row.map_or(Ok(0), |row| row.try_get("", "calls"))?;
    Ok(unsigned(calls))
}

/// Of the planner, from its statistics: <https://www.postgresql.org/docs/current/row-estimation-examples.html>
async fn estimate(db: &DatabaseConnection, found: Select<call::Entity>) -> Result<u64, StoreError> {
    let asked = found.build(DbBackend::Postgres);
    let values = asked.values.map(|values| values.0).unwrap_or_default();
    let explain = Statement::from_sql_and_values(DbBackend::Postgres, format!("EXPLAIN (FORMAT JSON) {}", asked.sql), values);
    let row = db.query_one_raw(explain).await?;
    let plan: Option<Json> = row.map(|row| row.try_get("", "QUERY PLAN")).transpose()?;
    Ok(plan.and_then(|plan| plan.pointer("/0/Plan/Plan Rows")?.as_u64()).unwrap_or_default())
}
