//! `call_hours`: figures over the calls that began in an hour.

use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "call_hours")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hour: DateTimeUtc,
    pub figures: Json,
    /// Which edition of the figures it is; or the ticket of whoever is counting them.
    pub edition: String,
}

impl ActiveModelBehavior for ActiveModel {}
