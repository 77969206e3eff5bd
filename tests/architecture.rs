//! Reads the sources and holds them to the shape that `docs/architecture.md` draws.
//!
//! A rule is a function over one file. Each has two tests: the sources keep it, and it catches who breaks it.

#[path = "architecture/arrows.rs"]
mod arrows;
#[path = "architecture/borders.rs"]
mod borders;
#[path = "architecture/lexer.rs"]
mod lexer;
#[path = "architecture/offenders.rs"]
mod offenders;
#[path = "architecture/paths.rs"]
mod paths;
#[path = "architecture/shape.rs"]
mod shape;
#[path = "architecture/source.rs"]
mod source;

use source::{Source, read};

const OURS: [&str; 7] = ["src", "tests", "migration", "benches", "fuzz/harness", "fuzz/stable", "fuzz/fuzz_targets"];

/// Where a rule is broken, and how.
#[derive(Debug, PartialEq, Eq)]
struct Offence(String);

fn offence(source: &Source<'_>, line: usize, text: impl AsRef<str>) -> Offence {
    Offence(format!("{}:{line}: {}", source.path, text.as_ref()))
}

type Rule = fn(&Source<'_>) -> Vec<Offence>;

#[expect(clippy::expect_used, reason = "a test ends by panicking")]
fn hold(rule: Rule) {
    let files = read(&OURS).expect("sources can be read");
    let found: Vec<String> = files.iter().flat_map(|(path, text)| rule(&Source::new(path, text))).map(|Offence(text)| text).collect();

    assert!(found.is_empty(), "{} offences:\n{}\n", found.len(), found.join("\n"));
}

#[test]
fn all_sources_are_read() {
    let files = read(&OURS).expect("sources can be read");

    for known in ["src/lib.rs", "src/types/ids.rs", "src/session/tests/mod.rs", "tests/architecture.rs", "migration/src/lib.rs"] {
        assert!(files.iter().any(|(path, text)| path == known && !text.is_empty()), "{known} was not read");
    }
}

#[test]
fn imports_point_down() {
    hold(arrows::imports_point_down);
}

#[test]
fn actix_stays_in_the_shells() {
    hold(borders::actix_stays_in_the_shells);
}

#[test]
fn the_deprecated_actix_web_actors_stays_in_two_files() {
    hold(borders::the_deprecated_actix_web_actors_stays_in_two_files);
}

#[test]
fn sql_stays_in_the_store() {
    hold(borders::sql_stays_in_the_store);
}

#[test]
fn the_core_has_no_runtime_and_no_database() {
    hold(borders::the_core_has_no_runtime_and_no_database);
}

#[test]
fn the_core_reads_no_clock() {
    hold(borders::the_core_reads_no_clock);
}

#[test]
fn the_core_asks_nothing_of_the_system() {
    hold(borders::the_core_asks_nothing_of_the_system);
}

#[test]
fn audio_is_never_picked_out_of_loose_json() {
    hold(borders::audio_is_never_picked_out_of_loose_json);
}

#[test]
fn only_the_port_sends_without_waiting() {
    hold(borders::only_the_port_sends_without_waiting);
}

#[test]
fn files_are_short() {
    hold(shape::files_are_short);
}

#[test]
fn names_say_what_a_thing_is() {
    hold(shape::names_say_what_a_thing_is);
}
