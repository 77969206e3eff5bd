//! The two lanes between actors. Nowhere else is anything sent without waiting.
//!
//! *Control* ignores the mailbox's capacity, and is for messages whose number is bounded by design:
//! orders, exits, the model's events. *Media* may be refused, and then says so.

use actix::dev::SendError;
use actix::{Message, Recipient};

/// Control lane. A receiver that is gone needs no orders.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn tell<M>(to: &Recipient<M>, message: M)
where
    M: Message + Send,
    M::Result: Send,
{
    to.do_send(message);
}

/// Media lane: the message comes back if there is no room for it, or nobody to take it.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn offer<M>(to: &Recipient<M>, message: M) -> Result<(), M>
where
    M: Message + Send,
    M::Result: Send,
{
    to.try_send(message).map_err(|error| match error {
        SendError::Full(message) | SendError::Closed(message) => message,
    })
}
