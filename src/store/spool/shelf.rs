//! A queue of rows in one SQLite database.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::{ConnectionTrait, DatabaseConnection, SqlxSqliteConnector, TransactionTrait, Value};

use super::Spooled;
use crate::store::entity::Private;
use crate::store::error::StoreError;
use crate::store::sql::{execute, rows, signed, unsigned};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS spool (place INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, body TEXT NOT NULL)";
/// The bodies come as one JSON array: one statement, whatever their number.
const APPEND: &str = "INSERT INTO spool (place, at_ms, body) SELECT $1 + key, $2, value FROM json_each($3)";
const HEAD: &str = "SELECT place, at_ms, body FROM spool ORDER BY place LIMIT $1";
const REMOVE: &str = "DELETE FROM spool WHERE place <= $1";
const NEWEST: &str = "SELECT COALESCE(MAX(place), 0) AS newest FROM spool";
const USED: &str = "SELECT (pages.page_count - free.freelist_count) * size.page_size AS used \
     FROM pragma_page_count AS pages, pragma_freelist_count AS free, pragma_page_size AS size";
const PAGE: u64 = 4096;
/// The log beside the file shrinks back to this.
const LOG_BYTES: u64 = 16 * 1024 * 1024;
/// SQLITE_CORRUPT and SQLITE_NOTADB: sqlite.org/rescode.html.
const DAMAGED: [&str; 2] = ["11", "26"];

pub(super) struct Shelf(DatabaseConnection);

impl Shelf {
    pub(super) async fn in_memory(max_bytes: u64) -> Result<Self, StoreError> {
        Self::open(SqliteConnectOptions::new().in_memory(true), max_bytes).await
    }

    /// A file that is damaged is put aside, for whoever wants to look into it.
    pub(super) async fn open_or_replace(file: &Path, max_bytes: u64) -> Result<Self, StoreError> {
        match Self::open_file(file, max_bytes).await {
            Err(error) if error.code().is_some_and(|code| DAMAGED.contains(&code)) => {
                let aside = put_aside(file)?;
                tracing::error!(%error, file = %aside.display(), "spool is damaged: put aside, a new one is begun");
                Self::open_file(file, max_bytes).await
            }
            outcome => outcome,
        }
    }

    async fn open_file(file: &Path, max_bytes: u64) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
        let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        let shelf = Self::open(options.pragma("journal_size_limit", LOG_BYTES.to_string()), max_bytes).await?;
        for row in rows(&shelf.0, "PRAGMA quick_check(1)", []).await? {
            let verdict: String = row.try_get_by_index(0)?;
            if verdict != "ok" {
                shelf.0.close_by_ref().await?;
                return Err(StoreError::damaged(verdict));
            }
        }
        Ok(shelf)
    }

    async fn open(options: SqliteConnectOptions, max_bytes: u64) -> Result<Self, StoreError> {
        let options = options.pragma("max_page_count", (max_bytes / PAGE).clamp(16, i32::MAX as u64).to_string());
        let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let pool = pool.connect_lazy_with(options.disable_statement_logging());
        let shelf = Self(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool));
        shelf.0.execute_unprepared(TABLE).await?;
        Ok(shelf)
    }

    pub(super) async fn append(&self, first: u64, bodies: &[String], at: DateTime<Utc>) -> Result<(), StoreError> {
        let bodies = serde_json::to_string(bodies).map_err(|error| StoreError::query(error.to_string()))?;
        let transaction = self.0.begin().await?;
        execute(&transaction, APPEND, [signed(first).into(), at.timestamp_millis().into(), bodies.into()]).await?;
        Ok(transaction.commit().await?)
    }

    pub(super) async fn head(&self, limit: usize) -> Result<Vec<Spooled>, StoreError> {
        let limit: Value = i64::try_from(limit).unwrap_or(i64::MAX).into();
        let found = rows(&self.0, HEAD, [limit]).await?;
        found
            .iter()
            .map(|row| {
                Ok(Spooled {
                    place: unsigned(row.try_get("", "place")?),
                    at: moment_of(row.try_get("", "at_ms")?),
                    body: Private(row.try_get("", "body")?),
                })
            })
            .collect()
    }

    pub(super) async fn remove(&self, through: u64) -> Result<(), StoreError> {
        execute(&self.0, REMOVE, [signed(through).into()]).await?;
        Ok(())
    }

    pub(super) async fn newest(&self) -> Result<u64, StoreError> {
        self.number(NEWEST, "newest").await
    }

    /// Bytes in use.
    pub(super) async fn used(&self) -> Result<u64, StoreError> {
        self.number(USED, "used").await
    }

    pub(super) async fn close(&self) {
        // What is committed is safe, however it closes.
        let _ = self.0.close_by_ref().await;
    }

    async fn number(&self, sql: &'static str, column: &str) -> Result<u64, StoreError> {
        let found = rows(&self.0, sql, []).await?;
        Ok(found.first().map(|row| row.try_get::<i64>("", column)).transpose()?.map_or(0, unsigned))
    }
}

fn moment_of(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

fn put_aside(file: &Path) -> Result<PathBuf, StoreError> {
    let free = (0..).map(|number: u32| file.with_extension(format!("db.damaged-{number}"))).find(|path| !path.exists());
    let aside = free.unwrap_or_else(|| file.with_extension("db.damaged"));
    std::fs::rename(file, &aside).map_err(|cause| StoreError::unavailable(format!("damaged spool cannot be put aside: {cause}")))?;
    for log in ["db-wal", "db-shm"] {
        // Of a file that is gone.
        let _ = std::fs::remove_file(file.with_extension(log));
    }
    Ok(aside)
}
