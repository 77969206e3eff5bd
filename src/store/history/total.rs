//! How many calls there are in all, without looking at all of them.

use sea_orm::prelude::Json;
use sea_orm::sea_query::{Alias, Expr, Func, Query, SelectStatement};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select, Statement};
use serde::{Deserialize, Serialize};

use super::{HistoryFilter, everything};
use crate::store::entity::call;
use crate::store::error::StoreError;
use crate::store::sql::unsigned;

/// So far Postgres counts; beyond it is asked what it thinks.
const EXACT: u64 = 100_000;

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
    let limited = if backend == DbBackend::Postgres { found.clone().limit(EXACT + 1) } else { found.clone() };
    let counted = count(db, limited).await?;
    if backend != DbBackend::Postgres || counted <= EXACT {
        return Ok(Total { calls: counted, is_estimate: false });
    }
    Ok(Total { calls: estimate(db, found).await?.max(counted), is_estimate: true })
}

pub(super) async fn count(db: &DatabaseConnection, found: Select<call::Entity>) -> Result<u64, StoreError> {
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
