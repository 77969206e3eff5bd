//! A stream ends before the platform ends it.

use super::*;

fn rig(max_stream: Option<Duration>) -> Rig {
    let patient = SessionPolicy { idle: ms(9_000_000), max_duration: ms(9_000_000), max_turn: ms(9_000_000), ..policy() };
    let mut rig = Rig::with(SessionPolicy { max_stream, ..patient });
    rig.become_ready();
    rig.answer("g", "greeting", "Hello.", 400);
    rig.marks_return();
    rig.out.clear();
    rig
}

fn hangup(rig: &Rig) -> Option<HangupCause> {
    rig.out.iter().find_map(|output| if let Output::Hangup(cause) = output { Some(*cause) } else { None })
}

#[test]
fn a_stream_that_is_old_ends_where_nobody_speaks() {
    let mut rig = rig(Some(ms(60_000)));
    rig.pass_with_media(58_000);
    rig.caller_begins("u");
    rig.pass_with_media(4_000);
    assert_eq!(hangup(&rig), None, "the caller speaks");
    rig.model(ModelEvent::SpeechStopped { item: "u".into() });
    rig.model(ModelEvent::ItemAdded { item: "u".into(), previous: None, kind: ItemKind::User });
    rig.model(ModelEvent::UserText { item: "u".into(), text: words("When?") });
    rig.answer("r", "a", "At nine.", 400);
    assert_eq!(hangup(&rig), None, "the answer is still heard");

    rig.marks_return();

    assert_eq!(hangup(&rig), Some(HangupCause::Rotated));
}

#[test]
fn a_talk_without_a_pause_is_cut_rather_by_us_than_by_the_platform() {
    let mut rig = rig(Some(ms(60_000)));
    rig.pass_with_media(58_000);
    rig.caller_begins("u");

    rig.pass_with_media(121_000);
    assert_eq!(hangup(&rig), None);
    rig.pass_with_media(2_000);

    assert_eq!(hangup(&rig), Some(HangupCause::Rotated));
}

#[test]
fn a_stream_without_a_limit_goes_on() {
    let mut rig = rig(None);

    rig.pass_with_media(4_000_000);

    assert_eq!(hangup(&rig), None);
}
