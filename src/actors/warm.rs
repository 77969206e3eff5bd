//! Model sessions that are connected before a call needs one: each thread that carries calls keeps a few.
//!
//! They answer pings and are watched as others are, so that one that is dead is not there to be handed out. They take
//! model slots, but never one that a call might need (`governor::Capacity`).

use std::cell::RefCell;
use std::time::Duration;

use actix::Addr;

use super::governor::ConcurrencyGovernor;
use super::openai_session::{Adopt, LinkTiming, ModelBrief, ModelSaid, OpenAiSessionActor};
use super::port::{Port, Post as _};
use crate::metrics;
use crate::realtime::socket::Endpoint;

/// A session that could not be had is tried again after this.
const AGAIN: Duration = Duration::from_secs(5);

/// What each thread keeps.
#[derive(Clone)]
pub struct WarmPlan {
    pub endpoint: Endpoint,
    pub timing: LinkTiming,
    pub governor: Addr<ConcurrencyGovernor>,
    pub sessions: usize,
}

#[derive(Default)]
struct Pool {
    plan: Option<WarmPlan>,
    sessions: Vec<Warm>,
}

struct Warm {
    addr: Addr<OpenAiSessionActor>,
    /// Connected; else it is still on its way.
    is_ready: bool,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

/// From now on this thread keeps sessions ready.
pub fn keep(plan: WarmPlan) {
    POOL.with_borrow_mut(|pool| pool.plan = Some(plan));
    refill();
}

/// Hands a session of this endpoint to a call, if one is connected.
pub(super) fn adopt(endpoint: &Endpoint, said: &Port<ModelSaid>, number: u32, spare: bool) -> Option<Addr<OpenAiSessionActor>> {
    let session = POOL.with_borrow_mut(|pool| pool.take(endpoint))?;
    metrics::warm_session_used();
    session.tell(Adopt { call: said.clone(), number, spare });
    refill();
    Some(session)
}

/// The session is connected, and waits for a call.
pub(super) fn ready(session: &Addr<OpenAiSessionActor>) {
    POOL.with_borrow_mut(|pool| {
        for warm in pool.sessions.iter_mut().filter(|warm| warm.addr == *session && !warm.is_ready) {
            warm.is_ready = true;
            metrics::warm_sessions(1.0);
        }
    });
}

impl Pool {
    fn take(&mut self, endpoint: &Endpoint) -> Option<Addr<OpenAiSessionActor>> {
        self.plan.as_ref().filter(|plan| plan.endpoint.is_same(endpoint))?;
        let place = self.sessions.iter().position(|warm| warm.is_ready && warm.addr.connected())?;
        metrics::warm_sessions(-1.0);
        Some(self.sessions.swap_remove(place).addr)
    }

    /// Forgets those that ended while they waited.
    fn prune(&mut self) {
        let (alive, gone) = std::mem::take(&mut self.sessions).into_iter().partition(|warm| warm.addr.connected());
        self.sessions = alive;
        let gone: Vec<Warm> = gone;
        gone.iter().filter(|warm| warm.is_ready).for_each(|_| metrics::warm_sessions(-1.0));
    }
}

fn refill() {
    let plan = POOL.with_borrow_mut(|pool| {
        pool.prune();
        pool.plan.clone().filter(|plan| pool.sessions.len() < plan.sessions)
    });
    if let Some(plan) = plan {
        let addr = start(plan);
        POOL.with_borrow_mut(|pool| pool.sessions.push(Warm { addr, is_ready: false }));
        refill();
    }
}

fn start(plan: WarmPlan) -> Addr<OpenAiSessionActor> {
    let WarmPlan { endpoint, timing, governor, .. } = plan;
    let brief = ModelBrief { endpoint, other: None, timing, delay: Duration::ZERO, governor, call: None, spare: true, number: 0 };
    OpenAiSessionActor::start(brief, |_| {
        POOL.with_borrow_mut(Pool::prune);
        actix_rt::spawn(async {
            tokio::time::sleep(AGAIN).await;
            refill();
        });
    })
}
