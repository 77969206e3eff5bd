use std::time::Instant;

use alpha_call::sim::stage::clinic;
use alpha_call::sim::twilio::CallHandle;
use alpha_call::types::CallId;

use super::*;
use crate::house::{House, LONG};

/// Asks for the long answer, hears it out however often it breaks, then says goodbye.
fn patient() -> CallerScript {
    script([say("caller_hours"), Step::WaitForSpeech { within: WITHIN }, Step::WaitForSilence { quiet: ms(3_500), within: LONG }])
}

/// Our id of a call, once the long answer is heard and the question is on record: it is written down later than answered.
async fn in_mid_answer(house: &House, call: &CallHandle) -> CallId {
    call.until(LONG, |report| heard(report).len() >= 2).await.expect("an answer");
    let started = Instant::now();
    loop {
        let conversation = house.conversation(call.call_sid()).await;
        if said(&conversation, "user").len() == 1 {
            return conversation["call"]["id"].as_str().expect("an id").parse().expect("our id");
        }
        assert!(started.elapsed() < WITHIN, "the question was never written down: {conversation}");
    }
}

fn now(call: &CallHandle) -> Duration {
    call.report().offset(Instant::now())
}

/// What the model was told of the conversation before, in its last session.
fn seeds(house: &House) -> Vec<(String, String)> {
    house.openai().sessions().last().expect("a session").seeds.clone()
}

#[actix_rt::test]
async fn a_model_lost_in_mid_answer_is_replaced_within_two_seconds_and_knows_what_was_said() {
    let house = House::open().await;
    let call = house.call_in(patient());
    in_mid_answer(&house, &call).await;

    house.openai().kill_sockets();
    let killed = now(&call);
    let report = call.ended(LONG).await.expect("an end");
    let conversation = house.conversation(call.call_sid()).await;

    assert!(report.completed(), "{:?}", report.outcome);
    let pause = heard_again(&report, killed);
    assert!(pause < ms(2_000), "silent for {pause:?}");
    assert_eq!(house.openai().sessions().len(), 2);
    let seeds = seeds(&house);
    assert_eq!(seeds[0], ("assistant".to_owned(), clip("agent_greeting")));
    assert_eq!(seeds[1], ("user".to_owned(), clip("caller_hours")));
    assert!(clip("agent_hours").starts_with(&seeds[2].1) && seeds[2].1 != clip("agent_hours"), "{seeds:?}");
    assert_eq!(turns(&conversation)[2]["interrupted"], true);
    assert_eq!(house.ended(call.call_sid()).await["ended_reason"], "assistant_ended");
    house.finish().await;
}

#[actix_rt::test]
async fn a_panic_costs_its_call_less_than_two_seconds_and_its_neighbour_nothing() {
    let house = House::open().await;
    let (call, neighbour) = (house.call_in(patient()), house.call_in(clinic()));
    let id = in_mid_answer(&house, &call).await;

    assert!(house.engine.sabotage(id).await);
    let broken = now(&call);
    let report = call.ended(LONG).await.expect("an end");
    let other = neighbour.ended(LONG).await.expect("an end");

    assert!(report.completed(), "{:?}", report.outcome);
    let pause = heard_again(&report, broken);
    assert!(pause < ms(2_000), "silent for {pause:?}");
    assert_eq!(report.streams.len(), 1, "the phone stream outlives the panic");
    assert!(other.completed(), "{:?}", other.outcome);
    assert_eq!(said(&house.conversation(neighbour.call_sid()).await, "user").len(), 4);
    assert_eq!(house.ended(call.call_sid()).await["status"], "completed");
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_that_panics_too_often_goes_on_with_another_stream() {
    let house = House::open().await;
    let call = house.call_in(patient());
    let id = in_mid_answer(&house, &call).await;

    for _ in 0..4 {
        assert!(house.engine.sabotage(id).await);
    }
    let report = call.ended(LONG).await.expect("an end");

    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!(report.streams.len(), 2);
    assert_eq!(house.ended(call.call_sid()).await["ended_reason"], "assistant_ended");
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_whose_stream_breaks_off_goes_on_where_it_was() {
    let house = House::open().await;
    let steps = [say("caller_hours"), Step::WaitForSpeech { within: WITHIN }, Step::Pause(ms(1_500)), Step::DropSocket];
    let call = house.call_in(CallerScript::new(hear().into_iter().chain(steps).chain(hear()).chain(goodbye()).collect()));

    let report = call.ended(LONG).await.expect("an end");
    let row = house.ended(call.call_sid()).await;
    let conversation = house.conversation(call.call_sid()).await;

    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!(report.streams.len(), 2);
    assert_eq!((&row["epoch"], &row["ended_reason"]), (&2.into(), &"assistant_ended".into()));
    let epochs: Vec<_> = turns(&conversation).into_iter().map(|turn| turn["epoch"].as_u64().expect("a number")).collect();
    assert!(epochs.is_sorted() && epochs.contains(&1) && epochs.contains(&2), "{epochs:?}");
    assert_eq!(said(&conversation, "ai").iter().filter(|text| **text == clip("agent_greeting")).count(), 1, "greeted once");
    assert_eq!(seeds(&house)[..2], [("assistant".to_owned(), clip("agent_greeting")), ("user".to_owned(), clip("caller_hours"))]);
    house.finish().await;
}

#[actix_rt::test]
async fn a_caller_whom_no_model_can_answer_hears_an_apology() {
    let house = House::open().await;
    house.openai().refuse_connects(100);
    let call = house.call_in(CallerScript::new(vec![Step::AwaitHangup { within: WITHIN }]));

    let report = call.ended(LONG).await.expect("an end");
    let row = house.ended(call.call_sid()).await;

    let apology = report.first(|what| matches!(what, Happening::Said { text } if text.contains("sorry")));
    assert!(apology.is_some_and(|at| at < ms(5_000)), "{:?}", report.timeline);
    assert_eq!((&row["status"], &row["ended_reason"]), (&"failed".into(), &"model_unavailable".into()));
    house.finish().await;
}

#[actix_rt::test]
async fn a_wrong_key_is_not_tried_twice() {
    let house = House::with(&[("OPENAI_API_KEY", "wrong")]).await;
    let call = house.call_in(CallerScript::new(vec![Step::AwaitHangup { within: WITHIN }]));

    call.ended(LONG).await.expect("an end");

    assert_eq!(house.ended(call.call_sid()).await["ended_reason"], "model_unavailable");
    assert!(house.openai().sessions().len() <= 1, "{:?}", house.openai().sessions());
    house.close().await;
}

#[actix_rt::test]
async fn a_drain_ends_with_every_record_on_file() {
    let house = House::open().await;
    let call = house.call_in(patient());
    in_mid_answer(&house, &call).await;
    let sid = call.call_sid().to_owned();

    assert!(house.engine.drain(Duration::from_secs(8)).await);

    let row = house.ended(&sid).await;
    assert_eq!((&row["status"], &row["ended_reason"]), (&"failed".into(), &"drained".into()));
    assert_eq!(said(&house.conversation(&sid).await, "user"), [clip("caller_hours")]);
    house.close().await;
}
