//! The ways between actors, and the two lanes on them. Nowhere else is anything sent.
//!
//! *Control* ignores the mailbox's capacity, and is for messages whose number is bounded by design:
//! orders, exits, the model's events. *Media* may be refused, and then says so.
//!
//! What is sent goes in a [`Letter`], so that it is known how much waits for whom, and how long it keeps them busy.

use std::fmt;

use actix::dev::{MessageResponse, OneshotSender, RecipientRequest, Request, SendError, ToEnvelope};
use actix::{Actor, Addr, Handler, Message, Recipient};

use crate::metrics::{self, Waiting};
use crate::types::ActorKind;

/// What can be sent.
pub trait Mail: Message<Result: Send> + Send + 'static {}

impl<M: Message<Result: Send> + Send + 'static> Mail for M {}

/// An actor that opens letters: see `kin`.
pub trait Kin: Actor {
    const KIND: ActorKind;
}

/// A message on its way.
#[derive(Debug)]
pub struct Letter<M> {
    message: M,
    waiting: Waiting,
}

impl<M> Letter<M> {
    pub(super) fn to(kind: ActorKind, message: M) -> Self {
        Self { message, waiting: Waiting::of(kind) }
    }
}

impl<M: Message> Message for Letter<M> {
    type Result = M::Result;
}

/// What the handler of the message gave.
pub struct Reply<A: Handler<M>, M: Message>(A::Result);

impl<A: Handler<M>, M: Message> MessageResponse<A, Letter<M>> for Reply<A, M> {
    fn handle(self, ctx: &mut A::Context, sender: Option<OneshotSender<M::Result>>) {
        self.0.handle(ctx, sender);
    }
}

pub(super) fn open<A: Kin + Handler<M>, M: Message>(actor: &mut A, letter: Letter<M>, ctx: &mut A::Context) -> Reply<A, M> {
    drop(letter.waiting);
    let _handling = metrics::handling(A::KIND);
    Reply(actor.handle(letter.message, ctx))
}

/// Tells the kind of an actor, and lets it take out of a letter whatever it has a handler for.
macro_rules! kin {
    ($actor:ty, $kind:expr) => {
        impl $crate::actors::port::Kin for $actor {
            const KIND: $crate::types::ActorKind = $kind;
        }

        impl<M: actix::Message + 'static> actix::Handler<$crate::actors::port::Letter<M>> for $actor
        where
            Self: actix::Handler<M>,
        {
            type Result = $crate::actors::port::Reply<Self, M>;

            fn handle(&mut self, letter: $crate::actors::port::Letter<M>, ctx: &mut Self::Context) -> Self::Result {
                $crate::actors::port::open(self, letter, ctx)
            }
        }
    };
}

pub(super) use kin;

/// Whatever an actor has a handler for can be sent to its address.
pub trait Post {
    type To: Kin;

    fn addr(&self) -> &Addr<Self::To>;

    /// Waits for the answer.
    fn ask<M: Mail>(&self, message: M) -> Request<Self::To, Letter<M>>
    where
        Self::To: Handler<Letter<M>>,
        <Self::To as Actor>::Context: ToEnvelope<Self::To, Letter<M>>,
    {
        self.addr().send(Letter::to(Self::To::KIND, message))
    }

    /// Control lane. A receiver that is gone needs no orders.
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    fn tell<M: Mail>(&self, message: M)
    where
        Self::To: Handler<Letter<M>>,
        <Self::To as Actor>::Context: ToEnvelope<Self::To, Letter<M>>,
    {
        self.addr().do_send(Letter::to(Self::To::KIND, message));
    }
}

impl<A: Kin> Post for Addr<A> {
    type To = A;

    fn addr(&self) -> &Self {
        self
    }
}

/// The way for one kind of message to one actor, whichever it is; made once for many.
pub struct Port<M: Mail> {
    to: Recipient<Letter<M>>,
    kind: ActorKind,
}

impl<M: Mail> Port<M> {
    /// Waits for the answer.
    pub fn ask(&self, message: M) -> RecipientRequest<Letter<M>> {
        self.to.send(Letter::to(self.kind, message))
    }

    /// Control lane. A receiver that is gone needs no orders.
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    pub fn tell(&self, message: M) {
        self.to.do_send(Letter::to(self.kind, message));
    }

    /// Media lane: the message comes back if there is no room for it, or nobody to take it.
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    pub fn offer(&self, message: M) -> Result<(), M> {
        self.to.try_send(Letter::to(self.kind, message)).map_err(|error| match error {
            SendError::Full(letter) | SendError::Closed(letter) => letter.message,
        })
    }
}

impl<M: Mail> fmt::Debug for Port<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Port({})", self.kind)
    }
}

impl<M: Mail> Clone for Port<M> {
    fn clone(&self) -> Self {
        Self { to: self.to.clone(), kind: self.kind }
    }
}

impl<M: Mail, A: Kin + Handler<Letter<M>>> From<Addr<A>> for Port<M>
where
    A::Context: ToEnvelope<A, Letter<M>>,
{
    fn from(addr: Addr<A>) -> Self {
        Self { to: addr.recipient(), kind: A::KIND }
    }
}
