//! Figures as they are told, made of sums. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::spread::Spread;
use super::summary::{Counts, Summary};
use crate::types::CallStatus;

/// Figures over calls. An average and a percentile of nothing are none. Percentiles are off by 1.6 % at most.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = CallFigures)]
pub struct Analytics {
    /// Refused ones included.
    pub total_calls: u64,
    pub by_status: BTreeMap<CallStatus, u64>,
    pub by_ended_reason: BTreeMap<String, u64>,
    /// How often each refusal was given.
    pub refusals: BTreeMap<String, u64>,
    pub inbound: u64,
    pub outbound: u64,
    /// Of the calls that ended and were not refused, the part that completed: 0 to 1.
    pub success_rate: Option<f64>,
    /// Over the calls that were connected and have ended; so are the minutes.
    pub average_duration_s: Option<f64>,
    pub duration_s: Percentiles,
    pub total_minutes: f64,
    /// From the first stream's start to the first sound of the assistant.
    pub average_first_audio_ms: Option<f64>,
    pub first_audio_ms: Percentiles,
    /// Over turns: from the end of the caller's speech to the first sound of the answer.
    pub average_turn_latency_ms: Option<f64>,
    pub turn_latency_ms: Percentiles,
    /// Of the assistant by the caller.
    pub interruptions: u64,
    pub conversation: ConversationCounts,
    pub tokens: TokenCounts,
    pub cost: Costs,
    /// The last 24 hours, this one included, whatever was asked for.
    pub last_24_hours: Vec<Point>,
    /// One point for each interval, if one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub series: Option<Vec<Point>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Percentiles {
    pub p50: Option<f64>,
    pub p95: Option<f64>,
    pub p99: Option<f64>,
}

/// What was said in calls that have ended, and in one of them on average.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct ConversationCounts {
    pub ai_responses: u64,
    pub user_inputs: u64,
    /// Of the assistant by the caller, and the other way round.
    pub interruptions: u64,
    pub ai_interruptions: u64,
    pub tool_calls: u64,
    pub per_call: PerCall,
}

/// Over the calls that were connected and have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct PerCall {
    pub ai_responses: Option<f64>,
    pub user_inputs: Option<f64>,
    pub interruptions: Option<f64>,
    pub ai_interruptions: Option<f64>,
    pub tool_calls: Option<f64>,
}

/// Cached ones are part of the inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenCounts {
    pub text_in: u64,
    pub audio_in: u64,
    pub text_out: u64,
    pub audio_out: u64,
    pub cached_text: u64,
    pub cached_audio: u64,
}

/// US dollars, exact to the billionth up to nine million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Costs {
    pub model_usd: f64,
    pub transcription_usd: f64,
    pub carrier_usd: f64,
    pub total_usd: f64,
}

/// The calls that began in one interval.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AnalyticsPoint)]
pub struct Point {
    /// Where the interval begins, whole in UTC.
    pub start: DateTime<Utc>,
    pub calls: u64,
    pub completed: u64,
    pub failed: u64,
    pub refused: u64,
    pub success_rate: Option<f64>,
    pub average_duration_s: Option<f64>,
    pub minutes: f64,
    pub average_turn_latency_ms: Option<f64>,
    pub turn_latency_p95_ms: Option<f64>,
    pub average_first_audio_ms: Option<f64>,
    pub interruptions: u64,
    pub cost_usd: f64,
}

impl Analytics {
    pub(super) fn of(summary: &Summary) -> Self {
        let known = |(word, count): (&String, &u64)| Some((CallStatus::from_word(word)?, *count));
        Self {
            total_calls: summary.calls,
            by_status: summary.by_status.iter().filter_map(known).collect(),
            by_ended_reason: summary.by_reason.clone(),
            refusals: summary.refusals.clone(),
            inbound: summary.inbound,
            outbound: summary.outbound,
            success_rate: success_rate(summary),
            average_duration_s: average(&summary.duration_ms).map(seconds),
            duration_s: Percentiles::of(&summary.duration_ms).map(seconds),
            total_minutes: minutes(summary),
            average_first_audio_ms: average(&summary.first_audio_ms),
            first_audio_ms: Percentiles::of(&summary.first_audio_ms),
            average_turn_latency_ms: average(&summary.latency_ms),
            turn_latency_ms: Percentiles::of(&summary.latency_ms),
            interruptions: summary.counts.interruptions,
            conversation: ConversationCounts::of(&summary.counts, summary.duration_ms.count()),
            tokens: TokenCounts::of(&summary.counts),
            cost: Costs::of(&summary.counts),
            last_24_hours: Vec::new(),
            series: None,
        }
    }
}

impl Point {
    pub(super) fn of(start: DateTime<Utc>, summary: &Summary) -> Self {
        let refused = summary.refusals.values().sum();
        Self {
            start,
            calls: summary.calls,
            completed: summary.of_status(CallStatus::Completed),
            failed: summary.of_status(CallStatus::Failed).saturating_sub(refused),
            refused,
            success_rate: success_rate(summary),
            average_duration_s: average(&summary.duration_ms).map(seconds),
            minutes: minutes(summary),
            average_turn_latency_ms: average(&summary.latency_ms),
            turn_latency_p95_ms: summary.latency_ms.percentile(95).map(float),
            average_first_audio_ms: average(&summary.first_audio_ms),
            interruptions: summary.counts.interruptions,
            cost_usd: Costs::of(&summary.counts).total_usd,
        }
    }
}

impl Percentiles {
    fn of(spread: &Spread) -> Self {
        let [p50, p95, p99] = [50, 95, 99].map(|percent| spread.percentile(percent).map(float));
        Self { p50, p95, p99 }
    }

    fn map(self, with: fn(f64) -> f64) -> Self {
        Self { p50: self.p50.map(with), p95: self.p95.map(with), p99: self.p99.map(with) }
    }
}

impl ConversationCounts {
    fn of(counts: &Counts, calls: u64) -> Self {
        let per_call = |count| ratio(count, calls);
        Self {
            ai_responses: counts.ai_responses,
            user_inputs: counts.user_inputs,
            interruptions: counts.interruptions,
            ai_interruptions: counts.ai_interruptions,
            tool_calls: counts.tool_calls,
            per_call: PerCall {
                ai_responses: per_call(counts.ai_responses),
                user_inputs: per_call(counts.user_inputs),
                interruptions: per_call(counts.interruptions),
                ai_interruptions: per_call(counts.ai_interruptions),
                tool_calls: per_call(counts.tool_calls),
            },
        }
    }
}

impl TokenCounts {
    const fn of(counts: &Counts) -> Self {
        Self {
            text_in: counts.text_in,
            audio_in: counts.audio_in,
            text_out: counts.text_out,
            audio_out: counts.audio_out,
            cached_text: counts.cached_text,
            cached_audio: counts.cached_audio,
        }
    }
}

impl Costs {
    /// Of billionths of a dollar.
    #[must_use]
    pub const fn of_nanos(model: u64, transcription: u64, carrier: u64) -> Self {
        let total = model.saturating_add(transcription).saturating_add(carrier);
        Self {
            model_usd: dollars(model),
            transcription_usd: dollars(transcription),
            carrier_usd: dollars(carrier),
            total_usd: dollars(total),
        }
    }

    const fn of(counts: &Counts) -> Self {
        Self::of_nanos(counts.model_nanos, counts.transcription_nanos, counts.carrier_nanos)
    }
}

fn success_rate(summary: &Summary) -> Option<f64> {
    ratio(summary.of_status(CallStatus::Completed), summary.tried)
}

fn average(spread: &Spread) -> Option<f64> {
    ratio(spread.sum(), spread.count())
}

fn minutes(summary: &Summary) -> f64 {
    float(summary.duration_ms.sum()) / 60_000.0
}

fn ratio(sum: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| float(sum) / float(of))
}

fn seconds(millis: f64) -> f64 {
    millis / 1000.0
}

const fn dollars(nanos: u64) -> f64 {
    float(nanos) / 1e9
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, which is 285,000 years of milliseconds")]
const fn float(number: u64) -> f64 {
    number as f64
}
