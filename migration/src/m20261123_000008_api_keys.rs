//! Keys of the API: who may ask for what, until when.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{string_len, text, timestamp_with_time_zone, timestamp_with_time_zone_null};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        use ApiKey as K;
        let table = Table::create()
            .table(K::Table)
            .col(string_len(K::Id, 16).primary_key())
            .col(string_len(K::SecretSha256, 64))
            .col(text(K::Name))
            .col(text(K::Scopes))
            .col(timestamp_with_time_zone(K::CreatedAt))
            .col(timestamp_with_time_zone_null(K::ExpiresAt))
            .col(timestamp_with_time_zone_null(K::RevokedAt))
            .col(timestamp_with_time_zone_null(K::LastUsedAt))
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(ApiKey::Table).to_owned()).await
    }
}

#[derive(DeriveIden)]
enum ApiKey {
    #[sea_orm(iden = "api_keys")]
    Table,
    Id,
    /// In hexadecimal. The secret itself is nowhere.
    #[sea_orm(iden = "secret_sha256")]
    SecretSha256,
    Name,
    /// Words divided by blanks.
    Scopes,
    CreatedAt,
    ExpiresAt,
    RevokedAt,
    LastUsedAt,
}
