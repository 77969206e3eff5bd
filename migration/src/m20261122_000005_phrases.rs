//! How phrases sound: rendered once by the model, played from then on.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{binary, string_len, text, timestamp_with_time_zone};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Phrase::Table)
            .col(string_len(Phrase::Key, 64).primary_key())
            .col(text(Phrase::Model))
            .col(text(Phrase::Voice))
            .col(text(Phrase::Text))
            .col(binary(Phrase::Audio))
            .col(timestamp_with_time_zone(Phrase::CreatedAt))
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Phrase::Table).to_owned()).await
    }
}

#[derive(DeriveIden)]
enum Phrase {
    #[sea_orm(iden = "phrases")]
    Table,
    /// SHA-256 of model, voice, speed and text.
    Key,
    Model,
    Voice,
    Text,
    Audio,
    CreatedAt,
}
