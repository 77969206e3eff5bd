//! What the model may ask for.

use super::CallSession;
use super::event::{ModelCommand, Note, ToolCall};
use super::policy::Tool;
use crate::types::HangupCause;

impl CallSession {
    /// Every call is answered, so that the model never waits for an output that does not come.
    pub(super) fn tool_called(&mut self, call: ToolCall) {
        if !self.lane.is_active(&call.response) {
            return self.answer(call, "{\"error\":\"interrupted by the caller\"}");
        }
        match self.policy.profile.tools.iter().find(|tool| tool.name() == call.name) {
            Some(Tool::EndCall) => {
                self.answer(call, "{\"ok\":true}");
                self.close(HangupCause::AssistantEnded);
            }
            None => {
                self.note(Note::UnknownTool);
                self.answer(call, "{\"error\":\"no such tool\"}");
                self.request(None);
            }
        }
    }

    fn answer(&mut self, call: ToolCall, output: &str) {
        self.model(ModelCommand::ToolResult { call_id: call.call_id, output: output.to_owned() });
    }
}
