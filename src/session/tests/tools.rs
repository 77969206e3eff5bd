//! Tools, keys and hold.

use super::*;

fn rig_with_keys() -> Rig {
    let transfer = KeyAction::Transfer(human());
    let keys = BTreeMap::from([('0', transfer), ('9', KeyAction::Use("opt_out".into())), ('*', KeyAction::HangUp)]);
    let mut rig = Rig::with(SessionPolicy { keys, ..policy() });
    rig.become_ready();
    rig.answer("greeting", "g", "Hello.", 400);
    rig.marks_return();
    rig.out.clear();
    rig
}

fn human() -> crate::types::PhoneNumber {
    "+14155550142".parse().expect("a number")
}

fn call(id: &'static str, name: &str) -> ModelEvent {
    let arguments = words("{}");
    ModelEvent::ToolCalled(ToolCall { response: "r".into(), item: id.into(), call_id: id.into(), name: name.into(), arguments })
}

impl Rig {
    fn tool_answers(&mut self, id: &'static str, effect: Option<ToolEffect>) {
        self.input(Input::ToolUsed(ToolOutcome { call_id: id.into(), output: words("{\"ok\":true}"), effect }));
    }

    /// The outputs that the model was given.
    fn results(&self) -> Vec<(&str, &str)> {
        self.orders()
            .into_iter()
            .filter_map(
                |order| if let ModelCommand::ToolResult { call_id, output } = order { Some((&**call_id, output.as_str())) } else { None },
            )
            .collect()
    }

    fn used(&self) -> Vec<&str> {
        self.out.iter().filter_map(|output| if let Output::Tool(call) = output { Some(call.name.as_str()) } else { None }).collect()
    }
}

#[test]
fn the_model_goes_on_once_when_all_its_tools_have_answered_and_its_response_is_done() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.model(call("c1", "look_up"));
    rig.model(call("c2", "look_up"));
    rig.tool_answers("c1", None);
    rig.response_done("r", ResponseStatus::Completed);
    assert_eq!(rig.instructions().len(), 0, "one answer is still to come");

    rig.tool_answers("c2", None);

    assert_eq!((rig.results().len(), rig.instructions()), (2, vec![""]));
}

#[test]
fn a_tool_that_never_answers_is_answered_for_and_its_late_answer_counts_for_nothing() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.model(call("c1", "look_up"));
    rig.response_done("r", ResponseStatus::Completed);
    rig.pass_with_media(10_020);

    assert!(rig.results()[0].1.contains("in time"), "{:?}", rig.results());
    assert_eq!(rig.instructions(), [""]);
    rig.tool_answers("c1", Some(ToolEffect::EndCall));
    assert_eq!((rig.results().len(), rig.hangup()), (1, None));
}

#[test]
fn a_caller_who_breaks_in_on_a_tool_gets_its_answer_by_the_servers_next_response() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.model(call("c1", "look_up"));
    rig.response_done("r", ResponseStatus::Completed);
    rig.caller_begins("u");

    rig.tool_answers("c1", None);

    assert_eq!((rig.results().len(), rig.instructions().len()), (1, 0));
}

#[test]
fn a_call_may_use_so_many_tools() {
    let mut rig = Rig::greeted();
    rig.created("r");
    for id in ["c1", "c2", "c3", "c4", "c5", "c6"] {
        rig.model(call(id, "look_up"));
    }

    assert_eq!(rig.used().len(), 5);
    assert!(rig.results()[0].1.contains("no more tools"), "{:?}", rig.results());
}

#[test]
fn a_tool_whose_model_was_lost_is_told_to_the_next_one_with_its_answer() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.model(call("c1", "look_up"));
    rig.response_done("r", ResponseStatus::Completed);
    rig.model(ModelEvent::Lost { retry: true, reason: String::new() });
    rig.become_ready();
    rig.out.clear();

    rig.tool_answers("c1", None);

    let told: Vec<&SeedContent> = rig
        .orders()
        .into_iter()
        .filter_map(|order| if let ModelCommand::Seed(seed) = order { Some(&seed.content) } else { None })
        .collect();
    assert!(matches!(told[..], [SeedContent::ToolCalled { .. }, SeedContent::ToolAnswered { .. }]), "{told:?}");
    assert_eq!(rig.results(), [], "the new session has not asked");
}

#[test]
fn a_transfer_happens_when_the_last_word_before_it_was_heard() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.audio("r", "a", 600);
    rig.model(ModelEvent::AudioDone { item: "a".into() });
    rig.model(call("c1", "look_up"));
    rig.tool_answers("c1", Some(ToolEffect::Transfer(human())));
    rig.response_done("r", ResponseStatus::Completed);
    assert_eq!(rig.hangup(), None);

    rig.marks_return();

    assert_eq!(rig.hangup(), Some(HangupCause::Transferred));
    assert!(matches!(&rig.out[rig.out.len() - 2], Output::Transfer(to) if *to == human()), "{:?}", rig.out.last());
    assert_eq!(rig.instructions().len(), 0);
}

#[test]
fn digits_are_played_as_tones_and_leave_no_turn() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.model(call("c1", "look_up"));
    rig.response_done("r", ResponseStatus::Completed);

    rig.tool_answers("c1", Some(ToolEffect::SendDigits("12#".into())));
    rig.marks_return();

    assert_eq!(rig.played_ms(), 600);
    assert!(rig.turns().iter().all(|turn| turn.kind != TurnKind::Message), "{:?}", rig.turns());
    assert_eq!(rig.instructions(), [""]);
}

#[test]
fn keys_are_told_to_the_model_together() {
    let mut rig = rig_with_keys();
    rig.leg(LegEvent::Digit('4'));
    rig.pass_with_media(1_000);
    rig.leg(LegEvent::Digit('2'));
    rig.pass_with_media(1_520);

    let said: Vec<_> =
        rig.orders().into_iter().filter_map(|o| if let ModelCommand::Seed(seed) = o { seed.content.said() } else { None }).collect();
    assert_eq!(said, [(Speaker::System, "The caller pressed these keys of the telephone: 4 2")]);
    assert_eq!(rig.instructions(), [""]);
}

#[test]
fn a_key_may_hand_over_use_a_tool_or_hang_up() {
    let mut transfer = rig_with_keys();
    transfer.leg(LegEvent::Digit('0'));
    assert_eq!(transfer.hangup(), Some(HangupCause::Transferred));

    let mut tool = rig_with_keys();
    tool.leg(LegEvent::Digit('9'));
    assert_eq!(tool.used(), ["opt_out"]);

    let mut over = rig_with_keys();
    over.leg(LegEvent::Digit('*'));
    assert_eq!(over.hangup(), Some(HangupCause::CallerHungUp));
}

#[test]
fn on_hold_nothing_goes_to_the_model_a_tone_sounds_and_a_voice_ends_it() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.model(call("c1", "look_up"));
    rig.response_done("r", ResponseStatus::Completed);
    rig.tool_answers("c1", Some(ToolEffect::Hold));
    rig.out.clear();
    let appended = |rig: &Rig| rig.orders().into_iter().filter(|order| matches!(order, ModelCommand::Append(_))).count();

    let silence = EncodedAudio::encode(&[0xFF; 160]);
    for _ in 0..300 {
        rig.leg(LegEvent::Audio(silence.clone()));
        rig.pass(20);
    }
    assert_eq!(appended(&rig), 0);
    assert!(rig.played_ms() > 0, "a sign of life");
    assert_eq!(rig.hangup(), None);

    let voice = EncodedAudio::encode(&[0x90; 160]);
    (0..15).for_each(|_| rig.leg(LegEvent::Audio(voice.clone())));

    assert!(appended(&rig) >= 15, "what ended the hold is heard");
    assert_eq!(rig.notes().last(), Some(&Note::HoldEnded));
}
