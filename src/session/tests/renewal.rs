//! One model session follows another, on time or in need.

use super::*;

#[test]
fn a_session_that_will_expire_is_followed_by_another_where_nobody_speaks() {
    let mut rig = Rig::greeted();
    rig.model(ModelEvent::Expires { within: ms(360_000) });
    rig.caller_begins("u");
    rig.pass_with_media(59_980);
    assert!(!rig.out.iter().any(|output| matches!(output, Output::Standby(_))));
    rig.pass_with_media(40);
    assert!(rig.out.iter().any(|output| matches!(output, Output::Standby(ModelCommand::Open { .. }))));
    rig.out.clear();

    rig.input(Input::Standby(ModelEvent::Opened));
    rig.input(Input::Standby(ModelEvent::Expires { within: ms(3_600_000) }));
    rig.input(Input::Standby(ModelEvent::Ready));
    assert!(!rig.out.contains(&Output::Promote), "somebody speaks");
    rig.model(ModelEvent::SpeechStopped { item: "u".into() });
    rig.model(ModelEvent::ItemAdded { item: "u".into(), previous: None, kind: ItemKind::User });
    rig.model(ModelEvent::UserText { item: "u".into(), text: words("When?") });
    rig.answer("r", "a", "At nine.", 400);
    assert!(!rig.out.contains(&Output::Promote), "the answer is still heard");

    rig.marks_return();

    let place = rig.out.iter().position(|output| *output == Output::Promote).expect("promoted");
    let seeds: Vec<_> = rig.out[place..]
        .iter()
        .filter_map(|o| if let Output::Model(ModelCommand::Seed(seed)) = o { seed.content.said() } else { None })
        .collect();
    assert_eq!(seeds, [(Speaker::Ai, "Hello."), (Speaker::User, "When?"), (Speaker::Ai, "At nine.")]);
    assert!(rig.notes().contains(&Note::ModelRenewed) && !rig.notes().contains(&Note::ModelReconnected));
}

#[test]
fn a_standby_that_is_lost_is_tried_again_and_the_call_does_not_notice() {
    let mut rig = Rig::greeted();
    rig.model(ModelEvent::Expires { within: ms(300_000) });
    rig.pass(1_000);
    rig.out.clear();
    rig.pass_with_media(0);
    rig.input(Input::Standby(ModelEvent::Lost { retry: true, reason: String::new() }));
    assert_eq!(rig.out, []);

    rig.pass_with_media(29_000);
    rig.caller_begins("u");
    rig.pass_with_media(1_020);

    assert!(rig.out.iter().any(|output| matches!(output, Output::Standby(ModelCommand::Open { .. }))));
}

fn with_fallback() -> Rig {
    Rig::with(SessionPolicy { has_fallback: true, ..policy() })
}

fn routes(rig: &Rig) -> Vec<Route> {
    rig.orders().into_iter().filter_map(|order| if let ModelCommand::Open { route, .. } = order { Some(*route) } else { None }).collect()
}

#[test]
fn an_endpoint_that_refuses_is_left_for_the_other_one_at_once() {
    let mut rig = with_fallback();
    rig.model(ModelEvent::Lost { retry: false, reason: "invalid key".into() });
    assert_eq!(routes(&rig), [Route::Primary, Route::Fallback]);

    rig.model(ModelEvent::Lost { retry: false, reason: "invalid key".into() });

    assert_eq!(rig.hangup(), Some(HangupCause::ModelUnavailable));
}

#[test]
fn an_endpoint_that_cannot_be_reached_is_left_and_one_that_broke_is_tried_once_more() {
    let mut unreachable = with_fallback();
    unreachable.model(ModelEvent::Lost { retry: true, reason: String::new() });
    assert_eq!(routes(&unreachable), [Route::Primary, Route::Fallback]);

    let mut broken = with_fallback();
    broken.become_ready();
    broken.model(ModelEvent::Lost { retry: true, reason: String::new() });
    assert_eq!(routes(&broken), [Route::Primary, Route::Primary]);
    broken.model(ModelEvent::Lost { retry: true, reason: String::new() });
    assert_eq!(routes(&broken), [Route::Primary, Route::Primary, Route::Fallback]);
}
