//! What the documents say of the tests, and of the API, is so.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test ends by panicking")]

#[path = "documents/api.rs"]
mod api;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use alpha_call::metrics::{self, Metric};

/// Every function of our sources and tests, and every module.
fn names(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        found.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        if path.is_dir() {
            names(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).expect("a file");
            let functions = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
            found.extend(functions.map(str::to_owned));
        }
    }
}

/// `a::b::c` in backticks.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let is_path = |word: &&str| {
        word.contains("::")
            && !word.ends_with(':')
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:".contains(c))
    };
    text.split('`').skip(1).step_by(2).filter(is_path)
}

#[test]
fn every_metric_is_in_the_document_as_the_code_has_it() {
    let row = |metric: &Metric| {
        let labels = metric.labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(" ");
        format!("| `{}` | {} | {labels} | {} |\n", metric.name, metric.kind.as_str(), metric.meaning)
    };
    let table: String = metrics::ALL.iter().map(row).collect();

    let text = fs::read_to_string("docs/operations.md").expect("the document");

    let told: String = text.lines().filter(|line| line.starts_with("| `alpha_call_")).map(|line| format!("{line}\n")).collect();
    assert!(told == table, "it should have\n{table}");
}

#[test]
fn every_fault_has_its_row_and_every_test_that_is_named_is_there() {
    let text = fs::read_to_string("docs/operations.md").expect("the document");
    let rows: Vec<u32> = text.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok()).collect();
    assert_eq!(rows, (1..=60).collect::<Vec<_>>());

    let mut known = BTreeSet::new();
    ["src", "tests"].map(Path::new).into_iter().for_each(|folder| names(folder, &mut known));
    let missing: Vec<&str> = paths(&text).filter(|path| !path.split("::").all(|part| known.contains(part))).collect();

    assert_eq!(missing, [""; 0]);
    assert!(paths(&text).count() > 60, "hardly a test is named");
}
