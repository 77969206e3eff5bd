//! What one instance leaves on record, so that another can go on.

use std::time::Duration;

use alpha_call::governor::Left;
use alpha_call::session::StreamTally;
use alpha_call::store::{CallEnd, CallStore, KnownCall, LostCall, NewCall, Row, StreamCost, StreamRow};
use alpha_call::types::{Epoch, HangupCause};

use crate::words::{at, create, end, id, joined, migrated, new_call, number, sid, stored, stream};

const WINDOW: Duration = Duration::from_secs(300);
const NEVER: Duration = Duration::ZERO;

fn of(owner: &str) -> NewCall {
    NewCall { owner: Some(owner.to_owned()), call_sid: Some(sid(1)), ..new_call(1) }
}

async fn known(store: &CallStore) -> KnownCall {
    store.known_call(id(1), WINDOW).await.expect("read").expect("a call")
}

/// The last word of a stream.
fn left(epoch: u32, cause: HangupCause, to: Option<&str>) -> Row {
    let tally = StreamTally::default();
    let cost = StreamCost { model_nanos: 0, transcription_nanos: 0, price_version: String::new() };
    let (transfer, ended) = (to.map(number), Some((at(9), cause)));
    let epoch = Epoch::new(epoch);
    Row::stream(StreamRow {
        call: id(1),
        epoch,
        revision: 2,
        owner: "a",
        started: at(1),
        ended,
        transfer: transfer.as_ref(),
        tally: &tally,
        cost,
        journal: None,
    })
}

pub async fn an_instance_whose_call_another_one_has_taken_on_cannot_end_it(url: &str) {
    let store = migrated(url).await;
    create(&store, of("a")).await;
    let told_by = |owner: Option<&str>| CallEnd { owner: owner.map(str::to_owned), ..end(1, HangupCause::StreamLost, 9) };

    let former = store.claim_stream(id(1), Epoch::FIRST, "b", at(1)).await.expect("asked");

    assert_eq!(former, Some(Some("a".to_owned())));
    assert!(!store.finish(told_by(Some("a"))).await.expect("asked"));
    store.write(vec![Row::Ended(Box::new(told_by(Some("a"))))]).await.expect("written");
    assert_eq!(stored(&store, 1).await.ended_at, None);
    assert!(store.finish(told_by(Some("b"))).await.expect("asked"));
    assert!(store.claim_stream(id(1), Epoch::new(2), "c", at(10)).await.expect("asked").is_none(), "it has ended");
}

pub async fn whoever_is_asked_knows_how_the_last_stream_ended_and_how_often_it_was_lost(url: &str) {
    let store = migrated(url).await;
    create(&store, of("a")).await;
    assert_eq!((known(&store).await.last.claimed, known(&store).await.sid), (None, Some(sid(1))));
    store.claim_stream(id(1), Epoch::FIRST, "a", at(1)).await.expect("asked");
    store.connected(joined(id(1), Epoch::FIRST, stream(1), at(2))).await.expect("asked");
    assert_eq!(known(&store).await.last.left, None, "it has said nothing yet");

    store.write(vec![left(1, HangupCause::Transferred, Some("+14155550199"))]).await.expect("written");
    store.promise_stream(id(1), Epoch::new(2), true).await.expect("noted");
    for _ in 0..2 {
        store.promise_stream(id(1), Epoch::new(3), false).await.expect("noted");
    }

    let known = known(&store).await;
    let transfer = Some(number("+14155550199"));
    assert_eq!(known.last.left, Some(Left { cause: HangupCause::Transferred, transfer }));
    assert_eq!((known.last.claimed, known.last.unplanned, known.connected_at), (Some(Epoch::FIRST), 1, Some(at(2))));
    assert!(known.last.since.is_some_and(|since| since < Duration::from_secs(60)));
    assert!(!known.last.has_ended && !known.last.is_away);
    store.forget_resumes(NEVER).await.expect("forgotten");
    assert_eq!(store.known_call(id(1), WINDOW).await.expect("read").map(|known| known.last.unplanned), Some(0));
    assert!(store.known_call(id(2), WINDOW).await.expect("read").is_none());
}

pub async fn a_call_whose_instance_is_gone_is_told_to_one_other_at_a_time(url: &str) {
    let store = migrated(url).await;
    create(&store, of("a")).await;
    store.claim_stream(id(1), Epoch::new(4), "a", at(1)).await.expect("asked");
    let lost = LostCall { id: id(1), sid: sid(1), epoch: Epoch::new(4), is_away: false };

    if store.is_shared() {
        store.renew_slots(&[], "a").await.expect("asked");
        assert_eq!(store.lost_calls("b", NEVER, 9).await.expect("asked"), [], "a is there");
        store.leave("a").await.expect("done");
    }

    assert_eq!(store.lost_calls("a", NEVER, 9).await.expect("asked"), [], "nobody's own");
    assert_eq!(store.lost_calls("b", Duration::from_secs(60), 9).await.expect("asked"), [lost]);
    assert_eq!(store.lost_calls("c", Duration::from_secs(60), 9).await.expect("asked"), [], "b sees to it");
    store.finish(end(1, HangupCause::CallerHungUp, 9)).await.expect("asked");
    assert_eq!(store.lost_calls("c", NEVER, 9).await.expect("asked"), []);
}
