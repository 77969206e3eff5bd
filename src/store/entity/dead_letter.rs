//! `dead_letters`: rows that the database would not take.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::Private;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "dead_letters")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub kind: String,
    pub row_key: String,
    /// The row as JSON, in ASCII: whatever was wrong with it, this can be stored.
    pub body: Private,
    pub error_code: Option<String>,
    pub error: String,
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
