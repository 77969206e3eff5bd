#![expect(clippy::indexing_slicing, clippy::panic, reason = "a test ends by panicking")]

use std::io::{Cursor, Read, Write};

use alpha_call::store::{BulkError, CallStore, FaultyBackup};
use alpha_call::types::Redacted;

use crate::bulk_words::{
    NASTY, assert_same, backup, backup_of_seeds, fill_with_nasty_rows, first_step, indices, is_empty, packed, rows_of, seeded, unpacked,
};
use crate::words::{create, id, migrated, new_call, open, stored};
use crate::{on_postgres, on_sqlite};

async fn restore(store: &CallStore, backup: Vec<u8>) -> Result<(), BulkError> {
    store.restore(Cursor::new(backup), false, |_| {}).await.map(drop)
}

async fn fault_of(store: &CallStore, backup: Vec<u8>) -> FaultyBackup {
    let error = restore(store, backup).await.expect_err("a faulty backup");
    assert!(is_empty(store).await, "{error}");
    match error {
        BulkError::Faulty(fault) => fault,
        other => panic!("{other}"),
    }
}

pub async fn every_character_survives_a_restore(url: &str) {
    let store = migrated(url).await;
    fill_with_nasty_rows(&store, url).await;
    let (taken, rows) = (backup(&store).await, rows_of(&store).await);

    store.restore(Cursor::new(taken.clone()), true, |_| {}).await.expect("restored");

    assert_eq!(stored(&store, 1).await.caller_name, Some(Redacted(NASTY.to_owned())));
    let turns = store.turns(id(1)).await.expect("read");
    assert_eq!(turns.iter().map(|stored| stored.turn.generated.as_str()).collect::<Vec<_>>(), [NASTY, "\\N", ""]);
    assert_eq!(turns[1].turn.tool.as_ref().map(|tool| tool.name.as_str()), Some(NASTY));
    assert_same(&rows_of(&store).await, &rows);
    assert_same(&unpacked(&backup(&store).await), &unpacked(&taken));
}

pub async fn a_restore_needs_an_empty_database_or_a_word(url: &str) {
    let store = migrated(url).await;
    seeded(&store, 20).await;
    let (taken, rows) = (backup(&store).await, rows_of(&store).await);
    create(&store, new_call(1)).await;

    let refused = restore(&store, taken.clone()).await.expect_err("not empty");
    assert!(matches!(refused, BulkError::NotEmpty), "{refused}");
    assert_eq!(rows_of(&store).await.len(), rows.len() + 1);
    store.restore(Cursor::new(taken), true, |_| {}).await.expect("replaced");

    assert_same(&rows_of(&store).await, &rows);
}

pub async fn a_restore_leaves_the_indices_as_they_were(url: &str) {
    let store = migrated(url).await;
    let before = indices(url).await;
    seeded(&store, 5).await;

    let taken = backup(&store).await;
    store.restore(Cursor::new(taken), true, |_| {}).await.expect("restored");

    assert_eq!(indices(url).await, before);
}

pub async fn a_flipped_byte_is_found(url: &str) {
    let (store, taken) = (migrated(url).await, backup_of_seeds(12).await);

    // The ten bytes before hold no rows: time and system of the packing (RFC 1952, section 2.3).
    for at in (10..taken.len()).step_by(taken.len() / 24) {
        let mut altered = taken.clone();
        altered[at] ^= 0x10;

        restore(&store, altered).await.expect_err("an altered backup");

        assert!(is_empty(&store).await, "byte {at}");
    }
    restore(&store, taken).await.expect("the unaltered one");
}

pub async fn altered_lines_are_found(url: &str) {
    let (store, taken) = (migrated(url).await, backup_of_seeds(12).await);
    let lines = unpacked(&taken);
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = lines.clone();
        change(&mut lines);
        packed(&lines)
    };
    let last = lines.len() as u64;
    let damaged = |line, fault| FaultyBackup::Damaged { line, fault };

    let changed = with(&|lines| lines[1] = lines[1].replace("\"direction\":\"", "\"direction\":\"x"));
    assert_eq!(fault_of(&store, changed).await, damaged(last, "has another checksum than the lines before it"));
    let missing = with(&|lines| drop(lines.remove(3)));
    assert_eq!(fault_of(&store, missing).await, damaged(last - 1, "counts other rows than there are"));
    let swapped = with(&|lines| lines.swap(1, 2));
    assert_eq!(fault_of(&store, swapped).await, damaged(last, "has another checksum than the lines before it"));
    let unreadable = with(&|lines| lines[2].truncate(40));
    assert_eq!(fault_of(&store, unreadable).await, damaged(3, "cannot be read"));
    let continued = with(&|lines| lines.push(lines[1].clone()));
    assert_eq!(fault_of(&store, continued).await, damaged(last, "is not the last one"));
    let headless = with(&|lines| drop(lines.remove(0)));
    assert_eq!(fault_of(&store, headless).await, FaultyBackup::Foreign);
}

pub async fn a_backup_that_is_cut_short_is_found(url: &str) {
    let (store, taken) = (migrated(url).await, backup_of_seeds(12).await);
    let mut lines = unpacked(&taken);

    for length in [taken.len() / 2, taken.len() - 20, taken.len() - 8, taken.len() - 1] {
        let fault = fault_of(&store, taken[..length].to_vec()).await;
        assert!(matches!(fault, FaultyBackup::CutShort(_)), "{length}: {fault}");
    }
    lines.pop();
    assert_eq!(fault_of(&store, packed(&lines)).await, FaultyBackup::CutShort(lines.len() as u64));
    for foreign in [b"".as_slice(), b"PK\x03\x04", b"{\"header\":{}}\n"] {
        assert_eq!(fault_of(&store, foreign.to_vec()).await, FaultyBackup::Foreign);
    }
}

pub async fn a_backup_of_a_newer_version_is_refused(url: &str) {
    let (store, taken) = (migrated(url).await, backup_of_seeds(1).await);
    let newer = |from: &str, to: &str| {
        let mut lines = unpacked(&taken);
        lines[0] = lines[0].replacen(from, to, 1);
        packed(&lines)
    };

    let step = fault_of(&store, newer("\"steps\":[", "\"steps\":[\"m29990101_000001_future\",")).await;
    assert_eq!(step, FaultyBackup::Newer("schema step m29990101_000001_future".to_owned()));
    let format = fault_of(&store, newer("\"version\":1", "\"version\":2")).await;
    assert_eq!(format, FaultyBackup::Newer("format 2".to_owned()));
}

/// What a later step of the schema adds, a backup from before it does not have.
pub async fn counters_that_a_backup_lacks_are_naught(url: &str) {
    let (store, taken) = (migrated(url).await, backup_of_seeds(3).await);
    let mut lines = unpacked(&taken);
    lines.pop();
    for line in &mut lines[1..] {
        let mut row: serde_json::Value = serde_json::from_str(line).expect("json");
        if let Some(call) = row.get_mut("call_logs").and_then(serde_json::Value::as_object_mut) {
            call.remove("tool_calls");
            call.remove("price_version");
            *line = row.to_string();
        }
    }
    let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    lines.push(format!("{{\"trailer\":{{\"rows\":{},\"sha256\":\"{}\"}}}}", counts(&taken), sha256(&text)));

    restore(&store, packed(&lines)).await.expect("restored");

    let calls = rows_of(&store).await.into_iter().filter(|line| line.starts_with("{\"call_logs")).collect::<Vec<_>>();
    assert_eq!(calls.len(), 3);
    assert!(calls.iter().all(|call| call.contains("\"tool_calls\":0") && call.contains("\"price_version\":null")), "{calls:#?}");
}

fn counts(backup: &[u8]) -> serde_json::Value {
    let trailer: serde_json::Value = serde_json::from_str(unpacked(backup).last().expect("a trailer")).expect("json");
    trailer["trailer"]["rows"].clone()
}

fn sha256(text: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub async fn a_restore_that_is_given_up_leaves_what_was_there(url: &str) {
    let (store, taken) = (migrated(url).await, backup_of_seeds(1_500).await);
    create(&store, new_call(1)).await;
    let (rows, indices_before) = (rows_of(&store).await, indices(url).await);
    let (progress, began) = first_step();

    tokio::select! {
        outcome = store.restore(Endless(Cursor::new(taken)), true, progress) => panic!("ended: {outcome:?}"),
        () = began.notified() => {}
    }

    assert_same(&rows_of(&store).await, &rows);
    assert_eq!(indices(url).await, indices_before);
}

/// A file whose end does not come before the reader is given up.
struct Endless(Cursor<Vec<u8>>);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(64);
        let before_the_end = (self.0.get_ref().len() as u64 - self.0.position()).saturating_sub(64);
        if before_the_end == 0 {
            std::thread::sleep(std::time::Duration::from_secs(1));
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        let most = most.min(usize::try_from(before_the_end).unwrap_or(most));
        self.0.read(&mut buffer[..most])
    }
}

pub async fn a_backup_that_cannot_be_written_says_so(url: &str) {
    let store = migrated(url).await;
    seeded(&store, 200).await;

    let error = store.backup(Full(1_000), crate::words::at(0), |_| {}).await.err().expect("no room");

    assert!(matches!(&error, BulkError::File(cause) if cause.kind() == std::io::ErrorKind::StorageFull), "{error}");
    assert!(!is_empty(&store).await);
}

/// A disk with so many bytes left.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub async fn a_backup_shows_one_moment(url: &str) {
    let (store, other) = (migrated(url).await, open(url));
    seeded(&store, 700).await;
    let (progress, began) = first_step();
    let (add, added) = std::sync::mpsc::channel::<()>();
    let waiting = std::sync::Mutex::new(added);
    let progress = move |rows| {
        progress(rows);
        let _ = waiting.lock().expect("alone").recv_timeout(std::time::Duration::from_secs(5));
    };

    let adding = async {
        tokio::time::timeout(std::time::Duration::from_secs(30), began.notified()).await.expect("a backup that goes on");
        create(&other, new_call(1)).await;
        drop(add);
    };
    let (backup, ()) = tokio::join!(store.backup(Vec::new(), crate::words::at(0), progress), adding);

    assert_eq!(backup.expect("backed up").rows.call_logs, 700);
    assert_eq!(rows_of(&store).await.iter().filter(|line| line.starts_with("{\"call_logs")).count(), 701);
}

async fn moves(from: &str, to: &str) {
    let (one, other) = (migrated(from).await, migrated(to).await);
    fill_with_nasty_rows(&one, from).await;
    seeded(&one, 600).await;
    let (rows, taken) = (rows_of(&one).await, backup(&one).await);

    restore(&other, taken.clone()).await.expect("restored");

    assert_same(&rows_of(&other).await, &rows);
    let (before, after) = (unpacked(&taken), unpacked(&backup(&other).await));
    assert_eq!(before.len(), after.len());
    // The header names the kind of database, and is part of the checksum.
    assert_eq!(before.first() == after.first(), before.last() == after.last());
    assert_eq!(before.first() == after.first(), from.starts_with("sqlite") == to.starts_with("sqlite"));
}

#[tokio::test]
async fn a_backup_moves_from_sqlite_to_sqlite() {
    on_sqlite(async |from| on_sqlite(async |to| moves(&from, &to).await).await).await;
}

#[tokio::test]
async fn a_backup_moves_from_sqlite_to_postgres() {
    on_sqlite(async |from| on_postgres(async |to| moves(&from, &to).await).await).await;
}

#[tokio::test]
async fn a_backup_moves_from_postgres_to_sqlite() {
    on_postgres(async |from| on_sqlite(async |to| moves(&from, &to).await).await).await;
}

#[tokio::test]
async fn a_backup_moves_from_postgres_to_postgres() {
    on_postgres(async |from| on_postgres(async |to| moves(&from, &to).await).await).await;
}
