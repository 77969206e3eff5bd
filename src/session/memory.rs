//! What a model that was not there is told of the call.

use super::CallSession;
use super::event::{ItemId, ModelCommand, Output, Seed, SeedContent, ToolCall};
use crate::types::Redacted;

/// Long histories of text push a speech model to answer in the style of text.
const SEEDS: usize = 12;

impl CallSession {
    /// Tells the model what was said before, oldest first.
    pub(super) fn remind(&mut self) {
        let history = self.history.messages.iter().enumerate().map(|(number, message)| message.seed(number));
        let mut seeds: Vec<Seed> = history.chain(self.transcript.seeds(self.history.messages.len())).collect();
        seeds.drain(..seeds.len().saturating_sub(SEEDS));
        let told: Vec<Seed> = seeds.iter().filter(|seed| is_whole(seed, &seeds)).cloned().collect();
        told.into_iter().for_each(|seed| self.model(ModelCommand::Seed(seed)));
    }

    /// A tool was used that this model session did not ask for.
    pub(super) fn tell_of_tool(&mut self, call: &ToolCall, output: &str) {
        let ToolCall { call_id, name, arguments, .. } = call.clone();
        let output = Redacted(output.to_owned());
        let called = SeedContent::ToolCalled { call_id: call_id.clone(), name, arguments };
        for content in [called, SeedContent::ToolAnswered { call_id, output }] {
            let item = self.own_item("tool");
            self.model(ModelCommand::Seed(Seed { item, content }));
        }
    }

    /// Audio that was kept while no model listened.
    pub(super) fn send_kept_audio(&mut self) {
        for audio in self.intake.flush() {
            self.outputs.push_back(Output::Model(ModelCommand::Append(audio)));
        }
    }
}

/// A call of a tool is told with its answer, or not at all.
fn is_whole(seed: &Seed, all: &[Seed]) -> bool {
    let id = match &seed.content {
        SeedContent::Said { .. } => return true,
        SeedContent::ToolCalled { call_id, .. } | SeedContent::ToolAnswered { call_id, .. } => call_id,
    };
    let has = |test: fn(&SeedContent) -> Option<&ItemId>| all.iter().any(|other| test(&other.content) == Some(id));
    has(|content| if let SeedContent::ToolCalled { call_id, .. } = content { Some(call_id) } else { None })
        && has(|content| if let SeedContent::ToolAnswered { call_id, .. } = content { Some(call_id) } else { None })
}
