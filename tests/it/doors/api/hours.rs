//! Nobody is called at night, wherever that is.

use chrono::{DateTime, Timelike as _, Utc};
use serde_json::{Value, json};

use super::short;
use crate::doors::http::{Answer, get, post_json};
use crate::house::House;

const SOMEBODY: &str = "+14155550177";

async fn house() -> House {
    House::with(&[("ALLOW_ALL_US_CANADA", "true"), ("APP__COMPLIANCE__CALLING_HOURS", "08:00-21:00")]).await
}

/// A zone where it is this hour now, or the next one in a moment. The database turns the signs round.
fn zone_at(hour: i64) -> String {
    let ahead = (hour - i64::from(Utc::now().hour()) + 12).rem_euclid(24) - 12;
    format!("Etc/GMT{:+}", -ahead)
}

async fn call(house: &House, zone: &str) -> Answer {
    post_json("/api/request-call", json!({"phone_number": SOMEBODY, "time_zone": zone})).to(house.addr()).await
}

async fn decision(house: &House) -> Value {
    let history = get("/api/call-history").to(house.addr()).await.json();
    house.get(&format!("/api/call/{}", history["calls"][0]["id"].as_str().expect("an id"))).await["decision"].clone()
}

#[actix_rt::test]
async fn by_night_a_call_is_refused_with_the_moment_from_which_on_it_is_not() {
    let house = house().await;

    let refused = call(&house, &zone_at(3)).await;

    refused.problem(403, "quiet-hours");
    let seconds: i64 = refused.header("retry-after").and_then(|after| after.parse().ok()).expect("seconds");
    assert!((3 * 3_600..=5 * 3_600).contains(&seconds), "{seconds}");
    let decision = decision(&house).await;
    let until: DateTime<Utc> = decision["until"].as_str().and_then(|text| text.parse().ok()).expect("a moment");
    assert!((until - Utc::now()).num_seconds() - seconds < 60, "{decision}");
    assert_eq!((&decision["refusal"], &decision["quiet_hours"]), (&json!("quiet-hours"), &json!("refused")));
    assert_eq!((&decision["zones"]["because"], &decision["calling_hours"]), (&json!("request"), &json!("08:00-21:00")));
    assert_eq!(house.stage.twilio.calls(), []);
    house.finish().await;
}

#[actix_rt::test]
async fn by_day_it_is_placed() {
    let house = house().await;
    house.stage.twilio.answer(short());

    assert_eq!(call(&house, &zone_at(14)).await.status, 202);

    house.calls_are_over(1).await;
    assert_eq!(decision(&house).await["quiet_hours"], "passed");
    house.finish().await;
}

#[actix_rt::test]
async fn a_zone_that_there_is_not_is_pointed_at() {
    let house = house().await;

    let problem = call(&house, "Mars/Olympus").await.problem(422, "invalid-field");

    assert_eq!(problem["errors"][0]["pointer"], "/time_zone");
    house.finish().await;
}
