//! Many rows in one statement, where the newer revision wins.

use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, IdenStatic, IntoActiveModel, Iterable, Statement};
use serde::Serialize;

use super::entity::{dead_letter, stream, turn};
use super::error::StoreError;

/// Of 23 columns at most: 11,500 of the 32,766 values that SQLite binds (sqlite.org/limits.html).
const CHUNK: usize = 500;

pub(super) async fn turns<C: ConnectionTrait>(db: &C, turns: Vec<turn::Model>) -> Result<(), StoreError> {
    use turn::Column as T;
    let newer = Newer::<turn::Entity> { key: &[T::CallId, T::Epoch, T::Seq], kept: &[T::CreatedAt], revision: T::Revision };
    upsert(db, turns, &newer).await
}

pub(super) async fn streams<C: ConnectionTrait>(db: &C, streams: Vec<stream::Model>) -> Result<(), StoreError> {
    use stream::Column as S;
    let newer = Newer::<stream::Entity> { key: &[S::CallId, S::Epoch], kept: &[S::StartedAt], revision: S::Revision };
    upsert(db, streams, &newer).await
}

/// Once, however often it comes.
pub(super) async fn dead_letter<C: ConnectionTrait>(db: &C, letter: dead_letter::Model) -> Result<(), StoreError> {
    let known = OnConflict::new().do_nothing().to_owned();
    dead_letter::Entity::insert(letter.into_active_model()).on_conflict(known).exec_without_returning(db).await?;
    Ok(())
}

/// Which of two rows with one key stays: the one of the higher revision, but for the columns that stay as they first were.
struct Newer<E: EntityTrait> {
    key: &'static [E::Column],
    kept: &'static [E::Column],
    revision: E::Column,
}

async fn upsert<E, C>(db: &C, rows: Vec<E::Model>, newer: &Newer<E>) -> Result<(), StoreError>
where
    E: EntityTrait,
    E::Model: Serialize + IntoActiveModel<E::ActiveModel>,
    C: ConnectionTrait,
{
    if rows.is_empty() {
        return Ok(());
    }
    if db.get_database_backend() == DbBackend::Postgres {
        let sql = format!("{} {}", insert_json::<E>(), newer.clause());
        return execute_json(db, sql, &rows).await;
    }
    let mut rows = rows.into_iter().map(IntoActiveModel::into_active_model).peekable();
    while rows.peek().is_some() {
        let chunk: Vec<E::ActiveModel> = rows.by_ref().take(CHUNK).collect();
        E::insert_many(chunk).on_conflict(newer.on_conflict()).exec_without_returning(db).await?;
    }
    Ok(())
}

/// One text for any number of rows: less to bind, plan and log than a statement with a place for every value.
/// <https://www.postgresql.org/docs/current/functions-json.html>
pub(super) fn insert_json<E: EntityTrait>() -> String {
    let (table, columns) = (E::default().table_name().to_owned(), names::<E>(&E::Column::iter().collect::<Vec<_>>()).join(", "));
    format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, $1::json)")
}

pub(super) async fn execute_json<C: ConnectionTrait, M: Serialize>(db: &C, sql: String, rows: &[M]) -> Result<(), StoreError> {
    let json = serde_json::to_string(rows).map_err(|error| StoreError::query(error.to_string()))?;
    db.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [json.into()])).await?;
    Ok(())
}

fn names<E: EntityTrait>(columns: &[E::Column]) -> Vec<&'static str> {
    columns.iter().map(IdenStatic::as_str).collect()
}

impl<E: EntityTrait> Newer<E> {
    fn taken(&self) -> Vec<E::Column> {
        let fixed = [names::<E>(self.key), names::<E>(self.kept)].concat();
        E::Column::iter().filter(|column| !fixed.contains(&column.as_str())).collect()
    }

    fn clause(&self) -> String {
        let (table, revision) = (E::default().table_name().to_owned(), self.revision.as_str());
        let taken: Vec<String> = names::<E>(&self.taken()).iter().map(|name| format!("{name} = excluded.{name}")).collect();
        let (key, taken) = (names::<E>(self.key).join(", "), taken.join(", "));
        format!("ON CONFLICT ({key}) DO UPDATE SET {taken} WHERE excluded.{revision} > {table}.{revision}")
    }

    fn on_conflict(&self) -> OnConflict {
        let coming = Expr::col((Alias::new("excluded"), self.revision));
        let known = Expr::col((E::default(), self.revision));
        OnConflict::columns(self.key.iter().copied()).update_columns(self.taken()).action_and_where(coming.gt(known)).to_owned()
    }
}
