//! What was said, as it is read back.

use chrono::{DateTime, Utc};
use sea_orm::prelude::Json;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::CallStore;
use super::entity::turn;
use super::error::StoreError;
use super::sql::{duration, small, unsigned};
use crate::session::event::{Speaker, Tokens, ToolUse, Transcription, Turn, TurnKind};
use crate::types::{CallId, Epoch, Redacted};

/// A turn on record.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredTurn {
    pub epoch: Epoch,
    pub turn: Turn,
    /// When it was first recorded.
    pub at: DateTime<Utc>,
}

impl CallStore {
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

impl TryFrom<turn::Model> for StoredTurn {
    type Error = StoreError;

    fn try_from(row: turn::Model) -> Result<Self, StoreError> {
        let unknown = |column: &str| StoreError::query(format!("conversation_logs.{column} holds what we do not know"));
        let turn = Turn {
            seq: small(row.seq),
            revision: small(row.revision),
            position: small(row.position),
            item: row.item_id.map(Into::into),
            response: row.response_id.map(Into::into),
            speaker: Speaker::from_word(&row.speaker).ok_or_else(|| unknown("speaker"))?,
            kind: TurnKind::from_word(&row.kind).ok_or_else(|| unknown("kind"))?,
            generated: Redacted(row.generated.0),
            heard: Redacted(row.heard.0),
            interrupted: row.interrupted,
            audio_ms: unsigned(row.audio_ms),
            heard_ms: unsigned(row.heard_ms),
            started: duration(row.started_ms),
            ended: row.ended_ms.map(duration),
            latency: row.latency_ms.map(duration),
            tokens: row.input_tokens.zip(row.output_tokens).map(|(i, o)| Tokens { input: unsigned(i), output: unsigned(o) }),
            transcription: row.transcription.as_deref().and_then(Transcription::from_word),
            tool: row.metadata.as_ref().and_then(tool_of),
        };
        Ok(Self { epoch: Epoch::new(small(row.epoch)), turn, at: row.created_at })
    }
}

fn tool_of(metadata: &Json) -> Option<ToolUse> {
    let text = |key: &str| Some(metadata.get(key)?.as_str()?.to_owned());
    Some(ToolUse { name: text("tool")?, call_id: text("tool_call_id")? })
}
