//! One source of settings, flattened to dotted keys, and the sum of several.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ::config::{ConfigError, File, FileFormat, Map, Source, Value, ValueKind};

use super::names;
use super::problem::{Origin, Problem};

/// Settings of one source, each with its origin.
#[derive(Clone, Default)]
pub(super) struct Layer {
    entries: BTreeMap<String, (Value, Origin)>,
}

impl Layer {
    /// The text of a TOML file; what is no TOML is a problem and an empty layer.
    pub(super) fn from_toml(text: &str, origin: &Origin, problems: &mut Vec<Problem>) -> Self {
        let mut layer = Self::default();
        match File::from_str(text, FileFormat::Toml).collect() {
            Ok(map) => layer.flatten("", map, origin),
            Err(error) => problems.push(unreadable(origin, &error)),
        }
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
                ValueKind::Table(inner) => self.flatten(&key, inner, origin),
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

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.entries.iter().map(|(key, (value, _))| (key.clone(), value.clone())).collect())
    }
}

/// All layers, the later ones over the earlier ones.
pub(super) struct Settings {
    merged: ::config::Config,
    origins: BTreeMap<String, Origin>,
}

impl Settings {
    pub(super) fn merge(layers: &[Layer]) -> Result<Self, ConfigError> {
        let builder = layers.iter().fold(::config::Config::builder(), |builder, layer| builder.add_source(layer.clone()));
        let origins = layers.iter().flat_map(|l| l.entries.iter().map(|(key, (_, origin))| (key.clone(), origin.clone()))).collect();
        Ok(Self { merged: builder.build()?, origins })
    }

    pub(super) fn value(&self, key: &str) -> ValueKind {
        self.merged.get::<Value>(key).map_or(ValueKind::Nil, |value| value.kind)
    }

    pub(super) fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or(Origin::Default)
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
