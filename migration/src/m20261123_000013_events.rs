//! What happened in calls, in the order in which it became known to all: for whoever watches, and for those who are to be told.
//!
//! An event is written together with what it tells of, and gets its position afterwards, from one writer at a time: so positions
//! become visible in their order, and who has read up to one has missed nothing before it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, integer, small_integer, string_len, timestamp_with_time_zone};

const UNPUBLISHED: &str = "CREATE INDEX events_unpublished ON events (id) WHERE position IS NULL";
const HEAD: &str = "INSERT INTO event_head (id, published) VALUES (1, 0)";

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(events()).await?;
        manager.create_table(head()).await?;
        for index in [once(), in_order()] {
            manager.create_index(index).await?;
        }
        let db = manager.get_connection();
        db.execute_unprepared(UNPUBLISHED).await?;
        db.execute_unprepared(HEAD).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Head::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(Event::Table).to_owned()).await
    }
}

/// What it tells of is read where that stands: the row of the call, or of the turn.
fn events() -> TableCreateStatement {
    Table::create()
        .table(Event::Table)
        .col(big_integer(Event::Id).primary_key().auto_increment())
        .col(big_integer_null(Event::Position))
        .col(timestamp_with_time_zone(Event::At))
        .col(string_len(Event::Kind, 32))
        .col(string_len(Event::CallId, 36))
        .col(integer(Event::Epoch))
        .col(integer(Event::Seq))
        .col(integer(Event::Revision))
        .to_owned()
}

/// The position of the newest event that has one. Whoever gives positions holds this row meanwhile.
fn head() -> TableCreateStatement {
    Table::create().table(Head::Table).col(small_integer(Head::Id).primary_key()).col(big_integer(Head::Published)).to_owned()
}

/// Told again, an event is the same event.
fn once() -> IndexCreateStatement {
    let columns = [Event::CallId, Event::Kind, Event::Epoch, Event::Seq, Event::Revision];
    columns.into_iter().fold(Index::create().name("events_once").table(Event::Table).unique(), IndexCreateStatement::col).to_owned()
}

fn in_order() -> IndexCreateStatement {
    Index::create().name("events_in_order").table(Event::Table).col(Event::Position).to_owned()
}

#[derive(DeriveIden)]
enum Event {
    #[sea_orm(iden = "events")]
    Table,
    Id,
    Position,
    At,
    Kind,
    CallId,
    Epoch,
    Seq,
    Revision,
}

#[derive(DeriveIden)]
enum Head {
    #[sea_orm(iden = "event_head")]
    Table,
    Id,
    Published,
}
