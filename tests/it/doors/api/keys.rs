//! Bearer keys, RFC 6750.

use alpha_call::sim::stage::CALLEE;
use serde_json::json;

use crate::doors::http::{ask, get, post_json};
use crate::doors::operator::Operator;
use crate::doors::process::Shell;
use crate::house::House;

const FIRST: &str = "first-key-of-32-random-characters";
const SECOND: &str = "second-key-of-32-random-character";

#[actix_rt::test]
async fn where_keys_are_set_the_api_asks_for_one() {
    let keys = format!("{FIRST},{SECOND}");
    let house = House::with(&[("API_KEYS", &keys)]).await;
    let doors =
        ["/api/call-history", "/api/analytics", "/api/call/x", "/api/call/x/conversation", "/metrics", "/api/do-not-call", "/api/consents"];

    for path in doors {
        let wrong = [
            get(path),
            get(path).with("Authorization", ""),
            get(path).with("Authorization", "Bearer"),
            get(path).with("Authorization", "Bearer "),
            get(path).with("Authorization", "Bearer another-key"),
            get(path).with("Authorization", &format!("Bearer {FIRST},{SECOND}")),
            get(path).with("Authorization", &format!("Basic {FIRST}")),
            get(path).with("Authorization", FIRST),
            get(&format!("{path}?access_token={FIRST}")),
        ];
        for request in wrong {
            let answer = request.to(house.addr()).await;

            answer.problem(401, "unauthenticated");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{path}");
        }
    }
    let unknown = post_json("/api/request-call", json!({"phone_number": CALLEE})).to(house.addr()).await;
    unknown.problem(401, "unauthenticated");
    ask("DELETE", "/api/request-call").to(house.addr()).await.problem(401, "unauthenticated");
    for (method, path) in [
        ("POST", "/api/do-not-call"),
        ("POST", "/api/do-not-call/import"),
        ("DELETE", "/api/do-not-call/+14155550142"),
        ("POST", "/api/consents"),
        ("POST", "/api/consents/x/revoke"),
    ] {
        ask(method, path).to(house.addr()).await.problem(401, "unauthenticated");
    }
    assert_eq!(house.stage.twilio.calls(), []);
    house.finish().await;
}

#[actix_rt::test]
async fn either_key_opens_whatever_the_case_of_its_scheme() {
    let keys = format!("{FIRST},{SECOND}");
    let house = House::with(&[("API_KEYS", &keys)]).await;

    for value in [format!("Bearer {FIRST}"), format!("Bearer {SECOND}"), format!("bearer {FIRST}"), format!("BEARER  {SECOND}")] {
        assert_eq!(get("/api/call-history").with("Authorization", &value).to(house.addr()).await.status, 200, "{value}");
        assert_eq!(get("/metrics").with("Authorization", &value).to(house.addr()).await.status, 200, "{value}");
    }
    house.finish().await;
}

#[actix_rt::test]
async fn health_and_twilio_need_no_key() {
    let house = House::with(&[("API_KEYS", FIRST)]).await;
    let operator = Operator::of(&house);

    for path in ["/health", "/health/live", "/health/ready"] {
        assert_eq!(get(path).to(house.addr()).await.status, 200, "{path}");
    }

    let line = operator.ring().await;
    let mut stream = operator.open(&line).await.expect("101");
    stream.start().await;
    stream.heard().await;
    stream.hang_up().await;
    house.finish().await;
}

#[actix_rt::test]
async fn in_production_the_api_is_closed_and_the_doors_of_twilio_ask_for_signatures() {
    let mut service = Shell::new()
        .with("APP_ENV", "production")
        .with("API_KEYS", FIRST)
        .with("DATABASE_URL", "sqlite://calls.db?mode=rwc")
        .with("TWILIO_AUTH_TOKEN", "a-token-of-twilio-0001")
        .with("DOMAIN", "voice.example.com")
        .serve();
    let address = service.address();

    assert_eq!(get("/health").to(address).await.status, 200);
    get("/api/call-history").to(address).await.problem(401, "unauthenticated");
    ask("POST", "/incoming-call").to(address).await.problem(403, "invalid-signature");
}
