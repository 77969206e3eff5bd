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
        for index in [newest_of_key(), running()] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in [NEWEST_OF_KEY, RUNNING] {
            manager.drop_index(Index::drop().name(name).table(CallLog::Table).to_owned()).await?;
        }
        manager.alter_table(Table::alter().table(ApiKey::Table).drop_column(ApiKey::MaxDayNanos).to_owned()).await?;
        manager.alter_table(Table::alter().table(CallLog::Table).drop_column(CallLog::ApiKeyId).to_owned()).await
    }
}

const NEWEST_OF_KEY: &str = "call_logs_api_key";
const RUNNING: &str = "call_logs_running";

fn newest_of_key() -> IndexCreateStatement {
    Index::create()
        .name(NEWEST_OF_KEY)
        .table(CallLog::Table)
        .col(CallLog::ApiKeyId)
        .col((CallLog::InitiatedAt, IndexOrder::Desc))
        .col((CallLog::Id, IndexOrder::Desc))
        .to_owned()
}

/// Few rows, whatever the table holds: calls that have no end yet.
fn running() -> IndexCreateStatement {
    let open = Expr::col(CallLog::EndedAt).is_null();
    Index::create().name(RUNNING).table(CallLog::Table).col(CallLog::InitiatedAt).and_where(open).to_owned()
}

#[derive(DeriveIden)]
enum CallLog {
    #[sea_orm(iden = "call_logs")]
    Table,
    /// With which the call was requested; no foreign key, since calls outlive keys and backups.
    ApiKeyId,
    InitiatedAt,
    EndedAt,
    Id,
}

#[derive(DeriveIden)]
enum ApiKey {
    #[sea_orm(iden = "api_keys")]
    Table,
    /// Billionths of a US dollar, of a UTC day.
    MaxDayNanos,
}
