//! Tools: called by the model or by a key, used outside, answered for in time.

use std::time::Instant;

use bytestring::ByteString;

use super::CallSession;
use super::event::{ModelCommand, Note, Output, ToolCall, ToolEffect, ToolOutcome};
use crate::types::{HangupCause, PhoneNumber, Redacted};

const INTERRUPTED: &str = r#"{"error":"interrupted by the caller"}"#;
const NO_SUCH_TOOL: &str = r#"{"error":"no such tool"}"#;
const TOO_MANY: &str = r#"{"error":"no more tools in this call"}"#;
const CALL_ENDED: &str = r#"{"error":"the call ended"}"#;
const TIMED_OUT: &str = r#"{"error":"the tool did not answer in time"}"#;

/// Calls that wait for their outcome, and what is owed for those that have it.
#[derive(Debug, Default)]
pub(super) struct Tools {
    pending: Vec<Pending>,
    /// Every call of this model session: what is told twice was asked once.
    known: Vec<ByteString>,
    used: u32,
    /// The model has its answers, and is still to be asked to go on.
    owes_request: bool,
    /// Where the phone goes when the last word was heard.
    pub(super) transfer: Option<PhoneNumber>,
}

#[derive(Debug)]
struct Pending {
    call: ToolCall,
    due: Instant,
    /// The model session that asked is gone, or it was never asked by one.
    unasked: bool,
}

impl Tools {
    pub(super) fn is_idle(&self) -> bool {
        self.pending.is_empty() && !self.owes_request
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.pending.iter().map(|pending| pending.due).min()
    }

    /// The model session that asked is gone: another one has to be told of the call as well.
    pub(super) fn forget_model(&mut self) {
        self.pending.iter_mut().for_each(|pending| pending.unasked = true);
        self.owes_request = false;
        self.known.clear();
    }

    fn take(&mut self, call_id: &ByteString) -> Option<Pending> {
        let place = self.pending.iter().position(|pending| pending.call.call_id == *call_id)?;
        Some(self.pending.remove(place))
    }

    fn take_overdue(&mut self, now: Instant) -> Option<Pending> {
        let place = self.pending.iter().position(|pending| pending.due <= now)?;
        Some(self.pending.remove(place))
    }
}

impl CallSession {
    /// Every call is answered, so that the model never waits for an output that does not come.
    pub(super) fn tool_called(&mut self, now: Instant, call: ToolCall) {
        if self.tools.known.contains(&call.call_id) {
            return;
        }
        self.tools.known.push(call.call_id.clone());
        self.transcript.tool_called(&call, self.at(now));
        if !self.lane.is_active(&call.response) {
            return self.answer_tool(now, &call, INTERRUPTED);
        }
        self.tools.owes_request = true;
        if self.policy.profile.tools.iter().all(|tool| tool.name != call.name) {
            self.answer_tool(now, &call, NO_SUCH_TOOL);
            return self.event(now, Note::UnknownTool);
        }
        if self.tools.used >= self.policy.max_tool_calls {
            return self.answer_tool(now, &call, TOO_MANY);
        }
        self.use_tool(now, call, false);
    }

    /// Has a tool used that no model asked for.
    pub(super) fn use_tool_by_key(&mut self, now: Instant, name: &str, key: char) {
        let id = ByteString::from(format!("key_{key}_{}", self.tools.used));
        let arguments = Redacted("{}".to_owned());
        let call = ToolCall { response: ByteString::new(), item: id.clone(), call_id: id, name: name.to_owned(), arguments };
        self.transcript.tool_called(&call, self.at(now));
        self.use_tool(now, call, true);
    }

    fn use_tool(&mut self, now: Instant, call: ToolCall, unasked: bool) {
        self.tools.used += 1;
        self.waiting.begin(now);
        self.outputs.push_back(Output::Tool(call.clone()));
        self.tools.pending.push(Pending { call, due: now + self.policy.tool_timeout, unasked });
    }

    pub(super) fn tool_used(&mut self, now: Instant, outcome: ToolOutcome) {
        // What comes after its time was answered for.
        let Some(pending) = self.tools.take(&outcome.call_id) else { return };
        self.tool_answered(now, &pending, &outcome.output);
        match outcome.effect {
            None => {}
            Some(ToolEffect::EndCall) => self.part(HangupCause::AssistantEnded),
            Some(ToolEffect::Transfer(to)) => {
                self.tools.transfer = Some(to);
                self.part(HangupCause::Transferred);
            }
            Some(ToolEffect::SendDigits(digits)) => self.play_digits(&digits),
            Some(ToolEffect::Hold) => self.begin_hold(now),
        }
    }

    pub(super) fn tools_overdue(&mut self, now: Instant) {
        while let Some(pending) = self.tools.take_overdue(now) {
            self.event(now, Note::ToolTimedOut);
            self.tool_answered(now, &pending, TIMED_OUT);
        }
    }

    /// Nobody is left to be answered; the record tells so.
    pub(super) fn give_up_tools(&mut self, now: Instant) {
        let at = self.at(now);
        for pending in self.tools.pending.drain(..) {
            self.transcript.tool_answered(&pending.call, CALL_ENDED, at);
        }
    }

    /// The outputs of a response are all there, and nobody speaks: now the model may make something of them.
    pub(super) fn follow_up_on_tools(&mut self, now: Instant) {
        if self.tools.owes_request && self.tools.pending.is_empty() && self.link.is_ready() && self.lane.is_free() {
            self.tools.owes_request = false;
            if !self.turn.caller_speaks() && !self.turn.awaiting_answer() && self.closing.is_none() && self.hold.is_none() {
                self.request(now, None);
            }
        }
    }

    /// The model has said what it wanted to say: there is nothing to follow up on.
    fn part(&mut self, cause: HangupCause) {
        self.tools.owes_request = false;
        self.close(cause);
    }

    fn tool_answered(&mut self, now: Instant, pending: &Pending, output: &str) {
        if pending.unasked {
            self.transcript.tool_answered(&pending.call, output, self.at(now));
            // A model that is still to come is told of it with all the rest.
            if self.link.is_ready() {
                self.tell_of_tool(&pending.call, output);
            }
            self.tools.owes_request = true;
        } else {
            self.answer_tool(now, &pending.call, output);
        }
    }

    fn answer_tool(&mut self, now: Instant, call: &ToolCall, output: &str) {
        self.transcript.tool_answered(call, output, self.at(now));
        self.model(ModelCommand::ToolResult { call_id: call.call_id.clone(), output: output.to_owned() });
    }
}
