//! Commands to messages.

use crate::audio::EncodedAudio;
use crate::realtime::wire::client::{
    Audio, AudioInput, AudioOutput, ClientMessage, Content, Format, FunctionTool, Item, NoParameters, NoiseReduction, Overrides, Role,
    Session, Transcription, TurnDetection,
};
use crate::session::event::{ModelCommand, Seed, Speaker};
use crate::session::policy::{Profile, ServerVad, Tool};

/// The `event_id` of a configuration: an error that names it means that the configuration is not in force.
pub(super) const CONFIGURATION: &str = "cfg_";

/// The text frame for a command; none for `Open`, which is a matter of the socket.
#[must_use]
pub fn encode(command: &ModelCommand) -> Option<String> {
    let message = match command {
        ModelCommand::Open { .. } => return None,
        ModelCommand::Append(audio) => return Some(append(audio)),
        ModelCommand::Configure(profile) => return Some(configure(profile)),
        ModelCommand::Seed(seed) => ClientMessage::ItemCreate { event_id: &seed.item, item: message(seed) },
        ModelCommand::CreateResponse { event_id, instructions } => {
            ClientMessage::ResponseCreate { event_id, response: instructions.as_deref().map(|instructions| Overrides { instructions }) }
        }
        ModelCommand::Cancel { event_id, response } => ClientMessage::ResponseCancel { event_id, response_id: response },
        ModelCommand::Truncate { event_id, item, audio_end_ms } => {
            ClientMessage::ItemTruncate { event_id, item_id: item, content_index: 0, audio_end_ms: *audio_end_ms }
        }
        ModelCommand::Delete { event_id, item } => ClientMessage::ItemDelete { event_id, item_id: item },
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

fn configure(profile: &Profile) -> String {
    let event_id = format!("{CONFIGURATION}1");
    json(&ClientMessage::SessionUpdate { event_id: &event_id, session: session(profile) })
}

fn session(profile: &Profile) -> Session<'_> {
    Session {
        instructions: &profile.instructions,
        output_modalities: ["audio"],
        audio: Audio { input: input(profile), output: AudioOutput { format: Format::MuLaw, voice: &profile.voice } },
        tools: profile.tools.iter().copied().map(function).collect(),
        tool_choice: "auto",
        max_output_tokens: profile.max_output_tokens,
        tracing: None,
    }
}

fn input(profile: &Profile) -> AudioInput<'_> {
    let language = profile.language.as_deref();
    AudioInput {
        format: Format::MuLaw,
        transcription: profile.transcription_model.as_deref().map(|model| Transcription { model, language }),
        noise_reduction: NoiseReduction::NearField,
        turn_detection: turn_detection(profile.vad),
    }
}

/// The server opens and cancels responses; when to ask a silent caller is the session's own rule.
const fn turn_detection(vad: ServerVad) -> TurnDetection {
    TurnDetection::ServerVad {
        threshold: vad.threshold,
        prefix_padding_ms: vad.prefix_padding_ms,
        silence_duration_ms: vad.silence_duration_ms,
        create_response: true,
        interrupt_response: true,
        idle_timeout_ms: None,
    }
}

fn function(tool: Tool) -> FunctionTool {
    let description = match tool {
        Tool::EndCall => "Hangs up the phone. Say goodbye first, then call this once the conversation is over.",
    };
    FunctionTool { name: tool.name(), description, parameters: NoParameters::default() }
}

fn message(seed: &Seed) -> Item<'_> {
    let text = seed.text.as_str();
    let (role, content) = match seed.speaker {
        Speaker::User => (Role::User, Content::InputText { text }),
        Speaker::Ai => (Role::Assistant, Content::OutputText { text }),
        Speaker::System => (Role::System, Content::InputText { text }),
    };
    Item::Message { id: &seed.item, role, content: [content] }
}

fn json(message: &ClientMessage<'_>) -> String {
    #[expect(clippy::expect_used, reason = "structs of text and numbers always have a JSON form")]
    serde_json::to_string(message).expect("a JSON form")
}
