//! Calls that wait are everybody's, and so is the pace; what is wanted of a call reaches the process that carries it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use alpha_call::sim::client::ApiClient;
use alpha_call::sim::scenario::{CallerScript, Step};
use alpha_call::sim::stage::{CALLER, Stage};
use alpha_call::sim::twilio::{Answer, CallIn, Happening};
use serde_json::{Value, json};

use super::*;
use crate::house::eventually;

/// A lease of a process that was killed is over after 30 s; then the calls leave one by one.
const TAKEN_OVER: Duration = Duration::from_secs(50);

fn api(instance: &mut Instance) -> ApiClient {
    ApiClient::new(instance.address())
}

async fn request(api: &ApiClient, to: &str) -> String {
    let answer = api.post("/api/request-call", &json!({ "phone_number": to })).await.expect("an answer");
    assert_eq!(answer.status, 202, "{}", answer.body);
    answer.body["id"].as_str().expect("an id").to_owned()
}

async fn row(api: &ApiClient, call: &str) -> Value {
    api.get(&format!("/api/call/{call}")).await.expect("an answer").body
}

fn number(n: usize) -> String {
    format!("+1415555{:04}", 2_000 + n)
}

#[actix_rt::test]
async fn calls_that_wait_when_their_process_is_killed_are_placed_once_by_another() {
    let Some(cluster) = Cluster::start() else { return };
    let stage = Stage::start(1).expect("a stage");
    stage.twilio.answer(Answer::Busy);
    let variables = [("ALLOW_ALL_US_CANADA", "true"), ("APP__LIMITS__CALLS_PER_SECOND", "1")];
    let mut other = serve(&stage, &cluster.url(), &variables);
    let mut first = serve(&stage, &cluster.url(), &variables);
    let mut calls = Vec::new();
    for n in 0..4 {
        calls.push(request(&api(&mut first), &number(n)).await);
    }

    first.signal("KILL");
    stage.twilio.set_engine(other.address());
    let api = api(&mut other);

    for call in &calls[1..] {
        let row = eventually_within(TAKEN_OVER, "the call is placed", async || {
            let row = row(&api, call).await;
            if row["ended_at"].is_null() { Err(row) } else { Ok(row) }
        })
        .await;
        assert_eq!((&row["ended_reason"], &row["status"]), (&"busy".into(), &"failed".into()), "{row}");
    }
    let mut rung = BTreeMap::<String, usize>::new();
    stage.twilio.calls().iter().for_each(|call| *rung.entry(call.to.0.clone()).or_default() += 1);
    assert_eq!(rung.into_values().collect::<Vec<_>>(), [1, 1, 1, 1]);
}

#[actix_rt::test]
async fn two_processes_keep_one_pace() {
    let Some(cluster) = Cluster::start() else { return };
    let variables = [("ALLOW_ALL_US_CANADA", "true"), ("APP__LIMITS__CALLS_PER_SECOND", "2")];
    let mut members: Vec<_> = (0..2)
        .map(|n| {
            let stage = Stage::start(n).expect("a stage");
            stage.twilio.answer(Answer::Busy);
            let instance = serve(&stage, &cluster.url(), &variables);
            (stage, instance)
        })
        .collect();
    let start = Instant::now();

    for n in 0..8 {
        request(&api(&mut members[n % 2].1), &number(n)).await;
    }
    for (stage, _) in &members {
        stage.twilio.calls_begun(4, LONG).await.expect("calls");
    }

    let took = start.elapsed();
    assert!(took > Duration::from_millis(3_300) && took < Duration::from_secs(8), "eight calls left in {took:?}");
}

#[actix_rt::test]
async fn a_call_can_be_ended_through_a_process_that_does_not_carry_it() {
    let Some(cluster) = Cluster::start() else { return };
    let stage = Stage::start(1).expect("a stage");
    let mut other = serve(&stage, &cluster.url(), &[]);
    let _carrier = serve(&stage, &cluster.url(), &[]);
    let script = CallerScript::new(vec![Step::WaitForSpeech { within: LONG }, Step::AwaitHangup { within: LONG }]);
    let call = stage.twilio.call_in(CallIn { from: CALLER.to_owned(), script }).expect("a domain");
    call.until(LONG, |report| report.first(|what| matches!(what, Happening::StreamStarted { .. })).is_some()).await.expect("a stream");

    let api = api(&mut other);
    let answer = api.post(&format!("/api/call/{}/hangup", call.call_sid()), &json!({})).await.expect("an answer");

    assert_eq!(answer.status, 202, "{}", answer.body);
    call.ended(LONG).await.expect("an end");
    let row = eventually("the call has ended", async || {
        let row = row(&api, call.call_sid()).await;
        if row["ended_at"].is_null() { Err(row) } else { Ok(row) }
    })
    .await;
    assert_eq!((&row["status"], &row["ended_reason"]), (&"completed".into(), &"requested".into()), "{row}");
}
