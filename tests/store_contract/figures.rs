use std::collections::BTreeMap;
use std::time::Duration;

use alpha_call::session::event::Turn;
use alpha_call::store::{Analytics, CallEnd, CallStore, NewCall, Row};
use alpha_call::types::{CallStatus, Direction, Epoch, HangupCause};
use chrono::TimeDelta;

use crate::words::{at, create, end, id, migrated, new_call, row, stream, turn};

/// An old call; a completed inbound one of 90.5 s; a failed outbound one of 29.5 s; one ringing; two refused.
async fn six_calls(store: &CallStore) {
    create(store, NewCall { initiated_at: at(-1), ..new_call(1) }).await;
    create(store, NewCall { direction: Direction::Inbound, ..new_call(2) }).await;
    for (call, cause, seconds) in [(2, HangupCause::CallerHungUp, 90), (3, HangupCause::ModelUnavailable, 29)] {
        if call == 3 {
            create(store, new_call(3)).await;
        }
        assert!(store.connected(id(call), Epoch::FIRST, &stream(1), at(10)).await.expect("asked"));
        let ended = CallEnd { at: at(10 + seconds) + TimeDelta::milliseconds(500), ..end(call, cause, 0) };
        assert!(store.finish(ended).await.expect("asked"));
    }
    create(store, new_call(4)).await;
    store.create_refused(new_call(5), "cooling-down").await.expect("kept");
    store.create_refused(new_call(6), "cooling-down").await.expect("kept");
}

async fn sounds(store: &CallStore) {
    let answered = |seq, millis, interrupted| Turn { latency: Some(Duration::from_millis(millis)), interrupted, ..turn(seq, 1, "x") };
    store.write(vec![Row::FirstAudio { call: id(2), ms: 400 }]).await.expect("kept");
    store.write(vec![Row::FirstAudio { call: id(3), ms: 601 }]).await.expect("kept");
    store.write(vec![row(1, 1, answered(1, 9000, true)), row(2, 1, turn(1, 1, "no latency"))]).await.expect("written");
    store
        .write(vec![row(2, 1, answered(2, 500, true)), row(2, 2, answered(1, 700, true)), row(3, 1, answered(1, 900, false))])
        .await
        .expect("written");
}

pub async fn they_are_those_computed_by_hand(url: &str) {
    let store = migrated(url).await;
    six_calls(&store).await;
    sounds(&store).await;

    let figures = store.analytics(Some(at(0))).await.expect("figures");

    let expected = Analytics {
        total_calls: 5,
        by_status: BTreeMap::from([(CallStatus::Initiated, 1), (CallStatus::Completed, 1), (CallStatus::Failed, 3)]),
        inbound: 1,
        outbound: 4,
        success_rate: Some(0.5),
        average_duration_s: Some(60.0),
        total_minutes: 2.0,
        average_first_audio_ms: Some(500.5),
        average_turn_latency_ms: Some(700.0),
        interruptions: 2,
        refusals: BTreeMap::from([("cooling-down".to_owned(), 2)]),
    };
    assert_eq!(figures, expected);
    let all = store.analytics(None).await.expect("figures");
    assert_eq!((all.total_calls, all.interruptions, all.average_turn_latency_ms), (6, 2, Some(2775.0)));
}

pub async fn over_nothing_an_average_is_none(url: &str) {
    let store = migrated(url).await;

    assert_eq!(store.analytics(None).await.expect("figures"), Analytics::default());
}
