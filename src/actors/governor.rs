//! Holds slots and cooldowns; whether a call may be is decided in `governor`.

use actix::{Actor, AsyncContext as _, Context, Handler, Message, Recipient, ResponseFuture, Supervised};
use chrono::{DateTime, Utc};

use super::logger::LogPort;
use super::{clock, port};
use crate::governor::{AdmissionPolicy, Attempt, Breakers, Callee, Facts, Grant, ModelKey, Refusal, Request, SlotKind, admit};
use crate::metrics;
use crate::store::{CallStore, CooldownClaim};
use crate::types::PhoneNumber;

pub struct ConcurrencyGovernor {
    policy: AdmissionPolicy,
    facts: Facts,
    breakers: Breakers,
    store: CallStore,
    log: LogPort,
}

impl ConcurrencyGovernor {
    #[must_use]
    pub fn new(policy: AdmissionPolicy, store: CallStore, log: LogPort) -> Self {
        Self { policy, facts: Facts::default(), breakers: Breakers::default(), store, log }
    }

    fn facts(&mut self, models: &[ModelKey]) -> Facts {
        Facts { record_full: self.log.is_crowded(), model_away: !self.breakers.admit(clock::now(), models), ..self.facts }
    }

    fn take(&mut self, kind: SlotKind, ctx: &Context<Self>) -> Slot {
        self.count(kind, 1);
        Slot { kind, home: ctx.address().recipient() }
    }

    fn count(&mut self, kind: SlotKind, change: i32) {
        let held = match kind {
            SlotKind::Call => &mut self.facts.calls,
            SlotKind::Model => &mut self.facts.models,
        };
        *held = held.saturating_add_signed(change);
        metrics::calls_active(self.facts.calls as usize);
        metrics::model_connections(self.facts.models as usize);
    }
}

impl Actor for ConcurrencyGovernor {
    type Context = Context<Self>;
}

/// Its counts live in the actor, which a panic does not take down.
impl Supervised for ConcurrencyGovernor {}

/// The right to a call or a model connection; comes back by being dropped.
#[derive(Debug)]
pub struct Slot {
    kind: SlotKind,
    home: Recipient<Release>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        port::tell(&self.home, Release(self.kind));
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Release(SlotKind);

impl Handler<Release> for ConcurrencyGovernor {
    type Result = ();

    fn handle(&mut self, Release(kind): Release, _: &mut Context<Self>) {
        self.count(kind, -1);
    }
}

/// May this call be?
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Admission, Refusal>")]
pub struct Admit {
    /// Who is to be called, where it is we who call.
    pub to: Option<Callee>,
    /// Any of these may speak.
    pub models: Vec<ModelKey>,
}

/// It may, and this is held for it.
#[derive(Debug)]
pub struct Admission {
    pub slot: Slot,
    pub cooldown: Option<ClaimedCooldown>,
}

/// A cooldown that began with this call, and can be undone.
#[derive(Clone, Debug)]
pub struct ClaimedCooldown {
    number: PhoneNumber,
    at: DateTime<Utc>,
    previous: Option<DateTime<Utc>>,
}

impl ClaimedCooldown {
    /// The call was never placed: its number may be called again.
    pub async fn give_back(self, store: &CallStore) {
        if let Err(error) = store.release_cooldown(&self.number, self.at, self.previous).await {
            tracing::warn!(%error, "cooldown not given back");
        }
    }
}

impl Handler<Admit> for ConcurrencyGovernor {
    type Result = ResponseFuture<Result<Admission, Refusal>>;

    fn handle(&mut self, wanted: Admit, ctx: &mut Context<Self>) -> Self::Result {
        let request = wanted.to.as_ref().map_or(Request::Inbound, |to| Request::Outbound { to });
        let facts = self.facts(&wanted.models);
        match admit(&self.policy, &facts, &request) {
            Err(refusal) => Box::pin(std::future::ready(Err(refusal))),
            // The slot is held while the cooldown is claimed, and comes back if the claim is lost.
            Ok(grant) => Box::pin(claim(self.take(SlotKind::Call, ctx), grant, wanted.to.map(|to| to.number), self.store.clone())),
        }
    }
}

async fn claim(slot: Slot, grant: Grant, to: Option<PhoneNumber>, store: CallStore) -> Result<Admission, Refusal> {
    let (Some(cooldown), Some(number)) = (grant.cooldown, to) else {
        return Ok(Admission { slot, cooldown: None });
    };
    let at = clock::utc();
    match store.claim_cooldown(&number, cooldown, at).await {
        Ok(CooldownClaim::Claimed { previous }) => Ok(Admission { slot, cooldown: Some(ClaimedCooldown { number, at, previous }) }),
        Ok(CooldownClaim::CoolingDown { retry_after }) => Err(Refusal::CoolingDown { retry_after }),
        Err(error) => {
            tracing::error!(%error, "cooldown cannot be checked");
            Err(Refusal::Unavailable)
        }
    }
}

/// A model connection is wanted for a call that has been admitted.
#[derive(Message)]
#[rtype(result = "Result<Slot, NoModel>")]
pub struct TakeModelSlot {
    /// For a session that waits for a call; never one that a call may need.
    pub warm: bool,
    pub model: ModelKey,
    /// To be had instead, should this one be away.
    pub other: Option<ModelKey>,
}

/// Why no model session may be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoModel {
    #[error("no free model connection")]
    Full,
    #[error("this model is away, another one is not")]
    Away,
}

impl Handler<TakeModelSlot> for ConcurrencyGovernor {
    type Result = Result<Slot, NoModel>;

    fn handle(&mut self, TakeModelSlot { warm, model, other }: TakeModelSlot, ctx: &mut Context<Self>) -> Self::Result {
        let reserved = if warm { self.policy.calls.left(self.facts.calls) } else { 0 };
        let room = self.policy.models.has_room(self.facts.models.saturating_add(reserved));
        if !room {
            return Err(NoModel::Full);
        }
        let preferred = self.breakers.prefer(clock::now(), &model, other.as_ref());
        preferred.then(|| self.take(SlotKind::Model, ctx)).ok_or(NoModel::Away)
    }
}

/// A model was asked for a session.
#[derive(Message)]
#[rtype(result = "()")]
pub struct ModelTried {
    pub model: ModelKey,
    pub attempt: Attempt,
}

impl Handler<ModelTried> for ConcurrencyGovernor {
    type Result = ();

    fn handle(&mut self, ModelTried { model, attempt }: ModelTried, _: &mut Context<Self>) {
        if !self.breakers.note(clock::now(), &model, attempt) {
            return;
        }
        metrics::models_away(self.breakers.open());
        match attempt {
            Attempt::Opened => tracing::info!(%model, "model is back"),
            Attempt::Failed { .. } => tracing::error!(%model, "model is away: new calls do without it until it is back"),
        }
    }
}

/// From now on nobody is let in.
#[derive(Message)]
#[rtype(result = "()")]
pub struct CloseDoors;

impl Handler<CloseDoors> for ConcurrencyGovernor {
    type Result = ();

    fn handle(&mut self, _: CloseDoors, _: &mut Context<Self>) {
        self.facts.draining = true;
    }
}

/// How much is held.
#[derive(Message)]
#[rtype(result = "Occupancy")]
pub struct AskOccupancy;

#[derive(Clone, Copy, Debug, PartialEq, Eq, actix::MessageResponse)]
pub struct Occupancy {
    pub calls: u32,
    pub max_calls: u32,
    pub models: u32,
    pub max_models: u32,
    pub draining: bool,
    /// Models that cannot be had at present.
    pub models_away: usize,
}

impl Handler<AskOccupancy> for ConcurrencyGovernor {
    type Result = Occupancy;

    fn handle(&mut self, _: AskOccupancy, _: &mut Context<Self>) -> Occupancy {
        let Facts { calls, models, draining, .. } = self.facts;
        Occupancy {
            calls,
            max_calls: self.policy.calls.limit(),
            models,
            max_models: self.policy.models.limit(),
            draining,
            models_away: self.breakers.open(),
        }
    }
}
