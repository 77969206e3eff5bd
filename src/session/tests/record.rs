//! What is put on record, and when.

use super::*;

impl Rig {
    /// The turns as they stand, in the order of the conversation.
    fn record(&self) -> Vec<Turn> {
        let mut turns: BTreeMap<u32, Turn> = BTreeMap::new();
        for turn in self.turns() {
            turns.insert(turn.seq, turn.clone());
        }
        let mut turns: Vec<Turn> = turns.into_values().collect();
        turns.sort_by_key(|turn| turn.position);
        turns
    }

    fn rows(&self) -> Vec<(TurnKind, String)> {
        self.record().into_iter().map(|turn| (turn.kind, turn.generated.0)).collect()
    }

    fn tool(&mut self, response: &'static str, name: &str) {
        let call = ToolCall {
            response: response.into(),
            item: "f".into(),
            call_id: "c1".into(),
            name: name.into(),
            arguments: words("{\"a\":1}"),
        };
        self.model(ModelEvent::ToolCalled(call));
    }

    fn spent(&mut self, response: &'static str) {
        let usage = Usage { text_in: 100, audio_in: 20, text_out: 3, audio_out: 40, cached_text_in: 90, cached_audio_in: 5 };
        self.model(ModelEvent::ResponseDone { response: response.into(), status: ResponseStatus::Completed, usage });
    }

    fn lose(&mut self) {
        self.model(ModelEvent::Lost { retry: true, reason: String::new() });
    }
}

fn states(turns: &[Turn]) -> Vec<(u32, Option<Transcription>, &str)> {
    turns.iter().map(|turn| (turn.revision, turn.transcription, turn.generated.0.as_str())).collect()
}

#[test]
fn the_callers_turn_is_on_record_before_its_words_are() {
    let mut rig = Rig::greeted();
    rig.caller_begins("u");
    assert_eq!(rig.record(), []);

    rig.caller_ends("u");
    assert_eq!(states(&rig.record()), [(1, Some(Transcription::Pending), "")]);

    rig.model(ModelEvent::UserText { item: "u".into(), text: words("When?") });
    assert_eq!(states(&rig.record()), [(2, Some(Transcription::Done), "When?")]);
}

#[test]
fn speech_that_the_model_makes_no_item_of_was_noise_and_leaves_nothing() {
    let mut rig = Rig::greeted();
    rig.caller_begins("noise");
    rig.model(ModelEvent::SpeechStopped { item: "noise".into() });
    rig.pass(100);

    rig.leg(LegEvent::Lost);

    assert_eq!(rig.record(), []);
}

#[test]
fn words_that_could_not_be_written_down_are_told_as_failed() {
    let mut rig = Rig::greeted();
    rig.caller_begins("u");
    rig.caller_ends("u");

    rig.model(ModelEvent::UserTextFailed { item: "u".into() });

    assert_eq!(states(&rig.record()), [(2, Some(Transcription::Failed), "")]);
}

#[test]
fn words_that_were_still_to_come_fail_with_their_model_and_with_the_stream() {
    for end in [Rig::lose, |rig: &mut Rig| rig.leg(LegEvent::Lost)] {
        let mut rig = Rig::greeted();
        rig.caller_begins("u");
        rig.caller_ends("u");

        end(&mut rig);

        assert_eq!(states(&rig.record())[0], (2, Some(Transcription::Failed), ""));
    }
}

#[test]
fn a_caller_who_hangs_up_and_is_never_written_down_is_told_as_failed() {
    let mut rig = Rig::greeted();
    rig.caller_begins("u");
    rig.caller_ends("u");
    rig.leg(LegEvent::Stopped);

    rig.pass(2_000);

    assert_eq!((states(&rig.record()), rig.hangup()), (vec![(2, Some(Transcription::Failed), "")], Some(HangupCause::CallerHungUp)));
}

#[test]
fn last_words_are_told_to_be_pending_while_they_are_waited_for() {
    let mut rig = Rig::greeted();
    rig.caller_begins("u");
    rig.leg(LegEvent::Stopped);

    rig.caller_ends("u");

    assert_eq!((states(&rig.record()), rig.hangup()), (vec![(1, Some(Transcription::Pending), "")], None));
}

#[test]
fn turns_without_words_are_not_told_to_the_next_model() {
    let mut rig = Rig::greeted();
    rig.caller_begins("u");
    rig.caller_ends("u");
    rig.leg(LegEvent::Digit('5'));
    rig.created("r");
    rig.audio("r", "a", 200);
    rig.tool("r", "fly");
    rig.take();

    rig.lose();
    rig.model(ModelEvent::Opened);
    rig.model(ModelEvent::Ready);

    let seeds: Vec<_> = rig.orders().into_iter().filter_map(|c| if let ModelCommand::Seed(seed) = c { Some(seed) } else { None }).collect();
    let said: Vec<_> = seeds.iter().map(|seed| seed.content.said()).collect();
    let keys = Some((Speaker::System, "The caller pressed these keys of the telephone: 5"));
    assert_eq!(said, [Some((Speaker::Ai, "Hello.")), None, None, keys], "of the tool's call and its answer no word was said");
}

#[test]
fn an_answer_is_on_record_from_its_first_sound_on() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.model(ModelEvent::Text { item: "a".into(), delta: words("At") });
    assert_eq!(rig.record(), []);

    rig.audio("r", "a", 200);

    let turn = rig.record().remove(0);
    assert_eq!((turn.revision, turn.generated.0.as_str(), turn.heard.0.as_str(), turn.ended), (1, "At", "", None));
}

#[test]
fn an_answer_that_never_sounded_is_on_record_at_the_end_as_not_heard() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.model(ModelEvent::Text { item: "a".into(), delta: words("At nine.") });
    rig.caller_begins("u");
    rig.text_done("a", "At nine.");
    rig.response_done("r", ResponseStatus::Cancelled);
    assert_eq!(rig.record(), []);

    rig.leg(LegEvent::Lost);

    let turn = rig.record().remove(0);
    assert_eq!((turn.generated.0.as_str(), turn.heard.0.as_str(), turn.interrupted, turn.message()), ("At nine.", "", true, None));
}

#[test]
fn tokens_stand_with_the_words_of_their_response_and_nowhere_else() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.audio("r", "a", 200);
    rig.tool("r", "end_call");
    rig.spent("r");

    let record = rig.record();

    let expected = Tokens { input: 120, output: 43 };
    assert_eq!(record.iter().map(|turn| turn.tokens).collect::<Vec<_>>(), [Some(expected), None, None]);
}

#[test]
fn tokens_of_a_response_without_words_stand_with_its_tool_call() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.tool("r", "fly");
    rig.spent("r");

    assert_eq!(rig.record()[0].tokens, Some(Tokens { input: 120, output: 43 }));
}

#[test]
fn a_tool_call_and_its_result_stand_behind_what_was_said() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.model(ModelEvent::ItemAdded { item: "a".into(), previous: Some("g".into()), kind: ItemKind::Assistant });
    rig.audio("r", "a", 200);
    rig.text_done("a", "Bye.");
    rig.model(ModelEvent::ItemAdded { item: "f".into(), previous: Some("a".into()), kind: ItemKind::Other });
    rig.tool("r", "end_call");
    rig.model(ModelEvent::ItemAdded { item: "out".into(), previous: Some("f".into()), kind: ItemKind::Other });

    let record = rig.record();

    let told = |turn: &Turn| (turn.kind, turn.speaker, turn.generated.0.clone(), turn.tool.clone().map(|tool| (tool.name, tool.call_id)));
    let tool = Some(("end_call".to_owned(), "c1".to_owned()));
    assert_eq!(told(&record[1]), (TurnKind::ToolCall, Speaker::Ai, "{\"a\":1}".to_owned(), tool.clone()));
    assert_eq!(told(&record[2]), (TurnKind::ToolResult, Speaker::System, "{\"ok\":true}".to_owned(), tool));
    assert!(record[1..].iter().all(|turn| turn.heard.is_empty() && turn.ended.is_some()));
    assert_eq!((record[1].position + 1, record.len()), (record[2].position, 3));
}

#[test]
fn a_tool_call_moves_with_its_result_when_the_chain_says_so() {
    let mut rig = Rig::greeted();
    rig.created("r");
    rig.tool("r", "fly");
    rig.audio("r", "a", 200);
    let before: Vec<TurnKind> = rig.record().into_iter().map(|turn| turn.kind).collect();

    rig.model(ModelEvent::ItemAdded { item: "a".into(), previous: Some("g".into()), kind: ItemKind::Assistant });
    rig.model(ModelEvent::ItemAdded { item: "f".into(), previous: Some("a".into()), kind: ItemKind::Other });

    let after: Vec<TurnKind> = rig.record().into_iter().map(|turn| turn.kind).collect();
    assert_eq!(before, [TurnKind::ToolCall, TurnKind::ToolResult, TurnKind::Event, TurnKind::Message]);
    assert_eq!(after, [TurnKind::Message, TurnKind::ToolCall, TurnKind::ToolResult, TurnKind::Event]);
}

#[test]
fn keys_in_quick_succession_are_one_entry_and_later_ones_another() {
    let mut rig = Rig::greeted();
    for key in ['4', '2'] {
        rig.leg(LegEvent::Digit(key));
        rig.pass(1_900);
    }
    rig.pass(200);
    rig.leg(LegEvent::Digit('#'));

    assert_eq!(rig.rows(), [(TurnKind::Dtmf, "42".to_owned()), (TurnKind::Dtmf, "#".to_owned())]);
    let keys = rig.record().remove(0);
    assert_eq!((keys.speaker, keys.revision, keys.ended.map(|at| at - keys.started)), (Speaker::User, 2, Some(ms(1_900))));
}

#[test]
fn what_a_reader_wants_to_know_stands_between_the_words_and_what_is_only_counted_does_not() {
    let mut rig = Rig::greeted();
    rig.answer("r", "a", "At nine.", 200);
    rig.marks_return();
    rig.leg(LegEvent::MarkReached("not ours".into()));
    let fault = ModelError { class: ErrorClass::OurFault, code: String::new(), message: String::new(), caused_by: None };
    rig.model(ModelEvent::Error(fault.clone()));
    rig.model(ModelEvent::Error(fault));
    rig.lose();

    let events: Vec<String> = rig.record().into_iter().filter(|turn| turn.kind == TurnKind::Event).map(|turn| turn.generated.0).collect();
    assert_eq!(events, ["model_error", "model_reconnected"], "the same trouble twice in a row is told once");
    assert_eq!(rig.notes(), [Note::UnknownMark, Note::ModelError, Note::ModelError, Note::ModelReconnected]);
    assert!(rig.record().iter().filter(|turn| turn.kind == TurnKind::Event).all(|turn| turn.speaker == Speaker::System));
}

#[test]
fn speech_reported_sooner_than_anybody_can_answer_was_talked_over() {
    for (after, talked_over) in [(350, true), (450, false)] {
        let mut rig = Rig::greeted();
        rig.created("r");
        rig.audio("r", "a", 2_000);
        rig.pass(after);

        rig.caller_begins("u");

        assert_eq!(rig.notes().contains(&Note::TalkedOver), talked_over, "after {after} ms");
    }
}

/// What the chronicle makes of a session that dies after these orders.
fn died(rig: &mut Rig, at: u64) -> (Chronicle, Vec<Turn>) {
    let mut chronicle = Chronicle::after(&History::default());
    rig.take().iter().for_each(|output| chronicle.observe(output));
    let closed = chronicle.close(ms(at));
    (chronicle, closed)
}

#[test]
fn a_panic_in_mid_answer_leaves_what_was_heard_of_it() {
    let mut rig = Rig::ready();
    rig.created("r");
    rig.audio("r", "a", 4_000);
    rig.text_done("a", "one two three four five six seven eight");
    rig.pass(1_000);

    let (chronicle, closed) = died(&mut rig, 500);

    let half = &closed[0];
    assert_eq!((half.revision, half.interrupted, half.ended, half.heard_ms), (3, true, Some(ms(500)), 500));
    assert_eq!(half.heard.0, "one two");
    let history = chronicle.history(ms(500));
    assert_eq!(history.messages.iter().filter_map(|message| message.0.said()).collect::<Vec<_>>(), [(Speaker::Ai, "one two")]);
}

#[test]
fn no_more_of_an_answer_was_heard_than_was_sent() {
    let mut rig = Rig::ready();
    rig.created("r");
    rig.audio("r", "a", 200);

    let (_, closed) = died(&mut rig, 9_000);

    assert_eq!((closed[0].heard_ms, closed[0].audio_ms), (200, 200));
}

#[test]
fn a_panic_leaves_no_turn_open_and_is_itself_on_record() {
    let mut rig = Rig::greeted();
    rig.caller_begins("u");
    rig.caller_ends("u");

    let (chronicle, closed) = died(&mut rig, 5_000);

    assert_eq!(closed[0].transcription, Some(Transcription::Failed));
    let death = closed.last().expect("a turn");
    assert_eq!((death.kind, death.speaker, death.generated.0.as_str(), death.revision), (TurnKind::Event, Speaker::System, "restarted", 1));
    assert_eq!(chronicle.history(ms(5_000)).next_seq, death.seq + 1);
}

#[test]
fn the_next_session_counts_on_where_the_last_one_stopped() {
    let mut rig = Rig::ready();
    rig.answer("r", "a", "Hello.", 200);
    rig.marks_return();
    let (first, closed) = died(&mut rig, 1_000);
    let mut again = Chronicle::after(&first.history(ms(1_000)));
    let death = again.close(ms(1_100)).remove(0);

    assert_eq!((closed[0].position, death.position, death.seq), (1, 2, 2), "a session that died before it said anything");
    let mut second = Rig::new(again.history(ms(1_200)));
    second.leg(LegEvent::Digit('1'));
    assert_eq!(second.record().iter().map(|turn| (turn.seq, turn.position)).collect::<Vec<_>>(), [(3, 3)]);
}
