//! One table of a list, or of a table with names of its own: read key by key, and what nobody read is a mistake.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use ::config::{Map, Value, ValueKind};

use super::reader::{Reader, quoted};

pub(super) struct Entry<'r, 'a> {
    pub(super) reader: &'r mut Reader<'a>,
    /// Dotted, such as `assistant.tools[1]`.
    place: String,
    values: Map<String, Value>,
    known: Vec<&'static str>,
}

impl<'r, 'a> Entry<'r, 'a> {
    pub(super) fn new(reader: &'r mut Reader<'a>, place: String, values: Map<String, Value>) -> Self {
        Self { reader, place, values, known: Vec::new() }
    }

    /// A table within this one.
    pub(super) fn inner(&mut self, key: &str, values: Map<String, Value>) -> Entry<'_, 'a> {
        Entry::new(self.reader, format!("{}.{key}", self.place), values)
    }

    pub(super) fn note(&mut self, key: &str, message: &str, fix: &str) {
        self.reader.note(&format!("{}.{key}", self.place), message, fix);
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// The value as it stands; it counts as read.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.values.remove(key)
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        let value = self.take(key)?;
        match value.kind {
            ValueKind::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            _ => {
                self.note(key, "is not a text", "put it in quotes");
                None
            }
        }
    }

    /// Text that must not be missing.
    pub(super) fn required(&mut self, key: &'static str, fix: &str) -> Option<String> {
        let missing = match self.values.get(key).map(|value| &value.kind) {
            None => Some("is not set"),
            Some(ValueKind::String(text)) if text.trim().is_empty() => Some("is empty"),
            Some(_) => None,
        };
        let text = self.text(key);
        if let Some(message) = missing {
            self.note(key, message, fix);
        }
        text
    }

    pub(super) fn number<T>(&mut self, key: &'static str, range: RangeInclusive<T>) -> Option<T>
    where
        T: FromStr + PartialOrd + Display + Copy,
    {
        let text = self.take(key)?.into_string().unwrap_or_default();
        let number = text.trim().parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            let (low, high) = (range.start(), range.end());
            self.note(
                key,
                &format!("{} is not a number from {low} to {high}", quoted(&text)),
                &format!("set it to a number from {low} to {high}"),
            );
        }
        number
    }

    pub(super) fn list(&mut self, key: &'static str) -> Option<Vec<String>> {
        let value = self.take(key)?;
        let texts = value.into_array().ok().and_then(|values| values.into_iter().map(text_of).collect());
        if texts.is_none() {
            self.note(key, "is not a list of texts", "write [\"one\", \"two\"], with quotes");
        }
        texts
    }

    /// Names and texts.
    pub(super) fn texts(&mut self, key: &'static str) -> BTreeMap<String, String> {
        let Some(value) = self.take(key) else { return BTreeMap::new() };
        let entries = value.into_table().ok();
        let texts = entries.and_then(|entries| entries.into_iter().map(|(name, value)| Some((name, text_of(value)?))).collect());
        texts.unwrap_or_else(|| {
            self.note(key, "is not a table of texts", "write { name = \"text\" }");
            BTreeMap::new()
        })
    }

    /// What is left was not read: each key is a mistake.
    pub(super) fn finish(mut self) {
        let mut left: Vec<String> = self.values.keys().cloned().collect();
        left.sort_unstable();
        for key in left {
            let near = self.known.iter().max_by(|one, other| likeness(&key, one).total_cmp(&likeness(&key, other)));
            let fix = match near.filter(|near| likeness(&key, near) >= 0.6) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("take it out; known here: {}", self.known.join(", ")),
            };
            self.note(&key, "there is no such key", &fix);
        }
    }
}

fn likeness(one: &str, other: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(one, other)
}

fn text_of(value: Value) -> Option<String> {
    match value.kind {
        ValueKind::String(text) => Some(text),
        _ => None,
    }
}
