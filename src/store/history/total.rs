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

/// So far Postgres counts; beyond it is asked what it thinks.
const EXACT: u64 = 100_000;

/// A quarter of a second.
const SOON: &str = "SET LOCAL statement_timeout = 250";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Total {
    #[serde(rename = "n")]
    pub(super) calls: u64,
    #[serde(rename = "e")]
    pub(super) is_estimate: bool,
}

pub(super) async fn of(db: &DatabaseConnection, filter: &HistoryFilter) -> Result<Total, StoreError> {
    if let Some(cursor) = &filter.cursor {
        return Ok(cursor.total);
    }
    let backend = db.get_database_backend();
    let found = call::Entity::find().filter(everything(filter, backend));
    if backend != DbBackend::Postgres {
        return Ok(Total { calls: count(db, found).await?, is_estimate: false });
    }
    let limited = found.clone().limit(EXACT + 1);
    let counted = if filter.q.is_some() { count_soon(db, limited).await? } else { Some(count(db, limited).await?) };
    match counted {
        Some(calls) if calls <= EXACT => Ok(Total { calls, is_estimate: false }),
        more => Ok(Total { calls: estimate(db, found).await?.max(more.unwrap_or_default()), is_estimate: true }),
    }
}

/// What a search finds has to be read row by row; none if that takes too long.
async fn count_soon(db: &DatabaseConnection, found: Select<call::Entity>) -> Result<Option<u64>, StoreError> {
    let transaction = db.begin().await?;
    transaction.execute_unprepared(SOON).await?;
    match count(&transaction, found).await {
        // Not an outage of the database: if it is one, the estimate fails too.
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
