use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;

use super::rig::{Rig, kinds, of, one, phone};
use super::wire::{Client, fast, start};
use crate::sim::openai::{Dialect, FakeOpenAiSettings};
use crate::sim::speech::clip;

fn flat() -> Value {
    let mu_law = json!({"format": {"type": "audio/pcmu"}});
    json!({"type": "session.update", "event_id": "cfg_1", "session": {
        "instructions": "You answer calls for the clinic.", "voice": "rex", "tools": [],
        "turn_detection": {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 500},
        "audio": {"input": mu_law, "output": mu_law},
    }})
}

fn xai() -> Rig {
    let mut rig = Rig::of(Dialect::Xai);
    rig.send(&flat());
    rig.pass(20);
    rig
}

#[tokio::test]
async fn azure_answers_a_wrong_upgrade_with_400_and_a_code() {
    let server = start(FakeOpenAiSettings { dialect: Dialect::Azure, api_key: Some("right".to_owned()), ..fast() });
    let url = format!("{}?model=deployment", server.url());
    let refused = async |url: &str, headers: &[(&'static str, &'static str)]| match Client::connect(url, headers).await.err() {
        Some(Error::Http(response)) => {
            let body: Value = serde_json::from_slice(response.body().as_deref().unwrap_or_default()).expect("json");
            (response.status().as_u16(), body["error"]["code"].as_str().unwrap_or_default().to_owned())
        }
        other => panic!("{other:?}"),
    };

    let expected = (400, "OpperationNotSupported".to_owned());
    assert_eq!(refused(&url, &[("authorization", "Bearer right")]).await, expected);
    assert_eq!(refused(&url, &[("api-key", "wrong")]).await, expected);
    assert_eq!(refused(&server.url(), &[("api-key", "right")]).await, expected);
    let mut client = Client::connect(&url, &[("api-key", "right")]).await.expect("a connection");
    assert_eq!(client.event().await["type"], "session.created");
}

#[test]
fn xai_is_configured_flat_and_shows_itself_flat() {
    let mut rig = Rig::of(Dialect::Xai);
    rig.send(&flat());
    let events = rig.pass(20);

    let created = &rig.events_from(0)[0]["session"];
    assert_eq!((&created["voice"], &created["turn_detection"]["threshold"]), (&json!("eve"), &json!(0.85)));
    let session = &one(&events, "session.updated")["session"];
    assert_eq!((&session["voice"], &session["turn_detection"]["threshold"]), (&json!("rex"), &json!(0.5)));
    assert_eq!(session["turn_detection"]["prefix_padding_ms"], 333);
    assert_eq!(session["audio"]["output"], json!({"format": {"type": "audio/pcmu"}}));
    assert_eq!(rig.violations(), [""; 0]);
}

#[test]
fn xai_refuses_what_only_openai_knows() {
    let session = |session: Value| json!({"type": "session.update", "session": session});
    let wrong = [
        (phone(), "unknown_parameter"),
        (session(json!({"audio": {"output": {"voice": "eve"}}})), "unknown_parameter"),
        (session(json!({"audio": {"input": {"turn_detection": null}}})), "unknown_parameter"),
        (session(json!({"reasoning": {"effort": "low"}})), "unknown_parameter"),
        (session(json!({"voice": "marin"})), "invalid_value"),
        (session(json!({"turn_detection": {"type": "semantic_vad"}})), "invalid_value"),
        (json!({"type": "conversation.item.truncate", "item_id": "i", "content_index": 0, "audio_end_ms": 1}), "invalid_event"),
        (json!({"type": "conversation.item.retrieve", "item_id": "i"}), "invalid_event"),
    ];
    for (event, code) in wrong {
        let mut rig = xai();

        assert_eq!(rig.fail(&event)["code"], code, "{event}");
        assert_eq!(rig.violations().len(), 1, "{event}");
    }
}

#[test]
fn xai_leaves_out_events_and_calls_partial_transcripts_completed() {
    let mut rig = xai();
    rig.hear_turn("caller_hours");
    let events = rig.pass(20_000);
    let all = kinds(&rig.events_from(0));

    for never in [
        "conversation.item.done",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.failed",
        "rate_limits.updated",
    ] {
        assert!(!all.iter().any(|kind| kind == never), "{never}");
    }
    let written: Vec<&Value> = of(&events, "conversation.item.input_audio_transcription.completed");
    let last = written.last().expect("a transcript");
    assert_eq!((written.len(), &last["transcript"]), (2, &json!(clip("caller_hours").text)));
    assert_eq!(one(&events, "response.done")["response"]["status"], "completed");
}

#[test]
fn text_of_xai_has_the_older_name() {
    let mut rig = xai();
    rig.send(&json!({"type": "response.create", "response": {"output_modalities": ["text"], "instructions": "Say \"Hi there.\""}}));

    let kinds = kinds(&rig.pass(2_000));

    assert!(kinds.contains(&"response.text.delta".to_owned()), "{kinds:?}");
    assert!(!kinds.iter().any(|kind| kind.starts_with("response.output_text")), "{kinds:?}");
}
