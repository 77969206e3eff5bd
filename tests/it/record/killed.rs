//! A process that keeps rows is killed with no warning; the next one finds all that was acknowledged.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use alpha_call::sim::client::ApiClient;
use alpha_call::sim::stage::{CALLEE, Stage};
use alpha_call::store::CallKey;
use serde_json::json;

use super::*;
use crate::doors::process::Shell;

const FOLDER: &str = "ALPHA_CALL_TEST_FOLDER";
const LIVES: u32 = 20;
/// So that no two lives use the same keys.
const A_LIFE: u32 = 100_000;

/// What the child does, if this process is one: keeps rows for ever, and says of each that it is kept.
#[actix_rt::test]
async fn child_that_keeps_rows_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let life: u32 = std::env::var("ALPHA_CALL_TEST_LIFE").expect("a number").parse().expect("a number");
    let desk = Desk::open(&sqlite(Path::new(&folder)), Path::new(&folder)).await;
    for seq in life * A_LIFE.. {
        assert!(desk.log.keep(turn(call(1), seq, "kept")).await, "on disk");
        let mut out = std::io::stdout().lock();
        writeln!(out, "kept {seq}").and_then(|()| out.flush()).expect("somebody listens");
    }
}

#[actix_rt::test]
async fn no_acknowledged_row_is_lost_by_a_kill_at_any_moment() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut acknowledged = Vec::new();
    for life in 0..LIVES {
        // Spread over the start, the first commits, shipments and the time between.
        acknowledged.extend(live_and_die(folder.path(), life, 1 + (life * 7) % 40));
    }
    let desk = Desk::open(&sqlite(folder.path()), folder.path()).await;

    assert!(desk.log.flush(HOME).await, "what was left in the spool is home");

    let stored: BTreeSet<u32> = seqs(&desk.store, call(1)).await.into_iter().collect();
    let lost: Vec<u32> = acknowledged.iter().copied().filter(|seq| !stored.contains(seq)).collect();
    assert!(acknowledged.len() > LIVES as usize, "{} rows are a poor sample", acknowledged.len());
    assert_eq!(lost, [] as [u32; 0], "of {}", acknowledged.len());
    desk.close().await;
}

/// Kills a child as soon as it has acknowledged so many rows; all that it said it had kept.
fn live_and_die(folder: &Path, life: u32, rows: u32) -> Vec<u32> {
    let test = "record::killed::child_that_keeps_rows_until_it_is_killed";
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args([test, "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .env("ALPHA_CALL_TEST_LIFE", life.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a child");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut kept = Vec::new();
    for line in lines.map_while(Result::ok) {
        // The first line stands behind the name of the test.
        let Some((_, seq)) = line.split_once("kept ") else { continue };
        kept.extend(seq.parse::<u32>());
        if kept.len() == rows as usize {
            child.kill().expect("killed");
        }
    }
    child.wait().expect("an end");
    kept
}

/// Twilio's words in the order in which a call passes them.
const WORDS: [&str; 5] = ["queued", "initiated", "ringing", "in-progress", "completed"];

#[actix_rt::test]
async fn no_call_that_was_answered_for_is_lost_by_a_kill_at_any_moment() {
    let folder = tempfile::tempdir().expect("a folder");
    let stage = Stage::start(1).expect("a stage");
    let mut accepted = Vec::new();
    for life in 0..LIVES {
        accepted.extend(take_calls_and_die(&stage, folder.path(), life).await);
    }
    let store = CallStore::open(&DatabaseSettings::at(sqlite(folder.path()))).expect("a store");
    let desk = Desk::at(store, folder.path()).await;
    assert!(desk.log.flush(HOME).await, "what was left in the spool is home");

    for id in &accepted {
        assert!(desk.store.call(&CallKey::Id(*id)).await.expect("read").is_some(), "{id} was accepted, and is not on record");
    }
    let answered = stage.twilio.status_callbacks().into_iter().filter(|callback| callback.status.is_some_and(|status| status < 300));
    let mut heard = 0;
    for callback in answered {
        let key = CallKey::Sid(callback.call_sid.parse().expect("a sid"));
        let Some(call) = desk.store.call(&key).await.expect("read") else {
            panic!("{callback:?} was answered, and its call is not on record")
        };
        let rank = |word: &str| WORDS.iter().position(|known| *known == word);
        let (said, stored) = (rank(&callback.event), rank(call.twilio_status.as_deref().unwrap_or_default()));
        assert!(stored >= said, "{callback:?} was answered, on record is {:?}", call.twilio_status);
        heard += 1;
    }
    assert!(accepted.len() > LIVES as usize && heard > LIVES, "{} calls and {heard} callbacks are a poor sample", accepted.len());
    desk.close().await;
}

/// The calls that a life of the real program accepted before it was killed.
async fn take_calls_and_die(stage: &Stage, folder: &Path, life: u32) -> Vec<CallId> {
    let mut shell = Shell::new();
    let spool = folder.join("spool").display().to_string();
    let own = [("DATABASE_URL", sqlite(folder)), ("SPOOL_FOLDER", spool), ("MAX_CONCURRENT_CALLS", "100".to_owned())];
    let more = [("MAX_OPENAI_CONNECTIONS", "100".to_owned())];
    for (name, value) in stage.environment().into_iter().chain(own.into_iter().chain(more).map(|(name, value)| (name.to_owned(), value))) {
        shell = shell.with(&name, &value);
    }
    let mut instance = shell.serve();
    let address = instance.address();
    stage.twilio.set_engine(address);
    let mut accepted = Vec::new();
    for _ in 0..=life % 8 {
        let answer = ApiClient::new(address).post("/api/request-call", &json!({ "phone_number": CALLEE })).await.expect("an answer");
        assert_eq!(answer.status, 202, "{}", answer.body);
        accepted.push(answer.body["id"].as_str().expect("an id").parse().expect("our id"));
    }
    // Killed in the midst of whatever those calls are doing by then.
    tokio::time::sleep(Duration::from_millis(u64::from(life * 61 % 600))).await;
    instance.signal("KILL");
    drop(instance);
    accepted
}
