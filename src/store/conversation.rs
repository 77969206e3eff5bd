//! What was said: turns come in batches, more than once, in any order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict};
use sea_orm::{ActiveValue, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, TransactionTrait};

use super::calls::{FIRST_AUDIO, first_audio_values};
use super::entity::{Private, turn};
use super::error::StoreError;
use super::sql::{clean, execute, moment, signed, small, unsigned};
use super::{CallStore, Row, RowKey};
use crate::session::event::{Speaker, Turn};
use crate::types::{CallId, Epoch, Redacted};

/// 18 columns each: 18,000 of the 32,766 values that SQLite binds (sqlite.org/limits.html), 65,535 in Postgres.
const CHUNK: usize = 1000;
const KIND: &str = "message";
const COUNT_INTERRUPTIONS: &str = "UPDATE call_logs SET interruptions = \
     (SELECT COUNT(*) FROM conversation_logs t WHERE t.call_id = call_logs.id AND t.interrupted) WHERE id = $1";

/// A turn on record.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredTurn {
    pub epoch: Epoch,
    pub turn: Turn,
    /// When it was first recorded.
    pub at: DateTime<Utc>,
}

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
    }

    /// The conversation in its order: stream by stream, and within one by position.
    pub async fn turns(&self, id: CallId) -> Result<Vec<StoredTurn>, StoreError> {
        let found = turn::Entity::find()
            .filter(turn::Column::CallId.eq(id.to_string()))
            .order_by_asc(turn::Column::Epoch)
            .order_by_asc(turn::Column::Position)
            .order_by_asc(turn::Column::Seq);
        let rows = self.run(|db| async move { Ok(found.all(&db).await?) }).await?;
        rows.into_iter().map(StoredTurn::try_from).collect()
    }
}

async fn store<C: ConnectionTrait>(db: &C, rows: Vec<Row>) -> Result<(), StoreError> {
    let mut turns = Vec::new();
    let mut interrupted = BTreeSet::new();
    for row in newest(rows).into_values() {
        match row {
            Row::Turn { call, epoch, turn, at } => {
                if turn.interrupted {
                    interrupted.insert(call);
                }
                turns.push(active(call, epoch, turn, at));
            }
            Row::FirstAudio { call, ms } => {
                execute(db, FIRST_AUDIO, first_audio_values(call, ms)).await?;
            }
        }
    }
    upsert(db, turns).await?;
    for call in interrupted {
        execute(db, COUNT_INTERRUPTIONS, [call.to_string().into()]).await?;
    }
    Ok(())
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

async fn upsert<C: ConnectionTrait>(db: &C, turns: Vec<turn::ActiveModel>) -> Result<(), StoreError> {
    let mut turns = turns.into_iter().peekable();
    while turns.peek().is_some() {
        let chunk: Vec<_> = turns.by_ref().take(CHUNK).collect();
        turn::Entity::insert_many(chunk).on_conflict(newer_wins()).exec_without_returning(db).await?;
    }
    Ok(())
}

fn newer_wins() -> OnConflict {
    use turn::Column as C;
    let coming = Expr::col((Alias::new("excluded"), C::Revision));
    OnConflict::columns([C::CallId, C::Epoch, C::Seq])
        .update_columns([
            C::Revision,
            C::Position,
            C::ItemId,
            C::ResponseId,
            C::Speaker,
            C::Generated,
            C::Heard,
            C::Interrupted,
            C::AudioMs,
            C::HeardMs,
            C::StartedMs,
            C::EndedMs,
            C::LatencyMs,
        ])
        .action_and_where(coming.gt(Expr::col((turn::Entity, C::Revision))))
        .to_owned()
}

fn active(call: CallId, epoch: Epoch, turn: Turn, at: DateTime<Utc>) -> turn::ActiveModel {
    turn::ActiveModel {
        call_id: ActiveValue::Set(call.to_string()),
        epoch: ActiveValue::Set(epoch.number().into()),
        seq: ActiveValue::Set(turn.seq.into()),
        revision: ActiveValue::Set(turn.revision.into()),
        position: ActiveValue::Set(turn.position.into()),
        item_id: ActiveValue::Set(turn.item.map(|item| clean(&item))),
        response_id: ActiveValue::Set(turn.response.map(|response| clean(&response))),
        speaker: ActiveValue::Set(turn.speaker.as_str().to_owned()),
        kind: ActiveValue::Set(KIND.to_owned()),
        generated: ActiveValue::Set(Private(clean(&turn.generated))),
        heard: ActiveValue::Set(Private(clean(&turn.heard))),
        interrupted: ActiveValue::Set(turn.interrupted),
        audio_ms: ActiveValue::Set(signed(turn.audio_ms)),
        heard_ms: ActiveValue::Set(signed(turn.heard_ms)),
        started_ms: ActiveValue::Set(millis(turn.started)),
        ended_ms: ActiveValue::Set(turn.ended.map(millis)),
        latency_ms: ActiveValue::Set(turn.latency.map(millis)),
        created_at: ActiveValue::Set(moment(at)),
    }
}

impl TryFrom<turn::Model> for StoredTurn {
    type Error = StoreError;

    fn try_from(row: turn::Model) -> Result<Self, StoreError> {
        let unknown = || StoreError::query("conversation_logs.speaker holds what we do not know");
        let turn = Turn {
            seq: small(row.seq),
            revision: small(row.revision),
            position: small(row.position),
            item: row.item_id.map(Into::into),
            response: row.response_id.map(Into::into),
            speaker: Speaker::from_word(&row.speaker).ok_or_else(unknown)?,
            generated: Redacted(row.generated.0),
            heard: Redacted(row.heard.0),
            interrupted: row.interrupted,
            audio_ms: unsigned(row.audio_ms),
            heard_ms: unsigned(row.heard_ms),
            started: duration(row.started_ms),
            ended: row.ended_ms.map(duration),
            latency: row.latency_ms.map(duration),
        };
        Ok(Self { epoch: Epoch::new(small(row.epoch)), turn, at: row.created_at })
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn duration(millis: i64) -> Duration {
    Duration::from_millis(unsigned(millis))
}
