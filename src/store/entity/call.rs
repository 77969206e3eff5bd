//! `call_logs`: one row for each call, or refusal of one.

use sea_orm::entity::prelude::*;

use super::Private;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "call_logs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    #[sea_orm(unique)]
    pub call_sid: Option<String>,
    pub stream_sid: Option<String>,
    pub direction: String,
    pub from_number: Private,
    pub to_number: Private,
    pub caller_name: Option<Private>,
    pub assistant: String,
    pub model: String,
    pub voice: String,
    pub status: String,
    pub twilio_status: Option<String>,
    pub ended_reason: Option<String>,
    pub refusal: Option<String>,
    pub error: Option<String>,
    pub epoch: i64,
    pub initiated_at: DateTimeUtc,
    pub claimed_at: Option<DateTimeUtc>,
    pub connected_at: Option<DateTimeUtc>,
    pub ended_at: Option<DateTimeUtc>,
    pub first_audio_ms: Option<i64>,
    pub interruptions: i64,
}

impl ActiveModelBehavior for ActiveModel {}
