use alpha_call::sim::stage::{CALLEE, CALLER};
use alpha_call::sim::twilio::Outcome;
use serde_json::json;

use super::*;

#[actix_rt::test]
async fn a_line_that_is_taken_is_busy_until_its_call_is_over() {
    let house = House::with(&[("MAX_CONCURRENT_CALLS", "1")]).await;
    let first = house.call_in(script([]));
    first.until(LONG, |report| !heard(report).is_empty()).await.expect("a greeting");

    let second = house.call_in(script([]));
    let refused = second.ended(LONG).await.expect("an end");
    let asked = house.api().post("/api/request-call", &json!({ "phone_number": CALLEE })).await.expect("an answer");

    assert_eq!(refused.outcome, Some(Outcome::Rejected("busy".to_owned())));
    assert_eq!((asked.status, &asked.body["code"]), (503, &"at-capacity".into()));
    let row = house.ended(second.call_sid()).await;
    assert_eq!((&row["status"], &row["refusal"]), (&"failed".into(), &"at-capacity".into()));

    assert!(first.ended(LONG).await.expect("an end").completed());
    house.ended(first.call_sid()).await;
    let third = house.call_in(CallerScript::new(vec![Step::WaitForSpeech { within: WITHIN }, Step::HangUp]));
    let third = third.ended(LONG).await.expect("an end");
    assert!(third.completed(), "{:?}", third.outcome);
    assert_eq!(house.openai().connects(), 2, "the caller who was turned away cost no model");
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_lasts_no_longer_than_it_may() {
    let house = House::with(&[("MAX_CALL_SECONDS", "10")]).await;
    let call = house.call_in(CallerScript::new(hear().into_iter().chain([say("caller_hours"), Step::FallSilent]).collect()));

    let report = call.ended(LONG).await.expect("an end");
    let row = house.ended(call.call_sid()).await;

    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!((&row["status"], &row["ended_reason"]), (&"completed".into(), &"max_duration".into()));
    assert!(row["duration_seconds"].as_f64().is_some_and(|seconds| (10.0..12.0).contains(&seconds)), "{row}");
    house.finish().await;
}

#[actix_rt::test]
async fn callers_who_are_not_wanted_hear_that_the_number_is_not_in_service() {
    for (callers, taken) in [("all_but", false), ("only", true)] {
        let house = House::with(&[("APP__LIMITS__CALLERS", callers), ("APP__LIMITS__CALLER_NUMBERS", CALLER)]).await;
        let call = house.call_in(CallerScript::new(vec![Step::WaitForSpeech { within: WITHIN }, Step::HangUp]));

        let report = call.ended(LONG).await.expect("an end");

        let row = house.ended(call.call_sid()).await;
        if taken {
            assert!(report.completed(), "{:?}", report.outcome);
        } else {
            assert_eq!((report.outcome, &row["refusal"]), (Some(Outcome::Rejected("rejected".to_owned())), &"caller-not-admitted".into()));
            assert_eq!(house.openai().connects(), 0);
        }
        house.finish().await;
    }
}
