//! What can go wrong with the database, sorted by what to do about it.

use std::fmt;

use sea_orm::sqlx;
use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// Why the database did not do what it was asked to.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Not reachable, overloaded, or in the middle of something: the same again may work.
    #[error("database unavailable: {0}")]
    Unavailable(Fault),
    /// Another row stands in the way.
    #[error("conflict with a stored row: {0}")]
    Conflict(Fault),
    /// The database will never take this row: SQLSTATE classes 22, 23 and 54.
    #[error("row refused: {0}")]
    Refused(Fault),
    /// Trying again cannot help.
    #[error("query failed: {0}")]
    Query(Fault),
    /// The text is kept out: it holds a password.
    #[error("the database url is not one of postgres://… or sqlite://…")]
    InvalidUrl,
}

/// What the database said, without the values it said it about (Postgres puts those into `DETAIL`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// SQLSTATE, or SQLite's extended result code.
    pub code: Option<String>,
    pub text: String,
}

impl StoreError {
    /// True where a retry is worth it: keep the rows and come back.
    #[must_use]
    pub const fn is_outage(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Conflict(_) | Self::Refused(_) | Self::Query(_) | Self::InvalidUrl => false,
        }
    }

    /// True where one row is to blame, and the others would be taken without it.
    #[must_use]
    pub const fn is_of_a_row(&self) -> bool {
        match self {
            Self::Conflict(_) | Self::Refused(_) => true,
            Self::Unavailable(_) | Self::Query(_) | Self::InvalidUrl => false,
        }
    }

    /// SQLSTATE, or SQLite's extended result code.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Unavailable(fault) | Self::Conflict(fault) | Self::Refused(fault) | Self::Query(fault) => fault.code.as_deref(),
            Self::InvalidUrl => None,
        }
    }

    pub(super) fn refused(text: impl Into<String>) -> Self {
        Self::Refused(Fault { code: None, text: text.into() })
    }

    /// A SQLite file whose check failed, under the code that reading on would have met.
    pub(super) fn damaged(text: impl Into<String>) -> Self {
        Self::Query(Fault { code: Some("11".to_owned()), text: text.into() })
    }

    /// The same, with the step of the schema that it happened in.
    pub(super) fn in_step(mut self, step: &str) -> Self {
        if let Self::Unavailable(fault) | Self::Conflict(fault) | Self::Refused(fault) | Self::Query(fault) = &mut self {
            fault.text = format!("step {step}: {}", fault.text);
        }
        self
    }

    pub(super) fn unavailable(text: impl Into<String>) -> Self {
        Self::Unavailable(Fault { code: None, text: text.into() })
    }

    pub(super) fn conflict(text: impl Into<String>) -> Self {
        Self::Conflict(Fault { code: None, text: text.into() })
    }

    pub(super) fn query(text: impl Into<String>) -> Self {
        Self::Query(Fault { code: None, text: text.into() })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{} ({code})", self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if let Some(SqlErr::UniqueConstraintViolation(_)) = error.sql_err() {
            return Self::conflict("a unique value is taken");
        }
        match error {
            DbErr::ConnectionAcquire(cause) => Self::unavailable(cause.to_string().to_lowercase()),
            DbErr::Conn(RuntimeErr::SqlxError(cause)) => connecting(&cause),
            DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => asking(&cause),
            other => Self::query(other.to_string()),
        }
    }
}

/// Whatever fails before a statement runs tells of the database, not of the statement.
fn connecting(cause: &sqlx::Error) -> StoreError {
    StoreError::Unavailable(fault(cause))
}

fn asking(cause: &sqlx::Error) -> StoreError {
    let fault = fault(cause);
    let passes = match cause {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        sqlx::Error::Database(_) => fault.code.as_deref().is_some_and(passes_by_itself),
        _ => false,
    };
    let of_a_row = fault.code.as_deref().is_some_and(blames_a_row);
    match (passes, of_a_row) {
        (true, _) => StoreError::Unavailable(fault),
        (false, true) => StoreError::Refused(fault),
        (false, false) => StoreError::Query(fault),
    }
}

fn fault(cause: &sqlx::Error) -> Fault {
    match cause {
        sqlx::Error::Database(cause) => Fault { code: cause.code().map(std::borrow::Cow::into_owned), text: cause.message().to_owned() },
        other => Fault { code: None, text: other.to_string() },
    }
}

/// PostgreSQL appendix A (errcodes) and SQLite's result codes, whose low byte is the primary one (sqlite.org/rescode.html).
fn passes_by_itself(code: &str) -> bool {
    const LATER: [&str; 9] = [
        "40001", // serialization_failure
        "40P01", // deadlock_detected
        "57014", // query_canceled: statement_timeout
        "25006", // read_only_sql_transaction: a primary that was demoted
        "55P03", // lock_not_available
        "55006", // object_in_use
        "42P01", // undefined_table: nobody has migrated yet
        "42703", // undefined_column
        "3F000", // invalid_schema_name
    ];
    const CLASSES: [&str; 5] = ["08", "28", "3D", "53", "57P0"];
    const SQLITE: [u32; 5] = [5, 6, 10, 13, 14]; // busy, locked, ioerr, full, cantopen

    if code.len() == 5 {
        return LATER.contains(&code) || CLASSES.iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|code| SQLITE.contains(&(code & 0xff)))
}

/// Data that cannot be stored, constraints, limits of the program; and SQLite's toobig, constraint and mismatch.
fn blames_a_row(code: &str) -> bool {
    const SQLITE: [u32; 3] = [18, 19, 20];
    if code.len() == 5 {
        return ["22", "23", "54"].iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|code| SQLITE.contains(&(code & 0xff)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_retried() {
        for code in [
            "40001", "40P01", "53100", "53300", "57P01", "57P02", "57P03", "57014", "08006", "28P01", "42P01", "5", "6", "261", "517", "13",
        ] {
            assert!(passes_by_itself(code), "{code}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_row_is_not_retried() {
        for code in ["22021", "22001", "23502", "23505", "42501", "42601", "XX000", "1", "1299", "2067", ""] {
            assert!(!passes_by_itself(code), "{code}");
        }
    }

    #[test]
    fn a_lost_connection_is_an_outage() {
        let lost = || RuntimeErr::SqlxError(std::sync::Arc::new(sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into())));

        assert!(StoreError::from(DbErr::Exec(lost())).is_outage());
        assert!(StoreError::from(DbErr::Query(lost())).is_outage());
        assert!(StoreError::from(DbErr::Conn(lost())).is_outage());
        assert!(!StoreError::from(DbErr::Type("x".to_owned())).is_outage());
    }
}
