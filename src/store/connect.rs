//! From settings to a pool of connections, which connects when it is first asked.

use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

use migration::{Migrator, MigratorTrait};
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, SqlxPostgresConnector,
    SqlxSqliteConnector, TransactionOptions, TransactionTrait, sqlx,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::sleep;

use super::error::StoreError;

/// How long a statement may take on the server.
pub(super) const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long SQLite waits for another writer.
const BUSY: Duration = Duration::from_secs(5);
const BUSY_PAUSE: Duration = Duration::from_millis(20);
const IDLE: Duration = Duration::from_secs(300);
const LIFETIME: Duration = Duration::from_secs(1800);
/// Any number will do as long as no other program on this database takes it: `alphacal` in ASCII.
const MIGRATION_LOCK: &str = "SELECT pg_advisory_xact_lock(7020109512776573292)";

/// Where the database is, and how it is used.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// `postgres://…` or `sqlite://FILE?mode=rwc`.
    pub url: SecretString,
    /// Of Postgres; SQLite has one writer, hence one connection.
    pub max_connections: u32,
    /// How long to wait for a connection, the making of one included.
    pub acquire_timeout: Duration,
    /// Log every statement (without its values).
    pub echo: bool,
}

/// Makes the pool, not the connections. Runs inside the runtime that is to drive them.
pub(super) fn connect(settings: &DatabaseSettings) -> Result<DatabaseConnection, StoreError> {
    let url = settings.url.expose_secret();
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        let options = PgConnectOptions::from_str(url).map_err(|_| StoreError::InvalidUrl)?;
        Ok(postgres(options, settings))
    } else if url.starts_with("sqlite:") {
        let options = SqliteConnectOptions::from_str(url).map_err(|_| StoreError::InvalidUrl)?;
        make_folder_of(options.get_filename())?;
        Ok(sqlite(options, settings))
    } else {
        Err(StoreError::InvalidUrl)
    }
}

fn postgres(options: PgConnectOptions, settings: &DatabaseSettings) -> DatabaseConnection {
    // Compiling a plan takes longer than any statement of ours.
    let settings_of_session = [("statement_timeout", STATEMENT_TIMEOUT.as_millis().to_string()), ("jit", "off".to_owned())];
    let options = options.application_name(env!("CARGO_PKG_NAME")).options(settings_of_session);
    let pool = PgPoolOptions::new()
        .max_connections(settings.max_connections)
        .acquire_timeout(settings.acquire_timeout)
        .idle_timeout(IDLE)
        .max_lifetime(LIFETIME)
        .connect_lazy_with(echoing(options, settings.echo));
    SqlxPostgresConnector::from_sqlx_postgres_pool(pool)
}

/// Neither idle nor aged connections are closed: a database in memory would go with its only one.
fn sqlite(options: SqliteConnectOptions, settings: &DatabaseSettings) -> DatabaseConnection {
    let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Normal).busy_timeout(BUSY).foreign_keys(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(settings.acquire_timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(echoing(options, settings.echo));
    SqlxSqliteConnector::from_sqlx_sqlite_pool(pool)
}

fn echoing<O: sqlx::ConnectOptions>(options: O, echo: bool) -> O {
    if echo {
        // The level that sea-orm itself logs statements at: info.
        options.log_statements(ConnectOptions::new("").get_sqlx_logging_level())
    } else {
        options.disable_statement_logging()
    }
}

fn make_folder_of(file: &Path) -> Result<(), StoreError> {
    let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|cause| StoreError::unavailable(format!("cannot make the folder of the database: {cause}")))
}

/// Applies what is missing of the schema, all or nothing. Whoever comes second waits, then finds nothing to do.
pub(super) async fn migrate(db: DatabaseConnection) -> Result<(), StoreError> {
    let patience = Instant::now() + BUSY;
    loop {
        match migrate_once(&db).await {
            Err(error) if error.is_outage() && wal_may_be_in_the_making(&db) && Instant::now() < patience => sleep(BUSY_PAUSE).await,
            outcome => return outcome,
        }
    }
}

/// The change of a new file to WAL fails at once, whatever the busy timeout, if two connections make it (sqlite.org/c3ref/busy_handler.html).
fn wal_may_be_in_the_making(db: &DatabaseConnection) -> bool {
    db.get_database_backend() == DbBackend::Sqlite
}

async fn migrate_once(db: &DatabaseConnection) -> Result<(), StoreError> {
    let transaction = begin_alone(db).await?;
    if lacks_steps(&transaction).await? {
        Migrator::up(&transaction, None).await?;
    }
    Ok(transaction.commit().await?)
}

/// `Migrator::up` takes no lock by itself. This one ends with the transaction, however that ends.
async fn begin_alone(db: &DatabaseConnection) -> Result<DatabaseTransaction, StoreError> {
    let immediate = TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
    let transaction = db.begin_with_options(immediate).await?;
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
        transaction.execute_unprepared(MIGRATION_LOCK).await?;
    }
    Ok(transaction)
}

/// A newer version may have applied steps that we do not know: those are none of our business.
async fn lacks_steps(transaction: &DatabaseTransaction) -> Result<bool, StoreError> {
    Migrator::install(transaction).await?;
    let applied = Migrator::get_migration_models(transaction).await?;
    Ok(Migrator::migrations().iter().any(|step| applied.iter().all(|done| done.version != step.name())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> DatabaseSettings {
        DatabaseSettings { url: url.into(), max_connections: 1, acquire_timeout: Duration::from_secs(1), echo: false }
    }

    #[test]
    fn what_is_no_url_of_ours_is_refused_without_being_repeated() {
        for url in [
            "",
            "secret",
            "mysql://u:secret@h/d",
            "postgres://u:secret@/d?host=/cloudsql/x",
            "postgres://u:secret@h:x/d",
            "sqlite://f?mode=secret",
        ] {
            let error = connect(&settings(url)).expect_err(url);

            assert!(matches!(error, StoreError::InvalidUrl), "{error}");
            assert!(!format!("{error} {error:?}").contains("secret"));
        }
    }

    #[tokio::test]
    async fn the_urls_of_cloud_sql_are_understood() {
        for url in [
            "postgres://app:p%40ss@localhost:5432/voice?host=/cloudsql/p:us-central1:i",
            "postgres:///voice?host=/cloudsql/p:r:i&user=app",
            "postgres://app:pw@%2Fcloudsql%2Fp%3Ar%3Ai:5432/voice",
        ] {
            assert!(connect(&settings(url)).is_ok(), "{url}");
        }
    }

    #[test]
    fn settings_print_without_the_password() {
        assert!(!format!("{:?}", settings("postgres://u:secret@h/d")).contains("secret"));
    }
}
