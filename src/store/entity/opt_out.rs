//! `opt_outs`: numbers that want no more calls.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::Private;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "opt_outs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub phone_number: String,
    /// The call in which it was said.
    pub call_id: Option<String>,
    /// A word for the way it was said.
    pub source: String,
    pub opted_out_at: DateTimeUtc,
    pub note: Option<Private>,
    pub added_by: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
