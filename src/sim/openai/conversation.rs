//! The conversation as the server keeps it: a chain of items.

use serde_json::{Value, json};

/// Caller speech costs 1 token per 100 ms, assistant speech 1 per 50 ms, text about 1 per 4 characters.
const CALLER_TOKEN_MS: u64 = 100;
const ASSISTANT_TOKEN_MS: u64 = 50;
const TOKEN_CHARACTERS: usize = 4;

pub(super) struct Item {
    pub(super) id: String,
    /// The item as it goes over the wire.
    pub(super) body: Value,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// A turn of the caller, so many milliseconds long.
    Heard {
        words: Option<String>,
        ms: u64,
    },
    /// A message of the model, with the bytes of audio that were sent, or were left by a truncation.
    Spoken {
        bytes: usize,
    },
    /// A message that the client created.
    Written {
        role: String,
        text: String,
    },
    Call {
        call_id: String,
        name: String,
    },
    CallOutput {
        call_id: String,
    },
    /// What a remote server offers, or did: nobody says it.
    Listed,
}

impl Item {
    pub(super) fn heard(id: &str, words: Option<String>, ms: u64) -> Self {
        let content = json!([{"type": "input_audio", "transcript": null}]);
        let body = message(id, "user", "completed", &content);
        Self { id: id.to_owned(), body, kind: Kind::Heard { words, ms } }
    }

    pub(super) fn spoken(id: &str) -> Self {
        Self { id: id.to_owned(), body: message(id, "assistant", "in_progress", &json!([])), kind: Kind::Spoken { bytes: 0 } }
    }

    /// An item of a remote server, as it goes over the wire.
    pub(super) fn listed(id: &str, body: Value) -> Self {
        Self { id: id.to_owned(), body, kind: Kind::Listed }
    }

    pub(super) fn call(id: &str, call_id: &str, name: &str) -> Self {
        let body = json!({
            "id": id, "object": "realtime.item", "type": "function_call", "status": "in_progress",
            "name": name, "call_id": call_id, "arguments": "",
        });
        Self { id: id.to_owned(), body, kind: Kind::Call { call_id: call_id.to_owned(), name: name.to_owned() } }
    }

    /// What the client sent, completed with what the server adds.
    pub(super) fn created(id: &str, mut body: Value) -> Self {
        let kind = kind_of(&body);
        if let Some(map) = body.as_object_mut() {
            map.insert("id".to_owned(), id.into());
            map.insert("object".to_owned(), "realtime.item".into());
            map.insert("status".to_owned(), "completed".into());
        }
        Self { id: id.to_owned(), body, kind }
    }

    fn tokens(&self) -> Tokens {
        let (text, audio) = match &self.kind {
            Kind::Heard { ms, .. } => (0, ms / CALLER_TOKEN_MS),
            Kind::Spoken { bytes } => (0, crate::audio::duration_ms(*bytes) / ASSISTANT_TOKEN_MS),
            Kind::Written { text, .. } => (text_tokens(text), 0),
            Kind::Call { .. } | Kind::CallOutput { .. } | Kind::Listed => (8, 0),
        };
        Tokens { text, audio }
    }
}

fn message(id: &str, role: &str, status: &str, content: &Value) -> Value {
    json!({"id": id, "object": "realtime.item", "type": "message", "status": status, "role": role, "content": content})
}

fn kind_of(body: &Value) -> Kind {
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    match text("type").as_str() {
        "message" => Kind::Written { role: text("role"), text: written(body) },
        "function_call" => Kind::Call { call_id: text("call_id"), name: text("name") },
        _ => Kind::CallOutput { call_id: text("call_id") },
    }
}

fn written(body: &Value) -> String {
    let parts = body.get("content").and_then(Value::as_array).into_iter().flatten();
    let texts: Vec<_> = parts.filter_map(|part| part.get("text").and_then(Value::as_str)).collect();
    texts.join(" ")
}

/// Tokens by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    pub(super) text: u64,
    pub(super) audio: u64,
}

pub(super) fn text_tokens(text: &str) -> u64 {
    text.len().div_ceil(TOKEN_CHARACTERS) as u64
}

pub(super) fn speech_tokens(ms: u64) -> u64 {
    ms / ASSISTANT_TOKEN_MS
}

#[derive(Default)]
pub(super) struct Conversation {
    items: Vec<Item>,
    deleted: Vec<String>,
}

impl Conversation {
    pub(super) fn push(&mut self, item: Item) {
        self.items.push(item);
    }

    /// Puts `item` after the one named, `root` meaning the start, or at the end. False if there is no such item.
    pub(super) fn insert(&mut self, previous: Option<&str>, item: Item) -> bool {
        let at = match previous {
            None => Some(self.items.len()),
            Some("root") => Some(0),
            Some(id) => self.position(id).map(|at| at + 1),
        };
        if let Some(at) = at {
            self.items.insert(at, item);
        }
        at.is_some()
    }

    pub(super) fn last_id(&self) -> Option<&str> {
        self.items.last().map(|item| item.id.as_str())
    }

    pub(super) fn previous_of(&self, id: &str) -> Option<&str> {
        let before = self.position(id)?.checked_sub(1)?;
        self.items.get(before).map(|item| item.id.as_str())
    }

    pub(super) fn get(&self, id: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut Item> {
        self.items.iter_mut().find(|item| item.id == id)
    }

    /// How many turns of the caller nobody could make out.
    pub(super) fn not_understood(&self) -> usize {
        self.items.iter().filter(|item| matches!(item.kind, Kind::Heard { words: None, .. })).count()
    }

    /// The last item that is no system message.
    pub(super) fn last_said(&self) -> Option<&Item> {
        let unsaid = |kind: &Kind| matches!(kind, Kind::Listed) || matches!(kind, Kind::Written { role, .. } if role == "system");
        self.items.iter().rev().find(|item| !unsaid(&item.kind))
    }

    /// The name of the tool that this call asked for.
    pub(super) fn tool_of(&self, wanted: &str) -> Option<&str> {
        self.items.iter().find_map(|item| match &item.kind {
            Kind::Call { call_id, name } if call_id == wanted => Some(name.as_str()),
            Kind::Call { .. }
            | Kind::Heard { .. }
            | Kind::Spoken { .. }
            | Kind::Written { .. }
            | Kind::CallOutput { .. }
            | Kind::Listed => None,
        })
    }

    pub(super) fn has_call(&self, call_id: &str) -> bool {
        self.items.iter().any(|item| matches!(&item.kind, Kind::Call { call_id: known, .. } if known == call_id))
    }

    /// False if there is no such item.
    pub(super) fn remove(&mut self, id: &str) -> bool {
        let at = self.position(id);
        if let Some(at) = at {
            self.items.remove(at);
            self.deleted.push(id.to_owned());
        }
        at.is_some()
    }

    pub(super) fn was_deleted(&self, id: &str) -> bool {
        self.deleted.iter().any(|deleted| deleted == id)
    }

    pub(super) fn tokens(&self) -> Tokens {
        self.items
            .iter()
            .map(Item::tokens)
            .fold(Tokens::default(), |sum, item| Tokens { text: sum.text + item.text, audio: sum.audio + item.audio })
    }

    fn position(&self, id: &str) -> Option<usize> {
        self.items.iter().position(|item| item.id == id)
    }
}
