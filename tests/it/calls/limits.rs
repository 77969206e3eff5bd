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
async fn a_call_that_has_cost_what_it_may_hears_its_answer_out_and_a_goodbye() {
    // A minute of the line costs 0.0125, the greeting less than 0.01, the long answer more than that.
    let house = House::with(&[("MAX_CALL_USD", "0.03")]).await;
    let call = house.call_in(CallerScript::new(hear().into_iter().chain([say("caller_hours"), Step::FallSilent]).collect()));

    let report = call.ended(LONG).await.expect("an end");
    let row = house.ended(call.call_sid()).await;
    let conversation = house.conversation(call.call_sid()).await;

    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!((&row["status"], &row["ended_reason"]), (&"completed".into(), &"over_budget".into()), "{row}");
    let spoken = said(&conversation, "ai");
    assert_eq!((spoken.len(), &spoken[1]), (3, &clip("agent_hours")), "a greeting, an answer, a goodbye: {spoken:?}");
    let whole = |turn: &&Value| turn["speaker"] == "user" || turn["interrupted"] == false && turn["heard_ms"] == turn["audio_ms"];
    assert!(turns(&conversation).iter().all(whole), "{conversation}");
    house.finish().await;
}

#[actix_rt::test]
async fn what_a_call_cost_before_it_lost_its_stream_counts() {
    const LIMIT: u64 = 45_000_000;
    let house = House::with(&[("MAX_CALL_USD", "0.045")]).await;
    let broken_off = [say("caller_hours"), Step::WaitForSpeech { within: WITHIN }, Step::Pause(ms(1_500)), Step::DropSocket];
    let call = house.call_in(CallerScript::new(hear().into_iter().chain(broken_off).chain([Step::FallSilent]).collect()));

    let report = call.ended(LONG).await.expect("an end");
    let row = house.ended(call.call_sid()).await;

    assert!(report.completed(), "{:?}", report.outcome);
    let cost = "SELECT model_cost_nanos, transcription_cost_nanos FROM stream_logs \
                WHERE epoch = 2 AND call_id = (SELECT id FROM call_logs WHERE call_sid = $1)";
    let cost = house.columns(cost, call.call_sid()).await;
    let nanos = |name: &str| cost[name].as_u64().expect("nanos");
    let alone = nanos("model_cost_nanos") + nanos("transcription_cost_nanos") + 12_500_000;
    assert!(alone < LIMIT, "the second stream alone cost {alone}: {row}");
    assert_eq!((&row["epoch"], &row["ended_reason"]), (&2.into(), &"over_budget".into()), "{alone} {row}");
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
