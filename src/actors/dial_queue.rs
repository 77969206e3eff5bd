//! Looks after what stands in the database for any instance to do: calls whose time has come or whose instance died, orders for calls
//! of this one, calls of which Twilio's last word is missing.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix::{Actor, ActorFutureExt as _, AsyncContext as _, Context, Supervised, WrapFuture as _};

use super::casting::{CallWish, StoredWish};
use super::clock;
use super::compliance::Verdict;
use super::engine::{Engine, EngineError, Wanted};
use super::governor::{Admission, ClaimedCooldown};
use super::handover::Detected;
use super::port::Post as _;
use super::reaper::Steadiness;
use super::registry::{Forget, TakenOver};
use super::supervisor::Carrier;
use crate::governor::Refusal;
use crate::governor::dialing::{Pace, Postponed, after_refusal};
use crate::store::{Call, CallKey, CallOrder, Dial, SettlingPatience, StoreError};
use crate::twilio::status::CarrierStatus;
use crate::twilio::webhook::answered_by;
use crate::types::{CallId, CallSid, HangupCause};

const PAUSE: Duration = Duration::from_secs(1);
/// Every so many rounds.
const KEEP: u32 = 5;
const SETTLE: u32 = 15;
/// Calls taken ahead of their turn.
const AHEAD: u32 = 3;
const DAY: Duration = Duration::from_secs(86_400);
const PATIENCE: SettlingPatience = SettlingPatience {
    ended: Duration::from_secs(60),
    // Twilio lets a phone ring for as long as it was told, and adds up to 5 s.
    ringing: Duration::from_secs(15),
    again: Duration::from_secs(300),
    oldest: DAY,
};

/// The calls that this instance has in hand, and the account's pace as far as it alone knows.
#[derive(Debug)]
pub struct Dialling {
    calls: Mutex<HashSet<CallId>>,
    pace: Mutex<Pace>,
}

/// One of them, for as long as it lives.
#[derive(Debug)]
pub struct InHand<'a> {
    call: CallId,
    all: &'a Dialling,
}

impl Dialling {
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        Self { calls: Mutex::default(), pace: Mutex::new(pace) }
    }

    pub fn take(&self, call: CallId) -> InHand<'_> {
        self.in_hand().insert(call);
        InHand { call, all: self }
    }

    /// Those that are in hand now.
    pub fn calls(&self) -> Vec<CallId> {
        self.in_hand().iter().copied().collect()
    }

    fn in_hand(&self) -> MutexGuard<'_, HashSet<CallId>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far the next free moment is, and how far apart they are.
    pub fn take_pace(&self, now: Instant) -> (Duration, Duration) {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        (pace.take(now), pace.interval())
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.all.in_hand().remove(&self.call);
    }
}

pub struct DialQueue {
    engine: Engine,
    round: u32,
    steadiness: Steadiness,
}

impl DialQueue {
    #[must_use]
    pub const fn new(engine: Engine) -> Self {
        Self { engine, round: 0, steadiness: Steadiness::new() }
    }

    fn look(&mut self, ctx: &mut Context<Self>) {
        self.round = self.round.wrapping_add(1);
        let (engine, round, steadiness) = (self.engine.clone(), self.round, self.steadiness);
        let looking = async move { engine.look_after(round, steadiness).await };
        ctx.spawn(looking.into_actor(self).map(|answered, queue, ctx| {
            queue.steadiness.note(clock::now(), answered);
            ctx.run_later(PAUSE, Self::look);
        }));
    }
}

impl Actor for DialQueue {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.run_later(PAUSE, Self::look);
    }
}

impl Supervised for DialQueue {}

impl Engine {
    /// False if the database did not answer.
    async fn look_after(&self, round: u32, steadiness: Steadiness) -> bool {
        let done = self.do_what_is_there(round, steadiness).await;
        if let Err(error) = &done {
            tracing::debug!(%error, "what waits in the database cannot be read");
        }
        done.is_ok()
    }

    async fn do_what_is_there(&self, round: u32, steadiness: Steadiness) -> Result<(), StoreError> {
        if self.store().is_shared() {
            for (call, order) in self.store().take_orders(self.instance()).await? {
                self.carry_out(call, order).await;
            }
        }
        let in_hand = self.parts().dialling.calls();
        if round.is_multiple_of(KEEP) && !in_hand.is_empty() {
            self.store().keep_dials(self.instance(), &in_hand).await?;
        }
        if self.is_draining() || self.parts().rest.is_none() {
            return Ok(());
        }
        self.reap(round, steadiness).await?;
        let ahead = self.config().limits.calls_per_second.saturating_add(AHEAD);
        let room = ahead.saturating_sub(u32::try_from(in_hand.len()).unwrap_or(u32::MAX));
        if room > 0 {
            for dial in self.store().take_dials(self.instance(), room).await? {
                self.take_up(dial).await?;
            }
        }
        if round.is_multiple_of(SETTLE) {
            let patience = SettlingPatience { ringing: self.config().limits.ring + PATIENCE.ringing, ..PATIENCE };
            for (call, sid) in self.store().unsettled(patience).await? {
                self.settle(call, sid).await;
            }
        }
        Ok(())
    }

    async fn carry_out(&self, call: CallId, order: CallOrder) {
        match order {
            CallOrder::HangUp => drop(self.hang_up_here(call).await),
            CallOrder::Transfer(to) => drop(self.transfer_here(call, to).await),
            CallOrder::TakenOver(epoch) => drop(self.parts().supervisor.ask(TakenOver { call, epoch }).await),
            CallOrder::Answered(word) => {
                let answered_by = answered_by(&word);
                let _ = self.parts().supervisor.ask(Detected { call, answered_by }).await;
            }
            CallOrder::Over(word) => {
                let Some(cause) = CarrierStatus::from_word(&word).and_then(CarrierStatus::hangup_cause) else { return };
                self.over(call, cause, Carrier { status: Some(word), ..Carrier::default() }).await;
            }
        }
    }

    /// The call's time has come, or whoever had it in hand is gone.
    async fn take_up(&self, dial: Dial) -> Result<(), StoreError> {
        let row = self.store().call(&CallKey::Id(dial.call)).await?;
        let Some(row) = row.filter(|row| row.ended_at.is_none() && row.call_sid.is_none()) else {
            return self.store().forget_dial(dial.call).await;
        };
        let Some(wish) = self.wish_of_row(&row) else {
            tracing::error!(call.id = %dial.call, "call cannot be placed: its assistant is gone");
            let error = "the assistant that was to speak is not there any more".to_owned();
            self.over(dial.call, HangupCause::NeverConnected, Carrier { error: Some(error), ..Carrier::default() }).await;
            return self.store().forget_dial(dial.call).await;
        };
        match dial.asked {
            Some(asked) => {
                let engine = self.clone();
                actix_rt::spawn(async move {
                    let _in_hand = engine.parts().dialling.take(dial.call);
                    engine.look_for(dial.call, wish.to, asked.at, asked.ago).await;
                });
            }
            None => self.admit_late(dial, wish).await,
        }
        Ok(())
    }

    async fn admit_late(&self, dial: Dial, wish: CallWish) {
        let (call, to) = (dial.call, wish.to.clone());
        let casting = wish.casting(self.config().assistants.default_one());
        let callee = self.callee(to.clone(), wish.time_zone).await;
        let verdict = Verdict::of(self.config(), &callee);
        let cooled = dial.cooled.map(|cooled| ClaimedCooldown::of(to.clone(), cooled));
        match self.admit(call, Wanted { callee, cooled, asker: wish.asker }.into(), &casting).await {
            Ok(admission) => {
                self.note_admitted(call, &verdict, &admission).await;
                if let Err(error) = self.expect_dial(call, to, casting, admission).await {
                    tracing::error!(call.id = %call, %error, "call cannot be placed");
                }
            }
            Err(EngineError::Refused(refusal)) => match after_refusal(&refusal, dial.late) {
                Postponed::Until(pause) => self.postpone(call, pause, &refusal).await,
                Postponed::Never => self.refuse_late(call, &verdict, &refusal).await,
            },
            Err(error) => tracing::error!(call.id = %call, %error, "call cannot be placed yet"),
        }
    }

    /// As of now, this is whose call it is and why it may be.
    async fn note_admitted(&self, call: CallId, verdict: &Verdict, admission: &Admission) {
        let (store, me) = (self.store(), self.instance());
        let mut noted = store.note_admitted(call, me, verdict.on_record(None)).await;
        if let Some(cooldown) = &admission.cooldown {
            noted = noted.and(store.note_cooled(call, me, cooldown.on_record()).await);
        }
        if let Err(error) = noted {
            tracing::warn!(call.id = %call, %error, "admission not on record");
        }
    }

    async fn postpone(&self, call: CallId, pause: Duration, refusal: &Refusal) {
        tracing::info!(call.id = %call, refusal = %refusal.code(), "call has to wait");
        if let Err(error) = self.store().postpone_dial(call, self.instance(), pause).await {
            tracing::warn!(call.id = %call, %error, "call is taken up later");
        }
    }

    /// The call was taken on, and must not be placed after all.
    pub(super) async fn refuse_late(&self, call: CallId, verdict: &Verdict, refusal: &Refusal) {
        tracing::warn!(call.id = %call, refusal = %refusal.code(), "call is not placed after all");
        let refused = self.store().refuse(call, refusal.code().as_str(), verdict.on_record(Some(refusal)), clock::utc()).await;
        match refused {
            Ok(cooled) => {
                let number = self.wish_of(call).await.map(|wish| wish.to);
                if let (Some(cooled), Some(number)) = (cooled, number) {
                    ClaimedCooldown::of(number, cooled).give_back(self.store()).await;
                }
                self.let_go(call).await;
            }
            Err(error) => tracing::error!(call.id = %call, %error, "refusal not on record"),
        }
    }

    /// The call is not this instance's any more; its slot is free.
    pub(super) async fn let_go(&self, call: CallId) {
        let _ = self.parts().supervisor.ask(Forget(call)).await;
    }

    /// What is not begun is for other instances, or for this one's next life.
    pub(super) async fn leave_queue(&self) {
        match self.store().leave_dials(self.instance()).await {
            Ok(calls) => {
                for call in calls {
                    self.let_go(call).await;
                }
            }
            Err(error) => tracing::warn!(%error, "calls in the queue are taken over a little later"),
        }
    }

    pub(super) async fn wish_of(&self, call: CallId) -> Option<CallWish> {
        let row = self.store().call(&CallKey::Id(call)).await.ok()??;
        self.wish_of_row(&row)
    }

    fn wish_of_row(&self, row: &Call) -> Option<CallWish> {
        StoredWish::read(row.wish.as_deref()?)?.wish(&self.config().assistants)
    }

    /// Asks Twilio what became of a call, as its callback should have told.
    async fn settle(&self, call: CallId, sid: CallSid) {
        let Some(rest) = &self.parts().rest else { return };
        match rest.fetch_call(&sid).await {
            Ok(fetched) => self.progressed(call, fetched.status, None).await,
            Err(error) => tracing::warn!(call.id = %call, %error, "twilio cannot be asked what became of a call"),
        }
    }
}
