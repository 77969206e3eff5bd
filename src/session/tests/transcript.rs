use proptest::prelude::*;

use super::*;

const AT: Duration = Duration::from_secs(1);

fn id(name: &str) -> ItemId {
    ItemId::from(name)
}

fn text(words: &str) -> Redacted<String> {
    Redacted(words.to_owned())
}

fn said(transcript: &Transcript) -> Vec<String> {
    transcript.seeds(0).iter().filter_map(|seed| Some(seed.content.said()?.1.to_owned())).collect()
}

#[test]
fn words_of_the_caller_that_come_late_stand_before_the_answer() {
    let mut transcript = Transcript::new(0);
    transcript.added(&id("u"), None, ItemKind::User, AT);
    transcript.added(&id("a"), Some(id("u")), ItemKind::Assistant, AT);
    transcript.text_done(&id("a"), text("At nine."), AT);
    transcript.heard(&id("a"), 900, 900, AT);

    transcript.user_text(&id("u"), text("When?"), AT);

    assert_eq!(said(&transcript), ["When?", "At nine."]);
}

#[test]
fn an_item_that_arrives_before_its_predecessor_moves_behind_it() {
    let mut transcript = Transcript::new(0);
    transcript.added(&id("a"), Some(id("u")), ItemKind::Assistant, AT);
    transcript.text_done(&id("a"), text("At nine."), AT);
    transcript.heard(&id("a"), 900, 900, AT);
    let first = transcript.take_changed();

    transcript.added(&id("u"), None, ItemKind::User, AT);
    transcript.user_text(&id("u"), text("When?"), AT);
    let second = transcript.take_changed();

    assert_eq!(first.iter().map(|t| (t.seq, t.position, t.revision)).collect::<Vec<_>>(), [(0, 0, 1)]);
    assert_eq!(second.iter().map(|t| (t.seq, t.position, t.revision)).collect::<Vec<_>>(), [(1, 0, 1), (0, 1, 2)]);
}

#[test]
fn an_interrupted_answer_is_cut_where_the_caller_interrupted() {
    let mut transcript = Transcript::new(0);
    transcript.text_done(&id("a"), text("one two three four five six seven eight nine ten"), AT);

    transcript.heard(&id("a"), 2_000, 5_000, AT);

    let turn = transcript.take_changed().remove(0);
    assert_eq!(turn.heard.0, "one two three four");
    assert!(turn.interrupted);
    assert_eq!((turn.heard_ms, turn.audio_ms), (2_000, 5_000));
}

#[test]
fn the_text_may_come_after_the_audio_was_heard() {
    let mut transcript = Transcript::new(0);
    transcript.heard(&id("a"), 1_000, 1_000, AT);

    transcript.text_done(&id("a"), text("At nine."), AT);

    assert_eq!(said(&transcript), ["At nine."]);
}

#[test]
fn noise_without_words_is_no_line_but_keeps_its_place_in_the_chain() {
    let mut transcript = Transcript::new(0);
    transcript.added(&id("u1"), None, ItemKind::User, AT);
    transcript.added(&id("noise"), Some(id("u1")), ItemKind::User, AT);
    transcript.added(&id("u2"), Some(id("noise")), ItemKind::User, AT);
    transcript.user_text(&id("u2"), text("second"), AT);
    transcript.user_text(&id("noise"), text(""), AT);
    transcript.user_text(&id("u1"), text("first"), AT);

    let recorded: Vec<_> = transcript.take_changed().into_iter().map(|turn| turn.generated.0).collect();

    assert_eq!(recorded, ["first", "second"]);
}

#[test]
fn nothing_changed_is_nothing_to_record() {
    let mut transcript = Transcript::new(0);
    transcript.added(&id("u"), None, ItemKind::User, AT);
    transcript.user_text(&id("u"), text("hello"), AT);

    assert_eq!(transcript.take_changed().len(), 1);
    assert_eq!(transcript.take_changed().len(), 0);
}

#[test]
fn a_new_model_session_goes_on_behind_the_old_one() {
    let mut transcript = Transcript::new(5);
    transcript.added(&id("u"), None, ItemKind::User, AT);
    transcript.user_text(&id("u"), text("before"), AT);
    transcript.settle();
    transcript.added(&id("u"), Some(id("seed_0")), ItemKind::User, AT);
    transcript.user_text(&id("u"), text("after"), AT);

    assert_eq!(said(&transcript), ["before", "after"]);
    assert_eq!(transcript.take_changed().iter().map(|t| t.seq).collect::<Vec<_>>(), [5, 6]);
}

#[test]
fn a_failed_transcription_does_not_hold_up_the_end() {
    let mut transcript = Transcript::new(0);
    transcript.speech_started(&id("u"), AT);
    assert!(transcript.awaits_text());

    transcript.user_text_failed(&id("u"), AT);

    assert!(!transcript.awaits_text());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_order_follows_the_chain_whatever_the_order_of_arrival(arrival in Just((0..12usize).collect::<Vec<_>>()).prop_shuffle(), texts in Just((0..12usize).collect::<Vec<_>>()).prop_shuffle()) {
        let mut transcript = Transcript::new(0);
        for n in arrival {
            let previous = n.checked_sub(1).map(|p| id(&format!("i{p}")));
            let kind = if n % 2 == 0 { ItemKind::User } else { ItemKind::Assistant };
            transcript.added(&id(&format!("i{n}")), previous, kind, AT);
        }
        for n in texts {
            transcript.user_text(&id(&format!("i{n}")), text(&n.to_string()), AT);
        }

        let expected: Vec<_> = (0..12).map(|n| n.to_string()).collect();
        prop_assert_eq!(said(&transcript), expected);
    }

    #[test]
    fn a_chain_that_bites_its_tail_does_not_hang(links in proptest::collection::vec((0..6usize, 0..6usize), 0..20)) {
        let mut transcript = Transcript::new(0);
        for (item, previous) in links {
            transcript.added(&id(&format!("i{item}")), Some(id(&format!("i{previous}"))), ItemKind::User, AT);
        }
    }
}

#[test]
fn words_that_come_after_all_words_were_there_are_not_said_twice() {
    let mut transcript = Transcript::new(0);
    transcript.text(&id("a"), "At ", AT);
    transcript.text_done(&id("a"), text("At nine."), AT);
    transcript.text(&id("a"), "nine.", AT);

    transcript.heard(&id("a"), 900, 900, AT);

    assert_eq!(said(&transcript), ["At nine."]);
}
