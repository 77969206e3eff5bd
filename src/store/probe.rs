//! Where a database is, whether it answers, and what it allows.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{self, ConnectOptions as _, Connection as _};
use sea_orm::{ActiveModelTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait, IntoActiveModel, RuntimeErr, TransactionTrait};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::connect::is_postgres;
use super::entity::dead_letter;
use super::error::StoreError;
use super::sql::{moment, rows, unsigned};
use super::{CallStore, DatabaseSettings};

/// A database by what may be shown of its url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `host` is a folder if it begins with a slash: that of the server's socket.
    Postgres {
        host: String,
        port: u16,
        user: String,
        database: String,
    },
    Sqlite {
        file: PathBuf,
    },
    Memory,
}

/// What a database says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vitals {
    /// With the name of the product.
    pub version: String,
    /// To make a connection.
    pub connected_in: Duration,
    /// Of Postgres.
    pub server: Option<Server>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// What is left of the server's connections, the role's and the database's, whichever is least, if nobody had any.
    pub connections: u64,
    pub connections_in_use: u64,
    /// Where tables are made; none if the search path leads nowhere.
    pub schema: Option<String>,
    /// Whether the role may make tables there.
    pub may_create: bool,
    /// A replica takes no rows.
    pub is_replica: bool,
}

impl Place {
    /// Fails on a URL that is none.
    pub fn of(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        let url = settings.url.expose_secret();
        if is_postgres(url) {
            PgConnectOptions::from_str(url).map(|options| Self::postgres(&options)).map_err(|_| StoreError::InvalidUrl)
        } else if url.contains(":memory:") || url.contains("mode=memory") {
            Ok(Self::Memory)
        } else {
            let options = SqliteConnectOptions::from_str(url).map_err(|_| StoreError::InvalidUrl)?;
            Ok(Self::Sqlite { file: options.get_filename().to_owned() })
        }
    }

    fn postgres(options: &PgConnectOptions) -> Self {
        let folder = options.get_socket().map(|folder| folder.display().to_string());
        Self::Postgres {
            host: folder.unwrap_or_else(|| options.get_host().to_owned()),
            port: options.get_port(),
            user: options.get_username().to_owned(),
            database: options.get_database().unwrap_or_else(|| options.get_username()).to_owned(),
        }
    }

    /// The file, if it is one and is not there yet.
    #[must_use]
    pub fn missing_file(&self) -> Option<&PathBuf> {
        match self {
            Self::Sqlite { file } => Some(file).filter(|file| !file.exists()),
            Self::Postgres { .. } | Self::Memory => None,
        }
    }

    /// The word by which a person means this database.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Postgres { database, .. } => database.clone(),
            Self::Sqlite { file } => file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            Self::Memory => "memory".to_owned(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres { host, port, user, database } => {
                write!(f, "PostgreSQL at {host}:{port}, database {database}, user {user}")
            }
            Self::Sqlite { file } => write!(f, "SQLite file {}", file.display()),
            Self::Memory => f.write_str("SQLite in memory"),
        }
    }
}

impl CallStore {
    /// Makes a connection beside the pool, whose own errors do not tell why there is none.
    pub async fn vitals(&self) -> Result<Vitals, StoreError> {
        self.run(|db| async move { vitals(&db).await }).await
    }

    /// Writes a row, reads it, deletes it, and takes all of that back.
    pub async fn round_trip(&self) -> Result<(), StoreError> {
        self.run(|db| async move { round_trip(&db).await }).await
    }
}

async fn vitals(db: &DatabaseConnection) -> Result<Vitals, StoreError> {
    let began = Instant::now();
    connect_once(db).await.map_err(|cause| StoreError::from(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(cause)))))?;
    let connected_in = began.elapsed();
    match db.get_database_backend() {
        DbBackend::Postgres => {
            let (version, server) = server(db).await?;
            Ok(Vitals { version: format!("PostgreSQL {version}"), connected_in, server: Some(server) })
        }
        _ => Ok(Vitals { version: format!("SQLite {}", sqlite_version(db).await?), connected_in, server: None }),
    }
}

async fn connect_once(db: &DatabaseConnection) -> Result<(), sqlx::Error> {
    match db.get_database_backend() {
        DbBackend::Postgres => db.get_postgres_connection_pool().connect_options().connect().await?.close().await,
        _ => db.get_sqlite_connection_pool().connect_options().connect().await?.close().await,
    }
}

async fn sqlite_version(db: &DatabaseConnection) -> Result<String, StoreError> {
    let found = rows(db, "SELECT sqlite_version() AS version", []).await?;
    Ok(found.first().map(|row| row.try_get("", "version")).transpose()?.unwrap_or_default())
}

/// A limit of -1 is none (postgresql.org/docs/current/catalog-pg-authid.html).
const SERVER: &str = "\
    SELECT current_setting('server_version') AS version, CAST(current_schema() AS TEXT) AS schema, pg_is_in_recovery() AS is_replica, \
      COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create, \
      (SELECT COUNT(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS in_use, \
      CAST(LEAST( \
        CAST(current_setting('max_connections') AS INTEGER) - CAST(current_setting('superuser_reserved_connections') AS INTEGER), \
        (SELECT NULLIF(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user), \
        (SELECT NULLIF(datconnlimit, -1) FROM pg_database WHERE datname = current_database()) \
      ) AS BIGINT) AS connections";

async fn server(db: &DatabaseConnection) -> Result<(String, Server), StoreError> {
    let found = rows(db, SERVER, []).await?;
    let row = found.first().ok_or_else(|| StoreError::query("the server says nothing of itself"))?;
    let server = Server {
        connections: unsigned(row.try_get("", "connections")?),
        connections_in_use: unsigned(row.try_get("", "in_use")?),
        schema: row.try_get("", "schema")?,
        may_create: row.try_get("", "may_create")?,
        is_replica: row.try_get("", "is_replica")?,
    };
    Ok((row.try_get("", "version")?, server))
}

async fn round_trip(db: &DatabaseConnection) -> Result<(), StoreError> {
    let transaction = db.begin().await?;
    let written = dead_letter::Model {
        id: Uuid::now_v7().to_string(),
        kind: "probe".to_owned(),
        row_key: String::new(),
        body: Default::default(),
        error_code: None,
        error: String::new(),
        created_at: moment(Utc::now()),
    };
    written.clone().into_active_model().insert(&transaction).await?;
    let read = dead_letter::Entity::find_by_id(&written.id).one(&transaction).await?;
    let deleted = dead_letter::Entity::delete_by_id(&written.id).exec(&transaction).await?.rows_affected;
    transaction.rollback().await?;
    if read.as_ref() == Some(&written) && deleted == 1 {
        Ok(())
    } else {
        Err(StoreError::query("a row came back otherwise than it was written"))
    }
}
