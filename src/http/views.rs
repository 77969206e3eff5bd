//! Calls and turns as the API shows them.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::store::{Call, StoredTurn};
use crate::types::{CallId, CallStatus, Direction};

#[derive(Serialize)]
pub(super) struct CallView {
    id: CallId,
    call_sid: Option<String>,
    stream_sid: Option<String>,
    direction: Direction,
    from_number: String,
    to_number: String,
    name: Option<String>,
    assistant: String,
    model: String,
    voice: String,
    status: CallStatus,
    twilio_status: Option<String>,
    ended_reason: Option<String>,
    refusal: Option<String>,
    error: Option<String>,
    /// Streams so far.
    epoch: u32,
    initiated_at: DateTime<Utc>,
    connected_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    duration_seconds: Option<f64>,
    first_audio_ms: Option<u64>,
    interruptions: u64,
}

impl From<Call> for CallView {
    fn from(call: Call) -> Self {
        let duration_seconds = call.duration().map(|duration| duration.as_secs_f64());
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
            status: call.status,
            twilio_status: call.twilio_status,
            ended_reason: call.ended_reason,
            refusal: call.refusal,
            error: call.error,
            epoch: call.epoch.number(),
            initiated_at: call.initiated_at,
            connected_at: call.connected_at,
            ended_at: call.ended_at,
            duration_seconds,
            first_audio_ms: call.first_audio_ms,
            interruptions: call.interruptions,
        }
    }
}

/// One turn. Milliseconds count from the start of the call's first stream.
#[derive(Serialize)]
pub(super) struct TurnView {
    epoch: u32,
    seq: u32,
    speaker: &'static str,
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
}

impl From<StoredTurn> for TurnView {
    fn from(stored: StoredTurn) -> Self {
        let turn = stored.turn;
        let ms = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self {
            epoch: stored.epoch.number(),
            seq: turn.seq,
            speaker: turn.speaker.as_str(),
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
        }
    }
}
