//! All 52 messages that were checked against the vendor's models: each is accounted for by name, and no name is left over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::tests::{encoded, profile};
use super::*;
use crate::audio::EncodedAudio;
use crate::session::event::{
    ErrorClass, ItemKind, ModelCommand, ModelError, ModelEvent, ResponseStatus, Seed, SeedContent, Speaker, TurnTaking, Usage,
};
use crate::session::policy::{Eagerness, Profile, ReasoningEffort, Tool, TurnDetection};
use crate::types::Redacted;

#[derive(Deserialize)]
struct Fixture {
    side: String,
    name: String,
    message: Value,
}

fn fixtures(side: &str) -> BTreeMap<String, Value> {
    let all: Vec<Fixture> = serde_json::from_str(include_str!("../../../tests/fixtures/openai-messages.json")).expect("fixtures");
    all.into_iter().filter(|fixture| fixture.side == side).map(|fixture| (fixture.name, fixture.message)).collect()
}

/// The profile of the fixture.
fn clinic() -> Profile {
    let parameters = r#"{"type":"object","properties":{"day":{"type":"string"}},"required":["day"],"additionalProperties":false}"#;
    let tool = Tool { name: "book_slot".into(), description: "Reserve an appointment.".into(), parameters: parameters.into() };
    Profile { speed: Some(1.0), reasoning: Some(ReasoningEffort::Low), tools: vec![tool], ..profile() }
}

/// What we send, and the keys of the fixture that we have no use for.
fn sent() -> Vec<(&'static str, ModelCommand, &'static [&'static str])> {
    let seed = |item: &str, speaker, text: &str| {
        ModelCommand::Seed(Seed { item: item.into(), content: SeedContent::Said { speaker, text: Redacted(text.into()) } })
    };
    let unused: &[&str] = &["/session/audio/input/turn_detection/idle_timeout_ms", "/session/parallel_tool_calls", "/session/truncation"];
    let create = |event_id: &str, instructions: Option<&str>| ModelCommand::CreateResponse {
        event_id: event_id.into(),
        instructions: instructions.map(Into::into),
    };
    let called = ModelCommand::Seed(Seed {
        item: "seed_1".into(),
        content: SeedContent::ToolCalled {
            call_id: "call_77".into(),
            name: "book_slot".into(),
            arguments: Redacted(r#"{"day":"2026-12-01"}"#.into()),
        },
    });
    vec![
        ("session.update (full, phone)", ModelCommand::Configure { profile: Arc::new(clinic()), turns: TurnTaking::ByServer }, unused),
        (
            "session.update (semantic_vad)",
            ModelCommand::TakeTurns {
                event_id: "turns_1".into(),
                profile: Arc::new(Profile { turn_detection: TurnDetection::Semantic(Eagerness::Auto), ..profile() }),
                turns: TurnTaking::ByServer,
            },
            &[],
        ),
        ("input_audio_buffer.commit", ModelCommand::Commit { event_id: "commit_1".into() }, &[]),
        ("item.create function_call (history)", called, &[]),
        ("input_audio_buffer.append", ModelCommand::Append(EncodedAudio::encode(&[0xFF; 6])), &[]),
        ("item.create user text", seed("msg_seed_u1", Speaker::User, "I need to move my appointment."), &["/previous_item_id"]),
        ("item.create assistant text", seed("msg_seed_a1", Speaker::Ai, "Sure, which day works?"), &[]),
        ("item.create system text", seed("msg_seed_s1", Speaker::System, "The caller pressed keypad digit 3."), &["/item/id"]),
        (
            "item.create function_call_output",
            ModelCommand::ToolResult { call_id: "call_77".into(), output: r#"{"ok":true,"time":"10:30"}"#.into() },
            &[],
        ),
        (
            "item.truncate",
            ModelCommand::Truncate { event_id: "trunc_4".into(), item: "item_A2".into(), audio_end_ms: 1480, heard: None },
            &[],
        ),
        ("item.delete", ModelCommand::Delete { event_id: "del_1".into(), item: "item_A2".into() }, &[]),
        ("response.create (default)", create("rc_1", None), &[]),
        (
            "response.create (greeting)",
            create("rc_2", Some("Greet the caller in one sentence.")),
            &["/response/output_modalities", "/response/metadata"],
        ),
        ("response.cancel", ModelCommand::Cancel { event_id: "rx_1".into(), response: "resp_2".into() }, &[]),
    ]
}

const NEVER_SENT: [&str; 5] = [
    "session.update (VAD off)",
    "input_audio_buffer.clear",
    "item.create mcp_approval_response",
    "item.retrieve",
    "response.create (out of band)",
];

fn user(id: &str) -> ModelEvent {
    ModelEvent::ItemAdded { item: id.to_owned().into(), previous: None, kind: ItemKind::User }
}

fn said(text: &str) -> Redacted<String> {
    Redacted(text.into())
}

fn done(status: ResponseStatus) -> ModelEvent {
    let usage = Usage { text_in: 119, audio_in: 13, text_out: 30, audio_out: 91, cached_text_in: 64, cached_audio_in: 0 };
    ModelEvent::ResponseDone { response: "resp_1".into(), status, usage }
}

/// What each message that has a meaning means.
fn meant() -> Vec<(&'static str, ModelEvent)> {
    let user_text = || ModelEvent::UserText { item: "item_U1".into(), text: said("Hi, I'd like to book.") };
    let rate_limited = ResponseStatus::Failed { retry: true, reason: "rate_limit_exceeded: tokens: Rate limit reached".into() };
    vec![
        ("session.updated", ModelEvent::Ready),
        ("input_audio_buffer.speech_started", ModelEvent::SpeechStarted { item: "item_U1".into() }),
        ("input_audio_buffer.speech_stopped", ModelEvent::SpeechStopped { item: "item_U1".into() }),
        ("input_audio_buffer.committed", user("item_U1")),
        ("conversation.item.added (user)", user("item_U1")),
        (
            "conversation.item.added (assistant)",
            ModelEvent::ItemAdded { item: "item_A1".into(), previous: Some("item_U1".into()), kind: ItemKind::Assistant },
        ),
        ("transcription.completed", user_text()),
        ("transcription.completed (tokens)", user_text()),
        ("transcription.failed", ModelEvent::UserTextFailed { item: "item_U1".into() }),
        ("response.created", ModelEvent::ResponseCreated { response: "resp_1".into() }),
        ("rate_limits.updated", ModelEvent::RateLimits { reset: Duration::from_millis(400) }),
        ("response.output_audio_transcript.delta", ModelEvent::Text { item: "item_A1".into(), delta: said("Sure, ") }),
        (
            "response.output_audio.delta",
            ModelEvent::Audio { response: "resp_1".into(), item: "item_A1".into(), audio: Bytes::from_static(&[0xFF; 6]) },
        ),
        ("response.output_audio.done", ModelEvent::AudioDone { item: "item_A1".into() }),
        ("response.output_audio_transcript.done", ModelEvent::TextDone { item: "item_A1".into(), text: said("Sure, which day?") }),
        ("response.done completed", done(ResponseStatus::Completed)),
        ("response.done cancelled", done(ResponseStatus::Cancelled)),
        ("response.done failed", done(rate_limited)),
        ("response.done incomplete", done(ResponseStatus::Incomplete)),
        ("response.done (function call)", done(ResponseStatus::Completed)),
        (
            "error",
            ModelEvent::Error(ModelError {
                class: ErrorClass::NothingToCancel,
                code: "response_cancel_not_active".into(),
                message: "Cancellation failed: no active response found".into(),
                caused_by: Some("rx_1".into()),
            }),
        ),
    ]
}

/// Says also when the session ends.
const CREATED: &str = "session.created";

/// The messages that say nothing new, by name and type.
const IGNORED: [(&str, &str); 11] = [
    ("input_audio_buffer.timeout_triggered", "input_audio_buffer.timeout_triggered"),
    ("conversation.item.done (user)", "conversation.item.done"),
    ("conversation.item.done (assistant)", "conversation.item.done"),
    ("transcription.delta", "conversation.item.input_audio_transcription.delta"),
    ("response.output_item.added", "response.output_item.added"),
    ("response.output_item.done", "response.output_item.done"),
    ("response.content_part.added", "response.content_part.added"),
    ("response.content_part.done", "response.content_part.done"),
    ("function_call_arguments.delta", "response.function_call_arguments.delta"),
    ("function_call_arguments.done", "response.function_call_arguments.done"),
    ("conversation.item.truncated", "conversation.item.truncated"),
];

/// Takes a key out of a message, if it is there.
fn take(message: &mut Value, pointer: &str) -> Option<Value> {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    message.pointer_mut(parent)?.as_object_mut()?.remove(key)
}

#[test]
fn what_we_send_is_what_the_vendor_s_models_accept() {
    let fixtures = fixtures("client");
    for (name, command, unused) in sent() {
        let mut expected = fixtures[name].clone();
        let mut ours: Value = encoded(command);
        for pointer in unused {
            let taken = (take(&mut expected, pointer), take(&mut ours, pointer));
            assert_ne!(taken, (None, None), "{name} {pointer}");
        }
        take(&mut expected, "/event_id");
        take(&mut ours, "/event_id");

        assert_eq!(ours, expected, "{name}");
    }
}

#[test]
fn what_arrives_means_what_it_says() {
    let fixtures = fixtures("server");
    for (name, event) in meant() {
        assert_eq!(decode(&fixtures[name].to_string()), Ok(Decoded::Event(event)), "{name}");
    }
    assert_eq!(decode(&fixtures[CREATED].to_string()), Ok(Decoded::Opened { expires_at: Some(1_795_363_200) }));
    for (name, kind) in IGNORED {
        assert_eq!(decode(&fixtures[name].to_string()), Ok(Decoded::Ignored(kind)), "{name}");
    }
}

#[test]
fn all_fifty_two_are_accounted_for() {
    let sent = sent().into_iter().map(|(name, ..)| name).chain(NEVER_SENT);
    let received = meant().into_iter().map(|(name, _)| name).chain(IGNORED.map(|(name, _)| name)).chain([CREATED]);
    let (sent, received): (BTreeSet<_>, BTreeSet<_>) = (sent.collect(), received.collect());

    assert_eq!(sent, fixtures("client").keys().map(String::as_str).collect());
    assert_eq!(received, fixtures("server").keys().map(String::as_str).collect());
    assert_eq!(sent.len() + received.len(), 52);
}

/// The address of every object, and of every key of one.
fn addresses(value: &Value, at: &str, objects: &mut Vec<String>, keys: &mut Vec<String>) {
    if let Some(object) = value.as_object() {
        objects.push(at.to_owned());
        for (key, value) in object {
            keys.push(format!("{at}/{key}"));
            addresses(value, &format!("{at}/{key}"), objects, keys);
        }
    }
    for (index, value) in value.as_array().into_iter().flatten().enumerate() {
        addresses(value, &format!("{at}/{index}"), objects, keys);
    }
}

fn addresses_of(message: &Value) -> (Vec<String>, Vec<String>) {
    let (mut objects, mut keys) = (Vec::new(), Vec::new());
    addresses(message, "", &mut objects, &mut keys);
    (objects, keys)
}

#[test]
fn a_field_that_is_new_anywhere_changes_nothing() {
    for (name, message) in fixtures("server") {
        for object in addresses_of(&message).0 {
            let mut grown = message.clone();
            let at = grown.pointer_mut(&object).expect("an object");
            at["obfuscation"] = json!({"type": ["new", null, 1.5]});

            assert_eq!(decode(&grown.to_string()), decode(&message.to_string()), "{name} {object}");
        }
    }
}

#[test]
fn a_field_that_is_null_or_absent_is_at_most_missed() {
    for (name, message) in fixtures("server") {
        for key in addresses_of(&message).1 {
            let (mut absent, mut null) = (message.clone(), message.clone());
            take(&mut absent, &key).expect("a field");
            *null.pointer_mut(&key).expect("a field") = Value::Null;

            let decoded = decode(&absent.to_string());

            assert_eq!(decoded, decode(&null.to_string()), "{name} {key}");
            match decoded {
                Ok(Decoded::Event(_) | Decoded::Opened { .. } | Decoded::Ignored(_)) => {}
                Err(Malformed::Untyped) => assert_eq!(key, "/type", "{name}"),
                Err(Malformed::Missing { field, .. }) => assert!(names(&key, field), "{name} {key} {field}"),
                other => panic!("{name} {key}: {other:?}"),
            }
        }
    }
}

/// Only what a message is about can be missed: an id, or the object that holds it.
fn names(key: &str, field: &str) -> bool {
    let field = format!("/{}", field.replace('.', "/"));
    field == key && (key.ends_with("id") || ["/item", "/response"].contains(&key))
}

#[test]
fn a_message_that_is_cut_off_is_no_message() {
    for (name, message) in fixtures("server") {
        let text = message.to_string();
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            assert_eq!(decode(&text[..end]), Err(Malformed::Untyped), "{name} {end}");
        }
    }
}
