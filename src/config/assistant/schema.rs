//! The JSON schema of a tool's arguments, written as a table of TOML.

use ::config::{Value, ValueKind};
use serde_json::{Map, Number, json};

use crate::config::entry::Entry;
use crate::config::reader::quoted;

/// Of an object.
pub(super) struct Schema(Map<String, serde_json::Value>);

const FIX: &str = "write type = \"object\", properties = { NAME = { type = \"string\", description = \"…\" } }, required = [\"NAME\"]";

impl Schema {
    /// Without one, there are no arguments.
    pub(super) fn read(entry: &mut Entry<'_, '_>, key: &'static str) -> Self {
        let Some(value) = entry.take(key) else { return Self::empty() };
        let serde_json::Value::Object(object) = json_of(value) else {
            entry.note(key, "is not a table", FIX);
            return Self::empty();
        };
        let schema = Self(object);
        schema.check(entry, key);
        schema
    }

    fn empty() -> Self {
        Self(Map::from_iter([
            ("type".to_owned(), json!("object")),
            ("properties".to_owned(), json!({})),
            ("additionalProperties".to_owned(), json!(false)),
        ]))
    }

    fn check(&self, entry: &mut Entry<'_, '_>, key: &str) {
        if self.0.get("type") != Some(&json!("object")) {
            entry.note(&format!("{key}.type"), "is not \"object\", as arguments are", FIX);
        }
        if self.0.get("properties").is_some_and(|properties| !properties.is_object()) {
            entry.note(&format!("{key}.properties"), "is not a table", FIX);
        }
        for name in self.required() {
            if self.properties().all(|known| known != name) {
                entry.note(&format!("{key}.required"), &format!("{} is no property", quoted(name)), "name properties alone");
            }
        }
    }

    pub(super) fn properties(&self) -> impl Iterator<Item = &str> {
        self.0.get("properties").and_then(serde_json::Value::as_object).into_iter().flat_map(Map::keys).map(String::as_str)
    }

    fn required(&self) -> impl Iterator<Item = &str> {
        self.0.get("required").and_then(serde_json::Value::as_array).into_iter().flatten().filter_map(serde_json::Value::as_str)
    }

    pub(super) fn text(self) -> String {
        serde_json::Value::Object(self.0).to_string()
    }
}

fn json_of(value: Value) -> serde_json::Value {
    match value.kind {
        ValueKind::Nil => serde_json::Value::Null,
        ValueKind::Boolean(truth) => truth.into(),
        ValueKind::I64(number) => number.into(),
        ValueKind::I128(number) => i64::try_from(number).map_or(serde_json::Value::Null, Into::into),
        ValueKind::U64(number) => number.into(),
        ValueKind::U128(number) => u64::try_from(number).map_or(serde_json::Value::Null, Into::into),
        ValueKind::Float(number) => Number::from_f64(number).map_or(serde_json::Value::Null, Into::into),
        ValueKind::String(text) => text.into(),
        ValueKind::Table(entries) => entries.into_iter().map(|(name, value)| (name, json_of(value))).collect::<Map<_, _>>().into(),
        ValueKind::Array(values) => values.into_iter().map(json_of).collect(),
    }
}
