//! The files that platforms read say what the program understands.

use std::fs;

use alpha_call::config::names::{NAMES, PREFIX};

fn text(file: &str) -> String {
    fs::read_to_string(file).expect(file)
}

/// After these words, to the end of the line, wherever they stand at a line's beginning.
fn after<'a>(text: &'a str, words: &str) -> Vec<&'a str> {
    text.lines().filter_map(|line| line.trim_start().strip_prefix(words)).map(|rest| rest.trim().trim_matches('"')).collect()
}

/// The variables that a file sets, by the names it has for them.
fn variables(file: &str) -> Vec<String> {
    let text = text(file);
    let is_variable =
        |word: &&str| word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    let named = after(&text, "- name: ");
    let keys = text.lines().filter_map(|line| line.trim_start().split_once(": ").map(|(key, _)| key));
    named.into_iter().chain(keys).filter(is_variable).map(str::to_owned).collect()
}

#[test]
fn every_variable_that_a_file_sets_is_one_that_is_read() {
    for file in ["app.yaml", "deploy/service.yaml", "compose.yaml", "deploy/kubernetes/deployment.yaml"] {
        let set = variables(file);
        assert!(set.len() > 2, "{file}: {set:?}");
        // The image of PostgreSQL has its own.
        let strange: Vec<&String> = set.iter().filter(|name| !name.starts_with("POSTGRES_") && !is_read(name)).collect();
        assert!(strange.is_empty(), "{file}: nobody reads {strange:?}");
    }
}

fn is_read(name: &str) -> bool {
    let is_secret = |suffix: &str| NAMES.iter().any(|known| known.secret && name.strip_suffix(suffix) == Some(known.variable));
    name.starts_with(PREFIX) || NAMES.iter().any(|known| known.variable == name) || is_secret("_FILE") || is_secret("_SECRET")
}

#[test]
fn no_file_holds_a_secret() {
    for file in ["app.yaml", "deploy/service.yaml", "compose.yaml", "deploy/kubernetes/deployment.yaml"] {
        let text = text(file);
        for name in NAMES.iter().filter(|name| name.secret) {
            let told = after(&text, &format!("{}: ", name.variable));
            assert!(told.iter().all(|value| value.contains("${")), "{file}: {} {told:?}", name.variable);
        }
    }
}

#[test]
fn the_image_is_built_by_the_compiler_that_the_repository_names() {
    let channel = text("rust-toolchain.toml");
    let version = after(&channel, "channel = ")[0].rsplit_once('.').expect("three numbers").0.to_owned();
    let dockerfile = text("Dockerfile");

    assert!(dockerfile.contains(&format!("FROM docker.io/library/rust:{version}-bookworm AS build\n")), "{version}");
    for line in ["FROM gcr.io/distroless/cc-debian12:nonroot", "USER 65532:65532", "ENTRYPOINT [\"/alpha-call\"]"] {
        assert!(dockerfile.lines().any(|written| written == line), "{line}");
    }
    for bench in ["logger", "reading"] {
        assert!(dockerfile.contains(&format!("benches/{bench}.rs")), "cargo looks for every bench of Cargo.toml");
    }
}

#[test]
fn what_platforms_ask_for_is_what_the_document_says_of_them() {
    let (cloud_run, app_engine, kubernetes) = (text("deploy/service.yaml"), text("app.yaml"), text("deploy/kubernetes/deployment.yaml"));

    assert_eq!(after(&cloud_run, "path: "), ["/health/live"; 2], "Cloud Run restarts whom it asks in vain");
    assert_eq!(after(&app_engine, "path: "), ["/health/live", "/health/ready?for=balancer"]);
    assert_eq!(after(&kubernetes, "path: "), ["/health/live", "/health/live", "/health/ready?for=balancer"]);
    let drain = kubernetes.split("- name: DRAIN_SECONDS\n").nth(1).and_then(|rest| after(rest, "value: ").first().copied());
    let drain: u32 = drain.and_then(|drain| drain.parse().ok()).expect("a number");
    let grace: u32 = after(&kubernetes, "terminationGracePeriodSeconds: ")[0].parse().expect("a number");
    assert!(grace >= drain + 10, "{grace} s are too short for a drain of {drain} s");
}
