use serde_json::json;

use super::rig::{Rig, audio_of, kinds, of, one};
use crate::audio::{duration_ms, silence};
use crate::sim::speech::clip;
use crate::sim::voice::speak;

/// The kinds, with runs of the same delta as one.
fn order(events: &[serde_json::Value]) -> Vec<String> {
    let mut order = kinds(events);
    let is_delta = |kind: &String| kind == "response.output_audio_transcript.delta" || kind == "response.output_audio.delta";
    order.dedup_by(|a, b| is_delta(a) && is_delta(b));
    order
}

#[test]
fn a_turn_follows_the_documented_order() {
    let mut rig = Rig::configured();

    rig.hear(&silence(500));
    rig.hear_turn("caller_hours");
    rig.pass(4000);

    let events = rig.events_from(0);
    let expected = [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.completed",
        "response.output_audio_transcript.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ];
    assert_eq!(order(&events), expected);
    assert_eq!(rig.violations(), [""; 0]);
    assert_eq!(rig.control.races(), []);
}

#[test]
fn items_name_the_one_before_them() {
    let mut rig = Rig::configured();

    rig.hear_turn("caller_hours");
    rig.pass(4000);
    rig.hear_turn("caller_move");
    rig.pass(2000);

    let events = rig.events_from(0);
    let chain: Vec<_> =
        of(&events, "conversation.item.added").iter().map(|e| (e["previous_item_id"].clone(), e["item"]["id"].clone())).collect();
    assert_eq!(chain.len(), 4);
    assert!(chain[0].0.is_null());
    for pair in chain.windows(2) {
        assert_eq!(pair[1].0, pair[0].1);
    }
    let committed = of(&events, "input_audio_buffer.committed");
    assert_eq!(committed[1]["previous_item_id"], chain[1].1);
    assert_eq!(committed[1]["item_id"], chain[2].1);
    assert_eq!(of(&events, "input_audio_buffer.speech_started")[1]["item_id"], chain[2].1);
}

#[test]
fn the_answer_is_the_whole_clip_in_audio_and_in_words() {
    let mut rig = Rig::configured();

    rig.hear_turn("caller_hours");
    rig.pass(4000);

    let events = rig.events_from(0);
    assert_eq!(audio_of(&events), speak(clip("agent_hours").text));
    assert_eq!(one(&events, "response.output_audio_transcript.done")["transcript"], clip("agent_hours").text);
    let done = &one(&events, "response.done")["response"];
    assert_eq!(done["status"], "completed");
    assert_eq!(done["output"][0]["content"][0]["transcript"], clip("agent_hours").text);
    assert_eq!(rig.report().heard, [Some("caller_hours")]);
    assert_eq!(rig.report().responses, ["completed"]);
}

#[test]
fn usage_adds_up() {
    let mut rig = Rig::configured();

    rig.hear_turn("caller_hours");
    rig.pass(4000);
    rig.hear_turn("caller_move");
    rig.pass(2000);

    for done in of(&rig.events_from(0), "response.done") {
        let usage = &done["response"]["usage"];
        let number = |path: &str| usage.pointer(path).and_then(serde_json::Value::as_u64).expect("a number");
        assert_eq!(number("/total_tokens"), number("/input_tokens") + number("/output_tokens"));
        assert_eq!(number("/input_tokens"), number("/input_token_details/text_tokens") + number("/input_token_details/audio_tokens"));
        assert_eq!(number("/output_tokens"), number("/output_token_details/text_tokens") + number("/output_token_details/audio_tokens"));
        assert!(number("/input_token_details/cached_tokens") <= number("/input_tokens"));
    }
    let events = rig.events_from(0);
    let second = &of(&events, "response.done")[1]["response"]["usage"];
    assert_eq!(second["output_token_details"]["audio_tokens"], duration_ms(clip("agent_moved").audio.len()) / 50);
    assert!(second["input_token_details"]["cached_tokens"].as_u64() > Some(0));
}

#[test]
fn the_transcript_of_the_caller_comes_long_after_the_answer_began() {
    let mut rig = Rig::configured();

    rig.hear_turn("caller_move");
    let early = rig.pass(500);
    let late = rig.pass(500);

    assert_eq!(of(&early, "conversation.item.input_audio_transcription.completed").len(), 0);
    let completed = one(&late, "conversation.item.input_audio_transcription.completed");
    assert_eq!(completed["transcript"], clip("caller_move").text);
}

#[test]
fn mumbling_is_inaudible_and_noise_is_empty() {
    let mut rig = Rig::configured();

    rig.hear(&[&clip("caller_hours").audio[..8_000], &silence(600)].concat());
    rig.pass(5000);
    rig.hear(&[&[0x90; 1600][..], &silence(600)].concat());
    rig.pass(5000);

    let events = rig.events_from(0);
    let texts: Vec<_> =
        of(&events, "conversation.item.input_audio_transcription.completed").iter().map(|event| event["transcript"].clone()).collect();
    assert_eq!(texts, [json!("(inaudible)"), json!("")]);
    assert_eq!(
        of(&events, "response.output_audio_transcript.done")[0]["transcript"],
        "I am a simulated assistant: I hear that you speak, but not what you say."
    );
    assert_eq!(rig.report().heard, [None, None]);
}

#[test]
fn speech_during_the_answer_cancels_it() {
    let mut rig = Rig::configured();
    rig.hear_turn("caller_hours");
    rig.pass(300);

    let events = rig.hear(&clip("caller_interrupt").audio[..3200]);

    let order = kinds(&events);
    let started = order.iter().position(|kind| kind == "input_audio_buffer.speech_started").expect("speech");
    let done = order.iter().position(|kind| kind == "response.done").expect("an end");
    assert!(started < done);
    let response = &one(&events, "response.done")["response"];
    assert_eq!(response["status"], "cancelled");
    assert_eq!(response["status_details"], json!({"type": "cancelled", "reason": "turn_detected"}));
    assert_eq!(response["output"][0]["status"], "incomplete");
    assert_eq!(rig.report().responses, ["cancelled"]);
}

#[test]
fn a_cancelled_answer_sends_one_more_delta_if_told_to_and_none_if_told_not_to() {
    for late in [true, false] {
        let mut rig = Rig::configured();
        rig.control.late_delta_after_cancel(late);
        rig.hear_turn("caller_hours");
        rig.pass(300);

        let cancelled = rig.send(&json!({"type": "response.cancel"}));
        let later = rig.pass(5000);

        let after = cancelled.iter().skip_while(|event| event["type"] != "response.done");
        assert_eq!(after.filter(|event| event["type"] == "response.output_audio.delta").count(), usize::from(late));
        assert_eq!(of(&later, "response.output_audio.delta").len(), 0);
    }
}

#[test]
fn without_interrupt_response_the_answer_goes_on_and_the_next_one_has_no_place() {
    let mut rig = Rig::configured();
    rig.send(&json!({"type": "session.update", "session": {"type": "realtime", "audio": {"input": {"turn_detection": {"type": "server_vad", "interrupt_response": false}}}}}));
    rig.send(&json!({"type": "response.create", "response": {"instructions": format!("Say: {}", "word ".repeat(600))}}));

    let events = rig.hear_turn("caller_move");

    assert_eq!(of(&events, "response.done").len(), 0);
    assert_eq!(one(&events, "error")["error"]["code"], "conversation_already_has_active_response");
    assert_eq!(rig.violations(), [""; 0]);
    assert_eq!(rig.control.races().len(), 1);
}

#[test]
fn a_goodbye_is_followed_by_the_tool_that_hangs_up() {
    let mut rig = Rig::configured();

    rig.hear_turn("caller_goodbye");
    rig.pass(3000);

    let events = rig.events_from(0);
    let arguments = one(&events, "response.function_call_arguments.done");
    assert_eq!((&arguments["name"], &arguments["arguments"]), (&json!("end_call"), &json!("{}")));
    let order: Vec<_> = kinds(&events).into_iter().filter(|kind| !kind.contains("transcription")).collect();
    let tail = &order[order.len() - 8..];
    let expected = [
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ];
    assert_eq!(tail, expected);
    let output = &one(&events, "response.done")["response"]["output"];
    assert_eq!(output[0]["content"][0]["transcript"], "You are welcome. Goodbye!");
    assert_eq!(output[1]["call_id"], arguments["call_id"]);
    assert_eq!(output[1]["status"], "completed");
}

#[test]
fn a_tool_result_is_taken_and_a_response_asked_for_after_it_is_empty() {
    let mut rig = Rig::configured();
    rig.hear_turn("caller_goodbye");
    rig.pass(3000);
    let call_id = one(&rig.events_from(0), "response.function_call_arguments.done")["call_id"].clone();

    rig.send(&json!({"type": "conversation.item.create", "item": {"type": "function_call_output", "call_id": call_id, "output": "{\"ok\":true}"}}));
    rig.send(&json!({"type": "response.create"}));
    let events = rig.pass(300);

    let response = &one(&events, "response.done")["response"];
    assert_eq!((&response["status"], &response["output"]), (&json!("completed"), &json!([])));
    assert_eq!(rig.report().tool_outputs, [(call_id.as_str().unwrap().to_owned(), "{\"ok\":true}".to_owned())]);
}

#[test]
fn without_the_tool_a_goodbye_is_only_said() {
    let mut rig = Rig::configured();
    rig.send(&json!({"type": "session.update", "session": {"type": "realtime", "tools": []}}));
    rig.pass(20);

    rig.hear_turn("caller_goodbye");
    let events = rig.pass(3000);

    assert_eq!(one(&events, "response.done")["response"]["output"].as_array().map(Vec::len), Some(1));
}
