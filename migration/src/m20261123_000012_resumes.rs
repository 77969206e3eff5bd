//! What any instance has to know to take a call on from another: how its last stream ended, and how often it was resumed of late.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{boolean, integer, string_len, text_null, timestamp_with_time_zone};

/// Calls that have not ended, by who carries them: few of many.
const OPEN: &str = "CREATE INDEX call_logs_open ON call_logs (owner) WHERE ended_at IS NULL";

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let transfer = Table::alter().table(Stream::Table).add_column(text_null(Stream::TransferTo)).to_owned();
        manager.alter_table(transfer).await?;
        manager.create_table(resumes()).await?;
        manager.get_connection().execute_unprepared(OPEN).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP INDEX call_logs_open").await?;
        manager.drop_table(Table::drop().table(Resume::Table).to_owned()).await?;
        manager.alter_table(Table::alter().table(Stream::Table).drop_column(Stream::TransferTo).to_owned()).await
    }
}

fn resumes() -> TableCreateStatement {
    Table::create()
        .table(Resume::Table)
        .col(string_len(Resume::CallId, 36))
        .col(integer(Resume::Epoch))
        .col(boolean(Resume::Planned))
        .col(timestamp_with_time_zone(Resume::At))
        .primary_key(Index::create().col(Resume::CallId).col(Resume::Epoch))
        .to_owned()
}

#[derive(DeriveIden)]
enum Stream {
    #[sea_orm(iden = "stream_logs")]
    Table,
    TransferTo,
}

#[derive(DeriveIden)]
enum Resume {
    #[sea_orm(iden = "resumes")]
    Table,
    CallId,
    Epoch,
    Planned,
    At,
}
