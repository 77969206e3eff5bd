use alpha_call::store::{CallKey, CallStore, Conversation, Selection};
use chrono::TimeDelta;

use crate::bulk_words::{seeded, turns_by_call, until};
use crate::words::{at, create, id, migrated, new_call, row, sid, turn};

async fn all(store: &CallStore, selection: Selection) -> Vec<Conversation> {
    let mut coming = store.conversations(selection);
    let mut all = Vec::new();
    while let Some(conversation) = coming.next().await {
        all.push(conversation.expect("read"));
    }
    all
}

fn always() -> Selection {
    Selection::Between(until() - TimeDelta::days(60), until() + TimeDelta::days(1))
}

pub async fn conversations_come_whole_and_in_order(url: &str) {
    let store = migrated(url).await;
    seeded(&store, 450).await;

    let found = all(&store, always()).await;

    let expected = turns_by_call(&store).await;
    assert_eq!(found.len(), expected.len());
    assert!(found.iter().all(|found| expected.get(&found.call.id.to_string()) == Some(&found.turns.len())));
    assert!(found.is_sorted_by_key(|found| found.call.initiated_at));
    for Conversation { call, turns } in &found {
        assert_eq!(turns, &store.turns(call.id).await.expect("read"));
    }
}

pub async fn a_selection_is_a_call_or_a_time(url: &str) {
    let store = migrated(url).await;
    for number in 1..=4 {
        let mut call = new_call(number);
        (call.call_sid, call.initiated_at) = (Some(sid(number as u32)), at(number as i64 * 10));
        create(&store, call).await;
    }
    store.write([1, 2, 3].map(|call| row(call, 1, turn(0, 1, "hello"))).into()).await.expect("written");

    let found = async |selection| all(&store, selection).await.iter().map(|found| found.call.id).collect::<Vec<_>>();

    assert_eq!(found(Selection::Call(CallKey::Sid(sid(2)))).await, [id(2)]);
    assert_eq!(found(Selection::Call(CallKey::Id(id(3)))).await, [id(3)]);
    assert_eq!(found(Selection::Call(CallKey::Id(id(4)))).await, []);
    assert_eq!(found(Selection::Call(CallKey::Id(id(5)))).await, []);
    assert_eq!(found(Selection::Between(at(10), at(30))).await, [id(1), id(2)]);
    assert_eq!(found(Selection::Between(at(11), at(31))).await, [id(2), id(3)]);
    assert_eq!(found(Selection::Between(at(50), at(90))).await, []);
}

pub async fn a_reader_may_stop_early(url: &str) {
    let store = migrated(url).await;
    seeded(&store, 900).await;

    let mut coming = store.conversations(always());
    assert!(coming.next().await.is_some());
    drop(coming);

    create(&store, new_call(1)).await;
}
