//! `docs/deployment.md`: its commands are run here, or it is said why not.

use std::fs;

use super::desk::{Desk, PROJECT, Told};

const DOCUMENT: &str = "docs/deployment.md";

/// What stands between fences of `sh`, with the line before them.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut lines = text.lines();
    let (mut blocks, mut before) = (Vec::new(), "");
    while let Some(line) = lines.next() {
        if line == "```sh" {
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push((before.to_owned(), body.join("\n")));
        } else if let Some(kind) = line.strip_prefix("```").filter(|kind| !kind.is_empty()) {
            assert!(["yaml", "text"].contains(&kind), "a fence of {kind}");
            lines.by_ref().take_while(|line| *line != "```").for_each(drop);
        }
        before = line;
    }
    blocks
}

#[test]
fn every_command_is_run_by_a_test_or_says_why_not() {
    let text = fs::read_to_string(DOCUMENT).expect("the document");
    let blocks = blocks(&text);

    let strange: Vec<_> = blocks
        .iter()
        .filter(|(before, _)| {
            let why = before.strip_prefix("<!-- not run: ").and_then(|rest| rest.strip_suffix(" -->"));
            before != "<!-- run, in order -->" && why.is_none_or(|why| why.len() < 10)
        })
        .collect();
    assert!(strange.is_empty(), "{strange:#?}");
    assert!(blocks.len() > 8, "hardly a command");
}

#[test]
fn the_commands_that_are_run_bring_a_service_up_in_the_order_they_stand_in() {
    let text = fs::read_to_string(DOCUMENT).expect("the document");
    let desk = Desk::new();
    let run: Vec<String> =
        blocks(&text).into_iter().filter(|(before, _)| before == "<!-- run, in order -->").map(|(_, body)| body).collect();
    assert!(run.len() > 3, "{run:?}");
    desk.commit();

    for block in run {
        let mut bash = desk.command("bash");
        bash.args(["-euo", "pipefail", "-c", &block]).env("CLOUDSDK_CORE_PROJECT", PROJECT);
        let told: Told = bash.output().expect("bash runs").into();

        assert_eq!(told.code, Some(0), "{block}\n{told}");
        desk.kept_silent(&told);
    }

    assert_ne!(desk.state("revisions/serving"), "", "{:?}", desk.commands());
    assert_ne!(desk.state("versions/serving"), "", "{:?}", desk.commands());
}

#[test]
fn the_budget_of_connections_is_the_scripts() {
    let text = fs::read_to_string(DOCUMENT).expect("the document");
    let rows: Vec<Vec<u32>> = text
        .lines()
        .filter_map(|line| {
            line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").map(|cell| cell.replace(',', "").parse().ok()).collect()
        })
        .collect();
    assert!(rows.len() > 3, "{rows:?}");

    for row in rows {
        let [instances, used, wanted] = row.as_slice() else { panic!("{row:?}") };
        let told = Desk::new().script("setup-database.sh", &["--dry-run", "--instances", &instances.to_string()]).succeeded();
        assert!(told.out.contains(&format!("= {used}.\n")) && told.out.contains(&format!("takes {wanted},")), "{row:?} {told}");
    }
}
