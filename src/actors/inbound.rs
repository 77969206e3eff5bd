//! Twilio's questions: a call came in, was answered, lost its stream, changed its status.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};

use super::casting::Casting;
use super::clock;
use super::engine::{Ends, Engine, EngineError, OtherEnd};
use super::plan::Lifeboat;
use super::registry::{Claim, Expect, Find, Identify, Remind};
use super::supervisor::{Answer, AskNext};
use super::twilio_stream::StreamClaim;
use crate::governor::Refusal;
use crate::session::policy::History;
use crate::store::{Created, NewCall, Row, StoreError};
use crate::twilio::webhook::VoiceRequest;
use crate::types::{CallId, CallSid, Code, Epoch, PhoneNumber, StreamToken};

/// Records of the last stream must be readable before the next one begins, if that can be had in this time.
const READ_BACK: Duration = Duration::from_secs(1);

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

/// A stream may not join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stream refused: {0}")]
pub struct StreamRefused(pub &'static str);

impl Engine {
    /// A caller is on the line. A repeated question gets the same answer.
    pub async fn incoming_call(&self, request: VoiceRequest) -> Result<Instruction, EngineError> {
        let _turn = self.parts().turns.take(&request.call).await;
        if let Some(call) = self.parts().supervisor.send(Find(request.call.clone())).await? {
            return self.next_step(call, Epoch::FIRST).await;
        }
        if !self.can_answer() {
            tracing::error!(call.sid = %request.call, "call came in, but OPENAI_API_KEY or DOMAIN is not set");
            return Ok(Instruction::NotSetUp);
        }
        let casting = Casting::inbound(self.config().assistants.answering(request.to.as_str()));
        let ends = Ends { from: request.from.as_str(), to: request.to.as_str() };
        let caller: Option<PhoneNumber> = request.from.as_str().parse().ok();
        let row = self.new_call(ends, Some(request.call.clone()), &casting);
        let row = NewCall { stir_verstat: request.stir_verstat, ..row };
        let admission = match self.admit(row.id, OtherEnd::Caller(caller.clone()), &casting).await {
            Ok(admission) => admission,
            Err(EngineError::Refused(refusal)) => return Ok(self.turn_away(row, &refusal, &casting).await),
            Err(error) => return Err(error),
        };
        let call = match self.parts().store.create_call(row.clone()).await {
            Ok(Created::New) => row.id,
            // Known, but not here: it was answered before this process began.
            Ok(Created::Existing(_)) => return Ok(Instruction::Hangup),
            Err(error) if error.is_outage() => {
                let call = row.id;
                self.or_spool(Err(error), || Row::Created(Box::new(row))).await;
                call
            }
            Err(error) => return Err(error.into()),
        };
        let held = self.held(call, admission, &casting, caller);
        let epoch = self.parts().supervisor.send(Expect { call, sid: Some(request.call), held }).await?;
        Ok(self.connect(call, epoch))
    }

    /// A phone that we called was answered.
    pub async fn answered_call(&self, call: CallId, request: VoiceRequest) -> Result<Instruction, EngineError> {
        let ours = self.parts().supervisor.send(Identify { call, sid: request.call.clone() }).await?;
        if !ours {
            return Ok(Instruction::Hangup);
        }
        // The phone waits for the answer, and not for this.
        let (engine, sid, word) = (self.clone(), request.call, request.answered_by);
        actix_rt::spawn(async move {
            engine.name_call(call, sid).await;
            engine.note_answered_by(call, word.as_deref()).await;
        });
        self.next_step(call, Epoch::FIRST).await
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
    pub async fn resume_call(&self, call: CallId, epoch: Epoch) -> Result<Instruction, EngineError> {
        if self.is_draining() {
            self.parts().asked.fetch_add(1, Ordering::Relaxed);
            return Ok(self.wait(call, epoch));
        }
        self.next_step(call, epoch).await
    }

    async fn next_step(&self, call: CallId, epoch: Epoch) -> Result<Instruction, EngineError> {
        let answer = self.parts().supervisor.send(AskNext { call, epoch }).await?;
        Ok(self.instruct(call, answer).await)
    }

    pub(super) async fn instruct(&self, call: CallId, answer: Answer) -> Instruction {
        match answer {
            Answer::Connect { epoch } => self.connect(call, epoch),
            Answer::Dial { epoch, to } => self.hand_over(call, epoch, to).await,
            Answer::Lifeboat(lifeboat) => self.apologise(lifeboat),
            // Should Twilio act on it all the same, its next question is the one that moves the call on.
            Answer::Lives { epoch } => self.wait(call, epoch.next()),
            Answer::Hangup => Instruction::Hangup,
        }
    }

    async fn hand_over(&self, call: CallId, epoch: Epoch, number: PhoneNumber) -> Instruction {
        let Some(domain) = self.domain() else { return Instruction::NotSetUp };
        self.note_handed_over(call, true).await;
        let action_url = domain.https_url(&format!("/twilio/transferred/{call}/{epoch}"));
        Instruction::Dial { number, caller_id: self.caller_id().cloned(), action_url }
    }

    pub(super) fn wait(&self, call: CallId, epoch: Epoch) -> Instruction {
        let url = self.domain().map(|domain| domain.https_url(&format!("/twilio/resume/{call}/{epoch}")));
        url.map_or(Instruction::Hangup, |url| Instruction::Wait { url })
    }

    fn connect(&self, call: CallId, epoch: Epoch) -> Instruction {
        let Some(domain) = self.domain() else { return Instruction::NotSetUp };
        let lifetime = i64::try_from(self.config().call.claim_deadline.as_secs()).unwrap_or(i64::MAX);
        let expires = clock::utc().timestamp().saturating_add(lifetime);
        let token = StreamToken { call, epoch, expires }.encode(&self.parts().token_key);
        Instruction::Connect {
            stream_url: domain.wss_url(&format!("/media-stream/{token}")),
            action_url: domain.https_url(&format!("/twilio/resume/{call}/{}", epoch.next())),
        }
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
            | Refusal::Draining
            | Refusal::NotConfigured { .. }
            | Refusal::Unavailable => Instruction::Busy,
        }
    }

    fn apologise(&self, Lifeboat { say, dial }: Lifeboat) -> Instruction {
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

    /// Checks a stream's token and uses it up; then loads what the stream has to know.
    pub async fn claim_stream(&self, token: &str) -> Result<StreamClaim, StreamRefused> {
        let now = clock::utc();
        let token = StreamToken::decode(token, &self.parts().token_key, now.timestamp()).map_err(|error| {
            tracing::warn!(%error, "stream refused");
            StreamRefused("invalid token")
        })?;
        let (call, epoch) = (token.call, token.epoch);
        let claimed = self.parts().supervisor.send(Claim { call, epoch }).await.ok().flatten();
        let sid = claimed.and_then(|claimed| claimed.sid).ok_or(StreamRefused("token used up, or its call is over"))?;
        match self.parts().store.claim_stream(call, epoch, now).await {
            Ok(true) => {}
            Ok(false) => return Err(StreamRefused("token used up")),
            // The token's signature and this instance's memory have to do.
            Err(error) => tracing::error!(call.id = %call, %error, "stream claim not on record"),
        }
        if epoch > Epoch::FIRST {
            self.remind(call).await;
        }
        Ok(StreamClaim { call, epoch, sid, start_deadline: self.config().call.start_deadline })
    }

    async fn remind(&self, call: CallId) {
        self.flush(READ_BACK).await;
        let messages = match self.parts().store.turns(call).await {
            Ok(turns) => turns.iter().filter_map(|stored| stored.turn.message()).collect(),
            Err(error) => {
                tracing::error!(call.id = %call, %error, "call goes on without its history");
                Vec::new()
            }
        };
        let history = History { messages, resumed: true, owes_answer: true, ..History::default() };
        let spent = match self.parts().store.spent(call).await {
            Ok(spent) => Some(spent),
            Err(error) => {
                tracing::warn!(call.id = %call, %error, "what the call has cost so far is not known");
                None
            }
        };
        let _ = self.parts().supervisor.send(Remind { call, history, spent }).await;
    }
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
