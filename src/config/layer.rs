//! One source of settings, flattened to dotted keys, and the sum of several.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ::config::{ConfigError, File, FileFormat, Map, Source as _, Value, ValueKind};

use super::names;
use super::problem::{Origin, Problem};

/// Tables whose keys are chosen by who writes them: each is one setting.
const OPEN: [&str; 4] = ["assistant.variables", "assistant.keys", "models", "transcription"];

/// Settings of one source, each with its origin.
#[derive(Clone, Default)]
pub(super) struct Layer {
    entries: BTreeMap<String, (Value, Origin)>,
}

impl Layer {
    /// The text of a TOML file; what is no TOML is a problem and an empty layer.
    pub(super) fn from_toml(text: &str, origin: &Origin, problems: &mut Vec<Problem>) -> Self {
        Self::section("", text, origin, problems)
    }

    /// The same, of a file that is a section by itself.
    pub(super) fn section(section: &str, text: &str, origin: &Origin, problems: &mut Vec<Problem>) -> Self {
        let mut layer = Self::default();
        match File::from_str(text, FileFormat::Toml).collect() {
            Ok(map) => layer.flatten(section, map, origin),
            Err(error) => problems.push(unreadable(origin, &error)),
        }
        layer
    }

    /// One setting alone.
    pub(super) fn of(key: &str, value: &str, origin: Origin) -> Self {
        let mut layer = Self::default();
        layer.insert(key, value, origin);
        layer
    }

    pub(super) fn insert(&mut self, key: &str, value: impl Into<Value>, origin: Origin) {
        self.entries.insert(key.to_owned(), (value.into(), origin));
    }

    pub(super) fn keys(&self) -> BTreeSet<String> {
        self.entries.keys().cloned().collect()
    }

    /// Takes out what no reader reads: each such key is a problem.
    pub(super) fn refuse_unknown(&mut self, known: &BTreeSet<String>, problems: &mut Vec<Problem>) {
        self.entries.retain(|key, (_, origin)| {
            let is_known = known.contains(key);
            if !is_known {
                problems.push(unknown(key, origin, known));
            }
            is_known
        });
    }

    fn flatten(&mut self, prefix: &str, map: Map<String, Value>, origin: &Origin) {
        for (name, value) in map {
            let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
            match value.kind {
                ValueKind::Table(inner) if !OPEN.contains(&key.as_str()) => self.flatten(&key, inner, origin),
                kind => self.insert(&key, kind, origin.clone()),
            }
        }
    }
}

/// Keys alone: values may be secrets.
impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.entries.keys()).finish()
    }
}

/// All layers, the later ones over the earlier ones.
#[derive(Clone, Default)]
pub(super) struct Settings {
    values: BTreeMap<String, Value>,
    origins: BTreeMap<String, Origin>,
}

impl Settings {
    pub(super) fn merge<'a>(layers: impl IntoIterator<Item = &'a Layer>) -> Self {
        layers.into_iter().fold(Self::default(), |settings, layer| settings.under(layer))
    }

    /// These settings with a layer over them.
    pub(super) fn under(mut self, layer: &Layer) -> Self {
        for (key, (value, origin)) in &layer.entries {
            self.origins.insert(key.clone(), origin.clone());
            match (self.values.get_mut(key).map(|value| &mut value.kind), &value.kind) {
                // Of tables with keys of their own, each key is overridden by itself.
                (Some(ValueKind::Table(below)), ValueKind::Table(above)) => below.extend(above.clone()),
                _ => drop(self.values.insert(key.clone(), value.clone())),
            }
        }
        self
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    pub(super) fn value(&self, key: &str) -> ValueKind {
        self.values.get(key).map_or(ValueKind::Nil, |value| value.kind.clone())
    }

    /// Of a part of a setting, such as `assistant.tools[1].url`, the origin of the whole.
    pub(super) fn origin(&self, key: &str) -> Origin {
        let mut place = key;
        loop {
            if let Some(origin) = self.origins.get(place) {
                return origin.clone();
            }
            match place.rfind(['.', '[']).and_then(|end| place.get(..end)) {
                Some(whole) => place = whole,
                None => return Origin::Default,
            }
        }
    }
}

/// A parser quotes the line that it stumbled over, and a secret may stand there: only place and reason are kept.
fn unreadable(origin: &Origin, error: &ConfigError) -> Problem {
    let text = error.to_string();
    let kept: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty() && !is_quotation(line)).collect();
    Problem {
        key: String::new(),
        variable: String::new(),
        origin: origin.clone(),
        message: kept.join(": "),
        fix: "make it valid TOML, see config/default.toml".to_owned(),
    }
}

fn is_quotation(line: &str) -> bool {
    line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ').starts_with('|')
}

fn unknown(key: &str, origin: &Origin, known: &BTreeSet<String>) -> Problem {
    let variable = match origin {
        Origin::Variable(_) | Origin::DotEnv => names::nested(key),
        Origin::Default | Origin::Embedded(_) | Origin::File(_) | Origin::Flag(_) => String::new(),
    };
    let fix = nearest(key, known).map_or_else(
        || "take it out, or see config/default.toml for every key".to_owned(),
        |near| if variable.is_empty() { format!("did you mean {near}?") } else { format!("did you mean {}?", names::nested(near)) },
    );
    Problem { key: key.to_owned(), variable, origin: origin.clone(), message: "there is no such key".to_owned(), fix }
}

/// The known key that looks most like this one, by its whole or by its last part.
fn nearest<'a>(key: &str, known: &'a BTreeSet<String>) -> Option<&'a str> {
    let likeness = |candidate: &str| strsim::normalized_damerau_levenshtein(key, candidate).max(likeness_of_last(key, candidate));
    known.iter().map(|k| (likeness(k), k.as_str())).filter(|(l, _)| *l >= 0.6).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, k)| k)
}

fn likeness_of_last(key: &str, candidate: &str) -> f64 {
    let last = |text: &str| text.rsplit('.').next().map(str::to_owned);
    if last(key) == last(candidate) { 0.7 } else { 0.0 }
}
