//! `api_keys`: who may use the API, for what, and until when.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::Private;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    #[sea_orm(column_name = "secret_sha256")]
    pub secret_sha256: Private,
    pub name: String,
    /// Words divided by blanks.
    pub scopes: String,
    pub created_at: DateTimeUtc,
    pub expires_at: Option<DateTimeUtc>,
    pub revoked_at: Option<DateTimeUtc>,
    /// To the minute.
    pub last_used_at: Option<DateTimeUtc>,
    /// Billionths of a US dollar; null for the budget that holds for every key.
    pub max_day_nanos: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
