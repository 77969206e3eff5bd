use alpha_call::store::{CallStore, HistoryFilter, NewCall};
use alpha_call::types::{CallStatus, Direction, Epoch, HangupCause};
use uuid::Uuid;

use crate::words::{at, create, end, everything, id, migrated, new_call, number, stream};

/// The calls of a page by their numbers, and how many there are in all.
async fn page(store: &CallStore, filter: HistoryFilter) -> (Vec<u128>, u64) {
    let page = store.call_history(&filter).await.expect("read");
    (page.calls.iter().map(|call| Uuid::as_u128(&call.id.as_uuid())).collect(), page.total)
}

pub async fn pages_have_no_gaps_and_no_repeats(url: &str) {
    let store = migrated(url).await;
    for (call, second) in [(1, 10), (2, 10), (3, 10), (4, 20), (5, 0)] {
        create(&store, NewCall { initiated_at: at(second), ..new_call(call) }).await;
    }

    assert_eq!(page(&store, HistoryFilter { limit: 2, ..everything() }).await, (vec![4, 3], 5));
    assert_eq!(page(&store, HistoryFilter { limit: 2, offset: 2, ..everything() }).await, (vec![2, 1], 5));
    assert_eq!(page(&store, HistoryFilter { limit: 2, offset: 4, ..everything() }).await, (vec![5], 5));
    assert_eq!(page(&store, HistoryFilter { limit: 2, offset: u64::MAX, ..everything() }).await, (vec![], 5));
    assert_eq!(page(&store, HistoryFilter { limit: 0, ..everything() }).await, (vec![], 5));
    assert_eq!(page(&store, HistoryFilter { limit: u64::MAX, ..everything() }).await, (vec![4, 3, 2, 1, 5], 5));
}

pub async fn each_property_filters(url: &str) {
    let store = migrated(url).await;
    let inbound = NewCall { direction: Direction::Inbound, from: "anonymous".to_owned(), to: "+14155550199".to_owned(), ..new_call(1) };
    create(&store, inbound).await;
    create(&store, NewCall { from: "+14155550199".to_owned(), initiated_at: at(1), ..new_call(2) }).await;
    create(&store, NewCall { initiated_at: at(2), ..new_call(3) }).await;
    assert!(store.connected(id(2), Epoch::FIRST, &stream(1), at(3)).await.expect("asked"));
    assert!(store.finish(end(3, HangupCause::Busy, 4)).await.expect("asked"));

    let with = |change: fn(&mut HistoryFilter)| {
        let mut filter = everything();
        change(&mut filter);
        filter
    };
    assert_eq!(page(&store, with(|f| f.status = Some(CallStatus::Connected))).await, (vec![2], 1));
    assert_eq!(page(&store, with(|f| f.status = Some(CallStatus::Completed))).await, (vec![], 0));
    assert_eq!(page(&store, with(|f| f.direction = Some(Direction::Inbound))).await, (vec![1], 1));
    assert_eq!(page(&store, with(|f| f.phone_number = Some(number("+14155550199")))).await, (vec![2, 1], 2));
    let both = with(|f| {
        f.phone_number = Some(number("+14155550199"));
        f.direction = Some(Direction::Outbound);
    });
    assert_eq!(page(&store, both).await, (vec![2], 1));
}
