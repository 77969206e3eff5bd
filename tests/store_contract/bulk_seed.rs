use alpha_call::store::{BulkError, SeedPlan, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::bulk_words::{assert_same, count_again, first_step, indices, is_empty, plan, rows_of, seeded, turns_by_call, until};
use crate::words::{create, migrated, new_call};
use crate::{on_postgres, on_sqlite};

pub async fn invented_calls_are_as_many_as_were_asked_for(url: &str) {
    let store = migrated(url).await;

    let made = seeded(&store, 2_500).await;

    assert_eq!(made.calls, 2_500);
    assert!((5.4..6.6).contains(&(made.turns as f64 / 2_500.0)), "{made:?}");
    assert_eq!(store.rows().await.expect("counted"), made.calls + made.turns + made.streams);
}

pub async fn invented_calls_are_plausible(url: &str) {
    let store = migrated(url).await;
    seeded(&store, 400).await;

    let rows: Vec<Value> = rows_of(&store).await.iter().map(|line| serde_json::from_str(line).expect("json")).collect();
    let calls: Vec<&Value> = rows.iter().filter_map(|row| row.get("call_logs")).collect();

    let moment = |call: &Value, column: &str| -> DateTime<Utc> { serde_json::from_value(call[column].clone()).expect("a moment") };
    for call in &calls {
        assert!(moment(call, "initiated_at") >= until() - TimeDelta::days(30), "{call}");
        assert!(moment(call, "ended_at") <= until() && moment(call, "ended_at") >= moment(call, "initiated_at"), "{call}");
        for number in ["from_number", "to_number"].map(|column| call[column].as_str().expect("a number")) {
            assert!(number.len() == 12 && number.starts_with("+1") && number[5..].starts_with("55501"), "{number}");
        }
    }
    let words = |column: &str| calls.iter().filter_map(|call| call[column].as_str()).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(words("direction").len(), 2);
    assert_eq!(words("assistant").len(), 3);
    assert_eq!(words("status").into_iter().collect::<Vec<_>>(), ["completed", "failed"]);
    assert!(words("ended_reason").len() > 5 && !words("refusal").is_empty(), "{:?} {:?}", words("ended_reason"), words("refusal"));
}

/// Counted again by what counts every call, nothing changes.
pub async fn counters_agree_with_the_turns(url: &str) {
    let store = migrated(url).await;
    seeded(&store, 300).await;
    let before = rows_of(&store).await;

    count_again(&store, turns_by_call(&store).await.into_keys()).await;

    assert_same(&rows_of(&store).await, &before);
    assert!(before.iter().any(|line| line.contains("\"tool_calls\":1")), "none of them had anything to count");
}

pub async fn calls_that_are_there_already_stay(url: &str) {
    let store = migrated(url).await;
    create(&store, new_call(1)).await;
    let indices_before = indices(url).await;

    let made = seeded(&store, 50).await;

    assert_eq!(store.rows().await.expect("counted"), 1 + made.calls + made.turns + made.streams);
    let conflict = store.seed(plan(50), |_| {}).await.expect_err("the same ones");
    assert!(matches!(conflict, BulkError::Store(StoreError::Conflict(_))), "{conflict:?}");
    assert_eq!(store.rows().await.expect("counted"), 1 + made.calls + made.turns + made.streams);
    assert_eq!(indices(url).await, indices_before);
}

pub async fn a_load_leaves_the_indices_as_they_were(url: &str) {
    let store = migrated(url).await;
    let before = indices(url).await;

    seeded(&store, 50).await;

    assert_eq!(indices(url).await, before);
    assert!(before.len() >= 7, "{before:?}");
}

pub async fn seeding_that_is_given_up_leaves_nothing(url: &str) {
    let store = migrated(url).await;
    let before = indices(url).await;

    // More than once: what was broken off must not be taken for the answer to what is asked next.
    for _ in 0..5 {
        let (progress, began) = first_step();
        tokio::select! {
            outcome = store.seed(plan(500_000), progress) => panic!("too fast to be given up: {outcome:?}"),
            () = began.notified() => {}
        }
        assert!(is_empty(&store).await);
    }

    assert_eq!(indices(url).await, before);
    assert_eq!(seeded(&store, 10).await.calls, 10);
}

pub async fn another_seed_makes_other_calls(url: &str) {
    let store = migrated(url).await;
    let one = seeded(&store, 100).await;

    let other = store.seed(SeedPlan { random_seed: 8, ..plan(100) }, |_| {}).await.expect("no conflict");

    assert_ne!(one, other);
}

pub async fn nothing_is_seeded_without_a_schema(url: &str) {
    let error = crate::words::open(url).seed(plan(1), |_| {}).await.expect_err("no tables");

    assert!(matches!(error, BulkError::Unmigrated(_)), "{error:?}");
}

#[tokio::test]
async fn the_same_seed_makes_the_same_rows_on_both_databases() {
    on_sqlite(async |sqlite| {
        on_postgres(async |postgres| {
            let (one, other) = (migrated(&sqlite).await, migrated(&postgres).await);

            seeded(&one, 1_200).await;
            seeded(&other, 1_200).await;

            let rows = rows_of(&one).await;
            assert_same(&rows, &rows_of(&other).await);
        })
        .await;
    })
    .await;
}
