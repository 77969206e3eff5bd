//! Consents, and calls that need one.

use serde_json::{Value, json};

use super::short;
use crate::doors::http::{Answer, ask, get, keys, post_json};
use crate::house::House;

const PATH: &str = "/api/consents";
/// Not verified, but at home.
const SOMEBODY: &str = "+14155550177";

async fn house() -> House {
    House::with(&[("ALLOW_ALL_US_CANADA", "true"), ("APP__COMPLIANCE__REQUIRE_CONSENT", "true")]).await
}

async fn call(house: &House) -> Answer {
    post_json("/api/request-call", json!({"phone_number": SOMEBODY})).to(house.addr()).await
}

fn consent() -> Value {
    json!({
        "phone_number": SOMEBODY, "basis": "express-written", "text_version": "2026-03", "source": "web form",
        "given_at": "2026-11-22T09:30:00Z",
    })
}

#[actix_rt::test]
async fn nobody_is_called_without_a_consent_or_after_it_was_revoked() {
    let house = house().await;
    house.stage.twilio.answer(short());

    call(&house).await.problem(403, "no-consent");
    let given = post_json(PATH, consent()).to(house.addr()).await;
    let id = given.json()["id"].as_str().expect("an id").to_owned();
    assert_eq!((given.status, given.header("location")), (201, Some(format!("{PATH}/{id}").as_str())));
    let accepted = call(&house).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
    house.calls_are_over(1).await;
    let row = house.ended(accepted.json()["id"].as_str().expect("an id")).await;
    let decision = &row["decision"];
    assert_eq!((&decision["consent"], &decision["on_consent"]["basis"]), (&json!("passed"), &json!("express-written")), "{decision}");
    assert_eq!((&decision["refusal"], &decision["zones"]["because"]), (&json!(null), &json!("area_code")), "{decision}");
    let revoked = post_json(&format!("{PATH}/{id}/revoke"), json!({"revoked_by": "ann"})).to(house.addr()).await.json();
    assert!(revoked["revoked_at"].is_string() && revoked["revoked_by"] == "ann", "{revoked}");
    call(&house).await.problem(403, "no-consent");

    let again = ask("POST", &format!("{PATH}/{id}/revoke")).to(house.addr()).await.json();
    assert_eq!(again, revoked, "the first time stands");
    let list = get(&format!("{PATH}?phone_number={SOMEBODY}")).to(house.addr()).await.json();
    assert_eq!((keys(&list), &list["consents"]), (vec!["consents", "limit", "offset", "total"], &json!([revoked])));
    house.finish().await;
}

#[actix_rt::test]
async fn a_verified_number_needs_none() {
    let house = House::with(&[("VERIFIED_PHONE_NUMBERS", SOMEBODY), ("APP__COMPLIANCE__REQUIRE_CONSENT", "true")]).await;
    house.stage.twilio.answer(short());

    let accepted = call(&house).await;

    assert_eq!(accepted.status, 202, "{accepted:?}");
    house.calls_are_over(1).await;
    let row = house.ended(accepted.json()["id"].as_str().expect("an id")).await;
    let decision = &row["decision"];
    assert_eq!((&decision["consent"], &decision["quiet_hours"], &decision["verified"]), (&json!("exempt"), &json!("exempt"), &json!(true)));
    house.finish().await;
}

#[actix_rt::test]
async fn a_consent_says_why_to_what_and_where() {
    let house = house().await;

    for (field, value) in [
        ("phone_number", json!("555")),
        ("basis", json!(" ")),
        ("basis", json!(null)),
        ("text_version", json!("")),
        ("source", json!("x".repeat(501))),
        ("given_at", json!("yesterday")),
    ] {
        let mut body = consent();
        body[field] = value;
        let problem = post_json(PATH, &body).to(house.addr()).await.problem(422, "invalid-field");
        assert_eq!(problem["errors"][0]["pointer"], format!("/{field}"), "{problem}");
    }
    for id in ["00000000-0000-7000-8000-000000000000", "1"] {
        ask("POST", &format!("{PATH}/{id}/revoke")).to(house.addr()).await.problem(404, "not-found");
    }
    house.finish().await;
}
