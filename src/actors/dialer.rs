//! Calls that somebody asks us to place: admitted and on record when the request is answered; dialled afterwards.

use chrono::{DateTime, Utc};

use super::casting::{CallWish, Casting};
use super::clock;
use super::compliance::{Verdict, callee};
use super::engine::{Ends, Engine, EngineError, Wanted};
use super::governor::{Admission, ClaimedCooldown};
use super::port::Post as _;
use super::registry::Expect;
use super::supervisor::Held;
use crate::governor::Refusal;
use crate::store::{Begun, CallEnd, NewCall, NewDial, RequestKey, Row, StoreError};
use crate::twilio::rest::CreateCall;
use crate::types::{CallId, HangupCause, PhoneNumber};

/// Twilio's own limit on top of ours, which ends a call that we cannot end.
const TIME_LIMIT_MARGIN: u64 = 60;

impl Engine {
    /// Places a call, now or at its time, or says why not. The call is committed before this returns; the phone rings afterwards.
    pub async fn request_call(&self, wish: CallWish, key: Option<RequestKey>) -> Result<CallId, EngineError> {
        let casting = wish.casting(self.config().assistants.default_one());
        let mut row = self.outbound_row(&wish, &casting);
        match wish.scheduled_at {
            Some(at) => self.schedule(row, &wish, at, key).await,
            None => {
                let callee = self.callee(wish.to.clone(), wish.time_zone).await;
                let verdict = Verdict::of(self.config(), &callee);
                row.decision = verdict.on_record(None);
                match self.admit(row.id, Wanted { callee, cooled: None, asker: wish.asker }.into(), &casting).await {
                    Ok(admission) => self.queue(row, wish.to, casting, admission, key).await,
                    Err(EngineError::Refused(refusal)) => Err(self.refused(row, &verdict, refusal).await),
                    Err(error) => Err(error),
                }
            }
        }
    }

    /// Whether a request is to be done that its client has given a name.
    pub async fn begin_request(&self, key: RequestKey) -> Result<Begun, EngineError> {
        Ok(self.store().begin_request(key).await?)
    }

    /// Nothing came of it: it may be made again.
    pub async fn give_up_request(&self, key: RequestKey) -> Result<(), EngineError> {
        Ok(self.store().give_up_request(key).await?)
    }

    fn outbound_row(&self, wish: &CallWish, casting: &Casting) -> NewCall {
        let from = self.caller_id().map(|number| number.as_str().to_owned()).unwrap_or_default();
        NewCall {
            scheduled_at: wish.scheduled_at,
            metadata: wish.metadata.clone(),
            wish: wish.on_record(),
            api_key_id: wish.asker.as_ref().map(|asker| asker.key.to_string()),
            ..self.new_call(Ends { from: &from, to: wish.to.as_str() }, None, casting)
        }
    }

    /// By what is known now; all of it is looked at again when the time has come.
    async fn schedule(&self, mut row: NewCall, wish: &CallWish, at: DateTime<Utc>, key: Option<RequestKey>) -> Result<CallId, EngineError> {
        let callee = callee(self.store(), wish.to.clone(), wish.time_zone, at).await;
        let verdict = Verdict::of(self.config(), &callee);
        let missing: Vec<_> = self.config().missing().into_iter().map(|missing| missing.variable).collect();
        let unready = (!missing.is_empty()).then_some(Refusal::NotConfigured { missing });
        if let Some(refusal) = unready.or_else(|| verdict.refusal.clone()) {
            return Err(self.refused(row, &verdict, refusal).await);
        }
        row.decision = verdict.on_record(None);
        // It belongs to nobody before its time.
        row.owner = None;
        let call = row.id;
        self.store().queue_call(row, NewDial { due: at, holder: None, cooled: None }, key).await?;
        Ok(call)
    }

    async fn refused(&self, mut row: NewCall, verdict: &Verdict, refusal: Refusal) -> EngineError {
        row.decision = verdict.on_record(Some(&refusal));
        self.keep_refused(row, refusal.code()).await;
        EngineError::Refused(refusal)
    }

    async fn queue(
        &self,
        row: NewCall,
        to: PhoneNumber,
        casting: Casting,
        admission: Admission,
        key: Option<RequestKey>,
    ) -> Result<CallId, EngineError> {
        let call = row.id;
        let cooled = admission.cooldown.as_ref().map(ClaimedCooldown::on_record);
        let dial = NewDial { due: row.initiated_at, holder: Some(self.instance().to_owned()), cooled };
        if let Err(error) = self.store().queue_call(row, dial, key).await {
            if let Some(cooldown) = admission.cooldown {
                cooldown.give_back(self.store()).await;
            }
            self.disown(call, &error).await;
            return Err(error.into());
        }
        self.expect_dial(call, to, casting, admission).await?;
        Ok(call)
    }

    /// From here on the call is this instance's: it waits for its turn.
    pub(super) async fn expect_dial(
        &self,
        call: CallId,
        to: PhoneNumber,
        casting: Casting,
        admission: Admission,
    ) -> Result<(), EngineError> {
        let held = self.held(call, admission, &casting, Some(to.clone()));
        let order = self.create_call(call, to, &held);
        self.parts().supervisor.ask(Expect { call, sid: None, held }).await?;
        let order = order.ok_or_else(|| EngineError::Refused(Refusal::NotConfigured { missing: Vec::new() }))?;
        actix_rt::spawn(self.clone().dial(call, order));
        Ok(())
    }

    /// A row that we know nothing of may have been made all the same: then it ends here.
    async fn disown(&self, call: CallId, error: &StoreError) {
        let end = CallEnd {
            id: call,
            cause: HangupCause::NeverConnected,
            twilio_status: None,
            error_code: None,
            error: Some(error.to_string()),
            at: clock::utc(),
            minute_nanos: 0,
            owner: None,
        };
        self.parts().log.keep(Row::Ended(Box::new(end))).await;
    }

    fn create_call(&self, call: CallId, to: PhoneNumber, held: &Held) -> Option<CreateCall> {
        let (domain, from) = (self.domain()?, self.caller_id()?.clone());
        let limits = &self.config().limits;
        let limit = held.casting.assistant.limits.max_call(limits.max_call).as_secs().saturating_add(TIME_LIMIT_MARGIN);
        Some(CreateCall {
            to,
            from,
            url: domain.https_url(&format!("/twilio/voice/{call}")),
            status_callback: domain.https_url(&format!("/twilio/status/{call}")),
            time_limit_s: u32::try_from(limit).ok(),
            ring_timeout_s: u32::try_from(limits.ring.as_secs()).unwrap_or(u32::MAX),
            detection_callback: self.callback_url(held.plan.machine_detection, "amd", call),
            recording_callback: self.callback_url(held.plan.record, "recording", call),
        })
    }
}
