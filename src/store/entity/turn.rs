//! `conversation_logs`: one row for each turn, keyed by (call, epoch, seq).

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::Private;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "conversation_logs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub epoch: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    pub revision: i64,
    pub position: i64,
    pub item_id: Option<String>,
    pub response_id: Option<String>,
    pub speaker: String,
    pub kind: String,
    pub generated: Private,
    pub heard: Private,
    pub interrupted: bool,
    pub audio_ms: i64,
    pub heard_ms: i64,
    /// Milliseconds since the call's first stream began.
    pub started_ms: i64,
    pub ended_ms: Option<i64>,
    pub latency_ms: Option<i64>,
    pub input_tokens: Option<i64>,
    pub output_tokens: Option<i64>,
    pub transcription: Option<String>,
    pub metadata: Option<Json>,
    /// When this revision was recorded.
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
