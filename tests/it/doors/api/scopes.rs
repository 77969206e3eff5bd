//! Keys on record: what each of them opens, and for how long.

use std::time::Duration;

use alpha_call::http::asked;
use alpha_call::types::{ApiKey, BearerKey, Scope, Scopes};
use chrono::{TimeDelta, Utc};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::doors::http::{Answer, Request, ask, get, post_json};
use crate::house::{House, eventually_within};

const STATIC: &str = "static-key-of-32-random-characters";
/// A revoked key must not hold longer, nor a new one be refused.
const AT_MOST: Duration = Duration::from_secs(10);

const READ: Option<Scope> = Some(Scope::CallsRead);
const ADMIN: Option<Scope> = Some(Scope::Admin);

/// Every door there is. One that is new has no place here yet: give it one, with what it asks for.
const DOORS: [(&str, &str, Option<Scope>); 74] = [
    ("GET", "/health", None),
    ("HEAD", "/health", None),
    ("GET", "/health/live", None),
    ("HEAD", "/health/live", None),
    ("GET", "/health/ready", None),
    ("HEAD", "/health/ready", None),
    ("GET", "/metrics", ADMIN),
    ("HEAD", "/metrics", ADMIN),
    ("GET", "/api/openapi.json", None),
    ("HEAD", "/api/openapi.json", None),
    ("GET", "/api/session", None),
    ("HEAD", "/api/session", None),
    ("GET", "/api/setup", ADMIN),
    ("HEAD", "/api/setup", ADMIN),
    ("GET", "/api/actors", ADMIN),
    ("HEAD", "/api/actors", ADMIN),
    ("GET", "/api/events", READ),
    ("HEAD", "/api/events", READ),
    ("GET", "/api/assistants", READ),
    ("HEAD", "/api/assistants", READ),
    ("POST", "/api/phone-tickets", Some(Scope::CallsCreate)),
    ("POST", "/api/request-call", Some(Scope::CallsCreate)),
    ("GET", "/api/call-history", READ),
    ("HEAD", "/api/call-history", READ),
    ("GET", "/api/analytics", READ),
    ("HEAD", "/api/analytics", READ),
    ("GET", "/api/call/{call}", READ),
    ("HEAD", "/api/call/{call}", READ),
    ("GET", "/api/call/{call}/events", READ),
    ("HEAD", "/api/call/{call}/events", READ),
    ("POST", "/api/call/{call}/hangup", Some(Scope::CallsCreate)),
    ("POST", "/api/call/{call}/transfer", Some(Scope::CallsCreate)),
    ("GET", "/api/call/{call}/conversation", Some(Scope::TranscriptsRead)),
    ("HEAD", "/api/call/{call}/conversation", Some(Scope::TranscriptsRead)),
    ("GET", "/api/do-not-call", READ),
    ("HEAD", "/api/do-not-call", READ),
    ("POST", "/api/do-not-call", ADMIN),
    ("POST", "/api/do-not-call/import", ADMIN),
    ("DELETE", "/api/do-not-call/{number}", ADMIN),
    ("GET", "/api/consents", READ),
    ("HEAD", "/api/consents", READ),
    ("POST", "/api/consents", ADMIN),
    ("POST", "/api/consents/{id}/revoke", ADMIN),
    ("GET", "/api/webhook-deliveries", ADMIN),
    ("HEAD", "/api/webhook-deliveries", ADMIN),
    ("POST", "/api/webhook-deliveries/{event}/resend", ADMIN),
    ("GET", "/incoming-call", None),
    ("POST", "/incoming-call", None),
    ("GET", "/twilio/voice/{call}", None),
    ("POST", "/twilio/voice/{call}", None),
    ("GET", "/twilio/resume/{call}/{epoch}", None),
    ("POST", "/twilio/resume/{call}/{epoch}", None),
    ("GET", "/twilio/transferred/{call}/{epoch}", None),
    ("POST", "/twilio/transferred/{call}/{epoch}", None),
    ("GET", "/twilio/amd/{call}", None),
    ("POST", "/twilio/amd/{call}", None),
    ("GET", "/twilio/recording/{call}", None),
    ("POST", "/twilio/recording/{call}", None),
    ("GET", "/twilio/status/{call}", None),
    ("POST", "/twilio/status/{call}", None),
    ("GET", "/", None),
    ("HEAD", "/", None),
    ("GET", "/{page:calls|live|phone|assistants|setup}", None),
    ("HEAD", "/{page:calls|live|phone|assistants|setup}", None),
    ("GET", "/calls/{call}", None),
    ("HEAD", "/calls/{call}", None),
    ("GET", "/assets/{path:.*}", None),
    ("HEAD", "/assets/{path:.*}", None),
    ("GET", "/docs", None),
    ("HEAD", "/docs", None),
    ("GET", "/docs/{file:.*}", None),
    ("HEAD", "/docs/{file:.*}", None),
    ("GET", "/media-stream", None),
    ("GET", "/media-stream/{token}", None),
];

fn key(number: u8) -> BearerKey {
    BearerKey::new([number; 8], [number; 32])
}

impl House {
    async fn with_record(&self, number: u8, record: ApiKey) -> BearerKey {
        assert!(self.engine.store().create_key(record).await.expect("on record"));
        key(number)
    }

    /// A key whose calls may cost so many billionths of a dollar in a day.
    pub(super) async fn with_budget(&self, number: u8, max_day_nanos: u64) -> BearerKey {
        self.with_record(number, ApiKey { max_day_nanos: Some(max_day_nanos), ..record(number, &Scope::ALL) }).await
    }

    pub async fn with_key(&self, number: u8, scopes: &[Scope], days: Option<i64>) -> BearerKey {
        self.with_record(number, ApiKey { expires_at: days.map(|days| Utc::now() + TimeDelta::days(days)), ..record(number, scopes) }).await
    }
}

fn record(number: u8, scopes: &[Scope]) -> ApiKey {
    ApiKey {
        id: key(number).id().clone(),
        digest: key(number).digest(),
        name: format!("key {number}"),
        scopes: scopes.iter().copied().collect(),
        created_at: Utc::now(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        max_day_nanos: None,
    }
}

impl Request {
    pub(super) fn by(self, key: &BearerKey) -> Self {
        self.with("Authorization", &format!("Bearer {}", key.text().expose_secret()))
    }
}

fn concrete(path: &str) -> String {
    let path = path.replace("{number}", "+14155550142").replace("{epoch}", "1").replace(['{', '}'], "");
    // A stream of events would not end.
    if path == "/api/events" { format!("{path}?call=unreadable") } else { path }
}

fn refused(answer: &Answer, head: bool, status: u16, code: &str, challenge: &str) {
    assert_eq!((answer.status, answer.header("www-authenticate")), (status, Some(challenge)), "{answer:?}");
    if !head {
        answer.problem(status, code);
    }
}

#[test]
fn the_table_of_doors_is_whole() {
    let found: Vec<_> = asked().into_iter().map(|asked| (asked.method.to_string(), asked.path, asked.scope)).collect();
    let known: Vec<_> = DOORS.iter().map(|(method, path, scope)| ((*method).to_owned(), *path, *scope)).collect();

    assert_eq!(found, known);
}

#[actix_rt::test]
async fn every_door_opens_to_the_keys_with_its_scope_and_to_no_other() {
    let house = House::with(&[("API_KEYS", STATIC)]).await;
    let mut keys = Vec::new();
    for (number, scope) in (1..).zip(Scope::ALL) {
        keys.push((house.with_key(number, &[scope], Some(1)).await, Scopes::from_iter([scope])));
    }
    let expired = house.with_key(10, &Scope::ALL, Some(-1)).await;
    let nothing = house.with_key(11, &[], None).await;
    let forged = BearerKey::new([4; 8], [5; 32]);

    for (method, path, scope) in DOORS {
        let (path, head) = (concrete(path), method == "HEAD");
        let door = || ask(method, &path);
        let Some(scope) = scope else {
            assert_ne!(door().to(house.addr()).await.status, 401, "{method} {path}");
            continue;
        };
        let lacks = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
        for wrong in [door(), door().by(&forged), door().by(&key(12)), door().by(&expired), door().with("Authorization", "Bearer wrong")] {
            refused(&wrong.to(house.addr()).await, head, 401, "unauthenticated", "Bearer");
        }
        refused(&door().by(&nothing).to(house.addr()).await, head, 403, "insufficient-scope", &lacks);
        for (key, scopes) in &keys {
            let answer = door().by(key).to(house.addr()).await;
            if scopes.allow(scope) {
                assert!(![401, 403, 503].contains(&answer.status), "{method} {path} by {scopes}: {answer:?}");
            } else {
                refused(&answer, head, 403, "insufficient-scope", &lacks);
            }
        }
        let answer = door().with("Authorization", &format!("Bearer {STATIC}")).to(house.addr()).await;
        assert!(![401, 403, 503].contains(&answer.status), "{method} {path} by a static key: {answer:?}");
    }
    assert_eq!(house.stage.twilio.calls(), []);
    house.finish().await;
}

#[actix_rt::test]
async fn a_key_in_the_address_opens_nothing() {
    let house = House::with(&[("API_KEYS", STATIC)]).await;
    let key = house.with_key(1, &[Scope::Admin], None).await;

    for name in ["access_token", "api_key", "key", "token", "authorization"] {
        let address = format!("/api/analytics?{name}={}", key.text().expose_secret());
        get(&address).to(house.addr()).await.problem(401, "unauthenticated");
    }
    house.finish().await;
}

#[actix_rt::test]
async fn the_first_key_closes_an_open_api_and_a_revoked_key_opens_it_no_more() {
    let house = House::open().await;
    assert_eq!(get("/api/call-history").to(house.addr()).await.status, 200, "nobody has a key");

    let key = house.with_key(1, &[Scope::CallsRead], None).await;
    let history = async |key: Option<&BearerKey>| {
        let request = get("/api/call-history");
        if let Some(key) = key { request.by(key) } else { request }.to(house.addr()).await
    };
    let becomes = async |what: &str, key: Option<&BearerKey>, status: u16| {
        eventually_within(AT_MOST, what, async || {
            let answer = history(key).await;
            if answer.status == status { Ok(answer) } else { Err(answer.status) }
        })
        .await
    };
    becomes("it is closed", None, 401).await.problem(401, "unauthenticated");
    becomes("the key is known", Some(&key), 200).await;
    eventually_within(AT_MOST, "its use is on record", async || {
        let keys = house.engine.store().api_keys().await.expect("read");
        if keys.iter().all(|key| key.last_used_at.is_some()) { Ok(()) } else { Err("it is not") }
    })
    .await;

    house.engine.store().revoke_key(key.id(), Utc::now()).await.expect("asked").expect("a key");
    let refused = becomes("it is revoked", Some(&key), 401).await.problem(401, "unauthenticated");

    assert_eq!(refused["detail"], "this key was revoked");
    assert_eq!(history(None).await.status, 401, "without a key that holds it stays closed");
    house.finish().await;
}

#[actix_rt::test]
async fn who_changes_a_list_is_named_by_the_key() {
    let house = House::with(&[("API_KEYS", STATIC)]).await;
    let key = house.with_key(1, &[Scope::Admin], None).await;
    let number = "+14155550142";

    for body in [json!({"phone_number": number}), json!({"phone_number": "+14155550143", "added_by": "ann"})] {
        assert_eq!(post_json("/api/do-not-call", body).by(&key).to(house.addr()).await.status, 201);
    }
    let list = get("/api/do-not-call").by(&key).to(house.addr()).await.json();
    assert_eq!((&list["numbers"][0]["added_by"], &list["numbers"][1]["added_by"]), (&json!("ann"), &json!("key 1")), "{list}");
    assert_eq!(ask("DELETE", &format!("/api/do-not-call/{number}")).by(&key).to(house.addr()).await.status, 204);
    let list = get(&format!("/api/do-not-call?phone_number={number}")).by(&key).to(house.addr()).await.json();
    assert_eq!(list["history"][0]["removed_by"], "key 1", "{list}");
    house.finish().await;
}
