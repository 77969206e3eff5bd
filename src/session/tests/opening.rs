//! What is said first, and to whom.

use super::*;

/// A phrase that is known to sound for so long.
pub(super) fn known(text: &str, duration: u64) -> Phrase {
    Phrase { text: words(text), audio: Some(Bytes::from(vec![0x55; bytes_of(duration)])) }
}

fn opening(opening: Opening) -> Rig {
    Rig::with(SessionPolicy { opening, ..policy() })
}

fn cached() -> Opening {
    Opening { greeting: Some(known("Hello.", 1_000)), first_words: true, ..Opening::default() }
}

fn said_to_model(rig: &Rig) -> Vec<(Speaker, &str)> {
    rig.orders().into_iter().filter_map(|order| if let ModelCommand::Seed(seed) = order { seed.content.said() } else { None }).collect()
}

#[test]
fn a_greeting_that_is_known_sounds_before_there_is_a_model() {
    let rig = opening(cached());

    assert_eq!(rig.played_ms(), 800, "the lead");
    assert!(rig.out.iter().any(|output| matches!(output, Output::Record(Record::FirstAudio { after }) if after.is_zero())));
}

#[test]
fn the_model_is_told_that_the_greeting_was_said_and_asked_for_nothing() {
    let mut rig = opening(cached());
    rig.become_ready();

    assert_eq!(said_to_model(&rig), [(Speaker::Ai, "Hello.")]);
    assert_eq!(rig.instructions(), [""; 0]);
}

#[test]
fn a_greeting_that_was_cut_is_told_again_as_it_was_heard() {
    let greeting = known("one two three four five six seven eight nine ten", 4_000);
    let mut rig = opening(Opening { greeting: Some(greeting), ..Opening::default() });
    rig.become_ready();
    rig.leg(LegEvent::MarkReached("0:0:0".into()));
    rig.pass(800);
    rig.take();

    rig.caller_begins("u");

    let deleted = rig.orders().into_iter().any(|order| matches!(order, ModelCommand::Delete { item, .. } if item.starts_with("say_")));
    assert!(deleted && rig.out.contains(&Output::Leg(LegCommand::Clear)), "{:?}", rig.out);
    assert_eq!(said_to_model(&rig), [(Speaker::Ai, "one two")]);
    assert!(!rig.orders().into_iter().any(|order| matches!(order, ModelCommand::Truncate { .. })), "the model has no audio of it");
}

#[test]
fn who_was_called_is_not_talked_to_before_somebody_is_there() {
    let waiting = || opening(Opening { human_wait: Some(ms(4_000)), ..cached() });

    let mut nobody = waiting();
    nobody.pass_with_media(3_980);
    assert_eq!(nobody.played_ms(), 0);
    nobody.pass_with_media(40);
    assert!(nobody.played_ms() > 0, "a silence this long is a human who waits");

    let mut human = waiting();
    human.input(Input::AnsweredBy(AnsweredBy::Human));
    assert!(human.played_ms() > 0);
}

#[test]
fn the_first_words_of_who_was_called_bring_the_greeting_and_not_an_answer() {
    let mut rig = opening(Opening { human_wait: Some(ms(4_000)), ..cached() });
    rig.become_ready();
    let turns: Vec<TurnTaking> = rig.configured();
    rig.caller_begins("u");
    rig.pass_with_media(400);
    assert_eq!(rig.played_ms(), 0);

    rig.caller_ends("u");

    assert!(rig.played_ms() > 0);
    assert_eq!((turns, rig.instructions()), (vec![TurnTaking::BySession], vec![]));
    assert_eq!(rig.configured(), [TurnTaking::BySession, TurnTaking::ByServer], "from now on the server answers");
}

#[test]
fn where_machines_are_detected_a_voice_alone_is_no_human() {
    let mut rig = opening(Opening { human_wait: Some(ms(4_000)), first_words: false, ..cached() });
    rig.become_ready();
    rig.caller_begins("u");
    rig.caller_ends("u");
    assert_eq!((rig.played_ms(), rig.instructions()), (0, vec![]));

    rig.input(Input::AnsweredBy(AnsweredBy::Human));

    assert!(rig.played_ms() > 0);
}

#[test]
fn a_machine_is_left_its_message_when_it_listens_and_then_hung_up_on() {
    let voicemail = Some(known("Please call us back.", 1_000));
    let mut rig = opening(Opening { human_wait: Some(ms(4_000)), voicemail, ..cached() });
    rig.become_ready();
    rig.input(Input::AnsweredBy(AnsweredBy::MachineStarted));
    rig.pass_with_media(8_000);
    assert_eq!(rig.played_ms(), 0, "a machine is no human, however long it speaks");

    rig.input(Input::AnsweredBy(AnsweredBy::MachineListens));
    rig.marks_return();
    rig.pass_with_media(1_200);
    rig.marks_return();

    assert_eq!((rig.played_ms(), rig.hangup()), (1_000, Some(HangupCause::Voicemail)));
}

#[test]
fn a_machine_without_a_message_for_it_is_hung_up_on() {
    let mut rig = opening(Opening { human_wait: Some(ms(4_000)), ..cached() });

    rig.input(Input::AnsweredBy(AnsweredBy::MachineListens));

    assert_eq!((rig.played_ms(), rig.hangup()), (0, Some(HangupCause::Voicemail)));
}

#[test]
fn a_protected_greeting_is_not_interrupted_and_the_last_moment_of_it_is_heard() {
    let mut rig = opening(Opening { protected: true, ..cached() });
    rig.become_ready();
    for _ in 0..50 {
        rig.leg(LegEvent::Audio(frame()));
    }
    let appended = |rig: &Rig| rig.orders().into_iter().filter(|order| matches!(order, ModelCommand::Append(_))).count();
    assert_eq!(appended(&rig), 0);

    rig.marks_return();
    rig.pass_with_media(400);
    rig.marks_return();

    assert!((25..=46).contains(&appended(&rig)), "{} frames", appended(&rig));
}

#[test]
fn outside_of_the_hours_the_caller_is_told_and_hung_up_on() {
    let mut rig = opening(Opening { closed: true, ..cached() });
    rig.become_ready();
    assert_eq!(rig.hangup(), None);

    rig.marks_return();
    rig.pass_with_media(400);
    rig.marks_return();

    assert_eq!(rig.hangup(), Some(HangupCause::OutsideHours));
}
