//! The slots that this process holds, as leases in the database: there all instances see the same ones.
//!
//! A database of one instance has no leases. While a shared one is away, this instance goes by its own count and its
//! share; what it took on meanwhile is registered when the database is back. No call ever ends for a lease.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use actix::{ActorFutureExt as _, Context, Handler, Message, ResponseActFuture, WrapFuture as _};
use uuid::Uuid;

use super::governor::{ConcurrencyGovernor, Seat, Slot};
use super::instance::InstanceName;
use crate::governor::{Capacity, SlotKind};
use crate::metrics;
use crate::store::{CallStore, Renewal, StoreError};
use crate::types::CallId;

/// A lease lasts three times as long.
const RENEWAL: Duration = Duration::from_secs(10);
/// A database that is away is asked again after this.
const AGAIN: Duration = Duration::from_secs(1);

pub struct Leases {
    store: CallStore,
    me: InstanceName,
    held: HashMap<Uuid, (SlotKind, Capacity)>,
    /// To be given back as soon as somebody listens.
    owed: Vec<Uuid>,
    fleet: Fleet,
}

/// What is known of all instances together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fleet {
    pub instances: u32,
    pub calls: u32,
    /// The database does not answer: the two above are as they were last.
    pub is_away: bool,
}

impl Fleet {
    /// Others are known, and cannot be asked.
    pub(super) const fn is_cut_off(self) -> bool {
        self.is_away && self.instances > 0
    }
}

/// What came of asking for a slot.
pub(super) enum Taken {
    Yes,
    No,
    /// Nobody knows.
    Unknown,
}

impl Leases {
    #[must_use]
    pub fn new(store: CallStore, me: InstanceName) -> Self {
        Self { store, me, held: HashMap::new(), owed: Vec::new(), fleet: Fleet::default() }
    }

    pub(super) const fn fleet(&self) -> Fleet {
        self.fleet
    }

    /// Until the next renewal.
    pub(super) const fn pause(&self) -> Duration {
        if self.fleet.is_away { AGAIN } else { RENEWAL }
    }

    /// There is somebody to be asked. Who was away from the start is asked all the same: nothing is known of the others yet.
    pub(super) fn is_asked(&self) -> bool {
        self.store.is_shared() && !self.fleet.is_cut_off()
    }

    /// Asks for a slot; the answer is to be told by `took`.
    pub(super) fn ask(&self, kind: SlotKind, capacity: Capacity, owner: Uuid) -> impl Future<Output = Taken> + 'static {
        let (store, me) = (self.store.clone(), self.me.clone());
        async move {
            match store.take_slot(kind, capacity.limit(), owner, me.as_str()).await {
                Ok(true) => Taken::Yes,
                Ok(false) => Taken::No,
                Err(error) => {
                    tracing::error!(%error, %kind, "slot not asked for: this instance goes by its share");
                    Taken::Unknown
                }
            }
        }
    }

    /// Takes a call's slot over. One that is lost is asked for again when the leases are renewed.
    pub(super) fn take_over(&self, owner: Uuid) -> impl Future<Output = ()> + 'static {
        let (store, me) = (self.store.clone(), self.me.clone());
        async move {
            if store.is_shared()
                && let Err(error) = store.take_over_slot(owner, me.as_str()).await
            {
                tracing::warn!(%error, "slot of a call not taken over yet");
            }
        }
    }

    /// The slot is held from now on, by a lease or by our own count.
    pub(super) fn took(&mut self, kind: SlotKind, capacity: Capacity, owner: Uuid, taken: &Taken) {
        if matches!(taken, Taken::Unknown) {
            self.fleet.is_away = true;
        }
        if self.store.is_shared() && !matches!(taken, Taken::No) {
            self.held.insert(owner, (kind, capacity));
        }
    }

    /// The slot is held no longer. Nothing to do, unless there is a future to be run and told of.
    pub(super) fn release(&mut self, owner: Uuid) -> Option<impl Future<Output = Result<(), Vec<Uuid>>> + 'static> {
        self.held.remove(&owner)?;
        Some(self.give_back(vec![owner]))
    }

    fn give_back(&self, owners: Vec<Uuid>) -> impl Future<Output = Result<(), Vec<Uuid>>> + 'static {
        let (store, me) = (self.store.clone(), self.me.clone());
        async move { store.release_slots(owners.clone(), me.as_str()).await.map_err(|_| owners) }
    }

    /// Nobody listened; the next renewal tries again.
    pub(super) fn owe(&mut self, owners: Vec<Uuid>) {
        self.owed.extend(owners);
    }

    /// Keeps all of them for another while; the outcome is to be told by `renewed`.
    pub(super) fn renew(&mut self) -> Option<impl Future<Output = Renewed> + 'static> {
        if !self.store.is_shared() {
            return None;
        }
        let asked: Vec<Uuid> = self.held.keys().copied().collect();
        let owed = std::mem::take(&mut self.owed);
        let (store, me) = (self.store.clone(), self.me.clone());
        let giving_back = self.give_back(owed);
        Some(async move {
            let still_owed = giving_back.await.err().unwrap_or_default();
            let renewal = store.renew_slots(&asked, me.as_str()).await;
            Renewed { asked, still_owed, renewal }
        })
    }

    /// Those that were lost, to be asked for again: their calls live.
    pub(super) fn renewed(&mut self, Renewed { asked, still_owed, renewal }: Renewed) -> Vec<(SlotKind, Capacity, Uuid)> {
        self.owe(still_owed);
        let was_away = self.fleet.is_away;
        self.fleet.is_away = renewal.is_err();
        let renewal = match renewal {
            Ok(renewal) => renewal,
            Err(error) => {
                if !was_away {
                    tracing::error!(%error, "leases not renewed: this instance goes by its share");
                }
                return Vec::new();
            }
        };
        let Renewal { kept, instances, calls } = renewal;
        (self.fleet.instances, self.fleet.calls) = (instances, calls);
        metrics::fleet(instances, calls);
        let lost: HashSet<Uuid> = asked.into_iter().filter(|owner| !kept.contains(owner)).collect();
        metrics::leases_lost(lost.len());
        lost.into_iter().filter_map(|owner| self.held.get(&owner).map(|(kind, capacity)| (*kind, *capacity, owner))).collect()
    }

    /// This process ends.
    pub(super) fn leave(&self) -> impl Future<Output = ()> + 'static {
        let (store, me) = (self.store.clone(), self.me.clone());
        async move {
            if store.is_shared() && store.leave(me.as_str()).await.is_err() {
                tracing::warn!("leases not given back: they expire by themselves");
            }
        }
    }
}

/// The outcome of a renewal.
pub(super) struct Renewed {
    asked: Vec<Uuid>,
    still_owed: Vec<Uuid>,
    renewal: Result<Renewal, StoreError>,
}

/// A call goes on here that another instance carried: its slot comes with it.
#[derive(Message)]
#[rtype(result = "Slot")]
pub struct TakeOver(pub CallId);

impl Handler<TakeOver> for ConcurrencyGovernor {
    type Result = ResponseActFuture<Self, Slot>;

    /// Never refused: the call lives, whatever became of its slot.
    fn handle(&mut self, TakeOver(call): TakeOver, ctx: &mut Context<Self>) -> Self::Result {
        let owner = call.as_uuid();
        let slot = self.take(Seat::Call(owner), ctx);
        let asking = self.leases.take_over(owner).into_actor(self);
        Box::pin(asking.map(move |(), governor, _| {
            governor.leases.took(SlotKind::Call, governor.policy.calls, owner, &Taken::Yes);
            slot
        }))
    }
}
