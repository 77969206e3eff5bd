//! The session object: what it is at first, and how updates change it.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::shape::Fault;
use super::vad::TurnDetection;

/// The session that `session.created` shows.
pub(super) fn default(id: &str, model: &str, expires_at: u64) -> Value {
    json!({
        "type": "realtime", "object": "realtime.session", "id": id, "model": model, "output_modalities": ["audio"],
        "instructions": "", "tools": [], "tool_choice": "auto", "max_output_tokens": "inf", "tracing": null,
        "truncation": "auto", "prompt": null, "expires_at": expires_at, "include": null,
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24_000}, "transcription": null, "noise_reduction": null,
                "turn_detection": {
                    "type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 200,
                    "idle_timeout_ms": null, "create_response": true, "interrupt_response": true,
                },
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "marin", "speed": 1.0},
        },
    })
}

/// Whether these changes, well-formed as they are, may be made now.
pub(super) fn permit(config: &Value, changes: &Value, voice_used: bool) -> Result<(), Fault> {
    let changes_to = |path: &str| changes.pointer(path).is_some_and(|new| Some(new) != config.pointer(path));
    if changes_to("/model") {
        return Err(Fault::new("invalid_value", "session.model", "The model of a session cannot be changed.".to_owned()));
    }
    if voice_used && changes_to("/audio/output/voice") {
        let message = "Cannot update a conversation's voice if assistant audio is present.".to_owned();
        return Err(Fault::new("cannot_update_voice", "session.audio.output.voice", message));
    }
    Ok(())
}

/// Changes only the keys that are present. An object of another `type` replaces the old one.
pub(super) fn merge(old: &mut Value, new: &Value) {
    match (old.as_object_mut(), new.as_object()) {
        (Some(old), Some(new)) if same_type(old, new) => {
            for (key, value) in new {
                merge(old.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        _ => *old = new.clone(),
    }
}

fn same_type(old: &Map<String, Value>, new: &Map<String, Value>) -> bool {
    new.get("type").is_none_or(|kind| old.get("type") == Some(kind))
}

pub(super) fn turn_detection(config: &Value, semantic_unit: Option<Duration>) -> Option<TurnDetection> {
    TurnDetection::of(config.pointer("/audio/input/turn_detection")?, semantic_unit)
}

/// The labels of the remote servers among the tools.
pub(super) fn remote_servers(config: &Value) -> Vec<String> {
    let tools = config.get("tools").and_then(Value::as_array).into_iter().flatten();
    tools.filter_map(|tool| tool.get("server_label").and_then(Value::as_str)).map(str::to_owned).collect()
}

pub(super) fn hears_mulaw(config: &Value) -> bool {
    is_mulaw(config, "/audio/input/format/type")
}

pub(super) fn speaks_mulaw(config: &Value) -> bool {
    is_mulaw(config, "/audio/output/format/type")
}

fn is_mulaw(config: &Value, path: &str) -> bool {
    config.pointer(path).and_then(Value::as_str) == Some("audio/pcmu")
}

pub(super) fn transcribes(config: &Value) -> bool {
    config.pointer("/audio/input/transcription").is_some_and(|transcription| !transcription.is_null())
}

/// Whether the model may call this function.
pub(super) fn has_tool(config: &Value, name: &str) -> bool {
    let mut tools = config.get("tools").and_then(Value::as_array).into_iter().flatten();
    let allowed = config.get("tool_choice").and_then(Value::as_str) != Some("none");
    allowed && tools.any(|tool| tool.get("name").and_then(Value::as_str) == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_keys_that_are_present_change() {
        let mut config = default("sess_1", "gpt-realtime-2.1", 0);

        merge(
            &mut config,
            &json!({"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcmu"}, "turn_detection": {"type": "server_vad", "silence_duration_ms": 700}}}}),
        );

        assert_eq!(config.pointer("/audio/input/format"), Some(&json!({"type": "audio/pcmu"})));
        assert_eq!(config.pointer("/audio/input/turn_detection/silence_duration_ms"), Some(&json!(700)));
        assert_eq!(config.pointer("/audio/input/turn_detection/prefix_padding_ms"), Some(&json!(300)));
        assert_eq!(config.pointer("/audio/output/voice"), Some(&json!("marin")));
    }

    #[test]
    fn null_switches_turn_detection_off() {
        let mut config = default("sess_1", "gpt-realtime-2.1", 0);

        merge(&mut config, &json!({"audio": {"input": {"turn_detection": null}}}));

        assert_eq!(turn_detection(&config, None), None);
    }

    #[test]
    fn the_model_never_changes_and_the_voice_not_after_the_first_sound() {
        let config = default("sess_1", "gpt-realtime-2.1", 0);
        let code = |changes: &Value, voice_used| permit(&config, changes, voice_used).err().and_then(|fault| fault.code);
        let voice = json!({"audio": {"output": {"voice": "cedar"}}});

        assert_eq!(code(&json!({"model": "gpt-realtime-2.1"}), true), None);
        assert_eq!(code(&json!({"model": "other"}), false), Some("invalid_value"));
        assert_eq!(code(&voice, false), None);
        assert_eq!(code(&voice, true), Some("cannot_update_voice"));
        assert_eq!(code(&json!({"audio": {"output": {"voice": "marin"}}}), true), None);
    }
}
