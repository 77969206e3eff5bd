use super::super::process::Shell;
use super::{on_each, steps};

#[tokio::test]
async fn migrate_names_each_step_and_then_has_nothing_to_do() {
    on_each(async |shell| {
        let told = shell.done("migrate");

        let (steps, count) = (steps(), steps().len());
        assert!(told.out.starts_with(&format!("{count} steps to apply to ")) && told.out.ends_with("the schema is up to date\n"), "{told}");
        let applied: Vec<&str> =
            told.out.lines().filter(|line| line.ends_with(" ms")).filter_map(|line| line.split_whitespace().nth(1)).collect();
        assert_eq!(applied, steps, "{told}");
        assert_eq!(told.err, "", "{told}");
        let again = shell.done("migrate");
        assert!(again.out.starts_with(&format!("nothing to do: {count} steps are applied to ")), "{again}");
    })
    .await;
}

#[tokio::test]
async fn status_ends_with_1_as_long_as_a_step_is_pending() {
    on_each(async |shell| {
        shell.done("migrate");
        assert_eq!(shell.pending(), 0);
        shell.done("status");

        shell.done("rollback --yes");

        let told = shell.db("status");
        assert_eq!(told.code, Some(1), "{told}");
        assert!(told.out.contains("pending") && told.err.contains("1 step is pending: run `alpha-call db migrate`"), "{told}");
        let csv = shell.db("status -o csv -q");
        assert!(csv.out.starts_with("step,state,applied_at\nm20261122_000001_calls,applied,20"), "{csv}");
        assert_eq!((csv.code, csv.err.as_str()), (Some(1), ""), "{csv}");
    })
    .await;
}

#[tokio::test]
async fn rollback_asks_first_and_undoes_as_many_steps_as_it_is_told() {
    on_each(async |shell| {
        shell.done("migrate");

        let asked = shell.db("rollback");
        assert_eq!(asked.code, Some(2), "{asked}");
        assert!(asked.err.contains("add --yes"), "{asked}");
        assert_eq!(shell.pending(), 0);

        let told = shell.done(&format!("rollback --steps {} --yes", steps().len()));
        let undone: Vec<&str> = told.out.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
        assert_eq!(undone, steps().into_iter().rev().collect::<Vec<_>>(), "{told}");
        assert_eq!(shell.pending(), steps().len());

        let told = shell.db("rollback --yes");
        assert_eq!(told.code, Some(2), "{told}");
        assert!(told.err.contains("there is nothing to undo"), "{told}");
    })
    .await;
}

#[tokio::test]
async fn production_goes_forward_and_never_afresh() {
    on_each(async |shell| {
        shell.done("migrate");
        let production = shell.as_production();

        let told = production.db("rollback --yes");
        assert_eq!(told.code, Some(1), "{told}");
        assert!(told.err.contains("--force"), "{told}");
        for words in ["fresh", "fresh --yes"] {
            let told = production.db(words);
            assert_eq!(told.code, Some(1), "{told}");
            assert!(told.err.contains("never in production"), "{told}");
        }
        assert_eq!(shell.pending(), 0);

        production.done("rollback --yes --force");
        assert_eq!(shell.pending(), 1);
    })
    .await;
}

#[tokio::test]
async fn fresh_asks_first_and_begins_again() {
    on_each(async |shell| {
        shell.done("migrate");
        shell.done("rollback --yes");

        let asked = shell.db("fresh");
        assert_eq!(asked.code, Some(2), "{asked}");
        assert_eq!(shell.pending(), 1);

        let told = shell.done("fresh --yes");
        assert!(told.out.contains(&format!(" tables dropped, {} steps applied to ", steps().len())), "{told}");
        assert_eq!(shell.pending(), 0);
    })
    .await;
}

#[test]
fn reading_makes_no_file() {
    let shell = Shell::new();

    for words in ["status", "analytics", "rollback --yes", "test"] {
        let told = shell.db(words);
        assert_eq!(told.code, Some(1), "{told}");
        assert!(told.to_string().contains("data/alpha-call.db") && told.to_string().contains("alpha-call db migrate"), "{told}");
    }
    assert_eq!(shell.files(), [""; 0]);

    shell.done("migrate");
    assert_eq!(shell.files(), ["data"]);
}
