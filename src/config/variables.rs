//! Layers out of variables: the flat names, `NAME_FILE`, and `APP__SECTION__KEY`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use super::layer::Layer;
use super::names::{self, NAMES, Name};
use super::problem::{Origin, Problem};

/// Variables, and what to call their origin.
pub(super) struct Variables {
    values: BTreeMap<String, String>,
    origin: fn(&str) -> Origin,
}

impl Variables {
    /// The environment; an empty variable is one that is not set.
    pub(super) fn of_process(env: &BTreeMap<String, String>) -> Self {
        let values = env.iter().map(|(name, value)| (name.clone(), value.clone())).filter(is_set).collect();
        Self { values, origin: |name| Origin::Variable(name.to_owned()) }
    }

    /// The file `.env`, if there is one.
    pub(super) fn of_file(path: &Path, problems: &mut Vec<Problem>) -> Self {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    problems.push(dotenv_problem(format!("cannot be read: {error}"), "make it readable, or take it away"));
                }
                String::new()
            }
        };
        let mut values = BTreeMap::new();
        for entry in dotenvy::Iter::new(text.trim_start_matches('\u{feff}').as_bytes()) {
            match entry {
                Ok((name, value)) => values.extend(Some((name, value)).filter(is_set)),
                Err(error) => problems.push(unreadable_line(&text, &error)),
            }
        }
        Self { values, origin: |_| Origin::DotEnv }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// All of these, and the others over them.
    pub(super) fn below(&self, others: &Self) -> BTreeMap<String, String> {
        self.values.iter().chain(&others.values).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    pub(super) fn origin(&self, name: &str) -> Origin {
        (self.origin)(name)
    }

    /// The settings of the flat names; files of secrets are looked up from `root`.
    pub(super) fn flat(&self, root: &Path, problems: &mut Vec<Problem>) -> Layer {
        let mut layer = Layer::default();
        for name in NAMES.iter().filter(|name| name.key != names::ENVIRONMENT) {
            if let Some((value, variable)) = self.value_of(name, root, problems) {
                layer.insert(name.key, value, self.origin(&variable));
            }
        }
        layer
    }

    /// The settings of `APP__SECTION__KEY`.
    pub(super) fn nested(&self) -> Layer {
        let mut layer = Layer::default();
        for (variable, value) in &self.values {
            if let Some(path) = variable.strip_prefix(names::PREFIX) {
                layer.insert(&path.to_ascii_lowercase().replace("__", "."), value.clone(), self.origin(variable));
            }
        }
        layer
    }

    /// Names that nobody reads, but that look like one of ours.
    pub(super) fn misspelt(&self) -> Vec<String> {
        let strange = self.values.keys().filter(|name| !is_ours(name));
        strange.filter_map(|name| Some(format!(".env: nothing reads {name}; did you mean {}?", twin(name)?))).collect()
    }

    fn value_of(&self, name: &Name, root: &Path, problems: &mut Vec<Problem>) -> Option<(String, String)> {
        let direct = self.get(name.variable).map(|value| (value.to_owned(), name.variable.to_owned()));
        let variable = format!("{}_FILE", name.variable);
        let Some(path) = self.get(&variable).filter(|_| name.secret) else {
            return direct;
        };
        let outcome = if direct.is_some() { Err(both(name)) } else { secret_file(&root.join(path)) };
        match outcome {
            Ok(value) => Some((value, variable)),
            Err((message, fix)) => {
                let origin = self.origin(&variable);
                problems.push(Problem { key: name.key.to_owned(), variable, origin, message, fix });
                None
            }
        }
    }
}

fn is_set((_, value): &(String, String)) -> bool {
    !value.trim().is_empty()
}

fn is_ours(name: &str) -> bool {
    name.starts_with(names::PREFIX)
        || NAMES.iter().any(|n| n.variable == name || (n.secret && name.strip_suffix("_FILE") == Some(n.variable)))
}

fn twin(name: &str) -> Option<&'static str> {
    let near = |n: &&Name| name.len() >= 6 && strsim::damerau_levenshtein(n.variable, name) <= 2;
    NAMES.iter().find(near).map(|n| n.variable)
}

fn both(name: &Name) -> (String, String) {
    (format!("{} is set as well", name.variable), "set one of the two".to_owned())
}

fn secret_file(path: &Path) -> Result<String, (String, String)> {
    let text = fs::read_to_string(path).map_err(|error| {
        (format!("cannot read {}: {}", path.display(), error.kind()), "name a readable file that holds the secret".to_owned())
    })?;
    let secret = text.trim_end_matches(['\r', '\n']).to_owned();
    if secret.trim().is_empty() {
        return Err((format!("{} is empty", path.display()), "put the secret into it, or unset the variable".to_owned()));
    }
    Ok(secret)
}

/// The parser hands back the end of the line. It is not shown: a secret may stand there.
fn unreadable_line(text: &str, error: &dotenvy::Error) -> Problem {
    let end = match error {
        dotenvy::Error::LineParse(line, _) => line.lines().next().unwrap_or_default().trim_end(),
        _ => "",
    };
    let place = text.lines().position(|line| !end.is_empty() && line.trim_end().ends_with(end)).map(|n| n + 1);
    let place = place.map_or_else(|| "a line".to_owned(), |n| format!("line {n}"));
    dotenv_problem(format!("{place} is not NAME=value"), "put single quotes around values with spaces, quotes, # or $")
}

fn dotenv_problem(message: String, fix: &str) -> Problem {
    Problem { key: String::new(), variable: String::new(), origin: Origin::DotEnv, message, fix: fix.to_owned() }
}
