//! `scripts/setup-database.sh`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::desk::{Desk, each_command_may_fail};

const SCRIPT: &str = "setup-database.sh";

fn place(commands: &[String], words: &str) -> usize {
    commands.iter().position(|command| command.contains(words)).unwrap_or_else(|| panic!("never asked for {words}: {commands:#?}"))
}

#[test]
fn a_first_run_makes_everything_and_writes_the_connection_down_for_nobody_else() {
    let desk = Desk::new();

    let told = desk.script(SCRIPT, &[]).succeeded();

    let commands = desk.commands();
    let made =
        ["services enable", "service-accounts create", "repositories create", "sql instances create", "databases create", "users create"];
    assert!(made.map(|words| place(&commands, words)).is_sorted(), "{commands:#?}");
    let password = desk.state("secret_values/alpha-call-db-password");
    assert_eq!(password.len(), 40, "{password}");
    let file = desk.repository().join(".env.database");
    let expected = format!(
        "GOOGLE_CLOUD_SQL_CONNECTION_NAME='voice-project:us-central1:alpha-call'\nDB_USER='alpha_call'\nDB_PASSWORD='{password}'\nDB_NAME='alpha_call'\n"
    );
    assert_eq!(fs::read_to_string(&file).expect("the file"), expected);
    assert_eq!(fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o600);
    assert_eq!(desk.state("secret_values/alpha-call-twilio-auth-token"), "hush-token", "without its quotes and its comment");
    assert!(told.out.contains("= 120.\n") && told.out.contains("takes 150"), "the budget: {told}");
    desk.kept_silent(&told);
}

#[test]
fn the_connection_that_is_written_down_is_one_that_the_configuration_takes() {
    let desk = Desk::set_up();
    let env = dotenvy::from_path_iter(desk.repository().join(".env.database")).expect("the file");
    let env = env.collect::<Result<_, _>>().expect("variables");
    let options = alpha_call::config::LoadOptions { scope: alpha_call::config::Scope::Database, ..Default::default() };

    let loaded = alpha_call::config::load(&env, &options).expect("a configuration");

    let url = loaded.config.database.url.redacted();
    assert_eq!(url, "postgres://alpha_call:***@localhost/alpha_call?host=%2Fcloudsql%2Fvoice-project%3Aus-central1%3Aalpha-call");
}

#[test]
fn a_second_run_makes_nothing_and_keeps_the_password() {
    let desk = Desk::set_up();
    let before = fs::read_to_string(desk.repository().join(".env.database")).expect("the file");

    desk.script(SCRIPT, &[]).succeeded();

    let made: Vec<String> = desk
        .commands()
        .into_iter()
        .filter(|command| [" create ", "versions add ", "set-password "].iter().any(|word| command.contains(word)))
        .collect();
    assert_eq!(made, [""; 0]);
    assert_eq!(fs::read_to_string(desk.repository().join(".env.database")).expect("the file"), before);
}

#[test]
fn a_user_that_was_there_before_its_secret_gets_the_password_that_is_written_down() {
    let desk = Desk::new();
    fs::create_dir_all(desk.stub("state/sql_users")).expect("a folder");
    fs::write(desk.stub("state/sql_users/alpha_call"), "").expect("a file");

    let told = desk.script(SCRIPT, &[]).succeeded();

    place(&desk.commands(), "sql users set-password alpha_call");
    desk.kept_silent(&told);
}

#[test]
fn keys_that_are_not_known_yet_are_named_and_taken_in_later() {
    let desk = Desk::new();
    let dotenv = desk.repository().join(".env");
    let complete = fs::read_to_string(&dotenv).expect("the file");
    fs::remove_file(&dotenv).expect("the file");

    let told = desk.script(SCRIPT, &[]).succeeded();
    assert!(told.out.contains("Not known yet: OPENAI_API_KEY TWILIO_ACCOUNT_SID TWILIO_AUTH_TOKEN."), "{told}");

    fs::write(&dotenv, complete).expect("the file");
    let told = desk.script(SCRIPT, &[]).succeeded();
    assert!(!told.out.contains("Not known yet"), "{told}");
    assert_eq!(desk.state("secret_values/alpha-call-openai-api-key"), "sk-hush-openai");
}

#[test]
fn in_a_private_network_the_database_has_no_public_address() {
    let desk = Desk::new();

    desk.script(SCRIPT, &["--network", "office", "--high-availability", "--instances", "20"]).succeeded();

    let commands = desk.commands();
    let create = &commands[place(&commands, "sql instances create")];
    for word in
        ["--no-assign-ip", "--network=projects/voice-project/global/networks/office", "--availability-type=REGIONAL", "max_connections=563"]
    {
        assert!(create.contains(word), "{word}: {create}");
    }
    assert!(place(&commands, "vpc-peerings connect") < place(&commands, "sql instances create"), "{commands:#?}");
}

#[test]
fn a_dry_run_changes_nothing_and_shows_what_would_be() {
    let desk = Desk::new();

    let told = desk.script(SCRIPT, &["--dry-run"]).succeeded();

    assert_eq!(desk.commands(), [""; 0]);
    assert!(!desk.repository().join(".env.database").exists());
    for words in ["gcloud sql instances create alpha-call ", "gcloud sql users create alpha_call ", "gcloud secrets versions add "] {
        assert!(told.out.contains(words), "{words}: {told}");
    }
    desk.kept_silent(&told);
}

#[test]
fn any_command_may_fail_and_the_same_again_goes_on() {
    each_command_may_fail(Desk::new, SCRIPT, &[]);
}

#[test]
fn what_cannot_be_told_from_nothing_is_not_made_a_second_time() {
    let desk = Desk::new();
    let create = {
        let complete = Desk::new();
        complete.script(SCRIPT, &[]).succeeded();
        place(&complete.commands(), "sql instances describe") + 1
    };
    desk.fail_at(create);

    let told = desk.script(SCRIPT, &[]).failed(SCRIPT);

    assert!(told.err.contains("cannot tell whether it is there"), "{told}");
    assert!(!desk.commands().iter().any(|command| command.contains("sql instances create")), "made, though it may be there");
}

#[test]
fn wrong_words_are_wrong_usage_and_nothing_is_asked() {
    for words in [&["--teir", "x"][..], &["--instances", "many"], &["--name", "Übung"], &["--tier"]] {
        let desk = Desk::new();
        let mut command = desk.command("bash");
        let told: super::desk::Told = command.arg("scripts/setup-database.sh").args(words).output().expect("bash runs").into();

        assert_eq!(told.code, Some(2), "{told}");
        assert!(told.err.contains("--help tells more"), "{told}");
        assert_eq!(desk.commands(), [""; 0]);
    }
}
