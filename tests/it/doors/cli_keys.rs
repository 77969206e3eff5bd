//! `alpha-call keys`, as a shell sees it.

use serde_json::Value;

use super::process::{Shell, Told};

fn migrated() -> Shell {
    let shell = Shell::new().with("DATABASE_URL", "sqlite://calls.db?mode=rwc");
    assert_eq!(shell.run(&["db", "migrate"]).code, Some(0));
    shell
}

impl Shell {
    /// The words after `keys`, divided by blanks.
    fn keys(&self, words: &str) -> Told {
        self.run(&["keys"].into_iter().chain(words.split(' ')).collect::<Vec<_>>())
    }

    fn listed_keys(&self) -> Vec<Value> {
        let told = self.keys("list -o json");
        assert_eq!(told.code, Some(0), "{told}");
        serde_json::from_str(&told.out).expect("an array")
    }
}

#[test]
fn a_key_is_shown_once_listed_and_revoked() {
    let shell = migrated();

    let made = shell.keys("create --name crm --scope calls:read calls:create --expires 30 --max-day-usd 12.5");
    let key = made.out.trim();
    let parts: Vec<&str> = key.splitn(3, '_').collect();
    let [prefix, id, secret] = parts.as_slice() else { panic!("no key: {made}") };
    assert_eq!((made.code, *prefix, secret.len(), made.out.lines().count()), (Some(0), "ak", 43, 1), "{made}");
    assert!(made.err.contains("shown this once") && made.err.contains(id) && !made.err.contains(secret), "{made}");
    let other = shell.keys("create --name ops --scope admin --quiet");
    assert!(other.err.is_empty() && other.out != made.out, "{other}");

    let table = shell.keys("list");
    assert!(table.out.contains("calls:create calls:read") && !table.out.contains(secret), "{table}");
    let keys = shell.listed_keys();
    let [ops, crm] = keys.as_slice() else { panic!("two keys: {keys:?}") };
    assert_eq!((&ops["name"], &ops["scopes"], &ops["expires_at"]), (&"ops".into(), &"admin".into(), &Value::Null));
    assert_eq!((&crm["id"], &crm["state"], &crm["last_used_at"]), (&(*id).into(), &"active".into(), &Value::Null));
    assert!(crm["expires_at"].is_string(), "{crm}");
    assert_eq!((&crm["max_day_usd"], &ops["max_day_usd"]), (&12.5.into(), &Value::Null));

    let revoked = shell.keys(&format!("revoke {id}"));
    assert!(revoked.code == Some(0) && revoked.out.contains("is revoked since"), "{revoked}");
    assert_eq!(shell.keys(&format!("revoke {key}")).out, revoked.out, "the first time stands, also for a whole key");
    assert_eq!(shell.listed_keys().last().expect("a key")["state"], "revoked");
}

#[test]
fn the_secret_of_a_key_is_nowhere_in_the_database() {
    let shell = migrated();

    let key = shell.keys("create --name crm --scope calls:read").out;
    let secret = key.trim().splitn(3, '_').last().expect("a secret").as_bytes().to_owned();

    for name in shell.files() {
        let bytes = std::fs::read(shell.folder().join(&name)).expect("a file");
        assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{name} holds it");
    }
}

#[test]
fn what_is_told_wrong_is_told_right_and_a_key_is_not_repeated() {
    let shell = migrated();
    let forged = format!("ak_ABCDEFGH_{}", "s".repeat(43));

    for (words, way_out) in [
        ("create --name crm", "--scope <SCOPE>"),
        ("create --name crm --scope calls", "transcripts:read or admin"),
        ("create --scope admin", "--name <NAME>"),
        ("create --name crm --scope admin --expires 0", "1..=3650"),
        ("create --name crm --scope admin --max-day-usd 0", "0.01 to 1000000"),
        ("create --name crm --scope admin --max-day-usd nan", "0.01 to 1000000"),
        (&format!("create --name {} --scope admin", "x".repeat(101)), "100 characters"),
        ("revoke 1", "alpha-call keys list"),
        (&format!("revoke {forged}"), "alpha-call keys list"),
    ] {
        let told = shell.keys(words);
        assert_eq!((told.code, told.out.as_str()), (Some(2), ""), "{words}: {told}");
        assert!(told.err.contains(way_out) && !told.err.contains(&forged), "{words}: {told}");
    }
    let unknown = shell.keys("revoke aaaaaaaa");
    assert!(unknown.code == Some(1) && unknown.err.contains("alpha-call keys list"), "{unknown}");
    assert_eq!(shell.listed_keys(), [Value::Null; 0]);
    let told = Shell::new().with("DATABASE_URL", "sqlite://calls.db?mode=rwc").keys("list");
    assert!(told.code == Some(1) && told.err.contains("alpha-call db migrate"), "{told}");
}

#[test]
fn the_help_of_every_verb_fits_a_terminal_and_has_an_example() {
    let shell = Shell::new();

    for words in ["--help", "create --help", "list --help", "revoke --help"] {
        let help = shell.keys(words).out;

        assert!(help.contains("Example") || help.contains("Exit codes"), "{words}: {help}");
        assert_eq!(help.lines().filter(|line| !line.starts_with("Usage: ")).find(|line| line.chars().count() > 100), None, "{words}");
    }
}
