//! What calls may cost: whose they are, and what is refused when the money is spent.

use alpha_call::sim::stage::CALLEE;
use alpha_call::types::{BearerKey, Scope};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::doors::http::{Answer, Request, get, post_json};
use crate::house::House;

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
