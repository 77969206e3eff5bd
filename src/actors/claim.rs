//! A stream shows its token: whether it may join its call, and what it has to know then.

use std::time::Duration;

use super::clock;
use super::engine::Engine;
use super::port::Post as _;
use super::profile::RESUMES;
use super::registry::{Identify, Remind, ShowToken};
use super::twilio_stream::StreamClaim;
use crate::governor::Claim;
use crate::session::policy::History;
use crate::store::KnownCall;
use crate::types::{CallId, Epoch, StreamToken};

/// Records of the last stream must be readable before the next one begins, if that can be had in this time.
const READ_BACK: Duration = Duration::from_secs(1);
const USED_UP: StreamRefused = StreamRefused("token used up, or its call is over");

/// A stream may not join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stream refused: {0}")]
pub struct StreamRefused(pub &'static str);

impl Engine {
    /// Checks a stream's token and uses it up; then loads what the stream has to know. Any instance can: the newest token wins.
    pub async fn claim_stream(&self, token: &str) -> Result<StreamClaim, StreamRefused> {
        let token = StreamToken::decode(token, &self.parts().token_key, clock::utc().timestamp()).map_err(|error| {
            tracing::warn!(%error, "stream refused");
            StreamRefused("invalid token")
        })?;
        if self.is_draining() {
            return Err(StreamRefused("shutting down"));
        }
        let (call, epoch, sid) = (token.call, token.epoch, token.subject.sid.clone());
        let known = if self.is_here(call).await { None } else { self.known(call).await };
        self.claim_on_record(call, epoch).await?;
        let _ = self.parts().supervisor.ask(Identify { call, sid: sid.clone() }).await;
        match self.parts().supervisor.ask(ShowToken { call, epoch }).await {
            Ok(Claim::Taken { .. }) => {}
            Ok(Claim::Unknown) => self.adopt(&token, known).await?,
            Ok(Claim::Refused) | Err(_) => return Err(USED_UP),
        }
        if epoch > Epoch::FIRST {
            self.remind(call).await;
        }
        Ok(StreamClaim { call, epoch, sid, start_deadline: self.config().call.start_deadline })
    }

    async fn known(&self, call: CallId) -> Option<KnownCall> {
        self.store().known_call(call, RESUMES.window).await.ok().flatten()
    }

    async fn claim_on_record(&self, call: CallId, epoch: Epoch) -> Result<(), StreamRefused> {
        match self.store().claim_stream(call, epoch, self.instance(), clock::utc()).await {
            Ok(Some(former)) => {
                actix_rt::spawn(self.clone().tell_former_owner(call, epoch, former));
                Ok(())
            }
            Ok(None) => Err(USED_UP),
            // The token's signature and this instance's memory have to do.
            Err(error) => {
                tracing::error!(call.id = %call, %error, "stream claim not on record");
                Ok(())
            }
        }
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
        let _ = self.parts().supervisor.ask(Remind { call, history, spent }).await;
    }
}
