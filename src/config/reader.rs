//! Reads settings into types. A mistake is noted and reading goes on, so that all are told at once.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ::config::{Map, Value, ValueKind};
use secrecy::SecretString;

use super::environment::{Chosen, Environment};
use super::layer::Settings;
use super::names;
use super::prices::{MAX_DOLLARS, PER_DOLLAR, nanos};
use super::problem::{Invalid, Notes, Origin, Problem};
use super::reference::References;
use super::template;
use super::word::Word;
use crate::types::PhoneNumber;

/// A setting as it took effect, fit to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Dotted: `section.key`.
    pub key: &'static str,
    /// As TOML; secrets are only counted.
    pub literal: String,
    pub origin: Origin,
}

pub(super) struct Reader<'a> {
    settings: &'a Settings,
    pub(super) environment: Environment,
    /// Cloud Run or App Engine: the disk dies with the instance.
    pub(super) on_platform: bool,
    /// What chose the environment.
    because: &'static str,
    pub(super) references: &'a References,
    problems: Vec<Problem>,
    warnings: Vec<String>,
    shown: Vec<Setting>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(settings: &'a Settings, chosen: Chosen, references: &'a References, notes: Notes) -> Self {
        let Notes { problems, warnings } = notes;
        Self {
            settings,
            environment: chosen.environment,
            on_platform: chosen.on_platform,
            because: chosen.because,
            references,
            problems,
            warnings,
            shown: Vec::new(),
        }
    }

    /// Drops the mistakes in keys that do not count here; those of whole files have no key, and stay.
    pub(super) fn forgive(&mut self, counts: impl Fn(&str) -> bool) {
        self.problems.retain(|problem| problem.key.is_empty() || counts(&problem.key));
    }

    /// The mistakes so far.
    pub(super) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// What was read of another file, and what was wrong in it.
    pub(super) fn adopt(&mut self, problems: impl IntoIterator<Item = Problem>) {
        self.problems.extend(problems);
    }

    /// Everything that was read, and every mistake.
    pub(super) fn into_parts(self) -> (Vec<Setting>, Vec<Problem>) {
        (self.shown, self.problems)
    }

    /// What was read and what to say about it, if nothing was wrong.
    pub(super) fn finish(self) -> Result<(Vec<Setting>, Vec<String>), Invalid> {
        if self.problems.is_empty() { Ok((self.shown, self.warnings)) } else { Err(Invalid { problems: self.problems }) }
    }

    /// Text that must not be empty.
    pub(super) fn text(&mut self, key: &'static str) -> String {
        let text = self.optional(key);
        text.unwrap_or_else(|| self.refuse(key, "is empty", "set it, or take it out to get the default"))
    }

    pub(super) fn optional(&mut self, key: &'static str) -> Option<String> {
        let text = self.string(key);
        self.show(key, quoted(text.as_deref().unwrap_or_default()));
        text
    }

    /// The name of a file or folder. The caller shows it.
    pub(super) fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        self.string(key).map(PathBuf::from)
    }

    /// Text that means something, by a parser whose error tells no secret.
    pub(super) fn parsed<T>(&mut self, key: &'static str, fix: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = self.string(key)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(message) => self.refuse(key, &message, fix),
        }
    }

    pub(super) fn secret(&mut self, key: &'static str) -> Option<SecretString> {
        let text = self.string(key);
        self.show(key, counted(text.as_deref()));
        text.map(SecretString::from)
    }

    /// A whole or decimal number within bounds.
    pub(super) fn number<T>(&mut self, key: &'static str, range: RangeInclusive<T>) -> T
    where
        T: FromStr + PartialOrd + Display + Copy,
    {
        let text = scalar(self.settings.value(key));
        let number = text.parse().ok().filter(|number| range.contains(number));
        if let Some(number) = number {
            self.show(key, number.to_string());
            return number;
        }
        let (low, high) = (range.start(), range.end());
        let message = format!("{} is not a number from {low} to {high}", quoted(&text));
        self.note(key, &message, &format!("set it to a number from {low} to {high}"));
        *low
    }

    /// US dollars, in billionths of one; none for 0.
    pub(super) fn dollars(&mut self, key: &'static str) -> Option<u64> {
        let dollars = self.number(key, 0.0..=MAX_DOLLARS);
        (dollars > 0.0).then(|| nanos(dollars, PER_DOLLAR).max(1))
    }

    pub(super) fn seconds(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Duration {
        Duration::from_secs(self.number(key, range))
    }

    pub(super) fn millis(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.number(key, range))
    }

    pub(super) fn boolean(&mut self, key: &'static str) -> bool {
        let text = scalar(self.settings.value(key));
        let truth = match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => true,
            "false" | "0" | "no" | "off" => false,
            _ => self.refuse(key, &format!("{} is neither true nor false", quoted(&text)), "set it to true or false"),
        };
        self.show(key, truth.to_string());
        truth
    }

    /// True, false, or nothing: then it depends.
    pub(super) fn choice(&mut self, key: &'static str) -> Option<bool> {
        let text = scalar(self.settings.value(key));
        let choice = match text.to_ascii_lowercase().as_str() {
            "auto" => None,
            "true" | "1" | "yes" | "on" => Some(true),
            "false" | "0" | "no" | "off" => Some(false),
            _ => self.refuse(key, &format!("{} is neither true nor false nor auto", quoted(&text)), "write true, false or \"auto\""),
        };
        self.show(key, choice.map_or_else(|| quoted("auto"), |truth| truth.to_string()));
        choice
    }

    /// One word of a few.
    pub(super) fn word<W: Word>(&mut self, key: &'static str) -> W {
        if !self.is_set(key) {
            self.note(key, "is empty", &format!("write {}", W::choice()));
        }
        self.optional_word(key).unwrap_or_default()
    }

    /// One word of a few, or `""`.
    pub(super) fn optional_word<W: Word>(&mut self, key: &'static str) -> Option<W> {
        let known = W::choice();
        let parse = |text: &str| W::from_word(text).ok_or_else(|| format!("{} is not {known}", quoted(text)));
        let word = self.parsed(key, &format!("write {known}"), parse);
        self.show(key, quoted(word.map_or("", W::as_str)));
        word
    }

    /// A telephone number, or `""`; masked where it is shown.
    pub(super) fn phone_number(&mut self, key: &'static str) -> Option<PhoneNumber> {
        let fix = "write it with + and country code, such as +14155550100";
        let number = self.parsed(key, fix, |text| text.parse::<PhoneNumber>().map_err(|error| format!("is {error}")));
        self.show(key, quoted(&number.as_ref().map(PhoneNumber::masked).unwrap_or_default()));
        number
    }

    /// Text with variables, each of which is known; it may be empty.
    pub(super) fn template(&mut self, key: &'static str, known: &[&str]) -> String {
        let text = self.optional(key).unwrap_or_default();
        self.check_template(key, &text, known);
        text
    }

    pub(super) fn check_template(&mut self, key: &str, text: &str, known: &[&str]) {
        for fault in template::faults(text, known) {
            let fix = format!("write {{{{NAME}}}} or {{{{NAME|fallback}}}}; known: {}", known.join(", "));
            self.note(key, &fault.to_string(), &fix);
        }
    }

    /// A table whose keys are chosen by the writer. The caller shows it.
    pub(super) fn table(&mut self, key: &'static str) -> Map<String, Value> {
        match self.settings.value(key) {
            ValueKind::Table(entries) => entries,
            ValueKind::Nil => Map::default(),
            _ => self.refuse(key, "is not a table", "write it as a table: [section], then NAME = VALUE"),
        }
    }

    /// A list of tables, `[[…]]`. The caller shows it.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Map<String, Value>> {
        let tables = match self.settings.value(key) {
            ValueKind::Array(values) => values.into_iter().map(|value| value.into_table().ok()).collect(),
            ValueKind::Nil => Some(Vec::new()),
            _ => None,
        };
        tables.unwrap_or_else(|| self.refuse(key, "is not a list of tables", "write each one below a line [[tools]]"))
    }

    /// A list, or a text with commas. The caller shows it.
    pub(super) fn list(&mut self, key: &'static str) -> Vec<String> {
        let entries = match self.settings.value(key) {
            ValueKind::String(text) => Some(text.split(',').map(str::to_owned).collect()),
            ValueKind::Array(values) => values.into_iter().map(string_of).collect::<Option<Vec<String>>>(),
            _ => None,
        };
        let entries = entries.unwrap_or_else(|| self.refuse(key, "is not a list of texts", "write [\"one\", \"two\"], with quotes"));
        entries.into_iter().map(|entry| entry.trim().to_owned()).filter(|entry| !entry.is_empty()).collect()
    }

    pub(super) fn origin(&self, key: &str) -> Origin {
        self.settings.origin(key)
    }

    pub(super) fn is_there(&self, key: &str) -> bool {
        !matches!(self.settings.value(key), ValueKind::Nil)
    }

    pub(super) fn is_set(&self, key: &str) -> bool {
        !matches!(self.settings.value(key), ValueKind::Nil) && !scalar(self.settings.value(key)).is_empty()
    }

    /// How the setting is shown; `key` is as in `config/default.toml`.
    pub(super) fn show(&mut self, key: &'static str, literal: String) {
        self.show_from(key, literal, self.origin(key));
    }

    pub(super) fn show_from(&mut self, key: &'static str, literal: String, origin: Origin) {
        self.shown.push(Setting { key, literal, origin });
    }

    pub(super) fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }

    /// A mistake that is one in production alone, and why this is production.
    pub(super) fn note_in_production(&mut self, key: &str, message: &str, fix: &str) {
        if self.environment.is_production() {
            self.note(key, &format!("{message}, in production ({})", self.because), fix);
        }
    }

    pub(super) fn note(&mut self, key: &str, message: &str, fix: &str) {
        self.problems.push(Problem {
            key: key.to_owned(),
            variable: self.variable(key),
            origin: self.origin(key),
            message: message.to_owned(),
            fix: fix.to_owned(),
        });
    }

    /// The variable that was used, or the one that could be.
    pub(super) fn variable(&self, key: &str) -> String {
        match self.origin(key) {
            Origin::Variable(name) => name,
            Origin::Default | Origin::Embedded(_) | Origin::File(_) | Origin::DotEnv | Origin::Flag(_) => names::variable(key),
        }
    }

    fn refuse<T: Default>(&mut self, key: &str, message: &str, fix: &str) -> T {
        self.note(key, message, fix);
        T::default()
    }

    /// Secrets are taken as they are, other texts without the blanks around them.
    fn string(&mut self, key: &'static str) -> Option<String> {
        let is_secret = names::of_key(key).is_some_and(|name| name.secret);
        match self.settings.value(key) {
            ValueKind::String(text) if text.trim().is_empty() => None,
            ValueKind::String(text) if is_secret => Some(text),
            ValueKind::String(text) => Some(text.trim().to_owned()),
            ValueKind::Nil => None,
            _ => self.refuse(key, "is not a text", "put it in quotes"),
        }
    }
}

fn string_of(value: Value) -> Option<String> {
    match value.kind {
        ValueKind::String(text) => Some(text),
        _ => None,
    }
}

fn scalar(kind: ValueKind) -> String {
    Value::new(None, kind).into_string().map(|text| text.trim().to_owned()).unwrap_or_default()
}

/// A secret as it may be shown.
pub(super) fn counted(secret: Option<&str>) -> String {
    let words = secret.map_or_else(|| "[missing]".to_owned(), |text| format!("[set, {} characters]", text.chars().count()));
    quoted(&words)
}

/// A list of TOML strings.
pub(super) fn quoted_list(entries: &[String]) -> String {
    format!("[{}]", entries.iter().map(|entry| quoted(entry)).collect::<Vec<_>>().join(", "))
}

/// A TOML string; one with line breaks keeps them.
pub(super) fn quoted(text: &str) -> String {
    let escaped: String = text.chars().map(escaped).collect();
    if text.contains('\n') { format!("\"\"\"\n{escaped}\"\"\"") } else { format!("\"{escaped}\"") }
}

fn escaped(c: char) -> String {
    match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => c.to_string(),
        '\t' => "\\t".to_owned(),
        c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
        c => c.to_string(),
    }
}
