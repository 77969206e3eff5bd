//! One of two processes goes, in the middle of its calls: they go on at the other.

use std::time::Duration;

use super::crew::{Crew, Outcome};
use super::*;

/// `SURVIVAL_CALLS` for more or fewer.
fn callers() -> usize {
    std::env::var("SURVIVAL_CALLS").map_or(100, |text| text.parse().expect("a number"))
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Waits for the end of a process on a thread of its own: the callers must not stand still meanwhile.
async fn end(instance: Instance, signal: &'static str) -> Duration {
    tokio::task::spawn_blocking(move || super::crew::timed_end(instance, signal)).await.expect("a thread")
}

#[actix_rt::test]
async fn a_process_that_is_told_to_stop_hands_every_call_over() {
    let Some(crew) = Crew::start(2) else { return };
    let calls = crew.ring(callers(), secs(14)).await;

    let everybody = crew.addresses();
    let leaving = crew.dismiss();
    let took = tokio::select! {
        took = end(leaving, "TERM") => took,
        () = crew.balance(&everybody) => unreachable!("it goes on for ever"),
    };
    let outcome = Outcome::of(&calls).await;
    println!("{outcome}, out after {took:?}");

    assert!(outcome.moved >= outcome.calls / 3, "a poor sample: {outcome:?}");
    assert_eq!(outcome.survived, outcome.calls);
    assert!(outcome.p(95) <= secs(3), "{outcome:?}");
    assert!(took <= secs(9), "out after {took:?}");
    crew.settle(&calls).await;
}

#[actix_rt::test]
async fn calls_of_a_process_that_is_killed_go_on_as_soon_as_twilio_asks() {
    let Some(crew) = Crew::start(2) else { return };
    let calls = crew.ring(callers(), secs(14)).await;

    end(crew.dismiss(), "KILL").await;
    let outcome = Outcome::of(&calls).await;
    println!("{outcome}");

    assert!(outcome.moved >= outcome.calls / 3, "a poor sample: {outcome:?}");
    assert!(outcome.survived * 100 >= outcome.calls * 99, "{outcome:?}");
    assert!(outcome.p(95) <= secs(6), "{outcome:?}");
    crew.settle(&calls).await;
}

#[actix_rt::test]
async fn calls_of_a_process_that_is_killed_are_fetched_where_twilio_does_not_ask() {
    let Some(crew) = Crew::start(2) else { return };
    crew.stage.twilio.hooks().forget_broken_streams(true);
    let calls = crew.ring(callers(), secs(50)).await;

    end(crew.dismiss(), "KILL").await;
    let outcome = Outcome::of(&calls).await;
    println!("{outcome}");

    assert!(outcome.moved >= outcome.calls / 3, "a poor sample: {outcome:?}");
    assert!(outcome.survived * 100 >= outcome.calls * 99, "{outcome:?}");
    assert!(outcome.p(95) <= secs(40), "{outcome:?}");
    crew.settle(&calls).await;
}

#[actix_rt::test]
async fn calls_go_on_at_the_other_process_while_the_database_is_away() {
    let Some(crew) = Crew::start(2) else { return };
    let calls = crew.ring(callers(), secs(30)).await;

    crew.cluster.crash();
    end(crew.dismiss(), "KILL").await;
    let outage = async {
        tokio::time::sleep(secs(60)).await;
        crew.cluster.resume();
    };
    let (outcome, ()) = futures_util::future::join(Outcome::of(&calls), outage).await;
    println!("{outcome}");

    assert!(outcome.moved >= outcome.calls / 3, "a poor sample: {outcome:?}");
    assert!(outcome.survived * 100 >= outcome.calls * 99, "{outcome:?}");
    assert!(outcome.p(95) <= secs(6), "{outcome:?}");
    crew.settle(&calls).await;
}

#[actix_rt::test]
async fn a_process_that_is_alone_keeps_its_calls_over_a_restart() {
    let Some(crew) = Crew::start(1) else { return };
    let calls = crew.ring(callers() / 5, secs(16)).await;

    let took = end(crew.dismiss(), "TERM").await;
    crew.hire();
    let outcome = Outcome::of(&calls).await;
    println!("{outcome}");

    assert_eq!((outcome.moved, outcome.survived), (outcome.calls, outcome.calls));
    assert!(took <= secs(9), "out after {took:?}");
    assert!(outcome.p(95) <= secs(10), "{outcome:?}");
    crew.settle(&calls).await;
}
