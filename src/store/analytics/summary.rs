//! What some calls come to. Pure: it adds calls and latencies, merges with others, and is kept as JSON.

use std::collections::BTreeMap;

use sea_orm::FromQueryResult;
use sea_orm::prelude::DateTimeUtc;
use serde::{Deserialize, Serialize};

use super::spread::Spread;
use crate::store::sql::unsigned;
use crate::types::{CallStatus, Direction};

/// How often each word was said.
pub(super) type Words = BTreeMap<String, u64>;

/// By assistant, the calls of an hour.
pub(super) type Hour = BTreeMap<String, Summary>;

/// Of a call, the columns that count.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct Measured {
    pub(super) initiated_at: DateTimeUtc,
    pub(super) assistant: String,
    pub(super) direction: String,
    pub(super) status: String,
    pub(super) ended_reason: Option<String>,
    pub(super) refusal: Option<String>,
    pub(super) connected_at: Option<DateTimeUtc>,
    pub(super) ended_at: Option<DateTimeUtc>,
    pub(super) duration_ms: Option<i64>,
    pub(super) first_audio_ms: Option<i64>,
    pub(super) ai_responses: i64,
    pub(super) user_inputs: i64,
    pub(super) interruptions: i64,
    pub(super) ai_interruptions: i64,
    pub(super) tool_calls: i64,
    pub(super) text_in_tokens: i64,
    pub(super) audio_in_tokens: i64,
    pub(super) text_out_tokens: i64,
    pub(super) audio_out_tokens: i64,
    pub(super) cached_text_tokens: i64,
    pub(super) cached_audio_tokens: i64,
    pub(super) model_cost_nanos: i64,
    pub(super) transcription_cost_nanos: i64,
    pub(super) carrier_cost_nanos: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Summary {
    pub(super) calls: u64,
    pub(super) inbound: u64,
    pub(super) outbound: u64,
    pub(super) by_status: Words,
    pub(super) by_reason: Words,
    pub(super) refusals: Words,
    /// Calls that ended and were not refused: those that could have gone well.
    pub(super) tried: u64,
    /// Of the calls that were connected and have ended.
    pub(super) duration_ms: Spread,
    pub(super) first_audio_ms: Spread,
    pub(super) latency_ms: Spread,
    pub(super) counts: Counts,
}

/// Plain sums over calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) ai_responses: u64,
    pub(super) user_inputs: u64,
    pub(super) interruptions: u64,
    pub(super) ai_interruptions: u64,
    pub(super) tool_calls: u64,
    pub(super) text_in: u64,
    pub(super) audio_in: u64,
    pub(super) text_out: u64,
    pub(super) audio_out: u64,
    pub(super) cached_text: u64,
    pub(super) cached_audio: u64,
    pub(super) model_nanos: u64,
    pub(super) transcription_nanos: u64,
    pub(super) carrier_nanos: u64,
}

impl Summary {
    pub(super) fn add(&mut self, call: &Measured) {
        self.calls += 1;
        self.inbound += u64::from(call.direction == Direction::Inbound.as_str());
        self.outbound += u64::from(call.direction == Direction::Outbound.as_str());
        count(&mut self.by_status, Some(&call.status));
        count(&mut self.by_reason, call.ended_reason.as_deref());
        count(&mut self.refusals, call.refusal.as_deref());
        self.tried += u64::from(call.ended_at.is_some() && call.refusal.is_none());
        call.duration().into_iter().for_each(|ms| self.duration_ms.add(ms));
        call.first_audio_ms.into_iter().for_each(|ms| self.first_audio_ms.add(unsigned(ms)));
        self.counts.merge(&call.counts());
    }

    pub(super) fn add_latency(&mut self, ms: u64) {
        self.latency_ms.add(ms);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.inbound += other.inbound;
        self.outbound += other.outbound;
        merge(&mut self.by_status, &other.by_status);
        merge(&mut self.by_reason, &other.by_reason);
        merge(&mut self.refusals, &other.refusals);
        self.tried += other.tried;
        self.duration_ms.merge(&other.duration_ms);
        self.first_audio_ms.merge(&other.first_audio_ms);
        self.latency_ms.merge(&other.latency_ms);
        self.counts.merge(&other.counts);
    }

    pub(super) fn of_status(&self, status: CallStatus) -> u64 {
        self.by_status.get(status.as_str()).copied().unwrap_or_default()
    }
}

impl Measured {
    /// An older version of the program leaves the column empty when it ends a call.
    fn duration(&self) -> Option<u64> {
        let between = |(connected, ended): (DateTimeUtc, DateTimeUtc)| (ended - connected).num_milliseconds();
        self.duration_ms.or_else(|| self.connected_at.zip(self.ended_at).map(between)).map(unsigned)
    }

    fn counts(&self) -> Counts {
        Counts {
            ai_responses: unsigned(self.ai_responses),
            user_inputs: unsigned(self.user_inputs),
            interruptions: unsigned(self.interruptions),
            ai_interruptions: unsigned(self.ai_interruptions),
            tool_calls: unsigned(self.tool_calls),
            text_in: unsigned(self.text_in_tokens),
            audio_in: unsigned(self.audio_in_tokens),
            text_out: unsigned(self.text_out_tokens),
            audio_out: unsigned(self.audio_out_tokens),
            cached_text: unsigned(self.cached_text_tokens),
            cached_audio: unsigned(self.cached_audio_tokens),
            model_nanos: unsigned(self.model_cost_nanos),
            transcription_nanos: unsigned(self.transcription_cost_nanos),
            carrier_nanos: unsigned(self.carrier_cost_nanos),
        }
    }
}

impl Counts {
    fn merge(&mut self, other: &Self) {
        self.ai_responses += other.ai_responses;
        self.user_inputs += other.user_inputs;
        self.interruptions += other.interruptions;
        self.ai_interruptions += other.ai_interruptions;
        self.tool_calls += other.tool_calls;
        self.text_in += other.text_in;
        self.audio_in += other.audio_in;
        self.text_out += other.text_out;
        self.audio_out += other.audio_out;
        self.cached_text += other.cached_text;
        self.cached_audio += other.cached_audio;
        self.model_nanos += other.model_nanos;
        self.transcription_nanos += other.transcription_nanos;
        self.carrier_nanos += other.carrier_nanos;
    }
}

fn count(words: &mut Words, word: Option<&str>) {
    if let Some(word) = word {
        *words.entry(word.to_owned()).or_default() += 1;
    }
}

fn merge(words: &mut Words, others: &Words) {
    for (word, count) in others {
        match words.get_mut(word) {
            Some(known) => *known += count,
            None => drop(words.insert(word.clone(), *count)),
        }
    }
}
