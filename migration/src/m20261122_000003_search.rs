//! What reading the record needs: an index for every way through the history, and tickets for the hours that are being counted.
//!
//! | index | query |
//! |---|---|
//! | `call_logs_direction` | the history of one direction, and how many calls it has, without a look at the rows |
//! | `call_logs_status_longest` | the sorts by duration of one status: calls that failed have none, which the planner does not know |
//! | `call_logs_search` (PostgreSQL with `pg_trgm`) | `q`: a part of a number, a sid or a name. Without it `q` reads every row |
//!
//! Others serve as they are: `call_logs_newest` no filter and `from`/`to`, `_status`, `_from`, `_to` and `_assistant` their filters,
//! `_longest` the sorts by duration.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Makes the extension if the server has it and lets us, and the index if the extension is there. An error ends its block alone.
/// The expression stands in `src/store/history/search.rs` too: the planner compares the two.
const SEARCH: &str = r"
DO $$
DECLARE home text;
BEGIN
    BEGIN
        IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
            CREATE EXTENSION IF NOT EXISTS pg_trgm;
        END IF;
        SELECT nspname INTO home FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'pg_trgm';
        IF home IS NOT NULL THEN
            EXECUTE format(
                'CREATE INDEX IF NOT EXISTS call_logs_search ON call_logs USING gin (lower(from_number || chr(10) || to_number || chr(10) || '
                'coalesce(call_sid, '''') || chr(10) || coalesce(caller_name, '''')) %I.gin_trgm_ops)', home);
        END IF;
    EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'searching calls will be slow: %', SQLERRM;
    END;
END $$";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(Hour::Table).add_column(text(Hour::Edition).default("")).to_owned()).await?;
        for index in indices() {
            manager.create_index(index).await?;
        }
        if manager.get_database_backend() == DbBackend::Postgres {
            manager.get_connection().execute_unprepared(SEARCH).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            manager.get_connection().execute_unprepared("DROP INDEX IF EXISTS call_logs_search").await?;
        }
        for index in ["call_logs_status_longest", "call_logs_direction"] {
            manager.drop_index(Index::drop().name(index).table(CallLog::Table).to_owned()).await?;
        }
        manager.alter_table(Table::alter().table(Hour::Table).drop_column(Hour::Edition).to_owned()).await
    }
}

fn indices() -> [IndexCreateStatement; 2] {
    let of = |name, first, second| {
        let mut index = Index::create();
        index.name(name).table(CallLog::Table).col(first).col((second, IndexOrder::Desc)).col((CallLog::Id, IndexOrder::Desc)).take()
    };
    [
        of("call_logs_direction", CallLog::Direction, CallLog::InitiatedAt),
        of("call_logs_status_longest", CallLog::Status, CallLog::DurationMs),
    ]
}

#[derive(DeriveIden)]
enum CallLog {
    #[sea_orm(iden = "call_logs")]
    Table,
    Id,
    Direction,
    Status,
    InitiatedAt,
    DurationMs,
}

#[derive(DeriveIden)]
enum Hour {
    #[sea_orm(iden = "call_hours")]
    Table,
    Edition,
}
