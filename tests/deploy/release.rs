//! `scripts/deploy.sh`.

use std::fs;

use super::desk::{Desk, Told, each_command_may_fail};

const SCRIPT: &str = "deploy.sh";
const IMAGE: [&str; 2] = ["--image", "us-docker.pkg.dev/p/r/voice@sha256:c0ffee"];
const PUBLIC: &str = "https://alpha-call-abc123-uc.a.run.app";
const CANARY: &str = "https://canary---alpha-call-abc123-uc.a.run.app";
const CLOUD_RUN: [&str; 3] = ["cloud-run", IMAGE[0], IMAGE[1]];
const APP_ENGINE: [&str; 3] = ["app-engine", IMAGE[0], IMAGE[1]];

/// One version serves at Cloud Run.
fn serving() -> Desk {
    let desk = Desk::set_up();
    desk.script(SCRIPT, &CLOUD_RUN).succeeded();
    desk.forget();
    desk
}

/// One version serves at App Engine.
fn serving_at_app_engine() -> Desk {
    let desk = Desk::set_up();
    desk.script(SCRIPT, &APP_ENGINE).succeeded();
    desk.forget();
    desk
}

fn place(journal: &[String], words: &str) -> usize {
    journal.iter().position(|line| line.contains(words)).unwrap_or_else(|| panic!("no {words}: {journal:#?}"))
}

#[track_caller]
fn in_order(desk: &Desk, steps: &[&str]) {
    let journal = desk.journal();
    let places: Vec<usize> = steps.iter().map(|step| place(&journal, step)).collect();
    assert!(places.is_sorted_by(|a, b| a < b), "{places:?} {journal:#?}");
}

fn domains(files: &[String]) -> Vec<&str> {
    let after = |file: &'_ String| file.find("name: DOMAIN\n").expect("the variable");
    files.iter().map(|file| file[after(file)..].split('"').nth(1).expect("a value")).collect()
}

#[test]
fn the_first_version_is_deployed_twice_since_only_the_first_time_tells_its_address() {
    let desk = Desk::set_up();

    let told = desk.script(SCRIPT, &CLOUD_RUN).succeeded();

    in_order(&desk, &["jobs deploy", "jobs execute", "services replace", "add-iam-policy-binding", "value\\(status.url\\)", PUBLIC]);
    let files = desk.handed("service");
    assert_eq!(domains(&files), ["", "alpha-call-abc123-uc.a.run.app"]);
    for part in [IMAGE[1], "voice-project:us-central1:alpha-call", "key: \"3\"", "value: \"+14155550100\"", "value: alpha_call\n"] {
        assert!(files[1].contains(part), "{part}: {}", files[1]);
    }
    assert!(!files[1].contains('#') && !files[1].contains("network"), "{}", files[1]);
    assert!(told.out.contains("https://alpha-call-abc123-uc.a.run.app/incoming-call"), "{told}");
    desk.kept_silent(&told);
}

#[test]
fn a_domain_of_ones_own_is_told_once_and_kept() {
    let desk = Desk::set_up();

    desk.script(SCRIPT, &["cloud-run", "--domain", "https://voice.example.com/", IMAGE[0], IMAGE[1]]).succeeded();
    desk.script(SCRIPT, &CLOUD_RUN).succeeded();

    assert_eq!(domains(&desk.handed("service")), ["voice.example.com", "voice.example.com"]);
}

#[test]
fn a_new_version_is_asked_before_anybody_is_sent_to_it() {
    let desk = serving();
    let before = desk.state("revisions/serving");

    let told = desk.script(SCRIPT, &CLOUD_RUN).succeeded();

    in_order(
        &desk,
        &["jobs execute", "services replace", CANARY, &format!("{CANARY}/api/session"), "--to-latest", PUBLIC, "--remove-tags=canary"],
    );
    let handed = desk.handed("service");
    let traffic = format!(
        "  traffic:\n    - revisionName: {before}\n      percent: 100\n    - latestRevision: true\n      tag: canary\n      percent: 0\n"
    );
    assert!(handed.last().is_some_and(|file| file.ends_with(&traffic)), "{handed:?}");
    assert_ne!(desk.state("revisions/serving"), before);
    assert!(told.out.contains(&format!("--to-revisions={before}=100")), "the way back: {told}");
}

#[test]
fn nobody_is_sent_to_a_version_that_does_not_answer_and_the_next_one_may_try() {
    let desk = serving();
    let before = desk.state("revisions/serving");
    desk.unwell("canary---");

    let told = desk.script(SCRIPT, &CLOUD_RUN).failed(SCRIPT);

    assert!(told.err.contains(&format!("{before} still serves")) && told.err.contains("FAILED at: ask the new version"), "{told}");
    place(&desk.commands(), "--remove-tags=canary");
    assert_eq!(desk.state("revisions/serving"), before);
    desk.forget();
    desk.script(SCRIPT, &CLOUD_RUN).succeeded();
    assert_ne!(desk.state("revisions/serving"), before);
}

#[test]
fn a_version_that_lets_everybody_in_is_not_well() {
    let desk = serving();
    fs::write(desk.stub("key_required"), "false").expect("a file");

    let told = desk.script(SCRIPT, &CLOUD_RUN).failed(SCRIPT);

    assert!(told.err.contains("/api/session lets everybody in"), "{told}");
}

#[test]
fn all_go_back_if_the_public_address_does_not_answer_afterwards() {
    let desk = serving();
    let before = desk.state("revisions/serving");
    desk.unwell(PUBLIC);

    let told = desk.script(SCRIPT, &CLOUD_RUN).failed(SCRIPT);

    assert!(told.err.contains(&format!("{before} serves again")), "{told}");
    assert_eq!(desk.state("revisions/serving"), before);
}

#[test]
fn at_app_engine_too_a_version_is_asked_first() {
    let desk = serving_at_app_engine();
    let before = desk.state("versions/serving");

    let told = desk.script(SCRIPT, &APP_ENGINE).succeeded();

    in_order(
        &desk,
        &[
            "jobs execute",
            "app deploy",
            "-dot-voice-project.uc.r.appspot.com/health/ready",
            "set-traffic",
            "https://voice-project.uc.r.appspot.com/",
        ],
    );
    assert!(desk.commands()[place(&desk.commands(), "app deploy")].contains("--no-promote"));
    assert_ne!(desk.state("versions/serving"), before);
    let file = desk.handed("app").pop().expect("a file");
    for part in [
        "DOMAIN: \"voice-project.uc.r.appspot.com\"",
        "DB_PASSWORD_SECRET: \"projects/voice-project/secrets/alpha-call-db-password/versions/3\"",
    ] {
        assert!(file.contains(part), "{part}: {file}");
    }
    desk.kept_silent(&told);
}

#[test]
fn at_app_engine_nobody_is_sent_to_a_version_that_does_not_answer() {
    let desk = serving_at_app_engine();
    let before = desk.state("versions/serving");
    desk.unwell("-dot-");

    let told = desk.script(SCRIPT, &APP_ENGINE).failed(SCRIPT);

    assert!(told.err.contains(&format!("{before} still serves")), "{told}");
    place(&desk.commands(), "app versions stop v");
    assert_eq!(desk.state("versions/serving"), before);
}

#[test]
fn without_an_application_at_app_engine_it_is_said_how_to_make_one() {
    let desk = Desk::set_up();
    fs::remove_file(desk.stub("state/app")).expect("the file");

    let told = desk.script(SCRIPT, &APP_ENGINE).failed(SCRIPT);

    assert!(told.err.contains("gcloud app create"), "{told}");
}

#[test]
fn an_image_is_built_once_for_a_commit() {
    let desk = Desk::set_up();
    desk.commit();

    desk.script(SCRIPT, &["cloud-run"]).succeeded();
    let built = |desk: &Desk| desk.commands().iter().filter(|command| command.contains("builds submit")).count();
    assert_eq!(built(&desk), 1);
    desk.script(SCRIPT, &["cloud-run"]).succeeded();

    assert_eq!(built(&desk), 1, "built again, though nothing changed");
    assert!(desk.handed("service").iter().all(|file| file.contains("/alpha-call@sha256:c0ffee\n")), "by its digest");
}

#[test]
fn a_secret_without_a_version_is_named_before_anything_changes() {
    let desk = Desk::set_up();
    fs::remove_file(desk.stub("state/secret_values/alpha-call-openai-api-key")).expect("the secret");

    let told = desk.script(SCRIPT, &CLOUD_RUN).failed(SCRIPT);

    assert!(told.err.contains("put OPENAI_API_KEY into .env and run scripts/setup-database.sh"), "{told}");
    assert!(!desk.commands().iter().any(|command| command.contains("deploy")), "{:?}", desk.commands());
}

#[test]
fn before_the_set_up_it_is_said_what_comes_first() {
    let desk = Desk::new();

    let told = desk.script(SCRIPT, &CLOUD_RUN).failed(SCRIPT);

    assert!(told.err.contains("scripts/setup-database.sh writes .env.database"), "{told}");
}

#[test]
fn in_a_private_network_instances_and_job_are_in_it() {
    let desk = Desk::set_up();

    desk.script(SCRIPT, &["cloud-run", "--network", "office", IMAGE[0], IMAGE[1]]).succeeded();
    desk.script(SCRIPT, &["app-engine", "--network", "office", IMAGE[0], IMAGE[1]]).succeeded();

    assert!(desk.handed("service")[0].contains("'[{\"network\":\"office\",\"subnetwork\":\"office\"}]'"));
    assert!(desk.handed("app")[0].contains("\n  name: office\n"));
    assert!(desk.commands()[place(&desk.commands(), "jobs deploy")].contains("--network=office"));
}

#[test]
fn a_dry_run_changes_nothing() {
    for target in ["cloud-run", "app-engine"] {
        let desk = Desk::new();

        let told = desk.script(SCRIPT, &[target, IMAGE[0], IMAGE[1], "--dry-run"]).succeeded();

        assert_eq!(desk.journal(), [""; 0]);
        assert!(told.out.contains("gcloud run jobs execute alpha-call-migrate"), "{told}");
    }
}

#[test]
fn without_a_place_and_without_a_keyboard_it_is_asked_for_one() {
    let desk = Desk::new();

    let told: Told = desk.script(SCRIPT, &[]);

    assert_eq!(told.code, Some(2), "{told}");
    assert!(told.err.contains("cloud-run or app-engine"), "{told}");
}

#[test]
fn any_command_of_a_first_deploy_may_fail() {
    each_command_may_fail(Desk::set_up, SCRIPT, &CLOUD_RUN);
}

#[test]
fn any_command_of_a_later_deploy_may_fail() {
    each_command_may_fail(serving, SCRIPT, &CLOUD_RUN);
}

#[test]
fn any_command_of_a_deploy_to_app_engine_may_fail() {
    each_command_may_fail(serving_at_app_engine, SCRIPT, &APP_ENGINE);
}
