use super::*;

/// What a platform grants between SIGTERM and SIGKILL is 10 s.
const GRANTED: Duration = Duration::from_secs(9);

#[actix_rt::test]
async fn an_engine_that_is_told_to_stop_leaves_every_record_on_file_and_its_next_life_goes_on_with_the_call() {
    let house = House::open().await;
    let rest = [say("caller_hours"), Step::Pause(ms(4_000)), Step::WaitForSpeech { within: WITHIN }, Step::HangUp];
    let call = house.call_in(CallerScript::new(hear().into_iter().chain(rest).collect()));
    in_mid_answer(&house, &call).await;

    let (house, took) = house.move_house().await;

    assert!(took < GRANTED, "{took:?}");
    let row = house.ended(call.call_sid()).await;
    assert_eq!(
        (&row["status"], &row["ended_reason"], &row["counters"]["resumes"]),
        (&"completed".into(), &"caller_hung_up".into(), &1.into())
    );
    let conversation = house.conversation(call.call_sid()).await;
    assert_eq!(said(&conversation, "user"), [clip("caller_hours")]);
    let cut = turns(&conversation)[2];
    assert!(cut["generated"].as_str().is_some_and(|text| !text.is_empty() && clip("agent_hours").starts_with(text.trim())), "{cut}");
    assert_eq!(cut["interrupted"], true);
    assert!(cut["heard_ms"].as_u64().is_some_and(|ms| ms > 0) && cut["heard_ms"].as_u64() < cut["audio_ms"].as_u64(), "{cut}");

    let report = call.ended(LONG).await.expect("an end");
    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!((report.streams.len(), report.streams[0].close_code), (2, Some(1012)));
    house.finish().await;
}

#[actix_rt::test]
async fn an_engine_without_calls_stops_at_once() {
    let house = House::open().await;

    let (house, took) = house.move_house().await;

    assert!(took < ms(3_000), "{took:?}");
    house.finish().await;
}
