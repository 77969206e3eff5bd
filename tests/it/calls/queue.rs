//! Calls on their way to Twilio: at their time, at the account's pace, once.

use std::collections::BTreeMap;

use alpha_call::sim::stage::CALLEE;
use alpha_call::sim::twilio::{Answer, CreateFate};
use chrono::{SecondsFormat, TimeDelta, Utc};
use serde_json::json;

use super::*;
use crate::doors::http;
use crate::house::eventually_within;

/// Of the calls that nobody knows of, Twilio is asked after ten seconds, and for a minute.
const GIVEN_UP: Duration = Duration::from_secs(100);

async fn post(house: &House, body: &Value) -> Value {
    let answer = house.api().post("/api/request-call", body).await.expect("an answer");
    assert_eq!(answer.status, 202, "{}", answer.body);
    answer.body
}

async fn request(house: &House, to: &str) -> String {
    post(house, &json!({ "phone_number": to })).await["id"].as_str().expect("an id").to_owned()
}

fn in_seconds(seconds: i64) -> String {
    (Utc::now() + TimeDelta::seconds(seconds)).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Answers, listens for a moment, and hangs up.
fn brief() -> Answer {
    Answer::PickUp(CallerScript::new(vec![Step::WaitForSpeech { within: WITHIN }, Step::HangUp]))
}

/// The row of a call of which Twilio has to be asked first.
async fn ended_late(house: &House, call: &str) -> Value {
    eventually_within(LONG, "the call has ended", async || {
        let row = house.get(&format!("/api/call/{call}")).await;
        if row["ended_at"].is_null() { Err(row) } else { Ok(row) }
    })
    .await
}

/// How many calls are on record with this status.
async fn total(house: &House, status: &str) -> u64 {
    house.get(&format!("/api/call-history?limit=1&status={status}")).await["total"].as_u64().expect("a number")
}

/// How many of the calls to each number were ever connected to us.
fn connected(house: &House) -> BTreeMap<String, usize> {
    let mut numbers = BTreeMap::new();
    for report in house.stage.twilio.calls() {
        let streams = report.first(|what| matches!(what, Happening::StreamStarted { .. })).map_or(0, |_| 1);
        *numbers.entry(report.to.0.clone()).or_default() += streams;
    }
    numbers
}

#[actix_rt::test]
async fn a_thousand_calls_by_a_twilio_that_answers_late_twice_never_or_wrongly_are_connected_once_at_most_and_end_once() {
    let house = House::with(&[
        ("ALLOW_ALL_US_CANADA", "true"),
        ("MAX_CONCURRENT_CALLS", "1000"),
        ("MAX_OPENAI_CONNECTIONS", "1000"),
        ("APP__LIMITS__CALLS_PER_SECOND", "50"),
    ])
    .await;
    house.stage.twilio.answer(brief());
    house.stage.twilio.hooks().fate_creates((0..1_000).map(|n| CreateFate::ALL[n % CreateFate::ALL.len()]));

    let mut calls = Vec::new();
    for n in 0..1_000 {
        calls.push(request(&house, &format!("+1415555{:04}", 2_000 + n)).await);
    }
    eventually_within(GIVEN_UP, "every call has ended", async || {
        match total(&house, "initiated").await + total(&house, "connected").await {
            0 => Ok(()),
            open => Err(open),
        }
    })
    .await;

    let connected = connected(&house);
    let [completed, failed] = [total(&house, "completed").await, total(&house, "failed").await];
    println!("{completed} calls talked, {failed} could not be placed; {} numbers were rung", connected.len());
    assert!(connected.values().all(|times| *times <= 1), "{connected:?}");
    // Of eight fates two are no call at all; those that were throttled met another one.
    assert!(completed + failed == 1_000 && (250..=255).contains(&failed), "{completed} completed, {failed} failed");
    assert!(house.engine.store().take_dials("nobody", 10).await.expect("asked").is_empty(), "nothing is left in the queue");
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_that_nobody_tells_of_is_found_in_twilios_list() {
    let house = House::open().await;
    house.stage.twilio.hooks().fate_creates([CreateFate::FailedPlaced]);
    house.stage.twilio.hooks().lose_callbacks(true);
    house.stage.twilio.answer_next(Answer::Busy);

    let call = request(&house, CALLEE).await;

    let row = ended_late(&house, &call).await;
    assert_eq!((&row["ended_reason"], &row["twilio_status"]), (&"busy".into(), &"busy".into()));
    house.finish().await;
}

#[actix_rt::test]
async fn twilio_is_asked_for_a_last_word_that_was_lost() {
    let house = House::with(&[("APP__LIMITS__RING_SECONDS", "5")]).await;
    house.stage.twilio.hooks().lose_callbacks(true);
    house.stage.twilio.answer_next(Answer::NoAnswer);

    let call = request(&house, CALLEE).await;

    let row = ended_late(&house, &call).await;
    assert_eq!((&row["ended_reason"], &row["twilio_status"]), (&"no_answer".into(), &"no-answer".into()));
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_that_twilio_throttles_is_asked_for_again() {
    let house = House::open().await;
    house.stage.twilio.hooks().fate_creates([CreateFate::Throttled, CreateFate::Throttled]);
    house.stage.twilio.answer_next(brief());

    let call = request(&house, CALLEE).await;

    assert_eq!(house.ended(&call).await["status"], "completed");
    assert_eq!(house.stage.twilio.calls().len(), 1);
    house.finish().await;
}

#[actix_rt::test]
async fn calls_leave_at_the_accounts_pace() {
    let house = House::with(&[("ALLOW_ALL_US_CANADA", "true"), ("APP__LIMITS__CALLS_PER_SECOND", "2")]).await;
    house.stage.twilio.answer(Answer::Busy);
    let start = Instant::now();

    for n in 0..5 {
        request(&house, &format!("+1415555{:04}", 2_000 + n)).await;
    }
    assert!(start.elapsed() < ms(1_500), "nobody who asks waits for it");
    house.stage.twilio.calls_begun(5, LONG).await.expect("calls");

    let took = start.elapsed();
    assert!(took > ms(1_900) && took < ms(4_000), "{took:?}");
    eventually("all have ended", async || if house.stage.twilio.live_calls() == 0 { Ok(()) } else { Err("a call") }).await;
    house.finish().await;
}

#[actix_rt::test]
async fn who_wants_no_calls_while_a_call_waits_gets_none() {
    let house = House::with(&[("ALLOW_ALL_US_CANADA", "true"), ("APP__LIMITS__CALLS_PER_SECOND", "1")]).await;
    house.stage.twilio.answer(Answer::Busy);
    for n in 0..2 {
        request(&house, &format!("+1415555{:04}", 2_000 + n)).await;
    }
    let third = request(&house, "+14155552009").await;

    let listed = house.api().post("/api/do-not-call", &json!({ "phone_number": "+14155552009" })).await.expect("an answer");
    assert_eq!(listed.status, 201, "{}", listed.body);

    let row = house.ended(&third).await;
    assert_eq!((&row["status"], &row["refusal"]), (&"failed".into(), &"do-not-call".into()));
    assert_eq!(row["decision"]["refusal"], "do-not-call", "{row}");
    assert_eq!(house.stage.twilio.calls().len(), 2);
    eventually("all have ended", async || if house.stage.twilio.live_calls() == 0 { Ok(()) } else { Err("a call") }).await;
    house.finish().await;
}

#[actix_rt::test]
async fn a_scheduled_call_is_placed_at_its_time_with_all_that_was_asked_for() {
    let house = House::open().await;
    house.stage.twilio.answer_next(brief());
    let at = in_seconds(3);

    let body = json!({
        "phone_number": CALLEE, "name": "Ann", "voice": "cedar", "instructions": "You talk to {{name}}.",
        "scheduled_at": at, "metadata": { "order": 7 },
    });
    let accepted = post(&house, &body).await;
    let call = accepted["id"].as_str().expect("an id").to_owned();
    assert_eq!((&accepted["scheduled_at"], &accepted["status_url"]), (&at.as_str().into(), &format!("/api/call/{call}").into()));
    tokio::time::sleep(ms(1_500)).await;
    assert_eq!(house.stage.twilio.calls().len(), 0, "not before its time");

    let row = house.ended(&call).await;

    assert_eq!((&row["status"], &row["voice"], &row["metadata"]["order"]), (&"completed".into(), &"cedar".into(), &7.into()));
    let model = house.openai().sessions().remove(0);
    assert_eq!(model.instructions, "You talk to Ann.");
    house.finish().await;
}

#[actix_rt::test]
async fn a_scheduled_call_outlives_the_process_that_took_it() {
    let house = House::open().await;
    let accepted = post(&house, &json!({ "phone_number": CALLEE, "scheduled_at": in_seconds(2) })).await;

    let (house, _) = house.move_house().await;
    house.stage.twilio.answer_next(brief());

    let row = house.ended(accepted["id"].as_str().expect("an id")).await;
    assert_eq!(row["status"], "completed");
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_that_waits_for_its_turn_when_the_process_ends_is_placed_by_the_next() {
    let house = House::with(&[("ALLOW_ALL_US_CANADA", "true"), ("APP__LIMITS__CALLS_PER_SECOND", "1")]).await;
    house.stage.twilio.answer(brief());
    let mut calls = Vec::new();
    for n in 0..4 {
        calls.push(request(&house, &format!("+1415555{:04}", 2_000 + n)).await);
    }

    let (house, _) = house.move_house().await;

    for call in &calls[2..] {
        let row = house.ended(call).await;
        // The next process may call verified numbers alone.
        assert_eq!((&row["status"], &row["refusal"]), (&"failed".into(), &"number-not-authorized".into()), "{row}");
    }
    house.finish().await;
}

#[actix_rt::test]
async fn a_moment_that_is_none_has_passed_or_is_too_far_is_pointed_at() {
    let house = House::open().await;
    for wrong in ["tomorrow", &in_seconds(-5), &in_seconds(40 * 86_400)] {
        let body = json!({ "phone_number": CALLEE, "scheduled_at": wrong });
        let answer = house.api().post("/api/request-call", &body).await.expect("an answer");
        assert_eq!((answer.status, &answer.body["errors"][0]["pointer"]), (422, &"/scheduled_at".into()), "{}", answer.body);
    }
    let far = json!({ "phone_number": CALLEE, "metadata": { "text": "x".repeat(5_000) } });
    let answer = house.api().post("/api/request-call", &far).await.expect("an answer");
    assert_eq!((answer.status, &answer.body["errors"][0]["pointer"]), (422, &"/metadata".into()), "{}", answer.body);
    house.finish().await;
}

#[actix_rt::test]
async fn a_request_that_is_sent_twice_places_one_call() {
    let house = House::with(&[("CALL_COOLDOWN_SECONDS", "300")]).await;
    house.stage.twilio.answer(brief());
    let named = |name: &str| house.api().with_header("Idempotency-Key", name);
    let (body, other) = (json!({ "phone_number": CALLEE }), json!({ "phone_number": CALLEE, "name": "Ann" }));

    let both =
        futures_util::future::join_all((0..20).map(async |_| named("one").post("/api/request-call", &body).await.expect("an answer")));
    let both = both.await;

    let accepted: Vec<_> = both.iter().filter(|answer| answer.status == 202).collect();
    assert!(!accepted.is_empty() && both.iter().all(|answer| [202, 409].contains(&answer.status)), "{both:?}");
    assert!(both.iter().filter(|answer| answer.status == 409).all(|answer| answer.body["code"] == "request-running"));
    assert!(accepted.iter().all(|answer| answer.body["id"] == accepted[0].body["id"]), "one call");
    let again = named("\"one\"").post("/api/request-call", &body).await.expect("an answer");
    assert_eq!((again.status, &again.body["id"]), (202, &accepted[0].body["id"]));
    let once = |body: &Value| http::post_json("/api/request-call", body.clone()).with("Idempotency-Key", "one");
    once(&other).to(house.addr()).await.problem(422, "idempotency-key-reused");
    let cooling = named("two").post("/api/request-call", &body).await.expect("an answer");
    assert_eq!((cooling.status, &cooling.body["code"]), (429, &"cooling-down".into()));
    let cooling = named("two").post("/api/request-call", &body).await.expect("an answer");
    assert_eq!(cooling.status, 429, "what came to nothing is not answered from memory");
    house.ended(accepted[0].body["id"].as_str().expect("an id")).await;
    assert_eq!(house.stage.twilio.calls().len(), 1);
    house.columns("UPDATE request_keys SET call_id = NULL WHERE name = $1 RETURNING name", "one").await;
    once(&body).to(house.addr()).await.problem(409, "request-running");
    house.finish().await;
}
