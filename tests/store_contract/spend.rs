//! What calls have cost.

use std::time::Duration;

use alpha_call::session::StreamTally;
use alpha_call::store::{CallEnd, CallStore, DaySpend, NewCall, Row, StreamCost, StreamRow};
use alpha_call::types::{Direction, Epoch, HangupCause};

use crate::words::{at, create, end, id, joined, migrated, new_call, stream};

const HOUR: Duration = Duration::from_secs(3_600);
const INBOUND: u64 = 1_000;
const OUTBOUND: u64 = 2_000;

const fn minute(direction: Direction) -> u64 {
    match direction {
        Direction::Inbound => INBOUND,
        Direction::Outbound => OUTBOUND,
    }
}

async fn connected(store: &CallStore, call: u128, epoch: u32, second: i64) {
    assert!(store.connected(joined(id(call), Epoch::new(epoch), stream(epoch), at(second))).await.expect("asked"));
}

/// The stream has cost so much, for the model and for writing down what was said.
async fn streamed(store: &CallStore, call: u128, epoch: u32, revision: u32, nanos: [u64; 2]) {
    let [model_nanos, transcription_nanos] = nanos;
    let cost = StreamCost { model_nanos, transcription_nanos, price_version: "2026-11".to_owned() };
    let (epoch, tally) = (Epoch::new(epoch), StreamTally::default());
    let row = StreamRow {
        call: id(call),
        epoch,
        revision,
        owner: "one",
        started: at(1),
        ended: None,
        transfer: None,
        tally: &tally,
        cost,
        journal: None,
    };
    store.write(vec![Row::stream(row)]).await.expect("written");
}

/// Of ten minutes from `at(0)` on, as it is `now` seconds later.
async fn spend(store: &CallStore, now: i64, longest: Duration) -> DaySpend {
    store.day_spend((at(0), at(600)), at(now), longest, minute).await.expect("read")
}

fn by(key: &str, call: u128, second: i64) -> NewCall {
    NewCall { api_key_id: Some(key.to_owned()), initiated_at: at(second), ..new_call(call) }
}

pub async fn a_day_costs_what_its_calls_have_and_those_that_run_so_far(url: &str) {
    let store = migrated(url).await;
    assert_eq!(spend(&store, 0, HOUR).await, DaySpend::default());
    // One that has ended: its row has it all.
    create(&store, by("crm", 1, 0)).await;
    connected(&store, 1, 1, 10).await;
    streamed(&store, 1, 1, 1, [50, 6]).await;
    store.finish(CallEnd { minute_nanos: OUTBOUND, ..end(1, HangupCause::CallerHungUp, 71) }).await.expect("ended");
    assert_eq!(spend(&store, 80, HOUR).await.all, 56 + 2 * OUTBOUND, "a second minute has begun");
    // Two that run, of two streams and of none; one that rings; one that was refused.
    create(&store, by("crm", 2, 1)).await;
    connected(&store, 2, 1, 20).await;
    streamed(&store, 2, 1, 1, [700, 10]).await;
    streamed(&store, 2, 2, 1, [7, 0]).await;
    streamed(&store, 2, 2, 2, [70, 1]).await;
    create(&store, NewCall { direction: Direction::Inbound, ..new_call(3) }).await;
    connected(&store, 3, 1, 20).await;
    create(&store, by("ops", 4, 2)).await;
    store.create_refused(by("ops", 5, 3), "over-budget").await.expect("kept");
    // Those of other days.
    for (call, second) in [(6, -1), (7, 600)] {
        create(&store, by("crm", call, second)).await;
        connected(&store, call, 1, second).await;
        streamed(&store, call, 1, 1, [9_000_000, 0]).await;
    }

    let spent = spend(&store, 80, HOUR).await;

    let running = 781 + OUTBOUND;
    assert_eq!(spent.all, 56 + 2 * OUTBOUND + running + INBOUND);
    assert_eq!((spent.of("crm"), spent.of("ops"), spent.of("nobody")), (56 + 2 * OUTBOUND + running, 0, 0));
    assert_eq!(spend(&store, 81, HOUR).await.all, spent.all + OUTBOUND + INBOUND, "the next minute has begun on both lines");
}

pub async fn a_call_without_an_end_is_paid_for_no_longer_than_a_call_may_last(url: &str) {
    let store = migrated(url).await;
    create(&store, new_call(1)).await;
    connected(&store, 1, 1, 0).await;

    assert_eq!(spend(&store, 86_400, Duration::from_secs(600)).await.all, 10 * OUTBOUND);
}

pub async fn a_call_has_cost_what_its_streams_have(url: &str) {
    let store = migrated(url).await;
    create(&store, new_call(1)).await;
    assert_eq!(store.spent(id(1)).await.expect("read"), 0);
    streamed(&store, 1, 1, 1, [700, 10]).await;
    streamed(&store, 1, 2, 1, [70, 1]).await;
    streamed(&store, 2, 1, 1, [9_000, 9_000]).await;

    assert_eq!(store.spent(id(1)).await.expect("read"), 781);
}
