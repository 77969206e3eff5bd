//! `webhook_deliveries`: events on their way to the receiver of webhooks.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_deliveries")]
pub struct Model {
    /// That of the event, as are the next five.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    pub kind: String,
    pub call_id: String,
    pub epoch: i32,
    pub seq: i32,
    pub at: DateTimeUtc,
    pub state: String,
    /// Since it was entered, or was to be sent again.
    pub attempts: i32,
    pub due_at: DateTimeUtc,
    pub holder: Option<String>,
    pub held_until: Option<DateTimeUtc>,
    pub last_status: Option<i32>,
    pub last_error: Option<String>,
    pub took_ms: Option<i64>,
    pub created_at: DateTimeUtc,
    pub delivered_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
