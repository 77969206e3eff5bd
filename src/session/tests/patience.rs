//! A caller who waits.

use super::opening::known;
use super::*;

fn patient() -> Rig {
    let patience = Patience { filler: Some(known("One moment.", 400)), apology: Some(known("Sorry.", 400)), ..policy().patience };
    let mut rig = Rig::with(SessionPolicy { patience, model_silence: ms(60_000), ..policy() });
    rig.become_ready();
    rig.answer("greeting", "g", "Hello.", 400);
    rig.marks_return();
    rig.caller_begins("u");
    rig.caller_ends("u");
    rig.out.clear();
    rig
}

fn said(rig: &Rig) -> Vec<&str> {
    let own = |turn: &&&Turn| turn.item.as_ref().is_some_and(|item| item.starts_with("say_"));
    let mut said: Vec<&str> = rig.turns().iter().filter(own).map(|turn| turn.generated.0.as_str()).collect();
    said.dedup();
    said
}

#[test]
fn a_slow_answer_is_bridged_once() {
    let mut rig = patient();
    rig.pass_with_media(1_480);
    assert_eq!(rig.played_ms(), 0);

    rig.pass_with_media(2_000);

    assert_eq!((said(&rig), rig.played_ms()), (vec!["One moment."], 400));
    assert!(rig.notes().contains(&Note::FillerPlayed));
}

#[test]
fn an_answer_in_time_needs_no_bridge() {
    let mut rig = patient();
    rig.pass_with_media(1_000);
    rig.answer("r", "a", "At nine.", 6_000);
    rig.pass_with_media(3_000);

    assert_eq!(said(&rig), [""; 0]);
}

#[test]
fn an_answer_that_does_not_come_is_asked_for_again() {
    let mut rig = patient();
    rig.pass_with_media(4_980);
    assert_eq!(rig.instructions().len(), 0);

    rig.pass_with_media(40);

    assert_eq!(rig.instructions(), [""]);
    assert!(rig.notes().contains(&Note::AnswerRetried));
}

#[test]
fn a_response_that_stays_silent_is_cancelled_and_asked_for_again() {
    let mut rig = patient();
    rig.created("r");
    rig.pass_with_media(5_020);
    let cancelled = rig.orders().into_iter().any(|order| matches!(order, ModelCommand::Cancel { response, .. } if *response == "r"));
    assert!(cancelled && rig.instructions().is_empty());

    rig.response_done("r", ResponseStatus::Cancelled);

    assert_eq!(rig.instructions(), [""]);
}

#[test]
fn after_ten_seconds_the_caller_hears_an_apology_and_the_model_is_replaced() {
    let mut rig = patient();
    rig.pass_with_media(3_000);
    rig.marks_return();

    rig.pass_with_media(7_020);

    assert_eq!(said(&rig), ["One moment.", "Sorry."]);
    assert!(rig.orders().into_iter().any(|order| matches!(order, ModelCommand::Open { .. })));
    assert_eq!(rig.hangup(), None);
}

#[test]
fn a_turn_that_the_server_never_ends_is_ended_for_it() {
    let mut rig = Rig::greeted();
    rig.caller_begins("u");
    rig.pass_with_media(60_020);
    assert!(rig.orders().into_iter().any(|order| matches!(order, ModelCommand::Commit { .. })));

    rig.model(ModelEvent::ItemAdded { item: "u".into(), previous: None, kind: ItemKind::User });

    assert_eq!(rig.instructions(), [""]);
}

#[test]
fn a_vendor_that_limits_the_rate_is_asked_again_when_it_said() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.response_done("r", ResponseStatus::Failed { retry: true, reason: "rate_limit_exceeded".into() });
    rig.pass_with_media(40);
    rig.model(ModelEvent::RateLimits { reset: ms(3_000) });
    rig.pass_with_media(2_980);
    assert_eq!(rig.instructions().len(), 0);

    rig.pass_with_media(40);

    assert_eq!(rig.instructions(), [""]);
}

#[test]
fn the_caller_is_warned_before_the_call_is_too_long() {
    let mut rig = Rig::with(SessionPolicy { max_duration: ms(90_000), idle: ms(500_000), ..policy() });
    rig.become_ready();
    rig.answer("greeting", "g", "Hello.", 400);
    rig.marks_return();
    rig.out.clear();

    rig.pass_with_media(60_020);
    assert!(rig.instructions().iter().any(|text| text.contains("half a minute")), "{:?}", rig.instructions());
    rig.answer("warning", "w", "We have to stop soon.", 400);
    rig.pass_with_media(30_000);

    assert_eq!(rig.hangup(), Some(HangupCause::MaxDuration));
}
