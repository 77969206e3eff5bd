//! Tells the receiver of webhooks what happened in calls: at least once, in no promised order, whichever instance it happened on.
//!
//! Each instance takes what is due from the database, and tells several events at a time, so that one slow answer holds up no other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, ActorFutureExt as _, AsyncContext as _, Context, Handler, Message, ResponseActFuture, Supervised, WrapFuture as _};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use super::clock;
use super::engine::{Engine, EngineError};
use super::events::{Event, EventHub};
use super::instance::InstanceName;
use super::port::{self, Kin as _};
use crate::config::{Config, Webhooks};
use crate::governor::delivery::{Fate, Reply, fate};
use crate::metrics;
use crate::store::{CallStore, Delivery, StoreError, StoredDelivery, Tried};
use crate::telemetry::trace::{KeyValue, SpanKind, Start, Trace};
use crate::types::EventId;
use crate::web::{self, Letter, Reach, Receipt, WebError};

/// Events that one instance tells at a time.
const AT_ONCE: usize = 8;
/// How often is looked for what has become due.
const LOOK: Duration = Duration::from_secs(2);
const COUNT: Duration = Duration::from_secs(15);

/// Makes the body of what is told: JSON text.
pub type Wording = fn(Event) -> String;

/// All that one delivery needs.
pub struct Route {
    store: CallStore,
    holder: InstanceName,
    receiver: Webhooks,
    reach: Reach,
    wording: Wording,
    hands: Arc<Semaphore>,
}

impl Route {
    /// None where nobody is told.
    pub fn of(config: &Config, store: CallStore, holder: InstanceName, wording: Wording) -> Option<Self> {
        let receiver = config.webhooks.clone()?;
        let reach = Reach::within(config.environment.is_production());
        Some(Self { store, holder, receiver, reach, wording, hands: Arc::new(Semaphore::new(AT_ONCE)) })
    }

    /// Takes what is due, as far as there are hands for it. False: there may be more.
    async fn look(self: &Arc<Self>) -> Result<bool, StoreError> {
        let room = self.hands.available_permits();
        let deliveries = self.store.take_deliveries(self.holder.as_str(), room).await?;
        let is_all = deliveries.len() < room;
        for delivery in deliveries {
            let Ok(hand) = Arc::clone(&self.hands).acquire_owned().await else { break };
            let route = Arc::clone(self);
            actix_rt::spawn(async move {
                let _hand = hand;
                route.deliver(delivery).await;
            });
        }
        Ok(is_all)
    }

    async fn deliver(&self, Delivery { id, event, attempts }: Delivery) {
        let began = clock::now();
        let outcome = match event {
            Some(event) => {
                let trace = span(&event);
                let letter = Letter { id: id.to_string(), body: (self.wording)(event) };
                let sent = web::deliver(&letter, &self.receiver, clock::utc(), &self.reach, &trace).await;
                if !sent.as_ref().is_ok_and(|receipt| receipt.reply.is_success()) {
                    trace.failed("not delivered");
                }
                Some(sent)
            }
            None => None,
        };
        let tried = tried(id, attempts.saturating_add(1), outcome, began);
        note(&tried);
        match self.store.settle_delivery(self.holder.as_str(), tried).await {
            Ok(true) => {}
            Ok(false) => tracing::debug!(event.id = %id, "webhook was taken over meanwhile"),
            Err(error) => tracing::warn!(event.id = %id, %error, "what came of a webhook is not on record: it is sent again"),
        }
    }

    async fn count(&self) {
        match self.store.pending_deliveries().await {
            Ok(count) => metrics::webhooks_pending(count),
            Err(error) => tracing::debug!(%error, "webhooks that wait are not counted"),
        }
    }
}

fn span(event: &Event) -> Trace {
    Trace::of_call(event.call, || Start {
        name: format!("webhook {}", event.kind),
        kind: SpanKind::Client,
        at: clock::utc().into(),
        attributes: vec![KeyValue::new("event.id", event.position.to_string())],
    })
}

/// Without an outcome there was nothing to tell of.
fn tried(id: EventId, tries: u32, outcome: Option<Result<Receipt, WebError>>, began: Instant) -> Tried {
    let took = clock::now().saturating_duration_since(began);
    let after = |reply: Option<Reply>| fate(tries, reply, fastrand::f64());
    match outcome {
        None => Tried { id, fate: Fate::GivenUp, status: None, error: Some("what it tells of was deleted".to_owned()), took },
        Some(Err(error)) => Tried { id, fate: after(None), status: None, error: Some(error.to_string()), took },
        Some(Ok(Receipt { reply, .. })) => {
            let fate = after(Some(reply));
            let error = (fate != Fate::Delivered).then(|| format!("the receiver answered with status {}", reply.status));
            Tried { id, fate, status: Some(reply.status), error, took }
        }
    }
}

fn note(Tried { id, fate, status, error, took }: &Tried) {
    let (status, error, ms) = (*status, error.as_deref(), took.as_millis() as u64);
    match fate {
        Fate::Delivered => {
            tracing::debug!(event.id = %id, status, ms, "webhook delivered");
            metrics::webhook_tried("delivered");
        }
        Fate::Again(pause) => {
            tracing::info!(event.id = %id, status, error, ms, again_s = pause.as_secs(), "webhook not delivered yet");
            metrics::webhook_tried("failed");
        }
        Fate::GivenUp => {
            tracing::warn!(event.id = %id, status, error, ms, "webhook given up");
            metrics::webhook_tried("given_up");
        }
    }
}

pub struct WebhookCourier {
    route: Arc<Route>,
    told: watch::Receiver<bool>,
}

impl WebhookCourier {
    pub fn new(route: Route, hub: &EventHub) -> Self {
        Self { route: Arc::new(route), told: hub.subscribe() }
    }

    fn count(&mut self, ctx: &mut Context<Self>) {
        let route = Arc::clone(&self.route);
        ctx.spawn(async move { route.count().await }.into_actor(self));
    }
}

impl Actor for WebhookCourier {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.notify(port::Letter::to(Self::KIND, Look));
        ctx.run_interval(COUNT, Self::count);
    }
}

impl Supervised for WebhookCourier {}

#[derive(Message)]
#[rtype(result = "()")]
struct Look;

impl Handler<Look> for WebhookCourier {
    type Result = ResponseActFuture<Self, ()>;

    /// Again and again, until the instance drains.
    fn handle(&mut self, _: Look, _: &mut Context<Self>) -> Self::Result {
        let is_over = *self.told.borrow_and_update();
        let (route, mut told) = (Arc::clone(&self.route), self.told.clone());
        let looked = async move {
            if is_over {
                return false;
            }
            match route.look().await {
                Ok(false) => drop(route.hands.acquire().await),
                Ok(true) => drop(timeout(LOOK, told.changed()).await),
                Err(error) => {
                    tracing::debug!(%error, "webhooks that are due cannot be read");
                    tokio::time::sleep(LOOK).await;
                }
            }
            true
        };
        Box::pin(looked.into_actor(self).map(|goes_on, _, ctx| {
            if goes_on {
                ctx.notify(port::Letter::to(Self::KIND, Look));
            }
        }))
    }
}

impl Engine {
    /// The receiver is told of the event again, soon. None if it never was to be told of it.
    pub async fn resend_webhook(&self, id: EventId) -> Result<Option<StoredDelivery>, EngineError> {
        let delivery = self.store().resend_delivery(id).await?;
        self.event_hub().ring();
        Ok(delivery)
    }

    /// What this instance has in its hands is for others, or for its next life.
    pub(super) async fn leave_webhooks(&self) {
        if self.config().webhooks.is_none() {
            return;
        }
        if let Err(error) = self.store().leave_deliveries(self.instance()).await {
            tracing::warn!(%error, "webhooks under way are taken over a little later");
        }
    }
}
