//! Calls, what was said in them, and when a number was last called.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, string_len, string_len_null, text, text_null, timestamp_with_time_zone,
    timestamp_with_time_zone_null,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(calls()).await?;
        for index in call_indices() {
            manager.create_index(index).await?;
        }
        manager.create_table(conversations()).await?;
        manager.create_table(cooldowns()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Cooldown::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(Turn::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(CallLog::Table).to_owned()).await
    }
}

fn calls() -> TableCreateStatement {
    Table::create()
        .table(CallLog::Table)
        .col(string_len(CallLog::Id, 36).primary_key())
        .col(string_len_null(CallLog::CallSid, 34).unique_key())
        .col(string_len_null(CallLog::StreamSid, 34))
        .col(text(CallLog::Direction))
        .col(text(CallLog::FromNumber))
        .col(text(CallLog::ToNumber))
        .col(text_null(CallLog::CallerName))
        .col(text(CallLog::Assistant))
        .col(text(CallLog::Model))
        .col(text(CallLog::Voice))
        .col(text(CallLog::Status))
        .col(text_null(CallLog::TwilioStatus))
        .col(text_null(CallLog::EndedReason))
        .col(text_null(CallLog::Refusal))
        .col(text_null(CallLog::Error))
        .col(big_integer(CallLog::Epoch).default(0))
        .col(timestamp_with_time_zone(CallLog::InitiatedAt))
        .col(timestamp_with_time_zone_null(CallLog::ClaimedAt))
        .col(timestamp_with_time_zone_null(CallLog::ConnectedAt))
        .col(timestamp_with_time_zone_null(CallLog::EndedAt))
        .col(big_integer_null(CallLog::FirstAudioMs))
        .col(big_integer(CallLog::Interruptions).default(0))
        .to_owned()
}

/// One index for each way the call history is read; the newest call comes first in all of them.
fn call_indices() -> [IndexCreateStatement; 4] {
    [
        newest_first("call_logs_newest", None),
        newest_first("call_logs_status", Some(CallLog::Status)),
        newest_first("call_logs_from", Some(CallLog::FromNumber)),
        newest_first("call_logs_to", Some(CallLog::ToNumber)),
    ]
}

fn newest_first(name: &str, by: Option<CallLog>) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table(CallLog::Table);
    if let Some(column) = by {
        index.col(column);
    }
    index.col((CallLog::InitiatedAt, IndexOrder::Desc)).col((CallLog::Id, IndexOrder::Desc)).to_owned()
}

/// No foreign key to the call: rows that waited out an outage may come in before it.
fn conversations() -> TableCreateStatement {
    Table::create()
        .table(Turn::Table)
        .col(string_len(Turn::CallId, 36))
        .col(big_integer(Turn::Epoch))
        .col(big_integer(Turn::Seq))
        .col(big_integer(Turn::Revision))
        .col(big_integer(Turn::Position))
        .col(text_null(Turn::ItemId))
        .col(text_null(Turn::ResponseId))
        .col(text(Turn::Speaker))
        .col(text(Turn::Kind))
        .col(text(Turn::Generated))
        .col(text(Turn::Heard))
        .col(boolean(Turn::Interrupted))
        .col(big_integer(Turn::AudioMs))
        .col(big_integer(Turn::HeardMs))
        .col(big_integer(Turn::StartedMs))
        .col(big_integer_null(Turn::EndedMs))
        .col(big_integer_null(Turn::LatencyMs))
        .col(timestamp_with_time_zone(Turn::CreatedAt))
        .primary_key(Index::create().col(Turn::CallId).col(Turn::Epoch).col(Turn::Seq))
        .to_owned()
}

fn cooldowns() -> TableCreateStatement {
    Table::create()
        .table(Cooldown::Table)
        .col(text(Cooldown::PhoneNumber).primary_key())
        .col(timestamp_with_time_zone(Cooldown::LastCallAt))
        .col(timestamp_with_time_zone_null(Cooldown::PreviousCallAt))
        .to_owned()
}

#[derive(DeriveIden)]
enum CallLog {
    #[sea_orm(iden = "call_logs")]
    Table,
    Id,
    CallSid,
    StreamSid,
    Direction,
    FromNumber,
    ToNumber,
    CallerName,
    Assistant,
    Model,
    Voice,
    Status,
    TwilioStatus,
    EndedReason,
    Refusal,
    Error,
    Epoch,
    InitiatedAt,
    ClaimedAt,
    ConnectedAt,
    EndedAt,
    FirstAudioMs,
    Interruptions,
}

#[derive(DeriveIden)]
enum Turn {
    #[sea_orm(iden = "conversation_logs")]
    Table,
    CallId,
    Epoch,
    Seq,
    Revision,
    Position,
    ItemId,
    ResponseId,
    Speaker,
    Kind,
    Generated,
    Heard,
    Interrupted,
    AudioMs,
    HeardMs,
    StartedMs,
    EndedMs,
    LatencyMs,
    CreatedAt,
}

#[derive(DeriveIden)]
enum Cooldown {
    #[sea_orm(iden = "call_cooldowns")]
    Table,
    PhoneNumber,
    LastCallAt,
    PreviousCallAt,
}
