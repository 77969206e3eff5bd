//! What is shown, and that documents say what the code does.

use std::collections::BTreeSet;

use ::config::{File, FileFormat, Source as _, Value, ValueKind};

use super::*;
use crate::config::names::NAMES;

pub(super) fn keys_of(text: &str) -> BTreeSet<String> {
    fn collect(prefix: &str, map: ::config::Map<String, Value>, keys: &mut BTreeSet<String>) {
        for (name, value) in map {
            let key = format!("{prefix}{name}");
            match value.kind {
                ValueKind::Table(inner) if !inner.is_empty() => collect(&format!("{key}."), inner, keys),
                _ => assert!(keys.insert(key)),
            }
        }
    }
    let mut keys = BTreeSet::new();
    collect("", File::from_str(text, FileFormat::Toml).collect().expect("valid TOML"), &mut keys);
    keys
}

fn read() -> Vec<&'static str> {
    Case::new(&[]).loaded().sources.iter().map(|setting| setting.key).collect()
}

#[test]
fn default_toml_has_every_key_that_is_read_and_no_other() {
    let documented = keys_of(include_str!("../../../config/default.toml"));

    let read = read();

    assert_eq!(read.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>(), documented);
    assert_eq!(read.len(), documented.len(), "each key is read once");
}

#[test]
fn default_toml_has_a_comment_for_every_key() {
    let text = include_str!("../../../config/default.toml");

    let (mut above, mut bare) = ("", Vec::new());
    for line in text.lines() {
        let is_key = line.split_once(" = ").is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
        if is_key && !line.contains(" # ") && !above.starts_with('#') && !line.starts_with("instructions") {
            bare.push(line);
        }
        above = line;
    }

    assert_eq!(bare, [""; 0]);
}

#[test]
fn every_flat_name_sets_a_key_that_is_read() {
    let read = read();

    for name in NAMES.iter().filter(|name| name.key != names::ENVIRONMENT) {
        assert!(read.contains(&name.key), "{}", name.variable);
        assert_eq!(NAMES.iter().filter(|n| n.key == name.key).count(), 1, "{}", name.key);
    }
}

#[test]
fn the_table_of_names_tells_the_defaults_of_default_toml() {
    let loaded = Case::new(&[("APP_ENV", "simulation")]).loaded();
    let bare = |literal: &str| literal.replace(['"', '[', ']'], "");

    for name in NAMES.iter().filter(|name| !name.secret && name.key != names::ENVIRONMENT && name.key != "limits.call_cooldown_seconds") {
        let setting = loaded.sources.iter().find(|setting| setting.key == name.key).expect("read");
        assert_eq!(bare(&setting.literal), name.default, "{}", name.variable);
    }
}

/// `NAME=value` or `# NAME=value`.
fn example() -> Vec<(String, String)> {
    let lines = include_str!("../../../env.example").lines().map(|line| line.trim_start_matches("# "));
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs
        .filter(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned()))
        .collect()
}

#[test]
fn env_example_has_every_name_with_its_default_and_no_other() {
    let expected: BTreeSet<(String, String)> = NAMES.iter().map(|n| (n.variable.to_owned(), n.default.to_owned())).collect();

    assert_eq!(example().into_iter().collect::<BTreeSet<_>>(), expected);
}

#[test]
fn env_example_is_a_valid_dotenv_that_changes_nothing() {
    let case = Case::new(&[]).file(".env", include_str!("../../../env.example"));

    let loaded = case.loaded();

    assert!(loaded.sources.iter().all(|setting| setting.origin != Origin::DotEnv));
    assert_eq!(loaded.warnings, [""; 0]);
}

#[test]
fn the_table_of_the_readme_has_a_row_for_every_name() {
    let table = names::markdown();

    assert_eq!(table.lines().count(), NAMES.len() + 2);
    assert!(table.contains("| `PORT` | port to listen on; 0 takes any | `8080` | optional |"));
    assert!(table.contains("| `API_KEYS` | bearer keys of the API, by commas (secret) |  | in production |"));
    assert!(table.lines().all(|line| line.matches('|').count() == 5), "{table}");
}

#[test]
fn what_is_shown_is_toml_with_every_key() {
    let loaded =
        Case::new(&[("OPENAI_API_KEY", "0123456789"), ("VERIFIED_PHONE_NUMBERS", "+14155550100"), ("PHONE_NUMBER_FROM", "+14155552671")])
            .loaded();

    let text = show::toml(&loaded, false);

    assert_eq!(keys_of(&text), keys_of(include_str!("../../../config/default.toml")));
    assert!(text.starts_with("# environment: development\n"), "{text}");
    for line in [
        "api_key = \"[set, 10 characters]\"",
        "auth_token = \"[missing]\"",
        "verified_phone_numbers = [\"+•••••0100\"]",
        "phone_number_from = \"+14155552671\"",
        "port = 8080",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
}

#[test]
fn each_value_is_shown_with_its_origin() {
    let loaded = Case::new(&[("PORT", "9000")]).file(".env", "OPENAI_VOICE=cedar").loaded();

    let text = show::toml(&loaded, true);

    assert_eq!(keys_of(&text), keys_of(include_str!("../../../config/default.toml")));
    let ends =
        |start: &str| text.lines().find(|l| l.starts_with(start)).and_then(|l| l.rsplit_once("# ")).map(|(_, origin)| origin.to_owned());
    assert_eq!(ends("port = ").as_deref(), Some("variable PORT"));
    assert_eq!(ends("voice = ").as_deref(), Some(".env"));
    assert_eq!(ends("signature = ").as_deref(), Some("config/development.toml (embedded)"));
    assert_eq!(ends("model = ").as_deref(), Some("default"));
    for line in text.lines().filter(|l| l.contains(" = ") && !l.starts_with("greeting")) {
        assert!(line.find("# ") >= Some(56) || line.ends_with("\"\"\""), "{line}");
    }
    assert!(text.lines().all(|l| l.chars().count() <= 100), "{text}");
}
