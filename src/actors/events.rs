//! Publishes what happened in calls, and wakes those who watch. What they are told they read from the database, in its order:
//! so they miss nothing, whichever instance it happened on, and whatever becomes of a connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, ActorFutureExt as _, AsyncContext as _, Context, Handler, Message, ResponseActFuture, Supervised, WrapFuture as _};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::timeout;

use super::clock;
use super::engine::{Engine, EngineError};
use super::levels::{Level, Levels};
use super::port::{Kin as _, Letter};
use crate::config::Webhooks;
use crate::metrics;
use crate::store::{CallStore, EventFilter, Heard};
use crate::types::{CallId, EventKind};

pub use super::levels::Level as CallLevel;
pub use crate::store::{Event, EventSubject};

/// What is noted in this time is published together.
const TOGETHER: Duration = Duration::from_millis(25);
/// What an instance noted that did not live to publish it, another one publishes after so long.
const SWEEP: Duration = Duration::from_secs(5);
/// So long it may take to see what another instance has published, where its word is not heard.
const LOOK: Duration = Duration::from_secs(2);
/// Whoever watches hears something at least so often.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);
/// Then they have to ask again, and show their key.
const LONGEST: Duration = Duration::from_secs(600);
const PAGE: u64 = 200;

/// Wakes those who watch. Clones wake the same.
#[derive(Clone)]
pub struct EventHub(Arc<watch::Sender<bool>>);

impl EventHub {
    pub fn start(store: &CallStore, levels: &Levels) -> Self {
        let hub = Self(Arc::new(watch::Sender::new(false)));
        let (ear, mut heard) = mpsc::unbounded_channel();
        store.hear(ear);
        let (ringing, levels) = (hub.clone(), levels.clone());
        actix_rt::spawn(async move {
            while let Some(heard) = heard.recv().await {
                match heard {
                    Heard::Events => ringing.ring(),
                    Heard::Levels(text) => levels.told_elsewhere(&text),
                }
            }
        });
        hub
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }

    pub(super) fn ring(&self) {
        self.0.send_modify(|_| {});
    }

    /// Nobody watches any longer.
    pub fn close(&self) {
        self.0.send_replace(true);
    }
}

pub struct EventPublisher {
    store: CallStore,
    hub: EventHub,
    /// What the receiver of webhooks is told of.
    wanted: Arc<[EventKind]>,
}

impl EventPublisher {
    pub fn new(store: CallStore, hub: EventHub, webhooks: Option<&Webhooks>) -> Self {
        Self { store, hub, wanted: webhooks.map(|webhooks| webhooks.events.as_slice().into()).unwrap_or_default() }
    }
}

impl Actor for EventPublisher {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.notify(Letter::to(Self::KIND, Publish));
    }
}

impl Supervised for EventPublisher {}

#[derive(Message)]
#[rtype(result = "()")]
struct Publish;

impl Handler<Publish> for EventPublisher {
    type Result = ResponseActFuture<Self, ()>;

    fn handle(&mut self, _: Publish, _: &mut Context<Self>) -> Self::Result {
        let (store, hub, wanted) = (self.store.clone(), self.hub.clone(), Arc::clone(&self.wanted));
        let published = async move {
            // Whether somebody rang or not, there may be something.
            let _ = timeout(SWEEP, store.noted()).await;
            tokio::time::sleep(TOGETHER).await;
            match store.publish_events(&wanted).await {
                Ok(0) => {}
                Ok(count) => {
                    metrics::events_published(count);
                    hub.ring();
                }
                Err(error) => tracing::warn!(%error, "events are not published yet"),
            }
        };
        Box::pin(published.into_actor(self).map(|(), _, ctx| ctx.notify(Letter::to(Self::KIND, Publish))))
    }
}

/// Somebody who watches.
pub struct EventWatch {
    store: CallStore,
    told: watch::Receiver<bool>,
    filter: EventFilter,
    /// For who wants to know how loud calls are.
    levels: Option<broadcast::Receiver<Arc<[Level]>>>,
    /// When to look into the database, whether somebody rings or not.
    look: Instant,
    until: Instant,
    /// What was asked for is not kept any more, or never was.
    pub has_gap: bool,
}

/// What there is for somebody who watches.
pub enum Watched {
    Events(Vec<Event>),
    /// How loud the calls are that are watched.
    Levels(Vec<Level>),
    /// Nothing happened for a while.
    Nothing,
    /// To be asked for again.
    Over,
}

impl Engine {
    /// Everything behind the position `after`; without one, what happens from now on.
    pub async fn watch_events(&self, after: Option<u64>, call: Option<CallId>, levels: bool) -> Result<EventWatch, EngineError> {
        let told = self.event_hub().subscribe();
        let kept = self.store().kept_events().await?;
        let has_gap = after.is_some_and(|after| !kept.contains(&after));
        let after = after.filter(|_| !has_gap).unwrap_or_else(|| *kept.end());
        let filter = EventFilter { after, call, limit: PAGE };
        let levels = levels.then(|| self.levels().watch());
        Ok(EventWatch { store: self.store().clone(), told, filter, levels, look: clock::now(), until: clock::now() + LONGEST, has_gap })
    }
}

impl EventWatch {
    /// What comes next is behind this position.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.filter.after
    }

    pub async fn next(&mut self) -> Watched {
        let silent = clock::now() + SIGN_OF_LIFE;
        loop {
            let now = clock::now();
            if *self.told.borrow_and_update() || now >= self.until {
                return Watched::Over;
            }
            if now >= self.look {
                let events = self.read(now).await;
                if !events.is_empty() {
                    return Watched::Events(events);
                }
            }
            if now >= silent {
                return Watched::Nothing;
            }
            let wait = self.look.saturating_duration_since(now);
            tokio::select! {
                rung = timeout(wait, self.told.changed()) => match rung {
                    // Who cannot be rung any more would look again and again at once.
                    Ok(Err(_)) => return Watched::Over,
                    Ok(Ok(())) | Err(_) => self.look = now,
                },
                levels = next_of(&mut self.levels, self.filter.call) => return Watched::Levels(levels),
            }
        }
    }

    /// After something there may be more at once, after nothing not.
    async fn read(&mut self, now: Instant) -> Vec<Event> {
        match self.store.events(self.filter).await {
            Ok(page) => {
                self.filter.after = page.up_to;
                self.look = if page.events.is_empty() { now + LOOK } else { now };
                page.events
            }
            Err(error) => {
                tracing::debug!(%error, "events cannot be read, trying on");
                self.look = now + LOOK;
                Vec::new()
            }
        }
    }
}

/// Waits for ever where nobody wants to know.
async fn next_of(levels: &mut Option<broadcast::Receiver<Arc<[Level]>>>, call: Option<CallId>) -> Vec<Level> {
    loop {
        let Some(told) = levels else { return std::future::pending().await };
        match told.recv().await {
            Ok(all) => {
                let wanted: Vec<Level> = all.iter().filter(|level| call.is_none_or(|call| call == level.call_id)).copied().collect();
                if !wanted.is_empty() {
                    return wanted;
                }
            }
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => *levels = None,
        }
    }
}
