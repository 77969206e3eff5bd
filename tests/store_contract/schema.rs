use sea_orm::Database;

use crate::sql;
use crate::words::{create, migrated, new_call, open};

pub async fn two_instances_may_migrate_an_empty_database_at_once(url: &str) {
    let (one, other) = (open(url), open(url));

    let outcomes = tokio::join!(one.migrate(), other.migrate());

    outcomes.0.expect("the one");
    outcomes.1.expect("the other");
    one.migrate().await.expect("again");
    create(&other, new_call(1)).await;
}

pub async fn a_database_that_a_newer_version_migrated_is_left_alone(url: &str) {
    let store = migrated(url).await;
    let newer = Database::connect(url).await.expect("connected");
    sql(&newer, "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_future', 0)").await;

    store.migrate().await.expect("nothing to do");

    create(&store, new_call(1)).await;
}
