use super::*;

#[actix_rt::test]
async fn an_answer_can_be_interrupted_long_after_the_model_finished_it() {
    let house = House::open().await;
    let call = house.call_in(script([say("caller_hours"), interrupt(5_000, "caller_interrupt")].into_iter().chain(hear())));

    let report = call.ended(LONG).await.expect("an end");
    let conversation = house.conversation(call.call_sid()).await;

    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!(house.openai().sessions()[0].responses, ["completed"; 4], "generation was over when the caller broke in");
    assert_cuts(&conversation, &report);
    assert_eq!(truncated(&house), heard_ms(&conversation), "the model knows what the record knows");
    house.finish().await;
}

#[actix_rt::test]
async fn an_answer_can_be_interrupted_while_the_model_still_makes_it() {
    let house = House::open().await;
    house.openai().late_delta_after_cancel(true);
    let call = house.call_in(script([say("caller_hours"), interrupt(600, "caller_interrupt")].into_iter().chain(hear())));

    let report = call.ended(LONG).await.expect("an end");
    let conversation = house.conversation(call.call_sid()).await;

    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!(house.openai().sessions()[0].responses, ["completed", "cancelled", "completed", "completed"]);
    assert_cuts(&conversation, &report);
    assert_eq!(truncated(&house), heard_ms(&conversation));
    let late = turns(&conversation)[2]["generated"].as_str().expect("text");
    assert!(late.len() < clip("agent_hours").len() && clip("agent_hours").starts_with(late.trim()), "{late:?}");
    house.finish().await;
}

#[actix_rt::test]
async fn the_greeting_and_the_next_answer_can_both_be_interrupted() {
    let house = House::open().await;
    let steps = [interrupt(1_200, "caller_hours"), interrupt(1_200, "caller_interrupt")];
    let call = house.call_in(CallerScript::new(steps.into_iter().chain(hear()).chain(goodbye()).collect()));

    let report = call.ended(LONG).await.expect("an end");
    let conversation = house.conversation(call.call_sid()).await;

    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!(report.cuts.len(), 2);
    assert!(report.cuts.iter().all(|cut| cut.reaction < ms(500)), "{:?}", report.cuts);
    assert_cuts(&conversation, &report);
    assert_eq!(truncated(&house), heard_ms(&conversation));
    let speakers: Vec<_> = turns(&conversation).into_iter().map(|turn| turn["speaker"].as_str().expect("a word")).collect();
    assert_eq!(speakers, ["ai", "user", "ai", "user", "ai", "user", "ai"]);
    house.finish().await;
}

#[actix_rt::test]
async fn a_phone_that_returns_no_marks_can_be_interrupted_and_hung_up_all_the_same() {
    let house = House::with(&[("APP__CALL__MARK_GRACE_MS", "300")]).await;
    house.stage.twilio.hooks().keep_marks(true);
    let call = house.call_in(script([say("caller_hours"), interrupt(2_500, "caller_interrupt")].into_iter().chain(hear())));

    let report = call.ended(LONG).await.expect("an end");

    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!(report.cuts.len(), 1);
    assert_eq!(house.ended(call.call_sid()).await["ended_reason"], "assistant_ended");
    house.finish().await;
}
