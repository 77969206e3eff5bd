//! The way to the logger.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{Addr, Arbiter};

use super::{Flush, Keep, Log, LoggerActor, Sabotage};
use crate::actors::port::{Port, Post as _};
use crate::actors::supervise::{Fallen, permanent};
use crate::store::{BatchPolicy, Row};

/// How full the logger is, for those who bring more.
#[derive(Debug, Default)]
pub(super) struct Fill {
    full: AtomicBool,
    crowded: AtomicBool,
}

impl Fill {
    pub(super) fn set(&self, has_room: bool, crowded: bool) {
        self.full.store(!has_room, Ordering::Relaxed);
        self.crowded.store(crowded, Ordering::Relaxed);
    }
}

/// Clones lead to the same logger.
#[derive(Clone)]
pub struct LogPort {
    fill: Arc<Fill>,
    rows: Port<Log>,
    logger: Addr<LoggerActor>,
}

impl LogPort {
    /// Starts the logger on a thread of its own.
    #[must_use]
    pub fn start(arbiter: &Arbiter, fallen: &Fallen, logger: LoggerActor) -> Self {
        let fill = logger.fill.clone();
        let logger = permanent(arbiter, BatchPolicy::default().room, fallen, logger);
        Self { fill, rows: logger.clone().into(), logger }
    }

    /// Hands the row over, or gives it back.
    pub fn log(&self, row: Row) -> Result<(), Box<Row>> {
        if self.fill.full.load(Ordering::Relaxed) {
            return Err(Box::new(row));
        }
        self.rows.offer(Log(row)).map_err(|Log(row)| Box::new(row))
    }

    /// Waits until the row is in the spool; true if it is on disk there, and so outlives this process.
    pub async fn keep(&self, row: Row) -> bool {
        self.logger.ask(Keep(row)).await.unwrap_or(false)
    }

    /// Waits until what was logged is in the database, but no longer than `limit`; true if it is.
    pub async fn flush(&self, limit: Duration) -> bool {
        matches!(tokio::time::timeout(limit, self.logger.ask(Flush)).await, Ok(Ok(())))
    }

    /// True while rows pile up so that no further call should begin.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        self.fill.crowded.load(Ordering::Relaxed)
    }

    /// Breaks the logger, as a bug would.
    #[doc(hidden)]
    pub fn sabotage(&self) {
        self.logger.tell(Sabotage);
    }
}
