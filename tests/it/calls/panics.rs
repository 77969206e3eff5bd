use alpha_call::actors::sabotage::Part;

use super::*;

#[actix_rt::test]
async fn a_panic_costs_its_call_less_than_two_seconds_and_its_neighbour_nothing() {
    let house = House::open().await;
    let (call, neighbour) = (house.call_in(patient()), house.call_in(script([say("caller_move")].into_iter().chain(hear()))));
    in_mid_answer(&house, &call).await;

    assert!(house.engine.sabotage(id_of(&house, &call).await).await);
    let broken = now(&call);
    let report = call.ended(LONG).await.expect("an end");
    let other = neighbour.ended(LONG).await.expect("an end");

    assert!(report.completed(), "{:?}", report.outcome);
    let pause = silence(&report, broken);
    assert!(pause < PAUSE, "silent for {pause:?}");
    assert_eq!(report.streams.len(), 1, "the phone stream outlives the panic");
    assert_eq!(seeds(&house)[..2], [by("assistant", "agent_greeting"), by("user", "caller_hours")]);
    assert_eq!(house.ended(call.call_sid()).await["ended_reason"], "assistant_ended");

    assert!(other.completed(), "{:?}", other.outcome);
    assert_eq!((clears(&other), other.streams.len(), house.openai().connects()), (Vec::new(), 1, 3));
    assert!(other.turn_latencies.iter().all(|latency| *latency < ms(1_500)), "{:?}", other.turn_latencies);
    let conversation = house.conversation(neighbour.call_sid()).await;
    assert_eq!(said(&conversation, "user"), ["caller_move", "caller_goodbye"].map(clip));
    assert_eq!(said(&conversation, "ai"), ["agent_greeting", "agent_moved", "agent_goodbye"].map(clip));
    house.finish().await;
}

#[actix_rt::test]
async fn a_panic_in_mid_greeting_does_not_begin_the_call_anew() {
    let house = House::open().await;
    let call = house.call_in(script([]));
    call.until(LONG, |report| !heard(report).is_empty()).await.expect("a greeting");

    assert!(house.engine.sabotage(id_of(&house, &call).await).await);
    let broken = now(&call);
    let report = call.ended(LONG).await.expect("an end");

    assert!(report.completed(), "{:?}", report.outcome);
    let pause = silence(&report, broken);
    assert!(pause < PAUSE, "silent for {pause:?}");
    let spoken: Vec<String> = house.openai().sessions().into_iter().flat_map(|session| session.spoken).collect();
    assert_eq!(spoken.iter().filter(|text| **text == clip("agent_greeting")).count(), 1, "{spoken:?}");
    house.finish().await;
}

#[actix_rt::test]
async fn a_panic_while_the_caller_speaks_does_not_end_the_talk() {
    let house = House::open().await;
    let began = |report: &CallReport| report.first(|what| matches!(what, Happening::CallerBegan { .. })).is_some();
    let call = house.call_in(script([say("caller_hours")].into_iter().chain(hear())));
    call.until(LONG, began).await.expect("a question");

    assert!(house.engine.sabotage(id_of(&house, &call).await).await);
    let report = call.ended(LONG).await.expect("an end");

    assert!(report.completed(), "{:?}", report.outcome);
    assert!(report.turn_latencies.iter().all(|latency| *latency < PAUSE), "{:?}", report.turn_latencies);
    assert_eq!(house.ended(call.call_sid()).await["ended_reason"], "assistant_ended");
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_that_panics_too_often_goes_on_with_another_stream() {
    let house = House::open().await;
    let call = house.call_in(patient());
    in_mid_answer(&house, &call).await;
    let id = id_of(&house, &call).await;

    for _ in 0..4 {
        assert!(house.engine.sabotage(id).await);
    }
    let broken = now(&call);
    let report = call.ended(LONG).await.expect("an end");

    assert!(report.completed(), "{:?}", report.outcome);
    let pause = silence(&report, broken);
    assert!(pause < PAUSE, "silent for {pause:?}");
    assert_eq!((report.streams.len(), report.streams[0].close_code), (2, Some(1012)));
    let row = house.ended(call.call_sid()).await;
    assert_eq!((&row["status"], &row["ended_reason"], &row["epoch"]), (&"completed".into(), &"assistant_ended".into(), &2.into()));
    house.finish().await;
}

#[actix_rt::test]
async fn a_panic_of_what_all_calls_share_costs_none_of_them_anything_and_is_mended() {
    let house = House::open().await;
    let call = house.call_in(patient());
    in_mid_answer(&house, &call).await;

    for part in [Part::Governor, Part::Supervisor, Part::DialQueue, Part::Logger] {
        house.engine.break_part(part);
        assert_eq!(house.get("/health").await["status"], "ok", "after {part:?} broke");
    }
    let next = house.call_in(script([]));
    let (report, other) = (call.ended(LONG).await.expect("an end"), next.ended(LONG).await.expect("an end"));

    for report in [&report, &other] {
        assert!(report.completed(), "{:?}", report.outcome);
        assert_eq!(report.streams.len(), 1);
        assert_eq!(house.ended(&report.call_sid).await["ended_reason"], "assistant_ended");
    }
    assert!(report.turn_latencies.iter().all(|latency| *latency < PAUSE), "{:?}", report.turn_latencies);
    house.finish().await;
}

#[actix_rt::test]
async fn a_process_that_cannot_mend_itself_any_more_says_so_and_its_calls_go_on() {
    let house = House::open().await;
    let call = house.call_in(patient());
    in_mid_answer(&house, &call).await;

    for _ in 0..11 {
        house.engine.break_part(Part::DialQueue);
    }
    // Each pause before a restart is twice as long as the one before.
    eventually_within(LONG, "the process is to be replaced", async || {
        let live = house.api().get("/health/live").await.expect("an answer");
        if live.status == 503 && live.body["fallen_actors"] == serde_json::json!(["dial_queue"]) { Ok(()) } else { Err(live.body) }
    })
    .await;

    assert_eq!(house.api().get("/health").await.expect("an answer").status, 503);
    let report = call.ended(LONG).await.expect("an end");
    assert!(report.completed(), "{:?}", report.outcome);
    drop(house.give_up());
}
