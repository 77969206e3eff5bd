use alpha_call::sim::stage::clinic;
use alpha_call::sim::twilio::HungUpBy;

use super::*;

#[actix_rt::test]
async fn a_whole_call_is_on_record_in_order_and_cut_where_the_caller_interrupted() {
    let house = House::open().await;
    let call = house.call_in(clinic());

    let report = call.ended(LONG).await.expect("an end");
    let row = house.ended(call.call_sid()).await;
    let conversation = house.conversation(call.call_sid()).await;

    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!(report.hung_up_by, Some(HungUpBy::Rest));
    words_are_in_order(&conversation);
    the_cut_is_right(&house, &conversation, &report);
    figures_are_plausible(&row, &conversation, &report);
    house.finish().await;
}

fn words_are_in_order(conversation: &Value) {
    let speakers: Vec<_> = turns(conversation).into_iter().map(|turn| turn["speaker"].as_str().expect("a word")).collect();
    assert_eq!(speakers, ["ai", "user", "ai", "user", "ai", "user", "ai", "user", "ai"]);
    assert_eq!(said(conversation, "user"), ["caller_hours", "caller_interrupt", "caller_move", "caller_goodbye"].map(clip));
    assert_eq!(said(conversation, "ai"), ["agent_greeting", "agent_hours", "agent_weekdays", "agent_moved", "agent_goodbye"].map(clip));
}

fn the_cut_is_right(house: &House, conversation: &Value, report: &CallReport) {
    let cut = turns(conversation)[2];
    let (generated, heard) = (cut["generated"].as_str().expect("text"), cut["heard"].as_str().expect("text"));
    assert_eq!(cut["interrupted"], true);
    assert!(!heard.is_empty() && heard.len() < generated.len() && generated.starts_with(heard), "{heard:?}");
    assert_cuts(conversation, report);
    assert_eq!(truncated(house), heard_ms(conversation), "the model knows what the record knows");
    for turn in turns(conversation).into_iter().filter(|turn| turn["interrupted"] == false && turn["speaker"] == "ai") {
        assert_eq!((&turn["generated"], &turn["audio_ms"]), (&turn["heard"], &turn["heard_ms"]));
    }
}

fn figures_are_plausible(row: &Value, conversation: &Value, report: &CallReport) {
    assert_eq!((&row["status"], &row["ended_reason"]), (&"completed".into(), &"assistant_ended".into()));
    assert_eq!((&row["direction"], &row["interruptions"]), (&"inbound".into(), &1.into()));
    let first_audio = report.first_audio().expect("sound").as_millis() as u64;
    assert!(row["first_audio_ms"].as_u64().is_some_and(|ms| ms < 1_000 && ms.abs_diff(first_audio) < 100), "{first_audio}: {row}");
    assert_eq!(report.turn_latencies.len(), 4);
    for (answer, measured) in [2, 4, 6, 8].into_iter().zip(&report.turn_latencies) {
        let latency = turns(conversation)[answer]["latency_ms"].as_u64().expect("a latency");
        assert!(latency.abs_diff(measured.as_millis() as u64) <= 100, "{latency} ms on record, {measured:?} at the phone");
    }
    let seconds = row["duration_seconds"].as_f64().expect("seconds");
    assert!((20.0..40.0).contains(&seconds), "{row}");
}
