//! Many calls, one after the other, leave a process as it was.

use std::time::Duration;

use alpha_call::sim::scenario::{CallerScript, Step};
use alpha_call::sim::stage::{CALLER, Stage};
use alpha_call::sim::twilio::CallIn;
use futures_util::future::join_all;

use super::*;
use crate::doors::counters::Counters;

const AT_ONCE: usize = 40;
/// What a process that has seen some calls may grow by, in percent: after a thousand of them next to nothing, before that what
/// allocators and bounded memories take until they are full.
fn growth() -> u64 {
    if calls() >= 10_000 { 2 } else { 20 }
}

/// `LEAK_CALLS=10000` for the long run of docs/operations.md.
fn calls() -> usize {
    std::env::var("LEAK_CALLS").map_or(500, |text| text.parse().expect("a number"))
}

/// How a process is when nobody calls.
#[derive(Clone, Debug, PartialEq)]
struct Rest {
    actors: f64,
    files: usize,
    kilobytes: u64,
}

impl Rest {
    async fn of(instance: &mut Instance) -> Self {
        let address = instance.address();
        eventually_within(LONG, "no call is left", async || {
            let counters = Counters::of(address).await;
            match counters.sum("alpha_call_calls_active", &[]) {
                0.0 => Ok(()),
                left => Err(left),
            }
        })
        .await;
        // Connections that are being closed take a moment.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let actors = Counters::of(address).await.sum("alpha_call_actors", &[]);
        Self { actors, files: instance.open_files(), kilobytes: instance.resident_kilobytes() }
    }
}

async fn make(stage: &Stage, calls: usize) {
    let steps = vec![Step::WaitForSpeech { within: LONG }, Step::HangUp];
    let caller = async || {
        let call = CallIn { from: CALLER.to_owned(), script: CallerScript::new(steps.clone()) };
        let call = stage.twilio.call_in(call).expect("a domain");
        assert!(call.ended(LONG).await.expect("an end").completed());
    };
    let one_after_the_other = async |count| {
        for _ in 0..count {
            caller().await;
        }
    };
    join_all((0..AT_ONCE).map(|_| one_after_the_other(calls / AT_ONCE))).await;
}

#[actix_rt::test]
async fn a_process_that_has_carried_many_calls_is_as_it_was_after_the_first_of_them() {
    let stage = Stage::start(1).expect("a stage");
    let cluster = Cluster::start().expect("a server");
    let limits = [("MAX_CONCURRENT_CALLS", "100"), ("MAX_OPENAI_CONNECTIONS", "200"), ("APP__OPENAI__WARM_CONNECTIONS", "0")];
    let mut instance = serve(&stage, &cluster.url(), &limits);
    let fresh = Rest::of(&mut instance).await;

    let first = (calls() / 5).min(1_000);
    make(&stage, first).await;
    let before = Rest::of(&mut instance).await;
    make(&stage, calls() - first).await;
    let after = Rest::of(&mut instance).await;

    println!("{} calls: {fresh:?} fresh, {before:?} after the first {first}, {after:?} after all", calls());
    assert_eq!((before.actors, after.actors), (fresh.actors, fresh.actors));
    assert!(after.files <= before.files, "{after:?} {before:?}");
    assert!(after.kilobytes * 100 <= before.kilobytes * (100 + growth()), "{after:?} {before:?}");
}
