//! `call_cooldowns`: when a number was last called.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "call_cooldowns")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub phone_number: String,
    pub last_call_at: DateTimeUtc,
    pub previous_call_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
