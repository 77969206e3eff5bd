//! Who is here: small questions to the supervisor, and small orders.

use std::time::Duration;

use actix::{AsyncContext as _, Context, Handler, Message};

use super::call::{EndCall, Sabotage};
use super::clock;
use super::port::Post as _;
use super::supervisor::{CallSupervisor, Held};
use crate::governor::{Adopted, Claim, Stray};
use crate::session::policy::History;
use crate::types::{CallId, CallSid, Epoch, HangupCause};

/// A call was admitted.
#[derive(Message)]
#[rtype(result = "Epoch")]
pub struct Expect {
    pub call: CallId,
    /// None while it is still to be dialled.
    pub sid: Option<CallSid>,
    pub held: Held,
}

impl Handler<Expect> for CallSupervisor {
    type Result = actix::MessageResult<Expect>;

    fn handle(&mut self, Expect { call, sid, held }: Expect, _: &mut Context<Self>) -> Self::Result {
        actix::MessageResult(match sid {
            Some(sid) => self.roster.expect(clock::now(), call, sid, held),
            None => self.roster.dial(clock::now(), call, held),
        })
    }
}

/// Twilio told the sid of a call; false if that cannot be.
#[derive(Message)]
#[rtype(result = "bool")]
pub struct Identify {
    pub call: CallId,
    pub sid: CallSid,
}

impl Handler<Identify> for CallSupervisor {
    type Result = bool;

    fn handle(&mut self, Identify { call, sid }: Identify, _: &mut Context<Self>) -> bool {
        self.roster.identify(clock::now(), call, &sid)
    }
}

/// Did Twilio tell the sid of this call?
#[derive(Message)]
#[rtype(result = "bool")]
pub struct AskNamed(pub CallId);

impl Handler<AskNamed> for CallSupervisor {
    type Result = bool;

    fn handle(&mut self, AskNamed(call): AskNamed, _: &mut Context<Self>) -> bool {
        self.roster.sid(call).is_some()
    }
}

/// Is this call here?
#[derive(Message)]
#[rtype(result = "bool")]
pub struct AskHere(pub CallId);

impl Handler<AskHere> for CallSupervisor {
    type Result = bool;

    fn handle(&mut self, AskHere(call): AskHere, _: &mut Context<Self>) -> bool {
        self.roster.held(call).is_some()
    }
}

/// A call that Twilio was not asked for is not this instance's any more.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Forget(pub CallId);

impl Handler<Forget> for CallSupervisor {
    type Result = ();

    fn handle(&mut self, Forget(call): Forget, _: &mut Context<Self>) {
        drop(self.roster.forget(call));
    }
}

/// Is this call here already?
#[derive(Message)]
#[rtype(result = "Option<CallId>")]
pub struct Find(pub CallSid);

impl Handler<Find> for CallSupervisor {
    type Result = Option<CallId>;

    fn handle(&mut self, Find(sid): Find, _: &mut Context<Self>) -> Option<CallId> {
        self.roster.find(&sid)
    }
}

/// A stream shows a token that is valid, and was not used on record.
#[derive(Message)]
#[rtype(result = "Claim")]
pub struct ShowToken {
    pub call: CallId,
    pub epoch: Epoch,
}

impl Handler<ShowToken> for CallSupervisor {
    type Result = actix::MessageResult<ShowToken>;

    fn handle(&mut self, ShowToken { call, epoch }: ShowToken, _: &mut Context<Self>) -> Self::Result {
        let claim = self.roster.claim(clock::now(), call, epoch);
        if matches!(claim, Claim::Taken { retire: true, .. }) {
            self.retire(call);
        }
        actix::MessageResult(claim)
    }
}

/// A call is taken over by a stream that has claimed it; false if it is here already.
#[derive(Message)]
#[rtype(result = "bool")]
pub struct Adopt {
    pub call: CallId,
    pub adopted: Adopted<Held>,
}

impl Handler<Adopt> for CallSupervisor {
    type Result = bool;

    fn handle(&mut self, Adopt { call, adopted }: Adopt, _: &mut Context<Self>) -> bool {
        let is_new = self.roster.held(call).is_none();
        if is_new {
            self.roster.adopt(clock::now(), call, adopted);
        }
        is_new
    }
}

/// A stream of this epoch joined the call on another instance.
#[derive(Message)]
#[rtype(result = "()")]
pub struct TakenOver {
    pub call: CallId,
    pub epoch: Epoch,
}

impl Handler<TakenOver> for CallSupervisor {
    type Result = ();

    fn handle(&mut self, TakenOver { call, epoch }: TakenOver, _: &mut Context<Self>) {
        if self.roster.taken_over(call, epoch).is_some() {
            tracing::info!(call.id = %call, call.epoch = %epoch, "call goes on elsewhere");
            self.retire(call);
        }
    }
}

/// Which calls lost their stream without a question of Twilio's?
#[derive(Message)]
#[rtype(result = "Vec<Stray>")]
pub struct AskStrays;

impl Handler<AskStrays> for CallSupervisor {
    type Result = actix::MessageResult<AskStrays>;

    fn handle(&mut self, _: AskStrays, _: &mut Context<Self>) -> Self::Result {
        actix::MessageResult(self.roster.strays(clock::now()))
    }
}

impl CallSupervisor {
    /// The stream that was the call's is so no longer.
    pub(super) fn retire(&mut self, call: CallId) {
        if let Some((_, actor)) = self.live.remove(&call) {
            actor.tell(EndCall(HangupCause::Superseded));
        }
    }
}

/// What was said before, for the stream that is about to begin.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Remind {
    pub call: CallId,
    pub history: History,
    /// What it has cost so far, without the line; none if that cannot be read.
    pub spent: Option<u64>,
}

impl Handler<Remind> for CallSupervisor {
    type Result = ();

    fn handle(&mut self, Remind { call, history, spent }: Remind, _: &mut Context<Self>) {
        if let Some(held) = self.roster.held_mut(call) {
            held.history = history;
            held.budget.before = spent.unwrap_or(held.budget.before);
        }
    }
}

/// Breaks a call's actor, as a bug would; false if there is none.
#[doc(hidden)]
#[derive(Message)]
#[rtype(result = "bool")]
pub struct SabotageCall(pub CallId);

impl Handler<SabotageCall> for CallSupervisor {
    type Result = bool;

    fn handle(&mut self, SabotageCall(call): SabotageCall, _: &mut Context<Self>) -> bool {
        self.live.get(&call).inspect(|(_, actor)| actor.tell(Sabotage)).is_some()
    }
}

/// However many calls there are.
const ALTOGETHER: Duration = Duration::from_secs(3);

/// Closes every stream, one after the other, so that the calls go on elsewhere; told how many there are.
#[derive(Message)]
#[rtype(result = "usize")]
pub struct HandOver {
    /// From one to the next, unless they are very many.
    pub apart: Duration,
}

impl Handler<HandOver> for CallSupervisor {
    type Result = usize;

    fn handle(&mut self, HandOver { apart }: HandOver, ctx: &mut Context<Self>) -> usize {
        let live: Vec<_> = self.live.values().map(|(_, actor)| actor.clone()).collect();
        let (count, mut wait) = (live.len(), Duration::ZERO);
        let apart = apart.min(ALTOGETHER / u32::try_from(count).unwrap_or(u32::MAX).max(1));
        for actor in live {
            ctx.run_later(wait, move |_, _| actor.tell(EndCall(HangupCause::Drained)));
            wait += apart;
        }
        count
    }
}

/// This process ends. Its calls go on without it: they are not over, and their rows stay open for whoever takes them on.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Abandon;

impl Handler<Abandon> for CallSupervisor {
    type Result = ();

    fn handle(&mut self, _: Abandon, _: &mut Context<Self>) {
        for (call, _) in self.roster.abandon() {
            tracing::info!(call.id = %call, "call is left to whoever is asked for it next");
        }
    }
}

/// How many calls there are.
#[derive(Message)]
#[rtype(result = "Census")]
pub struct TakeCensus;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, actix::MessageResponse)]
pub struct Census {
    /// Expected, live, or between two streams.
    pub calls: usize,
    pub live: usize,
}

impl Handler<TakeCensus> for CallSupervisor {
    type Result = Census;

    fn handle(&mut self, _: TakeCensus, _: &mut Context<Self>) -> Census {
        Census { calls: self.roster.len(), live: self.roster.live() }
    }
}
