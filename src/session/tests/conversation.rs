use super::*;

#[test]
fn a_session_opens_a_model_then_configures_it_then_asks_for_the_greeting() {
    let mut rig = Rig::new(History::default());
    assert_eq!(rig.take(), [Output::Model(ModelCommand::Open { delay: Duration::ZERO, route: Route::Primary })]);

    rig.model(ModelEvent::Opened);
    assert!(matches!(rig.take()[..], [Output::Model(ModelCommand::Configure { .. })]));

    rig.model(ModelEvent::Ready);
    assert_eq!(rig.instructions(), ["Say exactly this and nothing else: \"Hello.\""]);
}

#[test]
fn caller_audio_before_the_configuration_is_kept_and_flushed_before_anything_is_asked() {
    let mut rig = Rig::new(History::default());
    rig.leg(LegEvent::Audio(frame()));
    rig.model(ModelEvent::Opened);
    rig.leg(LegEvent::Audio(frame()));
    rig.take();

    rig.model(ModelEvent::Ready);

    let append = ModelCommand::Append(frame());
    assert_eq!(rig.orders()[..2], [&append, &append]);
    assert_eq!(rig.instructions().len(), 1);
}

#[test]
fn at_most_three_seconds_of_the_caller_are_kept() {
    let mut rig = Rig::new(History::default());

    rig.pass_with_media(5_000);
    rig.model(ModelEvent::Opened);
    rig.model(ModelEvent::Ready);

    let appended = rig.orders().iter().filter(|c| matches!(c, ModelCommand::Append(_))).count();
    assert_eq!(appended, 150);
    assert!(rig.notes().contains(&Note::CallerAudioDropped));
}

#[test]
fn caller_audio_goes_through_as_it_came() {
    let mut rig = Rig::greeted();

    rig.leg(LegEvent::Audio(frame()));

    assert_eq!(rig.take(), [Output::Model(ModelCommand::Append(frame()))]);
}

#[test]
fn the_first_sound_is_recorded_once() {
    let mut rig = Rig::ready();
    rig.pass(120);
    rig.answer("r", "a", "Hello.", 200);
    rig.marks_return();
    rig.answer("r2", "a2", "There.", 200);

    let firsts: Vec<_> = rig.out.iter().filter(|o| matches!(o, Output::Record(Record::FirstAudio { .. }))).collect();
    assert_eq!(firsts, [&Output::Record(Record::FirstAudio { after: ms(120) })]);
}

#[test]
fn an_answer_is_sent_ahead_by_the_lead_and_topped_up_as_it_is_heard() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.audio("r", "a", 5_000);
    assert_eq!(rig.played_ms(), 800);

    rig.leg(LegEvent::MarkReached("0:1:0".into()));
    rig.pass(1_000);

    assert_eq!(rig.played_ms(), 1_800);
}

#[test]
fn a_turn_is_recorded_when_it_sounds_when_its_text_is_known_and_when_it_was_heard() {
    let mut rig = Rig::greeted();

    rig.answer("r", "a", "At nine.", 400);
    let texts: Vec<_> = rig.turns().into_iter().map(|t| (t.revision, t.generated.0.as_str(), t.heard.0.as_str())).collect();
    assert_eq!(texts, [(1, "", ""), (2, "At nine.", "")]);

    rig.marks_return();
    let turn = rig.turns().last().cloned().cloned().expect("a turn");
    assert_eq!((turn.revision, turn.heard.0.as_str(), turn.interrupted), (3, "At nine.", false));
    assert_eq!((turn.heard_ms, turn.audio_ms), (400, 400));
}

#[test]
fn latency_runs_from_the_callers_last_sound_to_the_first_of_the_answer() {
    let mut rig = Rig::greeted();
    rig.caller_begins("u");
    rig.caller_ends("u");
    rig.pass(350);

    rig.answer("r", "a", "At nine.", 400);
    rig.marks_return();

    // Half a second of silence told the server that the turn was over.
    let sample = Output::Record(Record::Answered { after: ms(850) });
    assert_eq!(rig.out.iter().filter(|output| **output == sample).count(), 1);
    assert_eq!(rig.turns().last().and_then(|t| t.latency), Some(ms(850)));
}

#[test]
fn the_callers_words_stand_before_the_answer_though_they_come_later() {
    let mut rig = Rig::greeted();
    rig.caller_begins("u");
    rig.caller_ends("u");
    rig.answer("r", "a", "At nine.", 400);
    rig.marks_return();

    rig.model(ModelEvent::UserText { item: "u".into(), text: words("When?") });

    let last: Vec<_> = rig.turns().into_iter().rev().take(2).map(|t| (t.position, t.generated.0.clone())).collect();
    assert_eq!(last, [(1, "When?".to_owned()), (2, "At nine.".to_owned())]);
}

#[test]
fn media_that_breaks_off_in_mid_speech_is_replaced_by_silence() {
    let mut rig = Rig::greeted();
    rig.leg(LegEvent::Audio(frame()));
    rig.caller_begins("u");
    rig.leg(LegEvent::Audio(frame()));
    rig.take();

    rig.pass(1_600);

    let silence = ModelCommand::Append(EncodedAudio::encode(&[0xFF; 6_000]));
    assert_eq!(rig.orders(), [&silence, &silence]);
    assert_eq!(rig.notes(), [Note::SilencePadded; 2]);
}

#[test]
fn a_silent_caller_is_asked_twice_and_then_told_goodbye() {
    let mut rig = Rig::greeted();

    for asked in 1..=3 {
        rig.pass_with_media(30_020);
        assert_eq!(rig.instructions().len(), asked);
        rig.answer("r", "a", "Are you there?", 400);
        rig.marks_return();
    }

    assert_eq!(rig.hangup(), Some(HangupCause::CallerIdle));
}

#[test]
fn a_caller_who_speaks_is_not_idle() {
    let mut rig = Rig::greeted();
    rig.pass_with_media(29_000);
    rig.caller_begins("u");
    rig.pass_with_media(29_000);

    assert_eq!(rig.instructions(), [""; 0]);
}

#[test]
fn marks_that_never_return_do_not_stop_the_answer() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.audio("r", "a", 3_000);

    rig.pass_with_media(4_000);

    assert!(rig.played_ms() > 800);
    assert!(rig.notes().contains(&Note::MarkOverdue));
}

#[test]
fn unknown_marks_are_counted() {
    let mut rig = Rig::greeted();

    rig.leg(LegEvent::MarkReached("not ours".into()));
    rig.leg(LegEvent::MarkReached("0:77:20".into()));

    assert_eq!(rig.notes(), [Note::UnknownMark; 2]);
}

#[test]
fn an_unknown_tool_gets_an_error_and_the_model_may_go_on() {
    let mut rig = Rig::greeted();
    rig.created("r");
    let call = ToolCall { response: "r".into(), item: "f".into(), call_id: "c".into(), name: "fly".into(), arguments: words("{}") };

    rig.model(ModelEvent::ToolCalled(call));
    rig.response_done("r", ResponseStatus::Completed);

    assert!(matches!(rig.orders()[0], ModelCommand::ToolResult { output, .. } if output.contains("no such tool")));
    assert_eq!(rig.instructions(), [""]);
}

#[test]
fn a_failed_answer_is_asked_for_again_and_given_up_after_three() {
    let mut rig = Rig::greeted();
    for attempt in 1..=3 {
        rig.created("r");
        rig.response_done("r", ResponseStatus::Failed { retry: true, reason: "server_error".into() });
        rig.pass(250);
        assert_eq!(rig.instructions().len(), attempt.min(2));
    }

    assert_eq!(rig.hangup(), Some(HangupCause::ModelUnavailable));
}

#[test]
fn an_answer_longer_than_any_answer_is_cut_and_recorded() {
    let mut rig = Rig::greeted();
    rig.created("r");

    rig.audio("r", "a", 204_800);
    rig.audio("r", "a", 2_000);

    assert!(rig.notes().contains(&Note::PlaybackOverflow));
    assert!(rig.orders().iter().any(|c| matches!(c, ModelCommand::Cancel { response, .. } if response == "r")));
}
