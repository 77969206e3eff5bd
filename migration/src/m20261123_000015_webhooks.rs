//! Events on their way to the receiver of webhooks: one row for each, by the event's position, until it is forgotten.
//!
//! A row says all that is needed to tell of its event, which may be forgotten before it is delivered.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, integer, integer_null, string_len, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null,
};

/// Both databases take the clause in an index.
const DUE: &str = "CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at) WHERE state = 'pending'";

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(deliveries()).await?;
        manager.create_index(of_a_call()).await?;
        manager.get_connection().execute_unprepared(DUE).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Delivery::Table).to_owned()).await
    }
}

/// The first columns are those of the event. An instance that delivers has a lease.
fn deliveries() -> TableCreateStatement {
    Table::create()
        .table(Delivery::Table)
        .col(big_integer(Delivery::Position).primary_key())
        .col(string_len(Delivery::Kind, 32))
        .col(string_len(Delivery::CallId, 36))
        .col(integer(Delivery::Epoch))
        .col(integer(Delivery::Seq))
        .col(timestamp_with_time_zone(Delivery::At))
        .col(string_len(Delivery::State, 16))
        .col(integer(Delivery::Attempts))
        .col(timestamp_with_time_zone(Delivery::DueAt))
        .col(text_null(Delivery::Holder))
        .col(timestamp_with_time_zone_null(Delivery::HeldUntil))
        .col(integer_null(Delivery::LastStatus))
        .col(text_null(Delivery::LastError))
        .col(big_integer_null(Delivery::TookMs))
        .col(timestamp_with_time_zone(Delivery::CreatedAt))
        .col(timestamp_with_time_zone_null(Delivery::DeliveredAt))
        .to_owned()
}

fn of_a_call() -> IndexCreateStatement {
    Index::create().name("webhook_deliveries_call").table(Delivery::Table).col(Delivery::CallId).to_owned()
}

#[derive(DeriveIden)]
enum Delivery {
    #[sea_orm(iden = "webhook_deliveries")]
    Table,
    Position,
    Kind,
    CallId,
    Epoch,
    Seq,
    At,
    State,
    Attempts,
    DueAt,
    Holder,
    HeldUntil,
    LastStatus,
    LastError,
    TookMs,
    CreatedAt,
    DeliveredAt,
}
