//! `events`: what happened in calls, by reference to where it stands.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// None until it was published.
    pub position: Option<i64>,
    pub at: DateTimeUtc,
    pub kind: String,
    pub call_id: String,
    /// Of a turn, as are the next two; else 0.
    pub epoch: i32,
    pub seq: i32,
    pub revision: i32,
}

impl ActiveModelBehavior for ActiveModel {}
