//! Items that the client creates, asks for, cuts and deletes.

use serde_json::{Value, json};

use super::control::SessionReport;
use super::conversation::{Item, Kind};
use super::session::{Blame, Outcome, Session, client_fault};
use super::shape::Fault;
use crate::audio::{bytes_of, duration_ms};

/// Client ids are at most this long.
const MAX_ID: usize = 32;

impl Session {
    pub(super) fn create_item(&mut self, mut event: Value) -> Outcome {
        let body = event.get_mut("item").map(Value::take).unwrap_or_default();
        let previous = event.get("previous_item_id").and_then(Value::as_str);
        let id = body.get("id").and_then(Value::as_str).map_or_else(|| self.name("item"), str::to_owned);
        self.check_new_item(&id, &body)?;
        let item = Item::created(&id, body);
        let (wire, created) = (item.body.clone(), Created::of(&item));
        if !self.conversation.insert(previous, item) {
            return client_fault(no_item(previous.unwrap_or_default()));
        }
        self.note(|report| created.note(report));
        let previous = self.conversation.previous_of(&id).map(str::to_owned);
        self.announce(&wire, previous.as_deref());
        Ok(())
    }

    pub(super) fn retrieve_item(&mut self, id: &str) -> Outcome {
        let Some(item) = self.conversation.get(id) else {
            return Err(self.unknown_item("item_retrieve_invalid_item_id", "retrieving", id));
        };
        let body = item.body.clone();
        self.emit("conversation.item.retrieved", json!({"item": body}));
        Ok(())
    }

    pub(super) fn delete_item(&mut self, id: &str) -> Outcome {
        if !self.conversation.remove(id) {
            return Err(self.unknown_item("item_delete_invalid_item_id", "deleting", id));
        }
        self.emit("conversation.item.deleted", json!({"item_id": id}));
        Ok(())
    }

    /// Cuts a message of the model at `end_ms`; its transcript goes, since nobody knows which words are left.
    pub(super) fn truncate_item(&mut self, id: &str, end_ms: u64) -> Outcome {
        let Some(item) = self.conversation.get_mut(id) else {
            return Err(self.unknown_item("item_truncate_invalid_item_id", "truncating", id));
        };
        let Kind::Spoken { bytes } = &mut item.kind else {
            let message = "Only model output audio messages can be truncated.".to_owned();
            return client_fault(Fault::new("invalid_value", "item_id", message));
        };
        if duration_ms(*bytes) < end_ms {
            let message = format!("Audio content of {}ms is already shorter than {end_ms}ms", duration_ms(*bytes));
            return client_fault(Fault { code: None, message, param: None });
        }
        *bytes = bytes_of(end_ms);
        if let Some(content) = item.body.get_mut("content") {
            *content = json!([{"type": "output_audio", "transcript": null}]);
        }
        self.note(|report| report.truncates.push((id.to_owned(), end_ms)));
        self.emit("conversation.item.truncated", json!({"item_id": id, "content_index": 0, "audio_end_ms": end_ms}));
        Ok(())
    }

    fn check_new_item(&self, id: &str, body: &Value) -> Outcome {
        if id.len() > MAX_ID {
            return client_fault(Fault::new("string_above_max_length", "item.id", format!("Invalid 'item.id': longer than {MAX_ID}.")));
        }
        if self.conversation.get(id).is_some() {
            return client_fault(Fault::new("item_create_duplicate_item_id", "item.id", format!("Item with ID '{id}' exists already.")));
        }
        let is_output = body.get("type").and_then(Value::as_str) == Some("function_call_output");
        let call_id = body.get("call_id").and_then(Value::as_str).unwrap_or_default();
        if is_output && !self.conversation.has_call(call_id) {
            return client_fault(Fault::new("invalid_value", "item.call_id", format!("No tool call found with call ID '{call_id}'.")));
        }
        Ok(())
    }

    fn unknown_item(&self, code: &'static str, doing: &str, id: &str) -> (Blame, Fault) {
        let message = format!("Error {doing} item: the item with id '{id}' does not exist.");
        let blame = if self.conversation.was_deleted(id) { Blame::Race } else { Blame::Client };
        (blame, Fault::new(code, "item_id", message))
    }
}

/// What the report keeps of an item that the client created.
enum Created {
    Seed(String, String),
    ToolOutput(String, String),
    Other,
}

impl Created {
    fn of(item: &Item) -> Self {
        let text = |key: &str| item.body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        match &item.kind {
            Kind::Written { role, text } => Self::Seed(role.clone(), text.clone()),
            Kind::CallOutput { .. } => Self::ToolOutput(text("call_id"), text("output")),
            Kind::Heard { .. } | Kind::Spoken { .. } | Kind::Call { .. } | Kind::Listed => Self::Other,
        }
    }

    fn note(self, report: &mut SessionReport) {
        match self {
            Self::Seed(role, text) => report.seeds.push((role, text)),
            Self::ToolOutput(call_id, output) => report.tool_outputs.push((call_id, output)),
            Self::Other => {}
        }
    }
}

fn no_item(id: &str) -> Fault {
    Fault::new("invalid_value", "previous_item_id", format!("Previous item with ID '{id}' not found in the conversation."))
}
