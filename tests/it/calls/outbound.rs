use alpha_call::sim::stage::CALLEE;
use alpha_call::sim::twilio::Answer;
use serde_json::json;

use super::*;

async fn request(house: &House) -> Value {
    let answer = house.api().post("/api/request-call", &json!({ "phone_number": CALLEE, "name": "Ann" })).await.expect("an answer");
    assert_eq!(answer.status, 202, "{}", answer.body);
    answer.body
}

fn id(accepted: &Value) -> String {
    accepted["id"].as_str().expect("an id").to_owned()
}

/// The phone that the engine rang first.
async fn phone(house: &House) -> CallHandle {
    house.stage.twilio.calls_begun(1, LONG).await.expect("a call").remove(0)
}

#[actix_rt::test]
async fn a_requested_call_is_placed_talks_and_knows_whom_it_is_for() {
    let house = House::with(&[
        ("APP__ASSISTANT__GREETING", "Hello {{name|there}}, this is an AI assistant."),
        ("APP__ASSISTANT__INSTRUCTIONS", "You talk to {{name|somebody}}."),
    ])
    .await;
    house.stage.twilio.answer(Answer::PickUp(script([say("caller_move")].into_iter().chain(hear()))));

    let accepted = request(&house).await;
    let call = id(&accepted);
    assert_eq!(accepted["status"], "initiated");
    let row = house.row(&call, |row| row["status"] == "connected").await;
    assert_eq!((&row["connected_at"].is_null(), &row["ended_at"].is_null()), (&false, &true), "{row}");
    let report = phone(&house).await.ended(LONG).await.expect("an end");
    let row = house.row(&call, |row| !row["ended_at"].is_null() && row["twilio_status"] == "completed").await;

    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!((&row["status"], &row["ended_reason"]), (&"completed".into(), &"assistant_ended".into()));
    assert_eq!((&row["direction"], &row["call_sid"]), (&"outbound".into(), &report.call_sid.into()));
    assert_eq!((&row["to_number"], &row["name"]), (&CALLEE.into(), &"Ann".into()));
    let conversation = house.conversation(&call).await;
    assert_eq!(said(&conversation, "ai")[0], "Hello Ann, this is an AI assistant.");
    assert_eq!(said(&conversation, "user"), ["caller_move", "caller_goodbye"].map(clip));
    let model = house.openai().sessions().remove(0);
    assert_eq!((model.instructions.as_str(), model.spoken[0].as_str()), ("You talk to Ann.", "Hello Ann, this is an AI assistant."));
    house.finish().await;
}

#[actix_rt::test]
async fn a_phone_that_is_busy_or_not_answered_ends_the_call_and_gives_its_slot_back() {
    let house = House::open().await;
    for (answer, reason) in [(Answer::Busy, "busy"), (Answer::NoAnswer, "no_answer")] {
        house.stage.twilio.answer_next(answer);

        let row = house.ended(&id(&request(&house).await)).await;

        assert_eq!((&row["status"], &row["ended_reason"]), (&"failed".into(), &reason.into()));
        assert_eq!(row["twilio_status"], reason.replace('_', "-"));
    }
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_that_twilio_refuses_fails_with_its_code_and_gives_the_cooldown_back() {
    let house = House::with(&[("CALL_COOLDOWN_SECONDS", "300")]).await;
    house.stage.twilio.hooks().fail_creates(400, 21_211, 1);

    let row = house.ended(&id(&request(&house).await)).await;

    assert_eq!((&row["status"], &row["ended_reason"]), (&"failed".into(), &"carrier_failed".into()));
    assert!(row["error"].as_str().is_some_and(|error| error.contains("21211")), "{row}");
    assert_eq!(
        house.columns("SELECT error_code FROM call_logs WHERE id = $1", row["id"].as_str().expect("an id")).await["error_code"],
        "21211"
    );

    house.stage.twilio.answer_next(Answer::PickUp(CallerScript::new(vec![Step::WaitForSpeech { within: WITHIN }, Step::HangUp])));
    let second = id(&request(&house).await);
    assert_eq!(house.ended(&second).await["status"], "completed", "the number may be called again at once");
    house.finish().await;
}

#[actix_rt::test]
async fn callbacks_in_any_order_do_not_change_how_a_call_ended() {
    let house = House::open().await;
    house.stage.twilio.hooks().scramble_callbacks(true);
    house.stage.twilio.answer(Answer::PickUp(script([])));

    let call = id(&request(&house).await);
    phone(&house).await.ended(LONG).await.expect("an end");

    let row = house.ended(&call).await;
    assert_eq!((&row["status"], &row["ended_reason"]), (&"completed".into(), &"assistant_ended".into()));
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_whose_request_went_unanswered_is_placed_once_and_known_by_its_webhook() {
    let house = House::open().await;
    house.stage.twilio.hooks().hang_creates(1);
    house.stage.twilio.answer(Answer::PickUp(script([])));

    let call = id(&request(&house).await);
    let report = phone(&house).await.ended(LONG).await.expect("an end");

    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!(house.ended(&call).await["status"], "completed");
    assert_eq!(house.stage.twilio.calls().len(), 1);
    house.finish().await;
}
