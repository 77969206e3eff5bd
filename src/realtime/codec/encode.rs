//! Commands to messages, in the dialect of the endpoint.

mod flat;

use serde_json::value::RawValue;

use crate::audio::EncodedAudio;
use crate::realtime::dialect::Dialect;
use crate::realtime::wire::client::{
    self, Audio, AudioInput, AudioOutput, ClientMessage, Content, Format, Item, Overrides, Reasoning, Role, Session, Transcription,
    TurnsAudio, TurnsInput, TurnsOnly,
};
use crate::session::event::{ModelCommand, Seed, SeedContent, Speaker, TurnTaking};
use crate::session::policy::{Eagerness, McpServer, NoiseReduction, Profile, ReasoningEffort, Tool, TurnDetection};

/// The `event_id` of a configuration: an error that names it means that the configuration is not in force.
pub(super) const CONFIGURATION: &str = "cfg_";

/// The text frames for a command, in order; none for `Open`, which is a matter of the socket.
pub fn encode(command: &ModelCommand, dialect: Dialect) -> impl Iterator<Item = String> + use<> {
    let frames = match command {
        ModelCommand::Truncate { event_id, item, heard, .. } if !dialect.supports_truncate() => {
            [Some(delete(event_id, item)), heard.as_deref().map(|text| said(event_id, text))]
        }
        command => [frame(command, dialect), None],
    };
    frames.into_iter().flatten()
}

/// What cannot be shortened goes, and what was heard of it stands there instead.
fn said(id: &str, text: &str) -> String {
    json(&ClientMessage::ItemCreate { event_id: id, item: message(id, Speaker::Ai, text) })
}

fn delete(event_id: &str, item: &str) -> String {
    json(&ClientMessage::ItemDelete { event_id, item_id: item })
}

fn frame(command: &ModelCommand, dialect: Dialect) -> Option<String> {
    let message = match command {
        ModelCommand::Open { .. } => return None,
        ModelCommand::Append(audio) => return Some(append(audio)),
        ModelCommand::Commit { event_id } => ClientMessage::Commit { event_id },
        ModelCommand::Configure { profile, turns } => return Some(configure(profile, *turns, dialect)),
        ModelCommand::TakeTurns { event_id, profile, turns } if !dialect.nested_audio_config() => {
            ClientMessage::FlatTurnsUpdate { event_id, session: flat::turns(profile, *turns) }
        }
        ModelCommand::TakeTurns { event_id, profile, turns } => {
            let input = TurnsInput { turn_detection: turn_detection(profile.turn_detection, *turns) };
            ClientMessage::TurnsUpdate { event_id, session: TurnsOnly { audio: TurnsAudio { input } } }
        }
        ModelCommand::Seed(seed) => ClientMessage::ItemCreate { event_id: &seed.item, item: item(seed) },
        ModelCommand::CreateResponse { event_id, instructions } => {
            ClientMessage::ResponseCreate { event_id, response: instructions.as_deref().map(|instructions| Overrides { instructions }) }
        }
        ModelCommand::Cancel { event_id, response } => ClientMessage::ResponseCancel { event_id, response_id: response },
        ModelCommand::Truncate { event_id, item, audio_end_ms, heard: _ } => {
            ClientMessage::ItemTruncate { event_id, item_id: item, content_index: 0, audio_end_ms: *audio_end_ms }
        }
        ModelCommand::Delete { event_id, item } => return Some(delete(event_id, item)),
        ModelCommand::ToolResult { call_id, output } => {
            ClientMessage::ItemCreate { event_id: call_id, item: Item::FunctionCallOutput { call_id, output } }
        }
    };
    Some(json(&message))
}

/// Fifty times a second and call: base64 needs no escape in JSON, so the text is only wrapped.
fn append(audio: &EncodedAudio) -> String {
    [r#"{"type":"input_audio_buffer.append","audio":""#, audio.as_base64(), r#""}"#].concat()
}

fn configure(profile: &Profile, turns: TurnTaking, dialect: Dialect) -> String {
    let event_id = &format!("{CONFIGURATION}1");
    json(&if dialect.nested_audio_config() {
        ClientMessage::SessionUpdate { event_id, session: session(profile, turns, dialect) }
    } else {
        ClientMessage::FlatSessionUpdate { event_id, session: flat::session(profile, turns, tools(profile, dialect)) }
    })
}

fn session(profile: &Profile, turns: TurnTaking, dialect: Dialect) -> Session<'_> {
    Session {
        instructions: &profile.instructions,
        output_modalities: ["audio"],
        audio: Audio {
            input: input(profile, turns),
            output: AudioOutput { format: Format::MuLaw, voice: dialect.voice(&profile.voice), speed: profile.speed },
        },
        tools: tools(profile, dialect),
        tool_choice: "auto",
        reasoning: profile.reasoning.map(|effort| Reasoning { effort: effort_word(effort) }),
        max_output_tokens: profile.max_output_tokens,
        tracing: None,
    }
}

fn input(profile: &Profile, turns: TurnTaking) -> AudioInput<'_> {
    let language = profile.language.as_deref();
    AudioInput {
        format: Format::MuLaw,
        transcription: profile.transcription_model.as_deref().map(|model| Transcription { model, language }),
        noise_reduction: profile.noise_reduction.map(|reduction| match reduction {
            NoiseReduction::NearField => client::NoiseReduction::NearField,
            NoiseReduction::FarField => client::NoiseReduction::FarField,
        }),
        turn_detection: turn_detection(profile.turn_detection, turns),
    }
}

/// When to ask a silent caller is the session's own rule.
fn turn_detection(detection: TurnDetection, turns: TurnTaking) -> client::TurnDetection {
    let by_server = turns == TurnTaking::ByServer;
    match detection {
        TurnDetection::Server { threshold, prefix_padding_ms, silence_duration_ms } => client::TurnDetection::ServerVad {
            threshold,
            prefix_padding_ms,
            silence_duration_ms,
            create_response: by_server,
            interrupt_response: by_server,
            idle_timeout_ms: None,
        },
        TurnDetection::Semantic(eagerness) => client::TurnDetection::SemanticVad {
            eagerness: eagerness_word(eagerness),
            create_response: by_server,
            interrupt_response: by_server,
        },
    }
}

const fn eagerness_word(eagerness: Eagerness) -> &'static str {
    match eagerness {
        Eagerness::Low => "low",
        Eagerness::Medium => "medium",
        Eagerness::High => "high",
        Eagerness::Auto => "auto",
    }
}

const fn effort_word(effort: ReasoningEffort) -> &'static str {
    match effort {
        ReasoningEffort::Minimal => "minimal",
        ReasoningEffort::Low => "low",
        ReasoningEffort::Medium => "medium",
        ReasoningEffort::High => "high",
        ReasoningEffort::ExtraHigh => "xhigh",
    }
}

fn tools(profile: &Profile, dialect: Dialect) -> Vec<client::Tool<'_>> {
    let remote = profile.remote_tools.iter().map(|server| mcp_server(server, dialect));
    profile.tools.iter().map(function).chain(remote).collect()
}

fn function(tool: &Tool) -> client::Tool<'_> {
    client::Tool::Function { name: &tool.name, description: &tool.description, parameters: schema(&tool.parameters) }
}

/// Schemas are checked where they are configured; what is none all the same takes anything.
fn schema(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

fn mcp_server(server: &McpServer, dialect: Dialect) -> client::Tool<'_> {
    client::Tool::Mcp {
        server_label: &server.label,
        server_url: &server.url,
        authorization: server.authorization.as_ref().map(|secret| secret.0.as_str()),
        allowed_tools: server.allowed_tools.as_deref(),
        require_approval: dialect.asks_for_approval().then_some("never"),
    }
}

fn item(seed: &Seed) -> Item<'_> {
    match &seed.content {
        SeedContent::Said { speaker, text } => message(&seed.item, *speaker, text),
        SeedContent::ToolCalled { call_id, name, arguments } => Item::FunctionCall { call_id, name, arguments },
        SeedContent::ToolAnswered { call_id, output } => Item::FunctionCallOutput { call_id, output },
    }
}

fn message<'a>(id: &'a str, speaker: Speaker, text: &'a str) -> Item<'a> {
    let (role, content) = match speaker {
        Speaker::User => (Role::User, Content::InputText { text }),
        Speaker::Ai => (Role::Assistant, Content::OutputText { text }),
        Speaker::System => (Role::System, Content::InputText { text }),
    };
    Item::Message { id, role, content: [content] }
}

fn json(message: &ClientMessage<'_>) -> String {
    #[expect(clippy::expect_used, reason = "structs of text and numbers always have a JSON form")]
    serde_json::to_string(message).expect("a JSON form")
}
