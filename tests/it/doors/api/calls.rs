//! `POST /api/request-call`: whom it does not call, and how it says so.

use alpha_call::sim::stage::CALLEE;
use serde_json::{Value, json};

use super::short;
use crate::doors::http::{Answer, ask, get, post_json};
use crate::doors::operator::{Operator, fresh_sid};
use crate::doors::twiml::Twiml;
use crate::house::House;

const PATH: &str = "/api/request-call";

async fn request(house: &House, body: impl ToString) -> Answer {
    post_json(PATH, body).to(house.addr()).await
}

fn pointers(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().expect("errors").iter().map(|error| error["pointer"].as_str().expect("a pointer")).collect()
}

#[actix_rt::test]
async fn a_body_that_cannot_be_read_is_malformed_and_one_of_the_wrong_shape_invalid() {
    let house = House::open().await;

    for broken in ["", "{", r#"{"phone_number":"#, "phone_number=1", "{'phone_number': 1}", "\u{0}"] {
        request(&house, broken).await.problem(400, "malformed-request");
    }
    for wrong in [json!({}), json!({"phone_number": null}), json!({"phone_number": 14155550142_u64}), json!([]), json!("+14155550142")] {
        request(&house, wrong).await.problem(422, "invalid-field");
    }
    request(&house, json!({"phone_number": CALLEE, "name": 7})).await.problem(422, "invalid-field");
    assert_eq!(Operator::of(&house).traces().await, (0, 0), "a row or a slot");
    house.finish().await;
}

#[actix_rt::test]
async fn a_bad_phone_number_is_pointed_at() {
    let house = House::open().await;

    for number in ["", "555", "14155550142", "+", "+0123456789", "+1415555a142", "+12345678901234567", "anonymous", "+1 415 555 0142;ext=1"]
    {
        let problem = request(&house, json!({"phone_number": number})).await.problem(422, "invalid-field");

        assert_eq!(pointers(&problem), ["/phone_number"], "{number}");
    }
    let both = request(&house, json!({"phone_number": "555", "name": "x".repeat(101)})).await.problem(422, "invalid-field");
    let mut both = pointers(&both);
    both.sort_unstable();
    assert_eq!(both, ["/name", "/phone_number"], "everything at once");
    assert_eq!(Operator::of(&house).traces().await, (0, 0), "a row or a slot");
    house.finish().await;
}

#[actix_rt::test]
async fn a_number_that_is_well_formed_need_not_be_authorized() {
    let house = House::open().await;

    for number in ["+1234567890", "+14155550199", "+19005550100", "+442071838750"] {
        request(&house, json!({"phone_number": number, "name": "John Doe"})).await.problem(403, "number-not-authorized");
    }

    let history = get("/api/call-history").to(house.addr()).await.json();
    let refusals: Vec<&str> = history["calls"].as_array().expect("calls").iter().filter_map(|call| call["refusal"].as_str()).collect();
    assert_eq!(refusals, ["number-not-authorized"; 4], "each is on record");
    assert_eq!(Operator::of(&house).slots().await, 0);
    assert_eq!(house.stage.twilio.calls(), []);
    house.finish().await;
}

#[actix_rt::test]
async fn the_united_states_and_canada_are_not_all_of_plus_one() {
    let house = House::with(&[("ALLOW_ALL_US_CANADA", "true")]).await;
    house.stage.twilio.answer(short());

    for number in ["+19005550100", "+18765550100", "+18095550100", "+12425550100", "+442071838750", "+1234567890"] {
        request(&house, json!({"phone_number": number})).await.problem(403, "number-premium-or-foreign");
    }
    assert_eq!(house.stage.twilio.calls(), []);
    for (n, number) in ["+14155550177", "+1 (604) 555-0100"].into_iter().enumerate() {
        assert_eq!(request(&house, json!({"phone_number": number})).await.status, 202, "{number}");
        house.calls_are_over(n + 1).await;
    }
    house.finish().await;
}

#[actix_rt::test]
async fn a_body_must_be_json_and_of_at_most_64_kilobytes() {
    let house = House::open().await;
    let body = json!({"phone_number": "+1234567890"}).to_string();

    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/xml", "nonsense"] {
        ask("POST", PATH).with("Content-Type", kind).body(&body).to(house.addr()).await.problem(415, "unsupported-media-type");
    }
    ask("POST", PATH).body(&body).to(house.addr()).await.problem(415, "unsupported-media-type");
    let with_charset = ask("POST", PATH).with("Content-Type", "application/json; charset=utf-8").body(&body);
    with_charset.to(house.addr()).await.problem(403, "number-not-authorized");
    let long = json!({"phone_number": CALLEE, "name": "x".repeat(64 * 1024)});
    request(&house, long).await.problem(413, "payload-too-large");
    house.finish().await;
}

#[actix_rt::test]
async fn a_number_is_not_called_twice_within_its_cooldown() {
    let house = House::with(&[("CALL_COOLDOWN_SECONDS", "60")]).await;
    house.stage.twilio.answer(short());
    let body = json!({"phone_number": CALLEE});
    assert_eq!(request(&house, &body).await.status, 202);

    let again = request(&house, &body).await;

    again.problem(429, "cooling-down");
    let seconds: u64 = again.header("retry-after").and_then(|after| after.parse().ok()).expect("seconds");
    assert!((50..=60).contains(&seconds), "{seconds}");
    house.calls_are_over(1).await;
    house.finish().await;
}

#[actix_rt::test]
async fn when_all_lines_are_busy_nobody_is_called_and_callers_hear_so() {
    let house = House::with(&[("MAX_CONCURRENT_CALLS", "1")]).await;
    let operator = Operator::of(&house);
    let line = operator.ring().await;

    let refused = request(&house, json!({"phone_number": CALLEE})).await;
    let rejected = operator.post("/incoming-call", &operator.form(&fresh_sid("CA"))).await;

    refused.problem(503, "at-capacity");
    assert_eq!(refused.header("retry-after"), Some("10"));
    assert_eq!(Twiml::of(&rejected).verbs(), ["Reject"]);
    assert_eq!(operator.traces().await, (3, 1), "all three on record, one slot");
    operator.hang_up(&line).await;
    house.finish().await;
}

#[actix_rt::test]
async fn without_keys_the_engine_serves_and_says_what_is_missing() {
    let unset = ["OPENAI_API_KEY", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "PHONE_NUMBER_FROM", "DOMAIN"];
    let house = House::with(&unset.map(|name| (name, ""))).await;

    let health = get("/health").to(house.addr()).await;
    let refused = request(&house, json!({"phone_number": CALLEE})).await;
    let webhook = ask("POST", "/incoming-call").with("Content-Type", "application/x-www-form-urlencoded").to(house.addr()).await;

    assert_eq!((health.status, &health.json()["not_configured"]), (200, &json!(unset)));
    let problem = refused.problem(503, "not-configured");
    assert!(unset.iter().all(|name| problem["detail"].as_str().is_some_and(|detail| detail.contains(name))), "{problem}");
    webhook.problem(403, "invalid-signature");
    house.finish().await;
}

#[actix_rt::test]
async fn a_caller_of_an_engine_without_a_model_is_told_so() {
    let house = House::with(&[("OPENAI_API_KEY", "")]).await;
    let operator = Operator::of(&house);

    let answer = operator.post("/incoming-call", &operator.form(&fresh_sid("CA"))).await;

    assert_eq!(Twiml::of(&answer).verbs(), ["Say", "Hangup"]);
    assert_eq!(operator.slots().await, 0);
    house.finish().await;
}
