use alpha_call::sim::stage::clinic;
use alpha_call::sim::twilio::HungUpBy;

use super::*;
use crate::house::{House, LONG};

#[actix_rt::test]
async fn a_whole_call_is_on_record_in_order_and_cut_where_the_caller_interrupted() {
    let house = House::open().await;
    let call = house.call_in(clinic());

    let report = call.ended(LONG).await.expect("an end");
    let row = house.ended(call.call_sid()).await;
    let conversation = house.conversation(call.call_sid()).await;

    assert!(report.completed(), "{:?}", report.outcome);
    let speakers: Vec<_> = turns(&conversation).into_iter().map(|turn| turn["speaker"].as_str().expect("a word")).collect();
    assert_eq!(speakers, ["ai", "user", "ai", "user", "ai", "user", "ai", "user", "ai"]);
    assert_eq!(said(&conversation, "user"), ["caller_hours", "caller_interrupt", "caller_move", "caller_goodbye"].map(clip));
    assert_eq!(said(&conversation, "ai"), ["agent_greeting", "agent_hours", "agent_weekdays", "agent_moved", "agent_goodbye"].map(clip));

    let cut = turns(&conversation)[2];
    let (generated, heard) = (cut["generated"].as_str().expect("text"), cut["heard"].as_str().expect("text"));
    assert_eq!(cut["interrupted"], true);
    assert!(!heard.is_empty() && heard.len() < generated.len() && generated.starts_with(heard), "{heard:?}");
    let errors = cut_errors(&conversation, &report);
    assert!(errors.iter().all(|error| *error <= 60), "cut wrong by {errors:?} ms, worst lag {:?}", report.worst_lag);

    let truncated: Vec<_> = house.openai().sessions().into_iter().flat_map(|session| session.truncates).map(|(_, at)| at).collect();
    assert_eq!(truncated, [cut["heard_ms"].as_u64().expect("ms")], "the model knows what the record knows");
    for turn in turns(&conversation).into_iter().filter(|turn| turn["interrupted"] == false && turn["speaker"] == "ai") {
        assert_eq!((&turn["generated"], &turn["audio_ms"]), (&turn["heard"], &turn["heard_ms"]));
    }

    assert_eq!(
        (&row["status"], &row["ended_reason"], &row["direction"]),
        (&"completed".into(), &"assistant_ended".into(), &"inbound".into())
    );
    assert_eq!(row["interruptions"], 1);
    assert!(row["first_audio_ms"].as_u64().is_some_and(|ms| ms < 1_000), "{row}");
    let latency = turns(&conversation)[4]["latency_ms"].as_u64().expect("a latency");
    let measured = report.turn_latencies[1].as_millis() as u64;
    assert!(latency.abs_diff(measured) <= 100, "{latency} ms on record, {measured} ms at the phone");
    assert_eq!(report.hung_up_by, Some(HungUpBy::Rest));
    house.finish().await;
}

#[actix_rt::test]
async fn an_answer_can_be_interrupted_long_after_the_model_finished_it() {
    let house = House::open().await;
    let barge_in = Step::BargeIn { after: ms(7_000), say: utterance("caller_interrupt") };
    let call = house.call_in(script([say("caller_hours"), barge_in].into_iter().chain(hear())));

    let report = call.ended(LONG).await.expect("an end");
    let conversation = house.conversation(call.call_sid()).await;

    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!(house.openai().sessions()[0].responses, ["completed"; 4], "generation was over when the caller broke in");
    assert!(cut_errors(&conversation, &report).iter().all(|error| *error <= 60), "{:?}", report.cuts);
    house.finish().await;
}

#[actix_rt::test]
async fn the_greeting_and_the_next_answer_can_both_be_interrupted() {
    let house = House::open().await;
    let over = |clip| Step::BargeIn { after: ms(1_200), say: utterance(clip) };
    let steps = [over("caller_hours"), over("caller_interrupt")].into_iter().chain(hear()).chain(goodbye());
    let call = house.call_in(CallerScript::new(steps.collect()));

    let report = call.ended(LONG).await.expect("an end");
    let conversation = house.conversation(call.call_sid()).await;

    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!(report.cuts.len(), 2);
    let errors = cut_errors(&conversation, &report);
    assert!(errors.iter().all(|error| *error <= 60), "cut wrong by {errors:?} ms, worst lag {:?}", report.worst_lag);
    house.finish().await;
}

#[actix_rt::test]
async fn a_caller_who_hangs_up_in_mid_sentence_leaves_nothing_behind() {
    let house = House::open().await;
    let steps = [say("caller_hours"), Step::WaitForSpeech { within: WITHIN }, Step::Pause(ms(1_000)), Step::HangUp];
    let call = house.call_in(CallerScript::new(hear().into_iter().chain(steps).collect()));

    call.ended(LONG).await.expect("an end");
    let row = house.ended(call.call_sid()).await;
    let conversation = house.conversation(call.call_sid()).await;

    assert_eq!((&row["status"], &row["ended_reason"]), (&"completed".into(), &"caller_hung_up".into()));
    let last = turns(&conversation)[2];
    assert_eq!(last["interrupted"], true);
    assert!(last["heard_ms"].as_u64().is_some_and(|ms| (800..1_600).contains(&ms)), "{last}");
    house.finish().await;
}

#[actix_rt::test]
async fn ten_calls_at_once_each_go_as_scripted() {
    let house = House::with(&[("MAX_CONCURRENT_CALLS", "10")]).await;
    let calls: Vec<_> = (0..10).map(|_| house.call_in(clinic())).collect();

    for call in &calls {
        let report = call.ended(LONG).await.expect("an end");
        assert!(report.completed(), "{:?}, worst lag {:?}", report.outcome, report.worst_lag);
    }
    for call in &calls {
        let conversation = house.conversation(call.call_sid()).await;
        let errors = cut_errors(&conversation, &call.report());
        assert!(errors.iter().all(|error| *error <= 60), "cut wrong by {errors:?} ms, worst lag {:?}", call.report().worst_lag);
        assert_eq!(said(&conversation, "user").len(), 4);
    }
    house.finish().await;
}
