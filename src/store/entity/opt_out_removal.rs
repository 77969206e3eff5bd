//! `opt_out_removals`: numbers that were taken off the list of those who want no calls, with what stood there.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::Private;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "opt_out_removals")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub phone_number: Private,
    pub call_id: Option<String>,
    pub source: String,
    pub opted_out_at: DateTimeUtc,
    pub note: Option<Private>,
    pub added_by: Option<String>,
    pub removed_at: DateTimeUtc,
    pub removed_by: Option<String>,
    pub reason: Option<Private>,
}

impl ActiveModelBehavior for ActiveModel {}
