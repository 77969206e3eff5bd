//! The whole record of a call: what it was, what it cost, its streams, what could not be stored, and figures by hour.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, json_binary, json_binary_null, string_len, text, text_null, timestamp_with_time_zone,
    timestamp_with_time_zone_null,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in call_columns() {
            manager.alter_table(Table::alter().table(CallLog::Table).add_column(column).to_owned()).await?;
        }
        for column in turn_columns() {
            manager.alter_table(Table::alter().table(Turn::Table).add_column(column).to_owned()).await?;
        }
        for table in [streams(), dead_letters(), hours()] {
            manager.create_table(table).await?;
        }
        for index in call_indices() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in call_indices() {
            let name = index.get_index_spec().get_name().unwrap_or_default().to_owned();
            manager.drop_index(Index::drop().name(name).table(CallLog::Table).to_owned()).await?;
        }
        for table in [Hour::Table.into_iden(), DeadLetter::Table.into_iden(), Stream::Table.into_iden()] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        for column in turn_columns() {
            manager.alter_table(Table::alter().table(Turn::Table).drop_column(column.get_column_name()).to_owned()).await?;
        }
        for column in call_columns() {
            manager.alter_table(Table::alter().table(CallLog::Table).drop_column(column.get_column_name()).to_owned()).await?;
        }
        Ok(())
    }
}

fn call_columns() -> Vec<ColumnDef> {
    use CallLog as C;
    let words = [C::SystemMessage, C::AnsweredBy, C::ErrorCode, C::PriceVersion, C::Owner].map(text_null);
    let measures = [C::DurationMs, C::LatencyP50Ms, C::LatencyP95Ms].map(big_integer_null);
    let counters = [
        C::AiResponses,
        C::UserInputs,
        C::AiInterruptions,
        C::ToolCalls,
        C::Resumes,
        C::Reconnects,
        C::FramesDropped,
        C::AudioInMs,
        C::AudioOutMs,
        C::TextInTokens,
        C::AudioInTokens,
        C::TextOutTokens,
        C::AudioOutTokens,
        C::CachedTextTokens,
        C::CachedAudioTokens,
        C::ModelCostNanos,
        C::TranscriptionCostNanos,
        C::CarrierCostNanos,
    ]
    .map(|counter| big_integer(counter).default(0).take());
    let rest = [timestamp_with_time_zone_null(C::RingingAt), json_binary_null(C::Metadata)];
    words.into_iter().chain(measures).chain(counters).chain(rest).collect()
}

fn turn_columns() -> Vec<ColumnDef> {
    vec![
        big_integer_null(Turn::InputTokens),
        big_integer_null(Turn::OutputTokens),
        text_null(Turn::Transcription),
        json_binary_null(Turn::Metadata),
    ]
}

fn call_indices() -> [IndexCreateStatement; 2] {
    let newest_of = Index::create()
        .name("call_logs_assistant")
        .table(CallLog::Table)
        .col(CallLog::Assistant)
        .col((CallLog::InitiatedAt, IndexOrder::Desc))
        .col((CallLog::Id, IndexOrder::Desc))
        .to_owned();
    let longest = Index::create()
        .name("call_logs_longest")
        .table(CallLog::Table)
        .col((CallLog::DurationMs, IndexOrder::Desc))
        .col((CallLog::Id, IndexOrder::Desc))
        .to_owned();
    [newest_of, longest]
}

/// One row for each stream of a call; what it counted so far, a later revision replacing an earlier one.
fn streams() -> TableCreateStatement {
    use Stream as S;
    let counters = [
        S::Restarts,
        S::Reconnects,
        S::FramesDropped,
        S::AiInterruptions,
        S::AudioInMs,
        S::AudioOutMs,
        S::TextInTokens,
        S::AudioInTokens,
        S::TextOutTokens,
        S::AudioOutTokens,
        S::CachedTextTokens,
        S::CachedAudioTokens,
        S::ModelCostNanos,
        S::TranscriptionCostNanos,
    ];
    let mut table = Table::create();
    table
        .table(S::Table)
        .col(string_len(S::CallId, 36))
        .col(big_integer(S::Epoch))
        .col(big_integer(S::Revision))
        .col(text(S::Owner))
        .col(timestamp_with_time_zone(S::StartedAt))
        .col(timestamp_with_time_zone_null(S::EndedAt))
        .col(text_null(S::EndedReason))
        .col(text(S::PriceVersion));
    for counter in counters {
        table.col(big_integer(counter));
    }
    table.primary_key(Index::create().col(S::CallId).col(S::Epoch)).to_owned()
}

/// Rows that the database would not take, as they were.
fn dead_letters() -> TableCreateStatement {
    use DeadLetter as D;
    Table::create()
        .table(D::Table)
        .col(string_len(D::Id, 36).primary_key())
        .col(text(D::Kind))
        .col(text(D::RowKey))
        .col(text(D::Body))
        .col(text_null(D::ErrorCode))
        .col(text(D::Error))
        .col(timestamp_with_time_zone(D::CreatedAt))
        .to_owned()
}

/// Figures over the calls that began in an hour; gone as soon as one of those calls changes.
fn hours() -> TableCreateStatement {
    Table::create().table(Hour::Table).col(timestamp_with_time_zone(Hour::Start).primary_key()).col(json_binary(Hour::Figures)).to_owned()
}

#[derive(DeriveIden, Clone, Copy)]
enum CallLog {
    #[sea_orm(iden = "call_logs")]
    Table,
    Id,
    Assistant,
    InitiatedAt,
    SystemMessage,
    AnsweredBy,
    ErrorCode,
    RingingAt,
    DurationMs,
    LatencyP50Ms,
    LatencyP95Ms,
    AiResponses,
    UserInputs,
    AiInterruptions,
    ToolCalls,
    Resumes,
    Reconnects,
    FramesDropped,
    AudioInMs,
    AudioOutMs,
    TextInTokens,
    AudioInTokens,
    TextOutTokens,
    AudioOutTokens,
    CachedTextTokens,
    CachedAudioTokens,
    ModelCostNanos,
    TranscriptionCostNanos,
    CarrierCostNanos,
    PriceVersion,
    Owner,
    Metadata,
}

#[derive(DeriveIden, Clone, Copy)]
enum Turn {
    #[sea_orm(iden = "conversation_logs")]
    Table,
    InputTokens,
    OutputTokens,
    Transcription,
    Metadata,
}

#[derive(DeriveIden, Clone, Copy)]
enum Stream {
    #[sea_orm(iden = "stream_logs")]
    Table,
    CallId,
    Epoch,
    Revision,
    Owner,
    StartedAt,
    EndedAt,
    EndedReason,
    PriceVersion,
    Restarts,
    Reconnects,
    FramesDropped,
    AiInterruptions,
    AudioInMs,
    AudioOutMs,
    TextInTokens,
    AudioInTokens,
    TextOutTokens,
    AudioOutTokens,
    CachedTextTokens,
    CachedAudioTokens,
    ModelCostNanos,
    TranscriptionCostNanos,
}

#[derive(DeriveIden)]
enum DeadLetter {
    #[sea_orm(iden = "dead_letters")]
    Table,
    Id,
    Kind,
    RowKey,
    Body,
    ErrorCode,
    Error,
    CreatedAt,
}

#[derive(DeriveIden)]
enum Hour {
    #[sea_orm(iden = "call_hours")]
    Table,
    #[sea_orm(iden = "hour")]
    Start,
    Figures,
}
