//! `GET /api/assistants`: who answers, how it talks, and what it may do, as it took effect.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::Doors;
use crate::config::{
    Assistant, AssistantLimits, Config, Detection, Disclose, EagernessWord, Hours, KeySetting, Noise, Reasoning, ToolSettings, Turns,
};

#[derive(Serialize, ToSchema)]
#[schema(as = AssistantList)]
pub(super) struct Listed<'a> {
    assistants: Vec<AssistantView<'a>>,
}

/// Texts are templates, as they were written.
#[derive(Serialize, ToSchema)]
#[schema(as = Assistant)]
struct AssistantView<'a> {
    name: &'a str,
    is_default: bool,
    /// Dialled numbers that it answers.
    numbers: Vec<&'a str>,
    model: &'a str,
    voice: &'a str,
    speed: f32,
    language: Option<&'a str>,
    transcription_model: &'a str,
    reasoning: Option<Reasoning>,
    noise_reduction: Noise,
    max_output_tokens: u32,
    greeting: &'a str,
    disclosure: &'a str,
    disclose: Disclose,
    instructions: &'a str,
    /// With the values that hold where a call gives none.
    variables: &'a BTreeMap<String, String>,
    turn_detection: TurnsView,
    limits: LimitsView,
    /// None: always open.
    opening_hours: Option<HoursView<'a>>,
    tools: Vec<ToolView<'a>>,
    /// What a key of the caller does.
    keys: BTreeMap<char, String>,
    is_recorded: bool,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TurnDetection)]
struct TurnsView {
    detection: Detection,
    threshold: f64,
    prefix_padding_ms: u32,
    silence_ms: u32,
    #[schema(inline)]
    eagerness: EagernessWord,
    min_speech_seconds: f64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AssistantLimits)]
struct LimitsView {
    max_call_seconds: f64,
    max_tool_calls: u32,
    tool_timeout_seconds: f64,
    max_hold_seconds: f64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OpeningHours)]
struct HoursView<'a> {
    time_zone: &'static str,
    /// From Monday on; empty for a day that is closed.
    days: [String; 7],
    closed: &'a str,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AssistantTool)]
struct ToolView<'a> {
    name: &'a str,
    /// `built_in`, `http` or `mcp`.
    kind: &'static str,
    description: String,
}

/// Who answers, and how
#[utoipa::path(
    get, path = "/api/assistants", operation_id = "listAssistants", tag = "assistants",
    responses((status = 200, description = "All assistants", body = Listed))
)]
pub(super) async fn assistants(doors: web::Data<Doors>) -> HttpResponse {
    let config = doors.engine.config();
    let default = config.assistants.default_one();
    let is_default = |assistant: &Arc<Assistant>| Arc::ptr_eq(assistant, default);
    let assistants = config.assistants.iter().map(|assistant| AssistantView::of(assistant, is_default(assistant), config)).collect();
    HttpResponse::Ok().json(Listed { assistants })
}

impl<'a> AssistantView<'a> {
    fn of(assistant: &'a Assistant, is_default: bool, config: &'a Config) -> Self {
        Self {
            name: &assistant.name,
            is_default,
            numbers: assistant.numbers.iter().map(|number| number.as_str()).collect(),
            model: config.model_of(assistant),
            voice: config.voice_of(assistant),
            speed: assistant.speed,
            language: Some(assistant.language.as_str()).filter(|language| !language.is_empty()),
            transcription_model: config.transcription_model_of(assistant),
            reasoning: assistant.reasoning,
            noise_reduction: assistant.noise_reduction,
            max_output_tokens: assistant.max_output_tokens,
            greeting: &assistant.greeting,
            disclosure: &assistant.disclosure,
            disclose: assistant.disclose,
            instructions: &assistant.instructions,
            variables: &assistant.variables,
            turn_detection: TurnsView::from(&assistant.turns),
            limits: LimitsView::of(&assistant.limits, config),
            opening_hours: Some(&assistant.hours).filter(|hours| !hours.is_always()).map(HoursView::from),
            tools: assistant.tools.iter().map(ToolView::from).collect(),
            keys: assistant.keys.iter().map(|(key, does)| (*key, what(does))).collect(),
            is_recorded: assistant.recording.enabled,
        }
    }
}

impl From<&Turns> for TurnsView {
    fn from(turns: &Turns) -> Self {
        Self {
            detection: turns.detection,
            threshold: turns.threshold,
            prefix_padding_ms: turns.prefix_padding_ms,
            silence_ms: turns.silence_ms,
            eagerness: turns.eagerness,
            min_speech_seconds: turns.min_speech.as_secs_f64(),
        }
    }
}

impl LimitsView {
    fn of(limits: &AssistantLimits, config: &Config) -> Self {
        Self {
            max_call_seconds: limits.max_call(config.limits.max_call).as_secs_f64(),
            max_tool_calls: limits.max_tool_calls,
            tool_timeout_seconds: limits.tool_timeout.as_secs_f64(),
            max_hold_seconds: limits.max_hold.as_secs_f64(),
        }
    }
}

impl<'a> From<&'a Hours> for HoursView<'a> {
    fn from(hours: &'a Hours) -> Self {
        Self { time_zone: hours.zone().name(), days: hours.days(), closed: &hours.closed }
    }
}

impl<'a> From<&'a ToolSettings> for ToolView<'a> {
    fn from(tool: &'a ToolSettings) -> Self {
        let (kind, description) = match tool {
            ToolSettings::EndCall => ("built_in", "says goodbye and hangs up".to_owned()),
            ToolSettings::TransferCall { targets } => {
                ("built_in", format!("puts the caller through to: {}", targets.keys().map(String::as_str).collect::<Vec<_>>().join(", ")))
            }
            ToolSettings::SendDtmf => ("built_in", "presses keys".to_owned()),
            ToolSettings::HoldCall => ("built_in", "leaves the caller on hold for a moment".to_owned()),
            ToolSettings::ScheduleCallback => ("built_in", "writes down when the caller is to be called back".to_owned()),
            ToolSettings::OptOut => ("built_in", "puts the caller on the do-not-call list".to_owned()),
            ToolSettings::Http(tool) => ("http", tool.description.clone()),
            ToolSettings::Mcp(server) => ("mcp", format!("tools of {}", server.url)),
        };
        Self { name: tool.name(), kind, description }
    }
}

fn what(key: &KeySetting) -> String {
    match key {
        KeySetting::Transfer(number) => format!("transfer to {}", number.as_str()),
        KeySetting::Tool(name) => format!("tool {name}"),
        KeySetting::HangUp => "hang up".to_owned(),
    }
}
