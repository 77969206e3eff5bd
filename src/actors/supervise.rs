//! Supervision that survives panics.
//!
//! `actix::Supervisor` restarts an actor that stops, not one that panics. Here a panic restarts the
//! actor with its `Addr` and mailbox kept, within a budget; a stop is a stop. The message that
//! panicked is lost. A restart calls `restarting` and then `started` again: intervals and streams
//! of the old life are gone.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll};
use std::time::{Duration, Instant};

use actix::dev::ContextFut;
use actix::{Addr, Arbiter, AsyncContext as _, Context, Supervised};
use tokio::time::{Sleep, sleep};

use super::clock;
use super::exit::{Exit, text_of};
use super::port::Kin;
use crate::metrics;
use crate::types::ActorKind;

/// How often an actor may panic.
#[derive(Clone, Copy, Debug)]
pub struct RestartBudget {
    pub restarts: usize,
    pub within: Duration,
    /// Before the first restart; doubled for each further one.
    pub pause: Duration,
}

impl RestartBudget {
    /// For one call: what cannot be mended in three tries is better resumed on a new stream.
    pub const CALL: Self = Self { restarts: 3, within: Duration::from_secs(60), pause: Duration::from_millis(5) };
    /// For the actors that live as long as the process.
    pub const PERMANENT: Self = Self { restarts: 10, within: Duration::from_secs(60), pause: Duration::from_millis(20) };
}

/// Starts an actor that outlives its panics; `on_exit` is told once how it ended.
pub fn supervise<A>(budget: RestartBudget, make: impl FnOnce(&mut Context<A>) -> A, on_exit: impl FnOnce(Exit) + 'static) -> Addr<A>
where
    A: Kin<Context = Context<A>> + Supervised,
{
    let mut context = Context::new();
    let actor = make(&mut context);
    let addr = context.address();
    let life = Supervision { panics: Panics { budget, times: VecDeque::new() }, future: Box::pin(context.into_future(actor)), pause: None };
    actix_rt::spawn(async move {
        metrics::actor_started(A::KIND);
        let exit = life.await;
        metrics::actor_stopped(A::KIND, exit.as_str());
        on_exit(exit);
    });
    addr
}

/// Messages that an actor takes in from those who do not wait, unless it is made for more.
pub const MAILBOX: usize = 16;

/// Permanent actors that broke too often, and are gone; clones are the same list.
#[derive(Clone, Debug, Default)]
pub struct Fallen(Arc<Mutex<Vec<ActorKind>>>);

impl Fallen {
    #[must_use]
    pub fn kinds(&self) -> Vec<ActorKind> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, kind: ActorKind) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(kind);
    }
}

/// An actor that lives as long as the process, on a thread of its own. Without it the process is of no more use.
pub fn permanent<A>(arbiter: &Arbiter, mailbox: usize, fallen: &Fallen, actor: A) -> Addr<A>
where
    A: Kin<Context = Context<A>> + Supervised + Send + 'static,
{
    let (tell, told) = std::sync::mpsc::channel();
    let fallen = fallen.clone();
    arbiter.spawn_fn(move || {
        let make = move |ctx: &mut Context<A>| {
            ctx.set_mailbox_capacity(mailbox);
            actor
        };
        let ended = move |exit| {
            tracing::error!(actor = %A::KIND, %exit, "permanent actor ended: this process has to be replaced");
            fallen.add(A::KIND);
        };
        let _ = tell.send(supervise(RestartBudget::PERMANENT, make, ended));
    });
    #[expect(clippy::expect_used, reason = "a thread that was just started answers, or nothing can be started at all")]
    told.recv().expect("arbiter runs")
}

/// Starts an actor with one life; `on_exit` is told how it ended, also after a panic.
pub fn start_watched<A>(make: impl FnOnce(&mut Context<A>) -> A, on_exit: impl FnOnce(Exit) + 'static) -> Addr<A>
where
    A: Kin<Context = Context<A>>,
{
    let mut context = Context::new();
    let actor = make(&mut context);
    let addr = context.address();
    let life = actix_rt::spawn(context.into_future(actor));
    actix_rt::spawn(async move {
        metrics::actor_started(A::KIND);
        let exit = match life.await {
            Err(error) if error.is_panic() => {
                metrics::actor_panicked(A::KIND);
                Exit::Panicked(text_of(&*error.into_panic()))
            }
            Ok(()) | Err(_) => Exit::Normal,
        };
        metrics::actor_stopped(A::KIND, exit.as_str());
        on_exit(exit);
    });
    addr
}

/// The life of a supervised actor; ends with its exit.
struct Supervision<A: Kin<Context = Context<A>> + Supervised> {
    panics: Panics,
    future: Pin<Box<ContextFut<A, Context<A>>>>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl<A: Kin<Context = Context<A>> + Supervised> Future for Supervision<A> {
    type Output = Exit;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Exit> {
        loop {
            if let Some(pause) = &mut self.pause {
                std::task::ready!(pause.as_mut().poll(cx));
                self.pause = None;
                match catch_unwind(AssertUnwindSafe(|| self.future.restart())) {
                    Ok(true) => {}
                    Ok(false) => return Poll::Ready(Exit::Normal),
                    Err(panic) => return Poll::Ready(Exit::Panicked(text_of(&*panic))),
                }
            }
            match catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(cx))) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(())) => return Poll::Ready(Exit::Normal),
                Err(panic) => {
                    metrics::actor_panicked(A::KIND);
                    match self.panics.next_pause(clock::now()) {
                        Some(pause) => {
                            metrics::actor_restarted(A::KIND);
                            tracing::error!(actor = %A::KIND, panic = %text_of(&*panic), "actor panicked, restarting");
                            self.pause = Some(Box::pin(sleep(pause)));
                        }
                        None => return Poll::Ready(Exit::BudgetSpent(text_of(&*panic))),
                    }
                }
            }
        }
    }
}

/// The panics of the last while.
struct Panics {
    budget: RestartBudget,
    times: VecDeque<Instant>,
}

impl Panics {
    /// How long to wait before the next life, if there is one.
    fn next_pause(&mut self, now: Instant) -> Option<Duration> {
        self.times.retain(|at| now.saturating_duration_since(*at) < self.budget.within);
        self.times.push_back(now);
        let count = self.times.len();
        let doubling = u32::try_from(count - 1).unwrap_or(u32::MAX).min(8);
        (count <= self.budget.restarts).then(|| self.budget.pause * 2_u32.pow(doubling))
    }
}

#[cfg(test)]
#[path = "tests/supervise.rs"]
mod tests;
