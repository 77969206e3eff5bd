//! Whose call it is, and what a key may spend in a day.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer_null, text_null};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(CallLog::Table).add_column(text_null(CallLog::ApiKeyId)).to_owned()).await?;
        manager.alter_table(Table::alter().table(ApiKey::Table).add_column(big_integer_null(ApiKey::MaxDayNanos)).to_owned()).await?;
        manager.create_index(newest_of_key()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name(NEWEST_OF_KEY).table(CallLog::Table).to_owned()).await?;
        manager.alter_table(Table::alter().table(ApiKey::Table).drop_column(ApiKey::MaxDayNanos).to_owned()).await?;
        manager.alter_table(Table::alter().table(CallLog::Table).drop_column(CallLog::ApiKeyId).to_owned()).await
    }
}

const NEWEST_OF_KEY: &str = "call_logs_api_key";

fn newest_of_key() -> IndexCreateStatement {
    Index::create()
        .name(NEWEST_OF_KEY)
        .table(CallLog::Table)
        .col(CallLog::ApiKeyId)
        .col((CallLog::InitiatedAt, IndexOrder::Desc))
        .col((CallLog::Id, IndexOrder::Desc))
        .to_owned()
}

#[derive(DeriveIden)]
enum CallLog {
    #[sea_orm(iden = "call_logs")]
    Table,
    /// With which the call was requested; no foreign key, since calls outlive keys and backups.
    ApiKeyId,
    InitiatedAt,
    Id,
}

#[derive(DeriveIden)]
enum ApiKey {
    #[sea_orm(iden = "api_keys")]
    Table,
    /// Billionths of a US dollar, of a UTC day.
    MaxDayNanos,
}
