//! The queue of calls to be placed.

use std::time::Duration;

use alpha_call::store::{Begun, CallKey, CallOrder, CallStore, Cooled, Created, NewDial, RequestKey, SettlingPatience};
use alpha_call::types::CallId;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use sea_orm::Database;

use crate::words::{id, migrated, new_call, sid};

fn due(at: DateTime<Utc>, holder: Option<&str>) -> NewDial {
    let cooled = Some(Cooled { at: DateTime::UNIX_EPOCH, previous: None });
    NewDial { due: at, holder: holder.map(str::to_owned), cooled }
}

async fn queue(store: &CallStore, call: u128, dial: NewDial) {
    assert_eq!(store.queue_call(new_call(call), dial, None).await.expect("queued"), Created::New);
}

async fn taken(store: &CallStore, holder: &str) -> Vec<CallId> {
    store.take_dials(holder, 50).await.expect("asked").into_iter().map(|dial| dial.call).collect()
}

/// As time would.
async fn expire(url: &str) {
    let db = Database::connect(url).await.expect("connected");
    crate::sql(&db, "UPDATE dials SET expires_at = '2020-01-01T00:00:00+00:00' WHERE expires_at IS NOT NULL").await;
}

pub async fn a_call_that_is_due_goes_to_one_of_those_who_ask(url: &str) {
    let store = migrated(url).await;
    let now = Utc::now();
    queue(&store, 1, due(now - TimeDelta::seconds(5), None)).await;
    queue(&store, 2, due(now - TimeDelta::seconds(9), None)).await;
    queue(&store, 3, due(now + TimeDelta::hours(1), None)).await;
    queue(&store, 4, due(now, Some("elsewhere"))).await;

    let all = join_all(["a", "b", "c", "d"].map(|holder| taken(&store, holder))).await;

    let mut all = all.concat();
    all.sort();
    assert_eq!(all, [id(1), id(2)], "neither what is not due nor what is in somebody's hands");
    assert!(store.call(&CallKey::Id(id(3))).await.expect("read").is_some(), "with its place in the queue comes the call");
}

pub async fn what_an_instance_leaves_behind_is_taken_by_another(url: &str) {
    let store = migrated(url).await;
    queue(&store, 1, due(Utc::now(), Some("a"))).await;
    queue(&store, 2, due(Utc::now(), Some("a"))).await;
    assert!(store.ask_for_dial(id(2), "a").await.expect("asked"));
    assert_eq!(taken(&store, "b").await, []);
    store.keep_dials("a", &[id(1), id(3)]).await.expect("kept");

    expire(url).await;
    let mut left = store.take_dials("b", 50).await.expect("asked");

    left.sort_by_key(|dial| dial.call);
    assert_eq!(left.iter().map(|dial| (dial.call, dial.asked.is_some())).collect::<Vec<_>>(), [(id(1), false), (id(2), true)]);
    assert_eq!(left.first().and_then(|dial| dial.cooled), Some(Cooled { at: DateTime::UNIX_EPOCH, previous: None }));
    assert!(!store.ask_for_dial(id(1), "a").await.expect("asked"), "it is not a's any more");
    assert!(store.ask_for_dial(id(1), "b").await.expect("asked"));
    assert!(!store.ask_for_dial(id(1), "b").await.expect("asked"), "once");
}

pub async fn a_call_is_asked_for_once_and_again_only_where_it_was_not_taken(url: &str) {
    let store = migrated(url).await;
    queue(&store, 1, due(Utc::now(), Some("a"))).await;

    let asked = join_all((0..10).map(|_| store.ask_for_dial(id(1), "a"))).await;

    assert_eq!(asked.into_iter().filter(|asked| *asked.as_ref().expect("asked")).count(), 1);
    assert!(store.cancel_dial(id(1)).await.expect("asked").is_none(), "it may ring already");
    assert!(store.ask_again(id(1), "a").await.expect("asked"));
    assert!(store.ask_for_dial(id(1), "a").await.expect("asked"));
    store.forget_dial(id(1)).await.expect("done");
    assert!(!store.ask_again(id(1), "a").await.expect("asked"));
}

pub async fn a_call_that_waits_is_canceled_once(url: &str) {
    let store = migrated(url).await;
    queue(&store, 1, due(Utc::now() + TimeDelta::hours(1), None)).await;

    let canceled = join_all((0..5).map(|_| store.cancel_dial(id(1)))).await;

    let canceled: Vec<_> = canceled.into_iter().filter_map(|canceled| canceled.expect("asked")).collect();
    assert_eq!(canceled.len(), 1);
    assert!(canceled.iter().all(|dial| dial.cooled.is_some()));
}

pub async fn who_leaves_gives_back_what_was_not_begun(url: &str) {
    let store = migrated(url).await;
    queue(&store, 1, due(Utc::now(), Some("a"))).await;
    queue(&store, 2, due(Utc::now(), Some("a"))).await;
    store.ask_for_dial(id(2), "a").await.expect("asked");

    assert_eq!(store.leave_dials("a").await.expect("left"), [id(1)]);

    assert_eq!(taken(&store, "b").await, [id(1)]);
    store.postpone_dial(id(1), "b", Duration::from_secs(60)).await.expect("postponed");
    assert_eq!(taken(&store, "c").await, []);
    expire(url).await;
    assert_eq!(taken(&store, "c").await.len(), 2);
}

pub async fn a_request_by_one_name_is_done_once(url: &str) {
    let store = migrated(url).await;
    let key = |fingerprint: &str| RequestKey { owner: "k".to_owned(), name: "n".to_owned(), fingerprint: fingerprint.to_owned() };

    let begun = join_all((0..20).map(|_| store.begin_request(key("f")))).await;

    let begun: Vec<Begun> = begun.into_iter().map(|begun| begun.expect("asked")).collect();
    assert_eq!(begun.iter().filter(|begun| **begun == Begun::Now).count(), 1);
    assert_eq!(begun.iter().filter(|begun| **begun == Begun::Running).count(), 19);
    assert_eq!(store.begin_request(key("other")).await.expect("asked"), Begun::Other);
    let dial = due(Utc::now(), None);
    store.queue_call(new_call(1), dial.clone(), Some(key("f"))).await.expect("queued");
    assert_eq!(store.begin_request(key("f")).await.expect("asked"), Begun::Done(id(1)));
    store.give_up_request(key("f")).await.expect("nothing happens");
    assert_eq!(store.begin_request(key("f")).await.expect("asked"), Begun::Done(id(1)));
    let unknown = RequestKey { name: "given up".to_owned(), ..key("f") };
    store.queue_call(new_call(2), dial, Some(unknown)).await.expect_err("all or nothing");
    assert!(store.call(&CallKey::Id(id(2))).await.expect("read").is_none());
}

pub async fn a_request_that_came_to_nothing_may_be_made_again(url: &str) {
    let store = migrated(url).await;
    let key = || RequestKey { owner: "k".to_owned(), name: "n".to_owned(), fingerprint: "f".to_owned() };
    store.begin_request(key()).await.expect("asked");

    store.give_up_request(key()).await.expect("given up");

    assert_eq!(store.begin_request(key()).await.expect("asked"), Begun::Now);
    let db = Database::connect(url).await.expect("connected");
    crate::sql(&db, "UPDATE request_keys SET begun_at = '2020-01-01T00:00:00+00:00'").await;
    assert_eq!(store.begin_request(key()).await.expect("asked"), Begun::Now, "whoever began it is gone");
}

pub async fn word_for_another_instance_is_found_once(url: &str) {
    let store = migrated(url).await;
    let to = "+14155550101".parse().expect("a number");
    store.leave_order(id(1), "a", CallOrder::HangUp).await.expect("left");
    store.leave_order(id(2), "a", CallOrder::Transfer(to)).await.expect("left");
    store.leave_order(id(3), "b", CallOrder::HangUp).await.expect("left");

    let found = join_all((0..3).map(|_| store.take_orders("a"))).await;

    let mut found: Vec<_> = found.into_iter().flat_map(|found| found.expect("asked")).collect();
    found.sort_by_key(|(call, _)| *call);
    assert_eq!(found, [(id(1), CallOrder::HangUp), (id(2), CallOrder::Transfer("+14155550101".parse().expect("a number")))]);
}

pub async fn calls_without_twilios_last_word_are_found_once_in_a_while(url: &str) {
    let store = migrated(url).await;
    let now = Utc::now();
    for (call, ago) in [(1_u32, 10), (2, 200), (3, 200), (4, 200_000)] {
        let call_sid = Some(sid(call));
        let initiated_at = now - TimeDelta::seconds(ago);
        let direction = alpha_call::types::Direction::Outbound;
        let call = alpha_call::store::NewCall { initiated_at, direction, call_sid, ..new_call(call.into()) };
        store.create_call(call).await.expect("created");
    }
    store.progress(id(3), "busy", now).await.expect("noted");
    let second = Duration::from_secs(1);
    let patience = SettlingPatience { ended: second * 60, ringing: second * 90, again: second * 300, oldest: second * 86_400 };

    assert_eq!(store.unsettled(patience).await.expect("asked"), [(id(2), sid(2))]);
    assert_eq!(store.unsettled(patience).await.expect("asked"), []);
    assert_eq!(store.unsettled(SettlingPatience { again: Duration::ZERO, ..patience }).await.expect("asked").len(), 1);
}

#[tokio::test]
async fn all_instances_share_one_pace() {
    crate::on_postgres(async |url| {
        let store = migrated(&url).await;
        let interval = Duration::from_millis(200);

        let waits = join_all((0..10).map(|_| store.take_pace("account", interval))).await;

        let mut waits: Vec<u128> = waits.into_iter().map(|wait| wait.expect("asked").as_millis()).collect();
        waits.sort_unstable();
        assert!(waits.iter().enumerate().all(|(n, wait)| (*wait as i128 - 200 * n as i128).abs() < 150), "{waits:?}");
        assert!(store.take_pace("another", interval).await.expect("asked") < interval);
    })
    .await;
}
