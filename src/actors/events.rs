//! Publishes what happened in calls, and wakes those who watch. What they are told they read from the database, in its order:
//! so they miss nothing, whichever instance it happened on, and whatever becomes of a connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, ActorFutureExt as _, AsyncContext as _, Context, Handler, Message, ResponseActFuture, Supervised, WrapFuture as _};
use tokio::sync::watch;
use tokio::time::timeout;

use super::clock;
use super::engine::{Engine, EngineError};
use crate::config::Webhooks;
use crate::metrics;
use crate::store::{CallStore, EventFilter};
use crate::types::{CallId, EventKind};

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
    pub fn start(store: &CallStore) -> Self {
        let hub = Self(Arc::new(watch::Sender::new(false)));
        store.hear_events(Self::clone(&hub).0);
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
        ctx.notify(Publish);
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
        Box::pin(published.into_actor(self).map(|(), _, ctx| ctx.notify(Publish)))
    }
}

/// Somebody who watches.
pub struct EventWatch {
    store: CallStore,
    told: watch::Receiver<bool>,
    filter: EventFilter,
    until: Instant,
    /// What was asked for is not kept any more, or never was.
    pub has_gap: bool,
}

/// What there is for somebody who watches.
pub enum Watched {
    Events(Vec<Event>),
    /// Nothing happened for a while.
    Nothing,
    /// To be asked for again.
    Over,
}

impl Engine {
    /// Everything behind the position `after`; without one, what happens from now on.
    pub async fn watch_events(&self, after: Option<u64>, call: Option<CallId>) -> Result<EventWatch, EngineError> {
        let told = self.event_hub().subscribe();
        let kept = self.store().kept_events().await?;
        let has_gap = after.is_some_and(|after| !kept.contains(&after));
        let after = after.filter(|_| !has_gap).unwrap_or_else(|| *kept.end());
        let filter = EventFilter { after, call, limit: PAGE };
        Ok(EventWatch { store: self.store().clone(), told, filter, until: clock::now() + LONGEST, has_gap })
    }
}

impl EventWatch {
    pub async fn next(&mut self) -> Watched {
        let silent = clock::now() + SIGN_OF_LIFE;
        loop {
            if *self.told.borrow_and_update() || clock::now() >= self.until {
                return Watched::Over;
            }
            match self.store.events(self.filter).await {
                Ok(page) => {
                    self.filter.after = page.up_to;
                    if !page.events.is_empty() {
                        return Watched::Events(page.events);
                    }
                }
                Err(error) => tracing::debug!(%error, "events cannot be read, trying on"),
            }
            if clock::now() >= silent {
                return Watched::Nothing;
            }
            // Who cannot be rung any more would look again and again at once.
            if let Ok(Err(_)) = timeout(LOOK, self.told.changed()).await {
                return Watched::Over;
            }
        }
    }
}
