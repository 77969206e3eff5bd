//! The exact names in every answer: clients are written against them.

use alpha_call::sim::stage::{CALLEE, OUR_NUMBER};
use serde_json::{Value, json};

use super::short;
use crate::doors::http::{get, keys, post_json};
use crate::doors::operator::Operator;
use crate::house::House;

const CALL: [&str; 40] = [
    "answered_by",
    "api_key_id",
    "assistant",
    "audio",
    "call_sid",
    "claimed_at",
    "connected_at",
    "cost",
    "counters",
    "decision",
    "direction",
    "duration_seconds",
    "ended_at",
    "ended_reason",
    "epoch",
    "error",
    "error_code",
    "first_audio_ms",
    "from_number",
    "id",
    "initiated_at",
    "interruptions",
    "latency_p50_ms",
    "latency_p95_ms",
    "metadata",
    "model",
    "name",
    "owner",
    "recording",
    "refusal",
    "ringing_at",
    "scheduled_at",
    "status",
    "stir_verstat",
    "stream_sid",
    "system_message",
    "to_number",
    "tokens",
    "twilio_status",
    "voice",
];

const LINE: [&str; 23] = [
    "ai_responses",
    "assistant",
    "call_sid",
    "connected_at",
    "cost_usd",
    "direction",
    "duration_seconds",
    "ended_at",
    "ended_reason",
    "error_code",
    "first_audio_ms",
    "from_number",
    "id",
    "initiated_at",
    "interruptions",
    "latency_p50_ms",
    "model",
    "name",
    "refusal",
    "status",
    "to_number",
    "twilio_status",
    "user_inputs",
];

const TURN: [&str; 17] = [
    "audio_ms",
    "ended_ms",
    "epoch",
    "generated",
    "heard",
    "heard_ms",
    "interrupted",
    "item_id",
    "kind",
    "latency_ms",
    "response_id",
    "seq",
    "speaker",
    "started_ms",
    "tokens",
    "tool",
    "transcription",
];

#[actix_rt::test]
async fn health_tells_how_the_engine_is() {
    let house = House::open().await;

    let health = get("/health").to(house.addr()).await;
    let live = get("/health/live").to(house.addr()).await;
    let ready = get("/health/ready").to(house.addr()).await;

    let body = health.json();
    let names = [
        "calls",
        "database",
        "draining",
        "environment",
        "model_connections",
        "models_away",
        "not_configured",
        "overload",
        "status",
        "version",
    ];
    assert_eq!((health.status, keys(&body)), (200, names.to_vec()));
    assert_eq!((&body["status"], &body["database"], &body["draining"]), (&json!("ok"), &json!("ok"), &json!(false)));
    assert_eq!((&body["environment"], &body["version"]), (&json!("simulation"), &json!(env!("CARGO_PKG_VERSION"))));
    assert_eq!(body["calls"], json!({"active": 0, "limit": 10}));
    assert_eq!(body["model_connections"], json!({"active": 0, "limit": 20}));
    assert_eq!(body["not_configured"], json!([]));
    assert_eq!((live.status, live.json()), (200, json!({"status": "ok", "fallen_actors": []})));
    assert_eq!((ready.status, ready.json()), (200, json!({"status": "ok"})));
    assert_eq!(get("/health/ready?for=balancer").to(house.addr()).await.status, 200);
    get("/health/ready?for=nobody").to(house.addr()).await.problem(422, "invalid-field");
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_that_is_requested_is_accepted_and_can_be_followed_to_its_last_word() {
    let house = House::open().await;
    house.stage.twilio.answer_next(short());

    let accepted = post_json("/api/request-call", json!({"phone_number": CALLEE, "name": "Ann"})).to(house.addr()).await;

    let body = accepted.json();
    assert_eq!((accepted.status, keys(&body)), (202, vec!["id", "message", "status", "status_url"]), "{body}");
    assert_eq!(body["status"], "initiated");
    let id = body["id"].as_str().expect("an id");
    let location = format!("/api/call/{id}");
    assert_eq!((accepted.header("location"), &body["status_url"]), (Some(location.as_str()), &json!(location)));
    house.calls_are_over(1).await;
    let call = Operator::of(&house).over_at_twilio(id).await;
    assert_eq!(keys(&call), CALL);
    assert_eq!(keys(&call["counters"]).len(), 8);
    assert_eq!(keys(&call["tokens"]), ["audio_in", "audio_out", "cached_audio", "cached_text", "text_in", "text_out"]);
    assert_eq!(keys(&call["cost"]), ["carrier_usd", "model_usd", "price_version", "total_usd", "transcription_usd"]);
    let said = ["id", "direction", "from_number", "to_number", "name", "status", "ended_reason", "twilio_status"].map(|name| &call[name]);
    let expected = [id, "outbound", OUR_NUMBER, CALLEE, "Ann", "completed", "caller_hung_up", "completed"];
    assert_eq!(said, expected.map(Value::from).each_ref());
    let by_sid = format!("/api/call/{}", call["call_sid"].as_str().expect("a sid"));
    assert_eq!(get(&by_sid).to(house.addr()).await.json(), call, "found by Twilio's name too");
    conversation(&house, &location, &call).await;
    history(&house, &call).await;
    house.finish().await;
}

async fn conversation(house: &House, location: &str, call: &Value) {
    let conversation = get(&format!("{location}/conversation")).to(house.addr()).await.json();

    assert_eq!((keys(&conversation), &conversation["call"]), (vec!["call", "turns"], call));
    let greeting = &conversation["turns"][0];
    assert_eq!(keys(greeting), TURN);
    assert_eq!((&greeting["speaker"], &greeting["seq"], &greeting["epoch"]), (&json!("ai"), &json!(0), &json!(1)), "{greeting}");
    assert!(greeting["generated"].as_str().is_some_and(|text| text.starts_with("Hello")), "{greeting}");
}

async fn history(house: &House, call: &Value) {
    let history = get("/api/call-history").to(house.addr()).await.json();

    let page = ["limit", "next_cursor", "offset", "total", "total_is_estimate"].map(|name| &history[name]);
    assert_eq!(page, [&json!(50), &json!(null), &json!(0), &json!(1), &json!(false)]);
    let line = &history["calls"][0];
    assert_eq!(keys(line), LINE);
    for name in LINE.into_iter().filter(|name| CALL.contains(name)) {
        assert_eq!(line[name], call[name], "{name}");
    }
}

#[actix_rt::test]
async fn figures_over_no_call_are_zeros_and_averages_of_nothing() {
    let house = House::open().await;

    let mut all = get("/api/analytics").to(house.addr()).await.json();
    let asked = get("/api/analytics?from=2026-01-01&to=2026-01-03T00:00:00Z&interval=day&assistant=x").to(house.addr()).await.json();

    let hours = all["last_24_hours"].take();
    let percentiles = json!({"p50": null, "p95": null, "p99": null});
    let per_call = json!({"ai_responses": null, "user_inputs": null, "interruptions": null, "ai_interruptions": null, "tool_calls": null});
    let nothing = json!({
        "from": null, "to": null, "assistant": null, "interval": null, "total_calls": 0, "by_status": {}, "by_ended_reason": {},
        "refusals": {}, "inbound": 0, "outbound": 0, "success_rate": null, "average_duration_s": null, "duration_s": percentiles,
        "total_minutes": 0.0, "average_first_audio_ms": null, "first_audio_ms": percentiles, "average_turn_latency_ms": null,
        "turn_latency_ms": percentiles, "interruptions": 0,
        "conversation": {"ai_responses": 0, "user_inputs": 0, "interruptions": 0, "ai_interruptions": 0, "tool_calls": 0, "per_call": per_call},
        "tokens": {"text_in": 0, "audio_in": 0, "text_out": 0, "audio_out": 0, "cached_text": 0, "cached_audio": 0},
        "cost": {"model_usd": 0.0, "transcription_usd": 0.0, "carrier_usd": 0.0, "total_usd": 0.0}, "last_24_hours": null,
    });
    assert_eq!(all, nothing);
    assert_eq!(hours.as_array().map(Vec::len), Some(24));
    let series = asked["series"].as_array().expect("a series");
    let starts: Vec<&Value> = series.iter().map(|day| &day["start"]).collect();
    assert_eq!(starts, ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]);
    assert_eq!(keys(&series[0]), keys(&hours[0]));
    assert_eq!((&asked["from"], &asked["assistant"]), (&json!("2026-01-01T00:00:00Z"), &json!("x")));
    house.finish().await;
}

#[actix_rt::test]
async fn history_is_paged_and_filtered() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let mut lines = Vec::new();
    for _ in 0..3 {
        lines.push(operator.ring().await);
    }
    for line in &lines {
        operator.hang_up(line).await;
        operator.ended(&line.call).await;
    }

    for (query, ids, total) in [
        ("limit=2", vec![2, 1], 3),
        ("limit=2&offset=2", vec![0], 3),
        ("offset=3", vec![], 3),
        ("status=completed&direction=inbound&limit=1", vec![2], 3),
        ("status=failed", vec![], 0),
        ("direction=outbound", vec![], 0),
        ("phone_number=%2B14155550123&limit=200", vec![2, 1, 0], 3),
        ("phone_number=+14155550123", vec![2, 1, 0], 3),
        ("phone_number=14155550199", vec![], 0),
    ] {
        let page = get(&format!("/api/call-history?{query}")).to(house.addr()).await.json();

        let found: Vec<&str> = page["calls"].as_array().expect("calls").iter().filter_map(|call| call["id"].as_str()).collect();
        let expected: Vec<&str> = ids.into_iter().map(|index: usize| lines[index].call.as_str()).collect();
        assert_eq!((found, &page["total"]), (expected, &json!(total)), "{query}");
    }
    house.finish().await;
}
