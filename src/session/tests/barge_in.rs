use super::*;

/// Every order about interruption, in order.
fn interruption(rig: &mut Rig) -> Vec<Output> {
    let is_order = |o: &Output| match o {
        Output::Leg(command) => *command == LegCommand::Clear,
        Output::Model(command) => !matches!(command, ModelCommand::Append(_)),
        Output::Standby(_) | Output::Promote | Output::Tool(_) | Output::Transfer(_) | Output::Record(_) | Output::Hangup(_) => false,
    };
    rig.take().into_iter().filter(is_order).collect()
}

fn truncate(n: u32, item: &'static str, audio_end_ms: u64) -> Output {
    truncate_to(n, item, audio_end_ms, None)
}

fn truncate_to(n: u32, item: &'static str, audio_end_ms: u64, heard: Option<&str>) -> Output {
    let heard = heard.map(words);
    Output::Model(ModelCommand::Truncate { event_id: format!("truncate_{n}"), item: item.into(), audio_end_ms, heard })
}

fn delete(n: u32, item: &'static str) -> Output {
    Output::Model(ModelCommand::Delete { event_id: format!("delete_{n}"), item: item.into() })
}

fn mark(rig: &mut Rig, name: &'static str) {
    rig.leg(LegEvent::MarkReached(name.into()));
}

#[test]
fn caller_speech_during_playback_clears_then_truncates_at_what_was_heard() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.audio("r", "a", 5_000);
    mark(&mut rig, "0:1:0");
    rig.pass(420);
    rig.take();

    rig.caller_begins("u");

    assert_eq!(interruption(&mut rig), [Output::Leg(LegCommand::Clear), truncate(2, "a", 420)]);
}

#[test]
fn it_works_when_the_model_finished_long_ago() {
    let mut rig = Rig::greeted();
    rig.answer("r", "a", "A long answer that goes on and on and on.", 10_000);
    mark(&mut rig, "0:1:0");
    rig.pass(300);
    mark(&mut rig, "0:1:300");
    rig.pass(50);
    rig.take();

    rig.caller_begins("u");

    assert_eq!(interruption(&mut rig), [Output::Leg(LegCommand::Clear), truncate(2, "a", 350)]);
}

#[test]
fn the_model_is_told_the_words_that_were_heard_where_they_are_known() {
    let mut rig = Rig::greeted();
    rig.answer("r", "a", "A long answer that goes on and on and on.", 4_000);
    mark(&mut rig, "0:1:0");
    rig.pass(1_000);
    mark(&mut rig, "0:1:1000");
    rig.pass(1_000);
    rig.take();

    rig.caller_begins("u");

    let told = truncate_to(2, "a", 2_000, Some("A long answer that goes"));
    assert_eq!(interruption(&mut rig), [Output::Leg(LegCommand::Clear), told]);
}

#[test]
fn before_the_first_mark_nothing_was_heard_and_the_item_is_deleted() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.audio("r", "a", 1_000);
    rig.take();

    rig.caller_begins("u");

    assert_eq!(interruption(&mut rig), [Output::Leg(LegCommand::Clear), delete(2, "a")]);
}

#[test]
fn several_items_are_each_shortened_to_what_was_heard() {
    let mut rig = Rig::greeted();
    rig.answer("r", "a", "One.", 200);
    rig.answer("r2", "b", "Two.", 900);
    mark(&mut rig, "0:1:0");
    rig.pass(150);
    rig.take();

    rig.caller_begins("u");

    assert_eq!(interruption(&mut rig), [Output::Leg(LegCommand::Clear), truncate(2, "a", 150), delete(3, "b")]);
}

#[test]
fn after_the_last_mark_there_is_nothing_to_interrupt() {
    let mut rig = Rig::greeted();

    rig.caller_begins("u");

    assert_eq!(interruption(&mut rig), []);
}

#[test]
fn late_audio_of_the_interrupted_response_is_not_played() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.audio("r", "a", 400);
    rig.caller_begins("u");
    rig.take();

    rig.audio("r", "a", 400);
    rig.audio("r", "b", 400);

    assert_eq!(rig.played_ms(), 0);
    assert_eq!(rig.notes(), [Note::LateAudioDropped; 2]);
}

#[test]
fn marks_echoed_by_the_clear_do_not_count_for_the_next_answer() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.audio("r", "a", 800);
    rig.caller_begins("u");
    rig.response_done("r", ResponseStatus::Cancelled);
    rig.caller_ends("u");
    rig.created("r2");
    rig.audio("r2", "b", 800);
    for echo in ["0:1:0", "0:1:100", "0:1:800"] {
        mark(&mut rig, echo);
    }
    rig.take();

    rig.caller_begins("u2");

    assert_eq!(interruption(&mut rig), [Output::Leg(LegCommand::Clear), delete(3, "b")]);
}

#[test]
fn twice_in_a_row_truncates_each_answer_by_its_own_count() {
    let mut rig = Rig::greeted();
    for (response, item, caller, generation) in [("r1", "a", "u1", 0), ("r2", "b", "u2", 1)] {
        rig.created(response);
        rig.audio(response, item, 2_000);
        rig.leg(LegEvent::MarkReached(format!("{generation}:{}:0", generation + 1).into()));
        rig.pass(250);
        rig.take();

        rig.caller_begins(caller);

        assert_eq!(interruption(&mut rig)[1], truncate(generation + 2, item, 250));
        rig.response_done(response, ResponseStatus::Cancelled);
        rig.caller_ends(caller);
    }
}

#[test]
fn the_record_keeps_what_was_generated_and_what_was_heard() {
    let mut rig = Rig::greeted();
    rig.answer("r", "a", "one two three four five six seven eight nine ten", 5_000);
    mark(&mut rig, "0:1:0");
    rig.pass(500);
    mark(&mut rig, "0:1:500");

    rig.caller_begins("u");

    let turn = rig.turns().last().cloned().cloned().expect("a turn");
    assert_eq!((turn.heard.0.as_str(), turn.heard_ms, turn.audio_ms), ("one", 500, 5_000));
    assert!(turn.interrupted);
    assert_eq!(turn.generated.0, "one two three four five six seven eight nine ten");
    assert!(rig.notes().contains(&Note::Interrupted));
}

#[test]
fn a_response_that_was_asked_for_before_the_caller_began_is_cancelled() {
    let mut rig = Rig::ready();
    rig.caller_begins("u");

    rig.created("greeting");
    rig.audio("greeting", "g", 400);

    assert!(rig.orders().iter().any(|c| matches!(c, ModelCommand::Cancel { response, .. } if response == "greeting")));
    assert_eq!(rig.played_ms(), 0);
}

#[test]
fn a_request_that_waited_is_dropped_when_the_caller_speaks() {
    let mut rig = Rig::greeted();
    rig.pass_with_media(30_020);
    rig.created("prompt");
    rig.audio("prompt", "p", 400);
    rig.take();

    rig.caller_begins("u");
    rig.response_done("prompt", ResponseStatus::Cancelled);

    assert_eq!(rig.instructions(), [""; 0]);
}

#[test]
fn the_first_sound_of_the_caller_calls_off_a_goodbye() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.audio("r", "a", 2_000);
    let call = ToolCall { response: "r".into(), item: "f".into(), call_id: "c".into(), name: "end_call".into(), arguments: words("{}") };
    rig.model(ModelEvent::ToolCalled(call));
    rig.response_done("r", ResponseStatus::Completed);
    mark(&mut rig, "0:1:0");
    rig.pass(300);

    rig.caller_begins("u");
    rig.caller_ends("u");
    rig.pass_with_media(5_000);

    assert_eq!(rig.hangup(), None);
}
