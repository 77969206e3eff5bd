use alpha_call::store::{CallStore, CleanupPlan, Leavings, Row};
use alpha_call::types::{CallId, Epoch, HangupCause};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, Database, Statement};
use uuid::Builder;

use crate::bulk_words::{fill_with_nasty_rows, first_step, rows_of, seeded, turns_by_call, until};
use crate::sql;
use crate::words::{at, create, end, id, migrated, new_call, row, turn};

fn before(transcripts: DateTime<Utc>, calls: DateTime<Utc>) -> CleanupPlan {
    CleanupPlan { transcripts_before: transcripts, calls_before: calls, batch: 100 }
}

async fn clean(store: &CallStore, plan: CleanupPlan) -> Leavings {
    store.cleanup(plan, |_| {}).await.expect("cleaned")
}

/// Calls of day 1, 2, 3…, each with a turn; those up to `ended` are over.
async fn calls(store: &CallStore, days: u32, ended: u32) {
    for day in 1..=days {
        let mut call = new_call(day.into());
        call.initiated_at = at_day(day);
        create(store, call).await;
        store.write(vec![row(day.into(), 1, turn(0, 1, "hello"))]).await.expect("written");
        if day <= ended {
            assert!(store.finish(end(day.into(), HangupCause::CallerHungUp, i64::from(day) * 86_400 + 60)).await.expect("asked"));
        }
    }
}

fn at_day(day: u32) -> DateTime<Utc> {
    at(0) + TimeDelta::days(day.into())
}

async fn left(store: &CallStore, days: u32) -> Vec<(u32, bool)> {
    let mut left = Vec::new();
    for day in 1..=days {
        let said = !store.turns(id(day.into())).await.expect("read").is_empty();
        if store.call(&alpha_call::store::CallKey::Id(id(day.into()))).await.expect("read").is_some() {
            left.push((day, said));
        }
    }
    left
}

pub async fn what_is_old_goes_and_the_rest_stays(url: &str) {
    let store = migrated(url).await;
    seeded(&store, 900).await;
    fill_with_nasty_rows(&store, url).await;
    let middle = until() - TimeDelta::days(15);
    let kept_before = rows_of(&store).await.len() as u64;

    let gone = clean(&store, before(middle, middle)).await;

    assert!(gone.calls > 300 && gone.calls < 600 && gone.turns > gone.calls, "{gone:?}");
    let left = rows_of(&store).await;
    assert_eq!(left.len() as u64 + gone.total(), kept_before);
    assert_eq!(clean(&store, before(middle, middle)).await, Leavings::default());
    let rest = clean(&store, before(until() + TimeDelta::days(400), until() + TimeDelta::days(400))).await;
    assert_eq!((rest.cooldowns, rest.dead_letters, rest.callbacks), (1, 1, 1));
    let left = rows_of(&store).await;
    let kept = |row: &&String| {
        ["{\"opt_outs\"", "{\"opt_out_removals\"", "{\"consents\"", "{\"api_keys\""].iter().any(|table| row.starts_with(table))
    };
    assert_eq!(
        (left.len(), left.iter().filter(kept).count()),
        (4, 4),
        "who wants no calls is not forgotten, nor who agreed to them, nor who had a key: {left:?}"
    );
}

pub async fn calls_have_an_age_of_their_own(url: &str) {
    let store = migrated(url).await;
    calls(&store, 4, 4).await;
    let counted = |rows: Vec<String>| rows.into_iter().filter(|line| line.contains("\"ai_responses\":1")).count();

    let gone = clean(&store, before(at_day(3), at_day(2))).await;

    assert_eq!((gone.calls, gone.turns), (1, 2));
    assert_eq!(left(&store, 4).await, [(2, false), (3, true), (4, true)]);
    assert_eq!(counted(rows_of(&store).await), 3, "a call was counted again");
}

pub async fn calls_that_have_not_ended_stay(url: &str) {
    let store = migrated(url).await;
    calls(&store, 3, 1).await;

    let gone = clean(&store, before(at_day(9), at_day(9))).await;

    assert_eq!((gone.calls, gone.turns), (1, 1));
    assert_eq!(left(&store, 3).await, [(2, true), (3, true)]);
}

pub async fn what_would_go_is_what_goes(url: &str) {
    let store = migrated(url).await;
    seeded(&store, 300).await;
    calls(&store, 3, 2).await;
    // Of a call that nobody knows.
    store.write(vec![Row::turn(id_of(at(0)), Epoch::FIRST, turn(0, 1, "lost"), at(0))]).await.expect("written");
    let plan = before(until() + TimeDelta::days(90), until() - TimeDelta::days(10));

    let expected = store.leavings(plan).await.expect("counted");

    assert_eq!(clean(&store, plan).await, expected);
    assert!(expected.calls > 0 && expected.turns > expected.calls, "{expected:?}");
    assert_eq!(store.leavings(plan).await.expect("counted"), Leavings::default());
}

fn id_of(at: DateTime<Utc>) -> CallId {
    let millis = u64::try_from(at.timestamp_millis()).expect("a moment");
    CallId::new(Builder::from_unix_timestamp_millis(millis, &[7; 10]).into_uuid())
}

pub async fn rows_of_calls_that_nobody_knows_go_too(url: &str) {
    let store = migrated(url).await;
    let lost = [at_day(1), at_day(3)].map(|day| Row::turn(id_of(day), Epoch::FIRST, turn(0, 1, "lost"), day));
    store.write(lost.into()).await.expect("written");

    let gone = clean(&store, before(at_day(2), at_day(1))).await;

    assert_eq!(gone, Leavings { turns: 1, ..Leavings::default() });
    assert_eq!(store.turns(id_of(at_day(3))).await.expect("read").len(), 1);
}

pub async fn figures_of_hours_go_with_their_calls(url: &str) {
    let store = migrated(url).await;
    calls(&store, 3, 3).await;
    let db = Database::connect(url).await.expect("connected");
    for day in [1, 2, 3] {
        let hour = at_day(day).format("%Y-%m-%dT%H:00:00+00:00");
        sql(&db, &format!("INSERT INTO call_hours (hour, figures) VALUES ('{hour}', '{{}}')")).await;
    }

    clean(&store, before(at_day(3), at_day(2) + TimeDelta::hours(1))).await;

    let left = Statement::from_string(db.get_database_backend(), "SELECT count(*) AS n FROM call_hours");
    let row = db.query_one_raw(left).await.expect("asked").expect("a row");
    assert_eq!(row.try_get::<i64>("", "n").expect("a number"), 1);
}

pub async fn a_cleanup_that_is_given_up_leaves_whole_calls(url: &str) {
    let store = migrated(url).await;
    seeded(&store, 1_500).await;
    let all = turns_by_call(&store).await;
    let (progress, began) = first_step();

    tokio::select! {
        outcome = store.cleanup(before(until(), until()), progress) => panic!("too fast to be given up: {outcome:?}"),
        () = began.notified() => {}
    }

    let left = turns_by_call(&store).await;
    assert!(!left.is_empty() && left.len() < all.len(), "{} of {}", left.len(), all.len());
    assert!(left.iter().all(|(call, turns)| all.get(call) == Some(turns)));
}
