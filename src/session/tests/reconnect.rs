use super::*;

fn lose(rig: &mut Rig) {
    rig.model(ModelEvent::Lost { retry: true, reason: "1006".into() });
}

fn seeds(rig: &Rig) -> Vec<(Speaker, &str)> {
    rig.orders().into_iter().filter_map(seed).collect()
}

fn seed(command: &ModelCommand) -> Option<(Speaker, &str)> {
    if let ModelCommand::Seed(seed) = command { seed.content.said() } else { None }
}

#[test]
fn a_model_lost_in_mid_answer_is_replaced_told_what_was_heard_and_asked_to_go_on() {
    let mut rig = Rig::greeted();
    rig.caller_begins("u");
    rig.caller_ends("u");
    rig.model(ModelEvent::UserText { item: "u".into(), text: words("When?") });
    rig.created("r");
    rig.model(ModelEvent::Text { item: "a".into(), delta: words("At nine or at ten or at noon.") });
    rig.audio("r", "a", 2_000);
    rig.leg(LegEvent::MarkReached("0:1:0".into()));
    rig.pass(700);
    rig.take();

    lose(&mut rig);
    assert!(rig.out.contains(&Output::Leg(LegCommand::Clear)));
    assert!(rig.out.contains(&Output::Model(ModelCommand::Open { delay: Duration::ZERO, route: Route::Primary })));
    assert!(rig.notes().contains(&Note::ModelReconnected));

    rig.leg(LegEvent::Audio(frame()));
    rig.model(ModelEvent::Opened);
    rig.model(ModelEvent::Ready);
    assert_eq!(seeds(&rig), [(Speaker::Ai, "Hello."), (Speaker::User, "When?"), (Speaker::Ai, "At nine")]);
    assert!(rig.orders().contains(&&ModelCommand::Append(frame())));
    assert!(rig.instructions()[0].contains("go on where the conversation stopped"));
}

#[test]
fn a_model_lost_while_its_answer_is_played_out_lets_it_play() {
    let mut rig = Rig::greeted();
    rig.answer("r", "a", "At nine.", 2_000);
    rig.leg(LegEvent::MarkReached("0:1:0".into()));

    lose(&mut rig);
    rig.model(ModelEvent::Opened);
    rig.model(ModelEvent::Ready);
    rig.pass(1_500);

    assert_eq!(rig.played_ms(), 2_000);
    assert_eq!(rig.instructions(), [""; 0]);
}

#[test]
fn the_next_model_is_told_what_still_plays_and_what_of_it_was_cut_off() {
    let mut rig = Rig::greeted();
    rig.answer("r", "a", "one two three four five six seven eight", 4_000);
    rig.leg(LegEvent::MarkReached("0:1:0".into()));
    lose(&mut rig);
    rig.take();

    rig.become_ready();
    assert_eq!(seeds(&rig), [(Speaker::Ai, "Hello."), (Speaker::Ai, "one two three four five six seven eight")]);
    rig.take();
    rig.pass(1_000);
    rig.caller_begins("u");

    let cut = rig.orders();
    assert!(cut.iter().any(|order| matches!(order, ModelCommand::Delete { item, .. } if item == "a")), "{cut:?}");
    assert!(!cut.iter().any(|order| matches!(order, ModelCommand::Truncate { .. })), "it has no audio of that: {cut:?}");
    assert_eq!(seeds(&rig), [(Speaker::Ai, "one two")]);
}

#[test]
fn a_greeting_that_never_sounded_is_asked_for_again() {
    let mut rig = Rig::ready();
    rig.take();

    lose(&mut rig);
    rig.model(ModelEvent::Opened);
    rig.model(ModelEvent::Ready);

    assert_eq!(rig.instructions(), ["Say exactly this and nothing else: \"Hello.\""]);
}

#[test]
fn an_answer_owed_is_still_owed_when_the_next_model_is_lost_too() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.audio("r", "a", 500);
    lose(&mut rig);
    lose(&mut rig);
    rig.take();

    rig.model(ModelEvent::Opened);
    rig.model(ModelEvent::Ready);

    assert_eq!(rig.instructions().len(), 1);
}

#[test]
fn a_model_that_cannot_be_had_ends_the_call_in_the_lifeboat() {
    let mut rig = Rig::new(History::default());
    for _ in 0..3 {
        lose(&mut rig);
        assert_eq!(rig.hangup(), None);
    }

    lose(&mut rig);

    assert_eq!(rig.hangup(), Some(HangupCause::ModelUnavailable));
}

#[test]
fn a_model_that_is_only_waited_for_ends_the_call_in_the_lifeboat_too() {
    let mut rig = Rig::new(History::default());
    rig.pass_with_media(5_980);
    assert_eq!(rig.hangup(), None);

    rig.pass_with_media(40);

    assert_eq!(rig.hangup(), Some(HangupCause::ModelUnavailable));
}

#[test]
fn a_model_that_came_is_not_waited_for_any_more() {
    let mut rig = Rig::greeted();

    rig.pass_with_media(20_000);

    assert_eq!(rig.hangup(), None);
}

#[test]
fn a_refusal_that_no_retry_can_mend_ends_the_call_at_once() {
    for event in [
        ModelEvent::Lost { retry: false, reason: "invalid_api_key".into() },
        ModelEvent::Refused("unknown voice".into()),
        ModelEvent::Error(ModelError {
            class: ErrorClass::Fatal,
            code: "insufficient_quota".into(),
            message: String::new(),
            caused_by: None,
        }),
    ] {
        let mut rig = Rig::new(History::default());

        rig.model(event);

        assert_eq!(rig.hangup(), Some(HangupCause::ModelUnavailable));
    }
}

#[test]
fn a_model_that_owes_an_answer_for_too_long_is_replaced() {
    let mut rig = Rig::greeted();
    rig.caller_begins("u");
    rig.caller_ends("u");
    rig.take();

    rig.pass_with_media(8_020);

    assert!(rig.out.contains(&Output::Model(ModelCommand::Open { delay: Duration::ZERO, route: Route::Primary })));
}

#[test]
fn a_resumed_call_is_not_greeted_but_goes_on() {
    let said = Message(SeedContent::Said { speaker: Speaker::Ai, text: words("Hello.") });
    let history = History { messages: vec![said], resumed: true, owes_answer: true, elapsed: ms(60_000), next_seq: 0, generation: 0 };
    let mut rig = Rig::new(history);

    rig.model(ModelEvent::Opened);
    rig.model(ModelEvent::Ready);

    assert_eq!(seeds(&rig), [(Speaker::Ai, "Hello.")]);
    assert!(rig.instructions()[0].contains("go on"));
}

#[test]
fn what_a_session_leaves_to_its_successor_lets_it_go_on_there() {
    let mut first = Rig::ready();
    first.answer("greeting", "g", "Hello.", 400);
    first.marks_return();
    let mut chronicle = Chronicle::after(&History::default());
    first.take().iter().for_each(|output| chronicle.observe(output));

    let mut second = Rig::new(chronicle.history(ms(900)));
    assert_eq!(second.out[0], Output::Leg(LegCommand::Clear));

    second.model(ModelEvent::Opened);
    second.model(ModelEvent::Ready);
    assert_eq!(seeds(&second), [(Speaker::Ai, "Hello.")]);
}

#[test]
fn a_lost_request_race_is_no_trouble() {
    let mut rig = Rig::ready();
    rig.created("vad");
    let taken = ModelError { class: ErrorClass::LaneTaken, code: String::new(), message: String::new(), caused_by: None };
    rig.model(ModelEvent::Error(taken));
    rig.take();

    rig.response_done("vad", ResponseStatus::Completed);

    assert_eq!(rig.instructions().len(), 1);
    assert_eq!(rig.hangup(), None);
}
