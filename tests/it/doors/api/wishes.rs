//! `POST /api/request-call`: which assistant speaks, and what it is told for this call alone.

use alpha_call::sim::stage::CALLEE;
use serde_json::{Value, json};

use super::short;
use crate::doors::http::{Answer, post_json};
use crate::doors::operator::Operator;
use crate::house::House;

const CLINIC: &str = "greeting = \"Hello {{name|there}}, {{clinic}} in {{town}}.\"\ndisclose = \"none\"\nvoice = \"cedar\"\n\
                      instructions = \"You speak for the {{clinic}}.\"\n\
                      [variables]\nclinic = \"Lakeside Clinic\"\ntown = \"Oakland\"\n[opening]\nprotected = false";

async fn house() -> House {
    House::with_files(&[("config/assistants/hospital.toml", CLINIC)]).await
}

async fn request(house: &House, body: Value) -> Answer {
    post_json("/api/request-call", body).to(house.addr()).await
}

/// Pointers of what is wrong, each with its reason.
fn wrong(answer: &Answer) -> Vec<(String, String)> {
    let problem = answer.problem(422, "invalid-field");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    problem["errors"].as_array().expect("errors").iter().map(|error| (text(&error["pointer"]), text(&error["detail"]))).collect()
}

fn pointers(answer: &Answer) -> Vec<String> {
    wrong(answer).into_iter().map(|(pointer, _)| pointer).collect()
}

#[actix_rt::test]
async fn a_call_is_made_by_the_assistant_and_in_the_words_that_were_asked_for() {
    let house = house().await;
    house.stage.twilio.answer(short());

    let body = json!({
        "phone_number": CALLEE,
        "name": "Ann",
        "assistant": "hospital",
        "instructions": " You remind {{name}} of a visit to the {{clinic}}. ",
        "variables": { "town": "Berkeley" },
    });
    let accepted = request(&house, body).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
    house.calls_are_over(1).await;

    let id = accepted.json()["id"].as_str().expect("an id").to_owned();
    let row = house.row(&id, |row| !row["ended_at"].is_null()).await;
    assert_eq!((&row["assistant"], &row["voice"]), (&"hospital".into(), &"cedar".into()), "{row}");
    let model = house.openai().sessions().remove(0);
    assert_eq!(model.instructions, "You remind Ann of a visit to the Lakeside Clinic.");
    assert_eq!(model.spoken.first().map(String::as_str), Some("Hello Ann, Lakeside Clinic in Berkeley."));
    house.finish().await;
}

#[actix_rt::test]
async fn an_assistant_that_does_not_exist_is_pointed_at_with_those_that_do() {
    let house = house().await;

    let answer = request(&house, json!({"phone_number": CALLEE, "assistant": "hopsital", "variables": {"x": "y"}})).await;

    assert_eq!(wrong(&answer), [("/assistant".to_owned(), "there is no such assistant; known: clinic, hospital".to_owned())]);
    assert_eq!(Operator::of(&house).traces().await, (0, 0), "a row or a slot");
    house.finish().await;
}

#[actix_rt::test]
async fn only_declared_variables_of_a_bounded_length_are_taken() {
    let house = house().await;
    let wish = |variables: Value| json!({"phone_number": CALLEE, "assistant": "hospital", "variables": variables});

    for (variables, pointer) in [
        (json!({"clinc": "x"}), "/variables/clinc"),
        (json!({"a/b~c": "x"}), "/variables/a~1b~0c"),
        (json!({"name": "Ann"}), "/variables/name"),
        (json!({"town": "x".repeat(501)}), "/variables/town"),
        (json!({"town": 7}), "/variables/town"),
        (json!({"town": null}), "/variables/town"),
        (json!(["Berkeley"]), "/variables"),
    ] {
        assert_eq!(pointers(&request(&house, wish(variables.clone())).await), [pointer], "{variables}");
    }
    let answer = request(&house, wish(json!({"clinc": "x"}))).await;
    assert!(wrong(&answer)[0].1.ends_with("declared: clinic, town"), "{answer:?}");
    let many: serde_json::Map<String, Value> = (0..33).map(|n| (format!("v{n}"), json!("x"))).collect();
    assert!(pointers(&request(&house, wish(many.into())).await).contains(&"/variables".to_owned()));
    let default = request(&house, json!({"phone_number": CALLEE, "variables": {"town": "x"}})).await;
    assert_eq!(pointers(&default), ["/variables/town"], "the default assistant declares none");
    house.finish().await;
}

#[actix_rt::test]
async fn instructions_are_bounded_and_know_the_variables_of_the_assistant() {
    let house = house().await;
    let wish = |instructions: &str| json!({"phone_number": CALLEE, "assistant": "hospital", "instructions": instructions});

    for wrong in ["x".repeat(8_001), "Talk to {{nmae}}.".to_owned(), "Talk to {{name".to_owned()] {
        assert_eq!(pointers(&request(&house, wish(&wrong)).await), ["/instructions"], "{wrong}");
    }
    let both = json!({"phone_number": "555", "assistant": "hospital", "instructions": "{{x}}", "variables": {"y": "z"}});
    assert_eq!(pointers(&request(&house, both).await), ["/phone_number", "/variables/y", "/instructions"], "everything at once");
    house.finish().await;
}

#[actix_rt::test]
async fn a_field_that_is_missing_or_of_another_type_is_pointed_at() {
    let house = house().await;

    for (body, pointer) in [
        (json!({}), "/phone_number"),
        (json!({"phone_number": 14155550142_u64}), "/phone_number"),
        (json!({"phone_number": CALLEE, "name": 7}), "/name"),
        (json!({"phone_number": CALLEE, "assistant": ["hospital"]}), "/assistant"),
        (json!({"phone_number": CALLEE, "instructions": {}}), "/instructions"),
        (json!("+14155550142"), ""),
    ] {
        assert_eq!(pointers(&request(&house, body.clone()).await), [pointer], "{body}");
    }
    house.finish().await;
}
