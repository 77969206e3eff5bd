//! Tools of the assistant, used where they are asked for.

mod definition;

use actix::{Message, Recipient};

pub use definition::definition;

use super::port;
use crate::session::event::{ToolCall, ToolEffect, ToolOutcome};
use crate::types::Redacted;

/// A tool was used, for the call that asked.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct ToolUsed(pub ToolOutcome);

/// What one call may use.
#[derive(Clone, Debug, Default)]
pub struct Toolbox;

impl Toolbox {
    /// Answers once, soon or late.
    pub fn use_tool(&self, call: ToolCall, answer: &Recipient<ToolUsed>) {
        let effect = (call.name == "end_call").then_some(ToolEffect::EndCall);
        port::tell(answer, ToolUsed(ToolOutcome { call_id: call.call_id, output: Redacted(r#"{"ok":true}"#.to_owned()), effect }));
    }
}
