//! A call that has cost what it may.

use super::*;

const GOODBYE: &str = "has to end now";

fn is_asked_for_a_goodbye(rig: &Rig) -> bool {
    rig.instructions().iter().any(|text| text.contains(GOODBYE))
}

fn says_goodbye(rig: &mut Rig) {
    assert!(is_asked_for_a_goodbye(rig), "{:?}", rig.orders());
    rig.answer("bye", "b", "I have to go. Goodbye.", 1_000);
    assert_eq!(rig.hangup(), None, "it is still being heard");
    rig.marks_return();
    assert_eq!(rig.hangup(), Some(HangupCause::OverBudget));
}

#[test]
fn where_nobody_speaks_the_caller_is_told_goodbye_at_once() {
    let mut rig = Rig::greeted();

    rig.input(Input::BudgetSpent);

    assert!(rig.notes().contains(&Note::BudgetSpent));
    says_goodbye(&mut rig);
    assert!(rig.turns().iter().all(|turn| !turn.interrupted));
}

#[test]
fn an_answer_that_is_under_way_is_heard_to_its_end() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.audio("r", "a", 5_000);
    rig.input(Input::BudgetSpent);
    rig.text_done("a", "We are open from eight.");
    rig.model(ModelEvent::AudioDone { item: "a".into() });
    rig.response_done("r", ResponseStatus::Completed);
    assert!(!is_asked_for_a_goodbye(&rig), "five seconds are to be heard first");

    rig.pass_with_media(5_100);
    rig.marks_return();

    let answer = rig.turns().into_iter().rev().find(|turn| turn.item.as_deref() == Some("a")).cloned().expect("a turn");
    assert_eq!((answer.heard_ms, answer.interrupted), (5_000, false));
    says_goodbye(&mut rig);
}

#[test]
fn a_caller_who_speaks_is_listened_to_and_answered_first() {
    let mut rig = Rig::greeted();
    rig.caller_begins("u");
    rig.input(Input::BudgetSpent);
    rig.pass_with_media(3_000);
    assert!(!is_asked_for_a_goodbye(&rig));
    rig.caller_ends("u");
    assert!(!is_asked_for_a_goodbye(&rig), "the model owes an answer");

    rig.model(ModelEvent::UserText { item: "u".into(), text: words("When do you open?") });
    rig.answer("r", "a", "At nine.", 600);
    rig.marks_return();

    says_goodbye(&mut rig);
}

#[test]
fn a_tool_that_is_being_used_is_waited_for() {
    let mut rig = Rig::greeted();
    let call = ToolCall { response: "r".into(), item: "f".into(), call_id: "c".into(), name: "look_up".into(), arguments: words("{}") };
    rig.created("r");
    rig.model(ModelEvent::ToolCalled(call));
    rig.response_done("r", ResponseStatus::Completed);

    rig.input(Input::BudgetSpent);
    assert!(!is_asked_for_a_goodbye(&rig));
    rig.input(Input::ToolUsed(ToolOutcome { call_id: "c".into(), output: words("{}"), effect: None }));
    rig.answer("s", "a", "It is nine.", 600);
    rig.marks_return();

    says_goodbye(&mut rig);
}

#[test]
fn a_caller_who_never_stops_talking_is_hung_up_on_after_a_minute() {
    let mut rig = Rig::greeted();
    rig.caller_begins("u");
    rig.input(Input::BudgetSpent);

    rig.pass_with_media(59_000);
    assert_eq!(rig.hangup(), None);
    rig.pass_with_media(4_000);

    assert_eq!(rig.hangup(), Some(HangupCause::OverBudget));
}

#[test]
fn told_twice_it_says_one_goodbye() {
    let mut rig = Rig::greeted();

    rig.input(Input::BudgetSpent);
    rig.input(Input::BudgetSpent);

    assert_eq!((rig.instructions().len(), rig.notes()), (1, vec![Note::BudgetSpent]));
}

#[test]
fn an_assistant_that_leaves_anyway_leaves_as_it_wanted_to() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.audio("r", "a", 600);
    let call = ToolCall { response: "r".into(), item: "f".into(), call_id: "c".into(), name: "end_call".into(), arguments: words("{}") };
    rig.model(ModelEvent::ToolCalled(call));
    rig.input(Input::BudgetSpent);
    rig.response_done("r", ResponseStatus::Completed);

    rig.marks_return();

    assert_eq!(rig.hangup(), Some(HangupCause::AssistantEnded));
}

#[test]
fn a_call_on_hold_is_taken_back_for_its_goodbye() {
    let mut rig = Rig::greeted();
    let call = ToolCall { response: "r".into(), item: "f".into(), call_id: "c".into(), name: "look_up".into(), arguments: words("{}") };
    rig.created("r");
    rig.model(ModelEvent::ToolCalled(call));
    rig.response_done("r", ResponseStatus::Completed);
    rig.input(Input::ToolUsed(ToolOutcome { call_id: "c".into(), output: words("{}"), effect: Some(ToolEffect::Hold) }));
    assert!(rig.notes().contains(&Note::HoldBegan));

    rig.input(Input::BudgetSpent);

    assert!(rig.notes().contains(&Note::HoldEnded));
    says_goodbye(&mut rig);
}

#[test]
fn before_a_model_is_there_nothing_can_be_said() {
    let mut rig = Rig::new(History { resumed: true, ..History::default() });
    rig.input(Input::BudgetSpent);
    assert_eq!(rig.instructions().len(), 0);

    rig.become_ready();

    says_goodbye(&mut rig);
}
