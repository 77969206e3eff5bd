//! Work on whole tables: filling them, copying them out and in, reading all that was said, thinning them out.
//!
//! Each method may take hours. Dropping its future drops the work, and what is not committed is rolled back.

mod backup;
mod cleanup;
mod copy;
mod export;
mod format;
mod indices;
mod load;
mod pages;
mod restore;
mod seed;

use migration::{Migrator, MigratorTrait};
use sea_orm::{AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel, TransactionTrait};
use tokio::task::JoinHandle;

pub use backup::BackedUp;
pub use cleanup::{CleanupPlan, Leavings};
pub use export::{Conversation, Conversations, Selection};
pub use format::{Counts, FaultyBackup};
pub use restore::Restored;
pub use seed::{SeedPlan, Seeded};

use super::error::StoreError;
use super::{CallStore, DatabaseSettings, connect, schema};

/// A server that is told so notices within seconds that nobody waits for its answer any more; some servers cannot be told.
const NOTICE_HANGUP: &str = "DO $$ BEGIN SET LOCAL client_connection_check_interval = '2s'; EXCEPTION WHEN OTHERS THEN NULL; END $$";

/// Why work on whole tables came to nothing. The database is as it was.
#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    File(#[from] std::io::Error),
    #[error("{0}")]
    Faulty(#[from] FaultyBackup),
    #[error("the database holds rows already")]
    NotEmpty,
    #[error("the schema of the database lacks the step {0}")]
    Unmigrated(String),
    #[error("a thread of the work panicked")]
    Panicked,
}

impl From<DbErr> for BulkError {
    fn from(error: DbErr) -> Self {
        Self::Store(error.into())
    }
}

impl CallStore {
    /// Work without a limit in time. It may be given up in mid-statement, so its connections are its own, and end with it.
    async fn long<T, W, F>(&self, work: W) -> Result<T, BulkError>
    where
        T: Send + 'static,
        W: FnOnce(DatabaseConnection) -> F,
        F: Future<Output = Result<T, BulkError>> + Send + 'static,
    {
        let db = self.connection_of_its_own()?;
        let mut task = Bound(self.0.runtime.spawn(work(db)));
        match (&mut task.0).await {
            Ok(outcome) => outcome,
            Err(end) if end.is_cancelled() => Err(StoreError::unavailable("the database runtime has stopped").into()),
            Err(_) => Err(BulkError::Panicked),
        }
    }
}

impl CallStore {
    /// SQLite has one writer, and statements that cannot be broken off.
    fn connection_of_its_own(&self) -> Result<DatabaseConnection, StoreError> {
        if !self.is_shared() {
            return Ok(self.0.db.clone());
        }
        let _inside = self.0.runtime.enter();
        connect::connect(&DatabaseSettings { min_connections: 0, ..self.0.settings.clone() })
    }
}

/// A task that ends with whoever waits for it.
struct Bound<T>(JoinHandle<T>);

impl<T> Drop for Bound<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// All tables as they are at one moment, however long the reading takes.
async fn snapshot(db: &DatabaseConnection) -> Result<DatabaseTransaction, StoreError> {
    if db.get_database_backend() == DbBackend::Sqlite {
        return Ok(db.begin().await?);
    }
    let transaction = db.begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly)).await?;
    transaction.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
    take_time(&transaction).await?;
    Ok(transaction)
}

/// Statements of this transaction may take as long as they need.
async fn take_time(transaction: &DatabaseTransaction) -> Result<(), StoreError> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
        transaction.execute_unprepared(NOTICE_HANGUP).await?;
    }
    Ok(())
}

/// The steps of the schema that the database has, all of ours among them.
async fn steps<C: ConnectionTrait>(db: &C) -> Result<Vec<String>, BulkError> {
    let applied: Vec<String> = schema::applied(db).await?.into_iter().map(|step| step.name).collect();
    match Migrator::migrations().iter().find(|step| !applied.iter().any(|done| done == step.name())) {
        Some(missing) => Err(BulkError::Unmigrated(missing.name().to_owned())),
        None => Ok(applied),
    }
}
