//! Batches of rows into the tables: more than once, in any order, all of a batch or nothing.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, TransactionTrait};

use super::analytics::hours;
use super::entity::{stream, turn};
use super::error::StoreError;
use super::events::{Noted, note};
use super::{CallStore, Row, RowKey, calls, tally, upsert};
use crate::types::EventKind;

impl CallStore {
    /// Writes all of the rows or none. Of rows with one key the highest revision stays, whatever the order they come in.
    pub async fn write(&self, rows: Vec<Row>) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        self.run(|db| async move {
            let transaction = db.begin().await?;
            store(&transaction, rows).await?;
            Ok(transaction.commit().await?)
        })
        .await
        .inspect(|_| self.ring())
    }
}

/// What a call is comes before what was said in it, and its end comes last; then it is counted, and its hour forgotten.
async fn store<C: ConnectionTrait>(db: &C, rows: Vec<Row>) -> Result<(), StoreError> {
    let mut turns: Vec<turn::Model> = Vec::new();
    let mut streams: Vec<stream::Model> = Vec::new();
    let mut ends = Vec::new();
    let mut events = Vec::new();
    let mut touched = BTreeSet::new();
    let rows = newest(rows);
    let changed: BTreeSet<String> = rows.keys().filter_map(changed).collect();
    for row in rows.into_values() {
        match row {
            Row::Created(call) => {
                events.push(Noted::of_call(EventKind::Initiated, call.id, call.initiated_at));
                calls::insert(db, *call, None).await?;
            }
            Row::Placed { call, sid } => calls::attach(db, call, &sid).await?,
            Row::Connected(joined) => {
                if calls::connect(db, &joined).await? {
                    events.push(Noted::of_call(EventKind::Connected, joined.call, joined.at));
                }
            }
            Row::Progress { call, status, at } => drop(calls::progress(db, call, &status, at).await?),
            Row::FirstAudio { call, ms } => calls::first_audio(db, call, ms).await?,
            Row::Turn(turn) => {
                touched.insert(turn.call_id.clone());
                events.push(Noted::of_turn(&turn));
                turns.push(*turn);
            }
            Row::Stream(stream) => {
                touched.insert(stream.call_id.clone());
                streams.push(*stream);
            }
            Row::Ended(end) => ends.push(*end),
            Row::Recorded { call, recording } => calls::record(db, call, &recording).await?,
        }
    }
    upsert::turns(db, turns).await?;
    upsert::streams(db, streams).await?;
    for end in ends {
        touched.insert(end.id.to_string());
        let event = Noted::of_end(&end);
        if calls::end(db, end).await? {
            events.push(event);
        }
    }
    note(db, events).await?;
    let began = tally::recount_ended(db, touched).await?;
    hours::forget_older(db, changed, &began).await
}

/// The call whose figures the row changes.
fn changed(row: &RowKey) -> Option<String> {
    match row {
        RowKey::Created(call) | RowKey::Connected(call, _) | RowKey::FirstAudio(call) | RowKey::Ended(call) => Some(call.to_string()),
        RowKey::Turn(call, ..) | RowKey::Stream(call, _) => Some(call.clone()),
        RowKey::Placed(_) | RowKey::Progress(..) | RowKey::Recorded(_) => None,
    }
}

/// One statement must not touch a row twice. Sorted by key, so that two writers cannot lock each other out.
fn newest(rows: Vec<Row>) -> BTreeMap<RowKey, Row> {
    let mut kept: BTreeMap<RowKey, Row> = BTreeMap::new();
    for row in rows {
        if kept.get(&row.key()).is_none_or(|known| known.revision() < row.revision()) {
            kept.insert(row.key(), row);
        }
    }
    kept
}
