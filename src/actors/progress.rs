//! How a phone call is getting on, as Twilio tells it: in any order, twice, to any instance, or not at all.

use super::clock;
use super::engine::{Engine, EngineError};
use super::port::Post as _;
use super::registry::Identify;
use super::supervisor::{Carrier, Fate, PhoneEnded, put_on_record};
use crate::store::{CallEnd, CallKey, CallOrder, Row, StoreError};
use crate::twilio::status::CarrierStatus;
use crate::twilio::webhook::StatusCallback;
use crate::types::{CallId, CallSid, Direction, HangupCause};

impl Engine {
    /// Twilio tells how a call is doing.
    pub async fn status_changed(&self, call: CallId, callback: StatusCallback) -> Result<(), EngineError> {
        let StatusCallback { call: sid, status, answered_by, error_code, .. } = callback;
        let is_here = self.parts().supervisor.ask(Identify { call, sid: sid.clone() }).await?;
        if !is_here && !self.is_on_record(call, &sid).await {
            return Ok(());
        }
        self.name_call(call, sid).await;
        self.note_answered_by(call, answered_by.as_deref()).await;
        self.progressed(call, status, error_code).await;
        Ok(())
    }

    /// Where the call stands now, if it did not get further already.
    pub(super) async fn progressed(&self, call: CallId, status: CarrierStatus, error_code: Option<u32>) {
        let at = clock::utc();
        let noted = self.store().progress(call, status.as_str(), at).await;
        self.or_spool(noted.map(drop), || Row::Progress { call, status: status.as_str().to_owned(), at }).await;
        if let Some(cause) = status.hangup_cause() {
            let error_code = error_code.map(|code| code.to_string());
            let error = error_code.as_ref().map(|code| format!("twilio error {code}"));
            self.over(call, cause, Carrier { status: Some(status.as_str().to_owned()), error_code, error, unplaced: false }).await;
        }
    }

    /// A call that is over here is not over at Twilio until its last callback. One without a name was placed by a life that ended
    /// before Twilio's answer; the callback names it.
    pub(super) async fn is_on_record(&self, call: CallId, sid: &CallSid) -> bool {
        match self.store().call(&CallKey::Id(call)).await {
            Ok(row) => row.is_some_and(|row| row.call_sid.is_none_or(|known| known == *sid)),
            // Taken on trust: should there be no such call, nothing comes of it.
            Err(error) => error.is_outage(),
        }
    }

    /// The phone call is over, or never was. The instance that has it ends it; if there is none, the record does.
    pub(super) async fn over(&self, call: CallId, cause: HangupCause, carrier: Carrier) {
        let ended = PhoneEnded { call, cause, carrier: carrier.clone() };
        if !matches!(self.parts().supervisor.ask(ended).await, Ok(Fate::Unknown)) {
            return;
        }
        match self.told_elsewhere(call, carrier.status.as_deref()).await {
            Ok(true) => {}
            Ok(false) | Err(_) => self.end_on_record(call, cause, carrier).await,
        }
    }

    /// True if another instance sees to it, or there is nothing to see to.
    async fn told_elsewhere(&self, call: CallId, word: Option<&str>) -> Result<bool, StoreError> {
        let Some(row) = self.store().call(&CallKey::Id(call)).await?.filter(|row| row.ended_at.is_none()) else { return Ok(true) };
        let (Some(owner), Some(word)) = (row.owner.filter(|owner| owner != self.instance()), word) else { return Ok(false) };
        if !self.store().is_alive(&owner).await? {
            return Ok(false);
        }
        self.store().leave_order(call, &owner, CallOrder::Over(word.to_owned())).await?;
        Ok(true)
    }

    pub(super) async fn end_on_record(&self, call: CallId, cause: HangupCause, carrier: Carrier) {
        let Carrier { status, error_code, error, .. } = carrier;
        let row = self.store().call(&CallKey::Id(call)).await.ok().flatten();
        let is_browser = row.as_ref().is_some_and(|row| row.call_sid.as_ref().is_some_and(CallSid::is_browser));
        let minute = self.config().prices.minute(row.map_or(Direction::Outbound, |row| row.direction));
        let minute_nanos = if is_browser { 0 } else { minute };
        let end = CallEnd { id: call, cause, twilio_status: status, error_code, error, at: clock::utc(), minute_nanos, owner: None };
        put_on_record(self.store().clone(), self.parts().log.clone(), end).await;
    }
}
