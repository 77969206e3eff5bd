//! Keeps what calls leave behind: into the spool at once, from there into the database in batches, on its own thread.
//! The audio path never waits for it. When what is done is decided in `store::Batcher`; this carries its orders out.

mod delivery;
mod port;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use actix::{
    Actor, ActorFutureExt as _, AsyncContext as _, Context, Handler, Message, ResponseFuture, SpawnHandle, Supervised, WrapFuture as _,
};
use tokio::sync::oneshot;

use super::clock;
use crate::metrics;
use crate::store::{Appended, BatchPolicy, Batcher, CallStore, Order, Row, Spool, StoreError, Ticket};
use delivery::Delivery;

pub use port::LogPort;

/// A spool so full, in percent, has no room for what can be done without.
const NEARLY_FULL: u64 = 80;

pub struct LoggerActor {
    store: CallStore,
    spool: Spool,
    batcher: Batcher,
    /// Those who wait for one row to be in the spool, and those who wait for everything to be in the database.
    keeps: VecDeque<(Ticket, oneshot::Sender<bool>)>,
    flushes: Vec<Flushing>,
    fill: Arc<port::Fill>,
    timer: Option<(Instant, SpawnHandle)>,
}

/// Somebody waits for all that was logged before.
struct Flushing {
    ticket: Ticket,
    /// Where the spool ended when the last of it was committed.
    place: Option<u64>,
    done: oneshot::Sender<()>,
}

impl LoggerActor {
    /// With what an earlier process left in the spool still to be shipped.
    pub async fn new(store: CallStore, spool: Spool) -> Result<Self, StoreError> {
        let (gone, newest) = spool.bounds().await?;
        let policy = BatchPolicy::default();
        let fill = Arc::new(port::Fill::default());
        let batcher = Batcher::new(policy, gone, newest, clock::now());
        Ok(Self { store, spool, batcher, keeps: VecDeque::new(), flushes: Vec::new(), fill, timer: None })
    }

    fn take(&mut self, row: Row) -> Option<Ticket> {
        let kind = row.kind();
        let ticket = self.batcher.push(row, clock::now());
        if ticket.is_none() {
            metrics::row_lost(kind);
        }
        ticket
    }

    /// Gives out every order that is due, and sets the clock for the next.
    fn pump(&mut self, ctx: &mut Context<Self>) {
        while let Some(order) = self.batcher.poll(clock::now()) {
            self.carry_out(order, ctx);
        }
        self.fill.set(self.batcher.has_room(), self.batcher.is_crowded());
        metrics::rows_queued(self.batcher.waiting(), self.batcher.backlog());
        self.arm(ctx);
    }

    fn carry_out(&self, order: Order, ctx: &mut Context<Self>) {
        let (store, spool, newest) = (self.store.clone(), self.spool.clone(), self.batcher.newest());
        match order {
            Order::Commit(rows) => {
                let work = async move { spool.append(&rows, clock::utc()).await }.into_actor(self);
                ctx.spawn(work.map(|outcome, logger, ctx| logger.committed(outcome, ctx)));
            }
            Order::Ship(rows) => {
                let work = async move { delivery::ship(&store, &spool, rows, newest).await }.into_actor(self);
                ctx.spawn(work.map(|delivery, logger, ctx| logger.delivered(delivery, ctx)));
            }
            Order::Bury => {
                let work = async move { delivery::bury(&store, &spool, newest).await }.into_actor(self);
                ctx.spawn(work.map(|delivery, logger, ctx| logger.delivered(delivery, ctx)));
            }
        }
    }

    fn committed(&mut self, outcome: Result<Appended, StoreError>, ctx: &mut Context<Self>) {
        match outcome {
            Ok(Appended { newest, durable, used, max }) => {
                metrics::spool_bytes(used, durable);
                self.batcher.committed(newest, used * 100 >= max * NEARLY_FULL, clock::now());
                self.tell_keeps(durable);
            }
            Err(error) => {
                tracing::error!(%error, "rows not in the spool, trying again");
                metrics::rows_retried("spool");
                self.batcher.not_committed(clock::now());
            }
        }
        self.settle(ctx);
    }

    fn delivered(&mut self, delivery: Delivery, ctx: &mut Context<Self>) {
        let now = clock::now();
        match delivery {
            Delivery::Done { rows, gone } => self.batcher.shipped(rows, gone, now),
            Delivery::Refused { rows } => self.batcher.refused(rows, now),
            Delivery::Failed => {
                metrics::rows_retried("database");
                self.batcher.not_shipped(now);
            }
        }
        self.settle(ctx);
    }

    fn settle(&mut self, ctx: &mut Context<Self>) {
        self.tell_flushes();
        self.pump(ctx);
    }

    fn tell_keeps(&mut self, durable: bool) {
        while let Some((_, waiting)) = self.keeps.pop_front_if(|(ticket, _)| self.batcher.is_committed(*ticket)) {
            // Whoever waited may have given up.
            let _ = waiting.send(durable);
        }
    }

    fn tell_flushes(&mut self) {
        let batcher = &self.batcher;
        for flush in &mut self.flushes {
            if flush.place.is_none() && batcher.is_committed(flush.ticket) {
                flush.place = Some(batcher.newest());
            }
        }
        for done in self.flushes.extract_if(.., |flush| flush.place.is_some_and(|place| batcher.is_shipped(place))) {
            let _ = done.done.send(());
        }
    }

    fn arm(&mut self, ctx: &mut Context<Self>) {
        let due = self.batcher.poll_timeout();
        if self.timer.map(|(armed, _)| armed) == due {
            return;
        }
        if let Some((_, handle)) = self.timer.take() {
            ctx.cancel_future(handle);
        }
        self.timer = due.map(|due| {
            let wait = due.saturating_duration_since(clock::now());
            let handle = ctx.run_later(wait, |logger, ctx| {
                logger.timer = None;
                logger.pump(ctx);
            });
            (due, handle)
        });
    }
}

impl Actor for LoggerActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.timer = None;
        self.settle(ctx);
    }
}

impl Supervised for LoggerActor {
    /// The queue is in the actor, which a panic does not take down; the orders that were out are given again.
    fn restarting(&mut self, _: &mut Context<Self>) {
        self.batcher.forget_orders(clock::now());
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Log(Row);

impl Handler<Log> for LoggerActor {
    type Result = ();

    fn handle(&mut self, Log(row): Log, ctx: &mut Context<Self>) {
        self.take(row);
        self.pump(ctx);
    }
}

/// Answers when the row is in the spool: true if it is on disk.
#[derive(Message)]
#[rtype(result = "bool")]
struct Keep(Row);

impl Handler<Keep> for LoggerActor {
    type Result = ResponseFuture<bool>;

    fn handle(&mut self, Keep(row): Keep, ctx: &mut Context<Self>) -> ResponseFuture<bool> {
        let Some(ticket) = self.take(row) else { return Box::pin(std::future::ready(false)) };
        let (done, waiting) = oneshot::channel();
        self.keeps.push_back((ticket, done));
        self.pump(ctx);
        Box::pin(async move { waiting.await.unwrap_or(false) })
    }
}

/// Answers when everything logged before is in the database.
#[derive(Message)]
#[rtype(result = "()")]
struct Flush;

impl Handler<Flush> for LoggerActor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Flush, ctx: &mut Context<Self>) -> ResponseFuture<()> {
        let (done, waiting) = oneshot::channel();
        self.flushes.push(Flushing { ticket: self.batcher.last_ticket(), place: None, done });
        self.batcher.make_haste(clock::now());
        self.settle(ctx);
        Box::pin(async move { drop(waiting.await) })
    }
}

/// Breaks the actor as a bug would, so that its mending can be tested from outside.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
struct Sabotage;

impl Handler<Sabotage> for LoggerActor {
    type Result = ();

    #[expect(clippy::panic, reason = "to break is what it is for")]
    fn handle(&mut self, _: Sabotage, _: &mut Context<Self>) {
        panic!("sabotaged")
    }
}
