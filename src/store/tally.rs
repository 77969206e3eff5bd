//! What a call comes to: counted from its turns and streams whenever it is asked for, on its row once it has ended, and again for
//! every row that comes later.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, Iterable, QueryFilter,
    QuerySelect, TryIntoModel,
};

use super::entity::{call, stream, turn};
use super::error::StoreError;
use crate::session::event::Transcription;

/// What of a turn counts: call, speaker, kind, whether it was cut, latency.
type Said = (String, String, String, bool, Option<i64>);

/// Counts those of the calls that have ended. Tells of all that are known when they began.
pub(super) async fn recount_ended<D: ConnectionTrait>(
    db: &D,
    calls: BTreeSet<String>,
) -> Result<BTreeMap<String, DateTime<Utc>>, StoreError> {
    use call::Column as C;
    if calls.is_empty() {
        return Ok(BTreeMap::new());
    }
    let known = call::Entity::find().select_only().columns([C::Id, C::InitiatedAt, C::EndedAt]).filter(C::Id.is_in(calls));
    let known: Vec<(String, DateTime<Utc>, Option<DateTime<Utc>>)> = known.into_tuple().all(db).await?;
    let ended: Vec<String> = known.iter().filter(|(.., ended_at)| ended_at.is_some()).map(|(call, ..)| call.clone()).collect();
    if !ended.is_empty() {
        for (call, tally) in tallies(db, &ended).await? {
            call::Entity::update(tally.onto(call)).validate()?.exec(db).await?;
        }
    }
    Ok(known.into_iter().map(|(call, began, _)| (call, began)).collect())
}

/// A call that still runs, with what it came to so far.
pub(super) async fn counted<C: ConnectionTrait>(db: &C, row: call::Model) -> Result<call::Model, StoreError> {
    let mut tallies = tallies(db, std::slice::from_ref(&row.id)).await?;
    Ok(tallies.remove(&row.id).unwrap_or_default().into_row(row))
}

async fn tallies<C: ConnectionTrait>(db: &C, calls: &[String]) -> Result<BTreeMap<String, Tally>, StoreError> {
    use turn::Column as T;
    let mut tallies: BTreeMap<String, Tally> = calls.iter().map(|call| (call.clone(), Tally::default())).collect();
    let columns = [T::CallId, T::Speaker, T::Kind, T::Interrupted, T::LatencyMs];
    // Speech that was written down as no words at all was noise.
    let words =
        Condition::any().add(T::Transcription.is_null()).add(T::Transcription.ne(Transcription::Done.as_str())).add(T::Generated.ne(""));
    let said = turn::Entity::find().select_only().columns(columns).filter(T::CallId.is_in(calls)).filter(words);
    for (call, speaker, kind, interrupted, latency) in said.into_tuple::<Said>().all(db).await? {
        if let Some(tally) = tallies.get_mut(&call) {
            tally.said(&speaker, &kind, interrupted, latency);
        }
    }
    for stream in stream::Entity::find().filter(stream::Column::CallId.is_in(calls)).all(db).await? {
        if let Some(tally) = tallies.get_mut(&stream.call_id) {
            tally.streams.push(stream);
        }
    }
    Ok(tallies)
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    ai_responses: i64,
    user_inputs: i64,
    interruptions: i64,
    tool_calls: i64,
    latencies: Vec<i64>,
    pub(super) streams: Vec<stream::Model>,
}

impl Tally {
    pub(super) fn said(&mut self, speaker: &str, kind: &str, interrupted: bool, latency: Option<i64>) {
        match (kind, speaker) {
            ("message", "ai") => self.ai_responses += 1,
            ("message", "user") => self.user_inputs += 1,
            ("tool_call", _) => self.tool_calls += 1,
            _ => {}
        }
        self.interruptions += i64::from(interrupted);
        self.latencies.extend(latency);
    }

    /// The whole row with what was counted.
    pub(super) fn into_row(self, row: call::Model) -> call::Model {
        let counted = self.onto(row.id.clone());
        let mut whole = row.clone().into_active_model();
        for column in call::Column::iter() {
            if let ActiveValue::Set(value) = counted.get(column) {
                whole.set(column, value);
            }
        }
        whole.try_into_model().unwrap_or(row)
    }

    fn onto(mut self, call: String) -> call::ActiveModel {
        self.latencies.sort_unstable();
        let sum = |of: fn(&stream::Model) -> i64| ActiveValue::Set(self.streams.iter().map(of).sum());
        let prices = self.streams.iter().map(|stream| stream.price_version.clone()).max();
        call::ActiveModel {
            id: ActiveValue::Unchanged(call),
            ai_responses: ActiveValue::Set(self.ai_responses),
            user_inputs: ActiveValue::Set(self.user_inputs),
            interruptions: ActiveValue::Set(self.interruptions),
            tool_calls: ActiveValue::Set(self.tool_calls),
            latency_p50_ms: ActiveValue::Set(percentile(&self.latencies, 50)),
            latency_p95_ms: ActiveValue::Set(percentile(&self.latencies, 95)),
            resumes: ActiveValue::Set(i64::try_from(self.streams.len()).unwrap_or(i64::MAX).saturating_sub(1).max(0)),
            price_version: ActiveValue::Set(prices),
            ai_interruptions: sum(|stream| stream.ai_interruptions),
            reconnects: sum(|stream| stream.reconnects),
            frames_dropped: sum(|stream| stream.frames_dropped),
            audio_in_ms: sum(|stream| stream.audio_in_ms),
            audio_out_ms: sum(|stream| stream.audio_out_ms),
            text_in_tokens: sum(|stream| stream.text_in_tokens),
            audio_in_tokens: sum(|stream| stream.audio_in_tokens),
            text_out_tokens: sum(|stream| stream.text_out_tokens),
            audio_out_tokens: sum(|stream| stream.audio_out_tokens),
            cached_text_tokens: sum(|stream| stream.cached_text_tokens),
            cached_audio_tokens: sum(|stream| stream.cached_audio_tokens),
            model_cost_nanos: sum(|stream| stream.model_cost_nanos),
            transcription_cost_nanos: sum(|stream| stream.transcription_cost_nanos),
            ..Default::default()
        }
    }
}

/// The smallest value that so many percent do not exceed (nearest rank); none of nothing.
fn percentile(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let hundred: Vec<i64> = (1..=100).collect();

        assert_eq!([50, 95, 99, 100].map(|p| percentile(&hundred, p)), [50, 95, 99, 100].map(Some));
        assert_eq!([50, 95].map(|p| percentile(&[7], p)), [Some(7); 2]);
        assert_eq!([50, 95].map(|p| percentile(&[3, 9], p)), [Some(3), Some(9)]);
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn what_was_said_is_counted_by_who_said_it() {
        let mut tally = Tally::default();
        tally.said("ai", "message", true, Some(40));
        tally.said("user", "message", false, None);
        tally.said("ai", "tool_call", false, None);
        tally.said("system", "event", false, None);

        assert_eq!((tally.ai_responses, tally.user_inputs, tally.tool_calls, tally.interruptions), (1, 1, 1, 1));
        assert_eq!(tally.latencies, [40]);
    }
}
