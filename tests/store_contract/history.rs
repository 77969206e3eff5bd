use std::collections::BTreeSet;

use alpha_call::store::{CallStore, HistoryFilter, NewCall, Sort};
use alpha_call::types::{CallStatus, Direction, Epoch, HangupCause};
use sea_orm::Database;
use uuid::Uuid;

use crate::words::{at, create, end, everything, id, joined, migrated, new_call, number, sid, stream};

const SORTS: [Sort; 4] = [Sort::Newest, Sort::Oldest, Sort::Longest, Sort::Shortest];

/// The calls of a page by their numbers, and how many there are in all.
async fn page(store: &CallStore, filter: HistoryFilter) -> (Vec<u128>, u64) {
    let page = store.call_history(&filter).await.expect("read");
    assert!(!page.total_is_estimate);
    (page.calls.iter().map(|call| Uuid::as_u128(&call.id.as_uuid())).collect(), page.total)
}

/// All pages one after the other, with something going on in between.
async fn paged(store: &CallStore, mut filter: HistoryFilter, meanwhile: impl AsyncFn(usize)) -> Vec<u128> {
    let mut all = Vec::new();
    for pages in 0.. {
        let page = store.call_history(&filter).await.expect("read");
        assert!(page.calls.len() as u64 <= filter.limit);
        all.extend(page.calls.iter().map(|call| Uuid::as_u128(&call.id.as_uuid())));
        let Some(next) = page.next else { break };
        assert!(next.belongs_to(&filter) && pages < 100, "{next}");
        filter = HistoryFilter { cursor: Some(next.to_string().parse().expect("its text")), offset: 0, ..filter };
        meanwhile(pages).await;
    }
    all
}

/// Five calls: 1 and 5 lasted 60 s, 2 lasted 90 s, 3 and 4 never connected; 1, 2 and 3 began together.
async fn five_calls(store: &CallStore) {
    for (call, second, lasted) in [(1, 10, Some(60)), (2, 10, Some(90)), (3, 10, None), (4, 20, None), (5, 0, Some(60))] {
        create(store, NewCall { initiated_at: at(second), ..new_call(call) }).await;
        if let Some(seconds) = lasted {
            assert!(store.connected(joined(id(call), Epoch::FIRST, stream(1), at(100))).await.expect("asked"));
            assert!(store.finish(end(call, HangupCause::CallerHungUp, 100 + seconds)).await.expect("asked"));
        }
    }
}

fn sorted(sort: Sort) -> [u128; 5] {
    match sort {
        Sort::Newest => [4, 3, 2, 1, 5],
        Sort::Oldest => [5, 1, 2, 3, 4],
        Sort::Longest => [2, 5, 1, 4, 3],
        Sort::Shortest => [1, 5, 2, 3, 4],
    }
}

pub async fn pages_have_no_gaps_and_no_repeats(url: &str) {
    let store = migrated(url).await;
    five_calls(&store).await;

    for sort in SORTS {
        let expected = sorted(sort);
        for limit in 1..=6 {
            let filter = HistoryFilter { limit, sort, ..everything() };
            assert_eq!(paged(&store, filter, async |_| ()).await, expected, "{sort:?} {limit}");
        }
        for offset in 0..=6 {
            let rest = page(&store, HistoryFilter { limit: 2, offset: offset as u64, sort, ..everything() }).await;
            assert_eq!(rest, (expected.into_iter().skip(offset).take(2).collect(), 5), "{sort:?} {offset}");
        }
    }
    assert_eq!(page(&store, HistoryFilter { limit: 2, offset: u64::MAX, ..everything() }).await, (vec![], 5));
    assert_eq!(page(&store, HistoryFilter { limit: 0, ..everything() }).await, (vec![], 5));
    assert_eq!(page(&store, HistoryFilter { limit: u64::MAX, ..everything() }).await, (vec![4, 3, 2, 1, 5], 5));
}

/// A cursor stays where it was, whatever comes before it or behind it.
pub async fn pages_stay_whole_while_calls_come_in(url: &str) {
    let store = migrated(url).await;
    five_calls(&store).await;

    for (turn, sort) in SORTS.into_iter().enumerate() {
        let newcomer = async |page: usize| {
            let second = if page.is_multiple_of(2) { 30 } else { -30 };
            if page < 4 {
                create(&store, NewCall { initiated_at: at(second), ..new_call(100 * (turn + 1) as u128 + page as u128) }).await;
            }
        };
        let found = paged(&store, HistoryFilter { limit: 1, sort, ..everything() }, newcomer).await;

        assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len(), "{sort:?}: no repeats in {found:?}");
        let old: Vec<u128> = found.into_iter().filter(|call| *call <= 5).collect();
        assert_eq!(old, sorted(sort), "{sort:?}: no gaps");
    }
}

pub async fn a_cursor_keeps_the_total_of_its_first_page(url: &str) {
    let store = migrated(url).await;
    five_calls(&store).await;
    let filter = HistoryFilter { limit: 2, ..everything() };
    let first = store.call_history(&filter).await.expect("read");
    create(&store, new_call(6)).await;

    let second = store.call_history(&HistoryFilter { cursor: first.next.clone(), ..filter.clone() }).await.expect("read");

    assert_eq!((first.total, second.total), (5, 5));
    let last = store.call_history(&HistoryFilter { limit: 100, ..filter }).await.expect("read");
    assert_eq!((last.next, last.total), (None, 6));
}

pub async fn each_property_filters(url: &str) {
    let store = migrated(url).await;
    let inbound = NewCall { direction: Direction::Inbound, from: "anonymous".to_owned(), to: "+14155550199".to_owned(), ..new_call(1) };
    create(&store, inbound).await;
    create(&store, NewCall { from: "+14155550199".to_owned(), initiated_at: at(1), ..new_call(2) }).await;
    let asked = NewCall { api_key_id: Some("k4jz7q2m".to_owned()), assistant: "sales".to_owned(), ..new_call(3) };
    create(&store, NewCall { initiated_at: at(2), ..asked }).await;
    assert!(store.connected(joined(id(2), Epoch::FIRST, stream(1), at(3))).await.expect("asked"));
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
    assert_eq!(page(&store, with(|f| f.assistant = Some("sales".to_owned()))).await, (vec![3], 1));
    assert_eq!(page(&store, with(|f| f.api_key_id = Some("k4jz7q2m".to_owned()))).await, (vec![3], 1));
    assert_eq!(page(&store, with(|f| f.api_key_id = Some("static".to_owned()))).await, (vec![], 0));
    assert_eq!(crate::words::stored(&store, 3).await.api_key_id.as_deref(), Some("k4jz7q2m"));
    assert_eq!(page(&store, with(|f| f.from = Some(at(1)))).await, (vec![3, 2], 2));
    assert_eq!(page(&store, with(|f| f.to = Some(at(1)))).await, (vec![1], 1));
    assert_eq!(page(&store, with(|f| (f.from, f.to) = (Some(at(1)), Some(at(2))))).await, (vec![2], 1));
    let both = with(|f| {
        f.phone_number = Some(number("+14155550199"));
        f.direction = Some(Direction::Outbound);
    });
    assert_eq!(page(&store, both).await, (vec![2], 1));
}

/// A call from a number to itself is one call.
pub async fn a_number_is_found_on_either_end_in_every_order(url: &str) {
    let store = migrated(url).await;
    five_calls(&store).await;
    let own = || "+14155550177".to_owned();
    create(&store, NewCall { from: own(), to: own(), initiated_at: at(15), ..new_call(6) }).await;
    create(&store, NewCall { from: own(), initiated_at: at(5), ..new_call(7) }).await;
    create(&store, NewCall { to: own(), initiated_at: at(25), ..new_call(8) }).await;

    let newest = HistoryFilter { phone_number: Some(number(&own())), limit: 1, ..everything() };
    assert_eq!(paged(&store, newest.clone(), async |_| ()).await, [8, 6, 7]);
    assert_eq!(page(&store, newest.clone()).await, (vec![8], 3));
    assert_eq!(page(&store, HistoryFilter { offset: 1, limit: 5, ..newest.clone() }).await, (vec![6, 7], 3));
    assert_eq!(paged(&store, HistoryFilter { sort: Sort::Oldest, ..newest.clone() }, async |_| ()).await, [7, 6, 8]);
    assert_eq!(paged(&store, HistoryFilter { sort: Sort::Longest, ..newest }, async |_| ()).await, [8, 7, 6]);
}

pub async fn a_part_of_a_number_a_sid_or_a_name_is_found(url: &str) {
    let store = migrated(url).await;
    let named = |call, name: &str| NewCall { caller_name: Some(name.to_owned()), to: format!("+1415555020{call}"), ..new_call(call) };
    create(&store, NewCall { call_sid: Some(sid(0xabc_def0)), ..named(1, "Ann O'Hara") }).await;
    create(&store, named(2, "100% _real_")).await;
    create(&store, NewCall { caller_name: None, from: "client:Bob".to_owned(), ..named(3, "") }).await;

    for (q, found) in [
        ("o'hara", vec![1]),
        ("ANN", vec![1]),
        ("50202", vec![2]),
        ("0abcdef0", vec![1]),
        ("00% ", vec![2]),
        ("_real_", vec![2]),
        ("%real", vec![]),
        ("___", vec![]),
        ("client:bob", vec![3]),
        ("00000000-0000-0000-0000-000000000003", vec![3]),
        ("00000000-0000", vec![3, 2, 1]),
        ("nobody", vec![]),
        (r"\\\", vec![]),
    ] {
        let filter = HistoryFilter { q: Some(q.parse().expect("long enough")), ..everything() };
        let total = found.len() as u64;
        assert_eq!(page(&store, filter).await, (found, total), "{q}");
    }
}

pub async fn a_whole_row_has_every_column(url: &str) {
    let store = migrated(url).await;
    create(&store, NewCall { system_message: Some("Be brief.".to_owned()), owner: Some("host-a".to_owned()), ..new_call(1) }).await;
    let db = Database::connect(url).await.expect("connected");
    let filled = "UPDATE call_logs SET ended_at = initiated_at, answered_by = 'human', error_code = '21211', latency_p50_ms = 1, latency_p95_ms = 2, ai_responses = 3, \
         user_inputs = 4, ai_interruptions = 5, tool_calls = 6, resumes = 7, reconnects = 8, frames_dropped = 9, audio_in_ms = 10, \
         audio_out_ms = 11, text_in_tokens = 12, audio_in_tokens = 13, text_out_tokens = 14, audio_out_tokens = 15, \
         cached_text_tokens = 16, cached_audio_tokens = 17, model_cost_nanos = 1500000001, transcription_cost_nanos = 20, \
         carrier_cost_nanos = 300, price_version = 'v1', metadata = '{\"campaign\": \"x\"}'";
    crate::sql(&db, filled).await;

    let call = crate::words::stored(&store, 1).await;

    assert_eq!((call.system_message.map(|text| text.0), call.owner), (Some("Be brief.".to_owned()), Some("host-a".to_owned())));
    assert_eq!((call.answered_by.as_deref(), call.error_code.as_deref()), (Some("human"), Some("21211")));
    assert_eq!((call.latency_p50_ms, call.latency_p95_ms), (Some(1), Some(2)));
    let counts = [call.ai_responses, call.user_inputs, call.ai_interruptions, call.tool_calls, call.resumes, call.reconnects];
    assert_eq!((counts, call.frames_dropped, call.audio_in_ms, call.audio_out_ms), ([3, 4, 5, 6, 7, 8], 9, 10, 11));
    let tokens = call.tokens;
    assert_eq!(
        [tokens.text_in, tokens.audio_in, tokens.text_out, tokens.audio_out, tokens.cached_text, tokens.cached_audio],
        [12, 13, 14, 15, 16, 17]
    );
    assert_eq!((call.cost.model_usd, call.cost.total_usd), (1.500_000_001, 1.500_000_321));
    assert_eq!((call.price_version.as_deref(), call.metadata.map(|json| json.0)), (Some("v1"), Some(serde_json::json!({"campaign": "x"}))));
}

#[tokio::test]
async fn beyond_a_hundred_thousand_the_total_is_an_estimate() {
    crate::on_postgres(async |url| {
        let store = migrated(&url).await;
        let db = Database::connect(&url).await.expect("connected");
        let many = "INSERT INTO call_logs (id, direction, from_number, to_number, assistant, model, voice, status, initiated_at) \
             SELECT gen_random_uuid(), 'inbound', '+14155550100', '+14155550101', 'a', 'm', 'v', 'completed', now() - n * interval '1 s' \
             FROM generate_series(1, 100000) n";
        crate::sql(&db, many).await;
        crate::sql(&db, "ANALYZE call_logs").await;
        let exact = store.call_history(&HistoryFilter::default()).await.expect("read");
        assert_eq!((exact.total, exact.total_is_estimate), (100_000, false));

        crate::sql(&db, many).await;
        let more = store.call_history(&HistoryFilter::default()).await.expect("read");
        assert!(more.total_is_estimate && more.total > 100_000, "{}", more.total);
        crate::sql(&db, "ANALYZE call_logs").await;
        let near = store.call_history(&HistoryFilter::default()).await.expect("read");
        let none = HistoryFilter { direction: Some(Direction::Outbound), ..HistoryFilter::default() };

        assert!(near.total_is_estimate && near.total.abs_diff(200_000) < 20_000, "{}", near.total);
        assert_eq!(page(&store, none).await, (vec![], 0));
    })
    .await;
}
