use alpha_call::sim::openai::{FakeOpenAi, FakeOpenAiSettings};
use alpha_call::sim::stage::CALLEE;
use serde_json::json;

use super::*;
use crate::doors::http::post_json;

fn hopeful() -> CallerScript {
    CallerScript::new(vec![Step::AwaitHangup { within: WITHIN }])
}

/// The caller hears an apology, and the call is on record as failed for want of a model.
async fn is_apologised_to(house: &House, call: &CallHandle) {
    let report = call.ended(LONG).await.expect("an end");
    let row = house.ended(call.call_sid()).await;

    assert!(report.completed(), "{:?}", report.outcome);
    let apology = report.first(|what| matches!(what, Happening::Said { text } if text.contains("sorry")));
    assert!(apology.is_some(), "{:?}", report.timeline);
    assert_eq!((&row["status"], &row["ended_reason"]), (&"failed".into(), &"model_unavailable".into()));
}

fn said_at(call: &CallHandle) -> Duration {
    call.report().first(|what| matches!(what, Happening::Said { .. })).expect("something said")
}

#[actix_rt::test]
async fn a_caller_whom_no_model_can_answer_hears_an_apology() {
    let house = House::open().await;
    house.openai().refuse_connects(100);
    let call = house.call_in(hopeful());

    is_apologised_to(&house, &call).await;

    assert!(said_at(&call) < ms(5_000), "{:?}", said_at(&call));
    assert_eq!(house.openai().connects(), 4, "once, and three times again");
    house.finish().await;
}

#[actix_rt::test]
async fn a_model_that_does_not_answer_the_handshake_is_not_waited_for_longer_than_a_caller_waits() {
    let house = House::open().await;
    house.openai().stall_connects(true);
    let call = house.call_in(hopeful());

    is_apologised_to(&house, &call).await;

    assert!(said_at(&call) < ms(8_000), "{:?}", said_at(&call));
    house.finish().await;
}

#[actix_rt::test]
async fn a_wrong_key_is_not_tried_twice() {
    let house = House::with(&[("OPENAI_API_KEY", "wrong")]).await;
    let call = house.call_in(hopeful());

    is_apologised_to(&house, &call).await;

    assert!(said_at(&call) < PAUSE, "{:?}", said_at(&call));
    assert_eq!(house.openai().connects(), 1);
    house.finish().await;
}

#[actix_rt::test]
async fn a_model_that_is_lost_for_good_in_mid_call_ends_it_with_an_apology() {
    let house = House::open().await;
    let call = house.call_in(CallerScript::new(hear().into_iter().chain([say("caller_hours"), Step::FallSilent]).collect()));
    call.until(LONG, |report| heard(report).len() >= 2).await.expect("an answer");

    house.openai().refuse_connects(100);
    house.openai().kill_sockets();

    is_apologised_to(&house, &call).await;
    assert_cuts(&house.conversation(call.call_sid()).await, &call.report());
    house.finish().await;
}

/// Turned away at the door: told so at once, and nobody asked the model.
async fn is_told_at_once(house: &House) -> bool {
    let before = house.openai().connects();
    let call = house.call_in(hopeful());
    call.ended(LONG).await.expect("an end");
    let told = call.report().first(|what| matches!(what, Happening::Said { text } if text.contains("sorry")));
    let row = house.ended(call.call_sid()).await;
    told.is_some_and(|at| at < ms(1_000)) && row["refusal"] == "model-unavailable" && house.openai().connects() == before
}

#[actix_rt::test]
async fn new_callers_do_not_queue_for_a_model_that_is_away_and_are_served_when_it_is_back() {
    let house = House::open().await;
    house.openai().refuse_connects(100);
    for _ in 0..2 {
        is_apologised_to(&house, &house.call_in(hopeful())).await;
    }

    assert!(is_told_at_once(&house).await);
    let asked = post_json("/api/request-call", json!({ "phone_number": CALLEE })).to(house.addr()).await;
    asked.problem(503, "model-unavailable");
    assert_eq!(house.api().get("/health").await.expect("an answer").body["models_away"], 1);

    house.openai().refuse_connects(0);
    let by = Instant::now() + LONG;
    while is_told_at_once(&house).await {
        assert!(Instant::now() < by, "the model is back, and nobody noticed");
    }
    let call = house.call_in(script([]));
    assert!(call.ended(LONG).await.expect("an end").completed());
    assert!(!heard(&call.report()).is_empty());
    assert_eq!(house.api().get("/health").await.expect("an answer").body["models_away"], 0);
    house.finish().await;
}

#[actix_rt::test]
async fn a_key_that_is_refused_turns_the_second_caller_away_at_once() {
    let house = House::with(&[("OPENAI_API_KEY", "wrong")]).await;
    is_apologised_to(&house, &house.call_in(hopeful())).await;

    assert!(is_told_at_once(&house).await);

    house.finish().await;
}

#[actix_rt::test]
async fn callers_go_to_the_other_endpoint_without_asking_one_that_is_away() {
    let other = FakeOpenAi::start(FakeOpenAiSettings::default()).expect("a model");
    let house = House::with(&[("APP__OPENAI__FALLBACK_URL", &other.url())]).await;
    house.openai().refuse_connects(100);
    let calls: Vec<CallHandle> = (0..5).map(|_| house.call_in(script([]))).collect();
    for call in &calls {
        assert!(call.ended(LONG).await.expect("an end").completed());
    }

    let before = house.openai().connects();
    let call = house.call_in(script([]));
    assert!(call.ended(LONG).await.expect("an end").completed());

    assert_eq!((before, house.openai().connects()), (5, 5));
    assert_eq!(other.control().sessions().len(), 6);
    house.finish().await;
}
