//! A table page by page, in the order of its primary key: constant memory at any size.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, Iterable, ModelTrait, PrimaryKeyToColumn, QueryFilter, QueryOrder, QuerySelect};

use super::super::error::StoreError;

/// Rows at a time.
const PAGE: u64 = 2000;

/// What comes after the row; the first page after none. An empty one is the end.
pub(super) async fn page<E, C>(db: &C, after: Option<&E::Model>) -> Result<Vec<E::Model>, StoreError>
where
    E: EntityTrait,
    C: ConnectionTrait,
{
    let key: Vec<E::Column> = E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column).collect();
    let mut rows = E::find().limit(PAGE);
    if let Some(row) = after {
        let columns = Expr::tuple(key.iter().map(|column| column.into_expr()));
        let values = Expr::tuple(key.iter().map(|column| Expr::val(row.get(*column))));
        rows = rows.filter(columns.gt(values));
    }
    for column in key {
        rows = rows.order_by_asc(column);
    }
    Ok(rows.all(db).await?)
}
