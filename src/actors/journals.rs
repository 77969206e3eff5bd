//! What the peers of a call said to each other: on record of the streams that are over, and from the call itself while it runs here.

use actix::{Addr, Context, Handler, Message, MessageResult};

use super::call::{AskJournal, CallActor};
use super::engine::{Engine, EngineError};
use super::port::Post as _;
use super::supervisor::CallSupervisor;
use crate::types::CallId;

pub use crate::store::{StoredEntry, StreamJournal};

/// The actor of a call that runs here.
#[derive(Message)]
#[rtype(result = "Option<Addr<CallActor>>")]
struct FindActor(CallId);

impl Handler<FindActor> for CallSupervisor {
    type Result = MessageResult<FindActor>;

    fn handle(&mut self, FindActor(call): FindActor, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.live.get(&call).map(|(_, actor)| actor.clone()))
    }
}

impl Engine {
    /// Stream by stream.
    pub async fn journals(&self, call: CallId) -> Result<Vec<StreamJournal>, EngineError> {
        let mut journals = self.store().journals(call).await?;
        let actor = self.parts().supervisor.ask(FindActor(call)).await?;
        if let Some(actor) = actor
            // One that ends meanwhile is on record in a moment.
            && let Ok(live) = actor.ask(AskJournal).await
        {
            journals.retain(|journal| journal.epoch != live.epoch);
            journals.push(live);
        }
        Ok(journals)
    }
}
