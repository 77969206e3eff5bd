//! `call_logs`: one row for each call, or refusal of one.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::Private;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "call_logs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    #[sea_orm(unique)]
    pub call_sid: Option<String>,
    pub stream_sid: Option<String>,
    pub direction: String,
    pub from_number: Private,
    pub to_number: Private,
    pub caller_name: Option<Private>,
    pub assistant: String,
    pub model: String,
    pub voice: String,
    pub system_message: Option<Private>,
    pub status: String,
    pub twilio_status: Option<String>,
    pub answered_by: Option<String>,
    pub ended_reason: Option<String>,
    pub refusal: Option<String>,
    pub error_code: Option<String>,
    pub error: Option<String>,
    /// The newest stream that claimed the call, and the instance that holds it.
    pub epoch: i64,
    pub owner: Option<String>,
    pub initiated_at: DateTimeUtc,
    pub claimed_at: Option<DateTimeUtc>,
    pub ringing_at: Option<DateTimeUtc>,
    pub connected_at: Option<DateTimeUtc>,
    pub ended_at: Option<DateTimeUtc>,
    pub duration_ms: Option<i64>,
    pub first_audio_ms: Option<i64>,
    pub latency_p50_ms: Option<i64>,
    pub latency_p95_ms: Option<i64>,
    #[serde(default)]
    pub ai_responses: i64,
    #[serde(default)]
    pub user_inputs: i64,
    /// Of the assistant by the caller, and the other way round.
    #[serde(default)]
    pub interruptions: i64,
    #[serde(default)]
    pub ai_interruptions: i64,
    #[serde(default)]
    pub tool_calls: i64,
    /// Streams after the first, and model sessions after the first of a stream.
    #[serde(default)]
    pub resumes: i64,
    #[serde(default)]
    pub reconnects: i64,
    #[serde(default)]
    pub frames_dropped: i64,
    /// Heard from the caller, and sent to the caller.
    #[serde(default)]
    pub audio_in_ms: i64,
    #[serde(default)]
    pub audio_out_ms: i64,
    #[serde(default)]
    pub text_in_tokens: i64,
    #[serde(default)]
    pub audio_in_tokens: i64,
    #[serde(default)]
    pub text_out_tokens: i64,
    #[serde(default)]
    pub audio_out_tokens: i64,
    /// Parts of the two inputs.
    #[serde(default)]
    pub cached_text_tokens: i64,
    #[serde(default)]
    pub cached_audio_tokens: i64,
    /// Billionths of a US dollar.
    #[serde(default)]
    pub model_cost_nanos: i64,
    #[serde(default)]
    pub transcription_cost_nanos: i64,
    #[serde(default)]
    pub carrier_cost_nanos: i64,
    pub price_version: Option<String>,
    pub recording_sid: Option<String>,
    pub recording_url: Option<Private>,
    pub recording_ms: Option<i64>,
    pub metadata: Option<Json>,
    /// JSON: what was looked at before a number was called, and what came of it.
    pub decision: Option<String>,
    /// JSON: whom to call and as whom, so that any instance can.
    pub wish: Option<Private>,
    /// When it is to be placed, if not at once; and when Twilio was last asked what became of it.
    pub scheduled_at: Option<DateTimeUtc>,
    pub looked_at: Option<DateTimeUtc>,
    /// The key with which it was requested; null if nobody had to show one.
    pub api_key_id: Option<String>,
    /// How far the network vouches for the caller's number.
    pub stir_verstat: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
