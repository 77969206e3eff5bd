//! Twilio's questions: a call came in, was answered, lost its stream, changed its status.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};

use super::casting::Casting;
pub use super::claim::StreamRefused;
use super::clock;
use super::engine::{Ends, Engine, EngineError, OtherEnd};
use super::plan::Lifeboat;
use super::port::Post as _;
use super::registry::{Expect, Find, Identify};
use super::supervisor::{Answer, AskNext, Promise};
use crate::governor::Refusal;
use crate::store::{Created, NewCall, Row, StoreError};
use crate::twilio::webhook::VoiceRequest;
use crate::types::{CallId, CallSid, Code, Epoch, PhoneNumber, StreamToken};

/// How long Twilio waits for us, and how often it tries again: another instance may answer, or the next life of this one.
/// <https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides>
const PATIENCE: &str = "ct=2000&rt=5000&rc=5&rp=all";
/// Twilio asks again after a moment.
pub const MOMENT: Duration = Duration::from_secs(3);
/// Another instance may answer the next time.
const ELSEWHERE: Duration = Duration::from_secs(1);
/// So long it takes until there is a process again.
const RESTART: Duration = Duration::from_secs(5);

/// What a call is told to do, yet to be put into TwiML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instruction {
    Connect {
        stream_url: String,
        action_url: String,
    },
    /// Come back in a moment.
    Wait {
        url: String,
        pause: Duration,
    },
    Busy,
    /// Their calls are not taken.
    Reject,
    NotSetUp,
    /// Another phone is rung.
    Dial {
        number: PhoneNumber,
        caller_id: Option<PhoneNumber>,
        action_url: String,
    },
    /// No model can be had.
    Apologise {
        say: Option<String>,
        dial: Option<PhoneNumber>,
        caller_id: Option<PhoneNumber>,
    },
    Hangup,
}

impl Engine {
    /// A caller is on the line. A repeated question gets the same answer.
    pub async fn incoming_call(&self, request: VoiceRequest) -> Result<Instruction, EngineError> {
        let _turn = self.parts().turns.take(&request.call).await;
        if let Some(call) = self.parts().supervisor.ask(Find(request.call.clone())).await? {
            return self.next_step(call, Epoch::FIRST, Some(request)).await;
        }
        if self.is_draining() {
            // Another instance takes the call, or the next life of this one.
            return Ok(self.wait_at("/incoming-call"));
        }
        if !self.can_answer() {
            tracing::error!(call.sid = %request.call, "call came in, but OPENAI_API_KEY or DOMAIN is not set");
            return Ok(Instruction::NotSetUp);
        }
        let casting = Casting::inbound(self.config().assistants.answering(request.to.as_str()));
        let ends = Ends { from: request.from.as_str(), to: request.to.as_str() };
        let caller: Option<PhoneNumber> = request.from.as_str().parse().ok();
        let row = self.new_call(ends, Some(request.call.clone()), &casting);
        let row = NewCall { stir_verstat: request.stir_verstat.clone(), ..row };
        let admission = match self.admit(row.id, OtherEnd::Caller(caller.clone()), &casting).await {
            Ok(admission) => admission,
            Err(EngineError::Refused(refusal)) => return Ok(self.turn_away(row, &refusal, &casting).await),
            Err(error) => return Err(error),
        };
        let call = match self.parts().store.create_call(row.clone()).await {
            Ok(Created::New) => row.id,
            // Another instance was asked before.
            Ok(Created::Existing(known)) => return self.next_by_record(known, Epoch::FIRST, Some(request)).await,
            Err(error) if error.is_outage() => {
                let call = row.id;
                self.or_spool(Err(error), || Row::Created(Box::new(row))).await;
                call
            }
            Err(error) => return Err(error.into()),
        };
        let held = self.held(call, admission, &casting, caller);
        self.parts().supervisor.ask(Expect { call, sid: Some(request.call.clone()), held }).await?;
        self.next_step(call, Epoch::FIRST, Some(request)).await
    }

    /// A phone that we called was answered.
    pub async fn answered_call(&self, call: CallId, request: VoiceRequest) -> Result<Instruction, EngineError> {
        let ours = self.parts().supervisor.ask(Identify { call, sid: request.call.clone() }).await?;
        if !ours && (self.is_here(call).await || !self.is_on_record(call, &request.call).await) {
            return Ok(Instruction::Hangup);
        }
        // The phone waits for the answer, and not for this.
        let (engine, sid, word) = (self.clone(), request.call.clone(), request.answered_by.clone());
        actix_rt::spawn(async move {
            engine.name_call(call, sid).await;
            engine.note_answered_by(call, word.as_deref()).await;
        });
        self.next_step(call, Epoch::FIRST, Some(request)).await
    }

    /// Whoever tells Twilio's name of a call first, the answer to our request or a webhook that overtakes it.
    pub(super) async fn name_call(&self, call: CallId, sid: CallSid) {
        let attached = self.parts().store.attach_call_sid(call, &sid).await;
        self.or_spool(attached, || Row::Placed { call, sid }).await;
    }

    pub(super) async fn note_answered_by(&self, call: CallId, word: Option<&str>) {
        let Some(word) = word else { return };
        if let Err(error) = self.parts().store.answered_by(call, word).await {
            tracing::warn!(call.id = %call, %error, "who answered is not on record");
        }
    }

    /// A stream of the call is over; `epoch` would be the next one's.
    pub async fn resume_call(&self, call: CallId, epoch: Epoch, request: Option<VoiceRequest>) -> Result<Instruction, EngineError> {
        if self.is_draining() {
            self.parts().asked.fetch_add(1, Ordering::Relaxed);
            return Ok(self.wait(call, epoch));
        }
        self.next_step(call, epoch, request).await
    }

    async fn next_step(&self, call: CallId, epoch: Epoch, request: Option<VoiceRequest>) -> Result<Instruction, EngineError> {
        match self.parts().supervisor.ask(AskNext { call, epoch }).await? {
            Answer::Unknown => self.next_by_record(call, epoch, request).await,
            answer => Ok(self.instruct(call, answer).await),
        }
    }

    pub(super) async fn instruct(&self, call: CallId, answer: Answer) -> Instruction {
        match answer {
            Answer::Connect(promise) => {
                actix_rt::spawn(self.clone().note_promise(call, promise.epoch, promise.planned));
                self.connect(call, promise)
            }
            Answer::Dial { epoch, to } => self.hand_over(call, epoch, to).await,
            Answer::Lifeboat(lifeboat) => self.apologise(lifeboat),
            Answer::Wait { epoch } => self.wait(call, epoch),
            Answer::Hangup | Answer::Unknown => Instruction::Hangup,
        }
    }

    pub(super) async fn hand_over(&self, call: CallId, epoch: Epoch, number: PhoneNumber) -> Instruction {
        let Some(domain) = self.domain() else { return Instruction::NotSetUp };
        self.note_handed_over(call, true).await;
        let action_url = domain.https_url(&format!("/twilio/transferred/{call}/{epoch}"));
        Instruction::Dial { number, caller_id: self.caller_id().cloned(), action_url }
    }

    pub(super) fn wait(&self, call: CallId, epoch: Epoch) -> Instruction {
        self.wait_at(&resume_path(call, epoch))
    }

    fn wait_at(&self, path: &str) -> Instruction {
        let pause = match (self.is_draining(), self.is_alone()) {
            (false, _) => MOMENT,
            (true, false) => ELSEWHERE,
            (true, true) => RESTART,
        };
        self.domain().map_or(Instruction::Hangup, |domain| Instruction::Wait { url: patient(&domain.https_url(path)), pause })
    }

    /// Where Twilio asks what comes after a stream, and asks again if nobody answers.
    pub(super) fn resume_url(&self, call: CallId, epoch: Epoch) -> Option<String> {
        Some(patient(&self.domain()?.https_url(&resume_path(call, epoch))))
    }

    pub(super) fn connect(&self, call: CallId, promise: Promise) -> Instruction {
        let Promise { epoch, subject, .. } = promise;
        let (Some(domain), Some(action_url)) = (self.domain(), self.resume_url(call, epoch.next())) else { return Instruction::NotSetUp };
        let lifetime = i64::try_from(self.config().call.claim_deadline.as_secs()).unwrap_or(i64::MAX);
        let expires = clock::utc().timestamp().saturating_add(lifetime);
        let token = StreamToken { call, epoch, expires, subject }.encode(&self.parts().token_key);
        Instruction::Connect { stream_url: domain.wss_url(&format!("/media-stream/{token}")), action_url }
    }

    /// What the database did not take for want of an answer goes into the spool, and is as safe there.
    pub(super) async fn or_spool(&self, stored: Result<(), StoreError>, row: impl FnOnce() -> Row) {
        let Err(error) = stored else { return };
        let row = row();
        let kind = row.kind();
        if error.is_outage() && self.parts().log.keep(row).await {
            tracing::warn!(%error, kind, "row is in the spool");
        } else {
            tracing::error!(%error, kind, "row not on record");
        }
    }

    /// Without a model, or the money for one, the caller is told so, and may be put through to a human.
    async fn turn_away(&self, row: NewCall, refusal: &Refusal, casting: &Casting) -> Instruction {
        tracing::warn!(call.id = %row.id, refusal = %refusal.code(), "caller turned away");
        self.keep_refused(row, refusal.code()).await;
        match refusal {
            Refusal::ModelUnavailable | Refusal::OverBudget { .. } => self.apologise(Lifeboat::of(casting)),
            Refusal::CallerNotAdmitted => Instruction::Reject,
            Refusal::NotAuthorized
            | Refusal::PremiumOrForeign
            | Refusal::DoNotCall
            | Refusal::NoConsent
            | Refusal::QuietHours { .. }
            | Refusal::CoolingDown { .. }
            | Refusal::AtCapacity
            | Refusal::Overloaded(_)
            | Refusal::Draining
            | Refusal::NotConfigured { .. }
            | Refusal::Unavailable => Instruction::Busy,
        }
    }

    pub(super) fn apologise(&self, Lifeboat { say, dial }: Lifeboat) -> Instruction {
        Instruction::Apologise { say, dial, caller_id: self.caller_id().cloned() }
    }

    pub(super) async fn keep_refused(&self, row: NewCall, code: Code) {
        if let Err(error) = self.parts().store.create_refused(row, code.as_str()).await {
            tracing::warn!(%error, "refusal not on record");
        }
    }

    fn can_answer(&self) -> bool {
        self.config().openai.api_key.is_some() && self.domain().is_some()
    }
}

fn resume_path(call: CallId, epoch: Epoch) -> String {
    format!("/twilio/resume/{call}/{epoch}")
}

fn patient(url: &str) -> String {
    format!("{url}#{PATIENCE}")
}

/// Questions about one call are answered one after the other, so that a repeated one finds what the first has done.
#[derive(Debug)]
pub(super) struct Turns([Mutex<()>; 64]);

impl Default for Turns {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Turns {
    /// Calls may share a lock by chance: the one then waits for the other's answer, and no more.
    async fn take(&self, sid: &CallSid) -> Option<MutexGuard<'_, ()>> {
        let sum = sid.as_str().bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        Some(self.0.get(sum % self.0.len())?.lock().await)
    }
}
