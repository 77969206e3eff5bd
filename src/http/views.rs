//! Calls and turns as the API shows them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::store::{Call, Costs, ListedCall, Recording, StoredTurn, TokenCounts};
use crate::types::{CallId, CallStatus, Code, Direction, HangupCause};

/// A call as a line of the history. What is counted is null until the call has ended.
#[derive(Serialize, ToSchema)]
#[schema(as = CallLine)]
pub(super) struct ListedView {
    id: CallId,
    call_sid: Option<String>,
    direction: Direction,
    #[schema(examples("+14155550123"))]
    from_number: String,
    #[schema(examples("+14155550100"))]
    to_number: String,
    name: Option<String>,
    assistant: String,
    model: String,
    status: CallStatus,
    twilio_status: Option<String>,
    #[schema(value_type = Option<HangupCause>)]
    ended_reason: Option<String>,
    #[schema(value_type = Option<Code>)]
    refusal: Option<String>,
    error_code: Option<String>,
    initiated_at: DateTime<Utc>,
    connected_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    duration_seconds: Option<f64>,
    first_audio_ms: Option<u64>,
    /// The median of its turns.
    latency_p50_ms: Option<u64>,
    ai_responses: Option<u64>,
    user_inputs: Option<u64>,
    interruptions: Option<u64>,
    cost_usd: Option<f64>,
}

impl ListedView {
    pub(super) const COLUMNS: [&str; 23] = [
        "id",
        "call_sid",
        "direction",
        "from_number",
        "to_number",
        "name",
        "assistant",
        "model",
        "status",
        "twilio_status",
        "ended_reason",
        "refusal",
        "error_code",
        "initiated_at",
        "connected_at",
        "ended_at",
        "duration_seconds",
        "first_audio_ms",
        "latency_p50_ms",
        "ai_responses",
        "user_inputs",
        "interruptions",
        "cost_usd",
    ];
}

impl From<ListedCall> for ListedView {
    fn from(call: ListedCall) -> Self {
        let ended = call.ended_at;
        let counted = |count: u64| ended.map(|_| count);
        Self {
            id: call.id,
            call_sid: call.call_sid.map(String::from),
            direction: call.direction,
            from_number: call.from.as_str().to_owned(),
            to_number: call.to.as_str().to_owned(),
            name: call.caller_name.map(|name| name.0),
            assistant: call.assistant,
            model: call.model,
            status: call.status,
            twilio_status: call.twilio_status,
            ended_reason: call.ended_reason,
            refusal: call.refusal,
            error_code: call.error_code,
            initiated_at: call.initiated_at,
            connected_at: call.connected_at,
            ended_at: call.ended_at,
            duration_seconds: call.duration.map(|duration| duration.as_secs_f64()),
            first_audio_ms: call.first_audio_ms,
            latency_p50_ms: call.latency_p50_ms,
            ai_responses: counted(call.ai_responses),
            user_inputs: counted(call.user_inputs),
            interruptions: counted(call.interruptions),
            cost_usd: counted(call.cost_nanos).map(|nanos| Costs::of_nanos(nanos, 0, 0).total_usd),
        }
    }
}

/// All that is known of a call. What is counted is null until the call has ended; its turns so far are in the conversation.
#[derive(Serialize, ToSchema)]
#[schema(as = Call)]
pub(super) struct CallView {
    id: CallId,
    call_sid: Option<String>,
    stream_sid: Option<String>,
    direction: Direction,
    #[schema(examples("+14155550123"))]
    from_number: String,
    #[schema(examples("+14155550100"))]
    to_number: String,
    name: Option<String>,
    assistant: String,
    model: String,
    voice: String,
    system_message: Option<String>,
    status: CallStatus,
    twilio_status: Option<String>,
    /// What Twilio took for being at the phone: a human, a machine.
    answered_by: Option<String>,
    #[schema(value_type = Option<HangupCause>)]
    ended_reason: Option<String>,
    #[schema(value_type = Option<Code>)]
    refusal: Option<String>,
    error_code: Option<String>,
    error: Option<String>,
    /// Streams so far.
    epoch: u32,
    /// The instance that took the call on.
    owner: Option<String>,
    initiated_at: DateTime<Utc>,
    /// When it is to be placed, if not at once.
    scheduled_at: Option<DateTime<Utc>>,
    ringing_at: Option<DateTime<Utc>>,
    claimed_at: Option<DateTime<Utc>>,
    connected_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    duration_seconds: Option<f64>,
    first_audio_ms: Option<u64>,
    latency_p50_ms: Option<u64>,
    latency_p95_ms: Option<u64>,
    interruptions: Option<u64>,
    counters: Option<Counters>,
    audio: Option<Audio>,
    tokens: Option<TokenCounts>,
    cost: Option<Cost>,
    recording: Option<RecordingView>,
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    /// Of a call that we placed, or were asked to: what was looked at before, and what came of it.
    #[schema(value_type = Option<Object>)]
    decision: Option<Value>,
    /// The key with which it was requested: of `alpha-call keys list`, or `static` for one of API_KEYS.
    api_key_id: Option<String>,
    /// Of a call that came in: how far the network vouches for its number, in Twilio's word. Numbers can be forged all the same.
    stir_verstat: Option<String>,
}

/// Twilio asks for the account's credentials, if the account is set so.
#[derive(Serialize, ToSchema)]
#[schema(as = Recording)]
struct RecordingView {
    sid: String,
    url: String,
    duration_seconds: f64,
}

impl From<Recording> for RecordingView {
    fn from(recording: Recording) -> Self {
        let duration_seconds = Duration::from_millis(recording.ms).as_secs_f64();
        Self { sid: recording.sid, url: recording.url.0, duration_seconds }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = CallCounters)]
struct Counters {
    ai_responses: u64,
    user_inputs: u64,
    /// Of the assistant by the caller, and the other way round.
    interruptions: u64,
    ai_interruptions: u64,
    tool_calls: u64,
    resumes: u64,
    reconnects: u64,
    frames_dropped: u64,
}

/// Heard from the caller, and sent to the caller.
#[derive(Serialize, ToSchema)]
#[schema(as = CallAudio)]
struct Audio {
    in_ms: u64,
    out_ms: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CallCost)]
struct Cost {
    #[serde(flatten)]
    costs: Costs,
    price_version: Option<String>,
}

impl From<Call> for CallView {
    fn from(call: Call) -> Self {
        let duration_seconds = call.duration().map(|duration| duration.as_secs_f64());
        let counts = call.ended_at.map(|_| Counts::of(&call));
        let interruptions = counts.as_ref().map(|counts| counts.counters.interruptions);
        let (counters, audio, tokens, cost) =
            counts.map_or((None, None, None, None), |c| (Some(c.counters), Some(c.audio), Some(c.tokens), Some(c.cost)));
        Self {
            id: call.id,
            call_sid: call.call_sid.map(String::from),
            stream_sid: call.stream_sid,
            direction: call.direction,
            from_number: call.from.as_str().to_owned(),
            to_number: call.to.as_str().to_owned(),
            name: call.caller_name.map(|name| name.0),
            assistant: call.assistant,
            model: call.model,
            voice: call.voice,
            system_message: call.system_message.map(|text| text.0),
            status: call.status,
            twilio_status: call.twilio_status,
            answered_by: call.answered_by,
            ended_reason: call.ended_reason,
            refusal: call.refusal,
            error_code: call.error_code,
            error: call.error,
            epoch: call.epoch.number(),
            owner: call.owner,
            initiated_at: call.initiated_at,
            scheduled_at: call.scheduled_at,
            ringing_at: call.ringing_at,
            claimed_at: call.claimed_at,
            connected_at: call.connected_at,
            ended_at: call.ended_at,
            duration_seconds,
            first_audio_ms: call.first_audio_ms,
            latency_p50_ms: call.latency_p50_ms,
            latency_p95_ms: call.latency_p95_ms,
            interruptions,
            counters,
            audio,
            tokens,
            cost,
            recording: call.recording.map(RecordingView::from),
            metadata: call.metadata.map(|metadata| metadata.0),
            decision: call.decision,
            api_key_id: call.api_key_id,
            stir_verstat: call.stir_verstat,
        }
    }
}

struct Counts {
    counters: Counters,
    audio: Audio,
    tokens: TokenCounts,
    cost: Cost,
}

impl Counts {
    fn of(call: &Call) -> Self {
        Self {
            counters: Counters {
                ai_responses: call.ai_responses,
                user_inputs: call.user_inputs,
                interruptions: call.interruptions,
                ai_interruptions: call.ai_interruptions,
                tool_calls: call.tool_calls,
                resumes: call.resumes,
                reconnects: call.reconnects,
                frames_dropped: call.frames_dropped,
            },
            audio: Audio { in_ms: call.audio_in_ms, out_ms: call.audio_out_ms },
            tokens: call.tokens,
            cost: Cost { costs: call.cost, price_version: call.price_version.clone() },
        }
    }
}

/// One turn. Milliseconds count from the start of the call's first stream.
#[derive(Serialize, ToSchema)]
#[schema(as = Turn)]
pub(super) struct TurnView {
    epoch: u32,
    seq: u32,
    /// `user`, `ai` or `system`.
    speaker: &'static str,
    /// `message`, `tool_call`, `tool_result`, `dtmf` or `event`.
    kind: &'static str,
    /// What the model made, and what of it the caller heard.
    generated: String,
    heard: String,
    interrupted: bool,
    audio_ms: u64,
    heard_ms: u64,
    started_ms: u64,
    ended_ms: Option<u64>,
    /// From the end of the caller's speech to the first audio of the answer.
    latency_ms: Option<u64>,
    item_id: Option<String>,
    response_id: Option<String>,
    /// Of the caller's words: `pending`, `done` or `failed`.
    transcription: Option<&'static str>,
    tokens: Option<TurnTokens>,
    tool: Option<ToolView>,
}

#[derive(Serialize, ToSchema)]
struct TurnTokens {
    input: u64,
    output: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ToolUse)]
struct ToolView {
    name: String,
    call_id: String,
}

impl TurnView {
    /// For those who may know of calls, and not what was said in them.
    pub(super) fn without_words(self) -> Self {
        Self { generated: String::new(), heard: String::new(), ..self }
    }
}

impl From<StoredTurn> for TurnView {
    fn from(stored: StoredTurn) -> Self {
        let turn = stored.turn;
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self {
            epoch: stored.epoch.number(),
            seq: turn.seq,
            speaker: turn.speaker.as_str(),
            kind: turn.kind.as_str(),
            generated: turn.generated.0,
            heard: turn.heard.0,
            interrupted: turn.interrupted,
            audio_ms: turn.audio_ms,
            heard_ms: turn.heard_ms,
            started_ms: ms(turn.started),
            ended_ms: turn.ended.map(ms),
            latency_ms: turn.latency.map(ms),
            item_id: turn.item.map(|id| id.to_string()),
            response_id: turn.response.map(|id| id.to_string()),
            transcription: turn.transcription.map(|state| state.as_str()),
            tokens: turn.tokens.map(|tokens| TurnTokens { input: tokens.input, output: tokens.output }),
            tool: turn.tool.map(|tool| ToolView { name: tool.name, call_id: tool.call_id }),
        }
    }
}
