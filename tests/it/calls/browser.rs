//! A browser calls: with a ticket of its own, and no telephone company.

use serde_json::{Value, json};

use super::*;
use crate::doors::http::{get, post_json};
use crate::doors::operator::{Line, Operator};

impl House {
    async fn ticket(&self) -> Line {
        let answer = post_json("/api/phone-tickets", json!({ "name": "Ann" })).to(self.addr()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let ticket = answer.json();
        let text = |name: &str| ticket[name].as_str().unwrap_or_else(|| panic!("no {name}: {ticket}")).to_owned();
        Line { sid: text("call_sid"), call: text("call_id"), stream: text("url"), resume: String::new() }
    }

    async fn called(&self, call: &str) -> Value {
        get(&format!("/api/call/{call}")).to(self.addr()).await.json()
    }
}

#[actix_rt::test]
async fn a_browser_talks_with_a_ticket_in_place_of_a_signature_and_nobody_asks_twilio() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let line = house.ticket().await;

    let mut stream = operator.upgrade(&line, &line.stream, "").await.expect("let in");
    stream.start().await;
    stream.heard().await;
    stream.hang_up().await;

    let row = house.ended(&line.sid).await;
    let known = (&row["status"], &row["ended_reason"], &row["from_number"], &row["name"]);
    assert_eq!(known, (&"completed".into(), &"caller_hung_up".into(), &"client:browser".into(), &"Ann".into()), "{row}");
    assert_eq!(row["cost"]["carrier_usd"], 0.0, "{row}");
    assert_eq!(house.stage.twilio.calls(), []);
    house.finish().await;
}

#[actix_rt::test]
async fn a_ticket_lets_one_stream_in_and_no_token_of_twilio_s_does_without_its_signature() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let (ticket, line) = (house.ticket().await, operator.ring().await);

    assert_eq!(operator.upgrade(&line, &line.stream, "").await.err(), Some(403), "a token of Twilio's");
    let forged = ticket.stream.replacen("BR", "CA", 1);
    assert_eq!(operator.upgrade(&ticket, &forged, "").await.err(), Some(403), "another sid");
    let mut stream = operator.upgrade(&ticket, &ticket.stream, "").await.expect("let in");
    stream.start().await;
    stream.heard().await;
    assert_eq!(operator.upgrade(&ticket, &ticket.stream, "").await.err(), Some(403), "used up");
    stream.hang_up().await;
    operator.hang_up(&line).await;
    house.ended(&line.sid).await;
    house.finish().await;
}

#[actix_rt::test]
async fn a_browser_that_is_gone_ends_its_call_for_nobody_would_ask_what_comes_next() {
    let house = House::open().await;
    let line = house.ticket().await;
    let mut stream = Operator::of(&house).upgrade(&line, &line.stream, "").await.expect("let in");
    stream.start().await;
    stream.heard().await;

    drop(stream);

    let row = house.ended(&line.sid).await;
    assert_eq!((&row["ended_reason"], &row["counters"]["resumes"]), (&"stream_lost".into(), &0.into()), "{row}");
    house.finish().await;
}

#[actix_rt::test]
async fn a_ticket_is_refused_with_its_reason() {
    let house = House::with(&[("MAX_CONCURRENT_CALLS", "1")]).await;
    let ask = async |body: Value| post_json("/api/phone-tickets", body).to(house.addr()).await;

    ask(json!({ "assistant": "nobody" })).await.problem(422, "invalid-field");
    ask(json!({ "asistant": "clinic" })).await.problem(422, "invalid-field");
    let line = house.ticket().await;
    ask(json!({})).await.problem(503, "at-capacity");

    let mut stream = Operator::of(&house).upgrade(&line, &line.stream, "").await.expect("let in");
    stream.start().await;
    stream.heard().await;
    let hung_up = post_json(&format!("/api/call/{}/hangup", line.call), json!({})).to(house.addr()).await;
    assert_eq!(hung_up.status, 202, "{hung_up:?}");
    assert_eq!(stream.closed().await, Some(1000));
    assert_eq!(house.called(&line.call).await["ended_reason"], "requested");
    house.finish().await;
}

#[actix_rt::test]
async fn a_key_of_the_model_is_all_that_a_browser_needs() {
    let without = ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "PHONE_NUMBER_FROM", "DOMAIN"].map(|name| (name, ""));
    let house = House::with(&without).await;
    let line = house.ticket().await;

    let mut stream = Operator::of(&house).upgrade(&line, &line.stream, "").await.expect("let in");
    stream.start().await;
    stream.heard().await;
    stream.hang_up().await;

    assert_eq!(house.ended(&line.sid).await["status"], "completed");
    house.finish().await;
}

#[actix_rt::test]
async fn what_the_peers_said_to_each_other_is_told_while_a_call_runs_and_when_it_is_over() {
    let house = House::open().await;
    let line = house.ticket().await;
    let mut stream = Operator::of(&house).upgrade(&line, &line.stream, "").await.expect("let in");
    stream.start().await;
    stream.media().await;
    stream.media().await;
    stream.heard().await;

    let running = house.get(&format!("/api/call/{}/events", line.call)).await;
    stream.hang_up().await;
    house.ended(&line.sid).await;
    let over = house.get(&format!("/api/call/{}/events", line.call)).await;

    let names = |events: &Value| -> Vec<String> {
        let entry = |event: &Value| format!("{} {} {}", event["leg"], event["direction"], event["name"]).replace('"', "");
        events["events"].as_array().expect("a list").iter().map(entry).collect()
    };
    for known in ["model out connect", "twilio in media", "twilio out media"] {
        assert!(names(&running).iter().any(|name| name == known), "{known} of {running}");
    }
    assert_eq!(names(&over)[..names(&running).len()], names(&running), "nothing is forgotten");
    assert!(names(&over).contains(&"twilio in stop".to_owned()), "{over}");
    house.finish().await;
}
