//! Plans, backups and nasty texts to test with.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::Arc;

use alpha_call::session::event::{ToolUse, Turn, TurnKind};
use alpha_call::store::{CallStore, Callback, NewConsent, OptOut, OptOutSource, Recording, Removal, Row, SeedPlan, Seeded};
use alpha_call::types::{ApiKey, BearerKey, Epoch, HangupCause, PhoneNumber, Redacted, Scopes};
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sea_orm::Database;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::sql;
use crate::words::{at, create, end, id, migrated, new_call, row, sid, turn};

/// All that ends a field, a row, a text or a copy somewhere.
pub const NASTY: &str = "tab\tline\nreturn\rback\\slash \\N \\. \\t 'single' \"double\" {json: [\u{1}\u{7f}]} $1 %s 👋 Zürich \u{2028}";

/// When invented calls are over.
pub fn until() -> DateTime<Utc> {
    at(0)
}

pub fn plan(calls: u64) -> SeedPlan {
    SeedPlan { calls, days: 30, turns: 6, random_seed: 7, until: until() }
}

pub async fn seeded(store: &CallStore, calls: u64) -> Seeded {
    store.seed(plan(calls), |_| {}).await.expect("seeded")
}

/// A row in every table, with every nasty character.
pub async fn fill_with_nasty_rows(store: &CallStore, url: &str) {
    let mut call = new_call(1);
    (call.call_sid, call.caller_name, call.assistant) = (Some(sid(1)), Some(NASTY.to_owned()), "\\N".to_owned());
    create(store, call).await;
    let tool = Some(ToolUse { name: NASTY.to_owned(), call_id: "\\".to_owned() });
    let turns = [
        Turn { item: Some("\\.".into()), ..turn(0, 1, NASTY) },
        Turn { kind: TurnKind::ToolCall, tool, ..turn(1, 1, "\\N") },
        turn(2, 1, ""),
    ];
    store.write(turns.map(|turn| row(1, 1, turn)).into()).await.expect("written");
    let mut finished = end(1, HangupCause::CarrierFailed, 60);
    finished.error = Some("\t".to_owned());
    assert!(store.finish(finished).await.expect("asked"));
    let number = |text: &str| text.parse::<PhoneNumber>().expect("a number");
    let caller = number("+14155550101");
    store.claim_cooldown(&caller, std::time::Duration::from_secs(300), at(0)).await.expect("claimed");
    let note = Some(Redacted(NASTY.to_owned()));
    let callback = Callback { id: Uuid::from_u128(9), call: id(1), number: caller.clone(), at: at(60), note, created: at(0) };
    store.schedule_callback(callback).await.expect("on record");
    assert!(
        store
            .opt_out(OptOut {
                number: caller,
                call: Some(id(1)),
                source: OptOutSource::Spoken,
                at: at(0),
                note: Some(Redacted(NASTY.to_owned())),
                by: None
            })
            .await
            .expect("on record")
    );
    let off = number("+14155550102");
    assert!(
        store
            .opt_out(OptOut { number: off.clone(), call: None, source: OptOutSource::Api, at: at(0), note: None, by: None })
            .await
            .expect("on record")
    );
    let removal = Removal { number: off.clone(), at: at(1), by: Some(NASTY.to_owned()), reason: Some(Redacted(NASTY.to_owned())) };
    assert!(store.take_off_list(removal).await.expect("taken off"));
    let nasty = || NASTY.to_owned();
    let (basis, text_version, source) = (nasty(), nasty(), nasty());
    let consent = NewConsent { id: Uuid::from_u128(7), number: off, basis, text_version, source, given_at: at(0), recorded_at: at(1) };
    store.give_consent(consent).await.expect("on record");
    let key = BearerKey::new([7; 8], [8; 32]);
    let (id_of_key, digest, name, scopes) = (key.id().clone(), key.digest(), nasty(), Scopes::of_words("admin"));
    let (expires_at, revoked_at, last_used_at, max_day_nanos) = (Some(at(9)), None, Some(at(3)), Some(7));
    let key = ApiKey { id: id_of_key, digest, name, scopes, created_at: at(0), expires_at, revoked_at, last_used_at, max_day_nanos };
    assert!(store.create_key(key).await.expect("on record"));
    let recording = Recording { sid: "RE\\".to_owned(), url: Redacted(NASTY.to_owned()), ms: 5 };
    store.recorded(id(1), recording).await.expect("written");
    let other = Database::connect(url).await.expect("connected");
    let letter = "INSERT INTO dead_letters (id, kind, row_key, body, error_code, error, created_at) \
        VALUES ('01', 'turn', 'a\\b', '{\"\\\\u0000\": 1}', NULL, 'tab\there', '2027-01-15T10:00:00.5+00:00')";
    sql(&other, letter).await;
}

pub async fn backup(store: &CallStore) -> Vec<u8> {
    let backup = store.backup(Vec::new(), at(0), |_| {}).await.expect("backed up");
    assert_eq!(backup.rows.total(), store.rows().await.expect("counted"));
    backup.out
}

pub fn unpacked(backup: &[u8]) -> Vec<String> {
    let mut text = String::new();
    GzDecoder::new(backup).read_to_string(&mut text).expect("gzip");
    text.lines().map(str::to_owned).collect()
}

pub fn packed(lines: &[String]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    for line in lines {
        writeln!(out, "{line}").expect("in memory");
    }
    out.finish().expect("in memory")
}

/// Taken of a database of its own.
pub async fn backup_of_seeds(calls: u64) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let store = migrated(&format!("sqlite://{}?mode=rwc", folder.path().join("seeds.db").display())).await;
    seeded(&store, calls).await;
    let taken = backup(&store).await;
    store.close().await;
    taken
}

/// The lines between header and trailer.
pub async fn rows_of(store: &CallStore) -> Vec<String> {
    let mut lines = unpacked(&backup(store).await);
    lines.pop();
    lines.split_off(1)
}

pub async fn is_empty(store: &CallStore) -> bool {
    store.rows().await.expect("counted") == 0
}

/// How many turns each call has.
pub async fn turns_by_call(store: &CallStore) -> BTreeMap<String, usize> {
    let mut turns = BTreeMap::new();
    for line in rows_of(store).await {
        let json: serde_json::Value = serde_json::from_str(&line).expect("json");
        if let Some(row) = json.get("conversation_logs") {
            *turns.entry(row["call_id"].as_str().expect("a text").to_owned()).or_default() += 1;
        }
    }
    turns
}

/// Writes a turn that is older than all there are, which changes nothing but has the calls counted again.
pub async fn count_again(store: &CallStore, calls: impl IntoIterator<Item = String>) {
    let stale = |call: String| Row::turn(call.parse().expect("an id"), Epoch::FIRST, turn(0, 0, "stale"), at(0));
    store.write(calls.into_iter().map(stale).collect()).await.expect("written");
}

/// A callback for progress, and what tells of its first call.
pub fn first_step() -> (impl Fn(u64) + Send + Sync + 'static, Arc<Notify>) {
    let told = Arc::new(Notify::new());
    let tell = Arc::clone(&told);
    (move |_| tell.notify_one(), told)
}

/// The names of all indices, and what they are.
pub async fn indices(url: &str) -> Vec<String> {
    use sea_orm::{ConnectionTrait, DbBackend, Statement};
    let db = Database::connect(url).await.expect("connected");
    let (backend, sql) = match db.get_database_backend() {
        DbBackend::Postgres => (DbBackend::Postgres, "SELECT indexdef AS d FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"),
        other => (other, "SELECT name AS d FROM sqlite_master WHERE type = 'index' ORDER BY 1"),
    };
    let rows = db.query_all_raw(Statement::from_string(backend, sql)).await.expect(sql);
    rows.iter().map(|row| row.try_get("", "d").expect("a text")).collect()
}

/// Equal, without printing thousands of rows if not.
pub fn assert_same(rows: &[String], others: &[String]) {
    let differing = rows.iter().zip(others).find(|(one, other)| one != other);
    assert!(rows == others, "{} and {} rows; the first that differ: {differing:#?}", rows.len(), others.len());
}
