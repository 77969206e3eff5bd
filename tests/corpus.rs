//! Every input of the fuzz corpora, once found or made, is given to its target again.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stderr, reason = "a test ends by panicking")]

#[path = "../fuzz/harness/mod.rs"]
mod harness;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use harness::{TARGETS, Target, check};

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect()
}

/// What became of each input.
fn replay(name: &str) -> BTreeSet<String> {
    let target: &Target = TARGETS.iter().find(|target| target.name == name).expect("a target");
    let folder = Path::new("fuzz/corpus").join(target.name);
    let outcome = |file: String| {
        let path = folder.join(file);
        let input = fs::read(&path).expect("a file");
        // Printed with a failure alone.
        eprintln!("cargo run --example fuzz -- {name} {}", path.display());
        (target.check)(&input)
    };
    names(&folder).into_iter().map(outcome).collect()
}

fn assert_reached(name: &str, wanted: &[&str]) {
    let outcomes = replay(name);
    for wanted in wanted {
        assert!(outcomes.iter().any(|outcome| outcome.contains(wanted)), "no input of {name} comes to `{wanted}`: {outcomes:#?}");
    }
}

#[test]
fn media() {
    assert_reached(
        "media",
        &["Connected", "Start", "Audio", "MarkReached", "Digit", "Stopped", "Unknown", "NotUtf8", "BadAudio", "NotJson"],
    );
}

#[test]
fn realtime() {
    let events = ["Audio", "Text", "TextDone", "UserText", "ItemAdded User", "ToolCalled", "RemoteToolUsed", "ResponseDone Completed"];
    assert_reached("realtime", &events);
    assert_reached(
        "realtime",
        &["Opened", "Ready", "Refused", "RateLimits", "Error Fatal", "Unknown", "Untyped", "Unreadable", "BadAudio"],
    );
}

#[test]
fn webhook() {
    assert_reached("webhook", &["ok ok", "-CallSid", "!CallStatus", "!RecordingUrl", "!SequenceNumber", "!DialCallStatus"]);
}

#[test]
fn signature() {
    assert_reached("signature", &["genuine mismatch", "mismatch genuine", "genuine genuine genuine", "missing", "body"]);
}

#[test]
fn configuration() {
    assert_reached(
        "configuration",
        &["development", "production", "simulation", "refused server.port", "refused : line", "refused : TOML"],
    );
}

#[test]
fn types() {
    assert_reached("types", &["token", "phone", "numbers", "key", "id", "template", "domain", "database"]);
}

#[test]
fn twiml() {
    assert_reached("twiml", &["short false true", "short true", "long false"]);
}

#[test]
fn every_target_is_known_to_libfuzzer_and_has_a_test_here() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    let manifest = fs::read_to_string("fuzz/Cargo.toml").expect("a manifest");
    let this = include_str!("corpus.rs");

    assert_eq!(names(Path::new("fuzz/corpus")), targets);
    assert_eq!(names(Path::new("fuzz/dictionaries")), targets.iter().map(|name| format!("{name}.dict")).collect());
    assert_eq!(names(Path::new("fuzz/fuzz_targets")), targets.iter().map(|name| format!("{name}.rs")).collect());
    assert!(TARGETS.iter().all(|target| target.dictionary.lines().all(|line| line.starts_with('"') && line.ends_with('"'))));
    for name in &targets {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} is missing in fuzz/Cargo.toml");
        let target = fs::read_to_string(format!("fuzz/fuzz_targets/{name}.rs")).expect("a target");
        assert!(target.contains(&format!("check(\"{name}\", input)")), "{target}");
        assert!(this.contains(&format!("fn {name}()")), "{name} has no test");
        assert_eq!(check(name, &vec![0; harness::MAX_INPUT + 1]), "too long");
    }
}
