//! Whatever is written in whatever order: figures from kept hours are those counted afresh.

use std::time::Duration;

use alpha_call::session::event::{Speaker, Turn};
use alpha_call::store::{CallEnd, NewCall, Row};
use alpha_call::types::{Direction, Epoch, HangupCause};
use chrono::TimeDelta;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::figures::{Kept, past};
use crate::words::{end, id, joined, new_call, row, stream, turn};

#[derive(Clone, Debug)]
enum Step {
    Create { call: u128, hours: i64, sales: bool, refused: bool },
    Connect { call: u128 },
    Say { call: u128, seq: u32, revision: u32, latency: Option<u64>, user: bool },
    Sound { call: u128, ms: u64 },
    End { call: u128, failed: bool },
    Rows(Vec<Self>),
    Keep(usize),
}

fn plain() -> impl Strategy<Value = Step> {
    let call = || 1..5_u128;
    prop_oneof![
        (call(), 0..6_i64, any::<bool>(), any::<bool>()).prop_map(|(call, hours, sales, refused)| Step::Create {
            call,
            hours,
            sales,
            refused
        }),
        call().prop_map(|call| Step::Connect { call }),
        (call(), 0..3_u32, 1..4_u32, proptest::option::of(0..5000_u64), any::<bool>())
            .prop_map(|(call, seq, revision, latency, user)| Step::Say { call, seq, revision, latency, user }),
        (call(), 0..900_u64).prop_map(|(call, ms)| Step::Sound { call, ms }),
        (call(), any::<bool>()).prop_map(|(call, failed)| Step::End { call, failed }),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec(prop_oneof![4 => plain(), 1 => vec(plain(), 1..6).prop_map(Step::Rows), 2 => (1..9_usize).prop_map(Step::Keep)], 1..25)
}

fn created(call: u128, hours: i64, sales: bool) -> NewCall {
    let assistant = if sales { "sales" } else { "default" }.to_owned();
    let direction = if sales { Direction::Inbound } else { Direction::Outbound };
    NewCall { assistant, direction, initiated_at: past(hours) + TimeDelta::minutes(19 * hours), ..new_call(call) }
}

fn ended(call: u128, failed: bool) -> CallEnd {
    let cause = if failed { HangupCause::StreamLost } else { HangupCause::CallerHungUp };
    CallEnd { at: past(8), minute_nanos: 5, ..end(call, cause, 0) }
}

fn said(call: u128, seq: u32, revision: u32, latency: Option<u64>, user: bool) -> Row {
    let speaker = if user { Speaker::User } else { Speaker::Ai };
    row(call, 1, Turn { speaker, latency: latency.map(Duration::from_millis), interrupted: user, ..turn(seq, revision, "x") })
}

fn as_row(step: &Step) -> Option<Row> {
    Some(match step {
        Step::Create { call, hours, sales, .. } => Row::Created(Box::new(created(*call, *hours, *sales))),
        Step::Connect { call } => Row::Connected(joined(id(*call), Epoch::FIRST, stream(1), past(7))),
        Step::Say { call, seq, revision, latency, user } => said(*call, *seq, *revision, *latency, *user),
        Step::Sound { call, ms } => Row::FirstAudio { call: id(*call), ms: *ms },
        Step::End { call, failed } => Row::Ended(Box::new(ended(*call, *failed))),
        Step::Rows(_) | Step::Keep(_) => return None,
    })
}

async fn take(kept: &Kept, step: &Step) {
    let store = kept.store();
    match step {
        Step::Create { call, hours, sales, refused: true } => {
            store.create_refused(created(*call, *hours, *sales), "draining").await.expect("asked");
        }
        Step::Create { call, hours, sales, refused: false } => {
            store.create_call(created(*call, *hours, *sales)).await.expect("asked");
        }
        Step::Connect { call } => drop(store.connected(joined(id(*call), Epoch::FIRST, stream(1), past(7))).await.expect("asked")),
        Step::End { call, failed } => drop(store.finish(ended(*call, *failed)).await.expect("asked")),
        Step::Say { .. } | Step::Sound { .. } => store.write(as_row(step).into_iter().collect()).await.expect("written"),
        Step::Rows(steps) => store.write(steps.iter().filter_map(as_row).collect()).await.expect("written"),
        Step::Keep(hours) => drop(store.summarise(*hours).await.expect("counted")),
    }
}

#[test]
fn kept_hours_tell_what_the_tables_do() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&steps(), |steps| {
        runtime.block_on(crate::on_sqlite(async |url| {
            let kept = Kept::of(&url).await;
            for step in &steps {
                take(&kept, step).await;
            }
            kept.is_true("after the last step").await;
        }));
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
