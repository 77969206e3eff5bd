//! Calls that another instance carried, or an earlier life of this one: taken on by what is on record of them, and, should the
//! database be away, by what Twilio and the stream's token say.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::casting::{Casting, StoredWish};
use super::claim::StreamRefused;
use super::clock;
use super::engine::{Engine, EngineError};
use super::governor::Admission;
use super::inbound::Instruction;
use super::leases::TakeOver;
use super::plan::Lifeboat;
use super::port::Post as _;
use super::profile::RESUMES;
use super::registry::{Adopt, AskHere};
use super::supervisor::{Carrier, Promise};
use crate::governor::{Adopted, DialOutcome, Onward};
use crate::metrics;
use crate::store::{CallKey, CallOrder, KnownCall, StoreError};
use crate::twilio::webhook::VoiceRequest;
use crate::types::{CallId, CallSid, Direction, Epoch, HangupCause, PhoneNumber, StreamToken, Subject};

/// Calls that nobody could look up are answered no faster than this.
const BLIND_APART: Duration = Duration::from_secs(3);

/// When calls were last resumed without a look at the record.
#[derive(Debug, Default)]
pub struct Blind(Mutex<HashMap<CallId, Instant>>);

impl Blind {
    /// False if it was only just.
    fn may(&self, now: Instant, call: CallId) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, at| now.saturating_duration_since(*at) < BLIND_APART);
        let may = !seen.contains_key(&call);
        seen.entry(call).or_insert(now);
        may
    }
}

impl Engine {
    pub(super) async fn is_here(&self, call: CallId) -> bool {
        self.parts().supervisor.ask(AskHere(call)).await.unwrap_or_default()
    }

    /// What comes next for a call that is not here.
    pub(super) async fn next_by_record(
        &self,
        call: CallId,
        asked: Epoch,
        request: Option<VoiceRequest>,
    ) -> Result<Instruction, EngineError> {
        match self.store().known_call(call, RESUMES.window).await {
            Ok(Some(known)) => Ok(self.go_on(call, asked, known, request).await),
            Ok(None) => Ok(Instruction::Hangup),
            Err(error) if error.is_outage() => Ok(self.go_on_blind(call, asked, request, &error)),
            Err(error) => Err(error.into()),
        }
    }

    async fn go_on(&self, call: CallId, asked: Epoch, known: KnownCall, request: Option<VoiceRequest>) -> Instruction {
        let told = request.map(|request| request.call);
        let Some(sid) = known.sid.clone().or_else(|| told.clone()).filter(|sid| told.as_ref().is_none_or(|told| told == sid)) else {
            return Instruction::Hangup;
        };
        match known.last.onward(&RESUMES, asked) {
            Onward::Connect { epoch, planned } => {
                tracing::info!(call.id = %call, call.epoch = %epoch, planned, "call goes on, by what is on record of it");
                self.clone().note_promise(call, epoch, planned).await;
                let subject = Subject { sid, direction: known.direction, assistant: known.assistant };
                self.connect(call, Promise { epoch, subject, planned })
            }
            Onward::Dial { epoch, to } => self.hand_over(call, epoch, to).await,
            Onward::Wait { epoch } => self.wait(call, epoch),
            Onward::Lifeboat(cause) => {
                self.end_elsewhere(call, cause).await;
                self.apologise(Lifeboat::of(&self.casting_of(&known)))
            }
            Onward::Hangup => Instruction::Hangup,
        }
    }

    /// The database is away: Twilio's word has to do.
    fn go_on_blind(&self, call: CallId, asked: Epoch, request: Option<VoiceRequest>, error: &StoreError) -> Instruction {
        let Some(request) = request else { return Instruction::Hangup };
        if !self.parts().blind.may(clock::now(), call) {
            return self.wait(call, asked);
        }
        tracing::error!(call.id = %call, call.epoch = %asked, %error, "call goes on without its record");
        let assistants = &self.config().assistants;
        let assistant = match request.direction {
            Direction::Inbound => assistants.answering(request.to.as_str()),
            Direction::Outbound => assistants.default_one(),
        };
        let subject = Subject { sid: request.call, direction: request.direction, assistant: assistant.name.clone() };
        self.connect(call, Promise { epoch: asked, subject, planned: false })
    }

    pub(super) async fn note_promise(self, call: CallId, epoch: Epoch, planned: bool) {
        if epoch == Epoch::FIRST {
            return;
        }
        metrics::resumed(planned);
        if let Err(error) = self.store().promise_stream(call, epoch, planned).await {
            tracing::warn!(call.id = %call, %error, "resume not on record");
        }
    }

    /// The ringing of another phone is over, of a call that is not here.
    pub(super) async fn dialled_elsewhere(
        &self,
        call: CallId,
        epoch: Epoch,
        outcome: DialOutcome,
        sid: CallSid,
    ) -> Result<Instruction, EngineError> {
        let known = self.store().known_call(call, RESUMES.window).await?;
        let Some(known) = known.filter(|known| !known.last.has_ended && known.sid.as_ref().is_none_or(|known| *known == sid)) else {
            return Ok(Instruction::Hangup);
        };
        let cause = match outcome {
            DialOutcome::NotReached => {
                self.note_handed_over(call, false).await;
                self.clone().note_promise(call, epoch, true).await;
                let subject = Subject { sid, direction: known.direction, assistant: known.assistant };
                return Ok(self.connect(call, Promise { epoch, subject, planned: true }));
            }
            DialOutcome::Spoke => HangupCause::Transferred,
            DialOutcome::CallerGone => HangupCause::CallerHungUp,
        };
        self.end_elsewhere(call, cause).await;
        Ok(Instruction::Hangup)
    }

    /// Ends a call that is not here; whoever still holds it lets it go.
    async fn end_elsewhere(&self, call: CallId, cause: HangupCause) {
        self.end_on_record(call, cause, Carrier::default()).await;
        self.tell_owner(call, CallOrder::TakenOver(Epoch::new(u32::MAX))).await;
    }

    /// Leaves word for the instance that carries the call, if another one does.
    pub(super) async fn tell_owner(&self, call: CallId, order: CallOrder) {
        let row = self.store().call(&CallKey::Id(call)).await.ok().flatten();
        if let Some(owner) = row.and_then(|row| row.owner) {
            self.tell_instance(call, &owner, order).await;
        }
    }

    async fn tell_instance(&self, call: CallId, owner: &str, order: CallOrder) {
        if owner == self.instance() || !self.store().is_alive(owner).await.unwrap_or_default() {
            return;
        }
        if let Err(error) = self.store().leave_order(call, owner, order).await {
            tracing::warn!(call.id = %call, %error, "the instance that carried the call is not told");
        }
    }

    /// A stream of another instance's call has claimed it for this one.
    pub(super) async fn adopt(&self, token: &StreamToken, known: Option<KnownCall>) -> Result<(), StreamRefused> {
        let StreamToken { call, epoch, subject, .. } = token;
        tracing::info!(call.id = %call, call.epoch = %epoch, "call taken over");
        let gone = |_| StreamRefused("shutting down");
        let slot = self.parts().governor.ask(TakeOver(*call)).await.map_err(gone)?;
        let casting = known.as_ref().map_or_else(|| self.casting_of_subject(subject), |known| self.casting_of(known));
        let number = known.as_ref().and_then(other_end);
        let held = self.held(*call, Admission { slot, cooldown: None }, &casting, number);
        let mut held = if subject.sid.is_browser() { held.without_phone() } else { held };
        let mut unplanned = 0;
        if let Some(known) = known {
            held.began = known.connected_at.map(|at| began(at, clock::now()));
            held.transfer_failed = known.last.left.as_ref().is_some_and(|left| left.transfer.is_some());
            held.left = known.last.left.map(|left| left.cause);
            unplanned = known.last.unplanned;
        }
        let adopted = Adopted { sid: subject.sid.clone(), epoch: *epoch, held, unplanned };
        let adopted = self.parts().supervisor.ask(Adopt { call: *call, adopted }).await.map_err(gone)?;
        if adopted { Ok(()) } else { Err(StreamRefused("token used up")) }
    }

    /// Another instance may still believe that it carries the call.
    pub(super) async fn tell_former_owner(self, call: CallId, epoch: Epoch, former: Option<String>) {
        if let Some(former) = former {
            self.tell_instance(call, &former, CallOrder::TakenOver(epoch)).await;
        }
    }

    fn casting_of(&self, known: &KnownCall) -> Casting {
        let assistants = &self.config().assistants;
        let wish = known.wish.as_deref().and_then(|wish| StoredWish::read(wish)).and_then(|wish| wish.wish(assistants));
        if let Some(wish) = wish {
            return wish.casting(assistants.default_one());
        }
        let answering = || assistants.answering(known.to.as_str());
        let assistant = assistants.named(&known.assistant).unwrap_or_else(answering);
        Casting { direction: known.direction, name: known.caller_name.as_deref().cloned(), ..Casting::inbound(assistant) }
    }

    /// What was asked of the call beside its assistant is not known.
    fn casting_of_subject(&self, subject: &Subject) -> Casting {
        let assistants = &self.config().assistants;
        let assistant = assistants.named(&subject.assistant).unwrap_or_else(|| assistants.default_one());
        Casting { direction: subject.direction, ..Casting::inbound(assistant) }
    }
}

fn other_end(known: &KnownCall) -> Option<PhoneNumber> {
    match known.direction {
        Direction::Inbound => known.from.parse().ok(),
        Direction::Outbound => known.to.parse().ok(),
    }
}

fn began(at: chrono::DateTime<chrono::Utc>, now: Instant) -> Instant {
    let ago = (clock::utc() - at).to_std().unwrap_or_default();
    now.checked_sub(ago).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_call_is_not_resumed_blindly_time_and_again() {
        let (blind, t0) = (Blind::default(), Instant::now());
        let [one, other] = [1, 2].map(|n| CallId::new(Uuid::from_u128(n)));

        assert!(blind.may(t0, one) && blind.may(t0, other));

        assert!(!blind.may(t0 + Duration::from_secs(2), one));
        assert!(blind.may(t0 + Duration::from_secs(3), one));
    }
}
