use std::time::Duration;

use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement};

use super::super::eventually;
use super::super::process::Shell;
use super::{on_postgres, sql, steps};

const SOON: Duration = Duration::from_secs(10);
/// The lock that steps are applied under.
const LOCK: &str = "SELECT pg_advisory_lock(7020109512776573292)";
const WAITING: &str = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

#[tokio::test]
async fn a_migration_that_is_interrupted_says_how_things_stand_and_has_done_nothing() {
    on_postgres(async |url| {
        let other = one_connection(url).await;
        sql(&other, LOCK).await;
        let migrating = Shell::new().with("DATABASE_URL", url).start(&["db", "migrate"]);
        let waits = async || {
            let rows = other.query_all_raw(Statement::from_string(DbBackend::Postgres, WAITING)).await.expect("asked");
            (!rows.is_empty()).then_some(())
        };
        eventually("it waits for the lock", waits).await;

        migrating.signal("INT");
        let told = migrating.ended(SOON);

        assert_eq!(told.code, Some(130), "{told}");
        assert!(told.err.contains("interrupted: the step under way is taken back"), "{told}");
        sql(&other, "SELECT pg_advisory_unlock_all()").await;
        let shell = Shell::new().with("DATABASE_URL", url);
        assert_eq!(shell.pending(), steps().len());
        shell.done("migrate");
    })
    .await;
}

#[test]
fn interrupted_at_any_moment_a_file_is_left_whole() {
    for moment in 0..12 {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("calls.db").display());
        let migrating = Shell::new().with("DATABASE_URL", &url).start(&["db", "migrate"]);
        // Any moment is right: before, while and after there is something to take back.
        std::thread::sleep(Duration::from_millis(3 * moment));
        migrating.signal("INT");
        let told = migrating.ended(SOON);
        assert!(matches!(told.code, None | Some(0 | 130)), "{told}");

        let shell = Shell::new().with("DATABASE_URL", &url);
        shell.done("migrate");
        shell.done("test");
        assert_eq!(shell.pending(), 0);
    }
}

/// A lock belongs to the connection that took it.
async fn one_connection(url: &str) -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(url);
    options.max_connections(1);
    Database::connect(options).await.expect("connected")
}
