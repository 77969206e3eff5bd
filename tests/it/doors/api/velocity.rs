//! How often one may ask.

use alpha_call::sim::stage::CALLEE;
use serde_json::json;

use super::short;
use crate::doors::http::{Answer, Request, ask, get, post_json};
use crate::doors::operator::{Operator, fresh_sid};
use crate::doors::twiml::Twiml;
use crate::house::{House, eventually};

const CRM: &str = "static-key-of-32-random-characters";
const OTHER: &str = "another-key-of-32-random-letters-";
const PAGE: &str = "https://app.example.com";

fn by(key: &str, request: Request) -> Request {
    request.with("Authorization", &format!("Bearer {key}"))
}

fn call(number: &str) -> Request {
    post_json("/api/request-call", json!({"phone_number": number}))
}

fn fields(answer: &Answer) -> [&str; 3] {
    ["ratelimit-policy", "ratelimit", "retry-after"].map(|name| answer.header(name).unwrap_or_default())
}

#[actix_rt::test]
async fn a_key_places_so_many_calls_in_a_minute_and_another_as_many() {
    let keys = format!("{CRM},{OTHER}");
    let house = House::with(&[("API_KEYS", &keys), ("APP__LIMITS__CALLS_PER_KEY_PER_MINUTE", "2")]).await;
    let policy = "\"per-key\";q=2;w=60";

    // Also what is then refused was asked for.
    for (number, left) in [("+14155550190", "\"per-key\";r=1;t=30"), ("+442079460000", "\"per-key\";r=0;t=60")] {
        let answer = by(CRM, call(number)).to(house.addr()).await;
        answer.problem(403, "number-not-authorized");
        assert_eq!(fields(&answer), [policy, left, ""]);
    }
    let answer = by(CRM, call("+4930901820")).to(house.addr()).await;
    answer.problem(429, "rate-limited");
    assert_eq!(fields(&answer), [policy, "\"per-key\";r=0;t=30", "30"]);

    by(OTHER, call("+14155550190")).to(house.addr()).await.problem(403, "number-not-authorized");
    assert_eq!(by(CRM, get("/api/call-history")).to(house.addr()).await.status, 200, "reading is not limited by key");
    // What cannot be understood places no call.
    by(OTHER, call("555")).to(house.addr()).await.problem(422, "invalid-field");
    by(OTHER, call("+14155550190")).to(house.addr()).await.problem(403, "number-not-authorized");
    by(OTHER, call("+14155550190")).to(house.addr()).await.problem(429, "rate-limited");
    house.finish().await;
}

#[actix_rt::test]
async fn numbers_that_begin_alike_are_called_so_often_in_a_minute_verified_ones_too() {
    let house = House::with(&[("APP__LIMITS__CALLS_PER_KEY_PER_MINUTE", "5"), ("APP__LIMITS__CALLS_PER_PREFIX_PER_MINUTE", "2")]).await;
    house.stage.twilio.answer(short());
    let neighbour = format!("{}99", &CALLEE[..CALLEE.len() - 2]);

    let placed = call(CALLEE).to(house.addr()).await;
    assert_eq!(placed.status, 202, "{placed:?}");
    let policies = "\"per-key\";q=5;w=60, \"per-prefix\";q=2;w=60";
    assert_eq!(fields(&placed), [policies, "\"per-key\";r=4;t=12, \"per-prefix\";r=1;t=30", ""]);
    call(&neighbour).to(house.addr()).await.problem(403, "number-not-authorized");
    for number in [CALLEE, &neighbour] {
        let answer = call(number).to(house.addr()).await;
        answer.problem(429, "rate-limited");
        assert_eq!(fields(&answer), ["\"per-prefix\";q=2;w=60", "\"per-prefix\";r=0;t=30", "30"]);
    }

    call("+442079460000").to(house.addr()).await.problem(403, "number-not-authorized");
    house.calls_are_over(1).await;
    house.finish().await;
}

#[actix_rt::test]
async fn an_address_asks_the_api_so_often_in_a_minute_and_twilio_as_often_as_it_likes() {
    let variables = [("APP__LIMITS__REQUESTS_PER_ADDRESS_PER_MINUTE", "4"), ("CORS_ORIGINS", PAGE)];
    let house = House::with(&variables).await;
    let operator = Operator::of(&house);

    for request in [get("/api/call-history"), get("/api/nowhere"), call("555"), get("/metrics")] {
        assert_ne!(request.to(house.addr()).await.status, 429);
    }
    for request in [get("/api/call-history"), get("/%61pi/call-history"), get("/api/nowhere"), call(CALLEE), get("/metrics"), get("/x")] {
        // The word of a client about itself.
        let answer = request.with("X-Forwarded-For", "203.0.113.7").with("Origin", PAGE).to(house.addr()).await;
        answer.problem(429, "rate-limited");
        assert_eq!(fields(&answer), ["\"per-address\";q=4;w=60", "\"per-address\";r=0;t=15", "15"]);
        assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE), "a page may read why");
    }

    for _ in 0..8 {
        assert_eq!(get("/health").to(house.addr()).await.status, 200);
        let preflight = ask("OPTIONS", "/api/request-call").with("Origin", PAGE).with("Access-Control-Request-Method", "POST");
        assert_eq!(preflight.to(house.addr()).await.status, 200);
        let sid = fresh_sid("CA");
        let line = operator.line(&sid, &operator.post("/incoming-call", &operator.form(&sid)).await);
        assert_eq!(operator.status(&line, "completed", 3).await.status, 204);
        assert_eq!(Twiml::of(&operator.post(&line.resume, &operator.form(&sid)).await).verbs(), ["Hangup"]);
        assert_eq!(get("/media-stream/x").to(house.addr()).await.status, 400);
    }
    house.finish().await;
}

#[actix_rt::test]
async fn behind_a_proxy_the_address_is_what_the_proxy_saw() {
    let house = House::with(&[("APP__LIMITS__REQUESTS_PER_ADDRESS_PER_MINUTE", "2"), ("TRUSTED_HOPS", "1")]).await;
    let from = |forwarded: &str| get("/api/call-history").with("X-Forwarded-For", forwarded).to(house.addr());

    assert_eq!(from("203.0.113.7").await.status, 200);
    assert_eq!(from("1.1.1.1, 203.0.113.7").await.status, 200);
    for spoofed in ["203.0.113.7", "2.2.2.2, 203.0.113.7", "127.0.0.1,3.3.3.3,203.0.113.7", "\u{e9}, 203.0.113.7"] {
        from(spoofed).await.problem(429, "rate-limited");
    }
    assert_eq!(from("203.0.113.7, 203.0.113.8").await.status, 200);
    assert_eq!(get("/api/call-history").to(house.addr()).await.status, 200);
    for same_network in ["2001:db8:1:2::1", "2001:db8:1:2:ffff::2"] {
        assert_eq!(from(same_network).await.status, 200);
    }
    from("2001:db8:1:2:3:4:5:6").await.problem(429, "rate-limited");
    assert_eq!(from("2001:db8:1:3::1").await.status, 200);
    house.finish().await;
}

#[actix_rt::test]
async fn whoever_tries_many_wrong_keys_waits_before_another_is_looked_at() {
    let variables = [("API_KEYS", CRM), ("APP__LIMITS__FAILED_KEYS_PER_ADDRESS_PER_MINUTE", "20"), ("TRUSTED_HOPS", "1")];
    let house = House::with(&variables).await;
    let from = |address: &str, key: &str| by(key, get("/api/call-history")).with("X-Forwarded-For", address).to(house.addr());
    let guess = |n: usize| if n.is_multiple_of(2) { format!("a-wrong-key-{n}") } else { format!("ak_aaaaaaaa_{}", "A".repeat(43)) };

    for n in 0..20 {
        assert_eq!(from("203.0.113.7", CRM).await.status, 200, "after {n} wrong ones");
        from("203.0.113.7", &guess(n)).await.problem(401, "unauthenticated");
    }
    for key in ["a-wrong-key", CRM] {
        let answer = from("203.0.113.7", key).await;
        answer.problem(429, "rate-limited");
        assert_eq!(fields(&answer), ["\"failed-keys\";q=20;w=60", "\"failed-keys\";r=0;t=3", "3"]);
    }
    assert_eq!(from("203.0.113.8", CRM).await.status, 200);
    from("203.0.113.8", "a-wrong-key").await.problem(401, "unauthenticated");

    eventually("keys are looked at again", async || match from("203.0.113.7", CRM).await {
        answer if answer.status == 200 => Ok(()),
        answer => Err(format!("{answer:?}")),
    })
    .await;
    from("203.0.113.7", "a-wrong-key").await.problem(401, "unauthenticated");
    from("203.0.113.7", CRM).await.problem(429, "rate-limited");
    house.finish().await;
}
