use std::time::Duration;

use serde_json::{Value, json};

use super::rig::{Rig, kinds, of, one, phone};
use crate::audio::silence;
use crate::sim::openai::script::{Cue, Fate, Saying, Script, ScriptedReply, ScriptedTranscript, Writing};
use crate::sim::speech::clip;
use crate::sim::voice::speak;

fn say(text: &str) -> Saying {
    Saying::Say(text.to_owned())
}

fn call(name: &str, arguments: &str) -> Saying {
    Saying::Call { name: name.to_owned(), arguments: arguments.to_owned() }
}

fn heard(words: &str) -> Cue {
    Cue::Heard(words.to_owned())
}

fn rig(replies: Vec<ScriptedReply>) -> Rig {
    let rig = Rig::configured();
    rig.control.follow(Script { replies, ..Script::default() });
    rig
}

fn ask(rig: &mut Rig, words: &str) -> Vec<Value> {
    let before = rig.seen.len();
    rig.hear(&[&speak(words)[..], &silence(600)].concat());
    rig.pass(4_000);
    rig.events_from(before)
}

#[test]
fn any_words_can_be_said_understood_and_answered() {
    let mut rig = rig(vec![ScriptedReply::new(heard("Do you treat cats?"), vec![say("We do."), say("And dogs.")])]);

    let events = ask(&mut rig, "Do you treat cats?");

    let transcript = one(&events, "conversation.item.input_audio_transcription.completed");
    assert_eq!(transcript["transcript"], "Do you treat cats?");
    let spoken: Vec<_> = of(&events, "response.output_audio_transcript.done").iter().map(|done| done["transcript"].clone()).collect();
    assert_eq!(spoken, ["We do.", "And dogs."]);
    assert_eq!(rig.violations(), [""; 0]);
}

#[test]
fn a_reply_may_call_several_tools_with_any_arguments_and_their_results_are_answered() {
    let book = vec![say("One moment."), call("book", "{\"day\":1}"), call("book", "no json")];
    let mut rig = rig(vec![
        ScriptedReply::new(heard("Book it."), book),
        ScriptedReply::new(Cue::ToolResult("book".to_owned()), vec![say("It is booked.")]),
    ]);

    let events = ask(&mut rig, "Book it.");
    let calls = of(&events, "response.function_call_arguments.done");
    assert_eq!(calls.iter().map(|call| call["arguments"].clone()).collect::<Vec<_>>(), ["{\"day\":1}", "no json"]);
    for call in calls {
        let item = json!({"type": "function_call_output", "call_id": call["call_id"], "output": "{}"});
        rig.send(&json!({"type": "conversation.item.create", "item": item}));
    }
    rig.send(&json!({"type": "response.create"}));
    rig.pass(4_000);

    assert_eq!(rig.report().spoken, ["One moment.", "It is booked."]);
    assert_eq!(rig.violations(), [""; 0]);
}

#[test]
fn a_reply_is_never_given_or_never_spoken_or_comes_late_as_often_as_told() {
    let fate = |fate| ScriptedReply { fate, times: 1, ..ScriptedReply::new(Cue::Anything, vec![say("Hm.")]) };
    let late = ScriptedReply { think: Some(Duration::from_secs(3)), ..ScriptedReply::new(Cue::Anything, vec![say("At last.")]) };
    let mut rig = rig(vec![fate(Fate::Ignored), fate(Fate::Stuck), late]);

    assert_eq!(of(&ask(&mut rig, "One."), "response.created").len(), 0);
    let stuck = ask(&mut rig, "Two.");
    assert_eq!((of(&stuck, "response.created").len(), of(&stuck, "response.output_audio.delta").len()), (1, 0));
    rig.send(&json!({"type": "response.cancel"}));
    let late = ask(&mut rig, "Three.");

    assert!(!of(&late, "response.output_audio.delta").is_empty());
    let turns = rig.report().turns;
    assert_eq!(turns[2].share(), Some(Duration::from_millis(3_500)));
    assert_eq!(turns[0].share(), None);
}

#[test]
fn transcripts_come_late_or_out_of_order_or_fail_or_never_come() {
    let mut rig = Rig::configured();
    let written = |words: &str, delay, outcome| ScriptedTranscript { heard: Some(words.to_owned()), delay, outcome, times: 1 };
    let transcripts = vec![
        written("One.", Some(Duration::from_secs(6)), Writing::Done),
        written("Two.", None, Writing::Failed),
        written("Three.", None, Writing::Missing),
    ];
    rig.control.follow(Script { transcripts, ..Script::default() });

    for words in ["One.", "Two.", "Three."] {
        rig.hear(&[&speak(words)[..], &silence(900)].concat());
    }
    rig.pass(8_000);

    let events = rig.events_from(0);
    let order: Vec<_> = kinds(&events).into_iter().filter(|kind| kind.contains("transcription.") && !kind.ends_with("delta")).collect();
    let kind = |end: &str| format!("conversation.item.input_audio_transcription.{end}");
    assert_eq!(order, [kind("failed"), kind("completed")]);
}

#[test]
fn a_rate_limit_fails_what_is_asked_before_it_is_reset() {
    let mut rig = Rig::configured();
    rig.control.limit_rate(Duration::from_secs(2));

    rig.hear_turn("caller_hours");
    let failed = rig.pass(500);
    rig.send(&json!({"type": "response.create"}));
    rig.pass(2_000);
    rig.send(&json!({"type": "response.create"}));
    let answered = rig.pass(4_000);

    let events = rig.events_from(0);
    let first = of(&events, "response.done")[0];
    assert_eq!(first["response"]["status_details"]["error"]["code"], "rate_limit_exceeded");
    let seconds = one(&failed, "rate_limits.updated")["rate_limits"][0]["reset_seconds"].as_f64().expect("seconds");
    assert!((1.0..=2.0).contains(&seconds), "{seconds}");
    assert_eq!(rig.violations().len(), 1, "the create that did not wait");
    assert_eq!(one(&answered, "response.done")["response"]["status"], "completed");
}

#[test]
fn a_configuration_can_be_refused_or_come_out_otherwise() {
    let mut rig = Rig::new();
    rig.control.refuse_configurations(1);
    assert_eq!(rig.fail(&phone())["code"], "invalid_value");
    rig.control.show_format(Some("audio/pcm"));

    rig.send(&phone());
    let events = rig.pass(50);

    assert_eq!(one(&events, "session.updated")["session"]["audio"]["output"]["format"]["type"], "audio/pcm");
    assert_eq!(rig.violations(), [""; 0]);
}

#[test]
fn a_session_that_ends_soon_says_so() {
    let control = Rig::new().control;
    control.cap_sessions([Duration::from_secs(8)]);
    let settings = crate::sim::openai::FakeOpenAiSettings::default();
    let mut session = super::super::session::Session::new(control, settings, "m", Duration::ZERO);

    session.handle_timeout(Duration::from_secs(8));

    let said: Vec<_> = std::iter::from_fn(|| session.poll_output()).collect();
    assert!(format!("{said:?}").contains("session_expired"), "{said:?}");
}

#[test]
fn a_remote_server_is_asked_for_its_tools_and_used_by_the_model_alone() {
    let mut rig = rig(vec![ScriptedReply::new(
        heard("Look it up."),
        vec![
            Saying::Remote { server: "crm".into(), name: "look_up".into(), arguments: "{}".into(), output: "found".into() },
            say("Here it is."),
        ],
    )]);
    let tools = json!([{"type": "mcp", "server_label": "crm", "server_url": "https://crm.example.test", "require_approval": "never"}]);
    rig.send(&json!({"type": "session.update", "session": {"type": "realtime", "tools": tools}}));
    let listed = rig.pass(50);

    let events = ask(&mut rig, "Look it up.");

    assert_eq!(of(&listed, "mcp_list_tools.completed").len(), 1);
    let done = of(&events, "response.output_item.done");
    assert_eq!((&done[0]["item"]["type"], &done[0]["item"]["output"]), (&json!("mcp_call"), &json!("found")));
    assert_eq!(rig.report().spoken, ["Here it is."]);
    assert_eq!(rig.violations(), [""; 0]);
}

#[test]
fn whoever_answers_turns_may_change_in_mid_speech() {
    let mut rig = Rig::configured();
    let audio = clip("caller_move").audio;
    rig.hear(&audio[..8_000]);
    let detection = json!({"type": "server_vad", "create_response": false, "interrupt_response": false});
    rig.send(&json!({"type": "session.update", "session": {"type": "realtime", "audio": {"input": {"turn_detection": detection}}}}));

    rig.hear(&[&audio[8_000..], &silence(600)].concat());
    rig.pass(1_000);

    let events = rig.events_from(0);
    assert_eq!(of(&events, "input_audio_buffer.speech_stopped").len(), 1);
    assert_eq!(of(&events, "response.created").len(), 0);
    assert_eq!(rig.report().heard, [Some("caller_move")]);
}

#[test]
fn eagerness_counts_if_a_unit_is_given() {
    let detection = |eagerness: &str, unit| {
        let config = json!({"audio": {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": eagerness}}}});
        super::super::config::turn_detection(&config, unit).expect("a detection").silence_ms
    };
    let second = Some(Duration::from_secs(1));

    assert_eq!([detection("low", second), detection("auto", second), detection("high", second)], [4_000, 2_000, 1_000]);
    assert_eq!(detection("low", None), 500);
}
