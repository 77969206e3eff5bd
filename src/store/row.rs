//! Rows that may be late: what a call leaves behind while it runs. They travel as JSON, in the spool and as a black box.

use chrono::{DateTime, Utc};
use sea_orm::prelude::Json;
use serde::{Deserialize, Serialize};

use super::Recording;
use super::calls::{CallEnd, Joined, NewCall};
use super::entity::{Private, stream, turn};
use super::journal::StoredJournal;
use super::sql::{clean, millis, moment, signed};
use crate::session::event::{ToolUse, Turn};
use crate::session::{Journal, StreamTally};
use crate::types::{CallId, CallSid, Epoch, HangupCause, PhoneNumber};

/// A row on its way to the database, at least once, in any order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Row {
    /// The call itself, where the database was away when it began.
    Created(Box<NewCall>),
    /// Twilio took the call and named it.
    Placed {
        call: CallId,
        sid: CallSid,
    },
    Connected(Joined),
    /// Twilio's word on the call.
    Progress {
        call: CallId,
        status: String,
        at: DateTime<Utc>,
    },
    Turn(Box<turn::Model>),
    Stream(Box<stream::Model>),
    /// Milliseconds until the caller first heard something.
    FirstAudio {
        call: CallId,
        ms: u64,
    },
    Ended(Box<CallEnd>),
    Recorded {
        call: CallId,
        recording: Recording,
    },
}

/// What makes two rows the same row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowKey {
    Created(CallId),
    Placed(CallId),
    Connected(CallId, Epoch),
    Progress(CallId, String),
    Turn(String, i64, i64),
    Stream(String, i64),
    FirstAudio(CallId),
    Ended(CallId),
    Recorded(CallId),
}

/// What may happen to a row when room is scarce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowClass {
    /// Kept at any price.
    Kept,
    /// Nice to have: dropped first, and counted.
    Droppable,
}

/// What a stream came to so far. The highest revision stands.
#[derive(Clone, Debug)]
pub struct StreamRow<'a> {
    pub call: CallId,
    pub epoch: Epoch,
    pub revision: u32,
    /// The instance that carries it.
    pub owner: &'a str,
    pub started: DateTime<Utc>,
    pub ended: Option<(DateTime<Utc>, HangupCause)>,
    /// Who is to be rung after it.
    pub transfer: Option<&'a PhoneNumber>,
    pub tally: &'a StreamTally,
    pub cost: StreamCost,
    /// Once it has ended.
    pub journal: Option<&'a Journal>,
}

/// In billionths of a US dollar, and under which prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamCost {
    pub model_nanos: u64,
    pub transcription_nanos: u64,
    pub price_version: String,
}

impl Row {
    #[must_use]
    pub fn stream(row: StreamRow<'_>) -> Self {
        Self::Stream(Box::new(stream_of(&row)))
    }

    /// A turn of the stream `epoch`, as it stood `at`.
    #[must_use]
    pub fn turn(call: CallId, epoch: Epoch, turn: Turn, at: DateTime<Utc>) -> Self {
        Self::Turn(Box::new(model_of(call, epoch, turn, at)))
    }

    #[must_use]
    pub fn key(&self) -> RowKey {
        match self {
            Self::Created(call) => RowKey::Created(call.id),
            Self::Placed { call, .. } => RowKey::Placed(*call),
            Self::Connected(joined) => RowKey::Connected(joined.call, joined.epoch),
            Self::Progress { call, status, .. } => RowKey::Progress(*call, status.clone()),
            Self::Turn(turn) => RowKey::Turn(turn.call_id.clone(), turn.epoch, turn.seq),
            Self::Stream(stream) => RowKey::Stream(stream.call_id.clone(), stream.epoch),
            Self::FirstAudio { call, .. } => RowKey::FirstAudio(*call),
            Self::Ended(end) => RowKey::Ended(end.id),
            Self::Recorded { call, .. } => RowKey::Recorded(*call),
        }
    }

    /// The higher one of two rows with one key is the newer. What cannot change stays as it came first.
    #[must_use]
    pub fn revision(&self) -> i64 {
        match self {
            Self::Turn(turn) => turn.revision,
            Self::Stream(stream) => stream.revision,
            Self::Created(_)
            | Self::Placed { .. }
            | Self::Connected(_)
            | Self::Progress { .. }
            | Self::FirstAudio { .. }
            | Self::Ended(_)
            | Self::Recorded { .. } => 0,
        }
    }

    #[must_use]
    pub fn class(&self) -> RowClass {
        match self {
            Self::Turn(turn) if turn.kind == "event" => RowClass::Droppable,
            _ => RowClass::Kept,
        }
    }

    /// The word for this kind of row, as in its JSON.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Created(_) => "created",
            Self::Placed { .. } => "placed",
            Self::Connected(_) => "connected",
            Self::Progress { .. } => "progress",
            Self::Turn(_) => "turn",
            Self::Stream(_) => "stream",
            Self::FirstAudio { .. } => "first_audio",
            Self::Ended(_) => "ended",
            Self::Recorded { .. } => "recorded",
        }
    }
}

fn stream_of(row: &StreamRow<'_>) -> stream::Model {
    let (StreamRow { tally, cost, .. }, tokens) = (row, row.tally.tokens);
    stream::Model {
        call_id: row.call.to_string(),
        epoch: row.epoch.number().into(),
        revision: row.revision.into(),
        owner: clean(row.owner),
        started_at: moment(row.started),
        ended_at: row.ended.map(|(at, _)| moment(at)),
        ended_reason: row.ended.map(|(_, cause)| cause.as_str().to_owned()),
        transfer_to: row.transfer.map(|number| Private(number.as_str().to_owned())),
        price_version: cost.price_version.clone(),
        restarts: signed(tally.restarts),
        reconnects: signed(tally.reconnects),
        frames_dropped: signed(tally.frames_dropped),
        ai_interruptions: signed(tally.ai_interruptions),
        audio_in_ms: signed(tally.audio_in_ms),
        audio_out_ms: signed(tally.audio_out_ms),
        text_in_tokens: signed(tokens.text_in),
        audio_in_tokens: signed(tokens.audio_in),
        text_out_tokens: signed(tokens.text_out),
        audio_out_tokens: signed(tokens.audio_out),
        cached_text_tokens: signed(tokens.cached_text_in),
        cached_audio_tokens: signed(tokens.cached_audio_in),
        model_cost_nanos: signed(cost.model_nanos),
        transcription_cost_nanos: signed(cost.transcription_nanos),
        journal: row.journal.map(|journal| Private(StoredJournal::from(journal).to_json())),
    }
}

fn model_of(call: CallId, epoch: Epoch, turn: Turn, at: DateTime<Utc>) -> turn::Model {
    turn::Model {
        call_id: call.to_string(),
        epoch: epoch.number().into(),
        seq: turn.seq.into(),
        revision: turn.revision.into(),
        position: turn.position.into(),
        item_id: turn.item.map(|item| clean(&item)),
        response_id: turn.response.map(|response| clean(&response)),
        speaker: turn.speaker.as_str().to_owned(),
        kind: turn.kind.as_str().to_owned(),
        generated: Private(clean(&turn.generated)),
        heard: Private(clean(&turn.heard)),
        interrupted: turn.interrupted,
        audio_ms: signed(turn.audio_ms),
        heard_ms: signed(turn.heard_ms),
        started_ms: millis(turn.started),
        ended_ms: turn.ended.map(millis),
        latency_ms: turn.latency.map(millis),
        input_tokens: turn.tokens.map(|tokens| signed(tokens.input)),
        output_tokens: turn.tokens.map(|tokens| signed(tokens.output)),
        transcription: turn.transcription.map(|state| state.as_str().to_owned()),
        metadata: turn.tool.as_ref().map(tool_json),
        created_at: moment(at),
    }
}

fn tool_json(tool: &ToolUse) -> Json {
    serde_json::json!({ "tool": clean(&tool.name), "tool_call_id": clean(&tool.call_id) })
}
