//! `alpha-call dnc` and `alpha-call consent`, as a shell sees them.

use super::process::{Shell, Told};

const ANN: &str = "+14155550142";
const BOB: &str = "+14155550143";

fn migrated() -> Shell {
    let shell = Shell::new().with("DATABASE_URL", "sqlite://calls.db?mode=rwc").with("ALLOW_ALL_US_CANADA", "true").with("USER", "carol");
    assert_eq!(shell.run(&["db", "migrate"]).code, Some(0));
    shell
}

impl Shell {
    /// The words divided by blanks.
    fn lists(&self, words: &str) -> Told {
        self.run(&words.split(' ').collect::<Vec<_>>())
    }

    fn listed(&self, words: &str) -> String {
        let told = self.lists(words);
        assert_eq!(told.code, Some(0), "{words}: {told}");
        told.out
    }
}

#[test]
fn a_number_is_put_on_the_list_found_there_and_taken_off() {
    let shell = migrated();

    assert_eq!(shell.listed(&format!("dnc add {ANN} {BOB}")), format!("{ANN} is on the list now\n{BOB} is on the list now\n"));
    assert_eq!(shell.listed(&format!("dnc add {ANN}")), format!("{ANN} was on the list already\n"));
    let list: serde_json::Value = serde_json::from_str(&shell.listed(&format!("dnc list --number {ANN} -o json"))).expect("json");
    assert_eq!((list.as_array().map(Vec::len), &list[0]["source"], &list[0]["by"]), (Some(1), &"operator".into(), &"carol".into()));
    let refused = shell.lists(&format!("dnc check {ANN} --at 2026-11-23T20:00:00Z"));
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.out.contains("would be refused: do-not-call"), "{refused}");
    shell.listed(&format!("dnc remove {ANN} --by dave --reason back"));
    let told = shell.listed(&format!("dnc check {ANN} --at 2026-11-23T20:00:00Z"));
    assert!(told.contains("it could be called") && told.contains("by dave: back"), "{told}");
    assert_eq!(shell.lists(&format!("dnc remove {ANN}")).code, Some(1));
}

#[test]
fn the_clock_of_the_callee_is_told() {
    let shell = migrated();

    let night = shell.lists(&format!("dnc check {ANN} --at 2026-11-23T15:30:00Z"));
    assert_eq!(night.code, Some(1), "{night}");
    for word in ["America/Los_Angeles  2026-11-23 07:30", "quiet-hours", "it could be called from 2026-11-23T16:00:00Z on"] {
        assert!(night.out.contains(word), "{word}: {night}");
    }
    assert!(night.out.lines().all(|line| line.chars().count() <= 100), "{night}");
    shell.listed(&format!("dnc check {ANN} --at 2026-11-23T15:30:00Z --time-zone America/New_York"));
    let stored: serde_json::Value =
        serde_json::from_str(&shell.lists(&format!("dnc check {ANN} --at 2026-11-23T15:30:00Z --json")).out).expect("json");
    assert_eq!((&stored["refusal"], &stored["until"]), (&"quiet-hours".into(), &"2026-11-23T16:00:00Z".into()));
}

#[test]
fn a_file_is_imported_twice_and_its_bad_lines_are_told() {
    let shell = migrated();
    std::fs::write(shell.folder().join("list.csv"), format!("number\n{ANN}\n555\n{BOB}\n")).expect("written");

    let told = shell.lists("dnc import list.csv");
    assert_eq!((told.code, told.out.as_str()), (Some(1), "2 numbers added, 0 on the list already, 1 lines without a number\n"), "{told}");
    assert!(told.err.contains("line 3: not a phone number"), "{told}");
    std::fs::write(shell.folder().join("list.csv"), format!("{ANN}\n{BOB}\n")).expect("written");
    assert_eq!(shell.listed("dnc import list.csv"), "0 numbers added, 2 on the list already, 0 lines without a number\n");
    assert!(shell.listed("dnc list -o csv --limit 1").starts_with("phone_number,since,source,by,note,call\n"));
}

#[test]
fn a_consent_is_given_and_taken_back() {
    let shell = migrated().with("APP__COMPLIANCE__REQUIRE_CONSENT", "true");
    let check = || shell.lists(&format!("dnc check {ANN} --at 2026-11-23T20:00:00Z"));
    assert!(check().out.contains("would be refused: no-consent"), "{}", check());

    let id = shell.listed(&format!("consent add {ANN} --basis written --text-version 3 --source form --at 2026-11-22"));
    let told = check();
    assert_eq!(told.code, Some(0), "{told}");
    assert!(told.out.contains("written, text 3, given 2026-11-22T00:00:00Z (form)"), "{told}");
    assert_eq!(shell.listed(&format!("consent revoke {ANN}")), "revoked\n");
    assert!(check().out.contains("would be refused: no-consent"), "{}", check());
    shell.listed(&format!("consent revoke {}", id.trim()));
    assert_eq!(shell.lists(&format!("consent revoke {ANN}")).code, Some(1), "none stands");
    let list: serde_json::Value = serde_json::from_str(&shell.listed("consent list -o json")).expect("json");
    assert_eq!((&list[0]["phone_number"], &list[0]["revoked_by"]), (&ANN.into(), &"carol".into()));
}

#[test]
fn what_is_told_wrong_is_told_right_and_a_database_without_lists_says_what_to_do() {
    let shell = Shell::new().with("DATABASE_URL", "sqlite://calls.db?mode=rwc");

    for (words, way_out) in [
        ("dnc add 555", "E.164"),
        ("dnc check +14155550142 --time-zone Mars", "America/New_York"),
        ("consent add +14155550142", "--basis <WORD>"),
        ("dnc list --limit 0", "1..=1000000"),
    ] {
        let told = shell.lists(words);
        assert_eq!((told.code, told.out.as_str()), (Some(2), ""), "{words}: {told}");
        assert!(told.err.contains(way_out), "{words}: {told}");
    }
    let told = shell.lists("dnc list");
    assert!(told.code == Some(1) && told.err.contains("alpha-call db migrate"), "{told}");
    assert_eq!(shell.files(), [""; 0]);
}

#[test]
fn the_help_of_every_verb_fits_a_terminal_and_has_an_example() {
    let shell = Shell::new();

    for words in
        ["dnc", "dnc add", "dnc remove", "dnc import", "dnc list", "dnc check", "consent", "consent add", "consent revoke", "consent list"]
    {
        let help = shell.listed(&format!("{words} --help"));

        assert!(help.contains("Example") || help.contains("Exit codes"), "{words}: {help}");
        assert_eq!(help.lines().filter(|line| !line.starts_with("Usage: ")).find(|line| line.chars().count() > 100), None, "{words}");
    }
}
