//! Limits that hold over all instances: a row for each call, and each spare model connection, that may be at once.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{integer, string_len, string_len_null, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(slots()).await?;
        manager.create_table(instances()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [Slot::Table.into_iden(), Instance::Table.into_iden()] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// A slot is free if it has no lease, or one that has expired.
fn slots() -> TableCreateStatement {
    Table::create()
        .table(Slot::Table)
        .col(string_len(Slot::Kind, 16))
        .col(integer(Slot::Number))
        .col(string_len_null(Slot::Owner, 36))
        .col(text_null(Slot::Holder))
        .col(timestamp_with_time_zone_null(Slot::ExpiresAt))
        .primary_key(Index::create().col(Slot::Kind).col(Slot::Number))
        .to_owned()
}

/// The processes that carry calls, and when each was last heard of.
fn instances() -> TableCreateStatement {
    Table::create()
        .table(Instance::Table)
        .col(string_len(Instance::Name, 128).primary_key())
        .col(timestamp_with_time_zone(Instance::SeenAt))
        .to_owned()
}

#[derive(DeriveIden)]
enum Slot {
    #[sea_orm(iden = "slots")]
    Table,
    Kind,
    Number,
    /// Whose it is: a call's id, or a random one.
    Owner,
    /// The instance that keeps it.
    Holder,
    ExpiresAt,
}

#[derive(DeriveIden)]
enum Instance {
    #[sea_orm(iden = "instances")]
    Table,
    Name,
    SeenAt,
}
