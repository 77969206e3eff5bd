//! Messages to OpenAI. <https://developers.openai.com/api/docs/guides/realtime-conversations>
//!
//! Caller audio is missing here: it is written by hand, see `codec::encode`.

use serde::Serialize;
use serde_json::value::RawValue;

#[derive(Debug, Serialize)]
#[serde(tag = "type")]
pub enum ClientMessage<'a> {
    #[serde(rename = "session.update")]
    SessionUpdate { event_id: &'a str, session: Session<'a> },
    #[serde(rename = "session.update")]
    TurnsUpdate { event_id: &'a str, session: TurnsOnly },
    #[serde(rename = "session.update")]
    FlatSessionUpdate { event_id: &'a str, session: FlatSession<'a> },
    #[serde(rename = "session.update")]
    FlatTurnsUpdate { event_id: &'a str, session: FlatTurns },
    #[serde(rename = "input_audio_buffer.commit")]
    Commit { event_id: &'a str },
    #[serde(rename = "conversation.item.create")]
    ItemCreate { event_id: &'a str, item: Item<'a> },
    #[serde(rename = "conversation.item.truncate")]
    ItemTruncate {
        event_id: &'a str,
        item_id: &'a str,
        content_index: u32,
        /// An integer: a fraction is a type error, more than the item's audio is refused.
        audio_end_ms: u64,
    },
    #[serde(rename = "conversation.item.delete")]
    ItemDelete { event_id: &'a str, item_id: &'a str },
    #[serde(rename = "response.create")]
    ResponseCreate {
        event_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        response: Option<Overrides<'a>>,
    },
    #[serde(rename = "response.cancel")]
    ResponseCancel { event_id: &'a str, response_id: &'a str },
}

/// Replaces the session's instructions for one response.
#[derive(Debug, Serialize)]
pub struct Overrides<'a> {
    pub instructions: &'a str,
}

/// The whole configuration: only keys that are present are changed, so none is left to a default.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "realtime")]
pub struct Session<'a> {
    pub instructions: &'a str,
    pub output_modalities: [&'static str; 1],
    pub audio: Audio<'a>,
    pub tools: Vec<Tool<'a>>,
    pub tool_choice: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Reasoning>,
    pub max_output_tokens: u32,
    pub tracing: Null,
}

/// Nothing but how turns are taken.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "realtime")]
pub struct TurnsOnly {
    pub audio: TurnsAudio,
}

#[derive(Debug, Serialize)]
pub struct TurnsAudio {
    pub input: TurnsInput,
}

#[derive(Debug, Serialize)]
pub struct TurnsInput {
    pub turn_detection: TurnDetection,
}

/// xAI's. <https://docs.x.ai/docs/guides/voice/agent>
#[derive(Debug, Serialize)]
pub struct FlatSession<'a> {
    pub instructions: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<&'a str>,
    pub turn_detection: ServerVad,
    pub audio: FlatAudio,
    pub tools: Vec<Tool<'a>>,
}

/// Nothing but how turns are taken, by xAI.
#[derive(Debug, Serialize)]
pub struct FlatTurns {
    pub turn_detection: ServerVad,
}

#[derive(Debug, Serialize)]
pub struct FlatAudio {
    pub input: Formatted,
    pub output: Formatted,
}

#[derive(Debug, Serialize)]
pub struct Formatted {
    pub format: Format,
}

/// What is left out is the server's to choose.
#[derive(Debug, Default, Serialize)]
#[serde(tag = "type", rename = "server_vad")]
pub struct ServerVad {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix_padding_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silence_duration_ms: Option<u32>,
    pub create_response: bool,
    pub interrupt_response: bool,
}

#[derive(Debug, Serialize)]
pub struct Reasoning {
    pub effort: &'static str,
}

/// A key that has to be there with the value `null`.
pub type Null = Option<()>;

#[derive(Debug, Serialize)]
pub struct Audio<'a> {
    pub input: AudioInput<'a>,
    pub output: AudioOutput<'a>,
}

#[derive(Debug, Serialize)]
pub struct AudioInput<'a> {
    pub format: Format,
    pub transcription: Option<Transcription<'a>>,
    pub noise_reduction: Option<NoiseReduction>,
    pub turn_detection: TurnDetection,
}

#[derive(Debug, Serialize)]
pub struct AudioOutput<'a> {
    pub format: Format,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<f32>,
}

/// Mu-law has no `rate` key.
#[derive(Debug, Serialize)]
#[serde(tag = "type")]
pub enum Format {
    #[serde(rename = "audio/pcmu")]
    MuLaw,
}

#[derive(Debug, Serialize)]
pub struct Transcription<'a> {
    pub model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum NoiseReduction {
    NearField,
    FarField,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TurnDetection {
    ServerVad {
        threshold: f32,
        prefix_padding_ms: u32,
        silence_duration_ms: u32,
        create_response: bool,
        interrupt_response: bool,
        idle_timeout_ms: Null,
    },
    SemanticVad {
        eagerness: &'static str,
        create_response: bool,
        interrupt_response: bool,
    },
}

/// A function is flat: name and parameters are not nested under `function`.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Tool<'a> {
    Function {
        name: &'a str,
        description: &'a str,
        /// A JSON schema.
        parameters: Box<RawValue>,
    },
    Mcp {
        server_label: &'a str,
        server_url: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        authorization: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        allowed_tools: Option<&'a [String]>,
        /// Nobody is there to approve of anything.
        #[serde(skip_serializing_if = "Option::is_none")]
        require_approval: Option<&'static str>,
    },
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Item<'a> {
    Message { id: &'a str, role: Role, content: [Content<'a>; 1] },
    FunctionCall { call_id: &'a str, name: &'a str, arguments: &'a str },
    FunctionCallOutput { call_id: &'a str, output: &'a str },
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    User,
    Assistant,
    System,
}

/// Users and the system put text in, the assistant puts it out.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content<'a> {
    InputText { text: &'a str },
    OutputText { text: &'a str },
}
