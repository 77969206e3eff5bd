use std::time::Duration;

use alpha_call::session::event::{Speaker, Transcription, Turn};
use alpha_call::store::{CallStore, StoredTurn};
use alpha_call::types::{Epoch, HangupCause, Redacted};

use crate::words::{at, create, end, found, id, migrated, new_call, row, stored, turn};

async fn heard(store: &CallStore) -> Vec<String> {
    let turns = store.turns(id(1)).await.expect("read");
    turns.into_iter().map(|stored| stored.turn.heard.0).collect()
}

pub async fn the_higher_revision_stays_in_either_order(url: &str) {
    let store = migrated(url).await;

    store.write(vec![row(1, 1, turn(1, 1, "old"))]).await.expect("written");
    store.write(vec![row(1, 1, turn(1, 2, "new"))]).await.expect("written");
    store.write(vec![row(1, 1, turn(2, 2, "new")), row(1, 1, turn(2, 1, "old"))]).await.expect("written");
    store.write(vec![row(1, 1, turn(2, 1, "older")), row(1, 1, turn(1, 2, "same"))]).await.expect("written");

    assert_eq!(heard(&store).await, ["new", "new"]);
}

pub async fn a_turn_comes_back_as_it_was_written(url: &str) {
    let store = migrated(url).await;
    let written = Turn {
        position: 9,
        item: Some("item_1".into()),
        response: Some("resp_1".into()),
        speaker: Speaker::System,
        heard: Redacted("Grüß".to_owned()),
        interrupted: true,
        audio_ms: 4000,
        heard_ms: 1500,
        started: Duration::from_millis(2500),
        ended: Some(Duration::from_millis(6500)),
        latency: Some(Duration::from_millis(640)),
        ..turn(3, u32::MAX, "Grüß Gott 👋")
    };

    store.write(vec![row(1, 2, written.clone())]).await.expect("written");

    assert_eq!(store.turns(id(1)).await.expect("read"), [StoredTurn { epoch: Epoch::new(2), turn: written, at: at(5) }]);
    assert_eq!(store.turns(id(2)).await.expect("read"), []);
}

pub async fn the_conversation_keeps_its_order(url: &str) {
    let store = migrated(url).await;
    let placed = |seq, position, text| Turn { position, ..turn(seq, 1, text) };

    let rows = vec![
        row(1, 2, placed(0, 0, "fourth")),
        row(1, 1, placed(2, 1, "second")),
        row(1, 1, placed(1, 2, "third")),
        row(1, 1, placed(0, 1, "first")),
        row(2, 1, placed(0, 0, "of another call")),
    ];
    store.write(rows).await.expect("written");

    assert_eq!(heard(&store).await, ["first", "second", "third", "fourth"]);
}

pub async fn a_batch_larger_than_one_statement_is_written_whole(url: &str) {
    let store = migrated(url).await;
    let rows = (0..4100).map(|seq| row(1, 1, turn(seq, 1, "x"))).collect();

    store.write(rows).await.expect("written");
    store.write(Vec::new()).await.expect("nothing to write");

    assert_eq!(store.turns(id(1)).await.expect("read").len(), 4100);
}

pub async fn a_text_with_a_nul_is_stored_without_it(url: &str) {
    let store = migrated(url).await;
    let mut call = new_call(1);
    call.caller_name = Some("A\0nn".to_owned());
    create(&store, call).await;

    store.write(vec![row(1, 1, turn(1, 1, "to\0 be\0"))]).await.expect("written");
    let mut finished = end(1, HangupCause::CarrierFailed, 1);
    finished.error = Some("bro\0ken".to_owned());
    assert!(store.finish(finished).await.expect("asked"));

    assert_eq!(heard(&store).await, ["to be"]);
    let call = stored(&store, 1).await;
    assert_eq!((call.caller_name, call.error), (Some(Redacted("Ann".to_owned())), Some("broken".to_owned())));
}

pub async fn noise_that_was_taken_for_speech_is_no_input(url: &str) {
    let store = migrated(url).await;
    create(&store, new_call(1)).await;
    let said =
        |seq, transcription, text| row(1, 1, Turn { speaker: Speaker::User, transcription: Some(transcription), ..turn(seq, 1, text) });

    let rows = vec![said(0, Transcription::Done, "words"), said(1, Transcription::Done, ""), said(2, Transcription::Failed, "")];
    store.write(rows).await.expect("written");
    assert!(store.finish(end(1, HangupCause::CallerHungUp, 1)).await.expect("asked"));

    assert_eq!(found(url, "SELECT user_inputs || '' FROM call_logs").await.as_deref(), Some("2"));
}

pub async fn interruptions_are_counted_however_often_a_turn_is_written(url: &str) {
    let store = migrated(url).await;
    let cut = |seq, revision| row(1, 1, Turn { interrupted: true, ..turn(seq, revision, "x") });
    create(&store, new_call(1)).await;

    store.write(vec![cut(1, 1), row(1, 1, turn(2, 1, "whole")), row(2, 1, turn(1, 1, "another call"))]).await.expect("written");
    store.write(vec![cut(1, 1), cut(3, 1)]).await.expect("written");
    assert!(store.finish(end(1, HangupCause::CallerHungUp, 1)).await.expect("asked"));
    assert_eq!(stored(&store, 1).await.interruptions, 2);
    store.write(vec![cut(1, 2), cut(4, 1)]).await.expect("late");

    assert_eq!(stored(&store, 1).await.interruptions, 3);
}
