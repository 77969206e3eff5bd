//! What happened is told once, in an order that all see alike.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alpha_call::store::{CallStore, Event, EventFilter, EventSubject, NewCall};
use alpha_call::types::{Epoch, EventKind, HangupCause};
use chrono::{DateTime, Utc};
use futures_util::future::join_all;

use crate::words::{at, create, end, id, joined, migrated, new_call, row, stream, turn};

const EVERYTHING: EventFilter = EventFilter { after: 0, call: None, limit: 1_000 };

async fn told(store: &CallStore, filter: EventFilter) -> Vec<Event> {
    store.events(filter).await.expect("read").events
}

fn kinds(events: &[Event]) -> Vec<EventKind> {
    events.iter().map(|event| event.kind).collect()
}

fn words(event: &Event) -> Option<&str> {
    if let EventSubject::Turn(said) = &event.subject { Some(said.turn.generated.as_str()) } else { None }
}

fn ended_at(event: &Event) -> Option<DateTime<Utc>> {
    if let EventSubject::Call(call) = &event.subject { call.ended_at } else { None }
}

/// A call from its beginning to its end, in which something is said once, and known better later.
async fn whole_call(store: &CallStore, number: u128) {
    create(store, new_call(number)).await;
    let sid = stream(u32::try_from(number).expect("small"));
    assert!(store.connected(joined(id(number), Epoch::FIRST, sid, at(1))).await.expect("written"));
    store.write(vec![row(number, 1, turn(1, 1, "Hel"))]).await.expect("written");
    store.write(vec![row(number, 1, turn(1, 2, "Hello"))]).await.expect("written");
    assert!(store.finish(end(number, HangupCause::CallerHungUp, 9)).await.expect("written"));
}

pub async fn what_happened_in_a_call_is_told_in_its_order_and_once(url: &str) {
    use EventKind::{Completed, Connected, Initiated, Turn};
    let store = migrated(url).await;
    whole_call(&store, 1).await;
    assert_eq!(kinds(&told(&store, EVERYTHING).await), [], "nobody is told before it is published");

    assert_eq!(store.publish_events(&[]).await.expect("published"), 5);
    // A row that is shipped twice, an end that is told twice.
    store.write(vec![row(1, 1, turn(1, 2, "Hello"))]).await.expect("written");
    assert!(!store.finish(end(1, HangupCause::CallerHungUp, 9)).await.expect("asked"));
    assert_eq!(store.publish_events(&[]).await.expect("published"), 0);

    let events = told(&store, EVERYTHING).await;
    assert_eq!(kinds(&events), [Initiated, Connected, Turn, Turn, Completed]);
    assert_eq!(events.iter().map(|event| event.position).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(events.iter().filter_map(words).collect::<Vec<_>>(), ["Hello", "Hello"], "as it stands by now");
    assert!(events.iter().filter_map(ended_at).all(|ended| ended == at(9)));
}

pub async fn a_call_that_was_refused_has_failed_and_was_never_begun(url: &str) {
    let store = migrated(url).await;
    store.create_refused(new_call(1), "at-capacity").await.expect("written");
    store.publish_events(&[]).await.expect("published");

    assert_eq!(kinds(&told(&store, EVERYTHING).await), [EventKind::Failed]);
}

pub async fn events_are_read_on_from_any_of_them_and_for_one_call_alone(url: &str) {
    let store = migrated(url).await;
    create(&store, NewCall { initiated_at: DateTime::UNIX_EPOCH, ..new_call(3) }).await;
    for number in 1..=2 {
        whole_call(&store, number).await;
    }
    store.publish_events(&[]).await.expect("published");

    let second = EventFilter { call: Some(id(2)), ..EVERYTHING };
    assert_eq!(told(&store, second).await.len(), 5);
    let page = store.events(EventFilter { after: 3, limit: 4, ..EVERYTHING }).await.expect("read");
    assert_eq!((page.events.len(), page.up_to), (4, 7));
    assert_eq!(store.events(EventFilter { after: 11, ..EVERYTHING }).await.expect("read").up_to, 11);
    assert_eq!(store.kept_events().await.expect("read"), 0..=11);

    assert_eq!(store.forget_events(Duration::from_secs(86_400)).await.expect("forgotten"), 1);
    assert_eq!(store.kept_events().await.expect("read"), 1..=11, "one cannot read on from before");
}

pub async fn whoever_reads_on_misses_nothing_while_many_write_and_publish(url: &str) {
    const WRITERS: u128 = 4;
    const TURNS: u32 = 25;
    let store = Arc::new(migrated(url).await);
    let done = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn(read_on(Arc::clone(&store), Arc::clone(&done)));

    let writer = async |number: u128| {
        create(&store, new_call(number)).await;
        for seq in 1..=TURNS {
            store.write(vec![row(number, 1, turn(seq, 1, "word"))]).await.expect("written");
            store.publish_events(&[]).await.expect("published");
        }
    };
    join_all((1..=WRITERS).map(writer)).await;
    while store.publish_events(&[]).await.expect("published") > 0 {}
    done.store(true, Ordering::Release);

    let read = reader.await.expect("the reader lives");
    let all: Vec<u64> = (1..=u64::try_from(WRITERS).expect("few") * u64::from(TURNS + 1)).collect();
    assert_eq!(read, all);
}

/// The positions that a reader has seen who looks again and again, until there is nothing more.
async fn read_on(store: Arc<CallStore>, done: Arc<AtomicBool>) -> Vec<u64> {
    let (mut seen, mut filter) = (Vec::new(), EventFilter { limit: 7, ..EVERYTHING });
    loop {
        let is_last = done.load(Ordering::Acquire);
        let page = store.events(filter).await.expect("read");
        seen.extend(page.events.iter().map(|event| event.position));
        if is_last && page.up_to == filter.after {
            return seen;
        }
        filter.after = page.up_to;
        tokio::task::yield_now().await;
    }
}
