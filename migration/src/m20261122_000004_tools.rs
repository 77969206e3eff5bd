//! What tools leave behind: calls that were asked for, numbers that want none; and where the recording of a call is.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer_null, string_len, text, text_null, timestamp_with_time_zone};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in call_columns() {
            manager.alter_table(Table::alter().table(CallLog::Table).add_column(column).to_owned()).await?;
        }
        for table in [callbacks(), opt_outs()] {
            manager.create_table(table).await?;
        }
        manager.create_index(due()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [OptOut::Table.into_iden(), Callback::Table.into_iden()] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        for column in call_columns() {
            manager.alter_table(Table::alter().table(CallLog::Table).drop_column(column.get_column_name()).to_owned()).await?;
        }
        Ok(())
    }
}

fn call_columns() -> [ColumnDef; 3] {
    [text_null(CallLog::RecordingSid), text_null(CallLog::RecordingUrl), big_integer_null(CallLog::RecordingMs)]
}

/// One row for each call that somebody asked for.
fn callbacks() -> TableCreateStatement {
    use Callback as C;
    Table::create()
        .table(C::Table)
        .col(string_len(C::Id, 36).primary_key())
        .col(string_len(C::CallId, 36))
        .col(text(C::PhoneNumber))
        .col(timestamp_with_time_zone(C::DueAt))
        .col(text_null(C::Note))
        .col(timestamp_with_time_zone(C::CreatedAt))
        .to_owned()
}

fn due() -> IndexCreateStatement {
    Index::create().name("callbacks_due").table(Callback::Table).col(Callback::DueAt).to_owned()
}

/// One row for each number that wants no more calls: the first time that it said so.
fn opt_outs() -> TableCreateStatement {
    use OptOut as O;
    Table::create()
        .table(O::Table)
        .col(text(O::PhoneNumber).primary_key())
        .col(string_len(O::CallId, 36).null())
        .col(text(O::Source))
        .col(timestamp_with_time_zone(O::OptedOutAt))
        .to_owned()
}

#[derive(DeriveIden)]
enum CallLog {
    #[sea_orm(iden = "call_logs")]
    Table,
    RecordingSid,
    RecordingUrl,
    RecordingMs,
}

#[derive(DeriveIden)]
enum Callback {
    #[sea_orm(iden = "callbacks")]
    Table,
    Id,
    CallId,
    PhoneNumber,
    DueAt,
    Note,
    CreatedAt,
}

#[derive(DeriveIden)]
enum OptOut {
    #[sea_orm(iden = "opt_outs")]
    Table,
    PhoneNumber,
    CallId,
    Source,
    OptedOutAt,
}
