use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use alpha_call::session::event::Turn;
use alpha_call::store::{Analytics, AnalyticsQuery, CallEnd, CallStore, Interval, NewCall, Percentiles, Row};
use alpha_call::types::{CallStatus, Direction, Epoch, HangupCause};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, TransactionTrait};

use crate::words::{at, create, end, id, joined, migrated, new_call, row, stream, turn};

/// Over everything, with the last 24 hours ending when the test data does.
pub fn all() -> AnalyticsQuery {
    AnalyticsQuery { from: None, to: None, assistant: None, interval: None, now: at(600) }
}

/// An old call; a completed inbound one of 90.5 s; a failed outbound one of 29.5 s; one ringing; two refused.
async fn six_calls(store: &CallStore) {
    create(store, NewCall { initiated_at: at(-1), ..new_call(1) }).await;
    create(store, NewCall { direction: Direction::Inbound, ..new_call(2) }).await;
    for (call, cause, seconds) in [(2, HangupCause::CallerHungUp, 90), (3, HangupCause::ModelUnavailable, 29)] {
        if call == 3 {
            create(store, NewCall { assistant: "sales".to_owned(), ..new_call(3) }).await;
        }
        assert!(store.connected(joined(id(call), Epoch::FIRST, stream(1), at(10))).await.expect("asked"));
        let ended = CallEnd { at: at(10 + seconds) + TimeDelta::milliseconds(500), minute_nanos: 8_500_000, ..end(call, cause, 0) };
        assert!(store.finish(ended).await.expect("asked"));
    }
    create(store, new_call(4)).await;
    store.create_refused(new_call(5), "cooling-down").await.expect("kept");
    store.create_refused(new_call(6), "cooling-down").await.expect("kept");
}

async fn sounds(store: &CallStore) {
    let answered = |seq, millis, interrupted| Turn { latency: Some(Duration::from_millis(millis)), interrupted, ..turn(seq, 1, "x") };
    store.write(vec![Row::FirstAudio { call: id(2), ms: 400 }]).await.expect("kept");
    store.write(vec![Row::FirstAudio { call: id(3), ms: 601 }]).await.expect("kept");
    store.write(vec![row(1, 1, answered(1, 9000, true)), row(2, 1, turn(1, 1, "no latency"))]).await.expect("written");
    store
        .write(vec![row(2, 1, answered(2, 500, true)), row(2, 2, answered(1, 700, true)), row(3, 1, answered(1, 900, false))])
        .await
        .expect("written");
}

pub async fn they_are_those_computed_by_hand(url: &str) {
    let store = migrated(url).await;
    six_calls(&store).await;
    sounds(&store).await;

    let figures = store.analytics(&AnalyticsQuery { from: Some(at(0)), ..all() }).await.expect("figures");

    let words = |words: &[(&str, u64)]| words.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect::<BTreeMap<_, _>>();
    assert_eq!((figures.total_calls, figures.inbound, figures.outbound), (5, 1, 4));
    assert_eq!(figures.by_status, BTreeMap::from([(CallStatus::Initiated, 1), (CallStatus::Completed, 1), (CallStatus::Failed, 3)]));
    assert_eq!(figures.by_ended_reason, words(&[("caller_hung_up", 1), ("model_unavailable", 1)]));
    assert_eq!(figures.refusals, words(&[("cooling-down", 2)]));
    assert_eq!((figures.success_rate, figures.average_duration_s, figures.total_minutes), (Some(0.5), Some(60.0), 2.0));
    assert_eq!((figures.average_first_audio_ms, figures.average_turn_latency_ms), (Some(500.5), Some(700.0)));
    near(figures.duration_s, [29.5, 90.5, 90.5]);
    near(figures.first_audio_ms, [400.0, 601.0, 601.0]);
    near(figures.turn_latency_ms, [700.0, 900.0, 900.0]);
    let spoken = &figures.conversation;
    assert_eq!((figures.interruptions, spoken.interruptions, spoken.ai_responses, spoken.user_inputs), (2, 2, 4, 0));
    assert_eq!((spoken.per_call.ai_responses, spoken.per_call.interruptions), (Some(2.0), Some(1.0)));
    assert_eq!((figures.cost.carrier_usd, figures.cost.total_usd), (0.0255, 0.0255), "two minutes and one");
    let everything = store.analytics(&all()).await.expect("figures");
    assert_eq!((everything.total_calls, everything.interruptions, everything.average_turn_latency_ms), (6, 2, Some(2775.0)));
    let sales = store.analytics(&AnalyticsQuery { assistant: Some("sales".to_owned()), ..all() }).await.expect("figures");
    assert_eq!((sales.total_calls, sales.average_turn_latency_ms, sales.success_rate), (1, Some(900.0), Some(0.0)));
    let before = store.analytics(&AnalyticsQuery { to: Some(at(0)), ..all() }).await.expect("figures");
    assert_eq!((before.total_calls, before.average_turn_latency_ms), (1, Some(9000.0)));
}

fn near(told: Percentiles, exact: [f64; 3]) {
    for (told, exact) in [told.p50, told.p95, told.p99].into_iter().zip(exact) {
        assert!(told.is_some_and(|told| (told - exact).abs() <= exact / 64.0), "{told:?} for {exact}");
    }
}

pub async fn over_nothing_an_average_is_none(url: &str) {
    let store = migrated(url).await;

    let figures = store.analytics(&all()).await.expect("figures");

    assert!(figures.last_24_hours.len() == 24 && figures.last_24_hours.iter().all(|hour| hour.calls == 0 && hour.success_rate.is_none()));
    assert_eq!(Analytics { last_24_hours: Vec::new(), ..figures }, Analytics::default());
}

pub async fn hours_and_days_are_told_one_by_one(url: &str) {
    let store = migrated(url).await;
    let hour = |hours| at(0) + TimeDelta::hours(hours);
    for (call, hours) in [(1, 0), (2, -1), (3, -1), (4, -23), (5, -24), (6, 1)] {
        create(&store, NewCall { initiated_at: hour(hours), ..new_call(call) }).await;
    }
    store.create_refused(NewCall { initiated_at: hour(-1), ..new_call(7) }, "draining").await.expect("kept");

    let (from, to) = (Some(hour(-48)), Some(hour(2)));
    let figures = store.analytics(&AnalyticsQuery { from, to, interval: Some(Interval::Day), now: at(1), ..all() }).await.expect("figures");

    let calls: Vec<u64> = figures.last_24_hours.iter().map(|hour| hour.calls).collect();
    assert_eq!((calls.len(), calls.iter().sum::<u64>()), (24, 5));
    let [first, before, last] = [0, 22, 23].map(|hour| figures.last_24_hours.get(hour).expect("an hour"));
    assert_eq!((first.calls, before.calls, last.calls), (1, 3, 1));
    assert_eq!((before.refused, before.failed, last.start), (1, 0, Interval::Hour.start(at(0))));
    let days: Vec<(DateTime<Utc>, u64)> = figures.series.expect("asked for").iter().map(|day| (day.start, day.calls)).collect();
    // 2027-01-15T08:00Z is hour 0.
    let start = Interval::Day.start(at(0));
    assert_eq!(days, [(start - TimeDelta::days(2), 0), (start - TimeDelta::days(1), 2), (start, 5)]);
}

/// What is kept of past hours, and whether asking with it and without gives the same answer.
pub struct Kept {
    store: CallStore,
    db: DatabaseConnection,
}

impl Kept {
    pub async fn of(url: &str) -> Self {
        Self { store: migrated(url).await, db: Database::connect(url).await.expect("connected") }
    }

    pub const fn store(&self) -> &CallStore {
        &self.store
    }

    pub async fn is_true(&self, what: &str) {
        for query in questions() {
            let kept = self.store.analytics(&query).await.expect("figures");
            crate::sql(&self.db, "DELETE FROM call_hours").await;
            let counted = self.store.analytics(&query).await.expect("figures");
            assert_eq!(kept, counted, "{what}: {query:?}");
        }
        while self.store.summarise(7).await.expect("counted") > 0 {}
    }
}

/// A moment in the past, some hours into a day.
pub fn past(hours: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_600_000_000, 0).expect("a moment") + TimeDelta::hours(hours)
}

fn whole() -> AnalyticsQuery {
    AnalyticsQuery { now: past(5), ..all() }
}

fn questions() -> [AnalyticsQuery; 3] {
    let whole = whole();
    let part =
        AnalyticsQuery { from: Some(past(0) + TimeDelta::minutes(20)), to: Some(past(9)), interval: Some(Interval::Hour), ..whole.clone() };
    [whole.clone(), AnalyticsQuery { assistant: Some("sales".to_owned()), ..whole }, part]
}

/// Every way to change a call of an hour that is kept already.
pub async fn what_is_kept_is_never_stale(url: &str) {
    let kept = Kept::of(url).await;
    let store = &kept.store;
    let call = |call, hours| NewCall { initiated_at: past(hours), ..new_call(call) };
    let latency = |seq, revision, ms| Turn { latency: Some(Duration::from_millis(ms)), interrupted: true, ..turn(seq, revision, "x") };
    let connected = |call| async move { store.connected(joined(id(call), Epoch::FIRST, stream(1), past(1))).await.expect("asked") };
    create(store, call(1, 0)).await;
    create(store, call(2, 9)).await;
    kept.is_true("the first two").await;

    create(store, call(3, 0)).await;
    kept.is_true("a call comes late").await;
    store.create_refused(call(4, 4), "draining").await.expect("kept");
    kept.is_true("a refusal comes late").await;
    assert!(connected(1).await);
    kept.is_true("a call is connected").await;
    store.write(vec![row(1, 1, latency(1, 1, 500)), row(9, 1, latency(1, 1, 70))]).await.expect("written");
    kept.is_true("turns come late, one ahead of its call").await;
    store.write(vec![row(1, 1, latency(1, 2, 900))]).await.expect("written");
    kept.is_true("a turn is mended").await;
    store.write(vec![Row::FirstAudio { call: id(1), ms: 70 }]).await.expect("written");
    kept.is_true("the first sound").await;
    store.write(vec![Row::Created(Box::new(NewCall { assistant: "sales".to_owned(), ..call(9, 2) }))]).await.expect("written");
    kept.is_true("the call of that turn").await;
    store.write(vec![Row::Connected(joined(id(9), Epoch::FIRST, stream(2), past(2)))]).await.expect("written");
    kept.is_true("it is connected by a row").await;
    assert!(store.finish(CallEnd { at: past(3), ..end(1, HangupCause::CallerHungUp, 0) }).await.expect("asked"));
    kept.is_true("a call ends").await;
    store.write(vec![Row::Ended(Box::new(CallEnd { at: past(3), ..end(9, HangupCause::Drained, 0) }))]).await.expect("written");
    kept.is_true("a call ends by a row").await;
    store.write(vec![row(1, 1, latency(2, 1, 100))]).await.expect("written");
    kept.is_true("words come after the end").await;

    let figures = store.analytics(&whole()).await.expect("figures");
    assert_eq!((figures.total_calls, figures.average_turn_latency_ms), (5, Some((900.0 + 70.0 + 100.0) / 3.0)));
}

pub async fn hours_are_kept_newest_first_and_only_once(url: &str) {
    let kept = Kept::of(url).await;
    for (call, hours) in [(1, 0), (2, 40)] {
        create(&kept.store, NewCall { initiated_at: past(hours), ..new_call(call) }).await;
    }
    create(&kept.store, NewCall { initiated_at: Utc::now(), ..new_call(3) }).await;
    crate::sql(&kept.db, "DELETE FROM call_logs WHERE initiated_at > '2021-01-01'").await;

    let steps: Vec<usize> = [kept.store.summarise(1).await, kept.store.summarise(30).await, kept.store.summarise(1000).await]
        .map(|step| step.expect("counted"))
        .into();

    assert_eq!(steps.iter().sum::<usize>(), 41, "{steps:?}");
    assert!(steps.iter().all(|hours| *hours > 0), "{steps:?}");
    assert_eq!(kept.store.summarise(1000).await.expect("counted"), 0);
    kept.is_true("in steps").await;
}

/// Writers, readers and whoever keeps hours, all at once.
pub async fn what_is_kept_stays_true_under_load(url: &str) {
    let kept = Kept::of(url).await;
    let store = &kept.store;
    for call in 0..8 {
        create(store, NewCall { initiated_at: past(i64::try_from(call).expect("small")), ..new_call(call + 1) }).await;
    }
    let writer = |call: u128| async move {
        for seq in 0..25 {
            let turn = Turn { latency: Some(Duration::from_millis(100 + u64::from(seq))), ..turn(seq, 1, "x") };
            store
                .write(vec![row(call, 1, turn.clone()), row(call % 8 + 1, 2 + u32::try_from(call).expect("small"), turn)])
                .await
                .expect("written");
        }
    };
    let reader = async {
        for _ in 0..25 {
            store.summarise(3).await.expect("counted");
            store.analytics(&whole()).await.expect("figures");
        }
    };

    tokio::join!(writer(1), writer(2), writer(3), writer(4), reader);

    kept.is_true("afterwards").await;
    let turns = store.analytics(&whole()).await.expect("figures").turn_latency_ms;
    assert!(turns.p50.is_some());
}

/// The moment that a lock is for: the hour is forgotten, the turn not yet to be seen.
#[tokio::test]
async fn no_hour_is_kept_while_a_writer_commits() {
    crate::on_postgres(async |url| {
        let kept = Kept::of(&url).await;
        create(&kept.store, NewCall { initiated_at: past(0), ..new_call(1) }).await;
        kept.is_true("the call").await;
        crate::sql(&kept.db, COMMIT_WAITS).await;
        let gate = kept.db.begin().await.expect("begun");
        gate.execute_unprepared("SELECT pg_advisory_xact_lock(42)").await.expect("the gate is shut");

        let (store, answered) = (kept.store.clone(), Turn { latency: Some(Duration::from_millis(500)), ..turn(1, 1, "x") });
        let writer = tokio::spawn(async move { store.write(vec![row(1, 1, answered)]).await });
        let waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND NOT granted";
        let deadline = Instant::now() + Duration::from_secs(10);
        while kept.db.execute_unprepared(waiting).await.expect("asked").rows_affected() == 0 {
            assert!(Instant::now() < deadline, "the writer does not come to its commit");
        }
        let counted = tokio::time::timeout(Duration::from_secs(5), kept.store.summarise(10)).await.expect("waits for nobody");
        assert_eq!(counted.expect("counted"), 0, "kept while a writer commits");
        kept.store.analytics(&whole()).await.expect("answered meanwhile");

        gate.commit().await.expect("the gate is open");
        writer.await.expect("no panic").expect("written");
        kept.is_true("after the commit").await;
        let figures = kept.store.analytics(&whole()).await.expect("figures");
        assert_eq!(figures.average_turn_latency_ms, Some(500.0));
    })
    .await;
}

const COMMIT_WAITS: &str = "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS \
     $$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$; \
     CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON conversation_logs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()";
