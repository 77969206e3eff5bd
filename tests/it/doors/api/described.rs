//! What a running instance answers is what the description of the API says.

use std::collections::BTreeSet;
use std::path::Path;

use alpha_call::sim::scenario::{CallerScript, Step};
use alpha_call::sim::stage::CALLEE;
use alpha_call::sim::twilio::{CallReport, Happening};
use serde_json::{Value, json};

use super::short;
use crate::doors::http::{Answer, Request, ask, get};
use crate::doors::judge::approves;
use crate::doors::sse::Reader;
use crate::house::{House, LONG};

/// The port for what is thrown away. RFC 863
const NO_RECEIVER: &str = "http://127.0.0.1:9/";
/// The example of <https://www.standardwebhooks.com>.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// Answers, for the judge.
struct Heard<'a> {
    house: &'a House,
    lines: Vec<Value>,
}

impl Heard<'_> {
    /// Asks for a path as it stands in the document, with these words in place of its names.
    async fn asked(&mut self, method: &str, path: &str, names: &str, with: impl FnOnce(Request) -> Request) -> Answer {
        let (before, after) =
            path.split_once('{').map_or((path, ""), |(before, rest)| (before, rest.split_once('}').map_or("", |(_, end)| end)));
        let concrete = if path.contains('{') { format!("{before}{names}{after}") } else { format!("{path}{names}") };
        let answer = with(ask(method, &concrete)).to(self.house.addr()).await;
        self.keep(method, path, &answer);
        answer
    }

    fn keep(&mut self, method: &str, path: &str, answer: &Answer) {
        let kind = answer.header("content-type").unwrap_or_default();
        let body = serde_json::from_str(&answer.body).ok().filter(|_| kind.contains("json"));
        let body = body.unwrap_or_else(|| Value::String(answer.body.clone()));
        self.lines.push(json!({"method": method, "path": path, "status": answer.status, "content_type": kind, "body": body}));
    }

    async fn got(&mut self, path: &str, names: &str) -> Value {
        self.asked("GET", path, names, |request| request).await.json()
    }

    async fn posted(&mut self, path: &str, names: &str, body: Value) -> Answer {
        self.asked("POST", path, names, |request| request.with("Content-Type", "application/json").body(body)).await
    }

    /// An answer of 200 to 299 was heard of each of these.
    fn succeeded(&self) -> BTreeSet<(String, String)> {
        let good = self.lines.iter().filter(|line| line["status"].as_u64().is_some_and(|status| (200..300).contains(&status)));
        good.map(|line| (text(&line["method"]), text(&line["path"]))).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A call that was placed, talked and was hung up.
async fn call(heard: &mut Heard<'_>) -> String {
    heard.house.stage.twilio.answer_next(short());
    let wish = json!({"phone_number": CALLEE, "name": "Ann", "metadata": {"order": 7}});
    let accepted = heard.posted("/api/request-call", "", wish.clone()).await.json();
    heard.posted("/api/request-call", "", wish).await.problem(429, "cooling-down");
    heard.house.calls_are_over(1).await;
    let id = text(&accepted["id"]);
    heard.house.ended(&id).await;
    id
}

async fn calls(heard: &mut Heard<'_>) {
    let id = call(heard).await;
    for path in ["/api/call/{call}", "/api/call/{call}/conversation", "/api/call/{call}/events"] {
        heard.got(path, &id).await;
        heard.asked("GET", path, NOBODY, |request| request).await.problem(404, "not-found");
    }
    heard.posted("/api/call/{call}/hangup", &id, json!({})).await.problem(409, "call-over");
    heard.posted("/api/call/{call}/transfer", &id, json!({"to": CALLEE})).await.problem(409, "call-over");
    heard.got("/api/call-history", "?limit=1").await;
    heard.got("/api/analytics", "?from=2026-01-01&to=2026-01-03&interval=day").await;
    for path in ["/api/call-history", "/api/analytics"] {
        heard.got(path, "").await;
        assert_eq!(heard.asked("GET", path, "", |request| request.with("Accept", "text/csv")).await.status, 200);
        heard.asked("GET", path, "", |request| request.with("Accept", "text/html")).await.problem(406, "not-acceptable");
        heard.asked("GET", path, "?from=yesterday", |request| request).await.problem(422, "invalid-field");
    }
    heard.posted("/api/request-call", "", json!({"phone_number": 1})).await.problem(422, "invalid-field");
    heard.asked("POST", "/api/request-call", "", |request| request.body("x")).await.problem(415, "unsupported-media-type");
    heard
        .asked("POST", "/api/request-call", "", |request| request.with("Content-Type", "application/json").body("{"))
        .await
        .problem(400, "malformed-request");
}

/// A call that talks is handed over; another is ended.
async fn orders(heard: &mut Heard<'_>) {
    for (path, body) in [("/api/call/{call}/transfer", json!({"to": CALLEE})), ("/api/call/{call}/hangup", json!({}))] {
        let phone = heard.house.call_in(CallerScript::new(vec![Step::WaitForSpeech { within: LONG }, Step::AwaitHangup { within: LONG }]));
        let talks = |report: &CallReport| report.timeline.iter().any(|event| event.what == Happening::AgentBegan);
        phone.until(LONG, talks).await.expect("a greeting");
        assert_eq!(heard.posted(path, phone.call_sid(), body).await.status, 202);
        phone.ended(LONG).await.expect("an end");
        heard.house.ended(phone.call_sid()).await;
    }
}

async fn lists(heard: &mut Heard<'_>) {
    let number = json!({"phone_number": "+14155550142", "note": "asked"});
    for status in [201, 200] {
        assert_eq!(heard.posted("/api/do-not-call", "", number.clone()).await.status, status);
    }
    let numbers = "+14155550143\nnonsense\n";
    heard.asked("POST", "/api/do-not-call/import", "", |request| request.with("Content-Type", "text/plain").body(numbers)).await.json();
    assert_eq!(heard.asked("DELETE", "/api/do-not-call/{number}", "+14155550142", |request| request).await.status, 204);
    heard.asked("DELETE", "/api/do-not-call/{number}", "+14155550142", |request| request).await.problem(404, "not-found");
    heard.got("/api/do-not-call", "").await;
    heard.got("/api/do-not-call", "?phone_number=%2B14155550142").await;
    let wish = json!({"phone_number": "+14155550142", "basis": "written", "text_version": "1", "source": "form"});
    let consent = heard.posted("/api/consents", "", wish).await.json();
    heard.got("/api/consents", "").await;
    heard.posted("/api/consents/{id}/revoke", &text(&consent["id"]), json!({})).await.json();
}

async fn state(heard: &mut Heard<'_>) {
    for path in
        ["/health", "/health/live", "/health/ready", "/api/session", "/api/actors", "/api/setup", "/api/assistants", "/api/openapi.json"]
    {
        heard.got(path, "").await;
    }
    assert_eq!(heard.asked("GET", "/metrics", "", |request| request).await.status, 200);
}

async fn events(heard: &mut Heard<'_>) {
    let mut reader = Reader::open(heard.house.addr(), "/api/events", Some(0), None).await;
    let told = reader.until(|told| told.kind == "call.completed").await;
    assert!(told.iter().any(|told| told.kind == "call.turn"), "{told:?}");
    heard.lines.extend(told.into_iter().filter(|told| told.id.is_some()).map(|told| json!({"schema": "Event", "body": told.json})));
    heard.lines.push(json!({"method": "GET", "path": "/api/events", "status": 200, "content_type": "text/event-stream", "body": ""}));
    let wrong = get("/api/events").with("Last-Event-ID", "x").to(heard.house.addr()).await;
    heard.keep("GET", "/api/events", &wrong);
}

async fn webhooks(heard: &mut Heard<'_>) {
    let page = heard.got("/api/webhook-deliveries", "?limit=1").await;
    let event = text(&page["deliveries"][0]["id"]);
    assert_eq!(heard.asked("GET", "/api/webhook-deliveries", "", |request| request.with("Accept", "text/csv")).await.status, 200);
    assert_eq!(heard.posted("/api/webhook-deliveries/{event}/resend", &event, json!({})).await.status, 202);
    heard.posted("/api/webhook-deliveries/{event}/resend", "evt_0", json!({})).await.problem(404, "not-found");
}

fn judge(house: &House, lines: &[Value]) {
    let file = house.folder().join("answers.jsonl");
    std::fs::write(&file, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).expect("a file");

    approves("judge.py", [Path::new("docs/openapi.json"), &file]);
}

#[actix_rt::test]
async fn every_answer_is_as_it_is_described() {
    let house = House::with(&[("CALL_COOLDOWN_SECONDS", "300"), ("WEBHOOK_URL", NO_RECEIVER), ("WEBHOOK_SECRET", SECRET)]).await;
    let mut heard = Heard { house: &house, lines: Vec::new() };

    state(&mut heard).await;
    calls(&mut heard).await;
    orders(&mut heard).await;
    lists(&mut heard).await;
    events(&mut heard).await;
    webhooks(&mut heard).await;
    let ticket = heard.posted("/api/phone-tickets", "", json!({"name": "Ann"})).await.json();
    heard.posted("/api/call/{call}/hangup", &text(&ticket["call_id"]), json!({})).await.json();

    let document = get("/api/openapi.json").to(house.addr()).await.json();
    let paths = document["paths"].as_object().expect("paths");
    let methods = |(path, item): (&String, &Value)| {
        let path = path.clone();
        item.as_object().expect("methods").clone().into_iter().map(move |(method, _)| (method.to_uppercase(), path.clone()))
    };
    assert_eq!(heard.succeeded(), paths.iter().flat_map(methods).collect());
    judge(&house, &heard.lines);
    house.finish().await;
}

#[actix_rt::test]
async fn refusals_of_keys_are_as_they_are_described() {
    let house = House::with(&[("API_KEYS", "static-key-of-32-random-characters")]).await;
    let nothing = house.with_key(11, &[], None).await;
    let mut heard = Heard { house: &house, lines: Vec::new() };

    for path in ["/api/call-history", "/api/setup", "/metrics"] {
        heard.asked("GET", path, "", |request| request).await.problem(401, "unauthenticated");
        heard.asked("GET", path, "", |request| request.by(&nothing)).await.problem(403, "insufficient-scope");
    }
    heard.asked("GET", "/api/session", "", |request| request.with("Authorization", "Bearer wrong")).await.problem(401, "unauthenticated");
    judge(&house, &heard.lines);
    house.finish().await;
}
