use std::net::TcpListener;
use std::time::{Duration, Instant};

use alpha_call::store::{CallStore, DatabaseSettings};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::words::{id, migrated, open, settings};

const PATIENCE: Duration = Duration::from_millis(300);

pub async fn a_closed_store_is_an_outage(url: &str) {
    let store = migrated(url).await;
    store.ping().await.expect("alive");

    store.close().await;

    assert!(store.ping().await.expect_err("closed").is_outage());
    assert!(store.turns(id(1)).await.expect_err("closed").is_outage());
}

/// Whoever migrates it mends that.
#[tokio::test]
async fn a_server_without_tables_is_an_outage() {
    crate::on_postgres(async |url| {
        let error = open(&url).turns(id(1)).await.expect_err("no table");

        assert!(error.is_outage(), "{error}");
    })
    .await;
}

async fn outage_of(url: &str) {
    let store = CallStore::open(&settings(url, PATIENCE)).expect("opened without a server");
    let asked = Instant::now();

    let error = store.ping().await.expect_err("nobody there");

    assert!(error.is_outage(), "{error}");
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn a_store_outlives_the_connections_that_its_server_cuts() {
    crate::on_postgres(async |url| {
        let store = migrated(&url).await;
        let other = sea_orm::Database::connect(&url).await.expect("connected");
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        crate::sql(&other, cut).await;

        store.ping().await.expect("on a new connection");
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_nobody_uses_is_closed_and_an_old_one_replaced() {
    crate::on_postgres(async |url| {
        let tired = Duration::from_secs(1);
        for (idle_timeout, max_lifetime) in [(tired, 60 * tired), (60 * tired, tired)] {
            let settings = DatabaseSettings { idle_timeout, max_lifetime, ..DatabaseSettings::at(url.as_str()) };
            let store = CallStore::open(&settings).expect("a store");
            store.ping().await.expect("connected");
            let first = backends(&url).await;
            assert_eq!(first.len(), 1, "{first:?}");

            until(&url, |now| *now != first).await;

            store.ping().await.expect("on another one");
            store.close().await;
            // The server takes a moment to see that a connection was closed.
            until(&url, Vec::is_empty).await;
        }
    })
    .await;
}

async fn until(url: &str, is_so: impl Fn(&Vec<i32>) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(15);
    while !is_so(&backends(url).await) {
        assert!(Instant::now() < deadline, "connections are still as they were");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The processes that serve connections of stores.
async fn backends(url: &str) -> Vec<i32> {
    let other = sea_orm::Database::connect(url).await.expect("connected");
    let ours = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'alpha-call'";
    let rows = other.query_all_raw(Statement::from_string(DbBackend::Postgres, ours)).await.expect("asked");
    rows.iter().map(|row| row.try_get("", "pid").expect("a pid")).collect()
}

#[tokio::test]
async fn a_server_that_refuses_is_an_outage_soon() {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();

    outage_of(&format!("postgres://app:pw@127.0.0.1:{port}/calls")).await;
}

#[tokio::test]
async fn a_server_that_says_nothing_is_an_outage_soon() {
    let mute = TcpListener::bind("127.0.0.1:0").expect("a port");

    outage_of(&format!("postgres://app:pw@{}/calls", mute.local_addr().expect("an address"))).await;
}

#[tokio::test]
async fn a_folder_in_place_of_the_file_is_an_outage() {
    let folder = tempfile::tempdir().expect("a folder");

    outage_of(&format!("sqlite://{}?mode=rwc", folder.path().display())).await;
}
