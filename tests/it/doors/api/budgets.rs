//! What calls may cost: whose they are, and what is refused when the money is spent.

use alpha_call::sim::scenario::{CallerScript, Step};
use alpha_call::sim::stage::CALLEE;
use alpha_call::sim::twilio::{CallReport, Happening};
use alpha_call::types::{BearerKey, Scope};
use chrono::{Days, NaiveTime, Utc};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::doors::counters::Counters;
use crate::doors::http::{Answer, Request, get, post_json};
use crate::house::{House, LONG, eventually};

const STATIC: &str = "static-key-of-32-random-characters";
const STRANGER: &str = "+14155552671";

fn call(number: &str) -> Request {
    post_json("/api/request-call", json!({ "phone_number": number }))
}

async fn call_by(house: &House, key: &BearerKey) -> Answer {
    call(CALLEE).by(key).to(house.addr()).await
}

fn ids(history: &Value) -> Vec<&str> {
    history["calls"].as_array().expect("calls").iter().map(|call| call["id"].as_str().expect("an id")).collect()
}

#[actix_rt::test]
async fn a_call_tells_with_which_key_it_was_requested_and_a_refused_one_too() {
    let house = House::with(&[("API_KEYS", STATIC)]).await;
    let key = house.with_key(1, &[Scope::Admin], None).await;
    house.stage.twilio.answer_next(super::short());

    let placed = call_by(&house, &key).await.json();
    call(STRANGER).with("Authorization", &format!("Bearer {STATIC}")).to(house.addr()).await.problem(403, "number-not-authorized");
    house.calls_are_over(1).await;

    let history = async |query: &str| get(&format!("/api/call-history{query}")).by(&key).to(house.addr()).await.json();
    let (by_key, by_static) = (history(&format!("?api_key_id={}", key.id())).await, history("?api_key_id=static").await);
    assert_eq!((ids(&by_key), &by_static["total"]), (vec![placed["id"].as_str().expect("an id")], &json!(1)), "{by_key} {by_static}");
    for (id, whose) in [(ids(&by_key)[0], key.id().as_str()), (ids(&by_static)[0], "static")] {
        let row = get(&format!("/api/call/{id}")).by(&key).to(house.addr()).await.json();
        assert_eq!(row["api_key_id"], whose, "{row}");
        assert!(!row.to_string().contains(key.text().expose_secret()), "{row}");
    }
    house.finish().await;
}

#[actix_rt::test]
async fn where_the_api_is_open_a_call_is_nobodys() {
    let house = House::open().await;
    call(STRANGER).to(house.addr()).await.problem(403, "number-not-authorized");

    let history = get("/api/call-history").to(house.addr()).await.json();

    let row = house.get(&format!("/api/call/{}", ids(&history)[0])).await;
    assert_eq!(row["api_key_id"], Value::Null);
    house.finish().await;
}

/// More than any call of these tests costs; with a budget `/metrics` tells what was spent.
const PLENTY: (&str, &str) = ("MAX_DAY_USD", "1000");

/// As soon as the engine knows that the calls of the day have cost a minute of a line at least.
async fn spend(house: &House) {
    eventually("a call is paid for", async || {
        let spent = Counters::with_key(house.addr(), STATIC).await.sum("alpha_call_day_spend_usd", &[]);
        if spent > 0.012 { Ok(()) } else { Err(spent) }
    })
    .await;
}

fn listener() -> CallerScript {
    CallerScript::new(vec![Step::WaitForSpeech { within: LONG }, Step::HangUp])
}

fn is_apologised_to(report: &CallReport) -> bool {
    report.first(|what| matches!(what, Happening::Said { text } if text == "We rest until tomorrow.")).is_some()
}

#[actix_rt::test]
async fn when_the_day_has_cost_what_it_may_nobody_is_called_and_callers_hear_the_lifeboat() {
    let house = House::with(&[("MAX_DAY_USD", "0.01"), ("APP__ASSISTANT__LIFEBOAT__SAY", "We rest until tomorrow.")]).await;
    let first = house.call_in(listener()).ended(LONG).await.expect("an end");
    assert!(first.completed() && !is_apologised_to(&first), "{:?}", first.timeline);

    spend(&house).await;
    let refused = call(CALLEE).to(house.addr()).await;
    let caller = house.call_in(listener());
    let second = caller.ended(LONG).await.expect("an end");

    refused.problem(429, "over-budget");
    let wait: i64 = refused.header("retry-after").and_then(|seconds| seconds.parse().ok()).expect("seconds");
    let now = Utc::now();
    let midnight = (now.date_naive() + Days::new(1)).and_time(NaiveTime::MIN).and_utc();
    assert!(((midnight - now).num_seconds() - wait).abs() < 60, "{wait} s");
    assert!(is_apologised_to(&second), "{:?}", second.timeline);
    let row = house.ended(caller.call_sid()).await;
    assert_eq!((&row["status"], &row["refusal"]), (&json!("failed"), &json!("over-budget")));
    let refusals = house.get("/api/call-history?status=failed").await;
    assert!(refusals["calls"].as_array().expect("calls").iter().all(|call| call["refusal"] == "over-budget"), "{refusals}");
    assert_eq!((&refusals["total"], house.openai().connects(), house.stage.twilio.calls().len()), (&json!(2), 1, 2));
    house.finish().await;
}

#[actix_rt::test]
async fn a_key_that_has_spent_its_budget_calls_nobody_and_another_one_does() {
    let variables = [("API_KEYS", STATIC), ("CALL_COOLDOWN_SECONDS", "0"), ("APP__LIMITS__MAX_KEY_DAY_USD", "5"), PLENTY];
    let house = House::with(&variables).await;
    house.stage.twilio.answer(super::short());
    let (poor, rich) = (house.with_budget(1, 10_000_000).await, house.with_key(2, &[Scope::Admin], None).await);
    assert_eq!(call_by(&house, &poor).await.status, 202, "nothing is spent");
    house.calls_are_over(1).await;
    spend(&house).await;

    let refused = call_by(&house, &poor).await;
    let placed = call_by(&house, &rich).await;

    refused.problem(429, "over-budget");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(placed.status, 202, "{placed:?}");
    house.calls_are_over(2).await;
    let by_key = get(&format!("/api/call-history?api_key_id={}", poor.id())).by(&rich).to(house.addr()).await.json();
    assert_eq!((&by_key["total"], &by_key["calls"][0]["refusal"]), (&json!(2), &json!("over-budget")), "{by_key}");
    house.finish().await;
}
