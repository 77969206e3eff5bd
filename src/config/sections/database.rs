//! The database: its url, or parts of one.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::config::database_url::{CloudSql, DatabaseUrl, InvalidDatabaseUrl};
use crate::config::problem::Origin;
use crate::config::reader::{Reader, quoted};

#[derive(Clone, Debug)]
pub struct Database {
    pub url: DatabaseUrl,
    /// Of this instance.
    pub max_connections: u32,
    /// Kept open, also when nobody asks.
    pub min_connections: u32,
    /// The longest wait for a connection.
    pub acquire_timeout: Duration,
    /// A connection that nobody used for so long is closed.
    pub idle_timeout: Duration,
    /// An older connection is replaced.
    pub max_lifetime: Duration,
    /// Log every statement.
    pub echo: bool,
}

const URL: &str = "database.url";
const CONNECTION_NAME: &str = "database.cloud_sql_connection_name";
const PASSWORD: &str = "database.password";
const MAX_CONNECTIONS: &str = "database.max_connections";
const MIN_CONNECTIONS: &str = "database.min_connections";

impl Database {
    pub(in crate::config) fn read(reader: &mut Reader<'_>) -> Self {
        let url = url(reader);
        let (min_connections, max_connections) = connections(reader);
        Self {
            url,
            max_connections,
            min_connections,
            acquire_timeout: reader.millis("database.acquire_timeout_ms", 10..=60_000),
            idle_timeout: reader.seconds("database.idle_timeout_seconds", 1..=86_400),
            max_lifetime: reader.seconds("database.max_lifetime_seconds", 10..=86_400),
            echo: reader.boolean("database.echo"),
        }
    }
}

fn connections(reader: &mut Reader<'_>) -> (u32, u32) {
    let max = reader.number(MAX_CONNECTIONS, 1..=1000);
    let min = reader.number(MIN_CONNECTIONS, 0..=1000);
    if min > max {
        reader.note(MIN_CONNECTIONS, &format!("is {min}, more than {MAX_CONNECTIONS}, {max}"), &format!("set it to at most {max}"));
    }
    (min, max)
}

/// `DATABASE_URL`, else the parts, else the embedded file.
fn url(reader: &mut Reader<'_>) -> DatabaseUrl {
    let whole = reader.parsed(URL, URL_FIX, |text| DatabaseUrl::parse(text.trim()).map_err(|error| format!("is {error}")));
    let parts = Parts::read(reader);
    let (url, origin) = if reader.is_set(URL) {
        warn_of_whole(reader, whole.as_ref(), &parts);
        (whole.unwrap_or_else(DatabaseUrl::embedded), reader.origin(URL))
    } else {
        parts.url(reader)
    };
    reader.show_from(URL, quoted(&url.redacted()), origin);
    url
}

fn warn_of_whole(reader: &mut Reader<'_>, url: Option<&DatabaseUrl>, parts: &Parts) {
    if parts.connection_name.is_some() {
        reader.warn("DATABASE_URL wins over GOOGLE_CLOUD_SQL_CONNECTION_NAME");
    }
    if reader.environment.is_production() && url.is_some_and(DatabaseUrl::is_sqlite) {
        reader.warn("DATABASE_URL is an SQLite file: limits hold for this instance alone");
    }
}

const URL_FIX: &str = "write postgres://USER:PASSWORD@HOST/NAME, special characters of the password as %XX, or sqlite://FILE?mode=rwc";

struct Parts {
    connection_name: Option<String>,
    user: String,
    password: Option<SecretString>,
    name: String,
}

impl Parts {
    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            connection_name: reader.optional(CONNECTION_NAME),
            user: reader.text("database.user"),
            password: reader.secret(PASSWORD),
            name: reader.text("database.name"),
        }
    }

    fn url(&self, reader: &mut Reader<'_>) -> (DatabaseUrl, Origin) {
        let Some(connection_name) = &self.connection_name else {
            self.check_unused(reader);
            return (DatabaseUrl::embedded(), Origin::Default);
        };
        let url = self.cloud_sql(connection_name).unwrap_or_else(|error| {
            reader.note(CONNECTION_NAME, &format!("is {error}"), "copy the connection name of the instance: PROJECT:REGION:INSTANCE");
            DatabaseUrl::embedded()
        });
        (url, reader.origin(CONNECTION_NAME))
    }

    fn cloud_sql(&self, connection_name: &str) -> Result<DatabaseUrl, InvalidDatabaseUrl> {
        let password = self.password.as_ref().map(|secret| secret.expose_secret());
        DatabaseUrl::cloud_sql(&CloudSql { connection_name, user: &self.user, password, name: &self.name })
    }

    fn check_unused(&self, reader: &mut Reader<'_>) {
        reader.note_in_production(URL, "is not set", "set DATABASE_URL, or GOOGLE_CLOUD_SQL_CONNECTION_NAME and DB_PASSWORD");
        if self.password.is_some() {
            reader.warn("DB_PASSWORD is not used: neither DATABASE_URL nor GOOGLE_CLOUD_SQL_CONNECTION_NAME is set");
        }
    }
}
