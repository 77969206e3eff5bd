use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::store::DatabaseSettings;
use crate::types::CallId;

const MEGABYTE: u64 = 1024 * 1024;

fn store() -> CallStore {
    CallStore::open(&DatabaseSettings::at("sqlite::memory:")).expect("a store")
}

async fn open(folder: &Path) -> Spool {
    try_open(folder, 8 * MEGABYTE).await.expect("a spool")
}

async fn try_open(folder: &Path, max_bytes: u64) -> Result<Spool, StoreError> {
    Spool::open(&store(), &SpoolSettings { folder: folder.to_owned(), max_bytes }).await
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn row(ms: u64) -> Row {
    Row::FirstAudio { call: CallId::new(uuid::Uuid::from_u128(7)), ms }
}

async fn lies_in(spool: &Spool) -> Vec<Row> {
    spool.head(1000).await.expect("read").iter().map(|row| row.row().expect("understood")).collect()
}

#[tokio::test]
async fn rows_come_back_in_their_order_and_outlive_the_spool() {
    let folder = folder();
    let spool = open(folder.path()).await;
    let first = spool.append(&[row(1), row(2)], DateTime::UNIX_EPOCH).await.expect("kept");
    let second = spool.append(&[row(3)], DateTime::UNIX_EPOCH).await.expect("kept");
    assert_eq!((first.newest, second.newest, second.durable), (2, 3, true));
    assert_eq!(spool.bounds().await.expect("read"), (0, 3));
    spool.remove(1).await.expect("removed");
    drop(spool);

    let again = open(folder.path()).await;

    assert_eq!(lies_in(&again).await, [row(2), row(3)]);
    assert_eq!(again.bounds().await.expect("read"), (1, 3));
    assert_eq!(again.append(&[row(4)], DateTime::UNIX_EPOCH).await.expect("kept").newest, 4);
}

#[tokio::test]
async fn two_processes_share_a_folder_and_the_living_take_over_from_the_dead() {
    let folder = folder();
    let (one, two) = (open(folder.path()).await, open(folder.path()).await);
    one.append(&[row(1)], DateTime::UNIX_EPOCH).await.expect("kept");
    two.append(&[row(2), row(3)], DateTime::UNIX_EPOCH).await.expect("kept");
    assert_eq!((lies_in(&one).await, lies_in(&two).await), (vec![row(1)], vec![row(2), row(3)]));
    drop((one, two));

    let heir = open(folder.path()).await;

    assert_eq!(lies_in(&heir).await, [row(1), row(2), row(3)]);
    assert!(!folder.path().join("spool-1.db").exists());
}

#[tokio::test]
async fn a_full_disk_is_said_and_the_rows_stay_in_memory() {
    let folder = folder();
    let spool = try_open(folder.path(), 16 * 4096).await.expect("a spool");
    let mut kept = Vec::new();
    let full = loop {
        let batch: Vec<Row> = (0..100).map(|n| row(kept.len() as u64 + n)).collect();
        let appended = spool.append(&batch, DateTime::UNIX_EPOCH).await.expect("kept somewhere");
        kept.extend(batch);
        if !appended.durable {
            break appended;
        }
        assert!(kept.len() < 100_000, "the disk never fills");
    };

    assert!(full.used > 0 && full.max == MEMORY_BYTES);
    assert_eq!(spool.head(usize::MAX).await.expect("read").len(), kept.len());
    spool.remove(full.newest).await.expect("removed");
    assert!(spool.append(&[row(9)], DateTime::UNIX_EPOCH).await.expect("kept").durable, "there is room again");
}

#[tokio::test]
async fn a_damaged_file_is_put_aside() {
    let folder = folder();
    let spool = open(folder.path()).await;
    let many: Vec<Row> = (0..5000).map(row).collect();
    spool.append(&many, DateTime::UNIX_EPOCH).await.expect("kept");
    spool.0.disk.close().await;
    drop(spool);
    let path = folder.path().join("spool-0.db");
    let mut file = fs::OpenOptions::new().write(true).open(&path).expect("the file");
    file.seek(SeekFrom::Start(4096)).expect("sought");
    file.write_all(&[0xA5; 3 * 4096]).expect("written");
    drop(file);

    let spool = open(folder.path()).await;

    assert_eq!(lies_in(&spool).await, []);
    assert!(folder.path().join("spool-0.db.damaged-0").exists());
    assert!(spool.append(&[row(1)], DateTime::UNIX_EPOCH).await.expect("kept").durable);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_an_error_that_names_it() {
    let folder = folder();
    let file = folder.path().join("file");
    fs::write(&file, "").expect("written");

    let error = try_open(&file, MEGABYTE).await.map(drop).expect_err("no folder");

    assert!(error.to_string().contains(&file.display().to_string()), "{error}");
}

#[tokio::test]
async fn what_is_left_at_the_end_can_be_read_out_of_a_log() {
    use crate::store::black_box::{LogLine, read, write};
    let folder = folder();
    let spool = open(folder.path()).await;
    let rows: Vec<Row> = (0..1200).map(row).collect();
    spool.append(&rows, DateTime::UNIX_EPOCH).await.expect("kept");
    let mut out = Vec::new();

    assert_eq!(write(&spool, &mut out).await.expect("written"), 1200);

    assert_eq!(lies_in(&spool).await, []);
    let text = String::from_utf8(out).expect("utf-8");
    let found: Vec<LogLine> = text.lines().map(read).collect();
    assert_eq!(found, rows.iter().cloned().map(|row| LogLine::Row(Box::new(row))).collect::<Vec<_>>());
    let line = text.lines().next().expect("a line");
    let (one, cut) = (LogLine::Row(Box::new(row(0))), &line[..line.len() - 4]);
    assert_eq!(read(&format!("{{\"severity\":\"DEFAULT\",\"jsonPayload\":{line}}}")), one);
    assert_eq!(read(&serde_json::json!({ "textPayload": line }).to_string()), one);
    assert_eq!(read("2026-11-22 INFO listening"), LogLine::Other);
    assert!(matches!(read(cut), LogLine::Damaged(_)));
    assert!(matches!(read(&line.replace("\"alpha_call_row\":1", "\"alpha_call_row\":2")), LogLine::Damaged(_)));
}

#[test]
fn a_dead_letter_is_written_in_ascii() {
    assert_eq!(ascii("a\0é👋"), "a\\u00e9\\ud83d\\udc4b");
}
