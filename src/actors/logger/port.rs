//! The way to the logger.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use actix::{Addr, Recipient};

use super::{Flush, Keep, Log, LoggerActor, Sabotage};
use crate::actors::port;
use crate::store::Row;

/// How full the logger is, for those who bring more.
#[derive(Debug)]
pub(super) struct Fill {
    waiting: AtomicUsize,
    crowded: AtomicBool,
    room: usize,
}

impl Fill {
    pub(super) const fn new(room: usize) -> Self {
        Self { waiting: AtomicUsize::new(0), crowded: AtomicBool::new(false), room }
    }

    pub(super) fn set(&self, waiting: usize, crowded: bool) {
        self.waiting.store(waiting, Ordering::Relaxed);
        self.crowded.store(crowded, Ordering::Relaxed);
    }
}

/// Clones lead to the same logger.
#[derive(Clone)]
pub struct LogPort {
    fill: Arc<Fill>,
    rows: Recipient<Log>,
    logger: Addr<LoggerActor>,
}

impl LogPort {
    /// Starts the logger by `start`, which puts it where it is to live.
    #[must_use]
    pub fn to(logger: LoggerActor, start: impl FnOnce(LoggerActor) -> Addr<LoggerActor>) -> Self {
        let fill = logger.fill.clone();
        let logger = start(logger);
        Self { fill, rows: logger.clone().recipient(), logger }
    }

    /// Hands the row over, or gives it back.
    pub fn log(&self, row: Row) -> Result<(), Box<Row>> {
        if self.fill.waiting.load(Ordering::Relaxed) >= self.fill.room {
            return Err(Box::new(row));
        }
        port::offer(&self.rows, Log(row)).map_err(|Log(row)| Box::new(row))
    }

    /// Waits until the row is in the spool; true if it is on disk there, and so outlives this process.
    pub async fn keep(&self, row: Row) -> bool {
        self.logger.send(Keep(row)).await.unwrap_or(false)
    }

    /// Waits until what was logged is in the database, but no longer than `limit`; true if it is.
    pub async fn flush(&self, limit: Duration) -> bool {
        matches!(tokio::time::timeout(limit, self.logger.send(Flush)).await, Ok(Ok(())))
    }

    /// True while rows pile up so that no further call should begin.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        self.fill.crowded.load(Ordering::Relaxed)
    }

    /// Breaks the logger, as a bug would.
    #[doc(hidden)]
    pub fn sabotage(&self) {
        port::tell(&self.logger.clone().recipient(), Sabotage);
    }
}
