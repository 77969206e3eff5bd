//! Holds slots and cooldowns; whether a call may be is decided in `governor`.

use actix::fut::ready;
use actix::{
    Actor, ActorFutureExt as _, AsyncContext as _, Context, Handler, Message, ResponseActFuture, ResponseFuture, SpawnHandle, Supervised,
    WrapFuture as _,
};
use uuid::Uuid;

use super::books::{Books, Known};
use super::clock;
use super::instance::InstanceName;
use super::leases::{Leases, Taken};
use super::logger::LogPort;
use super::port::Port;
use super::strain::Load;
use crate::governor::{
    AdmissionPolicy, Attempt, Breakers, Callee, Capacity, Facts, Grant, ModelKey, Refusal, Request, SlotKind, Spent, admit,
};
use crate::metrics;
use crate::store::{CallStore, CooldownClaim, Cooled};
use crate::types::{Asker, CallId, PhoneNumber};

pub use super::leases::Fleet;

pub struct ConcurrencyGovernor {
    pub(super) policy: AdmissionPolicy,
    counts: Counts,
    draining: bool,
    breakers: Breakers,
    pub(super) leases: Leases,
    /// The next one.
    renewal: SpawnHandle,
    store: CallStore,
    books: Books,
    log: LogPort,
    load: Load,
}

/// What this process holds.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    calls: u32,
    models: u32,
    /// Of the models, those that no call has.
    spare: u32,
}

impl ConcurrencyGovernor {
    pub(super) fn new(policy: AdmissionPolicy, store: CallStore, books: Books, log: LogPort, load: Load, me: InstanceName) -> Self {
        let leases = Leases::new(store.clone(), me);
        Self {
            policy,
            counts: Counts::default(),
            draining: false,
            breakers: Breakers::default(),
            leases,
            renewal: SpawnHandle::default(),
            store,
            books,
            log,
            load,
        }
    }

    fn facts(&mut self, models: &[ModelKey], spent: Spent) -> Facts {
        let fleet = self.leases.fleet();
        Facts {
            calls: self.counts.calls,
            cut_off: fleet.is_cut_off().then_some(fleet.instances),
            draining: self.draining,
            record_full: self.log.is_crowded(),
            overload: self.load.overload(),
            model_away: !self.breakers.admit(clock::now(), models),
            spent,
        }
    }

    pub(super) fn take(&mut self, seat: Seat, ctx: &Context<Self>) -> Slot {
        self.count(seat, 1);
        Slot { seat, home: ctx.address().into() }
    }

    fn count(&mut self, seat: Seat, change: i32) {
        let add = |count: &mut u32| *count = count.saturating_add_signed(change);
        match seat {
            Seat::Call(_) => add(&mut self.counts.calls),
            Seat::Model => add(&mut self.counts.models),
            Seat::Spare(_) => {
                add(&mut self.counts.models);
                add(&mut self.counts.spare);
            }
        }
        metrics::calls_active(self.counts.calls as usize);
        metrics::model_connections(self.counts.models as usize);
        metrics::slots("call", self.counts.calls, self.policy.calls.limit());
        metrics::slots("model", self.counts.models, self.policy.calls.limit() + self.policy.spare.limit());
    }

    /// Asks for the slot where all instances ask, if there are others.
    fn claim(&self, kind: SlotKind, owner: Uuid) -> impl Future<Output = Taken> + 'static {
        let asking = self.leases.is_asked().then(|| self.leases.ask(kind, self.capacity(kind), owner));
        async move {
            match asking {
                Some(asking) => asking.await,
                None => Taken::Yes,
            }
        }
    }

    const fn capacity(&self, kind: SlotKind) -> Capacity {
        match kind {
            SlotKind::Call => self.policy.calls,
            SlotKind::Spare => self.policy.spare,
        }
    }

    fn renew(&mut self, ctx: &mut Context<Self>) {
        let Some(renewing) = self.leases.renew() else { return };
        ctx.spawn(renewing.into_actor(self).map(|renewed, governor, ctx| {
            for (kind, capacity, owner) in governor.leases.renewed(renewed) {
                let asking = governor.leases.ask(kind, capacity, owner);
                ctx.spawn(asking.into_actor(governor).map(|_, _, _| ()));
            }
            // One that was begun out of turn may have set the next one already.
            let next = ctx.run_later(governor.leases.pause(), Self::renew);
            ctx.cancel_future(std::mem::replace(&mut governor.renewal, next));
        }));
    }

    fn release(&mut self, owner: Uuid, ctx: &mut Context<Self>) {
        let Some(releasing) = self.leases.release(owner) else { return };
        ctx.spawn(releasing.into_actor(self).map(|released, governor, _| {
            if let Err(owners) = released {
                governor.leases.owe(owners);
            }
        }));
    }
}

impl Actor for ConcurrencyGovernor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.renew(ctx);
    }
}

/// Its counts live in the actor, which a panic does not take down.
impl Supervised for ConcurrencyGovernor {}

/// What a slot stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seat {
    Call(Uuid),
    /// The model connection that every call has.
    Model,
    Spare(Uuid),
}

/// The right to a call or a model connection; comes back by being dropped.
#[derive(Debug)]
pub struct Slot {
    seat: Seat,
    home: Port<Release>,
}

impl Slot {
    /// A spare connection is now the one of a call, which has a right to it: another may be the spare one.
    pub fn is_of_a_call(&mut self) {
        if matches!(self.seat, Seat::Spare(_)) {
            let spare = std::mem::replace(&mut self.seat, Seat::Model);
            self.home.tell(Release { seat: spare, to: Some(Seat::Model) });
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.home.tell(Release { seat: self.seat, to: None });
    }
}

#[derive(Message)]
#[rtype(result = "()")]
struct Release {
    seat: Seat,
    /// What is held in its place.
    to: Option<Seat>,
}

impl Handler<Release> for ConcurrencyGovernor {
    type Result = ();

    fn handle(&mut self, Release { seat, to }: Release, ctx: &mut Context<Self>) {
        self.count(seat, -1);
        if let Some(seat) = to {
            self.count(seat, 1);
        }
        match seat {
            Seat::Call(owner) | Seat::Spare(owner) => self.release(owner, ctx),
            Seat::Model => {}
        }
    }
}

/// May this call be?
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Admission, Refusal>")]
pub struct Admit {
    pub call: CallId,
    /// Who calls us, if they show it.
    pub from: Option<PhoneNumber>,
    /// A page of ours calls.
    pub from_browser: bool,
    /// Who is to be called, where it is we who call.
    pub to: Option<Callee>,
    /// Claimed already, for a call that waited.
    pub cooled: Option<ClaimedCooldown>,
    /// Who wants them called.
    pub asker: Option<Asker>,
    /// Any of these may speak.
    pub models: Vec<ModelKey>,
}

impl Admit {
    fn request(&self) -> Request<'_> {
        match &self.to {
            Some(to) => Request::Outbound { to },
            None if self.from_browser => Request::Browser,
            None => Request::Inbound { from: self.from.as_ref() },
        }
    }
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
    cooled: Cooled,
}

impl ClaimedCooldown {
    /// Claimed earlier, for a call that waited.
    #[must_use]
    pub const fn of(number: PhoneNumber, cooled: Cooled) -> Self {
        Self { number, cooled }
    }

    /// As it stands in the queue.
    #[must_use]
    pub const fn on_record(&self) -> Cooled {
        self.cooled
    }

    /// The call was never placed: its number may be called again.
    pub async fn give_back(self, store: &CallStore) {
        if let Err(error) = store.release_cooldown(&self.number, self.cooled.at, self.cooled.previous).await {
            tracing::warn!(%error, "cooldown not given back");
        }
    }
}

impl Handler<Admit> for ConcurrencyGovernor {
    type Result = ResponseActFuture<Self, Result<Admission, Refusal>>;

    fn handle(&mut self, wanted: Admit, ctx: &mut Context<Self>) -> Self::Result {
        if !self.policy.budgets.matter(wanted.asker.as_ref().and_then(|asker| asker.max_day_nanos)) {
            return self.let_in(wanted, Spent::default(), ctx);
        }
        let looking = self.books.clone().look().into_actor(self);
        Box::pin(looking.then(|known: Known, governor, ctx| {
            let spent = known.spent(wanted.asker.as_ref(), clock::utc());
            governor.let_in(wanted, spent, ctx)
        }))
    }
}

impl ConcurrencyGovernor {
    fn let_in(&mut self, wanted: Admit, spent: Spent, ctx: &Context<Self>) -> ResponseActFuture<Self, Result<Admission, Refusal>> {
        let grant = match self.admit(&wanted, spent) {
            Ok(grant) => grant,
            Err(refusal) => return Box::pin(ready(Err(refusal))),
        };
        let owner = wanted.call.as_uuid();
        // The slot is held while what else it takes is claimed, and comes back if that cannot be had.
        let slot = self.take(Seat::Call(owner), ctx);
        let claiming = self.claim(SlotKind::Call, owner).into_actor(self);
        let claimed =
            claiming.map(move |taken, governor, ctx| governor.seated(&taken, owner, &wanted, spent, ctx).map(|()| (slot, wanted)));
        Box::pin(claimed.then(move |seated, governor, _| {
            let store = governor.store.clone();
            async move {
                let (slot, Admit { to, cooled, .. }) = seated?;
                let cooldown = match cooled {
                    Some(cooled) => Some(cooled),
                    None => cool_down(grant, to.map(|to| to.number), store).await?,
                };
                Ok(Admission { slot, cooldown })
            }
            .into_actor(governor)
        }))
    }

    fn admit(&mut self, wanted: &Admit, spent: Spent) -> Result<Grant, Refusal> {
        let request = wanted.request();
        let facts = self.facts(&wanted.models, spent);
        admit(&self.policy, &facts, &request)
    }

    fn seated(&mut self, taken: &Taken, owner: Uuid, wanted: &Admit, spent: Spent, ctx: &mut Context<Self>) -> Result<(), Refusal> {
        self.leases.took(SlotKind::Call, self.policy.calls, owner, taken);
        match taken {
            Taken::Yes => Ok(()),
            Taken::No => Err(Refusal::AtCapacity),
            // By other facts, and with this call counted already; the others shall soon know of it.
            Taken::Unknown => {
                self.renew(ctx);
                let facts = self.facts(&wanted.models, spent);
                let facts = Facts { calls: facts.calls.saturating_sub(1), cut_off: Some(self.leases.fleet().instances), ..facts };
                let request = wanted.request();
                admit(&self.policy, &facts, &request).map(drop)
            }
        }
    }
}

async fn cool_down(grant: Grant, to: Option<PhoneNumber>, store: CallStore) -> Result<Option<ClaimedCooldown>, Refusal> {
    let (Some(cooldown), Some(number)) = (grant.cooldown, to) else { return Ok(None) };
    let at = clock::utc();
    match store.claim_cooldown(&number, cooldown, at).await {
        Ok(CooldownClaim::Claimed { previous }) => Ok(Some(ClaimedCooldown { number, cooled: Cooled { at, previous } })),
        Ok(CooldownClaim::CoolingDown { retry_after }) => Err(Refusal::CoolingDown { retry_after }),
        Err(error) => {
            tracing::error!(%error, "cooldown cannot be checked");
            Err(Refusal::Unavailable)
        }
    }
}

/// A model connection is wanted.
#[derive(Message)]
#[rtype(result = "Result<Slot, NoModel>")]
pub struct TakeModelSlot {
    /// Beside the one that the call has, or for no call.
    pub spare: bool,
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
    type Result = ResponseActFuture<Self, Result<Slot, NoModel>>;

    fn handle(&mut self, TakeModelSlot { spare, model, other }: TakeModelSlot, ctx: &mut Context<Self>) -> Self::Result {
        if !self.breakers.prefer(clock::now(), &model, other.as_ref()) {
            return Box::pin(ready(Err(NoModel::Away)));
        }
        if !spare {
            return Box::pin(ready(Ok(self.take(Seat::Model, ctx))));
        }
        if !self.policy.spare.has_room(self.counts.spare) {
            return Box::pin(ready(Err(NoModel::Full)));
        }
        let owner = Uuid::now_v7();
        let slot = self.take(Seat::Spare(owner), ctx);
        Box::pin(self.claim(SlotKind::Spare, owner).into_actor(self).map(move |taken, governor, _| {
            governor.leases.took(SlotKind::Spare, governor.policy.spare, owner, &taken);
            // Nobody waits for a spare one: where it is not known to be free, it is not.
            if matches!(taken, Taken::Yes) { Ok(slot) } else { Err(NoModel::Full) }
        }))
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
        self.draining = true;
    }
}

/// This process ends: what it holds is free for others.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Leave;

impl Handler<Leave> for ConcurrencyGovernor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Leave, _: &mut Context<Self>) -> ResponseFuture<()> {
        Box::pin(self.leases.leave())
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
    /// Of all instances, as of the last renewal; where there is but one, nothing is known.
    pub fleet: Fleet,
    /// Models that cannot be had at present.
    pub models_away: usize,
}

impl Handler<AskOccupancy> for ConcurrencyGovernor {
    type Result = Occupancy;

    fn handle(&mut self, _: AskOccupancy, _: &mut Context<Self>) -> Occupancy {
        Occupancy {
            calls: self.counts.calls,
            max_calls: self.policy.calls.limit(),
            models: self.counts.models,
            max_models: self.policy.calls.limit() + self.policy.spare.limit(),
            fleet: self.leases.fleet(),
            models_away: self.breakers.open(),
        }
    }
}

/// What the calls of the day have cost, and may.
#[derive(Message)]
#[rtype(result = "Option<Money>")]
pub struct AskMoney;

/// In billionths of a US dollar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    pub spent: u64,
    pub limit: u64,
}

impl Handler<AskMoney> for ConcurrencyGovernor {
    type Result = ResponseFuture<Option<Money>>;

    fn handle(&mut self, _: AskMoney, _: &mut Context<Self>) -> Self::Result {
        let Some(limit) = self.policy.budgets.all else { return Box::pin(std::future::ready(None)) };
        let looking = self.books.clone().look();
        Box::pin(async move { Some(Money { spent: looking.await.all(), limit }) })
    }
}
