//! Calls that nobody carries, though nobody said that they are over: Twilio is asked, and those that live are brought back.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::clock;
use super::engine::Engine;
use super::port::Post as _;
use super::registry::AskStrays;
use super::supervisor::Carrier;
use crate::governor::Stray;
use crate::metrics;
use crate::store::{LostCall, StoreError};
use crate::twilio::rest::{RestError, TwilioRest};
use crate::twilio::status::CarrierStatus;
use crate::types::{CallId, CallSid, Epoch, HangupCause};

/// After an outage of the database every instance has to be heard of again, before one that is not counts as gone.
const STEADY: Duration = Duration::from_secs(12);
/// Between two looks at one call.
const AGAIN: Duration = Duration::from_secs(15);
/// Calls that are looked at together.
const AT_ONCE: u32 = 20;
const ROUNDS: u32 = 2;
/// Every hour and a bit.
const TIDY: u32 = 4_000;
const KEPT: Duration = Duration::from_secs(86_400);
const EVENTS_KEPT: Duration = Duration::from_secs(3 * 86_400);
/// Longer than the tries of one event take.
const DELIVERIES_KEPT: Duration = Duration::from_secs(4 * 86_400);

/// Since when the database has answered without a break.
#[derive(Clone, Copy, Debug, Default)]
pub struct Steadiness(Option<Instant>);

impl Steadiness {
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    pub fn note(&mut self, now: Instant, answered: bool) {
        self.0 = if answered { self.0.or(Some(now)) } else { None };
    }

    fn is_steady(self, now: Instant) -> bool {
        self.0.is_some_and(|since| now.saturating_duration_since(since) >= STEADY)
    }
}

impl Engine {
    /// Brings calls back, or ends them: those of instances that are gone, and those of ours that Twilio did not ask about.
    pub(super) async fn reap(&self, round: u32, steadiness: Steadiness) -> Result<(), StoreError> {
        if let Some(rest) = &self.parts().rest {
            let strays = self.parts().supervisor.ask(AskStrays).await.unwrap_or_default();
            join_all(strays.into_iter().map(|stray| self.see_to_stray(rest, stray))).await;
        }
        // A database of one instance has no others to wait for: whoever carried the call was an earlier life of this one.
        let is_steady = !self.store().is_shared() || steadiness.is_steady(clock::now());
        if round.is_multiple_of(ROUNDS) && is_steady {
            let lost = self.store().lost_calls(self.instance(), AGAIN, AT_ONCE).await?;
            join_all(lost.into_iter().map(|lost| self.see_to_lost(lost))).await;
        }
        if round.is_multiple_of(TIDY) {
            self.store().forget_resumes(KEPT).await?;
            self.store().forget_events(EVENTS_KEPT).await?;
            self.store().forget_deliveries(DELIVERIES_KEPT).await?;
        }
        Ok(())
    }

    async fn see_to_stray(&self, rest: &TwilioRest, Stray { call, sid, epoch }: Stray) {
        match rest.fetch_call(&sid).await {
            Ok(fetched) => match fetched.status.hangup_cause() {
                Some(_) => self.progressed(call, fetched.status, None).await,
                None => self.bring_back(rest, call, &sid, epoch, fetched.status).await,
            },
            Err(error) => tracing::warn!(call.id = %call, %error, "what became of a call that lost its stream is not known"),
        }
    }

    async fn see_to_lost(&self, lost: LostCall) {
        if lost.sid.is_browser() {
            return self.close(&lost, HangupCause::StreamLost, None).await;
        }
        let Some(rest) = &self.parts().rest else { return };
        match rest.fetch_call(&lost.sid).await {
            Ok(fetched) => match fetched.status.hangup_cause() {
                Some(cause) => self.close(&lost, cause, Some(fetched.status)).await,
                None if lost.is_away => {}
                None => self.bring_back(rest, lost.id, &lost.sid, lost.epoch, fetched.status).await,
            },
            Err(RestError::Api { http: 404, .. }) => self.close(&lost, HangupCause::StreamLost, None).await,
            Err(error) => tracing::warn!(call.id = %lost.id, %error, "what became of a call whose instance is gone is not known"),
        }
    }

    async fn close(&self, lost: &LostCall, cause: HangupCause, status: Option<CarrierStatus>) {
        tracing::warn!(call.id = %lost.id, %cause, "call ended while nobody carried it");
        metrics::reaped("ended");
        let carrier = Carrier { status: status.map(|status| status.as_str().to_owned()), ..Carrier::default() };
        self.end_on_record(lost.id, cause, carrier).await;
    }

    /// Twilio is told to ask us what comes next; one that rings yet will ask by itself.
    async fn bring_back(&self, rest: &TwilioRest, call: CallId, sid: &CallSid, epoch: Epoch, status: CarrierStatus) {
        let Some(url) = self.resume_url(call, epoch.next()).filter(|_| status == CarrierStatus::InProgress) else { return };
        match rest.redirect_call(sid, &url).await {
            Ok(()) => {
                tracing::warn!(call.id = %call, "call had lost its stream, twilio is told to bring another");
                metrics::reaped("redirected");
            }
            Err(error) => tracing::warn!(call.id = %call, %error, "call that lost its stream not redirected yet"),
        }
    }
}
