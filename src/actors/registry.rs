//! Who is here: small questions to the supervisor, and small orders.

use actix::{Context, Handler, Message, ResponseFuture};

use super::call::{EndCall, Sabotage};
use super::clock;
use super::port;
use super::supervisor::{CallSupervisor, Held, put_on_record};
use crate::governor::Claimed;
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

/// A stream shows a token.
#[derive(Message)]
#[rtype(result = "Option<Claimed>")]
pub struct Claim {
    pub call: CallId,
    pub epoch: Epoch,
}

impl Handler<Claim> for CallSupervisor {
    type Result = Option<Claimed>;

    fn handle(&mut self, Claim { call, epoch }: Claim, _: &mut Context<Self>) -> Option<Claimed> {
        self.roster.claim(clock::now(), call, epoch)
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
        let actor = self.live.get(&call).map(|(_, actor)| actor.clone().recipient());
        actor.inspect(|actor| port::tell(actor, Sabotage)).is_some()
    }
}

/// Ends every live call for this cause.
#[derive(Message)]
#[rtype(result = "usize")]
pub struct EndAll(pub HangupCause);

impl Handler<EndAll> for CallSupervisor {
    type Result = usize;

    fn handle(&mut self, EndAll(cause): EndAll, _: &mut Context<Self>) -> usize {
        self.live.values().for_each(|(_, actor)| port::tell(&actor.clone().recipient(), EndCall(cause)));
        self.live.len()
    }
}

/// This process ends, and knows no other that could take its calls on: their end is put on record.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Abandon;

impl Handler<Abandon> for CallSupervisor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Abandon, _: &mut Context<Self>) -> ResponseFuture<()> {
        let left = self.roster.abandon();
        let ends: Vec<_> = left.into_iter().map(|(call, cause, held)| self.last_word(call, cause, held.direction, None)).collect();
        let (store, log) = (self.outfit.store.clone(), self.outfit.log.clone());
        Box::pin(async move {
            for end in ends {
                put_on_record(store.clone(), log.clone(), end).await;
            }
        })
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
