//! From settings to a pool of connections, which connects when it is first asked.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::{ConnectOptions, DatabaseConnection, SqlxPostgresConnector, SqlxSqliteConnector, sqlx};
use secrecy::{ExposeSecret, SecretString};

use super::error::StoreError;
use crate::config;

/// How long a statement may take on the server.
pub(super) const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long SQLite waits for another writer.
const BUSY: Duration = Duration::from_secs(5);

/// Where the database is, and how it is used.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// `postgres://…` or `sqlite://FILE?mode=rwc`.
    pub url: SecretString,
    /// Of Postgres; SQLite has one writer, hence one connection.
    pub max_connections: u32,
    /// Kept open, also when nobody asks.
    pub min_connections: u32,
    /// How long to wait for a connection, the making of one included.
    pub acquire_timeout: Duration,
    /// A connection that nobody used for so long is closed.
    pub idle_timeout: Duration,
    /// An older connection is replaced.
    pub max_lifetime: Duration,
    /// Log every statement (without its values).
    pub echo: bool,
}

impl DatabaseSettings {
    /// With what `config/default.toml` says of the rest.
    #[must_use]
    pub fn at(url: impl Into<SecretString>) -> Self {
        Self {
            url: url.into(),
            max_connections: 10,
            min_connections: 0,
            acquire_timeout: Duration::from_secs(1),
            idle_timeout: Duration::from_secs(300),
            max_lifetime: Duration::from_secs(1800),
            echo: false,
        }
    }
}

impl From<&config::Database> for DatabaseSettings {
    fn from(database: &config::Database) -> Self {
        Self {
            url: SecretString::from(database.url.as_str().to_owned()),
            max_connections: database.max_connections,
            min_connections: database.min_connections,
            acquire_timeout: database.acquire_timeout,
            idle_timeout: database.idle_timeout,
            max_lifetime: database.max_lifetime,
            echo: database.echo,
        }
    }
}

/// Makes the pool, and connections when they are needed; a pooled one is tried before it is used again (sqlx's `test_before_acquire`). Runs inside the runtime that is to drive them.
pub(super) fn connect(settings: &DatabaseSettings) -> Result<DatabaseConnection, StoreError> {
    let url = settings.url.expose_secret();
    if is_postgres(url) {
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

pub(super) fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

fn postgres(options: PgConnectOptions, settings: &DatabaseSettings) -> DatabaseConnection {
    // Compiling a plan takes longer than any statement of ours.
    let settings_of_session = [("statement_timeout", STATEMENT_TIMEOUT.as_millis().to_string()), ("jit", "off".to_owned())];
    let options = options.application_name(env!("CARGO_PKG_NAME")).options(settings_of_session);
    let pool = PgPoolOptions::new()
        .max_connections(settings.max_connections)
        .min_connections(settings.min_connections)
        .acquire_timeout(settings.acquire_timeout)
        .idle_timeout(settings.idle_timeout)
        .max_lifetime(settings.max_lifetime)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> DatabaseSettings {
        DatabaseSettings { max_connections: 1, ..DatabaseSettings::at(url) }
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
