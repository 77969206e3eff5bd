//! What clients may send: the eleven client events, field by field.

use serde_json::{Map as JsonMap, Value};

use super::dialect::Dialect;
use super::shape::Shape::{self, Anything, Bool, Integer, List, Map, Null, Number, Object, OneOf, Single, Tagged, Text, Word};
use super::shape::{Fault, Field, may, must};

/// One append holds at most 15 MiB.
const MAX_APPEND: usize = 15 * 1024 * 1024;

/// Checks every field of an event of this type; an append has a check of its own.
pub(super) fn event(dialect: Dialect, kind: &str, event: &Value) -> Result<(), Fault> {
    let shape = shape_of(dialect, kind)
        .filter(|_| dialect.knows(kind))
        .ok_or_else(|| Fault::new("invalid_event", "type", format!("Unknown client event '{kind}'.")))?;
    shape.check(event, "")
}

/// The base64 of an append.
pub(super) fn append(event: &JsonMap<String, Value>) -> Result<&str, Fault> {
    if let Some(key) = event.keys().find(|key| !matches!(key.as_str(), "type" | "event_id" | "audio")) {
        return Err(Fault::new("unknown_parameter", key, format!("Unknown parameter: '{key}'.")));
    }
    let audio = event.get("audio").and_then(Value::as_str);
    let audio =
        audio.ok_or_else(|| Fault::new("missing_required_parameter", "audio", "Missing required parameter: 'audio'.".to_owned()))?;
    if audio.len() > MAX_APPEND {
        return Err(Fault::new("string_above_max_length", "audio", "Invalid 'audio': more than 15 MiB in one event.".to_owned()));
    }
    Ok(audio)
}

fn shape_of(dialect: Dialect, kind: &str) -> Option<Shape> {
    Some(Object(match kind {
        "session.update" if dialect.is_flat() => FLAT_UPDATE,
        "session.update" => SESSION_UPDATE,
        "input_audio_buffer.commit" | "input_audio_buffer.clear" => PLAIN,
        "conversation.item.create" => ITEM_CREATE,
        "conversation.item.retrieve" | "conversation.item.delete" => ITEM_NAMED,
        "conversation.item.truncate" => ITEM_TRUNCATE,
        "response.create" => RESPONSE_CREATE,
        "response.cancel" => RESPONSE_CANCEL,
        _ => return None,
    }))
}

const SESSION_UPDATE: &[Field] = &[TYPE, EVENT_ID, must("session", SESSION)];
const FLAT_UPDATE: &[Field] = &[TYPE, EVENT_ID, must("session", Object(FLAT_SESSION))];
const PLAIN: &[Field] = &[TYPE, EVENT_ID];
const ITEM_CREATE: &[Field] = &[TYPE, EVENT_ID, may("previous_item_id", OneOf(&[Null, Text])), must("item", ITEM)];
const ITEM_NAMED: &[Field] = &[TYPE, EVENT_ID, must("item_id", Text)];
const ITEM_TRUNCATE: &[Field] =
    &[TYPE, EVENT_ID, must("item_id", Text), must("content_index", Integer(0, 0)), must("audio_end_ms", Integer(0, i64::MAX))];
const RESPONSE_CREATE: &[Field] = &[TYPE, EVENT_ID, may("response", RESPONSE)];
const RESPONSE_CANCEL: &[Field] = &[TYPE, EVENT_ID, may("response_id", Text)];

const TYPE: Field = must("type", Text);
const EVENT_ID: Field = may("event_id", Text);

const SESSION: Shape = Tagged("type", &[("realtime", Object(SESSION_FIELDS))]);

const SESSION_FIELDS: &[Field] = &[
    TYPE,
    may("model", Text),
    may("instructions", Text),
    may("output_modalities", MODALITIES),
    may("audio", Object(&[may("input", Object(INPUT)), may("output", Object(OUTPUT))])),
    may("tools", TOOLS),
    may("tool_choice", TOOL_CHOICE),
    may("parallel_tool_calls", Bool),
    may("reasoning", REASONING),
    may("max_output_tokens", MAX_OUTPUT_TOKENS),
    may("truncation", TRUNCATION),
    may(
        "tracing",
        OneOf(&[Null, Word(&["auto"]), Object(&[may("workflow_name", Text), may("group_id", Text), may("metadata", Anything)])]),
    ),
    may("include", OneOf(&[Null, List(&Word(&["item.input_audio_transcription.logprobs"]))])),
];

/// xAI's: the parameters that it documents, and who takes turns.
const FLAT_SESSION: &[Field] = &[
    may("instructions", Text),
    may("voice", Word(&["eve", "ara", "rex", "sal", "leo"])),
    may("turn_detection", OneOf(&[Null, FLAT_DETECTION])),
    may("audio", Object(&[may("input", FORMATTED), may("output", FORMATTED)])),
    may("tools", FLAT_TOOLS),
];

const FORMATTED: Shape = Object(&[may("format", FORMAT)]);

const FLAT_DETECTION: Shape = Tagged(
    "type",
    &[(
        "server_vad",
        Object(&[
            TYPE,
            may("threshold", Number(0.1, 0.9)),
            may("prefix_padding_ms", Integer(0, 10_000)),
            may("silence_duration_ms", Integer(0, 10_000)),
            may("create_response", Bool),
            may("interrupt_response", Bool),
        ]),
    )],
);

const INPUT: &[Field] = &[
    may("format", FORMAT),
    may("transcription", OneOf(&[Null, Object(TRANSCRIPTION)])),
    may("noise_reduction", OneOf(&[Null, Object(&[must("type", Word(&["near_field", "far_field"])), may("strength", Number(0.0, 1.0))])])),
    may("turn_detection", OneOf(&[Null, TURN_DETECTION])),
];

const OUTPUT: &[Field] = &[may("format", FORMAT), may("voice", VOICE), may("speed", Number(0.25, 1.5))];

/// `rate` belongs to PCM alone.
const FORMAT: Shape = Tagged(
    "type",
    &[
        ("audio/pcm", Object(&[TYPE, may("rate", Integer(24_000, 24_000))])),
        ("audio/pcmu", Object(&[TYPE])),
        ("audio/pcma", Object(&[TYPE])),
    ],
);

const TRANSCRIPTION: &[Field] = &[
    may("model", Text),
    may("language", Text),
    may("languages", List(&Text)),
    may("keywords", List(&Text)),
    may("prompt", Text),
    may("delay", Anything),
];

const TURN_DETECTION: Shape = Tagged(
    "type",
    &[
        (
            "server_vad",
            Object(&[
                TYPE,
                may("threshold", Number(0.0, 1.0)),
                may("prefix_padding_ms", Integer(0, 5_000)),
                may("silence_duration_ms", Integer(0, 10_000)),
                may("idle_timeout_ms", OneOf(&[Null, Integer(5_000, 30_000)])),
                may("create_response", Bool),
                may("interrupt_response", Bool),
            ]),
        ),
        (
            "semantic_vad",
            Object(&[
                TYPE,
                may("eagerness", Word(&["low", "medium", "high", "auto"])),
                may("create_response", Bool),
                may("interrupt_response", Bool),
            ]),
        ),
    ],
);

const VOICE: Shape =
    OneOf(&[Object(&[must("id", Text)]), Word(&["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"])]);

/// Never both: audio brings its transcript.
const MODALITIES: Shape = Single(&Word(&["audio", "text"]));

const TOOLS: Shape = List(&Tagged("type", &[("mcp", Object(REMOTE)), ("function", FUNCTION)]));
const FLAT_TOOLS: Shape = List(&Tagged("type", &[("mcp", Object(FLAT_REMOTE)), ("function", FUNCTION)]));
const FUNCTION: Shape = Object(&[TYPE, must("name", Text), may("description", Text), may("parameters", Map(&Anything))]);

/// A remote server. <https://developers.openai.com/api/docs/guides/realtime-mcp>
const REMOTE: &[Field] = &[
    TYPE,
    must("server_label", Text),
    must("server_url", Text),
    may("server_description", Text),
    may("authorization", Text),
    may("headers", Map(&Text)),
    may("allowed_tools", OneOf(&[Null, List(&Text)])),
    may("require_approval", OneOf(&[Word(&["always", "never"]), Map(&Anything)])),
];

/// Nobody is asked for approval.
const FLAT_REMOTE: &[Field] = &[
    TYPE,
    must("server_label", Text),
    must("server_url", Text),
    may("server_description", Text),
    may("authorization", Text),
    may("headers", Map(&Text)),
    may("allowed_tools", List(&Text)),
];

const TOOL_CHOICE: Shape = OneOf(&[Object(&[must("type", Word(&["function"])), must("name", Text)]), Word(&["auto", "none", "required"])]);

const REASONING: Shape = Object(&[must("effort", Word(&["minimal", "low", "medium", "high", "xhigh"]))]);

const MAX_OUTPUT_TOKENS: Shape = OneOf(&[Word(&["inf"]), Integer(1, 4_096)]);

const TRUNCATION: Shape = OneOf(&[
    Word(&["auto", "disabled"]),
    Object(&[
        must("type", Word(&["retention_ratio"])),
        must("retention_ratio", Number(0.0, 1.0)),
        may("token_limits", Object(&[may("post_instructions", Integer(0, 128_000))])),
    ]),
]);

const ITEM: Shape = Tagged(
    "type",
    &[
        (
            "message",
            Tagged(
                "role",
                &[("user", message(USER_CONTENT)), ("assistant", message(ASSISTANT_CONTENT)), ("system", message(SYSTEM_CONTENT))],
            ),
        ),
        ("function_call", Object(&[TYPE, ID, OBJECT, STATUS, may("call_id", Text), must("name", Text), must("arguments", Text)])),
        ("function_call_output", Object(&[TYPE, ID, OBJECT, STATUS, must("call_id", Text), must("output", Text)])),
    ],
);

const ID: Field = may("id", Text);
const OBJECT: Field = may("object", Word(&["realtime.item"]));
const STATUS: Field = may("status", Word(&["completed", "incomplete", "in_progress"]));

const fn message(content: &'static [Field]) -> Shape {
    Object(content)
}

const USER_CONTENT: &[Field] = &[TYPE, ID, OBJECT, STATUS, must("role", Text), must("content", List(&USER_PART))];
const ASSISTANT_CONTENT: &[Field] = &[TYPE, ID, OBJECT, STATUS, must("role", Text), must("content", List(&ASSISTANT_PART))];
const SYSTEM_CONTENT: &[Field] = &[TYPE, ID, OBJECT, STATUS, must("role", Text), must("content", List(&SYSTEM_PART))];

const USER_PART: Shape = Tagged(
    "type",
    &[
        ("input_text", TEXT_PART),
        ("input_audio", Object(&[TYPE, must("audio", Text), may("transcript", Text)])),
        ("input_image", Object(&[TYPE, must("image_url", Text), may("detail", Word(&["auto", "low", "high"]))])),
    ],
);
/// `text` was the word of the beta; a client cannot create audio of the assistant.
const ASSISTANT_PART: Shape = Tagged("type", &[("output_text", TEXT_PART)]);
const SYSTEM_PART: Shape = Tagged("type", &[("input_text", TEXT_PART)]);
const TEXT_PART: Shape = Object(&[TYPE, must("text", Text)]);

const RESPONSE: Shape = Object(&[
    may("instructions", Text),
    may("output_modalities", MODALITIES),
    may("audio", Object(&[may("output", Object(&[may("format", FORMAT), may("voice", VOICE)]))])),
    may("tools", TOOLS),
    may("tool_choice", TOOL_CHOICE),
    may("parallel_tool_calls", Bool),
    may("reasoning", REASONING),
    may("max_output_tokens", MAX_OUTPUT_TOKENS),
    may("metadata", OneOf(&[Null, Map(&Text)])),
    may("conversation", Word(&["auto", "none"])),
    may("input", List(&Anything)),
]);
