//! `stream_logs`: what each stream of a call counted, keyed by (call, epoch).

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::Private;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "stream_logs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub epoch: i64,
    pub revision: i64,
    /// The instance that carried it.
    pub owner: String,
    pub started_at: DateTimeUtc,
    pub ended_at: Option<DateTimeUtc>,
    pub ended_reason: Option<String>,
    /// Who was to be rung after it.
    #[serde(default)]
    pub transfer_to: Option<Private>,
    pub price_version: String,
    /// Of the call's actor, after a panic.
    pub restarts: i64,
    pub reconnects: i64,
    pub frames_dropped: i64,
    pub ai_interruptions: i64,
    pub audio_in_ms: i64,
    pub audio_out_ms: i64,
    pub text_in_tokens: i64,
    pub audio_in_tokens: i64,
    pub text_out_tokens: i64,
    pub audio_out_tokens: i64,
    pub cached_text_tokens: i64,
    pub cached_audio_tokens: i64,
    pub model_cost_nanos: i64,
    pub transcription_cost_nanos: i64,
    /// JSON: what was said between the peers, by its names.
    #[serde(default)]
    pub journal: Option<Private>,
}

impl ActiveModelBehavior for ActiveModel {}
