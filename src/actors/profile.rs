//! From configuration to the policy of one call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{Config, template};
use crate::governor::RosterPolicy;
use crate::session::policy::{Profile, ServerVad, SessionPolicy, Tool};

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
    let vars = variables(name);
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Profile {
        model: config.openai.model.clone(),
        voice: config.openai.voice.clone(),
        instructions: instructions(config, name),
        greeting: text(&template::fill(&assistant.greeting, &vars)),
        language: text(&assistant.language),
        transcription_model: text(&config.openai.transcription_model),
        vad: ServerVad {
            threshold: assistant.vad_threshold as f32,
            prefix_padding_ms: assistant.vad_prefix_padding_ms,
            silence_duration_ms: assistant.vad_silence_ms,
        },
        max_output_tokens: assistant.max_output_tokens,
        tools: vec![Tool::EndCall],
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
        resumes: 3,
        resume_window: Duration::from_secs(300),
    }
}
