//! Rules that no tampering with a world breaks by itself: broken by hand.

use std::time::Duration;

use alpha_call::audio::{EncodedAudio, bytes_of, silence};
use alpha_call::session::event::{Input, LegCommand, Mark, ModelCommand, ModelEvent, Output, Record, Speaker, ToolCall, Turn, TurnKind};
use alpha_call::types::Redacted;
use bytes::Bytes;

use super::{StreamWatch, WAKINGS};
use crate::agenda::Time;
use crate::chance::Chance;
use crate::policy;
use crate::rule::{Held, Rule};

pub const BY_HAND: [Rule; 3] = [Rule::Room, Rule::BusyLoop, Rule::Heard];

fn watch() -> StreamWatch {
    StreamWatch::new(&policy::session(&mut Chance::new(1), false))
}

fn rule(held: Held) -> Option<Rule> {
    held.err().map(|broken| broken.rule)
}

fn audio(ms: u64) -> Input {
    let audio = Bytes::from(vec![2; bytes_of(ms)]);
    Input::Model(ModelEvent::Audio { response: "r".into(), item: "i1".into(), audio })
}

fn play(ms: u64) -> Output {
    Output::Leg(LegCommand::Play(Bytes::from(vec![2; bytes_of(ms)])))
}

fn mark(ms: u64) -> Output {
    Output::Leg(LegCommand::Mark(Mark { generation: 0, item: 0, ms }))
}

fn turn(generated: &str, heard: &str) -> Turn {
    Turn {
        seq: 0,
        revision: 1,
        position: 0,
        item: Some("i1".into()),
        response: None,
        speaker: Speaker::Ai,
        kind: TurnKind::Message,
        generated: Redacted(generated.to_owned()),
        heard: Redacted(heard.to_owned()),
        interrupted: false,
        audio_ms: 900,
        heard_ms: 900,
        started: Duration::ZERO,
        ended: Some(Duration::ZERO),
        latency: None,
        tokens: None,
        transcription: None,
        tool: None,
    }
}

#[test]
fn an_answer_that_piles_up_is_seen_unless_the_session_said_that_it_will_not_take_it() {
    let (mut watch, now) = (watch(), Time::ZERO);
    watch.told(now, &audio(11_000)).expect("there is room");
    watch.leg.settled(now);
    watch.told(now, &audio(2_000)).expect("not yet");
    watch.leg.settled(now);

    let later = now + Duration::from_secs(3);
    assert_eq!(rule(watch.told(later, &Input::Timeout)), Some(Rule::Room));
}

#[test]
fn a_caller_who_is_kept_for_too_long_is_seen() {
    let (mut watch, now) = (watch(), Time::ZERO);
    let second = Output::Model(ModelCommand::Append(EncodedAudio::encode(&silence(1_000))));
    watch.told(now, &Input::Model(ModelEvent::Ready)).expect("a fact");

    let held: Vec<_> = (0..4).map(|_| rule(watch.ordered(now, &second))).collect();
    assert_eq!(held, [None, None, None, Some(Rule::Room)]);
}

#[test]
fn a_session_that_wakes_itself_for_ever_is_seen() {
    let mut watch = watch();
    let wake = |watch: &mut StreamWatch, at| rule(watch.told(at, &Input::Timeout));

    assert!((0..WAKINGS).all(|_| wake(&mut watch, Time::ZERO).is_none()));
    assert_eq!(wake(&mut watch, Time::ZERO), Some(Rule::BusyLoop));
    assert_eq!(wake(&mut watch, Time::from_millis(1)), None);
}

#[test]
fn what_nobody_said_cannot_be_heard() {
    assert_eq!(rule(watch().record.turn(&turn("one two three", "one two"))), None);
    assert_eq!(rule(watch().record.turn(&turn("one two three", "one three"))), Some(Rule::Heard));
    let longer = Turn { heard_ms: 901, ..turn("one", "one") };
    assert_eq!(rule(watch().record.turn(&longer)), Some(Rule::Heard));
}

#[test]
fn audio_after_a_clear_and_audio_too_soon_are_seen() {
    let (mut watch, now) = (watch(), Time::ZERO);
    watch.told(now, &audio(500)).expect("a fact");
    for order in [mark(0), play(100), mark(100), Output::Leg(LegCommand::Clear)] {
        watch.ordered(now, &order).expect("in order");
    }
    assert_eq!(rule(watch.ordered(now, &play(100))), Some(Rule::DeadAudio));
    assert_eq!(rule(watch.ordered(now, &mark(200))), Some(Rule::DeadAudio));

    let mut eager = self::watch();
    let held: Vec<_> = (0..20).filter_map(|_| rule(eager.ordered(now, &play(100)))).collect();
    assert!(!held.is_empty() && held.iter().all(|rule| *rule == Rule::Lead), "{held:?}");
}

#[test]
fn a_turn_that_is_left_open_and_a_tool_without_an_answer_are_seen() {
    let mut open = watch();
    open.record.turn(&Turn { ended: None, ..turn("one", "") }).expect("a turn");
    assert_eq!(rule(open.record.is_whole()), Some(Rule::Record));

    let mut asked = watch();
    let tool = Some(alpha_call::session::event::ToolUse { name: "look_up".into(), call_id: "c".into() });
    asked.record.turn(&Turn { kind: TurnKind::ToolCall, tool, ..turn("", "") }).expect("a turn");
    assert_eq!(rule(asked.record.is_whole()), Some(Rule::Tools));
}

#[test]
fn what_the_model_was_told_of_an_item_is_what_the_record_says() {
    let mut watch = watch();
    let cut = ModelCommand::Truncate { event_id: String::new(), item: "i1".into(), audio_end_ms: 400, heard: None };
    watch.ordered(Time::ZERO, &Output::Model(cut)).expect("once");

    let record = Output::Record(Record::Turn(Box::new(turn("one", "one"))));
    assert_eq!(rule(watch.ordered(Time::ZERO, &record)), Some(Rule::Items));
}

#[test]
fn an_answer_to_a_tool_of_another_model_is_seen() {
    let mut watch = watch();
    let call = ToolCall {
        response: "r".into(),
        item: "f".into(),
        call_id: "c".into(),
        name: "look_up".into(),
        arguments: Redacted(String::new()),
    };
    watch.told(Time::ZERO, &Input::Model(ModelEvent::ToolCalled(call))).expect("a fact");
    let answer = Output::Model(ModelCommand::ToolResult { call_id: "c".into(), output: String::new() });
    watch.ordered(Time::ZERO, &answer).expect("the first");
    watch.restarted();

    assert_eq!(rule(watch.ordered(Time::ZERO, &answer)), Some(Rule::Tools));
}
