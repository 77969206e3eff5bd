//! What is wrong with a configuration: all of it at once, each with its place and its remedy.

use std::fmt;
use std::path::PathBuf;

/// The layer that a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `config/default.toml`, embedded.
    Default,
    /// The copy of `config/{APP_ENV}.toml` that is embedded.
    Embedded(&'static str),
    File(PathBuf),
    DotEnv,
    Variable(String),
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Embedded(name) => write!(f, "{name} (embedded)"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::DotEnv => f.write_str(".env"),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// One mistake. No text of it holds a secret or a phone number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Dotted, as in `config/default.toml`; empty where a whole file is meant.
    pub key: String,
    /// The variable that sets the key.
    pub variable: String,
    pub origin: Origin,
    pub message: String,
    pub fix: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.variable.as_str(), self.key.as_str()) {
            ("", "") => write!(f, "{}", self.origin)?,
            ("", key) => write!(f, "{key}, from {}", self.origin)?,
            (variable, "") => write!(f, "{variable}, from {}", self.origin)?,
            (variable, key) => write!(f, "{variable} ({key}), from {}", self.origin)?,
        }
        write!(f, "\n  wrong: {}\n  mend:  {}", self.message, self.fix)
    }
}

/// What is known before anything is read.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<String>,
}

/// Every mistake of a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Invalid {
    pub problems: Vec<Problem>,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.problems.iter().enumerate() {
            let gap = if n == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{problem}")?;
        }
        Ok(())
    }
}
