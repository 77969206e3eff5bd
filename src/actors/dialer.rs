//! Calls that we place: admitted, on record, accepted; then dialled.

use super::casting::CallWish;
use super::clock;
use super::compliance::Verdict;
use super::engine::{Ends, Engine, EngineError, OtherEnd};
use super::registry::{Expect, Identify};
use super::supervisor::Held;
use crate::governor::Refusal;
use crate::store::{CallEnd, Row, StoreError};
use crate::twilio::rest::{CreateCall, RestError};
use crate::types::{CallId, HangupCause, PhoneNumber};

/// Seconds. <https://www.twilio.com/docs/voice/api/call-resource>
const RING: u32 = 60;
/// Twilio's own limit on top of ours, which ends a call that we cannot end.
const TIME_LIMIT_MARGIN: u64 = 60;

impl Engine {
    /// Places a call, or says why not. The row is committed before this returns; the phone rings afterwards.
    pub async fn request_call(&self, wish: CallWish) -> Result<CallId, EngineError> {
        let casting = wish.casting(self.config().assistants.default_one());
        let (to, time_zone) = (wish.to, wish.time_zone);
        let from = self.caller_id().map(|number| number.as_str().to_owned()).unwrap_or_default();
        let mut row = self.new_call(Ends { from: &from, to: to.as_str() }, None, &casting);
        row.api_key_id = wish.asker.as_ref().map(|asker| asker.key.to_string());
        let call = row.id;
        let callee = self.callee(to.clone(), time_zone).await;
        let verdict = Verdict::of(self.config(), &callee);
        let admission = match self.admit(call, OtherEnd::Callee { callee, asker: wish.asker }, &casting).await {
            Ok(admission) => admission,
            Err(EngineError::Refused(refusal)) => {
                row.decision = verdict.on_record(Some(&refusal));
                self.keep_refused(row, refusal.code()).await;
                return Err(EngineError::Refused(refusal));
            }
            Err(error) => return Err(error),
        };
        row.decision = verdict.on_record(None);
        if let Err(error) = self.parts().store.create_call(row).await {
            if let Some(cooldown) = admission.cooldown {
                cooldown.give_back(&self.parts().store).await;
            }
            self.disown(call, &error).await;
            return Err(error.into());
        }
        let held = self.held(call, admission, &casting, Some(to.clone()));
        let order = self.create_call(call, to, &held);
        self.parts().supervisor.send(Expect { call, sid: None, held }).await?;
        let order = order.ok_or_else(|| EngineError::Refused(Refusal::NotConfigured { missing: Vec::new() }))?;
        actix_rt::spawn(self.clone().dial(call, order));
        Ok(call)
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
        };
        self.parts().log.keep(Row::Ended(Box::new(end))).await;
    }

    fn create_call(&self, call: CallId, to: PhoneNumber, held: &Held) -> Option<CreateCall> {
        let (domain, from) = (self.domain()?, self.caller_id()?.clone());
        let limit = held.casting.assistant.limits.max_call(self.config().limits.max_call).as_secs().saturating_add(TIME_LIMIT_MARGIN);
        Some(CreateCall {
            to,
            from,
            url: domain.https_url(&format!("/twilio/voice/{call}")),
            status_callback: domain.https_url(&format!("/twilio/status/{call}")),
            time_limit_s: u32::try_from(limit).ok(),
            ring_timeout_s: RING,
            detection_callback: self.callback_url(held.plan.machine_detection, "amd", call),
            recording_callback: self.callback_url(held.plan.record, "recording", call),
        })
    }

    async fn dial(self, call: CallId, order: CreateCall) {
        let Some(rest) = &self.parts().rest else { return };
        match rest.create_call(&order).await {
            Ok(created) => {
                tracing::info!(call.id = %call, call.sid = %created.sid, "call placed");
                let _ = self.parts().supervisor.send(Identify { call, sid: created.sid.clone() }).await;
                self.name_call(call, created.sid).await;
            }
            // The phone may ring all the same: its webhook will name the call, or its deadline end it.
            Err(error) if error.ambiguous() => tracing::error!(call.id = %call, %error, "call may have been placed"),
            Err(error) => {
                tracing::error!(call.id = %call, %error, "call not placed");
                self.not_placed(call, code_of(&error), cause_of(&error)).await;
            }
        }
    }
}

fn code_of(error: &RestError) -> Option<String> {
    if let RestError::Api { code, .. } = error { code.map(|code| code.to_string()) } else { None }
}

/// What the operator needs to mend it; Twilio's message may name the number, so it stays out.
fn cause_of(error: &RestError) -> String {
    match error {
        RestError::Api { code: Some(code), .. } => format!("{error}, see https://www.twilio.com/docs/errors/{code}"),
        other => other.to_string(),
    }
}
