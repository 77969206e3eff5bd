//! Calls that are yet to be placed: who waits, who asked for it once already, how fast, and what somebody wants of a call elsewhere.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, string_len, string_len_null, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Calls of which Twilio's last word is missing. Both databases take the clause in an index.
const UNSETTLED: &str = "CREATE INDEX call_logs_unsettled ON call_logs (initiated_at) \
     WHERE direction = 'outbound' AND call_sid IS NOT NULL \
     AND (twilio_status IS NULL OR twilio_status NOT IN ('completed', 'busy', 'failed', 'no-answer', 'canceled'))";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in call_columns() {
            manager.alter_table(Table::alter().table(CallLog::Table).add_column(column).to_owned()).await?;
        }
        manager.get_connection().execute_unprepared(UNSETTLED).await?;
        for table in [dials(), paces(), request_keys(), orders()] {
            manager.create_table(table).await?;
        }
        for index in [due(), forgotten(), of_an_instance()] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [Dial::Table.into_iden(), Pace::Table.into_iden(), RequestKey::Table.into_iden(), Order::Table.into_iden()] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        manager.drop_index(Index::drop().name("call_logs_unsettled").table(CallLog::Table).to_owned()).await?;
        for column in call_columns() {
            manager.alter_table(Table::alter().table(CallLog::Table).drop_column(column.get_column_name()).to_owned()).await?;
        }
        Ok(())
    }
}

/// What any instance needs to take the call on, and when it was to be placed; and when Twilio was last asked what became of it.
fn call_columns() -> [ColumnDef; 3] {
    [text_null(CallLog::Wish), timestamp_with_time_zone_null(CallLog::ScheduledAt), timestamp_with_time_zone_null(CallLog::LookedAt)]
}

/// One row for each call that Twilio has not accepted yet. An instance that works on it has a lease.
fn dials() -> TableCreateStatement {
    Table::create()
        .table(Dial::Table)
        .col(string_len(Dial::CallId, 36).primary_key())
        .col(timestamp_with_time_zone(Dial::DueAt))
        .col(string_len(Dial::State, 16))
        .col(timestamp_with_time_zone_null(Dial::AskedAt))
        .col(text_null(Dial::Holder))
        .col(timestamp_with_time_zone_null(Dial::ExpiresAt))
        .col(timestamp_with_time_zone_null(Dial::CooledAt))
        .col(timestamp_with_time_zone_null(Dial::CooledBefore))
        .to_owned()
}

fn due() -> IndexCreateStatement {
    Index::create().name("dials_due").table(Dial::Table).col(Dial::DueAt).to_owned()
}

/// When an account may place its next call.
fn paces() -> TableCreateStatement {
    Table::create().table(Pace::Table).col(string_len(Pace::Name, 64).primary_key()).col(timestamp_with_time_zone(Pace::NextAt)).to_owned()
}

/// A request by the name that its client gave it, so that it is done once.
fn request_keys() -> TableCreateStatement {
    Table::create()
        .table(RequestKey::Table)
        .col(string_len(RequestKey::Owner, 64))
        .col(string_len(RequestKey::Name, 255))
        .col(string_len(RequestKey::Fingerprint, 64))
        .col(string_len_null(RequestKey::CallId, 36))
        .col(timestamp_with_time_zone(RequestKey::BegunAt))
        .primary_key(Index::create().col(RequestKey::Owner).col(RequestKey::Name))
        .to_owned()
}

fn forgotten() -> IndexCreateStatement {
    Index::create().name("request_keys_begun").table(RequestKey::Table).col(RequestKey::BegunAt).to_owned()
}

/// What somebody wants of a call that another instance carries.
fn orders() -> TableCreateStatement {
    Table::create()
        .table(Order::Table)
        .col(big_integer(Order::Id).auto_increment().primary_key())
        .col(string_len(Order::CallId, 36))
        .col(text(Order::Owner))
        .col(string_len(Order::Kind, 16))
        .col(text_null(Order::Word))
        .col(timestamp_with_time_zone(Order::CreatedAt))
        .to_owned()
}

fn of_an_instance() -> IndexCreateStatement {
    Index::create().name("call_orders_owner").table(Order::Table).col(Order::Owner).to_owned()
}

#[derive(DeriveIden)]
enum CallLog {
    #[sea_orm(iden = "call_logs")]
    Table,
    Wish,
    ScheduledAt,
    LookedAt,
}

#[derive(DeriveIden)]
enum Dial {
    #[sea_orm(iden = "dials")]
    Table,
    CallId,
    DueAt,
    State,
    AskedAt,
    Holder,
    ExpiresAt,
    CooledAt,
    CooledBefore,
}

#[derive(DeriveIden)]
enum Pace {
    #[sea_orm(iden = "paces")]
    Table,
    Name,
    NextAt,
}

#[derive(DeriveIden)]
enum RequestKey {
    #[sea_orm(iden = "request_keys")]
    Table,
    Owner,
    Name,
    Fingerprint,
    CallId,
    BegunAt,
}

#[derive(DeriveIden)]
enum Order {
    #[sea_orm(iden = "call_orders")]
    Table,
    Id,
    CallId,
    Owner,
    Kind,
    Word,
    CreatedAt,
}
