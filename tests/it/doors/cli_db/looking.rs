use std::net::{Ipv4Addr, TcpListener};

use super::super::process::Shell;
use super::{at, on_each, on_postgres, steps};

#[test]
fn the_help_of_every_verb_fits_a_terminal_and_says_how_it_ends_or_how_it_is_used() {
    let shell = Shell::new();

    let overview = shell.done("--help").out;
    let commands = overview.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let verbs: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).filter(|verb| *verb != "help").collect();
    assert!(["migrate", "rollback", "fresh", "status", "create-migration", "test", "analytics"].iter().all(|verb| verbs.contains(verb)));

    for verb in verbs {
        let help = shell.done(&format!("{verb} --help")).out;
        assert!(["Example", "Exit codes", "--yes"].iter().any(|word| help.contains(word)), "{help}");
        let long = help.lines().chain(overview.lines()).find(|line| line.chars().count() > 100);
        assert_eq!(long, None, "{help}");
    }
}

#[test]
fn what_is_told_wrong_is_told_right() {
    let shell = Shell::new();

    for (words, way_out) in [
        ("stat", "'status'"),
        ("rollback --steps 0", "1..=1000"),
        ("analytics --from yesterday", "2026-11-22T09:30:00Z"),
        ("analytics --from 2026-11-22 --days 3", "cannot be used with"),
        ("analytics --interval week", "hour, day, month"),
        ("status -o xml", "table, json, csv"),
        ("create-migration", "--message <TEXT>"),
    ] {
        let told = shell.db(words);
        assert_eq!((told.code, told.out.as_str()), (Some(2), ""), "{words}: {told}");
        assert!(told.err.contains(way_out), "{words}: {told}");
    }
    assert_eq!(shell.files(), [""; 0]);
}

#[test]
fn a_mistake_in_the_database_ends_with_78_and_one_elsewhere_does_not_matter() {
    let told = Shell::new().with("DATABASE_URL", "mysql://ann:hush@host/calls").db("status");
    assert_eq!(told.code, Some(78), "{told}");
    assert!(told.err.contains("DATABASE_URL") && !told.err.contains("hush"), "{told}");

    Shell::new().with("PORT", "seventy").with("MAX_CONCURRENT_CALLS", "0").done("migrate");
}

#[tokio::test]
async fn a_file_of_settings_may_name_the_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, settings) = (folder.path().join("calls.db"), folder.path().join("my.toml"));
    std::fs::write(&settings, format!("[database]\nurl = \"sqlite://{}?mode=rwc\"\n", file.display())).expect("written");

    for words in [format!("--config {} migrate", settings.display()), format!("test --config {}", settings.display())] {
        let told = Shell::new().done(&words);
        assert!(told.out.contains(&file.display().to_string()), "{told}");
    }
    assert!(file.exists());
}

#[tokio::test]
async fn a_database_that_is_well_passes_every_check() {
    on_each(async |shell| {
        shell.done("migrate");

        let told = shell.done("test");

        for name in ["database", "connection", "version", "schema", "round trip", "pool"] {
            assert!(told.out.lines().any(|line| line.starts_with("  ok      ") && line.contains(name)), "{name}: {told}");
        }
        assert!(told.out.contains("DATABASE_URL") && told.out.ends_with("\nthe database is well\n"), "{told}");
        assert!(told.out.lines().all(|line| line.chars().count() <= 100), "{told}");
        assert!(!told.out.contains('\u{1b}'), "colours for nobody: {told}");
    })
    .await;
}

#[tokio::test]
async fn a_schema_that_is_behind_is_a_failure_with_its_way_out() {
    on_each(async |shell| {
        shell.done("migrate");
        shell.done("rollback --yes");

        let told = shell.db("test");

        assert_eq!(told.code, Some(1), "{told}");
        assert!(
            told.out.contains(&format!("1 of {} steps pending", steps().len())) && told.out.contains("-> run `alpha-call db migrate`"),
            "{told}"
        );
        shell.done(&format!("rollback --yes --steps {}", steps().len() - 1));
        let told = shell.db("analytics");
        assert_eq!(told.code, Some(1), "{told}");
        assert!(told.err.contains("the schema is not up to date: run `alpha-call db migrate`"), "{told}");
    })
    .await;
}

#[test]
fn without_a_database_url_it_says_which_file_is_used() {
    let shell = Shell::new().with("DB_PASSWORD", "hush");
    shell.done("migrate");

    let told = shell.done("test");

    assert!(told.out.contains("data/alpha-call.db (DATABASE_URL is not set)"), "{told}");
    assert!(told.out.contains("DB_PASSWORD is not used"), "{told}");
    assert!(!told.to_string().contains("hush"), "{told}");
}

#[test]
fn a_server_that_is_not_there_is_told_with_its_address_and_without_the_password() {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr()).expect("a port").port();
    let shell = Shell::new().with("DATABASE_URL", &format!("postgres://ann:hush@127.0.0.1:{port}/calls"));

    for words in ["test", "status", "migrate"] {
        let told = shell.db(words);
        assert_eq!(told.code, Some(1), "{told}");
        assert!(told.to_string().contains(&format!("nothing listens at 127.0.0.1:{port}")), "{told}");
        assert!(!told.to_string().contains("hush"), "{told}");
    }
}

#[test]
fn a_socket_of_cloud_sql_that_is_missing_is_told_with_both_ways_to_it() {
    let told = Shell::new().with("GOOGLE_CLOUD_SQL_CONNECTION_NAME", "p:r:i").with("DB_PASSWORD", "hush").db("test");

    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.out.contains("--add-cloudsql-instances=p:r:i") && told.out.contains("cloud-sql-proxy"), "{told}");
}

#[test]
fn a_file_that_is_no_database_is_said_to_be_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("letter.txt");
    std::fs::write(&file, "Dear database,\n".repeat(100)).expect("written");

    let told = Shell::new().with("DATABASE_URL", &format!("sqlite://{}", file.display())).db("migrate");

    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.err.contains("is no SQLite database"), "{told}");
    assert!(std::fs::read_to_string(&file).expect("still there").starts_with("Dear database"));
}

#[tokio::test]
async fn a_database_that_is_missing_is_told_with_the_command_that_makes_it() {
    on_postgres(async |url| {
        let told = Shell::new().with("DATABASE_URL", &at(url, "never_made")).db("test");

        assert_eq!(told.code, Some(1), "{told}");
        // A long path to the server is wrapped.
        let out = told.out.split_whitespace().collect::<Vec<_>>().join(" ");
        let (_, command) = out.split_once("-> make it: createdb -h ").unwrap_or_else(|| panic!("no command: {told}"));
        assert!(command.contains(" -U postgres never_made"), "{told}");
    })
    .await;
}

#[tokio::test]
async fn figures_are_a_table_an_object_or_lines_with_commas() {
    on_each(async |shell| {
        shell.done("migrate");

        let wrong = shell.db("analytics --from 2026-11-22 --to 2026-11-22");
        assert_eq!(wrong.code, Some(2), "{wrong}");
        assert!(wrong.err.contains("--from has to be before --to"), "{wrong}");
        let table = shell.done("analytics --days 30 --assistant sales --interval month");
        assert!(table.out.lines().any(|line| line.trim_start().starts_with("total calls") && line.ends_with('0')), "{table}");
        let json: serde_json::Value = serde_json::from_str(&shell.done("analytics -o json").out).expect("json");
        assert_eq!(json["total_calls"], 0);
        let csv = shell.done("analytics -o csv --from 2026-11-22").out;
        assert!(csv.starts_with("figure,value\ntotal_calls,0\n"), "{csv}");
    })
    .await;
}
