//! What the model may ask for.

use std::time::Instant;

use super::CallSession;
use super::event::{ModelCommand, Note, ToolCall};
use super::policy::Tool;
use crate::types::HangupCause;

impl CallSession {
    /// Every call is answered, so that the model never waits for an output that does not come.
    pub(super) fn tool_called(&mut self, now: Instant, call: &ToolCall) {
        if !self.lane.is_active(&call.response) {
            return self.answer(now, call, "{\"error\":\"interrupted by the caller\"}");
        }
        match self.policy.profile.tools.iter().find(|tool| tool.name() == call.name) {
            Some(Tool::EndCall) => {
                self.answer(now, call, "{\"ok\":true}");
                self.close(HangupCause::AssistantEnded);
            }
            None => {
                self.answer(now, call, "{\"error\":\"no such tool\"}");
                self.event(now, Note::UnknownTool);
                self.request(None);
            }
        }
    }

    fn answer(&mut self, now: Instant, call: &ToolCall, output: &str) {
        self.transcript.tool_used(call, output, self.at(now));
        self.model(ModelCommand::ToolResult { call_id: call.call_id.clone(), output: output.to_owned() });
    }
}
