//! What somebody outside wants of a call that is: an end, or another phone.

use std::time::Duration;

use actix::{Context, Handler, Message};

use super::call::{EndCall, PassOn};
use super::compliance::authorization;
use super::engine::{Engine, EngineError};
use super::governor::ClaimedCooldown;
use super::port::Post as _;
use super::supervisor::{CallSupervisor, Carrier, Fate, PhoneEnded};
use crate::store::{Call, CallKey, CallOrder, CanceledDial};
use crate::types::{CallId, CallSid, HangupCause, PhoneNumber};

/// An instance looks for its orders every second.
const CARRIED_OUT: Duration = Duration::from_secs(3);

impl Engine {
    /// Ends a call, wherever it is; one that waits for its turn is not placed.
    pub async fn hang_up(&self, call: &Call) -> Result<(), EngineError> {
        if call.ended_at.is_some() {
            return Err(EngineError::CallOver);
        }
        if let Some(canceled) = self.store().cancel_dial(call.id).await? {
            self.canceled(call.id, canceled).await;
            return Ok(());
        }
        if !self.hang_up_here(call.id).await {
            self.order_elsewhere(call, CallOrder::HangUp).await?;
            actix_rt::spawn(self.clone().see_it_ended(call.id));
        }
        Ok(())
    }

    /// False if this instance cannot.
    pub(super) async fn hang_up_here(&self, call: CallId) -> bool {
        match self.parts().supervisor.ask(Command { call, order: CallOrder::HangUp }).await {
            Ok(Reached::Told) => true,
            Ok(Reached::Phone { sid, began }) => {
                self.complete(&sid).await;
                let cause = if began { HangupCause::Requested } else { HangupCause::Canceled };
                self.over(call, cause, Carrier::default()).await;
                true
            }
            Ok(Reached::Nobody) | Err(_) => false,
        }
    }

    /// Twilio ends the phone call, whatever becomes of it here.
    pub(super) async fn complete(&self, sid: &CallSid) {
        let Some(rest) = self.parts().rest.as_ref().filter(|_| !sid.is_browser()) else { return };
        if let Err(error) = rest.complete_call(sid).await {
            tracing::warn!(call.sid = %sid, %error, "phone call not ended by rest");
        }
    }

    /// The instance that carries the call may be gone: then Twilio ends it.
    async fn see_it_ended(self, call: CallId) {
        tokio::time::sleep(CARRIED_OUT).await;
        let Ok(Some(row)) = self.store().call(&CallKey::Id(call)).await else { return };
        if let Some(sid) = row.call_sid.filter(|_| row.ended_at.is_none()) {
            self.complete(&sid).await;
        }
    }

    async fn canceled(&self, call: CallId, canceled: CanceledDial) {
        let carrier = Carrier { unplaced: true, ..Carrier::default() };
        let ended = PhoneEnded { call, cause: HangupCause::Canceled, carrier };
        if matches!(self.parts().supervisor.ask(ended).await, Ok(Fate::Ended)) {
            return;
        }
        let number = self.wish_of(call).await.map(|wish| wish.to);
        if let (Some(cooled), Some(number)) = (canceled.cooled, number) {
            ClaimedCooldown::of(number, cooled).give_back(self.store()).await;
        }
        self.end_on_record(call, HangupCause::Canceled, Carrier::default()).await;
    }

    /// Hands a call that has a stream to another phone.
    pub async fn transfer(&self, call: &Call, to: PhoneNumber) -> Result<(), EngineError> {
        authorization(self.config()).check(&to).map_err(EngineError::Refused)?;
        if call.ended_at.is_some() {
            return Err(EngineError::CallOver);
        }
        if call.connected_at.is_none() {
            return Err(EngineError::CallNotConnected);
        }
        if self.transfer_here(call.id, to.clone()).await {
            return Ok(());
        }
        if self.order_elsewhere(call, CallOrder::Transfer(to)).await? { Ok(()) } else { Err(EngineError::CallNotConnected) }
    }

    pub(super) async fn transfer_here(&self, call: CallId, to: PhoneNumber) -> bool {
        let told = self.parts().supervisor.ask(Command { call, order: CallOrder::Transfer(to) }).await;
        matches!(told, Ok(Reached::Told))
    }

    /// False if no other instance could do it.
    async fn order_elsewhere(&self, call: &Call, order: CallOrder) -> Result<bool, EngineError> {
        let Some(owner) = call.owner.as_deref().filter(|owner| *owner != self.instance()) else { return Ok(false) };
        if !self.store().is_alive(owner).await? {
            return Ok(false);
        }
        self.store().leave_order(call.id, owner, order).await?;
        Ok(true)
    }
}

/// Somebody outside wants this of a call.
#[derive(Message)]
#[rtype(result = "Reached")]
pub struct Command {
    pub call: CallId,
    pub order: CallOrder,
}

/// Who can see to it.
#[derive(Clone, Debug, PartialEq, Eq, actix::MessageResponse)]
pub enum Reached {
    /// The call's actor, which was told.
    Told,
    /// Twilio: the call has no stream at present.
    Phone {
        sid: CallSid,
        /// It had one.
        began: bool,
    },
    Nobody,
}

impl Handler<Command> for CallSupervisor {
    type Result = Reached;

    fn handle(&mut self, Command { call, order }: Command, _: &mut Context<Self>) -> Reached {
        let Some((_, actor)) = self.live.get(&call) else {
            let began = self.roster.held(call).is_some_and(|held| held.began.is_some());
            return self.roster.sid(call).map_or(Reached::Nobody, |sid| Reached::Phone { sid, began });
        };
        match order {
            CallOrder::HangUp => actor.tell(EndCall(HangupCause::Requested)),
            CallOrder::Transfer(to) => actor.tell(PassOn(to)),
            CallOrder::Over(_) | CallOrder::TakenOver(_) | CallOrder::Answered(_) => return Reached::Nobody,
        }
        Reached::Told
    }
}
