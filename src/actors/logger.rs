//! Brings records into the database, in batches, on its own thread. The audio path never waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt as _, Addr, AsyncContext as _, Context, Handler, Message, Recipient, ResponseFuture, Supervised, WrapFuture as _,
};
use tokio::sync::oneshot;

use super::{clock, port};
use crate::metrics;
use crate::store::{BatchPolicy, Batcher, CallStore, Row, StoreError};

/// Rows that may wait for the database; the next one is refused and stays with its call.
const ROOM: usize = 8_192;
/// How often the batcher's clock is looked at.
const TICK: Duration = Duration::from_millis(50);

pub struct LoggerActor {
    store: CallStore,
    batcher: Batcher,
    /// Those who wait for everything before them to be in the database.
    flushes: Vec<oneshot::Sender<()>>,
    /// Rows that are here, for those who bring more.
    waiting: Arc<AtomicUsize>,
}

impl LoggerActor {
    #[must_use]
    pub fn new(store: CallStore) -> Self {
        Self { store, batcher: Batcher::new(BatchPolicy::default()), flushes: Vec::new(), waiting: Arc::default() }
    }

    /// Shared with the port: how many rows are here.
    #[must_use]
    pub fn waiting(&self) -> Arc<AtomicUsize> {
        self.waiting.clone()
    }

    /// Writes one batch, if one is due and none is under way.
    fn pump(&mut self, ctx: &mut Context<Self>) {
        metrics::rows_queued(self.batcher.len());
        self.waiting.store(self.batcher.len(), Ordering::Relaxed);
        let Some(rows) = self.batcher.poll(clock::now()) else { return };
        let (store, count) = (self.store.clone(), rows.len() as u64);
        let written = async move { store.write(rows).await }.into_actor(self);
        ctx.spawn(written.map(move |result, logger, ctx| logger.written(result, count, ctx)));
    }

    fn written(&mut self, result: Result<(), StoreError>, count: u64, ctx: &mut Context<Self>) {
        match result {
            Ok(()) => {
                metrics::rows_written(count);
                self.batcher.done();
            }
            Err(error) => {
                tracing::warn!(%error, rows = count, "rows not written, trying again");
                self.batcher.failed(clock::now());
            }
        }
        if self.batcher.is_empty() {
            for waiting in self.flushes.drain(..) {
                // Whoever waited may have given up.
                let _ = waiting.send(());
            }
        }
        self.pump(ctx);
    }
}

impl Actor for LoggerActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(ROOM);
        ctx.run_interval(TICK, Self::pump);
    }
}

impl Supervised for LoggerActor {
    /// The batch under way may or may not have arrived: it is written again.
    fn restarting(&mut self, _: &mut Context<Self>) {
        self.batcher.failed(clock::now());
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Log(Row);

impl Handler<Log> for LoggerActor {
    type Result = ();

    fn handle(&mut self, Log(row): Log, _: &mut Context<Self>) {
        self.batcher.push(row, clock::now());
    }
}

/// Answers when everything logged before is in the database.
#[derive(Message)]
#[rtype(result = "()")]
struct Flush;

impl Handler<Flush> for LoggerActor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Flush, ctx: &mut Context<Self>) -> ResponseFuture<()> {
        if self.batcher.is_empty() {
            return Box::pin(std::future::ready(()));
        }
        let (done, waiting) = oneshot::channel();
        self.flushes.push(done);
        self.pump(ctx);
        Box::pin(async move { drop(waiting.await) })
    }
}

/// The way to the logger.
#[derive(Clone)]
pub struct LogPort {
    waiting: Arc<AtomicUsize>,
    rows: Recipient<Log>,
    flush: Recipient<Flush>,
}

impl LogPort {
    #[must_use]
    pub fn new(waiting: Arc<AtomicUsize>, logger: Addr<LoggerActor>) -> Self {
        Self { waiting, rows: logger.clone().recipient(), flush: logger.recipient() }
    }

    /// Hands the row over, or gives it back.
    pub fn log(&self, row: Row) -> Result<(), Box<Row>> {
        if self.waiting.load(Ordering::Relaxed) >= ROOM {
            return Err(Box::new(row));
        }
        port::offer(&self.rows, Log(row)).map_err(|Log(row)| Box::new(row))
    }

    /// Waits until what was logged is in the database, but no longer than `limit`; true if it is.
    pub async fn flush(&self, limit: Duration) -> bool {
        matches!(tokio::time::timeout(limit, self.flush.send(Flush)).await, Ok(Ok(())))
    }
}
