use serde_json::{Value, json};

use super::rig::{Rig, append, kinds, one, phone};
use crate::audio::{duration_ms, silence};
use crate::sim::openai::session::Out;
use crate::sim::speech::clip;

fn truncate(item: &Value, end_ms: &Value) -> Value {
    json!({"type": "conversation.item.truncate", "event_id": "trunc_1", "item_id": item, "content_index": 0, "audio_end_ms": end_ms})
}

/// A rig where the assistant has spoken its greeting, and that item's id.
fn greeted() -> (Rig, Value) {
    let mut rig = Rig::configured();
    rig.send(&json!({"type": "response.create", "response": {"instructions": format!("Say \"{}\"", clip("agent_greeting").text)}}));
    let events = rig.pass(2000);
    let item = one(&events, "response.output_item.added")["item"]["id"].clone();
    (rig, item)
}

#[test]
fn a_new_session_is_pcm_with_the_documented_defaults() {
    let rig = Rig::new();

    let session = &rig.events_from(0)[0]["session"];

    assert_eq!(session["audio"]["input"]["format"], json!({"type": "audio/pcm", "rate": 24000}));
    assert_eq!(session["audio"]["output"]["format"], json!({"type": "audio/pcm", "rate": 24000}));
    assert_eq!(session["audio"]["input"]["turn_detection"]["silence_duration_ms"], 200);
    assert_eq!(session["model"], "gpt-realtime-2.1");
}

#[test]
fn an_update_shows_the_effective_session() {
    let mut rig = Rig::new();

    assert_eq!(rig.send(&phone()), [Value::Null; 0]);
    let events = rig.pass(20);

    let session = &one(&events, "session.updated")["session"];
    assert_eq!(session["audio"]["input"]["format"], json!({"type": "audio/pcmu"}));
    assert_eq!(session["audio"]["output"]["voice"], "marin");
    assert_eq!(session["tools"][0]["name"], "end_call");
    assert_eq!(session["max_output_tokens"], 1024);
    assert!(rig.report().configured);
    assert_eq!(session["instructions"], rig.report().instructions);
}

#[test]
fn a_wrong_configuration_is_refused_with_the_place_that_is_wrong() {
    let wrong = [
        (json!({"instructions": "x"}), "missing_required_parameter", "session.type"),
        (json!({"type": "realtime", "voice": "marin"}), "unknown_parameter", "session.voice"),
        (json!({"type": "realtime", "modalities": ["audio"]}), "unknown_parameter", "session.modalities"),
        (json!({"type": "realtime", "temperature": 0.8}), "unknown_parameter", "session.temperature"),
        (json!({"type": "realtime", "output_modalities": ["audio", "text"]}), "invalid_value", "session.output_modalities"),
        (
            json!({"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcmu", "rate": 8000}}}}),
            "unknown_parameter",
            "session.audio.input.format.rate",
        ),
        (json!({"type": "realtime", "audio": {"input": {"format": "g711_ulaw"}}}), "invalid_type", "session.audio.input.format"),
        (json!({"type": "realtime", "audio": {"output": {"voice": "nobody"}}}), "invalid_value", "session.audio.output.voice"),
        (json!({"type": "realtime", "max_output_tokens": 8192}), "integer_above_max_value", "session.max_output_tokens"),
        (json!({"type": "realtime", "model": "gpt-live-1"}), "invalid_value", "session.model"),
        (
            json!({"type": "realtime", "tools": [{"type": "function", "function": {"name": "x"}}]}),
            "unknown_parameter",
            "session.tools[0].function",
        ),
    ];
    for (session, code, param) in wrong {
        let mut rig = Rig::new();

        let error = rig.fail(&json!({"type": "session.update", "event_id": "cfg_1", "session": session}));

        assert_eq!((&error["code"], &error["param"]), (&json!(code), &json!(param)), "{session}");
        assert_eq!(error["event_id"], "cfg_1");
        assert_eq!(rig.violations().len(), 1, "{session}");
        assert_eq!(rig.pass(1000), [Value::Null; 0]);
    }
}

#[test]
fn the_voice_is_fixed_once_it_was_heard() {
    let (mut rig, _) = greeted();

    let error = rig.fail(&json!({"type": "session.update", "session": {"type": "realtime", "audio": {"output": {"voice": "cedar"}}}}));

    assert_eq!(error["code"], "cannot_update_voice");
    assert_eq!(rig.violations().len(), 1);
}

#[test]
fn audio_before_the_configuration_is_in_force_is_a_violation_and_is_lost() {
    let mut rig = Rig::new();
    rig.send(&append(&silence(20)));
    rig.send(&phone());
    rig.send(&append(clip("caller_hours").audio));
    rig.pass(20);

    assert_eq!(rig.send(&append(&silence(1000))), [Value::Null; 0]);

    assert_eq!(rig.violations().len(), 2);
    assert_eq!(rig.report().appended_ms, 20 + duration_ms(clip("caller_hours").audio.len()) + 1000);
}

#[test]
fn a_truncation_within_what_was_sent_is_confirmed_and_drops_the_transcript() {
    let (mut rig, item) = greeted();

    let events = rig.send(&truncate(&item, &json!(1480)));
    let retrieved = rig.send(&json!({"type": "conversation.item.retrieve", "item_id": item}));

    assert_eq!(kinds(&events), ["conversation.item.truncated"]);
    assert_eq!((&events[0]["item_id"], &events[0]["audio_end_ms"]), (&item, &json!(1480)));
    assert!(retrieved[0]["item"]["content"][0]["transcript"].is_null());
    assert_eq!(rig.report().truncates, [(item.as_str().unwrap().to_owned(), 1480)]);
    assert_eq!(rig.violations(), [""; 0]);
}

#[test]
fn a_truncation_must_fit_the_audio() {
    let (mut rig, item) = greeted();
    let sent = duration_ms(clip("agent_greeting").audio.len());

    let beyond = rig.fail(&truncate(&item, &json!(sent + 1)));
    let fractional = rig.fail(&truncate(&item, &json!(1480.5)));
    let negative = rig.fail(&truncate(&item, &json!(-1)));

    assert_eq!(beyond["code"], Value::Null);
    assert_eq!(beyond["message"], format!("Audio content of {sent}ms is already shorter than {}ms", sent + 1));
    assert_eq!(beyond["event_id"], "trunc_1");
    assert_eq!(fractional["code"], "invalid_type");
    assert_eq!(negative["code"], "integer_below_min_value");
    assert_eq!(rig.violations().len(), 3);
    rig.send(&truncate(&item, &json!(sent)));
    assert_eq!(rig.report().truncates.len(), 1);
}

#[test]
fn a_truncated_item_cannot_grow_again() {
    let (mut rig, item) = greeted();
    rig.send(&truncate(&item, &json!(1000)));

    let error = rig.fail(&truncate(&item, &json!(1001)));

    assert_eq!(error["message"], "Audio content of 1000ms is already shorter than 1001ms");
}

#[test]
fn only_spoken_items_of_the_assistant_can_be_truncated() {
    let mut rig = Rig::configured();
    rig.hear_turn("caller_hours");
    let user = one(&rig.events_from(0), "input_audio_buffer.committed")["item_id"].clone();

    assert_eq!(rig.fail(&truncate(&user, &json!(0)))["code"], "invalid_value");
    assert_eq!(rig.fail(&truncate(&json!("item_none"), &json!(0)))["code"], "item_truncate_invalid_item_id");

    assert_eq!(rig.violations().len(), 2);
}

#[test]
fn what_was_deleted_can_be_missed_without_blame() {
    let (mut rig, item) = greeted();
    let delete = json!({"type": "conversation.item.delete", "item_id": item});

    assert_eq!(kinds(&rig.send(&delete)), ["conversation.item.deleted"]);
    assert_eq!(rig.fail(&truncate(&item, &json!(0)))["code"], "item_truncate_invalid_item_id");
    assert_eq!(rig.fail(&delete)["code"], "item_delete_invalid_item_id");

    assert_eq!(rig.violations(), [""; 0]);
    assert_eq!(rig.control.races().len(), 2);
    rig.fail(&json!({"type": "conversation.item.delete", "item_id": "item_none"}));
    assert_eq!(rig.violations().len(), 1);
}

#[test]
fn a_commit_needs_100_ms() {
    let mut rig = Rig::configured();
    rig.send(&json!({"type": "session.update", "session": {"type": "realtime", "audio": {"input": {"turn_detection": null}}}}));
    rig.pass(20);
    rig.send(&append(&silence(99)));

    let error = rig.fail(&json!({"type": "input_audio_buffer.commit"}));
    rig.send(&append(&silence(1)));
    let events = rig.send(&json!({"type": "input_audio_buffer.commit"}));

    assert_eq!(error["code"], "input_audio_buffer_commit_empty");
    assert_eq!(kinds(&events), ["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"]);
    assert_eq!(rig.violations().len(), 1);
}

#[test]
fn a_cleared_buffer_is_empty() {
    let mut rig = Rig::configured();
    rig.hear(&clip("caller_hours").audio[..8000]);

    assert_eq!(kinds(&rig.send(&json!({"type": "input_audio_buffer.clear"}))), ["input_audio_buffer.cleared"]);
    assert_eq!(rig.fail(&json!({"type": "input_audio_buffer.commit"}))["code"], "input_audio_buffer_commit_empty");
}

#[test]
fn what_is_no_event_is_refused() {
    let mut rig = Rig::configured();
    let big = "A".repeat(15 * 1024 * 1024 + 4);

    assert_eq!(rig.fail(&json!({"type": "response.audio.delta"}))["code"], "invalid_event");
    assert_eq!(rig.fail(&json!({"type": "output_audio_buffer.clear"}))["code"], "invalid_event");
    assert_eq!(rig.fail(&json!({"no": "type"}))["code"], "invalid_event");
    assert_eq!(rig.fail(&json!({"type": "response.create", "response": {"modalities": ["audio"]}}))["param"], "response.modalities");
    assert_eq!(rig.fail(&json!({"type": "input_audio_buffer.append", "audio": "not base64"}))["code"], "invalid_value");
    assert_eq!(rig.fail(&json!({"type": "input_audio_buffer.append", "audio": big}))["code"], "string_above_max_length");
    assert_eq!(rig.fail(&json!({"type": "input_audio_buffer.append"}))["code"], "missing_required_parameter");
    rig.session.handle_text(rig.now, "{not json");
    rig.session.handle_binary(rig.now);

    let codes: Vec<_> =
        std::iter::from_fn(|| rig.session.poll_output())
            .map(|out| {
                if let Out::Send(text) = out { serde_json::from_str::<Value>(&text).unwrap()["error"]["code"].clone() } else { Value::Null }
            })
            .collect();
    assert_eq!(codes, ["invalid_json", "invalid_event"]);
    assert_eq!(rig.violations().len(), 9);
}

#[test]
fn messages_of_the_wrong_kind_of_content_are_refused() {
    let create = |role: &str, part: &Value| json!({"type": "conversation.item.create", "item": {"type": "message", "role": role, "content": [part]}});
    let mut rig = Rig::configured();

    let beta = rig.fail(&create("assistant", &json!({"type": "text", "text": "Hello."})));
    let audio = rig.fail(&create("assistant", &json!({"type": "output_audio", "audio": ""})));
    let swapped = rig.fail(&create("user", &json!({"type": "output_text", "text": "Hello."})));
    let orphan =
        rig.fail(&json!({"type": "conversation.item.create", "item": {"type": "function_call_output", "call_id": "call_9", "output": ""}}));
    let lost = rig.fail(&json!({"type": "conversation.item.create", "previous_item_id": "item_none",
        "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi."}]}}));

    for error in [beta, audio, swapped, orphan, lost] {
        assert_eq!(error["code"], "invalid_value", "{error}");
    }
    assert_eq!(rig.violations().len(), 5);
    assert_eq!(rig.report().seeds, []);
}

#[test]
fn an_item_id_is_short_and_used_once() {
    let create = |id: &str| {
        let item = json!({"id": id, "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi."}]});
        json!({"type": "conversation.item.create", "item": item})
    };
    let mut rig = Rig::configured();
    rig.send(&create("seed_0"));

    assert_eq!(rig.fail(&create("seed_0"))["code"], "item_create_duplicate_item_id");
    assert_eq!(rig.fail(&create(&"x".repeat(33)))["code"], "string_above_max_length");
}

#[test]
fn a_session_ends_at_its_longest_age() {
    let mut rig = Rig::configured();

    let events = rig.pass(3_600_000);

    assert_eq!(one(&events, "error")["error"]["code"], "session_expired");
    let close = Out::Close(1001, "Your session hit the maximum duration of 60 minutes.".to_owned());
    assert_eq!(rig.seen.last(), Some(&close));
    assert_eq!(rig.report().ended, Some(std::time::Duration::from_secs(3600)));
}
