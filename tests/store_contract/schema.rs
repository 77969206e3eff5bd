use alpha_call::governor::delivery::Fate;
use alpha_call::store::{CallStore, Callback, CooldownClaim, OptOut, OptOutSource, Row, Step, StepState, Tried};
use alpha_call::types::{CallStatus, Epoch, EventKind, HangupCause};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use uuid::Uuid;

use crate::figures::all;
use crate::sql;
use crate::words::{at, create, end, everything, id, joined, migrated, new_call, number, open, row, sid, stored, stream, turn};

const FUTURE: &str = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_future', 0)";

async fn beside(url: &str) -> DatabaseConnection {
    Database::connect(url).await.expect("connected")
}

fn pending(steps: &[Step]) -> usize {
    steps.iter().filter(|step| step.state == StepState::Pending).count()
}

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
    sql(&beside(url).await, FUTURE).await;

    store.migrate().await.expect("nothing to do");

    create(&store, new_call(1)).await;
    let steps = store.steps().await.expect("read");
    assert_eq!(steps.last().map(|step| step.name.as_str()), Some("m29990101_000001_future"));
    assert!(matches!(steps.last().map(|step| step.state), Some(StepState::Unknown(_))));
    assert!(!store.undo_last_step().await.expect_err("not ours").is_outage());
    assert_eq!(store.steps().await.expect("read"), steps);
}

pub async fn steps_are_read_without_making_anything(url: &str) {
    let store = open(url);

    let steps = store.steps().await.expect("read");

    assert!(steps.len() > 1 && pending(&steps) == steps.len(), "{steps:?}");
    assert_eq!(tables(&beside(url).await).await, [""; 0]);
}

/// What a version does with its tables, from the first word to the last.
async fn a_whole_life(store: &CallStore, call: u32) {
    let (call_id, called) = (u128::from(call), number(&format!("+1415555{:04}", 200 + call)));
    let claim = store.claim_cooldown(&called, std::time::Duration::from_secs(300), at(0)).await.expect("claimed");
    assert_eq!(claim, CooldownClaim::Claimed { previous: None });
    assert!(store.release_cooldown(&called, at(0), None).await.expect("released"));

    create(store, new_call(call_id)).await;
    store.create_refused(new_call(call_id + 1), "cooling-down").await.expect("kept");
    store.attach_call_sid(id(call_id), &sid(call)).await.expect("named");
    assert!(store.progress(id(call_id), "ringing", at(1)).await.expect("progress"));
    assert!(store.claim_stream(id(call_id), Epoch::FIRST, "one", at(2)).await.expect("claimed").is_some());
    assert!(store.connected(joined(id(call_id), Epoch::FIRST, stream(call), at(2))).await.expect("connected"));
    let rows =
        vec![row(call_id, 1, turn(1, 1, "older")), row(call_id, 1, turn(1, 2, "newer")), Row::FirstAudio { call: id(call_id), ms: 400 }];
    store.write(rows).await.expect("written");
    assert!(store.finish(end(call_id, HangupCause::CallerHungUp, 30)).await.expect("ended"));

    assert!(store.publish_events(EventKind::ALL).await.expect("published") > 0);
    let deliveries = store.take_deliveries("one", 100).await.expect("taken");
    assert!(deliveries.iter().all(|delivery| delivery.event.is_some()) && !deliveries.is_empty());
    for delivery in deliveries {
        let tried = Tried { id: delivery.id, fate: Fate::Delivered, status: Some(204), error: None, took: std::time::Duration::ZERO };
        assert!(store.settle_delivery("one", tried).await.expect("written"));
    }

    let callback =
        Callback { id: Uuid::from_u128(call_id), call: id(call_id), number: called.clone(), at: at(60), note: None, created: at(0) };
    store.schedule_callback(callback).await.expect("on record");
    let opt_out = OptOut { number: called, call: Some(id(call_id)), source: OptOutSource::Spoken, at: at(0), note: None, by: None };
    assert!(store.opt_out(opt_out).await.expect("on record"));

    let kept = stored(store, call_id).await;
    assert_eq!((kept.status, kept.call_sid, kept.first_audio_ms), (CallStatus::Completed, Some(sid(call)), Some(400)));
    let turns = store.turns(id(call_id)).await.expect("read");
    assert_eq!(turns.iter().map(|stored| stored.turn.heard.as_str()).collect::<Vec<_>>(), ["newer"]);
    assert!(store.call_history(&everything()).await.expect("read").total >= 2);
    assert!(store.analytics(&all()).await.expect("read").total_calls >= 2);
}

/// Also on connections that have prepared their statements against the older one.
pub async fn this_version_works_with_the_schema_of_the_next(url: &str) {
    let store = migrated(url).await;
    a_whole_life(&store, 1).await;

    let newer = beside(url).await;
    for table in tables(&newer).await.iter().filter(|table| *table != "seaql_migrations") {
        sql(&newer, &format!("ALTER TABLE {table} ADD COLUMN next_words text")).await;
        sql(&newer, &format!("ALTER TABLE {table} ADD COLUMN next_count bigint NOT NULL DEFAULT 0")).await;
    }
    sql(&newer, "CREATE TABLE next_things (id bigint PRIMARY KEY)").await;
    sql(&newer, FUTURE).await;

    a_whole_life(&store, 11).await;
    let started_later = open(url);
    started_later.migrate().await.expect("nothing to do");
    a_whole_life(&started_later, 21).await;
    started_later.round_trip().await.expect("as before");
}

/// Written to columns that have been there since the first step.
const OLD_CALL: &str = "INSERT INTO call_logs (id, direction, from_number, to_number, assistant, model, voice, status, initiated_at) \
     VALUES ('00000000-0000-0000-0000-000000000007', 'outbound', '+14155550100', '+14155550101', 'a', 'm', 'v', 'initiated', \
     '2026-11-22T00:00:00+00:00')";

pub async fn every_step_can_be_undone_and_done_again_and_older_columns_keep_what_they_hold(url: &str) {
    let store = migrated(url).await;
    let steps = store.steps().await.expect("read");
    sql(&beside(url).await, OLD_CALL).await;
    store.write(vec![row(7, 1, turn(1, 1, "kept"))]).await.expect("written");
    let before = (stored(&store, 7).await, store.turns(id(7)).await.expect("read"));

    for step in steps.iter().skip(1).rev() {
        assert_eq!(store.undo_last_step().await.expect("undone").as_ref(), Some(&step.name));
    }
    assert_eq!(pending(&store.steps().await.expect("read")), steps.len() - 1);
    for step in steps.iter().skip(1) {
        assert_eq!(store.apply_next_step().await.expect("applied").as_ref(), Some(&step.name));
    }
    assert_eq!(store.apply_next_step().await.expect("nothing left"), None);

    assert_eq!((stored(&store, 7).await, store.turns(id(7)).await.expect("read")), before);
    a_whole_life(&store, 11).await;
}

pub async fn undone_to_the_first_nothing_is_left_but_the_journal(url: &str) {
    let store = migrated(url).await;

    while store.undo_last_step().await.expect("undone").is_some() {}

    assert_eq!(tables(&beside(url).await).await, ["seaql_migrations"]);
    store.migrate().await.expect("all of it again");
    a_whole_life(&store, 1).await;
}

pub async fn a_step_that_fails_is_taken_back_and_those_before_it_stay(url: &str) {
    let (store, other) = (open(url), beside(url).await);
    sql(&other, "CREATE TABLE dead_letters (in_the_way bigint)").await;

    let error = store.migrate().await.expect_err("a table is in the way").to_string();

    let steps = store.steps().await.expect("read");
    let (first, second) = (steps.first().expect("a step"), steps.get(1).expect("another"));
    assert!(error.contains(&second.name), "{error}");
    assert!(matches!(first.state, StepState::Applied(_)) && second.state == StepState::Pending, "{steps:?}");
    sql(&other, "DROP TABLE dead_letters").await;
    store.migrate().await.expect("its columns were taken back");
    a_whole_life(&store, 1).await;
}

pub async fn started_afresh_it_is_empty_and_up_to_date(url: &str) {
    let (store, other) = (migrated(url).await, beside(url).await);
    let ours = tables(&other).await;
    a_whole_life(&store, 1).await;
    sql(&other, "CREATE TABLE \"Some \"\"other\"\" thing\" (id bigint PRIMARY KEY)").await;
    sql(&other, "CREATE VIEW calls_seen AS SELECT id FROM call_logs").await;

    let dropped = store.start_afresh().await.expect("afresh");

    assert_eq!((dropped, tables(&other).await), (ours.len() + 1, ours));
    assert_eq!(pending(&store.steps().await.expect("read")), 0);
    assert_eq!(store.call_history(&everything()).await.expect("read").total, 0);
    a_whole_life(&store, 1).await;
}

pub async fn a_round_trip_leaves_nothing(url: &str) {
    let store = migrated(url).await;

    store.round_trip().await.expect("there and back");

    let vitals = store.vitals().await.expect("alive");
    assert!(vitals.version.starts_with("PostgreSQL 1") || vitals.version.starts_with("SQLite 3."), "{vitals:?}");
    let left = beside(url).await;
    let rows = Statement::from_string(left.get_database_backend(), "SELECT 1 FROM dead_letters");
    assert!(left.query_all_raw(rows).await.expect("asked").is_empty());
}

async fn tables(db: &DatabaseConnection) -> Vec<String> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => "SELECT CAST(tablename AS TEXT) AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
        _ => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1",
    };
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.expect("asked");
    rows.iter().map(|row| row.try_get("", "name").expect("a name")).collect()
}
