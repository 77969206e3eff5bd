//! What must be known before a number is called: who put it on the list of those who want no calls, who took it off, what was
//! consented to; and for each call, why it was placed or refused.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{string_len, text, text_null, timestamp_with_time_zone, timestamp_with_time_zone_null};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(CallLog::Table).add_column(text_null(CallLog::Decision)).to_owned()).await?;
        for column in list_columns() {
            manager.alter_table(Table::alter().table(OptOut::Table).add_column(column).to_owned()).await?;
        }
        for table in [removals(), consents()] {
            manager.create_table(table).await?;
        }
        for index in [newest_listed(), removed(), consented(), newest_consents()] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [Consent::Table.into_iden(), Removal::Table.into_iden()] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        manager.drop_index(Index::drop().name(NEWEST_LISTED).table(OptOut::Table).to_owned()).await?;
        for column in list_columns() {
            manager.alter_table(Table::alter().table(OptOut::Table).drop_column(column.get_column_name()).to_owned()).await?;
        }
        manager.alter_table(Table::alter().table(CallLog::Table).drop_column(CallLog::Decision).to_owned()).await
    }
}

const NEWEST_LISTED: &str = "opt_outs_newest";

fn newest_listed() -> IndexCreateStatement {
    Index::create().name(NEWEST_LISTED).table(OptOut::Table).col(OptOut::OptedOutAt).col(OptOut::PhoneNumber).to_owned()
}

fn list_columns() -> [ColumnDef; 2] {
    [text_null(OptOut::Note), text_null(OptOut::AddedBy)]
}

/// One row for each time that a number was taken off the list, with all that stood there. Rows are added alone.
fn removals() -> TableCreateStatement {
    use Removal as R;
    Table::create()
        .table(R::Table)
        .col(string_len(R::Id, 36).primary_key())
        .col(text(R::PhoneNumber))
        .col(string_len(R::CallId, 36).null())
        .col(text(R::Source))
        .col(timestamp_with_time_zone(R::OptedOutAt))
        .col(text_null(R::Note))
        .col(text_null(R::AddedBy))
        .col(timestamp_with_time_zone(R::RemovedAt))
        .col(text_null(R::RemovedBy))
        .col(text_null(R::Reason))
        .to_owned()
}

fn removed() -> IndexCreateStatement {
    Index::create().name("opt_out_removals_number").table(Removal::Table).col(Removal::PhoneNumber).to_owned()
}

/// One row for each consent; the newest of a number counts.
fn consents() -> TableCreateStatement {
    use Consent as C;
    Table::create()
        .table(C::Table)
        .col(string_len(C::Id, 36).primary_key())
        .col(text(C::PhoneNumber))
        .col(text(C::Basis))
        .col(text(C::TextVersion))
        .col(text(C::Source))
        .col(timestamp_with_time_zone(C::GivenAt))
        .col(timestamp_with_time_zone(C::RecordedAt))
        .col(timestamp_with_time_zone_null(C::RevokedAt))
        .col(text_null(C::RevokedBy))
        .to_owned()
}

fn consented() -> IndexCreateStatement {
    Index::create().name("consents_number").table(Consent::Table).col(Consent::PhoneNumber).col(Consent::GivenAt).to_owned()
}

fn newest_consents() -> IndexCreateStatement {
    Index::create().name("consents_newest").table(Consent::Table).col(Consent::GivenAt).col(Consent::Id).to_owned()
}

#[derive(DeriveIden)]
enum CallLog {
    #[sea_orm(iden = "call_logs")]
    Table,
    Decision,
}

#[derive(DeriveIden)]
enum OptOut {
    #[sea_orm(iden = "opt_outs")]
    Table,
    PhoneNumber,
    OptedOutAt,
    Note,
    AddedBy,
}

#[derive(DeriveIden)]
enum Removal {
    #[sea_orm(iden = "opt_out_removals")]
    Table,
    Id,
    PhoneNumber,
    CallId,
    Source,
    OptedOutAt,
    Note,
    AddedBy,
    RemovedAt,
    RemovedBy,
    Reason,
}

#[derive(DeriveIden)]
enum Consent {
    #[sea_orm(iden = "consents")]
    Table,
    Id,
    PhoneNumber,
    Basis,
    TextVersion,
    Source,
    GivenAt,
    RecordedAt,
    RevokedAt,
    RevokedBy,
}
