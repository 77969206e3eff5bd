use super::*;

/// Asks for the long answer, and breaks off in it.
fn broken_off() -> [Step; 4] {
    [say("caller_hours"), Step::WaitForSpeech { within: WITHIN }, Step::Pause(ms(1_500)), Step::DropSocket]
}

fn epochs(conversation: &Value) -> Vec<u64> {
    turns(conversation).into_iter().map(|turn| turn["epoch"].as_u64().expect("a number")).collect()
}

#[actix_rt::test]
async fn a_call_whose_stream_breaks_off_goes_on_where_it_was() {
    let house = House::open().await;
    let call = house.call_in(script(broken_off().into_iter().chain(hear())));

    let report = call.ended(LONG).await.expect("an end");
    let row = house.ended(call.call_sid()).await;
    let conversation = house.conversation(call.call_sid()).await;

    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!(report.streams.len(), 2);
    let resumed = |what: &Happening| matches!(what, Happening::WebhookSent { path } if path.starts_with("/twilio/resume/"));
    assert!(report.first(resumed).is_some(), "{:?}", report.timeline);
    let dropped = report.first(|what| *what == Happening::SocketDropped).expect("a drop");
    assert!(silence(&report, dropped) < PAUSE, "silent for {:?}", silence(&report, dropped));

    assert!(epochs(&conversation).is_sorted() && epochs(&conversation).contains(&2), "{:?}", epochs(&conversation));
    assert_eq!(said(&conversation, "user"), ["caller_hours", "caller_goodbye"].map(clip));
    assert_eq!(said(&conversation, "ai").iter().filter(|text| **text == clip("agent_greeting")).count(), 1, "greeted once");
    let cut = turns(&conversation)[2];
    assert_eq!(cut["interrupted"], true);
    assert!(cut["heard_ms"].as_u64().is_some_and(|ms| (1_400..1_800).contains(&ms)), "{cut}");
    let seeds = seeds(&house);
    assert_eq!(seeds[..2], [by("assistant", "agent_greeting"), by("user", "caller_hours")]);
    assert_eq!(seeds[2].1, cut["heard"]);

    let terminal = (&row["epoch"], &row["status"], &row["ended_reason"]);
    assert_eq!(terminal, (&2.into(), &"completed".into(), &"assistant_ended".into()));
    assert_eq!(house.get("/api/call-history").await["total"], 1);
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_that_keeps_losing_its_stream_ends_with_an_apology() {
    let house = House::open().await;
    let again = [Step::WaitForSpeech { within: WITHIN }, Step::DropSocket];
    let call = house.call_in(CallerScript::new([again.as_slice(); 4].concat().into_iter().chain([Step::FallSilent]).collect()));

    let report = call.ended(LONG).await.expect("an end");
    let row = house.ended(call.call_sid()).await;

    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!(report.streams.len(), 4);
    assert!(report.first(|what| matches!(what, Happening::Said { text } if text.contains("sorry"))).is_some(), "{:?}", report.timeline);
    assert_eq!((&row["status"], &row["ended_reason"]), (&"failed".into(), &"stream_lost".into()));
    house.finish().await;
}

#[actix_rt::test]
async fn a_phone_that_sends_no_media_any_more_gets_another_stream() {
    let house = House::with(&[("APP__CALL__MEDIA_SILENCE_MS", "1000")]).await;
    let steps = [Step::WaitForSpeech { within: WITHIN }, Step::GoMute, Step::Pause(ms(3_000))];
    let call = house.call_in(CallerScript::new(steps.into_iter().chain(goodbye()).collect()));

    let report = call.ended(LONG).await.expect("an end");

    assert!(report.completed(), "{:?}", report.outcome);
    let silent = silence(&report, report.streams[0].ended.expect("an end"));
    assert!(silent < PAUSE, "silent for {silent:?} after a second without media");
    assert_eq!((report.streams.len(), report.streams[0].close_code), (2, Some(1012)));
    assert_eq!(house.ended(call.call_sid()).await["ended_reason"], "assistant_ended");
    house.finish().await;
}

#[actix_rt::test]
async fn a_caller_who_hangs_up_after_the_stream_broke_off_has_hung_up() {
    let house = House::open().await;
    let steps = broken_off().into_iter().chain([Step::WaitForSpeech { within: WITHIN }, Step::HangUp]);
    let call = house.call_in(CallerScript::new(hear().into_iter().chain(steps).collect()));

    call.ended(LONG).await.expect("an end");

    let row = house.ended(call.call_sid()).await;
    assert_eq!((&row["status"], &row["ended_reason"], &row["epoch"]), (&"completed".into(), &"caller_hung_up".into(), &2.into()));
    house.finish().await;
}
