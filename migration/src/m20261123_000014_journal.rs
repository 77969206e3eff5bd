//! What the peers of a stream said to each other, by its names: for whoever looks into a call.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text_null;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(Stream::Table).add_column(text_null(Stream::Journal)).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(Stream::Table).drop_column(Stream::Journal).to_owned()).await
    }
}

#[derive(DeriveIden)]
enum Stream {
    #[sea_orm(iden = "stream_logs")]
    Table,
    Journal,
}
