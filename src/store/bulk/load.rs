//! Rows into tables, as fast as the database takes them, in one transaction.

use std::sync::Arc;

use sea_orm::sqlx::{self, AssertSqlSafe, PgConnection, Postgres, query, query_scalar};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};

use super::super::analytics::hours;
use super::super::error::StoreError;
use super::super::sql::rows;
use super::copy::{Body, Parcel};
use super::{BulkError, NOTICE_HANGUP, indices};

/// All that is on record; figures are computed from it.
pub(super) const TABLES: [&str; 10] = [
    "call_logs",
    "conversation_logs",
    "stream_logs",
    "call_cooldowns",
    "dead_letters",
    "callbacks",
    "opt_outs",
    "opt_out_removals",
    "consents",
    "api_keys",
];
/// Computed from calls, hence as old as they are.
const FIGURES: &str = "call_hours";

const PATIENT: &str = "SET LOCAL statement_timeout = 0";
/// Rows may come slowly.
const SILENT: &str = "SET LOCAL idle_in_transaction_session_timeout = 0";
/// For the making of an index; the default of 64 MB sorts in more passes.
const SORT_MEMORY: &str = "SET LOCAL maintenance_work_mem = '128MB'";

/// What the rows come upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ground {
    /// Whatever is there stays.
    Found,
    /// Nothing may be there.
    Empty,
    /// Whatever is there goes.
    Cleared,
}

/// Dropped before `finish`, it leaves everything as it was.
pub(super) enum Loader {
    Postgres(Copying),
    Sqlite(DatabaseTransaction),
}

pub(super) struct Copying {
    transaction: sqlx::Transaction<'static, Postgres>,
    /// What makes the indices again; none if they were left in place.
    indices: Option<Vec<String>>,
}

impl Loader {
    pub(super) async fn begin(db: &DatabaseConnection, ground: Ground) -> Result<Self, BulkError> {
        if db.get_database_backend() == DbBackend::Postgres {
            let transaction = db.get_postgres_connection_pool().begin().await.map_err(failed)?;
            return Copying::begin(transaction, ground).await.map(Self::Postgres);
        }
        let immediate = TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
        let transaction = db.begin_with_options(immediate).await?;
        match ground {
            Ground::Found => {
                transaction.execute_unprepared(&format!("DELETE FROM {FIGURES}")).await?;
            }
            Ground::Empty if rows(&transaction, any_row(), []).await?.is_empty() => {}
            Ground::Empty => return Err(BulkError::NotEmpty),
            Ground::Cleared => {
                for table in TABLES.iter().chain([&FIGURES]) {
                    transaction.execute_unprepared(&format!("DELETE FROM {table}")).await?;
                }
            }
        }
        Ok(Self::Sqlite(transaction))
    }

    pub(super) async fn add(&mut self, parcel: Parcel) -> Result<(), StoreError> {
        match (self, parcel.body) {
            _ if parcel.rows == 0 => Ok(()),
            (Self::Postgres(copying), Body::Copy { table, columns, text }) => copying.copy(table, &columns, text).await,
            (Self::Sqlite(transaction), Body::Inserts(statements)) => {
                for statement in statements {
                    transaction.execute_raw(statement).await?;
                }
                Ok(())
            }
            _ => Err(StoreError::query("rows for another kind of database")),
        }
    }

    /// Makes the indices again, if they were taken off, and commits.
    pub(super) async fn finish(self) -> Result<(), StoreError> {
        match self {
            Self::Postgres(copying) => copying.finish().await,
            Self::Sqlite(transaction) => Ok(transaction.commit().await?),
        }
    }
}

impl Copying {
    async fn begin(mut transaction: sqlx::Transaction<'static, Postgres>, ground: Ground) -> Result<Self, BulkError> {
        for setting in [PATIENT, SILENT, SORT_MEMORY, NOTICE_HANGUP, hours::WRITE] {
            run(&mut transaction, setting).await?;
        }
        if ground != Ground::Cleared && is_taken(&mut transaction).await? {
            return Self::on_top(transaction, ground).await;
        }
        run(&mut transaction, format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", TABLES.join(", "))).await?;
        if ground != Ground::Cleared && is_taken(&mut transaction).await? {
            return Self::on_top(transaction, ground).await;
        }
        // Rows are frozen as they come, if their table was truncated in the same transaction (postgresql.org/docs/current/sql-copy.html).
        run(&mut transaction, format!("TRUNCATE {}, {FIGURES}", TABLES.join(", "))).await?;
        let mut indices = Vec::new();
        for table in TABLES {
            indices.extend(indices::take_off(&mut transaction, table).await?);
        }
        Ok(Self { transaction, indices: Some(indices) })
    }

    async fn on_top(mut transaction: sqlx::Transaction<'static, Postgres>, ground: Ground) -> Result<Self, BulkError> {
        if ground == Ground::Empty {
            return Err(BulkError::NotEmpty);
        }
        run(&mut transaction, format!("DELETE FROM {FIGURES}")).await?;
        Ok(Self { transaction, indices: None })
    }

    async fn copy(&mut self, table: &str, columns: &str, text: String) -> Result<(), StoreError> {
        let frozen = if self.indices.is_some() { " WITH (FREEZE)" } else { "" };
        let statement = format!("COPY {table} ({columns}) FROM STDIN{frozen}");
        let mut copy = self.transaction.copy_in_raw(&statement).await.map_err(failed)?;
        copy.send(text.into_bytes()).await.map_err(failed)?;
        copy.finish().await.map_err(failed)?;
        Ok(())
    }

    async fn finish(mut self) -> Result<(), StoreError> {
        for make in self.indices.unwrap_or_default() {
            run(&mut self.transaction, make).await?;
        }
        run(&mut self.transaction, format!("ANALYZE {}", TABLES.join(", "))).await?;
        self.transaction.commit().await.map_err(failed)
    }
}

/// Marks what is visible to all, so that an index answers alone. On a connection of its own, since it runs in no transaction.
pub(super) async fn tidy(db: &DatabaseConnection) -> Result<(), StoreError> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let mut connection = db.get_postgres_connection_pool().acquire().await.map_err(failed)?.detach();
    run(&mut connection, "SET statement_timeout = 0").await?;
    run(&mut connection, format!("VACUUM (ANALYZE) {}", TABLES.join(", "))).await
}

async fn is_taken(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let found: Option<i32> = query_scalar(AssertSqlSafe(any_row())).fetch_optional(connection).await.map_err(failed)?;
    Ok(found.is_some())
}

fn any_row() -> String {
    TABLES.map(|table| format!("SELECT 1 WHERE EXISTS (SELECT 1 FROM {table})")).join(" UNION ALL ")
}

async fn run(connection: &mut PgConnection, statement: impl Into<String>) -> Result<(), StoreError> {
    query(AssertSqlSafe(statement.into())).execute(connection).await.map_err(failed)?;
    Ok(())
}

pub(super) fn failed(error: sqlx::Error) -> StoreError {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))).into()
}
