//! What goes out to each provider, and what is understood of all of them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::tests::{event, frames, profile};
use crate::realtime::dialect::Dialect;
use crate::session::event::{ModelCommand, ModelEvent, Seed, SeedContent, Speaker, TurnTaking};
use crate::session::policy::{Eagerness, McpServer, Profile, ReasoningEffort, TurnDetection};
use crate::types::Redacted;

const ALL: [Dialect; 3] = [Dialect::OpenAi, Dialect::Azure, Dialect::Xai];

fn one(command: &ModelCommand, dialect: Dialect) -> Value {
    let frames = frames(command, dialect);
    assert_eq!(frames.len(), 1, "{frames:?}");
    frames[0].clone()
}

fn configured(profile: Profile, turns: TurnTaking, dialect: Dialect) -> Value {
    one(&ModelCommand::Configure { profile: Arc::new(profile), turns }, dialect)
}

fn truncate(heard: Option<&str>) -> ModelCommand {
    let heard = heard.map(|text| Redacted(text.to_owned()));
    ModelCommand::Truncate { event_id: "truncate_7".into(), item: "item_1".into(), audio_end_ms: 900, heard }
}

fn keys(value: &Value) -> Vec<&String> {
    value.as_object().expect("an object").keys().collect()
}

#[test]
fn azure_is_told_what_openai_is_told() {
    let profile = Arc::new(Profile { reasoning: Some(ReasoningEffort::Low), ..profile() });
    let turns = TurnTaking::BySession;
    for command in [
        ModelCommand::Configure { profile: profile.clone(), turns },
        ModelCommand::TakeTurns { event_id: "t".into(), profile, turns },
        truncate(Some("We are")),
    ] {
        assert_eq!(frames(&command, Dialect::Azure), frames(&command, Dialect::OpenAi));
    }
}

#[test]
fn xai_is_configured_flat_and_with_nothing_that_it_does_not_know() {
    let remote = McpServer { label: "docs".into(), url: "https://mcp.example.com".into(), authorization: None, allowed_tools: None };
    let wanted =
        Profile { voice: "eve".into(), speed: Some(1.1), reasoning: Some(ReasoningEffort::High), remote_tools: vec![remote], ..profile() };

    let update = configured(wanted, TurnTaking::ByServer, Dialect::Xai);

    let session = &update["session"];
    assert_eq!((&update["type"], &update["event_id"]), (&json!("session.update"), &json!("cfg_1")));
    assert_eq!(keys(session), ["audio", "instructions", "tools", "turn_detection", "voice"]);
    let mu_law = json!({"format": {"type": "audio/pcmu"}});
    assert_eq!(session["audio"], json!({"input": mu_law, "output": mu_law}));
    assert_eq!(session["voice"], "eve");
    let detection = json!({
        "type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500,
        "create_response": true, "interrupt_response": true,
    });
    assert_eq!(session["turn_detection"], detection);
    assert_eq!(session["tools"][0]["name"], "end_call");
    assert_eq!(session["tools"][1], json!({"type": "mcp", "server_label": "docs", "server_url": "https://mcp.example.com"}));
}

#[test]
fn a_voice_and_a_detection_that_xai_does_not_have_are_left_to_it() {
    let turn_detection = TurnDetection::Semantic(Eagerness::High);

    let session = configured(Profile { turn_detection, ..profile() }, TurnTaking::BySession, Dialect::Xai)["session"].clone();

    assert_eq!(session.get("voice"), None);
    assert_eq!(session["turn_detection"], json!({"type": "server_vad", "create_response": false, "interrupt_response": false}));
}

#[test]
fn turns_are_taken_anew_where_each_dialect_has_them() {
    let turns = |dialect| {
        one(&ModelCommand::TakeTurns { event_id: "t".into(), profile: Arc::new(profile()), turns: TurnTaking::ByServer }, dialect)
    };

    assert_eq!(turns(Dialect::Azure)["session"]["audio"]["input"]["turn_detection"]["create_response"], true);
    assert_eq!(keys(&turns(Dialect::Xai)["session"]), ["turn_detection"]);
    assert_eq!(turns(Dialect::Xai)["session"]["turn_detection"]["create_response"], true);
}

#[test]
fn where_nothing_can_be_truncated_the_item_is_replaced_by_what_was_heard() {
    let told = frames(&truncate(Some("We are open")), Dialect::Xai);

    let said = json!({
        "type": "message", "id": "truncate_7", "role": "assistant", "content": [{"type": "output_text", "text": "We are open"}],
    });
    assert_eq!(
        told,
        [
            json!({"type": "conversation.item.delete", "event_id": "truncate_7", "item_id": "item_1"}),
            json!({"type": "conversation.item.create", "event_id": "truncate_7", "item": said}),
        ]
    );
    assert_eq!(one(&truncate(None), Dialect::Xai)["type"], "conversation.item.delete");
    assert_eq!(one(&truncate(Some("We are open")), Dialect::OpenAi)["type"], "conversation.item.truncate");
}

#[test]
fn other_orders_are_the_same_everywhere() {
    let said = SeedContent::Said { speaker: Speaker::Ai, text: Redacted("Hi".into()) };
    let commands = [
        ModelCommand::Commit { event_id: "c".into() },
        ModelCommand::Seed(Seed { item: "seed_1".into(), content: said }),
        ModelCommand::CreateResponse { event_id: "c".into(), instructions: Some("Say hi.".into()) },
        ModelCommand::Cancel { event_id: "c".into(), response: "r".into() },
        ModelCommand::Delete { event_id: "d".into(), item: "i".into() },
        ModelCommand::ToolResult { call_id: "call_1".into(), output: "{}".into() },
    ];
    for command in &commands {
        let told = ALL.map(|dialect| one(command, dialect));
        assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
    }
}

#[test]
fn the_formats_in_effect_are_read_wherever_a_provider_shows_them() {
    let updated = |session: Value| event(json!({"type": "session.updated", "session": session}));
    let nested = |kind: &str| json!({"audio": {"input": {"format": {"type": kind}}, "output": {"format": {"type": kind}}}});
    let flat = |kind: Value| json!({"voice": "eve", "input_audio_format": kind, "output_audio_format": kind});

    for session in [nested("audio/pcmu"), flat(json!("g711_ulaw")), flat(json!("pcmu")), flat(json!({"type": "audio/pcmu"}))] {
        assert_eq!(updated(session.clone()), ModelEvent::Ready, "{session}");
    }
    for session in [nested("audio/pcm"), flat(json!("pcm16")), flat(json!({"type": "audio/pcma"}))] {
        assert!(matches!(updated(session.clone()), ModelEvent::Refused(_)), "{session}");
    }
}

#[test]
fn a_provider_that_shows_no_formats_is_taken_at_its_word() {
    for session in [Value::Null, json!({}), json!({"voice": "eve"}), json!({"audio": null}), json!({"audio": {"input": {}}})] {
        assert_eq!(event(json!({"type": "session.updated", "session": session})), ModelEvent::Ready, "{session}");
    }
    let one_way = json!({"audio": {"output": {"format": {"type": "audio/pcm"}}}});
    assert!(matches!(event(json!({"type": "session.updated", "session": one_way})), ModelEvent::Refused(_)));
}
