use super::*;

#[actix_rt::test]
async fn a_model_lost_in_mid_answer_is_replaced_within_two_seconds_and_knows_what_was_said() {
    let house = House::open().await;
    house.openai().kill_after_audio(10_000);
    let call = house.call_in(patient());

    let report = call.ended(LONG).await.expect("an end");
    let conversation = house.conversation(call.call_sid()).await;

    assert!(report.completed(), "{:?}", report.outcome);
    let pause = silence(&report, clears(&report)[0].0);
    assert!(pause < PAUSE, "silent for {pause:?}");
    let (sessions, seeds) = (house.openai().sessions(), seeds(&house));
    assert_eq!((sessions.len(), &sessions[0].responses[..]), (2, &["completed"][..]), "the second answer was cut off");
    assert_eq!(seeds[..2], [by("assistant", "agent_greeting"), by("user", "caller_hours")]);
    assert!(clip("agent_hours").starts_with(&seeds[2].1) && seeds[2].1 != clip("agent_hours"), "{seeds:?}");
    assert_cuts(&conversation, &report);
    assert_eq!(turns(&conversation)[2]["heard"], seeds[2].1);
    assert_eq!(house.ended(call.call_sid()).await["ended_reason"], "assistant_ended");
    house.finish().await;
}

#[actix_rt::test]
async fn a_model_lost_before_it_wrote_the_question_down_is_replaced_all_the_same() {
    let house = House::open().await;
    house.openai().kill_after_audio(5_000);
    let call = house.call_in(patient());

    let report = call.ended(LONG).await.expect("an end");
    let conversation = house.conversation(call.call_sid()).await;

    assert!(report.completed(), "{:?}", report.outcome);
    let pause = silence(&report, clears(&report)[0].0);
    assert!(pause < PAUSE, "silent for {pause:?}");
    assert_eq!(seeds(&house)[0], by("assistant", "agent_greeting"));
    assert_cuts(&conversation, &report);
    assert_eq!(said(&conversation, "user").last(), Some(&clip("caller_goodbye")));
    house.finish().await;
}

#[actix_rt::test]
async fn a_model_lost_while_the_caller_speaks_is_replaced_and_hears_the_rest() {
    let house = House::open().await;
    let began = |report: &CallReport| report.first(|what| matches!(what, Happening::CallerBegan { .. })).is_some();
    let call = house.call_in(script([say("caller_move")].into_iter().chain(hear())));
    call.until(LONG, began).await.expect("a question");

    house.openai().kill_sockets();
    let report = call.ended(LONG).await.expect("an end");

    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!(house.openai().sessions().len(), 2);
    assert_eq!(house.openai().sessions()[1].heard.len(), 2, "the rest of the question, and the goodbye");
    assert!(report.turn_latencies.iter().all(|latency| *latency < PAUSE), "{:?}", report.turn_latencies);
    house.finish().await;
}

#[actix_rt::test]
async fn a_model_that_is_lost_between_two_answers_is_not_missed() {
    let house = House::open().await;
    let call = house.call_in(script([Step::Pause(ms(500)), say("caller_move")].into_iter().chain(hear())));
    let greeted = |report: &CallReport| report.timeline.iter().any(|event| event.what == Happening::AgentEnded);
    call.until(LONG, greeted).await.expect("a greeting");

    house.openai().close_with(1001, "going away");
    let report = call.ended(LONG).await.expect("an end");
    let conversation = house.conversation(call.call_sid()).await;

    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!(said(&conversation, "user"), ["caller_move", "caller_goodbye"].map(clip));
    assert_eq!(said(&conversation, "ai"), ["agent_greeting", "agent_moved", "agent_goodbye"].map(clip));
    assert_eq!((house.openai().sessions().len(), clears(&report).len()), (2, 0));
    house.finish().await;
}

#[actix_rt::test]
async fn a_model_that_falls_silent_is_replaced() {
    let house = House::with(&[("APP__CALL__MODEL_SILENCE_MS", "1500")]).await;
    let call = house.call_in(script([say("caller_hours")].into_iter().chain(hear())));
    let asked = |report: &CallReport| report.first(|what| matches!(what, Happening::CallerEnded { .. })).is_some();
    call.until(LONG, asked).await.expect("a question");
    eventually("the model owes an answer", async || {
        let told = house.get(&format!("/api/call/{}/events", call.call_sid())).await;
        let is_told = |name: &str| told["events"].as_array().is_some_and(|events| events.iter().any(|event| event["name"] == name));
        if is_told("input_audio_buffer.speech_stopped") { Ok(()) } else { Err(told) }
    })
    .await;

    house.openai().mute(true);
    eventually("another session", async || {
        let sessions = house.openai().sessions().len();
        if sessions == 2 { Ok(()) } else { Err(sessions) }
    })
    .await;
    house.openai().mute(false);
    let report = call.ended(LONG).await.expect("an end");

    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!(house.ended(call.call_sid()).await["ended_reason"], "assistant_ended");
    house.finish().await;
}

#[actix_rt::test]
async fn an_answer_that_fails_is_asked_for_again() {
    let house = House::open().await;
    let call = house.call_in(script([say("caller_move")].into_iter().chain(hear())));
    let began = |report: &CallReport| report.first(|what| matches!(what, Happening::CallerBegan { .. })).is_some();
    call.until(LONG, began).await.expect("a question");

    house.openai().fail_next_response("server_error");
    let report = call.ended(LONG).await.expect("an end");

    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!(house.openai().sessions()[0].responses, ["completed", "failed", "completed", "completed"]);
    let conversation = house.conversation(call.call_sid()).await;
    assert_eq!(said(&conversation, "ai"), ["agent_greeting", "agent_moved", "agent_goodbye"].map(clip));
    house.finish().await;
}
