use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::decode::KINDS;
use super::*;
use crate::audio::EncodedAudio;
use crate::realtime::dialect::Dialect;
use crate::session::event::{
    ErrorClass, ItemKind, ModelCommand, ModelError, ModelEvent, ResponseStatus, Route, Seed, SeedContent, Speaker, ToolCall, TurnTaking,
    Usage,
};
use crate::session::policy::{NoiseReduction, Profile, Tool, TurnDetection};
use crate::types::Redacted;

pub(super) fn profile() -> Profile {
    Profile {
        model: "gpt-realtime-2.1".into(),
        voice: "marin".into(),
        speed: None,
        instructions: "You answer calls for the clinic. Keep replies short.".into(),
        language: Some("en".into()),
        transcription_model: Some("gpt-transcribe".into()),
        turn_detection: TurnDetection::Server { threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: 500 },
        noise_reduction: Some(NoiseReduction::NearField),
        reasoning: None,
        max_output_tokens: 1024,
        tools: vec![Tool { name: "end_call".into(), description: "Hangs up.".into(), parameters: NOTHING.into() }],
        remote_tools: Vec::new(),
    }
}

const NOTHING: &str = r#"{"type":"object","properties":{},"additionalProperties":false}"#;

/// In the dialect, one value for each frame.
pub(super) fn frames(command: &ModelCommand, dialect: Dialect) -> Vec<Value> {
    encode(command, dialect).map(|text| serde_json::from_str(&text).expect("json")).collect()
}

pub(super) fn encoded(command: ModelCommand) -> Value {
    let frames = frames(&command, Dialect::OpenAi);
    assert_eq!(frames.len(), 1, "{frames:?}");
    frames[0].clone()
}

fn configured(profile: Profile) -> Value {
    encoded(ModelCommand::Configure { profile: Arc::new(profile), turns: TurnTaking::ByServer })
}

pub(super) fn event(message: Value) -> ModelEvent {
    match decode(&message.to_string()) {
        Ok(Decoded::Event(event)) => event,
        other => panic!("{other:?}"),
    }
}

fn ignored(message: Value) -> bool {
    matches!(decode(&message.to_string()), Ok(Decoded::Ignored(_)))
}

#[test]
fn opening_is_a_matter_of_the_socket() {
    for dialect in [Dialect::OpenAi, Dialect::Azure, Dialect::Xai] {
        assert_eq!(frames(&ModelCommand::Open { delay: Duration::ZERO, route: Route::Primary }, dialect), [Value::Null; 0]);
    }
}

#[test]
fn audio_goes_out_as_it_came_in() {
    let audio = EncodedAudio::encode(&[0x00; 160]);
    let base64 = audio.as_base64().to_owned();

    assert_eq!(encoded(ModelCommand::Append(audio)), json!({"type": "input_audio_buffer.append", "audio": base64}));
}

#[test]
fn hanging_up_is_offered_as_a_flat_function_without_parameters() {
    let tools = configured(profile())["session"]["tools"].clone();

    let parameters = json!({"type": "object", "properties": {}, "additionalProperties": false});
    assert_eq!(tools, json!([{"type": "function", "name": "end_call", "description": "Hangs up.", "parameters": parameters}]));
}

#[test]
fn what_a_profile_leaves_out_is_switched_off() {
    let session = configured(Profile { transcription_model: None, tools: vec![], ..profile() })["session"].clone();

    assert_eq!(session["audio"]["input"].get("transcription"), Some(&Value::Null));
    assert_eq!(session["audio"]["input"]["turn_detection"].get("idle_timeout_ms"), Some(&Value::Null));
    assert_eq!(session.get("tracing"), Some(&Value::Null));
    assert_eq!(session["tools"], json!([]));
}

#[test]
fn no_language_is_no_hint() {
    let session = configured(Profile { language: None, ..profile() })["session"].clone();

    assert_eq!(session["audio"]["input"]["transcription"], json!({"model": "gpt-transcribe"}));
}

#[test]
fn a_threshold_is_sent_as_it_was_written() {
    let turn_detection = TurnDetection::Server { threshold: 0.6, prefix_padding_ms: 300, silence_duration_ms: 500 };
    let profile = Arc::new(Profile { turn_detection, ..profile() });

    let text = encode(&ModelCommand::Configure { profile, turns: TurnTaking::ByServer }, Dialect::OpenAi).next().expect("a wire form");

    assert!(text.contains(r#""threshold":0.6,"#), "{text}");
}

#[test]
fn a_seed_says_who_spoke() {
    let content = |speaker| {
        let item = encoded(ModelCommand::Seed(Seed {
            item: "seed_1".into(),
            content: SeedContent::Said { speaker, text: Redacted("a \"b\"\n".into()) },
        }))["item"]
            .clone();
        (item["role"].clone(), item["content"].clone())
    };

    assert_eq!(content(Speaker::User), (json!("user"), json!([{"type": "input_text", "text": "a \"b\"\n"}])));
    assert_eq!(content(Speaker::Ai), (json!("assistant"), json!([{"type": "output_text", "text": "a \"b\"\n"}])));
    assert_eq!(content(Speaker::System), (json!("system"), json!([{"type": "input_text", "text": "a \"b\"\n"}])));
}

#[test]
fn all_that_can_fail_is_named_so_that_an_error_can_name_it() {
    let seed = Seed { item: "seed_1".into(), content: SeedContent::Said { speaker: Speaker::User, text: Redacted(String::new()) } };
    let result = ModelCommand::ToolResult { call_id: "call_1".into(), output: "{}".into() };

    assert_eq!(configured(profile())["event_id"], "cfg_1");
    assert_eq!(encoded(ModelCommand::Seed(seed))["event_id"], "seed_1");
    assert_eq!(encoded(result)["event_id"], "call_1");
    assert_eq!(encoded(ModelCommand::Delete { event_id: "d1".into(), item: "i".into() })["event_id"], "d1");
    assert_eq!(encoded(ModelCommand::CreateResponse { event_id: "c1".into(), instructions: None })["event_id"], "c1");
}

#[test]
fn the_types_of_the_protocol_are_known_and_no_others() {
    let known: std::collections::BTreeSet<_> = KINDS.iter().collect();

    assert_eq!(known.len(), KINDS.len());
    assert_eq!(KINDS.len(), 46 + 6);
    for kind in KINDS {
        let decoded = decode(&json!({"type": kind}).to_string());
        assert!(
            !matches!(decoded, Ok(Decoded::Unknown(_)) | Err(Malformed::Untyped | Malformed::Unreadable { .. })),
            "{kind}: {decoded:?}"
        );
    }
    assert_eq!(decode(r#"{"type":"session.dreamt","x":[1]}"#), Ok(Decoded::Unknown("session.dreamt".into())));
}

#[test]
fn an_unknown_type_is_told_in_short() {
    let Ok(Decoded::Unknown(kind)) = decode(&json!({"type": "é".repeat(1000)}).to_string()) else { panic!("known") };

    assert_eq!(kind, "é".repeat(64));
}

#[test]
fn the_older_names_mean_the_same() {
    let piece = |kind: &str| json!({"type": kind, "response_id": "r", "item_id": "i", "delta": "AAAA", "transcript": "t"});
    for (old, new) in [
        ("response.audio.delta", "response.output_audio.delta"),
        ("response.audio.done", "response.output_audio.done"),
        ("response.audio_transcript.delta", "response.output_audio_transcript.delta"),
        ("response.audio_transcript.done", "response.output_audio_transcript.done"),
        ("response.text.delta", "response.output_text.delta"),
        ("response.text.done", "response.output_text.done"),
    ] {
        assert_eq!(event(piece(old)), event(piece(new)), "{old}");
    }
    let added = |kind: &str| json!({"type": kind, "item": {"id": "i", "type": "message", "role": "user"}});
    assert_eq!(event(added("conversation.item.created")), event(added("conversation.item.added")));
}

#[test]
fn text_without_sound_is_text_all_the_same() {
    let done = json!({"type": "response.output_text.done", "item_id": "i", "text": "Hi"});

    assert_eq!(event(done), ModelEvent::TextDone { item: "i".into(), text: Redacted("Hi".into()) });
}

#[test]
fn each_delta_of_audio_stands_alone_padded_or_not() {
    for delta in ["/w==", "/w"] {
        let message = json!({"type": "response.output_audio.delta", "response_id": "r", "item_id": "i", "delta": delta});

        let audio = Bytes::from_static(&[0xFF]);
        assert_eq!(event(message), ModelEvent::Audio { response: "r".into(), item: "i".into(), audio }, "{delta}");
    }
}

#[test]
fn audio_that_is_none_is_malformed() {
    let message = json!({"type": "response.output_audio.delta", "response_id": "r", "item_id": "i", "delta": "!!!"});

    assert_eq!(decode(&message.to_string()), Err(Malformed::BadAudio { kind: "response.output_audio.delta" }));
}

#[test]
fn a_configuration_that_is_not_mu_law_both_ways_is_refused() {
    let format = |kind: &str| json!({"format": {"type": kind}});
    let updated = |input: &str, output: &str| json!({"type": "session.updated", "session": {"audio": {"input": format(input), "output": format(output)}}});

    assert_eq!(event(updated("audio/pcmu", "audio/pcmu")), ModelEvent::Ready);
    for (input, output) in [("audio/pcm", "audio/pcmu"), ("audio/pcmu", "audio/pcm"), ("", "")] {
        assert!(matches!(event(updated(input, output)), ModelEvent::Refused(why) if why.contains(input)), "{input} {output}");
    }
}

#[test]
fn other_items_than_messages_of_the_two_are_other() {
    let kind = |item: Value| match event(json!({"type": "conversation.item.added", "item": item})) {
        ModelEvent::ItemAdded { kind, .. } => kind,
        other => panic!("{other:?}"),
    };

    assert_eq!(kind(json!({"id": "i", "type": "message", "role": "user"})), ItemKind::User);
    assert_eq!(kind(json!({"id": "i", "type": "message", "role": "assistant"})), ItemKind::Assistant);
    assert_eq!(kind(json!({"id": "i", "type": "message", "role": "system"})), ItemKind::Other);
    assert_eq!(kind(json!({"id": "i", "type": "function_call", "name": "end_call"})), ItemKind::Other);
    assert_eq!(kind(json!({"id": "i", "type": "function_call_output"})), ItemKind::Other);
    assert_eq!(kind(json!({"id": "i"})), ItemKind::Other);
}

fn call(kind: &str, status: Value) -> Value {
    let item =
        json!({"id": "item_F1", "type": "function_call", "status": status, "name": "end_call", "call_id": "call_1", "arguments": "{}"});
    json!({"type": kind, "response_id": "resp_1", "output_index": 0, "item": item})
}

#[test]
fn a_tool_call_is_told_once_when_its_item_is_complete() {
    let arguments = json!({"type": "response.function_call_arguments.done", "response_id": "resp_1", "item_id": "item_F1", "call_id": "call_1", "name": "end_call", "arguments": "{}"});

    let told = event(call("response.output_item.done", json!("completed")));

    let expected = ToolCall {
        response: "resp_1".into(),
        item: "item_F1".into(),
        call_id: "call_1".into(),
        name: "end_call".into(),
        arguments: Redacted("{}".into()),
    };
    assert_eq!(told, ModelEvent::ToolCalled(expected));
    assert!(ignored(arguments));
    assert!(ignored(call("response.output_item.added", json!("in_progress"))));
    assert!(ignored(call("conversation.item.done", json!("completed"))));
}

#[test]
fn a_tool_call_that_was_cut_is_none() {
    assert!(ignored(call("response.output_item.done", json!("incomplete"))));
    assert!(!ignored(call("response.output_item.done", Value::Null)));
}

fn error(error: Value) -> ModelEvent {
    event(json!({"type": "error", "event_id": "event_1", "error": error}))
}

fn class(code: Value, kind: &str, message: &str) -> ErrorClass {
    match error(json!({"type": kind, "code": code, "message": message, "param": null, "event_id": "x"})) {
        ModelEvent::Error(error) => error.class,
        other => panic!("{other:?}"),
    }
}

#[test]
fn errors_are_classed_by_their_code() {
    let table: [(ErrorClass, &[&str]); 6] = [
        (ErrorClass::LaneTaken, &["conversation_already_has_active_response"]),
        (ErrorClass::NothingToCancel, &["response_cancel_not_active"]),
        (
            ErrorClass::Benign,
            &[
                "input_audio_buffer_commit_empty",
                "item_truncate_invalid_item_id",
                "item_delete_invalid_item_id",
                "item_retrieve_invalid_item_id",
            ],
        ),
        (
            ErrorClass::OurFault,
            &[
                "invalid_value",
                "missing_required_parameter",
                "unknown_parameter",
                "invalid_type",
                "integer_below_min_value",
                "invalid_json",
                "invalid_event",
                "cannot_update_voice",
                "bad_response_create",
            ],
        ),
        (ErrorClass::Transient, &["rate_limit_exceeded", "slow_down", "server_is_overloaded", "server_error", "session_expired"]),
        (
            ErrorClass::Fatal,
            &["invalid_api_key", "missing_model", "invalid_model", "model_not_found", "beta_api_shape_disabled", "insufficient_quota"],
        ),
    ];
    for (expected, codes) in table {
        for code in codes {
            assert_eq!(class(json!(code), "invalid_request_error", ""), expected, "{code}");
        }
    }
}

#[test]
fn an_error_without_a_known_code_is_classed_by_its_type() {
    assert_eq!(class(json!("never_heard_of"), "invalid_request_error", ""), ErrorClass::OurFault);
    assert_eq!(class(Value::Null, "server_error", ""), ErrorClass::Transient);
    assert_eq!(class(json!("insufficient_quota"), "insufficient_quota", ""), ErrorClass::Fatal);
    assert_eq!(class(json!("never_heard_of"), "nor_of_this", ""), ErrorClass::Transient);
}

#[test]
fn a_truncation_beyond_the_audio_is_benign() {
    let message = "Audio content of 3700ms is already shorter than 3760ms";

    assert_eq!(class(Value::Null, "invalid_request_error", message), ErrorClass::Benign);
}

#[test]
fn an_error_says_what_caused_it() {
    let told =
        error(json!({"type": "invalid_request_error", "code": "invalid_value", "message": "no", "param": "item.role", "event_id": "t_1"}));

    let expected =
        ModelError { class: ErrorClass::OurFault, code: "invalid_value".into(), message: "no".into(), caused_by: Some("t_1".into()) };
    assert_eq!(told, ModelEvent::Error(expected));
}

#[test]
fn an_error_about_the_configuration_is_its_refusal() {
    let by_id = json!({"type": "invalid_request_error", "code": "never_heard_of", "message": "no", "event_id": "cfg_1"});
    let by_param = json!({"type": "invalid_request_error", "code": "invalid_value", "message": "no", "param": "session.audio.input"});
    let elsewhere = json!({"type": "server_error", "code": "server_error", "message": "no", "param": "session.audio.input"});

    assert_eq!(error(by_id), ModelEvent::Refused("no".into()));
    assert_eq!(error(by_param), ModelEvent::Refused("no".into()));
    assert!(matches!(error(elsewhere), ModelEvent::Error(ModelError { class: ErrorClass::Transient, .. })));
}

#[test]
fn an_error_that_says_nothing_is_still_an_error() {
    assert!(matches!(event(json!({"type": "error"})), ModelEvent::Error(_)));
    assert!(matches!(error(Value::Null), ModelEvent::Error(_)));
}

fn done(response: Value) -> (ResponseStatus, Usage) {
    match event(json!({"type": "response.done", "response": response})) {
        ModelEvent::ResponseDone { status, usage, .. } => (status, usage),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_failed_response_is_worth_another_try_by_its_code() {
    for (code, expected) in [
        ("rate_limit_exceeded", true),
        ("server_error", true),
        ("slow_down", true),
        ("server_is_overloaded", true),
        ("insufficient_quota", false),
        ("model_not_found", false),
        ("invalid_value", false),
    ] {
        let details = json!({"type": "failed", "error": {"type": "some", "code": code, "message": "why"}});

        let (status, _) = done(json!({"id": "r", "status": "failed", "status_details": details}));

        assert_eq!(status, ResponseStatus::Failed { retry: expected, reason: format!("{code}: some: why") });
    }
}

#[test]
fn a_response_ends_also_where_its_status_is_missing_or_new() {
    let cancelled = json!({"id": "r", "status": null, "status_details": {"reason": "client_cancelled"}});

    assert_eq!(done(cancelled).0, ResponseStatus::Cancelled);
    assert_eq!(done(json!({"id": "r"})).0, ResponseStatus::Incomplete);
    assert_eq!(done(json!({"id": "r", "status": "abandoned", "status_details": 7})).0, ResponseStatus::Incomplete);
}

#[test]
fn usage_that_is_odd_or_absent_does_not_hide_the_end_of_a_response() {
    for usage in [Value::Null, json!(3), json!({"input_token_details": {"text_tokens": -1}}), json!({"output_token_details": null})] {
        let (status, counted) = done(json!({"id": "r", "status": "completed", "usage": usage}));

        assert_eq!((status, counted), (ResponseStatus::Completed, Usage::default()));
    }
}

#[test]
fn no_more_is_cached_than_went_in() {
    let cached = json!({"text_tokens": 9, "audio_tokens": 1});
    let usage = json!({"input_token_details": {"text_tokens": 4, "audio_tokens": 2, "cached_tokens_details": cached}});

    let (_, counted) = done(json!({"id": "r", "status": "completed", "usage": usage}));

    assert_eq!(counted, Usage { text_in: 4, audio_in: 2, cached_text_in: 4, cached_audio_in: 1, ..Usage::default() });
}

#[test]
fn what_is_malformed_is_told_without_its_text() {
    let text = r#"{"type":"response.output_audio_transcript.done","item_id":"i","transcript":{"secret":"word"}}"#;

    let error = decode(text).expect_err("a transcript that is no text");

    assert!(!error.to_string().contains("secret"), "{error}");
    assert_eq!(decode("[]"), Err(Malformed::Untyped));
    assert_eq!(decode(r#"{"type":7}"#), Err(Malformed::Untyped));
    assert_eq!(decode(r#"["session.created"]"#), Err(Malformed::Untyped), "a list is no object, though serde reads one as a struct");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC*") {
        let _ = decode(&text);
    }

    #[test]
    fn no_fields_of_a_known_type_make_it_panic(kind in prop::sample::select(KINDS), body in "\\PC*", number in any::<f64>()) {
        let nested = json!({"id": body, "type": number, "status": body, "usage": body, "audio": number, "code": body});
        let message = json!({"type": kind, "item_id": body, "response_id": number, "delta": body, "item": nested, "response": nested, "error": nested, "session": nested});

        let _ = decode(&message.to_string());
    }

    #[test]
    fn a_tool_result_survives_whatever_it_holds(output in any::<String>()) {
        let command = ModelCommand::ToolResult { call_id: "call_1".into(), output: output.clone() };

        prop_assert_eq!(&encoded(command)["item"]["output"], &json!(output));
    }
}
