//! `callbacks`: calls that somebody asked for.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::Private;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "callbacks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// The call in which it was asked for.
    pub call_id: String,
    pub phone_number: Private,
    pub due_at: DateTimeUtc,
    pub note: Option<Private>,
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
