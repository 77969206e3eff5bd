//! What is paid for model and telephone: a dated table, `config/prices.toml`.

use std::collections::BTreeMap;

use ::config::{Map, Value};

use super::entry::Entry;
use super::layer::Layer;
use super::problem::{Origin, Problem};
use super::reader::{Reader, quoted};
use crate::types::Direction;

/// In billionths of a US dollar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// The month or day of these prices. It stands beside every cost that was reckoned with them.
    pub as_of: String,
    models: BTreeMap<String, ModelPrice>,
    transcription: BTreeMap<String, TranscriptionPrice>,
    inbound_minute: u64,
    outbound_minute: u64,
    stream_minute: u64,
}

/// Of a token each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModelPrice {
    pub text: Rate,
    pub audio: Rate,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    pub fresh: u64,
    pub cached: u64,
    pub out: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TranscriptionPrice {
    Minute(u64),
    /// Of tokens of speech, and of text.
    Tokens {
        speech: u64,
        text: u64,
    },
}

/// A US dollar is so many of our units; a dollar for a million tokens is so many for one.
pub(super) const PER_DOLLAR: f64 = 1e9;
const PER_MILLION: f64 = 1e3;

pub(super) const AS_OF: &str = "as_of";
pub(super) const AS_OF_FIX: &str = "write the month or day of the prices, such as 2026-11";
const MODELS: &str = "models";
const TRANSCRIPTION: &str = "transcription";
pub(super) const MAX_DOLLARS: f64 = 100_000.0;

impl Prices {
    pub(super) fn embedded(problems: &mut Vec<Problem>) -> Layer {
        Layer::from_toml(include_str!("../../config/prices.toml"), &Origin::Embedded("config/prices.toml"), problems)
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            as_of: as_of(reader),
            models: named(reader, MODELS, model),
            transcription: named(reader, TRANSCRIPTION, transcription),
            inbound_minute: minute(reader, "twilio.inbound"),
            outbound_minute: minute(reader, "twilio.outbound"),
            stream_minute: minute(reader, "twilio.stream"),
        }
    }

    /// The price of the model by its name, or by that of which it is a dated snapshot: `gpt-realtime-2025-08-28`.
    #[must_use]
    pub fn model(&self, name: &str) -> Option<ModelPrice> {
        find(&self.models, name)
    }

    #[must_use]
    pub fn transcription(&self, name: &str) -> Option<TranscriptionPrice> {
        find(&self.transcription, name)
    }

    /// A minute of a call whose audio is streamed to us.
    #[must_use]
    pub const fn minute(&self, direction: Direction) -> u64 {
        match direction {
            Direction::Inbound => self.inbound_minute.saturating_add(self.stream_minute),
            Direction::Outbound => self.outbound_minute.saturating_add(self.stream_minute),
        }
    }
}

fn find<T: Copy>(prices: &BTreeMap<String, T>, model: &str) -> Option<T> {
    let named = |name: &str| model.strip_prefix(name).is_some_and(|rest| rest.is_empty() || is_date(rest));
    let found = prices.iter().filter(|(name, _)| named(name)).max_by_key(|(name, _)| name.len());
    found.map(|(_, price)| *price)
}

/// `-2025-08-28`. Another ending is another model, at a price that nobody told us.
fn is_date(ending: &str) -> bool {
    ending.strip_prefix('-').is_some_and(|date| date.len() == 10 && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
}

/// Of several versions the greatest is kept: they have to sort by time.
fn as_of(reader: &mut Reader<'_>) -> String {
    let shaped = |text: &str| {
        matches!(text.len(), 7 | 10) && text.bytes().enumerate().all(|(n, b)| if n == 4 || n == 7 { b == b'-' } else { b.is_ascii_digit() })
    };
    let parse = |text: &str| if shaped(text) { Ok(text.to_owned()) } else { Err(format!("{} is neither a month nor a day", quoted(text))) };
    let as_of = reader.parsed(AS_OF, AS_OF_FIX, parse);
    if !reader.is_set(AS_OF) {
        reader.note(AS_OF, "is empty", AS_OF_FIX);
    }
    as_of.unwrap_or_default()
}

/// The entries of a table whose names are those of models.
fn named<T>(reader: &mut Reader<'_>, key: &'static str, read: fn(&mut Entry<'_, '_>) -> T) -> BTreeMap<String, T> {
    let entries: BTreeMap<String, Value> = reader.table(key).into_iter().collect();
    let mut prices = BTreeMap::new();
    for (name, value) in entries {
        let place = format!("{key}.{}", quoted(&name));
        let Some(values) = table(reader, &place, value) else { continue };
        let mut entry = Entry::new(reader, place, values);
        prices.insert(name, read(&mut entry));
        entry.finish();
    }
    prices
}

fn table(reader: &mut Reader<'_>, place: &str, value: Value) -> Option<Map<String, Value>> {
    let values = value.into_table().ok();
    if values.is_none() {
        reader.note(place, "is not a table", "see config/prices.toml for its shape");
    }
    values
}

fn model(entry: &mut Entry<'_, '_>) -> ModelPrice {
    ModelPrice { text: rate(entry, "text"), audio: rate(entry, "audio") }
}

fn rate(entry: &mut Entry<'_, '_>, key: &'static str) -> Rate {
    let prices = entry.take(key).and_then(|value| value.into_table().ok());
    let Some(prices) = prices else {
        entry.note(key, "is not set", "write { in = 4.00, cached = 0.40, out = 24.00 }, in dollars for a million tokens");
        return Rate::default();
    };
    let mut inner = entry.inner(key, prices);
    let rate = Rate { fresh: tokens(&mut inner, "in"), cached: tokens(&mut inner, "cached"), out: tokens(&mut inner, "out") };
    inner.finish();
    rate
}

fn transcription(entry: &mut Entry<'_, '_>) -> TranscriptionPrice {
    if entry.has("minute") {
        let dollars = entry.number("minute", 0.0..=MAX_DOLLARS).unwrap_or_default();
        return TranscriptionPrice::Minute(nanos(dollars, PER_DOLLAR));
    }
    if entry.has("in") || entry.has("out") {
        return TranscriptionPrice::Tokens { speech: tokens(entry, "in"), text: tokens(entry, "out") };
    }
    entry.note("minute", "is not set", "write minute = 0.0045, in dollars, or in and out for a million tokens");
    TranscriptionPrice::Minute(0)
}

fn tokens(entry: &mut Entry<'_, '_>, key: &'static str) -> u64 {
    if !entry.has(key) {
        entry.note(key, "is not set", "write dollars for a million tokens");
    }
    entry.number(key, 0.0..=MAX_DOLLARS).map_or(0, |dollars| nanos(dollars, PER_MILLION))
}

fn minute(reader: &mut Reader<'_>, key: &'static str) -> u64 {
    nanos(reader.number(key, 0.0..=MAX_DOLLARS), PER_DOLLAR)
}

/// Dollars are bounded: what comes out fits.
pub(super) fn nanos(dollars: f64, unit: f64) -> u64 {
    (dollars * unit).round() as u64
}
