//! What somebody outside wants of a call.

use alpha_call::sim::stage::CALLEE;
use alpha_call::sim::twilio::Answer;
use chrono::{SecondsFormat, TimeDelta, Utc};
use serde_json::json;

use super::*;
use crate::doors::http;

async fn command(house: &House, call: &str, what: &str, body: Value) -> http::Answer {
    http::post_json(&format!("/api/call/{call}/{what}"), body).to(house.addr()).await
}

async fn hang_up(house: &House, call: &str) -> http::Answer {
    command(house, call, "hangup", json!({})).await
}

#[actix_rt::test]
async fn a_call_that_talks_is_hung_up_on_and_cannot_be_twice() {
    let house = House::open().await;
    let call = house.call_in(CallerScript::new(vec![Step::WaitForSpeech { within: WITHIN }, Step::AwaitHangup { within: WITHIN }]));
    call.until(LONG, |report| !heard(report).is_empty()).await.expect("a greeting");

    assert_eq!(hang_up(&house, call.call_sid()).await.status, 202);

    assert!(call.ended(LONG).await.expect("an end").completed());
    let row = house.ended(call.call_sid()).await;
    assert_eq!((&row["status"], &row["ended_reason"]), (&"completed".into(), &"requested".into()));
    hang_up(&house, call.call_sid()).await.problem(409, "call-over");
    hang_up(&house, "CA00000000000000000000000000000000").await.problem(404, "not-found");
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_that_waits_is_canceled_and_its_number_may_be_called_at_once() {
    let house = House::with(&[("CALL_COOLDOWN_SECONDS", "300")]).await;
    let at = (Utc::now() + TimeDelta::seconds(60)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let asked = house.api().post("/api/request-call", &json!({ "phone_number": CALLEE, "scheduled_at": at })).await.expect("an answer");
    let call = asked.body["id"].as_str().expect("an id").to_owned();

    assert_eq!(hang_up(&house, &call).await.status, 202);

    let row = house.ended(&call).await;
    assert_eq!((&row["status"], &row["ended_reason"]), (&"failed".into(), &"canceled".into()));
    hang_up(&house, &call).await.problem(409, "call-over");
    house.stage.twilio.answer_next(Answer::Busy);
    let next = house.api().post("/api/request-call", &json!({ "phone_number": CALLEE })).await.expect("an answer");
    assert_eq!(house.ended(next.body["id"].as_str().expect("an id")).await["ended_reason"], "busy");
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_that_talks_is_handed_to_another_phone() {
    let house = House::open().await;
    let call = house.call_in(CallerScript::new(vec![Step::WaitForSpeech { within: WITHIN }, Step::AwaitHangup { within: WITHIN }]));
    call.until(LONG, |report| !heard(report).is_empty()).await.expect("a greeting");

    let transfer = async |to: &str| command(&house, call.call_sid(), "transfer", json!({ "to": to })).await;
    transfer("+14155550177").await.problem(403, "number-not-authorized");
    transfer("nobody").await.problem(422, "invalid-field");
    assert_eq!(transfer(CALLEE).await.status, 202);

    let report = call.ended(LONG).await.expect("an end");
    assert_eq!(report.dials.len(), 1);
    let row = house.ended(call.call_sid()).await;
    assert_eq!((&row["status"], &row["ended_reason"]), (&"completed".into(), &"transferred".into()));
    transfer(CALLEE).await.problem(409, "call-over");
    house.finish().await;
}

#[actix_rt::test]
async fn only_a_call_that_is_connected_can_be_handed_over() {
    let house = House::open().await;
    let at = (Utc::now() + TimeDelta::seconds(60)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let asked = house.api().post("/api/request-call", &json!({ "phone_number": CALLEE, "scheduled_at": at })).await.expect("an answer");
    let call = asked.body["id"].as_str().expect("an id").to_owned();

    let answer = command(&house, &call, "transfer", json!({ "to": CALLEE })).await;

    answer.problem(409, "call-not-connected");
    hang_up(&house, &call).await;
    house.ended(&call).await;
    house.finish().await;
}
