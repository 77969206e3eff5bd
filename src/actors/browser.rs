//! A call from the web page: the browser speaks the protocol of a phone stream to us, and no telephone company is asked.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::casting::Casting;
use super::clock;
use super::engine::{Ends, Engine, EngineError, OtherEnd};
use super::port::Post as _;
use super::registry::Expect;
use crate::config::Assistant;
use crate::governor::Refusal;
use crate::types::{CallId, CallSid, Epoch, StreamToken, Subject};

/// Who calls, in the form of Twilio's own browser phones.
const CALLER: &str = "client:browser";

/// Whom the browser wants to talk to. Without an assistant, the default one speaks.
pub struct BrowserWish {
    pub assistant: Option<Arc<Assistant>>,
    /// Who it is.
    pub name: Option<String>,
}

/// Lets one stream of a browser in, once.
pub struct Ticket {
    pub call: CallId,
    pub sid: CallSid,
    pub token: String,
    pub expires_at: DateTime<Utc>,
}

impl Engine {
    /// A call that waits for its stream. It takes part in all limits.
    pub async fn browser_call(&self, wish: BrowserWish) -> Result<Ticket, EngineError> {
        if self.config().openai.api_key.is_none() {
            return Err(EngineError::Refused(Refusal::NotConfigured { missing: vec!["OPENAI_API_KEY"] }));
        }
        let BrowserWish { assistant, name } = wish;
        let casting = Casting { name, ..Casting::inbound(assistant.as_ref().unwrap_or_else(|| self.config().assistants.default_one())) };
        let ends = Ends { from: CALLER, to: &casting.assistant.name };
        let mut row = self.new_call(ends, None, &casting);
        let sid = CallSid::of_browser(row.id);
        row.call_sid = Some(sid.clone());
        let admission = match self.admit(row.id, OtherEnd::Browser, &casting).await {
            Err(EngineError::Refused(refusal)) => {
                self.keep_refused(row, refusal.code()).await;
                return Err(EngineError::Refused(refusal));
            }
            admission => admission?,
        };
        let call = row.id;
        self.parts().store.create_call(row).await?;
        let held = self.held(call, admission, &casting, None).without_phone();
        self.parts().supervisor.ask(Expect { call, sid: Some(sid.clone()), held }).await?;
        Ok(self.ticket(call, sid, &casting))
    }

    fn ticket(&self, call: CallId, sid: CallSid, casting: &Casting) -> Ticket {
        let lifetime = TimeDelta::from_std(self.config().call.claim_deadline).unwrap_or(TimeDelta::MAX);
        let expires_at = clock::utc() + lifetime;
        let subject = Subject { sid: sid.clone(), direction: casting.direction, assistant: casting.assistant.name.clone() };
        let token = StreamToken { call, epoch: Epoch::FIRST, expires: expires_at.timestamp(), subject };
        Ticket { call, sid, token: token.encode(&self.parts().token_key), expires_at }
    }

    /// Whether a stream's token is a browser's ticket, which takes the place of Twilio's signature.
    #[must_use]
    pub fn is_ticket(&self, token: &str) -> bool {
        let now = clock::utc().timestamp();
        StreamToken::decode(token, &self.parts().token_key, now).is_ok_and(|token| token.subject.sid.is_browser())
    }
}
