use super::*;

fn end_call(response: &'static str) -> ModelEvent {
    ModelEvent::ToolCalled(ToolCall {
        response: response.into(),
        item: "f".into(),
        call_id: "c".into(),
        name: "end_call".into(),
        arguments: words("{}"),
    })
}

#[test]
fn the_assistant_hangs_up_when_the_last_mark_of_its_goodbye_has_come_back() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.audio("r", "a", 600);
    rig.model(ModelEvent::AudioDone { item: "a".into() });
    rig.model(end_call("r"));
    rig.response_done("r", ResponseStatus::Completed);
    assert_eq!(rig.hangup(), None);

    rig.marks_return();

    assert_eq!(rig.hangup(), Some(HangupCause::AssistantEnded));
    assert!(matches!(rig.out.last(), Some(Output::Hangup(_))));
}

#[test]
fn a_goodbye_that_is_never_heard_to_its_end_is_waited_for_only_so_long() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.audio("r", "a", 600);
    rig.model(end_call("r"));

    rig.pass_with_media(10_020);

    assert_eq!(rig.hangup(), Some(HangupCause::AssistantEnded));
}

#[test]
fn a_caller_who_hangs_up_leaves_the_unheard_part_unheard() {
    let mut rig = Rig::greeted();
    rig.answer("r", "a", "one two three four five six seven eight nine ten", 5_000);
    rig.leg(LegEvent::MarkReached("0:1:0".into()));
    rig.pass(700);

    rig.leg(LegEvent::Stopped);

    assert_eq!(rig.hangup(), Some(HangupCause::CallerHungUp));
    assert_eq!(rig.turns().last().map(|t| (t.heard_ms, t.interrupted)), Some((700, true)));
}

#[test]
fn the_callers_last_words_are_waited_for() {
    let mut rig = Rig::greeted();
    rig.caller_begins("u");
    rig.caller_ends("u");
    rig.leg(LegEvent::Stopped);
    assert_eq!(rig.hangup(), None);

    rig.model(ModelEvent::UserText { item: "u".into(), text: words("Bye.") });

    assert_eq!(rig.hangup(), Some(HangupCause::CallerHungUp));
    assert_eq!(rig.turns().last().map(|t| t.generated.0.as_str()), Some("Bye."));
}

#[test]
fn a_caller_who_hangs_up_while_speaking_is_given_the_silence_that_ends_the_turn() {
    let mut rig = Rig::greeted();
    rig.caller_begins("u");
    rig.take();

    rig.leg(LegEvent::Stopped);

    let padded = |output: &Output| matches!(output, Output::Model(ModelCommand::Append(audio)) if audio.duration_ms() == 750);
    assert_eq!((rig.out.iter().filter(|output| padded(output)).count(), rig.hangup()), (1, None));
    rig.model(ModelEvent::UserText { item: "u".into(), text: words("Bye.") });
    assert_eq!(rig.hangup(), Some(HangupCause::CallerHungUp));
    assert_eq!(rig.turns().last().map(|t| t.generated.0.as_str()), Some("Bye."));
}

#[test]
fn but_not_for_ever() {
    let mut rig = Rig::greeted();
    rig.caller_begins("u");
    rig.caller_ends("u");
    rig.leg(LegEvent::Stopped);

    rig.pass(2_000);

    assert_eq!(rig.hangup(), Some(HangupCause::CallerHungUp));
}

#[test]
fn nothing_is_played_while_the_last_words_are_waited_for() {
    let mut rig = Rig::greeted();
    rig.caller_begins("u");
    rig.caller_ends("u");
    rig.leg(LegEvent::Stopped);

    rig.created("r");
    rig.audio("r", "a", 500);

    assert_eq!(rig.played_ms(), 0);
}

#[test]
fn a_stream_that_breaks_off_is_lost_and_not_over() {
    let mut rig = Rig::greeted();

    rig.leg(LegEvent::Lost);

    assert_eq!(rig.hangup(), Some(HangupCause::StreamLost));
}

#[test]
fn a_stream_without_media_is_dead() {
    let mut rig = Rig::greeted();

    rig.pass(10_000);

    assert_eq!(rig.hangup(), Some(HangupCause::MediaSilent));
}

#[test]
fn a_call_ends_at_its_longest_duration() {
    let mut rig = Rig::new(History { elapsed: ms(3_599_000), resumed: true, ..History::default() });

    rig.pass_with_media(1_000);

    assert_eq!(rig.hangup(), Some(HangupCause::MaxDuration));
}

#[test]
fn whoever_asks_for_the_end_gets_it() {
    let mut rig = Rig::greeted();

    rig.input(Input::HangupRequested(HangupCause::Requested));

    assert_eq!(rig.hangup(), Some(HangupCause::Requested));
}

#[test]
fn after_the_hangup_nothing_happens_any_more() {
    let mut rig = Rig::greeted();
    rig.leg(LegEvent::Stopped);
    rig.take();

    rig.leg(LegEvent::Audio(frame()));
    rig.leg(LegEvent::Stopped);
    rig.model(ModelEvent::Ready);
    rig.input(Input::Timeout);

    assert_eq!(rig.take(), []);
    assert_eq!(rig.session.poll_timeout(), None);
}

#[test]
fn an_interrupted_responses_hangup_call_is_answered_and_ignored() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.audio("r", "a", 500);
    rig.caller_begins("u");

    rig.model(end_call("r"));
    rig.response_done("r", ResponseStatus::Cancelled);
    rig.caller_ends("u");
    rig.pass_with_media(4_000);

    assert!(rig.orders().iter().any(|c| matches!(c, ModelCommand::ToolResult { .. })));
    assert_eq!(rig.hangup(), None);
}
