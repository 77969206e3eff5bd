//! From configuration to the policy of one call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;

use super::casting::Casting;
use super::tools::definition;
use crate::config::{Assistant, Config, Detection, EagernessWord, KeySetting, McpSettings, Noise, Reasoning, ToolSettings, Turns};
use crate::governor::{ResumePolicy, RosterPolicy};
use crate::session::policy::{
    Eagerness, KeyAction, McpServer, NoiseReduction, Opening, Patience, Phrase, Profile, ReasoningEffort, SessionPolicy, TurnDetection,
};
use crate::types::{Direction, Redacted};

/// A token of the assistant's speech. openai.com/api/pricing: 1,200 a minute
const MS_PER_OUTPUT_TOKEN: u64 = 50;
/// So long before a call has to end, the caller is told.
const END_WARNING: Duration = Duration::from_secs(30);
/// Caller audio kept while no model listens.
const RING_MS: u64 = 3_000;

/// How a session behaves that begins now, `at`.
#[must_use]
pub fn session_policy(config: &Config, casting: &Casting, at: DateTime<Utc>) -> SessionPolicy {
    let (call, assistant) = (&config.call, &casting.assistant);
    SessionPolicy {
        profile: Arc::new(profile(config, casting)),
        opening: opening(casting, at),
        patience: patience(casting),
        keys: keys(assistant),
        min_speech: assistant.turns.min_speech,
        max_turn: Duration::from_secs(60),
        tool_timeout: assistant.limits.tool_timeout,
        max_tool_calls: assistant.limits.max_tool_calls,
        max_hold: assistant.limits.max_hold,
        lead: call.lead,
        max_queued_ms: u64::from(assistant.max_output_tokens) * MS_PER_OUTPUT_TOKEN,
        mark_grace: call.mark_grace,
        ring_ms: RING_MS,
        gap: call.gap,
        media_silence: call.media_silence,
        model_wait: config.openai.connect_timeout * 2,
        model_silence: call.model_silence,
        idle: call.idle,
        max_duration: assistant.limits.max_call(config.limits.max_call),
        end_warning: END_WARNING,
        renew_before: Duration::from_secs(300),
        max_stream: call.max_stream,
        has_fallback: config.openai.fallback.is_some(),
        goodbye: call.goodbye,
        max_reconnects: call.max_reconnects,
        reconnect_pause: call.reconnect_pause,
    }
}

fn profile(config: &Config, casting: &Casting) -> Profile {
    let assistant = &casting.assistant;
    Profile {
        model: config.model_of(assistant).to_owned(),
        voice: casting.voice(config).to_owned(),
        // The usual speed need not be said.
        speed: Some(assistant.speed).filter(|speed| (speed - 1.0).abs() > f32::EPSILON),
        instructions: casting.instructions(),
        language: Some(assistant.language.clone()).filter(|language| !language.is_empty()),
        transcription_model: Some(config.transcription_model_of(assistant).to_owned()),
        turn_detection: turn_detection(&assistant.turns),
        max_output_tokens: assistant.max_output_tokens,
        noise_reduction: noise_reduction(assistant.noise_reduction),
        reasoning: assistant.reasoning.map(reasoning),
        tools: assistant.tools.iter().filter_map(definition).collect(),
        remote_tools: assistant.tools.iter().filter_map(remote_tool).collect(),
    }
}

const fn turn_detection(turns: &Turns) -> TurnDetection {
    match turns.detection {
        Detection::Server => TurnDetection::Server {
            threshold: turns.threshold as f32,
            prefix_padding_ms: turns.prefix_padding_ms,
            silence_duration_ms: turns.silence_ms,
        },
        Detection::Semantic => TurnDetection::Semantic(match turns.eagerness {
            EagernessWord::Low => Eagerness::Low,
            EagernessWord::Medium => Eagerness::Medium,
            EagernessWord::High => Eagerness::High,
            EagernessWord::Auto => Eagerness::Auto,
        }),
    }
}

const fn noise_reduction(noise: Noise) -> Option<NoiseReduction> {
    match noise {
        Noise::NearField => Some(NoiseReduction::NearField),
        Noise::FarField => Some(NoiseReduction::FarField),
        Noise::Off => None,
    }
}

const fn reasoning(effort: Reasoning) -> ReasoningEffort {
    match effort {
        Reasoning::Minimal => ReasoningEffort::Minimal,
        Reasoning::Low => ReasoningEffort::Low,
        Reasoning::Medium => ReasoningEffort::Medium,
        Reasoning::High => ReasoningEffort::High,
        Reasoning::ExtraHigh => ReasoningEffort::ExtraHigh,
    }
}

fn remote_tool(tool: &ToolSettings) -> Option<McpServer> {
    let ToolSettings::Mcp(McpSettings { label, url, authorization, allowed_tools }) = tool else { return None };
    let authorization = authorization.as_ref().map(|secret| Redacted(secret.expose_secret().to_owned()));
    Some(McpServer { label: label.clone(), url: url.clone(), authorization, allowed_tools: allowed_tools.clone() })
}

fn keys(assistant: &Assistant) -> BTreeMap<char, KeyAction> {
    let action = |setting: &KeySetting| match setting {
        KeySetting::Transfer(to) => KeyAction::Transfer(to.clone()),
        KeySetting::Tool(name) => KeyAction::Use(name.clone()),
        KeySetting::HangUp => KeyAction::HangUp,
    };
    assistant.keys.iter().map(|(key, setting)| (*key, action(setting))).collect()
}

/// Opening hours are for callers: whoever asks us to call somebody has chosen the time.
fn opening(casting: &Casting, at: DateTime<Utc>) -> Opening {
    let Casting { direction, assistant, .. } = casting;
    let settings = &assistant.opening;
    let closed = *direction == Direction::Inbound && !assistant.hours.is_open(at);
    let greeting = if closed { casting.fill(&assistant.hours.closed) } else { first_words(casting) };
    Opening {
        greeting: phrase(greeting),
        human_wait: settings.waits(*direction).then_some(settings.human_wait),
        first_words: !settings.machine_detection,
        protected: settings.protects(*direction),
        closed,
        voicemail: phrase(casting.fill(&settings.voicemail)),
    }
}

/// Who speaks, that it is recorded, and the greeting.
fn first_words(casting: &Casting) -> String {
    let assistant = &casting.assistant;
    let greeting = casting.fill(&assistant.greeting);
    let disclosure = Some(casting.fill(&assistant.disclosure))
        .filter(|disclosure| assistant.disclose.covers(casting.direction) && !says(&greeting, disclosure));
    let announcement = assistant.recording.enabled.then(|| casting.fill(&assistant.recording.announcement));
    let parts = [disclosure, announcement, Some(greeting)].into_iter().flatten().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" ")
}

/// In these words, whatever the full stop and the capitals.
fn says(greeting: &str, words: &str) -> bool {
    let words = words.trim().trim_end_matches(['.', '!']).to_lowercase();
    greeting.to_lowercase().contains(&words)
}

fn phrase(text: String) -> Option<Phrase> {
    Some(text).filter(|text| !text.is_empty()).map(|text| Phrase { text: Redacted(text), audio: None })
}

fn patience(casting: &Casting) -> Patience {
    let phrases = &casting.assistant.phrases;
    Patience {
        filler_after: Duration::from_millis(1_500),
        filler: phrase(casting.fill(&phrases.filler)),
        retry_after: Duration::from_secs(5),
        apology_after: Duration::from_secs(10),
        apology: phrase(casting.fill(&phrases.apology)),
    }
}

/// Twilio asks within moments what comes after a stream, if it asks at all.
const ASKED: Duration = Duration::from_secs(3);
/// Unplanned resumes of a call.
pub const RESUMES: ResumePolicy = ResumePolicy { most: 3, window: Duration::from_secs(300), apart: Duration::from_secs(2) };

/// Deadlines of a call's life across its streams.
#[must_use]
pub fn roster_policy(config: &Config) -> RosterPolicy {
    let claim = config.call.claim_deadline;
    RosterPolicy {
        claim,
        // For as long as a call may wait in the queue, and some more.
        place: Duration::from_secs(2 * 3_600),
        // Twilio adds up to 5 s.
        answer: claim + config.limits.ring + Duration::from_secs(5),
        resume: config.call.resume_deadline,
        asked: ASKED,
        // Twilio ends such a call after four hours. <https://www.twilio.com/docs/voice/twiml/dial#timelimit>
        transfer: Duration::from_secs(4 * 3_600 + 300),
        resumes: RESUMES,
    }
}

#[cfg(test)]
mod tests;
