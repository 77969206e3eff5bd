//! A call on record, whole or as a line of a list.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::prelude::{DateTimeUtc, Json};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter};
use serde::{Deserialize, Serialize};

use crate::store::entity::{Private, call};
use crate::store::error::StoreError;
use crate::store::sql::{duration, small, unsigned};
use crate::store::{CallStore, Costs, TokenCounts, tally};
use crate::types::{CallId, CallSid, CallStatus, CallerId, Direction, Epoch, Redacted};

/// The two names of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallKey {
    Id(CallId),
    Sid(CallSid),
}

/// A call on record. One that still runs is counted as far as it has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub id: CallId,
    pub call_sid: Option<CallSid>,
    pub stream_sid: Option<String>,
    pub direction: Direction,
    pub from: CallerId,
    pub to: CallerId,
    pub caller_name: Option<Redacted<String>>,
    pub assistant: String,
    pub model: String,
    pub voice: String,
    /// The instructions that the model was given.
    pub system_message: Option<Redacted<String>>,
    pub status: CallStatus,
    pub twilio_status: Option<String>,
    pub answered_by: Option<String>,
    /// A word of `HangupCause`; another version may know more of them.
    pub ended_reason: Option<String>,
    pub refusal: Option<String>,
    pub error_code: Option<String>,
    pub error: Option<String>,
    /// The newest stream that claimed the call; none so far is 0.
    pub epoch: Epoch,
    /// The instance that took the call on.
    pub owner: Option<String>,
    pub initiated_at: DateTime<Utc>,
    /// When it is to be placed, if not at once.
    pub scheduled_at: Option<DateTime<Utc>>,
    pub claimed_at: Option<DateTime<Utc>>,
    pub ringing_at: Option<DateTime<Utc>>,
    pub connected_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub duration_ms: Option<u64>,
    pub first_audio_ms: Option<u64>,
    pub latency_p50_ms: Option<u64>,
    pub latency_p95_ms: Option<u64>,
    pub ai_responses: u64,
    pub user_inputs: u64,
    /// Of the assistant by the caller, and the other way round.
    pub interruptions: u64,
    pub ai_interruptions: u64,
    pub tool_calls: u64,
    pub resumes: u64,
    pub reconnects: u64,
    pub frames_dropped: u64,
    pub audio_in_ms: u64,
    pub audio_out_ms: u64,
    pub tokens: TokenCounts,
    pub cost: Costs,
    pub price_version: Option<String>,
    pub recording: Option<Recording>,
    pub metadata: Option<Redacted<Json>>,
    /// JSON: whom to call and as whom, where we called.
    pub wish: Option<Redacted<String>>,
    /// What was looked at before the number was called, and what came of it.
    pub decision: Option<Json>,
    /// The key with which it was requested.
    pub api_key_id: Option<String>,
    /// How far the network vouches for the caller's number; no proof of anything.
    pub stir_verstat: Option<String>,
}

/// The sound of a call, as Twilio keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    pub sid: String,
    /// Whoever has it may be able to listen.
    pub url: Redacted<String>,
    pub ms: u64,
}

impl Call {
    /// From the first stream's start to the end; none for a call that was never connected, or that still runs.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        // An older version of the program leaves the column empty.
        let between = || Some((self.ended_at? - self.connected_at?).to_std().unwrap_or_default());
        self.duration_ms.map(Duration::from_millis).or_else(between)
    }
}

/// A call as a line of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCall {
    pub id: CallId,
    pub call_sid: Option<CallSid>,
    pub direction: Direction,
    pub from: CallerId,
    pub to: CallerId,
    pub caller_name: Option<Redacted<String>>,
    pub assistant: String,
    pub model: String,
    pub status: CallStatus,
    pub twilio_status: Option<String>,
    pub ended_reason: Option<String>,
    pub refusal: Option<String>,
    pub error_code: Option<String>,
    pub initiated_at: DateTime<Utc>,
    pub connected_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub duration: Option<Duration>,
    pub first_audio_ms: Option<u64>,
    pub latency_p50_ms: Option<u64>,
    pub ai_responses: u64,
    pub user_inputs: u64,
    pub interruptions: u64,
    pub cost_nanos: u64,
}

/// The columns of a line.
#[derive(FromQueryResult)]
pub(super) struct Line {
    pub(super) id: String,
    call_sid: Option<String>,
    direction: String,
    from_number: Private,
    to_number: Private,
    caller_name: Option<Private>,
    assistant: String,
    model: String,
    status: String,
    twilio_status: Option<String>,
    ended_reason: Option<String>,
    refusal: Option<String>,
    error_code: Option<String>,
    pub(super) initiated_at: DateTimeUtc,
    connected_at: Option<DateTimeUtc>,
    ended_at: Option<DateTimeUtc>,
    pub(super) duration_ms: Option<i64>,
    first_audio_ms: Option<i64>,
    latency_p50_ms: Option<i64>,
    ai_responses: i64,
    user_inputs: i64,
    interruptions: i64,
    model_cost_nanos: i64,
    transcription_cost_nanos: i64,
    carrier_cost_nanos: i64,
}

impl Line {
    pub(super) const COLUMNS: [call::Column; 25] = {
        use call::Column as C;
        [
            C::Id,
            C::CallSid,
            C::Direction,
            C::FromNumber,
            C::ToNumber,
            C::CallerName,
            C::Assistant,
            C::Model,
            C::Status,
            C::TwilioStatus,
            C::EndedReason,
            C::Refusal,
            C::ErrorCode,
            C::InitiatedAt,
            C::ConnectedAt,
            C::EndedAt,
            C::DurationMs,
            C::FirstAudioMs,
            C::LatencyP50Ms,
            C::AiResponses,
            C::UserInputs,
            C::Interruptions,
            C::ModelCostNanos,
            C::TranscriptionCostNanos,
            C::CarrierCostNanos,
        ]
    };
}

impl CallStore {
    pub async fn call(&self, key: &CallKey) -> Result<Option<Call>, StoreError> {
        let wanted = match key {
            CallKey::Id(id) => call::Column::Id.eq(id.to_string()),
            CallKey::Sid(sid) => call::Column::CallSid.eq(sid.as_str()),
        };
        let read = self.run(|db| async move {
            match call::Entity::find().filter(wanted).one(&db).await? {
                Some(row) if row.ended_at.is_none() => Ok(Some(tally::counted(&db, row).await?)),
                row => Ok(row),
            }
        });
        let row = read.await?;
        row.map(Call::try_from).transpose()
    }
}

impl TryFrom<call::Model> for Call {
    type Error = StoreError;

    fn try_from(row: call::Model) -> Result<Self, StoreError> {
        let nanos = [row.model_cost_nanos, row.transcription_cost_nanos, row.carrier_cost_nanos].map(unsigned);
        let [model, transcription, carrier] = nanos;
        Ok(Self {
            id: id(&row.id)?,
            call_sid: sid(row.call_sid.as_deref())?,
            stream_sid: row.stream_sid,
            direction: direction(&row.direction)?,
            from: CallerId::parse(&row.from_number.0),
            to: CallerId::parse(&row.to_number.0),
            caller_name: row.caller_name.map(redacted),
            assistant: row.assistant,
            model: row.model,
            voice: row.voice,
            system_message: row.system_message.map(redacted),
            status: status(&row.status)?,
            twilio_status: row.twilio_status,
            answered_by: row.answered_by,
            ended_reason: row.ended_reason,
            refusal: row.refusal,
            error_code: row.error_code,
            error: row.error,
            epoch: Epoch::new(small(row.epoch)),
            owner: row.owner,
            initiated_at: row.initiated_at,
            scheduled_at: row.scheduled_at,
            claimed_at: row.claimed_at,
            ringing_at: row.ringing_at,
            connected_at: row.connected_at,
            ended_at: row.ended_at,
            duration_ms: row.duration_ms.map(unsigned),
            first_audio_ms: row.first_audio_ms.map(unsigned),
            latency_p50_ms: row.latency_p50_ms.map(unsigned),
            latency_p95_ms: row.latency_p95_ms.map(unsigned),
            ai_responses: unsigned(row.ai_responses),
            user_inputs: unsigned(row.user_inputs),
            interruptions: unsigned(row.interruptions),
            ai_interruptions: unsigned(row.ai_interruptions),
            tool_calls: unsigned(row.tool_calls),
            resumes: unsigned(row.resumes),
            reconnects: unsigned(row.reconnects),
            frames_dropped: unsigned(row.frames_dropped),
            audio_in_ms: unsigned(row.audio_in_ms),
            audio_out_ms: unsigned(row.audio_out_ms),
            tokens: TokenCounts {
                text_in: unsigned(row.text_in_tokens),
                audio_in: unsigned(row.audio_in_tokens),
                text_out: unsigned(row.text_out_tokens),
                audio_out: unsigned(row.audio_out_tokens),
                cached_text: unsigned(row.cached_text_tokens),
                cached_audio: unsigned(row.cached_audio_tokens),
            },
            cost: Costs::of_nanos(model, transcription, carrier),
            price_version: row.price_version,
            recording: recording(row.recording_sid, row.recording_url, row.recording_ms),
            metadata: row.metadata.map(Redacted),
            wish: row.wish.map(redacted),
            decision: row.decision.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            api_key_id: row.api_key_id,
            stir_verstat: row.stir_verstat,
        })
    }
}

impl TryFrom<Line> for ListedCall {
    type Error = StoreError;

    fn try_from(row: Line) -> Result<Self, StoreError> {
        let between = |(connected, ended): (DateTimeUtc, DateTimeUtc)| (ended - connected).to_std().unwrap_or_default();
        let nanos = [row.model_cost_nanos, row.transcription_cost_nanos, row.carrier_cost_nanos];
        Ok(Self {
            id: id(&row.id)?,
            call_sid: sid(row.call_sid.as_deref())?,
            direction: direction(&row.direction)?,
            from: CallerId::parse(&row.from_number.0),
            to: CallerId::parse(&row.to_number.0),
            caller_name: row.caller_name.map(redacted),
            assistant: row.assistant,
            model: row.model,
            status: status(&row.status)?,
            twilio_status: row.twilio_status,
            ended_reason: row.ended_reason,
            refusal: row.refusal,
            error_code: row.error_code,
            initiated_at: row.initiated_at,
            connected_at: row.connected_at,
            ended_at: row.ended_at,
            duration: row.duration_ms.map(duration).or_else(|| row.connected_at.zip(row.ended_at).map(between)),
            first_audio_ms: row.first_audio_ms.map(unsigned),
            latency_p50_ms: row.latency_p50_ms.map(unsigned),
            ai_responses: unsigned(row.ai_responses),
            user_inputs: unsigned(row.user_inputs),
            interruptions: unsigned(row.interruptions),
            cost_nanos: nanos.into_iter().map(unsigned).sum(),
        })
    }
}

fn recording(sid: Option<String>, url: Option<Private>, ms: Option<i64>) -> Option<Recording> {
    Some(Recording { sid: sid?, url: redacted(url?), ms: ms.map(unsigned).unwrap_or_default() })
}

fn redacted(Private(text): Private) -> Redacted<String> {
    Redacted(text)
}

fn unreadable(column: &str) -> StoreError {
    StoreError::query(format!("call_logs.{column} holds what we do not know"))
}

fn id(text: &str) -> Result<CallId, StoreError> {
    text.parse().map_err(|_| unreadable("id"))
}

fn sid(text: Option<&str>) -> Result<Option<CallSid>, StoreError> {
    text.map(str::parse).transpose().map_err(|_| unreadable("call_sid"))
}

fn direction(word: &str) -> Result<Direction, StoreError> {
    Direction::from_word(word).ok_or_else(|| unreadable("direction"))
}

fn status(word: &str) -> Result<CallStatus, StoreError> {
    CallStatus::from_word(word).ok_or_else(|| unreadable("status"))
}
