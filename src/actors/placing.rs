//! One call on its way to Twilio: its turn, its question, and what if the answer is lost.
//!
//! Twilio knows no key under which a call is placed once. So it is put on record that Twilio is asked before it is, and a question
//! without a clear answer is never asked again: the call is looked for instead.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::clock;
use super::compliance::Verdict;
use super::engine::Engine;
use super::port::Post as _;
use super::registry::{AskNamed, Identify};
use super::supervisor::Carrier;
use crate::governor::Refusal;
use crate::governor::dialing::{Doubt, in_doubt, pause_before_retry};
use crate::store::CallKey;
use crate::twilio::rest::{CreateCall, CreatedCall, ListedCall, RestError, TwilioRest};
use crate::types::{CallId, CallSid, HangupCause, PhoneNumber};

/// A call that has waited so long may be one that nobody may place any more.
const FRESH: Duration = Duration::from_secs(1);
/// Twilio's clock against the database's.
const SKEW: TimeDelta = TimeDelta::seconds(5);
const UNKNOWN_OUTCOME: &str = "twilio did not say whether it placed the call, and it is not to be found there";

/// What became of a wish to ask Twilio.
enum Turn {
    Ours,
    /// Somebody else has the call, or nobody wants it any more.
    Gone,
    Refused(Box<(Verdict, Refusal)>),
}

impl Engine {
    /// Sees the call through until Twilio has it, or will not have it.
    pub(super) async fn dial(self, call: CallId, order: CreateCall) {
        let _in_hand = self.parts().dialling.take(call);
        let Some(rest) = self.parts().rest.clone() else { return };
        for attempts in 1.. {
            match self.turn(call, &order.to, attempts > 1).await {
                Turn::Ours => {}
                Turn::Gone => return self.let_go(call).await,
                Turn::Refused(refused) => return self.refuse_late(call, &refused.0, &refused.1).await,
            }
            let asked_at = clock::utc();
            match rest.create_call(&order).await {
                Ok(created) => return self.placed(call, created).await,
                Err(error) if error.ambiguous() => {
                    tracing::error!(call.id = %call, %error, "call may have been placed");
                    return self.look_for(call, order.to, asked_at, Duration::ZERO).await;
                }
                Err(error) => match pause_before_retry(call, attempts).filter(|_| error.retryable()) {
                    Some(pause) => self.rest_awhile(call, &error, pause).await,
                    None => return self.not_to_be_placed(call, &error).await,
                },
            }
        }
    }

    /// Waits for the account's next free moment; then it is on record that Twilio is asked.
    async fn turn(&self, call: CallId, to: &PhoneNumber, again: bool) -> Turn {
        let waited = self.wait_for_pace().await;
        if (again || waited >= FRESH)
            && let Some(refused) = self.judge_again(call, to).await
        {
            return Turn::Refused(Box::new(refused));
        }
        match self.store().ask_for_dial(call, self.instance()).await {
            Ok(true) => Turn::Ours,
            Ok(false) => Turn::Gone,
            Err(error) => {
                // Whoever has the database again finds it in the queue.
                tracing::error!(call.id = %call, %error, "call not placed yet");
                Turn::Gone
            }
        }
    }

    async fn wait_for_pace(&self) -> Duration {
        let wait = self.next_moment().await;
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        wait
    }

    /// Over all instances, if there are others and they can be asked.
    async fn next_moment(&self) -> Duration {
        let (own, interval) = self.parts().dialling.take_pace(clock::now());
        match self.config().twilio.account_sid.as_ref().filter(|_| self.store().is_shared()) {
            Some(account) => self.store().take_pace(account.as_str(), interval).await.unwrap_or(own),
            None => own,
        }
    }

    /// Somebody may have asked not to be called while the call waited.
    async fn judge_again(&self, call: CallId, to: &PhoneNumber) -> Option<(Verdict, Refusal)> {
        let wish = self.wish_of(call).await;
        let callee = self.callee(to.clone(), wish.and_then(|wish| wish.time_zone)).await;
        let verdict = Verdict::of(self.config(), &callee);
        verdict.refusal.clone().map(|refusal| (verdict, refusal))
    }

    async fn rest_awhile(&self, call: CallId, error: &RestError, pause: Duration) {
        tracing::warn!(call.id = %call, %error, pause_ms = pause.as_millis(), "twilio did not take the call, asked again soon");
        if let Err(error) = self.store().ask_again(call, self.instance()).await {
            tracing::error!(call.id = %call, %error, "call cannot be asked for again");
        }
        tokio::time::sleep(pause).await;
    }

    async fn placed(&self, call: CallId, CreatedCall { sid, .. }: CreatedCall) {
        let is_ours = self.parts().supervisor.ask(Identify { call, sid: sid.clone() }).await.unwrap_or_default();
        if is_ours || !self.is_named_here(call).await {
            tracing::info!(call.id = %call, call.sid = %sid, "call placed");
            self.name_call(call, sid).await;
        } else {
            tracing::warn!(call.id = %call, call.sid = %sid, "twilio placed a call twice, one of them is hung up on");
            self.complete(&sid).await;
        }
        self.off_the_queue(call).await;
    }

    pub(super) async fn off_the_queue(&self, call: CallId) {
        if let Err(error) = self.store().forget_dial(call).await {
            tracing::warn!(call.id = %call, %error, "call is still in the queue");
        }
    }

    async fn not_to_be_placed(&self, call: CallId, error: &RestError) {
        tracing::error!(call.id = %call, %error, "call not placed");
        let carrier = Carrier { status: None, error_code: code_of(error), error: Some(cause_of(error)), unplaced: true };
        self.over(call, HangupCause::CarrierFailed, carrier).await;
        self.off_the_queue(call).await;
    }

    /// Twilio may have placed the call, or not. Its webhook may tell; if it does not, Twilio's own list does.
    pub(super) async fn look_for(&self, call: CallId, to: PhoneNumber, asked_at: DateTime<Utc>, mut since: Duration) {
        let Some(rest) = &self.parts().rest else { return };
        while let Doubt::Look(pause) = in_doubt(since) {
            tokio::time::sleep(pause).await;
            since += pause;
            if self.is_named(call).await {
                return self.off_the_queue(call).await;
            }
            if let Some(found) = self.found(rest, &to, asked_at).await {
                tracing::info!(call.id = %call, call.sid = %found.sid, "call found at twilio");
                let status = found.status;
                self.placed(call, CreatedCall { sid: found.sid, status }).await;
                return self.progressed(call, status, None).await;
            }
        }
        tracing::error!(call.id = %call, "call given up: {UNKNOWN_OUTCOME}");
        let carrier = Carrier { error: Some(UNKNOWN_OUTCOME.to_owned()), ..Carrier::default() };
        self.over(call, HangupCause::CarrierFailed, carrier).await;
        self.off_the_queue(call).await;
    }

    /// Under a name that Twilio told.
    async fn is_named_here(&self, call: CallId) -> bool {
        self.parts().supervisor.ask(AskNamed(call)).await.unwrap_or_default()
    }

    async fn is_named(&self, call: CallId) -> bool {
        if self.is_named_here(call).await {
            return true;
        }
        let row = self.store().call(&CallKey::Id(call)).await;
        row.is_ok_and(|row| row.is_none_or(|row| row.call_sid.is_some() || row.ended_at.is_some()))
    }

    /// The one call to that number since then that no other call of ours is. Of two, nobody could tell which.
    async fn found(&self, rest: &TwilioRest, to: &PhoneNumber, asked_at: DateTime<Utc>) -> Option<ListedCall> {
        let from = self.caller_id()?;
        let listed = rest.list_calls(from, to).await.inspect_err(|error| tracing::warn!(%error, "calls cannot be listed")).ok()?;
        let since = listed.into_iter().filter(|call| call.created.is_none_or(|created| created >= asked_at - SKEW));
        let mut unknown = Vec::new();
        for call in since {
            if !self.is_known(&call.sid).await {
                unknown.push(call);
            }
        }
        unknown.pop().filter(|_| unknown.is_empty())
    }

    /// What cannot be read is taken for known: it is not this call's.
    async fn is_known(&self, sid: &CallSid) -> bool {
        !matches!(self.store().call(&CallKey::Sid(sid.clone())).await, Ok(None))
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
