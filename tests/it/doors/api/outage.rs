//! The database is away: the service starts, says so, and answers what it can.

use alpha_call::sim::twilio::signature;
use futures_util::future::{join, join_all};
use serde_json::json;

use crate::doors::http::{Request, get, post_json};
use crate::doors::operator::{fresh_sid, unsigned};
use crate::doors::process::{Instance, Shell};
use crate::doors::twiml::Twiml;

const TOKEN: &str = "a-token-of-twilio-0001";
const NOBODY: &str = "/api/call/CA00000000000000000000000000000000";
const DOMAIN: &str = "voice.example.com";

const KEY: &str = "static-key-of-32-random-characters";
/// Of the right shape; whether there is such a key only the database knows.
const ON_RECORD: &str = "ak_aaaaaaaa_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Nobody listens on port 9 of this machine.
fn shell() -> Shell {
    Shell::new()
        .with("DATABASE_URL", "postgres://nobody:hush@127.0.0.1:9/calls")
        .with("OPENAI_API_KEY", "sk-hush")
        .with("OPENAI_REALTIME_URL", "ws://127.0.0.1:9")
        .with("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001")
        .with("TWILIO_AUTH_TOKEN", TOKEN)
        .with("TWILIO_API_BASE_URL", "http://127.0.0.1:9")
        .with("PHONE_NUMBER_FROM", "+14155550100")
        .with("DOMAIN", DOMAIN)
        .with("VERIFIED_PHONE_NUMBERS", "+14155550142")
}

fn service() -> Instance {
    shell().with("API_KEYS", KEY).serve()
}

fn by(key: &str, request: Request) -> Request {
    request.with("Authorization", &format!("Bearer {key}"))
}

#[actix_rt::test]
async fn without_a_database_keys_of_the_configuration_hold_and_those_on_record_cannot_be_checked() {
    let (mut service, mut keyless) = (service(), shell().serve());
    let (address, open) = (service.address(), keyless.address());

    assert_eq!(by(KEY, get("/metrics")).to(address).await.status, 200);
    for path in ["/metrics", "/api/analytics"] {
        let answer = by(ON_RECORD, get(path)).to(address).await;
        answer.problem(503, "database-unavailable");
        assert_eq!(answer.header("retry-after"), Some("10"), "{answer:?}");
        get(path).to(address).await.problem(401, "unauthenticated");
        by("another-key", get(path)).to(address).await.problem(401, "unauthenticated");
    }
    for request in [get("/metrics"), by(ON_RECORD, get("/metrics")), by("another-key", get("/metrics"))] {
        // Where keys are set nowhere else, there may be some on record.
        request.to(open).await.problem(503, "database-unavailable");
    }
}

#[actix_rt::test]
async fn without_a_database_the_service_starts_and_says_so_and_places_no_call() {
    let mut service = service();
    let address = service.address();

    let healths = ["/health", "/health/ready", "/health/ready?for=balancer", "/health/live"];
    let healths = join_all(healths.map(|path| get(path).to(address)));
    let asked = ["/metrics", "/api/call-history", "/api/analytics", "/api/call/x0", NOBODY];
    let answers = join_all(asked.map(|path| by(KEY, get(path)).to(address)));
    let refused = by(KEY, post_json("/api/request-call", json!({"phone_number": "+14155550142"}))).to(address);
    let (healths, (answers, refused)) = join(healths, join(answers, refused)).await;

    let [health, ready, balanced, live] = healths.as_slice() else { panic!("four answers") };
    let [metrics, history, analytics, garbage, call] = answers.as_slice() else { panic!("five answers") };
    let body = health.json();
    assert_eq!((health.status, &body["status"], &body["database"]), (503, &json!("unavailable"), &json!("unavailable")));
    assert_eq!((ready.status, balanced.status, live.status), (503, 200, 200), "callers are served");
    refused.problem(503, "database-unavailable");
    assert_eq!(refused.header("retry-after"), Some("10"));
    for answer in [history, analytics, call] {
        let problem = answer.problem(503, "database-unavailable");
        assert_eq!(answer.header("retry-after"), Some("10"), "{answer:?}");
        assert!(!problem.to_string().contains("127.0.0.1"), "causes are for the log: {problem}");
    }
    garbage.problem(404, "not-found");
    assert_eq!(metrics.status, 200);
    service.signal("TERM");
    let told = service.ended(std::time::Duration::from_secs(15));
    assert_eq!(told.code, Some(0), "{told}");
    assert!(!told.err.contains("hush") && !told.err.contains("panicked"), "{told}");
}

#[actix_rt::test]
async fn without_a_database_a_caller_is_let_in() {
    let mut service = service();
    let address = service.address();
    let form = [
        ("CallSid", fresh_sid("CA").as_str()),
        ("CallStatus", "ringing"),
        ("Direction", "inbound"),
        ("From", "+14155550123"),
        ("To", "+14155550100"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let signature = signature(TOKEN, &format!("https://{DOMAIN}/incoming-call"), &form);

    let answer = unsigned("/incoming-call", &form).with("X-Twilio-Signature", &signature).to(address).await;

    assert_eq!(Twiml::of(&answer).verbs(), ["Connect", "Stream"]);
}
