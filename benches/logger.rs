//! How fast rows get from calls into Postgres: `BENCH_DATABASE_URL=postgres://… cargo bench --bench logger`.
//!
//! The database must be one that may be filled: the tables of the record are emptied first and last.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a measurement that cannot go on has failed")]

use std::time::{Duration, Instant};

use actix::Arbiter;
use alpha_call::actors::logger::{LogPort, LoggerActor};
use alpha_call::actors::supervise::Fallen;
use alpha_call::session::event::{Speaker, Tokens, Turn, TurnKind};
use alpha_call::store::{CallStore, DatabaseSettings, Row, Spool, SpoolSettings};
use alpha_call::types::{CallId, Epoch, Redacted};
use chrono::Utc;
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, Statement};
use uuid::Uuid;

const BATCH: usize = 500;
const FLUSHED: u32 = 200_000;
const SPOOLED: u32 = 100_000;
/// Rows a second, for so many seconds: 1,300 calls with a turn every second and a half.
const RATE: u32 = 2_000;
const SECONDS: u32 = 15;
const TICK: Duration = Duration::from_millis(5);

#[actix_rt::main]
async fn main() {
    let Ok(url) = std::env::var("BENCH_DATABASE_URL") else {
        println!("set BENCH_DATABASE_URL to a Postgres database whose record may be lost");
        return;
    };
    let store = CallStore::open(&DatabaseSettings::at(url.as_str())).expect("a store");
    store.migrate().await.expect("migrated");
    let db = Database::connect(&url).await.expect("connected");
    println!("| way | figure |\n|---|---|");

    empty(&db).await;
    let rate = flush_alone(&store).await;
    println!("| into the table alone, batches of {BATCH} | {rate:.0} rows/s |");

    let folder = tempfile::tempdir().expect("a folder");
    let spool = Spool::open(&store, &SpoolSettings { folder: folder.path().into(), max_bytes: 1 << 30 }).await.expect("a spool");
    let log = LogPort::start(&Arbiter::new(), &Fallen::default(), LoggerActor::new(store.clone(), spool).await.expect("a logger"));
    empty(&db).await;
    let rate = through_the_spool(&log).await;
    assert_eq!(count(&db).await, i64::from(SPOOLED), "every row is in the table");
    println!("| the whole way, through the spool | {rate:.0} rows/s |");

    empty(&db).await;
    let [p50, p99, max] = until_visible(&log, &db).await;
    println!("| from record to visible row at {RATE} rows/s: p50, p99, max | {p50:?}, {p99:?}, {max:?} |");
    empty(&db).await;
}

async fn empty(db: &DatabaseConnection) {
    db.execute_unprepared("TRUNCATE call_logs, conversation_logs, stream_logs, dead_letters, call_hours").await.expect("emptied");
}

async fn count(db: &DatabaseConnection) -> i64 {
    let sql = "SELECT COUNT(*) AS rows FROM conversation_logs";
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.expect("asked").expect("a row");
    row.try_get("", "rows").expect("a number")
}

async fn flush_alone(store: &CallStore) -> f64 {
    let batches: Vec<Vec<Row>> = (0..FLUSHED).map(row).collect::<Vec<_>>().chunks(BATCH).map(<[Row]>::to_vec).collect();
    let began = Instant::now();
    for batch in batches {
        store.write(batch).await.expect("written");
    }
    f64::from(FLUSHED) / began.elapsed().as_secs_f64()
}

async fn through_the_spool(log: &LogPort) -> f64 {
    let rows: Vec<Row> = (0..SPOOLED).map(row).collect();
    let began = Instant::now();
    for row in rows {
        let mut row = row;
        // As a call does whose logger is full: keep it, and offer it again.
        while let Err(back) = log.log(row) {
            row = *back;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    assert!(log.flush(Duration::from_secs(300)).await, "written");
    f64::from(SPOOLED) / began.elapsed().as_secs_f64()
}

/// Rows come in their order, so that a row is visible as soon as a later one is.
async fn until_visible(log: &LogPort, db: &DatabaseConnection) -> [Duration; 3] {
    let total = RATE * SECONDS;
    let (began, mut logged, mut delays) = (Instant::now(), Vec::new(), Vec::new());
    let mut visible = 0;
    while visible < total {
        let due = (began.elapsed().as_secs_f64() * f64::from(RATE)) as u32;
        while (logged.len() as u32) < due.min(total) {
            log.log(of_one_call(logged.len() as u32)).expect("room");
            logged.push(Instant::now());
        }
        let seen = newest(db).await;
        let now = Instant::now();
        delays.extend(logged.iter().take(seen as usize).skip(visible as usize).map(|at| now - *at));
        visible = visible.max(seen);
        tokio::time::sleep(TICK).await;
    }
    delays.sort_unstable();
    [delays[delays.len() / 2], delays[delays.len() * 99 / 100], delays[delays.len() - 1]]
}

async fn newest(db: &DatabaseConnection) -> u32 {
    let sql = format!("SELECT COALESCE(MAX(seq), -1) + 1 AS seen FROM conversation_logs WHERE call_id = '{}' AND epoch = 1", call(0));
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.expect("asked").expect("a row");
    row.try_get::<i64>("", "seen").expect("a number").try_into().expect("small")
}

fn call(number: u32) -> CallId {
    CallId::new(Uuid::from_u128(number.into()))
}

/// Of twenty turns a call.
fn row(number: u32) -> Row {
    turn(call(number / 20), number % 20)
}

fn of_one_call(number: u32) -> Row {
    turn(call(0), number)
}

fn turn(call: CallId, seq: u32) -> Row {
    let text = "We are open from eight in the morning until six in the evening, Monday to Friday, and closed on public holidays.";
    let turn = Turn {
        seq,
        revision: 2,
        position: seq,
        item: Some("item_CBl8mHqd7Yb0kqvQJ2x4n".into()),
        response: Some("resp_CBl8mHqd7Yb0kqvQJ2x4n".into()),
        speaker: Speaker::Ai,
        kind: TurnKind::Message,
        generated: Redacted(text.to_owned()),
        heard: Redacted(text.to_owned()),
        interrupted: false,
        audio_ms: 6_400,
        heard_ms: 6_400,
        started: Duration::from_millis(u64::from(seq) * 9_000),
        ended: Some(Duration::from_millis(u64::from(seq) * 9_000 + 6_400)),
        latency: Some(Duration::from_millis(640)),
        tokens: Some(Tokens { input: 900, output: 150 }),
        transcription: None,
        tool: None,
    };
    Row::turn(call, Epoch::FIRST, turn, Utc::now())
}
