//! Calls as they are read back.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use super::CallStore;
use super::entity::{Private, call};
use super::error::StoreError;
use super::sql::{small, unsigned};
use crate::types::{CallId, CallSid, CallStatus, CallerId, Direction, Epoch, PhoneNumber, Redacted};

/// The longest page; a longer one asked for is cut to this.
const MAX_PAGE: u64 = 1000;

/// The two names of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallKey {
    Id(CallId),
    Sid(CallSid),
}

/// A call on record.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    pub status: CallStatus,
    pub twilio_status: Option<String>,
    /// A word of `HangupCause`; another version may know more of them.
    pub ended_reason: Option<String>,
    pub refusal: Option<String>,
    pub error: Option<String>,
    /// The newest stream that claimed the call; none so far is 0.
    pub epoch: Epoch,
    pub initiated_at: DateTime<Utc>,
    pub claimed_at: Option<DateTime<Utc>>,
    pub connected_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub first_audio_ms: Option<u64>,
    pub interruptions: u64,
}

impl Call {
    /// From the first stream's start to the end; none for a call that was never connected, or that still runs.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        let (connected, ended) = (self.connected_at?, self.ended_at?);
        Some((ended - connected).to_std().unwrap_or_default())
    }
}

/// Which calls, and which page of them. What is not named does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryFilter {
    /// At most 1000.
    pub limit: u64,
    pub offset: u64,
    pub status: Option<CallStatus>,
    pub direction: Option<Direction>,
    /// On either end of the call.
    pub phone_number: Option<PhoneNumber>,
}

/// Calls, newest first, and how many there are in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub calls: Vec<Call>,
    pub total: u64,
}

impl CallStore {
    pub async fn call(&self, key: &CallKey) -> Result<Option<Call>, StoreError> {
        let wanted = match key {
            CallKey::Id(id) => call::Column::Id.eq(id.to_string()),
            CallKey::Sid(sid) => call::Column::CallSid.eq(sid.as_str()),
        };
        let row = self.run(|db| async move { Ok(call::Entity::find().filter(wanted).one(&db).await?) }).await?;
        row.map(Call::try_from).transpose()
    }

    /// Newest first; calls of the same moment in the order of their ids, so that pages neither repeat nor leave out.
    pub async fn call_history(&self, filter: &HistoryFilter) -> Result<Page, StoreError> {
        let found = call::Entity::find().filter(condition(filter));
        let page = found
            .clone()
            .order_by_desc(call::Column::InitiatedAt)
            .order_by_desc(call::Column::Id)
            .limit(filter.limit.min(MAX_PAGE))
            .offset(filter.offset.min(i64::MAX.unsigned_abs()));
        let (rows, total) = self.run(|db| async move { Ok((page.all(&db).await?, found.count(&db).await?)) }).await?;
        Ok(Page { calls: rows.into_iter().map(Call::try_from).collect::<Result<_, _>>()?, total })
    }
}

fn condition(filter: &HistoryFilter) -> Condition {
    let number = filter.phone_number.as_ref().map(PhoneNumber::as_str);
    Condition::all()
        .add_option(filter.status.map(|status| call::Column::Status.eq(status.as_str())))
        .add_option(filter.direction.map(|direction| call::Column::Direction.eq(direction.as_str())))
        .add_option(number.map(|n| Condition::any().add(call::Column::FromNumber.eq(n)).add(call::Column::ToNumber.eq(n))))
}

impl TryFrom<call::Model> for Call {
    type Error = StoreError;

    fn try_from(row: call::Model) -> Result<Self, StoreError> {
        let unreadable = |column: &str| StoreError::query(format!("call_logs.{column} holds what we do not know"));
        Ok(Self {
            id: row.id.parse().map_err(|_| unreadable("id"))?,
            call_sid: row.call_sid.as_deref().map(str::parse).transpose().map_err(|_| unreadable("call_sid"))?,
            stream_sid: row.stream_sid,
            direction: Direction::from_word(&row.direction).ok_or_else(|| unreadable("direction"))?,
            from: CallerId::parse(&row.from_number.0),
            to: CallerId::parse(&row.to_number.0),
            caller_name: row.caller_name.map(|Private(name)| Redacted(name)),
            assistant: row.assistant,
            model: row.model,
            voice: row.voice,
            status: CallStatus::from_word(&row.status).ok_or_else(|| unreadable("status"))?,
            twilio_status: row.twilio_status,
            ended_reason: row.ended_reason,
            refusal: row.refusal,
            error: row.error,
            epoch: Epoch::new(small(row.epoch)),
            initiated_at: row.initiated_at,
            claimed_at: row.claimed_at,
            connected_at: row.connected_at,
            ended_at: row.ended_at,
            first_audio_ms: row.first_audio_ms.map(unsigned),
            interruptions: unsigned(row.interruptions),
        })
    }
}
