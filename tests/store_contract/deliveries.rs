//! Each event that is wanted is delivered by one instance at a time, and is not lost with it.

use std::time::Duration;

use alpha_call::governor::delivery::Fate;
use alpha_call::store::{CallStore, Delivery, DeliveryFilter, EventSubject, StoredDelivery, Tried};
use alpha_call::types::{DeliveryState, EventId, EventKind, HangupCause};
use futures_util::future::join_all;
use sea_orm::Database;

use crate::words::{at, create, end, id, migrated, new_call, open, row, turn};

const ENDS: [EventKind; 2] = [EventKind::Completed, EventKind::Failed];
const ALL: DeliveryFilter = DeliveryFilter { state: None, call: None, before: None, limit: 100 };
const HOUR: Duration = Duration::from_secs(3_600);

fn evt(position: u64) -> EventId {
    EventId::new(position)
}

/// A call that begins and ends.
async fn short_call(store: &CallStore, number: u128) {
    create(store, new_call(number)).await;
    assert!(store.finish(end(number, HangupCause::CallerHungUp, 9)).await.expect("written"));
}

async fn listed(store: &CallStore, filter: DeliveryFilter) -> Vec<StoredDelivery> {
    store.deliveries(filter).await.expect("read").deliveries
}

/// The one that there is.
async fn only(store: &CallStore) -> StoredDelivery {
    let mut all = listed(store, ALL).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

async fn taken(store: &CallStore, holder: &str) -> Vec<EventId> {
    store.take_deliveries(holder, 100).await.expect("taken").into_iter().map(|delivery| delivery.id).collect()
}

/// Changes what the database holds, behind the store's back.
async fn behind(url: &str, text: &str) {
    crate::sql(&Database::connect(url).await.expect("connected"), text).await;
}

fn tried(id: EventId, fate: Fate) -> Tried {
    Tried { id, fate, status: Some(500), error: Some("the server answered with status 500".to_owned()), took: Duration::from_millis(7) }
}

pub async fn each_event_of_a_wanted_kind_is_entered_once_with_its_publication(url: &str) {
    let store = migrated(url).await;
    short_call(&store, 1).await;
    store.write(vec![row(1, 1, turn(1, 1, "Hello"))]).await.expect("written");

    store.publish_events(&[]).await.expect("published");
    assert_eq!(listed(&store, ALL).await, [], "nobody is to be told");
    short_call(&store, 2).await;
    join_all((0..4).map(|_| store.publish_events(&ENDS))).await;

    let entered = only(&store).await;
    assert_eq!((entered.kind, entered.call, entered.id), (EventKind::Completed, id(2), evt(5)));
    assert_eq!((entered.state, entered.attempts, entered.delivered_at), (DeliveryState::Pending, 0, None));
}

pub async fn what_is_due_goes_to_one_of_those_who_ask_with_what_the_call_says_by_now(url: &str) {
    let store = migrated(url).await;
    for number in 1..=20 {
        short_call(&store, number).await;
    }
    store.publish_events(EventKind::ALL).await.expect("published");

    let shares = join_all((0..4).map(|n| store.take_deliveries(if n % 2 == 0 { "one" } else { "other" }, 25))).await;

    let mut all: Vec<Delivery> = shares.into_iter().flat_map(|share| share.expect("taken")).collect();
    all.sort_by_key(|delivery| delivery.id);
    assert_eq!(all.iter().map(|delivery| delivery.id.position()).collect::<Vec<_>>(), (1..=40).collect::<Vec<_>>());
    for delivery in all {
        let event = delivery.event.expect("its call is there");
        let ended = if let EventSubject::Call(call) = event.subject { call.ended_at } else { None };
        assert_eq!((ended, EventId::new(event.position)), (Some(at(9)), delivery.id));
    }
    assert_eq!(taken(&store, "third").await, []);
}

pub async fn what_an_instance_leaves_behind_is_delivered_by_another(url: &str) {
    let store = migrated(url).await;
    short_call(&store, 1).await;
    store.publish_events(&ENDS).await.expect("published");
    assert_eq!(taken(&store, "dead").await, [evt(2)]);
    assert_eq!(taken(&store, "other").await, [], "it may be alive");

    behind(url, "UPDATE webhook_deliveries SET held_until = '2001-01-01 00:00:00+00:00'").await;
    assert_eq!(taken(&open(url), "other").await, [evt(2)]);
    assert!(!store.settle_delivery("dead", tried(evt(2), Fate::Delivered)).await.expect("asked"), "it is not its to tell");

    assert_eq!(store.leave_deliveries("other").await.expect("left"), 1);
    assert_eq!(taken(&store, "third").await, [evt(2)], "what is given back need not be waited for");
}

pub async fn a_try_that_failed_is_repeated_when_its_pause_is_over(url: &str) {
    let store = migrated(url).await;
    short_call(&store, 1).await;
    store.publish_events(&ENDS).await.expect("published");
    assert_eq!(taken(&store, "one").await, [evt(2)]);

    assert!(store.settle_delivery("one", tried(evt(2), Fate::Again(HOUR))).await.expect("written"));
    assert_eq!(taken(&store, "one").await, [], "not before its time");
    let waits = only(&store).await;
    assert_eq!((waits.state, waits.attempts, waits.last_status), (DeliveryState::Pending, 1, Some(500)));
    assert_eq!(waits.last_error.as_deref(), Some("the server answered with status 500"));
    assert_eq!(waits.took, Some(Duration::from_millis(7)));
    assert!(waits.due_at - waits.created_at > chrono::TimeDelta::minutes(59), "{waits:?}");
    assert_eq!(store.pending_deliveries().await.expect("counted"), 1);

    behind(url, "UPDATE webhook_deliveries SET due_at = '2001-01-01 00:00:00+00:00'").await;
    let again = store.take_deliveries("one", 100).await.expect("taken");
    assert_eq!(again.iter().map(|delivery| (delivery.id, delivery.attempts)).collect::<Vec<_>>(), [(evt(2), 1)]);
    let done = Tried { status: Some(204), error: None, ..tried(evt(2), Fate::Delivered) };
    assert!(store.settle_delivery("one", done).await.expect("written"));

    let told = only(&store).await;
    assert_eq!((told.state, told.attempts, told.last_status, told.last_error), (DeliveryState::Delivered, 2, Some(204), None));
    assert!(told.delivered_at.is_some());
    assert_eq!(store.pending_deliveries().await.expect("counted"), 0);
}

pub async fn an_event_is_sent_again_from_its_first_try_on(url: &str) {
    let store = migrated(url).await;
    short_call(&store, 1).await;
    store.publish_events(&ENDS).await.expect("published");
    assert_eq!(store.resend_delivery(evt(1)).await.expect("asked"), None, "it was never to be told");
    taken(&store, "one").await;
    let held = store.resend_delivery(evt(2)).await.expect("asked").expect("a row");
    assert_eq!((held.state, taken(&store, "other").await), (DeliveryState::Pending, vec![]), "it is being told");
    assert!(store.settle_delivery("one", tried(evt(2), Fate::GivenUp)).await.expect("written"));
    assert_eq!(only(&store).await.state, DeliveryState::GivenUp);

    let again = store.resend_delivery(evt(2)).await.expect("asked").expect("a row");

    assert_eq!((again.state, again.attempts), (DeliveryState::Pending, 0));
    assert_eq!(taken(&store, "one").await, [evt(2)]);
}

pub async fn they_are_looked_at_newest_first_page_by_page(url: &str) {
    let store = migrated(url).await;
    for number in 1..=3 {
        short_call(&store, number).await;
    }
    store.publish_events(EventKind::ALL).await.expect("published");
    taken(&store, "one").await;
    assert!(store.settle_delivery("one", tried(evt(4), Fate::Delivered)).await.expect("written"));
    let ids = |listed: &[StoredDelivery]| listed.iter().map(|delivery| delivery.id.position()).collect::<Vec<_>>();

    let first = store.deliveries(DeliveryFilter { limit: 4, ..ALL }).await.expect("read");
    assert_eq!((ids(&first.deliveries), first.next), (vec![6, 5, 4, 3], Some(evt(3))));
    let second = store.deliveries(DeliveryFilter { limit: 4, before: first.next, ..ALL }).await.expect("read");
    assert_eq!((ids(&second.deliveries), second.next), (vec![2, 1], None));
    assert_eq!(ids(&listed(&store, DeliveryFilter { call: Some(id(2)), ..ALL }).await), [4, 3]);
    assert_eq!(ids(&listed(&store, DeliveryFilter { state: Some(DeliveryState::Delivered), ..ALL }).await), [4]);
}

pub async fn what_was_told_is_forgotten_and_what_will_be_tried_again_is_not(url: &str) {
    let store = migrated(url).await;
    for number in 1..=2 {
        short_call(&store, number).await;
    }
    store.publish_events(&ENDS).await.expect("published");
    taken(&store, "one").await;
    assert!(store.settle_delivery("one", tried(evt(2), Fate::Delivered)).await.expect("written"));
    assert!(store.settle_delivery("one", tried(evt(4), Fate::Again(HOUR))).await.expect("written"));

    assert_eq!(store.forget_deliveries(HOUR).await.expect("forgotten"), 0);
    assert_eq!(store.forget_deliveries(Duration::ZERO).await.expect("forgotten"), 1);

    assert_eq!(listed(&store, ALL).await.iter().map(|delivery| delivery.id).collect::<Vec<_>>(), [evt(4)]);
}
