//! Configuration out of any files and variables: every mistake has a place, no secret prints, and what is shown is TOML.
//!
//! An input is the file of `--config`; a line `=== env`, `=== dotenv`, `=== flags`, `=== assistant` or `=== prices` begins
//! another source, `=== database` narrows the scope. The word `hunter2` stands for a secret.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use alpha_call::config::{Config, Invalid, LoadOptions, Loaded, Origin, Problem, Scope, load, names, show};
use tempfile::TempDir;
use toml::Value;

const SECRET: &str = "hunter2";
/// Where a secret may stand in a file, and in a variable of this name.
const SECRETS: [&str; 10] = [
    "openai.api_key",
    "openai.fallback_api_key",
    "twilio.account_sid",
    "twilio.auth_token",
    "twilio.previous_auth_token",
    "twilio.api_key",
    "twilio.api_secret",
    "database.password",
    "security.api_keys",
    "security.stream_token_key",
];
const FILES: [(&str, &str); 3] = [("dotenv", ".env"), ("assistant", "config/assistants/one.toml"), ("prices", "config/prices.toml")];

pub fn check(input: &[u8]) -> String {
    thread_local! {
        static FOLDER: TempDir = TempDir::new().expect("a folder");
    }
    let text = String::from_utf8_lossy(input);
    FOLDER.with(|folder| Case::new(&text, folder.path()).check())
}

struct Case<'a> {
    /// By their names; the first one is the file.
    parts: BTreeMap<&'a str, String>,
    env: BTreeMap<String, String>,
    options: LoadOptions,
}

impl<'a> Case<'a> {
    fn new(text: &'a str, root: &Path) -> Self {
        let mut parts = BTreeMap::<&str, String>::new();
        let mut part = "file";
        for line in text.split_inclusive('\n') {
            match line.strip_prefix("=== ") {
                Some(name) => part = name.trim(),
                None => parts.entry(part).or_default().push_str(line),
            }
        }
        let of = |name: &str| parts.get(name).map(String::as_str).unwrap_or_default();
        let pairs = |name: &str| {
            of(name)
                .lines()
                .filter_map(|line| line.split_once('='))
                .filter(|(n, _)| !n.is_empty())
                .map(|(n, v)| (n.to_owned(), v.to_owned()))
                .collect::<Vec<_>>()
        };
        let scope = if parts.contains_key("database") { Scope::Database } else { Scope::Everything };
        let file = root.join("my.toml");
        let options = LoadOptions { config_file: Some(file), root: root.to_owned(), flags: pairs("flags"), scope };
        let env = pairs("env").into_iter().collect();
        Self { parts, env, options }
    }

    fn check(&self) -> String {
        let root = &self.options.root;
        fs::create_dir_all(root.join("config/assistants")).expect("a folder");
        fs::write(root.join("my.toml"), self.part("file")).expect("a file");
        for (part, path) in FILES {
            match self.parts.get(part) {
                Some(text) => fs::write(root.join(path), text).expect("a file"),
                None => drop(fs::remove_file(root.join(path))),
            }
        }
        match load(&self.env, &self.options) {
            Ok(loaded) => self.taken(&loaded),
            Err(invalid) => self.refused(&invalid),
        }
    }

    fn part(&self, name: &str) -> &str {
        self.parts.get(name).map(String::as_str).unwrap_or_default()
    }

    fn taken(&self, loaded: &Loaded) -> String {
        for sources in [false, true] {
            let shown = show::toml(loaded, sources);
            assert!(toml::from_str::<toml::Table>(&shown).is_ok(), "what is shown is no TOML:\n{shown}");
            self.silent(&shown);
        }
        self.silent(&format!("{loaded:?} {:?}", loaded.config.missing()));
        let Config { environment, assistants, .. } = &loaded.config;
        format!("{environment} {} {}", assistants.iter().count(), loaded.warnings.len())
    }

    fn refused(&self, invalid: &Invalid) -> String {
        assert!(!invalid.problems.is_empty());
        invalid.problems.iter().for_each(placed);
        self.silent(&format!("{invalid} {invalid:?}"));
        format!("refused {}", invalid.problems.last().map(kind).unwrap_or_default())
    }

    /// No secret is told, where secrets stand in their own places alone.
    fn silent(&self, printed: &str) {
        assert!(!self.has_its_secrets_in_place() || !printed.contains(SECRET), "a secret is told:\n{printed}");
    }

    fn has_its_secrets_in_place(&self) -> bool {
        let in_file = |name: &str, section: &str| {
            let text = self.part(name);
            !text.contains(SECRET) || toml::from_str::<toml::Table>(text).is_ok_and(|table| is_clean(&Value::Table(table), section))
        };
        let lines = ["env", "dotenv", "flags"].iter().flat_map(|part| self.part(part).lines());
        let mut strange = lines.filter(|line| line.contains(SECRET)).filter(|line| !is_of_secret(line));
        in_file("file", "") && in_file("assistant", "assistant.") && in_file("prices", "prices.") && strange.next().is_none()
    }
}

/// A mistake is told by a variable, by a key, or is that of a whole file; and by what to do about it.
fn placed(problem: &Problem) {
    let of_file = matches!(problem.origin, Origin::File(_) | Origin::DotEnv);
    assert!(of_file || !problem.key.is_empty() || !problem.variable.is_empty(), "without a place: {problem}");
    assert!(!problem.message.trim().is_empty() && !problem.fix.trim().is_empty(), "without words: {problem}");
}

/// Where, and in what way, without what was written there.
fn kind(problem: &Problem) -> String {
    let place: String = problem.key.chars().take_while(|c| c.is_ascii_lowercase() || "._".contains(*c)).take(24).collect();
    let message = problem.message.split(['"', '\'', '`', ',', '(']).map(str::trim).find(|part| !part.is_empty()).unwrap_or_default();
    format!("{place}: {}", message.chars().filter(|c| !c.is_ascii_digit()).take(32).collect::<String>())
}

fn is_clean(value: &Value, place: &str) -> bool {
    match value {
        Value::Table(table) => table.iter().all(|(key, value)| {
            let dot = if place.is_empty() || place.ends_with('.') { "" } else { "." };
            !key.contains(SECRET) && is_clean(value, &format!("{place}{dot}{key}"))
        }),
        Value::Array(values) => values.iter().all(|value| is_clean(value, place)),
        Value::String(text) => !text.contains(SECRET) || SECRETS.contains(&place),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => true,
    }
}

/// `NAME=…` or `APP__SECTION__KEY=…` of a secret, which says nothing in its name.
fn is_of_secret(line: &str) -> bool {
    let name = line.split('=').next().unwrap_or_default();
    SECRETS.iter().any(|key| name == names::variable(key) || name == names::nested(key) || name == *key)
}
