//! What happens to the phone call beside its streams: another phone is rung, a machine picks up, a recording is made.

use actix::{Context, Handler, Message};

use super::clock;
use super::engine::{Engine, EngineError};
use super::inbound::Instruction;
use super::port::Post as _;
use super::registry::Identify;
use super::supervisor::{Answer, CallSupervisor};
use crate::governor::{AfterDial, DialOutcome};
use crate::session::event::{AnsweredBy, SeedContent, Speaker};
use crate::session::policy::{History, Message as Said};
use crate::store::{CallOrder, Recording, Row};
use crate::twilio::webhook::{DetectionCallback, DialCallback, RecordingCallback};
use crate::types::{CallId, Epoch, HangupCause, Redacted};

/// What the model is told when the caller is back.
const NOT_TRANSFERRED: &str = "The transfer failed: nobody answered.";

/// The history with word of a transfer that failed; the model owes the caller something about it.
pub(super) fn after_failed_transfer(mut history: History) -> History {
    let text = Redacted(NOT_TRANSFERRED.to_owned());
    history.messages.push(Said(SeedContent::Said { speaker: Speaker::System, text }));
    history.resumed = true;
    history.owes_answer = true;
    history
}

/// The ringing of another phone is over.
#[derive(Message)]
#[rtype(result = "Answer")]
pub struct Dialled {
    pub call: CallId,
    /// The stream that goes on with the caller, if one does.
    pub epoch: Epoch,
    pub outcome: DialOutcome,
}

impl Handler<Dialled> for CallSupervisor {
    type Result = Answer;

    fn handle(&mut self, Dialled { call, epoch, outcome }: Dialled, _: &mut Context<Self>) -> Answer {
        match self.roster.dialled(clock::now(), call, epoch, outcome) {
            AfterDial::Ended(cause, held) => {
                self.ended(call, cause, &held, None);
                Answer::Hangup
            }
            AfterDial::Failed { epoch } => {
                tracing::info!(call.id = %call, "transfer failed, call goes on");
                if let Some(held) = self.roster.held_mut(call) {
                    held.transfer_failed = true;
                }
                self.promise(call, epoch)
            }
            AfterDial::Known(next) => self.answer(call, next),
        }
    }
}

/// Who or what picked up the phone that we called.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct PickedUp(pub AnsweredBy);

/// Detection tells who picked up.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Detected {
    pub call: CallId,
    pub answered_by: AnsweredBy,
}

impl Handler<Detected> for CallSupervisor {
    type Result = ();

    /// A call without a stream is told when its stream begins.
    fn handle(&mut self, Detected { call, answered_by }: Detected, _: &mut Context<Self>) {
        if let Some((_, actor)) = self.live.get(&call) {
            return actor.tell(PickedUp(answered_by));
        }
        if let Some(held) = self.roster.held_mut(call) {
            held.answered_by = Some(answered_by);
        }
    }
}

impl Engine {
    /// Twilio tells how the ringing of another phone went, and asks what comes next.
    pub async fn dialled(&self, call: CallId, epoch: Epoch, callback: DialCallback) -> Result<Instruction, EngineError> {
        let outcome = match callback.is_answered {
            true => DialOutcome::Spoke,
            false if callback.status.is_terminal() => DialOutcome::CallerGone,
            false => DialOutcome::NotReached,
        };
        if !self.parts().supervisor.ask(Identify { call, sid: callback.call.clone() }).await? {
            return if self.is_here(call).await {
                Ok(Instruction::Hangup)
            } else {
                self.dialled_elsewhere(call, epoch, outcome, callback.call).await
            };
        }
        let answer = self.parts().supervisor.ask(Dialled { call, epoch, outcome }).await?;
        if outcome == DialOutcome::NotReached {
            self.note_handed_over(call, false).await;
        }
        if self.is_draining() && !matches!(answer, Answer::Hangup) {
            return Ok(self.wait(call, epoch));
        }
        Ok(self.instruct(call, answer).await)
    }

    /// On record before Twilio is told, so that nobody takes the call for one that was lost.
    pub(super) async fn note_handed_over(&self, call: CallId, is_away: bool) {
        if let Err(error) = self.parts().store.handed_over(call, is_away).await {
            tracing::warn!(call.id = %call, %error, "hand-over not on record");
        }
    }

    /// Twilio tells who or what picked up. The call is told first: somebody waits to be spoken to.
    pub async fn detected(&self, call: CallId, callback: DetectionCallback) -> Result<(), EngineError> {
        let DetectionCallback { call: sid, answered_by, word } = callback;
        if self.parts().supervisor.ask(Identify { call, sid: sid.clone() }).await? {
            self.parts().supervisor.ask(Detected { call, answered_by }).await?;
        } else if self.is_on_record(call, &sid).await {
            self.tell_owner(call, CallOrder::Answered(word.clone())).await;
        } else {
            return Ok(());
        }
        self.note_answered_by(call, Some(&word)).await;
        Ok(())
    }

    /// Twilio tells where the recording of a call is, mostly after its end.
    pub async fn recorded(&self, call: CallId, callback: RecordingCallback) -> Result<(), EngineError> {
        let RecordingCallback { call: sid, recording, url, is_complete, duration_s } = callback;
        let Some(url) = url.filter(|_| is_complete) else { return Ok(()) };
        let is_here = self.parts().supervisor.ask(Identify { call, sid: sid.clone() }).await?;
        if !is_here && !self.is_on_record(call, &sid).await {
            return Ok(());
        }
        let recording = Recording { sid: recording.as_str().to_owned(), url, ms: duration_s.unwrap_or_default().saturating_mul(1_000) };
        let stored = self.parts().store.recorded(call, recording.clone()).await;
        self.or_spool(stored, || Row::Recorded { call, recording }).await;
        Ok(())
    }

    /// The address under which Twilio tells of a call, or of its recording, if that is wanted.
    pub(super) fn callback_url(&self, wanted: bool, what: &str, call: CallId) -> Option<String> {
        let domain = self.domain().filter(|_| wanted)?;
        Some(domain.https_url(&format!("/twilio/{what}/{call}")))
    }
}

impl CallSupervisor {
    /// A call that we placed is recorded by Twilio from its first second; one that came in has to be asked for.
    pub(super) fn record(&self, call: CallId) {
        let Some(held) = self.roster.held(call) else { return };
        let (Some(rest), Some(sid), Some(callback)) = (self.outfit.rest.clone(), self.roster.sid(call), held.recording_callback.clone())
        else {
            return;
        };
        actix_rt::spawn(async move {
            if let Err(error) = rest.record_call(&sid, &callback).await {
                tracing::warn!(call.id = %call, %error, "call is not recorded");
            }
        });
    }
}

/// A transfer is no loss.
pub(super) const fn is_loss(cause: HangupCause) -> bool {
    !matches!(cause, HangupCause::Transferred)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_hears_last_that_the_transfer_failed() {
        let history = after_failed_transfer(History::default());

        let said = history.messages.last().and_then(|Said(content)| content.said());
        assert_eq!(said, Some((Speaker::System, NOT_TRANSFERRED)));
        assert!(history.resumed && history.owes_answer);
    }
}
