use super::*;

/// Hears the greeting out, then does this, the last of which ends the call.
fn short(steps: impl IntoIterator<Item = Step>) -> CallerScript {
    CallerScript::new(hear().into_iter().chain(steps).collect())
}

#[actix_rt::test]
async fn a_caller_who_hangs_up_in_mid_sentence_leaves_nothing_behind() {
    let house = House::open().await;
    let call = house.call_in(short([say("caller_hours"), Step::WaitForSpeech { within: WITHIN }, Step::Pause(ms(1_000)), Step::HangUp]));

    call.ended(LONG).await.expect("an end");
    let row = house.ended(call.call_sid()).await;
    let conversation = house.conversation(call.call_sid()).await;

    assert_eq!((&row["status"], &row["ended_reason"]), (&"completed".into(), &"caller_hung_up".into()));
    assert_eq!(said(&conversation, "user"), [clip("caller_hours")]);
    let last = turns(&conversation)[2];
    assert_eq!(last["interrupted"], true);
    assert!(last["heard_ms"].as_u64().is_some_and(|ms| (800..1_600).contains(&ms)), "{last}");
    house.finish().await;
}

#[actix_rt::test]
async fn the_last_words_of_a_caller_are_on_record_though_they_are_written_down_after_the_call() {
    let house = House::open().await;
    let call = house.call_in(short([say("caller_hours"), Step::Pause(ms(650)), Step::HangUp]));

    call.ended(LONG).await.expect("an end");

    assert_eq!(house.ended(call.call_sid()).await["ended_reason"], "caller_hung_up");
    assert_eq!(said(&house.conversation(call.call_sid()).await, "user"), [clip("caller_hours")]);
    house.finish().await;
}

#[actix_rt::test]
async fn a_caller_who_hangs_up_with_the_last_word_is_still_on_record() {
    let house = House::open().await;
    let call = house.call_in(short([say("caller_hours"), Step::HangUp]));

    call.ended(LONG).await.expect("an end");

    assert_eq!(house.ended(call.call_sid()).await["ended_reason"], "caller_hung_up");
    assert_eq!(said(&house.conversation(call.call_sid()).await, "user"), [clip("caller_hours")]);
    house.finish().await;
}

#[actix_rt::test]
async fn a_caller_who_hangs_up_before_the_greeting_leaves_nothing_behind() {
    let house = House::open().await;
    let call = house.call_in(CallerScript::new(vec![Step::HangUp]));

    call.ended(LONG).await.expect("an end");

    let row = house.ended(call.call_sid()).await;
    assert_eq!((&row["status"], &row["ended_reason"]), (&"completed".into(), &"caller_hung_up".into()));
    house.finish().await;
}

#[actix_rt::test]
async fn a_caller_who_says_nothing_is_asked_twice_then_told_goodbye() {
    let house = House::with(&[("APP__CALL__IDLE_MS", "1000")]).await;
    let call = house.call_in(CallerScript::silent());

    let report = call.ended(LONG).await.expect("an end");

    assert_eq!(house.ended(call.call_sid()).await["ended_reason"], "caller_idle");
    assert_eq!(heard(&report).len(), 4, "greeted, asked twice, told goodbye: {:?}", report.timeline);
    house.finish().await;
}
