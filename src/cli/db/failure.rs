//! Why a verb did not do what it was told to, and its exit code.

use std::fmt::Display;

use super::advice::MIGRATE;
use crate::store::{BulkError, StoreError};

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Told in a way that cannot be done: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// Not done: exit code 1.
    #[error("{0}")]
    Other(String),
}

/// The exit code of a verb, where nothing stood in its way.
pub type Outcome = Result<i32, Failure>;

impl Failure {
    pub fn other(cause: impl Display) -> Self {
        Self::Other(cause.to_string())
    }

    pub fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    #[must_use]
    pub const fn code(&self) -> i32 {
        match self {
            Self::Usage(_) => 2,
            Self::Store(_) | Self::Other(_) => 1,
        }
    }
}

impl From<BulkError> for Failure {
    fn from(cause: BulkError) -> Self {
        match cause {
            BulkError::Store(cause) => Self::Store(cause),
            BulkError::Unmigrated(_) => Self::Other(format!("{cause}: {MIGRATE}")),
            other => Self::other(other),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(cause: std::io::Error) -> Self {
        Self::other(cause)
    }
}
