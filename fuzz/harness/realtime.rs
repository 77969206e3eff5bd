//! The model's protocol: messages to events, and every command in every dialect.

use std::sync::Arc;

use alpha_call::audio::EncodedAudio;
use alpha_call::config::DialectWord;
use alpha_call::realtime::codec::{Decoded, decode, encode};
use alpha_call::realtime::dialect::Dialect;
use alpha_call::realtime::socket::close_is_retryable;
use alpha_call::session::event::{ModelCommand, ModelEvent, Seed, SeedContent, Speaker, TurnTaking};
use alpha_call::session::policy::{Eagerness, McpServer, Profile, Tool, TurnDetection};
use alpha_call::types::Redacted;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::value::RawValue;

use super::word;

const DIALECTS: [Dialect; 3] = [Dialect::OpenAi, Dialect::Azure, Dialect::Xai];

pub fn check(input: &[u8]) -> String {
    let text = String::from_utf8_lossy(input);
    let _ = Dialect::of(DialectWord::Auto, &text);
    let _ = close_is_retryable(None, Some(&text));
    DIALECTS.into_iter().for_each(|dialect| commands(&text, input, dialect));
    let read = decode(&text);
    match &read {
        Ok(decoded) => agrees(decoded, &text),
        Err(error) => assert!(error.to_string().len() < 200, "{error}"),
    }
    match read {
        Ok(Decoded::Event(ModelEvent::Error(error))) => format!("Error {:?}", error.class),
        Ok(Decoded::Event(ModelEvent::ResponseDone { status, .. })) => format!("ResponseDone {}", word(&format!("{status:?}"))),
        Ok(Decoded::Event(ModelEvent::ItemAdded { kind, .. })) => format!("ItemAdded {kind:?}"),
        Ok(Decoded::Event(event)) => word(&format!("{event:?}")),
        Ok(Decoded::Unknown(_)) => "Unknown".to_owned(),
        Ok(decoded) => format!("{decoded:?}").chars().filter(|c| !c.is_ascii_digit()).collect(),
        Err(error) => format!("{error:?}").split("column").next().unwrap_or_default().to_owned(),
    }
}

/// What was understood is what stands in the message, as another reader has it.
fn agrees(decoded: &Decoded, text: &str) {
    let Ok(json) = serde_json::from_str::<Value>(text) else { return };
    match decoded {
        Decoded::Unknown(name) => assert!(name.chars().count() <= 64 && json["type"].as_str().is_some_and(|kind| kind.starts_with(name))),
        Decoded::Ignored(kind) => assert_eq!(json["type"], *kind),
        Decoded::Opened { expires_at } => {
            assert_eq!(json["type"], "session.created");
            assert!(expires_at.is_none_or(|at| json["session"]["expires_at"] == at));
        }
        Decoded::Event(event) => told(event, &json),
    }
}

fn told(event: &ModelEvent, json: &Value) {
    // Within a message, a list is read as the struct whose fields it has, in their order.
    if ["item", "response", "error", "session"].iter().any(|part| json[*part].is_array()) {
        return;
    }
    let same = |place: &str, text: &str| assert_eq!(json.pointer(place).and_then(Value::as_str).unwrap_or_default(), text, "{place}");
    match event {
        ModelEvent::Audio { response, item, audio } => {
            same("/response_id", response);
            same("/item_id", item);
            let delta = json["delta"].as_str().unwrap_or_default();
            assert_eq!(STANDARD.encode(audio).trim_end_matches('='), delta.trim_end_matches('='));
        }
        ModelEvent::Text { item, delta } => {
            same("/item_id", item);
            same("/delta", delta);
        }
        ModelEvent::TextDone { item, text } => {
            same("/item_id", item);
            same(if json["transcript"].is_string() { "/transcript" } else { "/text" }, text);
        }
        ModelEvent::UserText { item, text } => {
            same("/item_id", item);
            same("/transcript", text);
        }
        ModelEvent::AudioDone { item }
        | ModelEvent::UserTextFailed { item }
        | ModelEvent::SpeechStarted { item }
        | ModelEvent::SpeechStopped { item } => same("/item_id", item),
        ModelEvent::ItemAdded { item, previous, .. } => {
            same(if json["type"] == "input_audio_buffer.committed" { "/item_id" } else { "/item/id" }, item);
            same("/previous_item_id", previous.as_deref().unwrap_or_default());
        }
        ModelEvent::ResponseCreated { response } => same("/response/id", response),
        ModelEvent::ResponseDone { response, usage, .. } => {
            same("/response/id", response);
            assert!(usage.cached_text_in <= usage.text_in && usage.cached_audio_in <= usage.audio_in, "{usage:?}");
        }
        ModelEvent::ToolCalled(call) => {
            same("/item/name", &call.name);
            same("/item/call_id", &call.call_id);
            same("/item/arguments", &call.arguments);
        }
        ModelEvent::RemoteToolUsed { call, .. } => {
            same("/item/name", &call.name);
            same("/item/id", &call.item);
        }
        ModelEvent::RateLimits { reset } => assert!(reset.as_secs() < 86_400, "{reset:?}"),
        ModelEvent::Error(error) => same("/error/message", &error.message),
        ModelEvent::Ready | ModelEvent::Refused(_) => {}
        ModelEvent::Opened | ModelEvent::Expires { .. } | ModelEvent::Lost { .. } => panic!("no message says that: {event:?}"),
    }
}

/// Whatever the words are, what goes out is JSON with these words in their places, and not much longer than they are.
fn commands(text: &str, input: &[u8], dialect: Dialect) {
    let audio = EncodedAudio::encode(input);
    assert_eq!(sent(&ModelCommand::Append(audio.clone()), dialect, input)["audio"], audio.as_base64());
    for speaker in [Speaker::User, Speaker::Ai, Speaker::System] {
        let content = SeedContent::Said { speaker, text: words(text) };
        let item = &sent(&ModelCommand::Seed(Seed { item: text.into(), content }), dialect, input)["item"];
        assert_eq!((&item["id"], &item["content"][0]["text"]), (&text.into(), &text.into()));
    }
    let called = SeedContent::ToolCalled { call_id: text.into(), name: text.to_owned(), arguments: words(text) };
    let item = &sent(&ModelCommand::Seed(Seed { item: "i".into(), content: called }), dialect, input)["item"];
    assert!(["call_id", "name", "arguments"].iter().all(|key| item[*key] == text), "{item}");
    let result = sent(&ModelCommand::ToolResult { call_id: text.into(), output: text.to_owned() }, dialect, input);
    assert_eq!((&result["item"]["call_id"], &result["item"]["output"]), (&text.into(), &text.into()));
    let create = ModelCommand::CreateResponse { event_id: text.to_owned(), instructions: Some(text.to_owned()) };
    assert_eq!(sent(&create, dialect, input)["response"]["instructions"], text);
    let cancel = ModelCommand::Cancel { event_id: text.to_owned(), response: text.into() };
    assert_eq!(sent(&cancel, dialect, input)["response_id"], text);
    let truncate =
        ModelCommand::Truncate { event_id: text.to_owned(), item: text.into(), audio_end_ms: u64::MAX, heard: Some(words(text)) };
    assert_eq!(sent(&truncate, dialect, input)["item_id"], text);
    let configured = &sent(&configure(text), dialect, input)["session"];
    assert_eq!(configured["instructions"], text);
    assert_eq!((&configured["tools"][0]["name"], &configured["tools"][1]["server_url"]), (&text.into(), &text.into()));
}

fn words(text: &str) -> Redacted<String> {
    Redacted(text.to_owned())
}

/// The first frame of a command, after all of them were read.
fn sent(command: &ModelCommand, dialect: Dialect, input: &[u8]) -> Value {
    let frames: Vec<String> = encode(command, dialect).collect();
    let bytes: usize = frames.iter().map(String::len).sum();
    // Six bytes for a control character, three for a byte that was no UTF-8; up to eight places for the words.
    assert!(bytes <= 8 * 6 * 3 * input.len() + 4096, "{bytes} bytes for {}", input.len());
    let json: Vec<Value> = frames.iter().map(|frame| serde_json::from_str(frame).expect("json")).collect();
    assert!(json.iter().all(|frame| frame["type"].is_string()), "each has a type");
    json.into_iter().next().expect("a frame")
}

/// Schemas are written as they are: what is JSON and yet too much for a reader is refused where they are configured.
fn schema(text: &str) -> &str {
    let is_too_much = serde_json::from_str::<&RawValue>(text).is_ok() && serde_json::from_str::<Value>(text).is_err();
    if is_too_much { "{}" } else { text }
}

fn configure(text: &str) -> ModelCommand {
    let own = || text.to_owned();
    let profile = Profile {
        model: own(),
        voice: own(),
        speed: Some(1.0),
        instructions: own(),
        language: Some(own()),
        transcription_model: Some(own()),
        turn_detection: TurnDetection::Semantic(Eagerness::Auto),
        noise_reduction: None,
        reasoning: None,
        max_output_tokens: 1,
        tools: vec![Tool { name: own(), description: own(), parameters: schema(text).to_owned() }],
        remote_tools: vec![McpServer { label: "l".into(), url: own(), authorization: Some(words(text)), allowed_tools: None }],
    };
    ModelCommand::Configure { profile: Arc::new(profile), turns: TurnTaking::ByServer }
}
