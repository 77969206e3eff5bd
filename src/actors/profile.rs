//! From configuration to the policy of one call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{Config, template};
use crate::governor::RosterPolicy;
use crate::session::policy::{NoiseReduction, Opening, Patience, Phrase, Profile, SessionPolicy, Tool, TurnDetection};
use crate::types::Redacted;

/// A token of the assistant's speech. openai.com/api/pricing: 1,200 a minute
const MS_PER_OUTPUT_TOKEN: u64 = 50;
/// Caller audio kept while no model listens.
const RING_MS: u64 = 3_000;

/// `name` is whom the call is for, if that is known.
#[must_use]
pub fn session_policy(config: &Config, name: Option<&str>) -> SessionPolicy {
    let (call, assistant) = (&config.call, &config.assistant);
    SessionPolicy {
        profile: Arc::new(profile(config, name)),
        opening: opening(config, name),
        patience: patience(),
        keys: BTreeMap::new(),
        min_speech: Duration::ZERO,
        max_turn: Duration::from_secs(60),
        tool_timeout: Duration::from_secs(10),
        max_tool_calls: 50,
        max_hold: Duration::from_secs(600),
        lead: call.lead,
        max_queued_ms: u64::from(assistant.max_output_tokens) * MS_PER_OUTPUT_TOKEN,
        mark_grace: call.mark_grace,
        ring_ms: RING_MS,
        gap: call.gap,
        media_silence: call.media_silence,
        model_wait: config.openai.connect_timeout * 2,
        model_silence: call.model_silence,
        idle: call.idle,
        max_duration: config.limits.max_call,
        end_warning: Duration::from_secs(30),
        renew_before: Duration::from_secs(300),
        has_fallback: false,
        goodbye: call.goodbye,
        max_reconnects: call.max_reconnects,
        reconnect_pause: call.reconnect_pause,
    }
}

/// What the model is told of its task.
#[must_use]
pub fn instructions(config: &Config, name: Option<&str>) -> String {
    template::fill(&config.assistant.instructions, &variables(name))
}

fn variables(name: Option<&str>) -> BTreeMap<String, String> {
    name.map(|name| ("name".to_owned(), name.to_owned())).into_iter().collect()
}

fn profile(config: &Config, name: Option<&str>) -> Profile {
    let assistant = &config.assistant;
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Profile {
        model: config.openai.model.clone(),
        voice: config.openai.voice.clone(),
        speed: None,
        instructions: instructions(config, name),
        language: text(&assistant.language),
        transcription_model: text(&config.openai.transcription_model),
        turn_detection: TurnDetection::Server {
            threshold: assistant.vad_threshold as f32,
            prefix_padding_ms: assistant.vad_prefix_padding_ms,
            silence_duration_ms: assistant.vad_silence_ms,
        },
        max_output_tokens: assistant.max_output_tokens,
        noise_reduction: Some(NoiseReduction::NearField),
        reasoning: None,
        tools: vec![end_call()],
        remote_tools: Vec::new(),
    }
}

fn end_call() -> Tool {
    Tool {
        name: "end_call".to_owned(),
        description: "Hangs up the phone. Say goodbye first, then call this once the conversation is over.".to_owned(),
        parameters: r#"{"type":"object","properties":{},"additionalProperties":false}"#.to_owned(),
    }
}

fn opening(config: &Config, name: Option<&str>) -> Opening {
    let text = template::fill(&config.assistant.greeting, &variables(name));
    let greeting = Some(text).filter(|text| !text.is_empty()).map(|text| Phrase { text: Redacted(text), audio: None });
    Opening { greeting, ..Opening::default() }
}

fn patience() -> Patience {
    Patience {
        filler_after: Duration::from_millis(1_500),
        filler: None,
        retry_after: Duration::from_secs(5),
        apology_after: Duration::from_secs(10),
        apology: None,
    }
}

/// Deadlines of a call's life across its streams.
#[must_use]
pub fn roster_policy(config: &Config) -> RosterPolicy {
    let claim = config.call.claim_deadline;
    RosterPolicy {
        claim,
        // Twilio lets a phone ring for a minute, and adds up to 5 s.
        answer: claim + Duration::from_secs(65),
        resume: config.call.resume_deadline,
        // Twilio ends such a call after four hours. <https://www.twilio.com/docs/voice/twiml/dial#timelimit>
        transfer: Duration::from_secs(4 * 3_600 + 300),
        resumes: 3,
        resume_window: Duration::from_secs(300),
    }
}
