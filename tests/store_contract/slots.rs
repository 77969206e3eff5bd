//! Slots are leases in a database that several instances share: Postgres.

use std::collections::HashSet;

use alpha_call::governor::SlotKind;
use alpha_call::store::CallStore;
use futures_util::future::join_all;
use sea_orm::Database;
use uuid::Uuid;

use crate::words::migrated;

const CALL: SlotKind = SlotKind::Call;

async fn take(store: &CallStore, limit: u32, holder: &str) -> Option<Uuid> {
    let owner = Uuid::now_v7();
    store.take_slot(CALL, limit, owner, holder).await.expect("asked").then_some(owner)
}

async fn taken(store: &CallStore, limit: u32, wishes: usize, holder: &str) -> Vec<Uuid> {
    join_all((0..wishes).map(|_| take(store, limit, holder))).await.into_iter().flatten().collect()
}

/// As time would.
async fn expire(url: &str) {
    let db = Database::connect(url).await.expect("connected");
    crate::sql(&db, "UPDATE slots SET expires_at = now() - interval '1 second' WHERE expires_at IS NOT NULL").await;
}

#[tokio::test]
async fn of_a_hundred_that_ask_at_once_as_many_are_served_as_there_are_slots() {
    crate::on_postgres(async |url| {
        let store = migrated(&url).await;

        // The rows are made meanwhile.
        let all = taken(&store, 7, 100, "a").await;

        assert_eq!(all.len(), 7);
        assert_eq!(take(&store, 7, "b").await, None);
        store.release_slots(vec![all[0]], "b").await.expect("done");
        assert_eq!(take(&store, 7, "b").await, None, "who does not hold it cannot give it back");
        store.release_slots(vec![all[0]], "a").await.expect("done");
        assert!(take(&store, 7, "b").await.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_limit_that_is_raised_or_lowered_holds_from_then_on() {
    crate::on_postgres(async |url| {
        let store = migrated(&url).await;

        assert_eq!(taken(&store, 2, 5, "a").await.len(), 2);
        assert_eq!(taken(&store, 4, 5, "a").await.len(), 2);
        store.leave("a").await.expect("done");
        expire(&url).await;
        assert_eq!(taken(&store, 1, 5, "a").await.len(), 1);
        assert!(store.take_slot(SlotKind::Spare, 1, Uuid::now_v7(), "a").await.expect("asked"), "of another kind");
    })
    .await;
}

#[tokio::test]
async fn a_lease_that_is_not_renewed_expires_and_its_holder_is_told() {
    crate::on_postgres(async |url| {
        let store = migrated(&url).await;
        let (one, two) = (take(&store, 2, "a").await.expect("a slot"), take(&store, 2, "a").await.expect("a slot"));

        let renewal = store.renew_slots(&[one, two], "a").await.expect("asked");
        assert_eq!((renewal.kept, renewal.instances, renewal.calls), (HashSet::from([one, two]), 1, 2));

        expire(&url).await;
        let other = take(&store, 2, "b").await.expect("an expired slot");
        let renewal = store.renew_slots(&[one, two], "a").await.expect("asked");
        assert_eq!(renewal.kept.len(), 1, "the one that nobody took meanwhile");

        let renewal = store.renew_slots(&[other], "b").await.expect("asked");
        assert_eq!((renewal.kept, renewal.instances, renewal.calls), (HashSet::from([other]), 2, 2));
    })
    .await;
}

#[tokio::test]
async fn the_slots_of_calls_wait_a_little_for_those_who_take_them_on_from_an_instance_that_leaves() {
    crate::on_postgres(async |url| {
        let store = migrated(&url).await;
        let calls = taken(&store, 3, 3, "a").await;
        assert!(store.take_slot(SlotKind::Spare, 1, Uuid::now_v7(), "a").await.expect("asked"));
        store.renew_slots(&[], "a").await.expect("asked");

        store.leave("a").await.expect("done");

        let renewal = store.renew_slots(&[], "b").await.expect("asked");
        assert_eq!((renewal.instances, renewal.calls), (1, 3));
        assert!(store.take_slot(SlotKind::Spare, 1, Uuid::now_v7(), "b").await.expect("asked"), "what no call has is free at once");
        assert_eq!(take(&store, 3, "b").await, None);
        assert!(store.take_over_slot(calls[0], "b").await.expect("asked"));
        assert!(!store.take_slot(SlotKind::Call, 9, calls[0], "a").await.expect("asked"), "the call has a slot");
        expire(&url).await;
        assert!(store.take_over_slot(calls[1], "b").await.expect("asked"), "nobody else had taken it");
        assert_eq!(taken(&store, 3, 3, "c").await.len(), 2, "who was not asked for is not waited for");
        assert!(!store.take_over_slot(calls[2], "b").await.expect("asked"));
    })
    .await;
}
