//! What the store promises, asked of SQLite and of Postgres alike.
//!
//! `TEST_DATABASE_URL` names a Postgres server where databases may be created: each test makes and drops its own.
//! `scripts/test.sh` starts one. Without it the Postgres half is skipped, aloud; with `CI=true` that is a failure.

#![expect(clippy::expect_used, clippy::print_stderr, reason = "a test ends by panicking, and says aloud what it skips")]

#[path = "store_contract/calls.rs"]
mod calls;
#[path = "store_contract/cooldowns.rs"]
mod cooldowns;
#[path = "store_contract/figures.rs"]
mod figures;
#[path = "store_contract/history.rs"]
mod history;
#[path = "store_contract/outages.rs"]
mod outages;
#[path = "store_contract/schema.rs"]
mod schema;
#[path = "store_contract/turns.rs"]
mod turns;
#[path = "store_contract/words.rs"]
mod words;

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use uuid::Uuid;

const CI: &str = "CI";
const SERVER: &str = "TEST_DATABASE_URL";

/// Every promise becomes a test on each database.
macro_rules! promises {
    ($($area:ident :: $promise:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $promise() { super::on_sqlite(async |url| super::$area::$promise(&url).await).await; })+
        }
        mod postgres {
            $(#[tokio::test] async fn $promise() { super::on_postgres(async |url| super::$area::$promise(&url).await).await; })+
        }
    };
}

promises!(
    schema::two_instances_may_migrate_an_empty_database_at_once,
    schema::a_database_that_a_newer_version_migrated_is_left_alone,
    calls::a_call_is_kept_as_it_was_given,
    calls::a_second_webhook_for_a_call_finds_the_first_ones_row,
    calls::a_refused_call_is_failed_and_ended_at_once,
    calls::a_sid_is_attached_once_and_to_one_call,
    calls::one_of_fifty_claims_of_a_stream_wins,
    calls::an_older_stream_cannot_change_the_call,
    calls::twilios_word_only_moves_on,
    calls::a_call_ends_exactly_once,
    calls::the_first_sound_counts_once,
    calls::the_last_word_on_who_answered_stands,
    calls::a_call_comes_to_the_sum_of_its_streams,
    cooldowns::one_of_a_hundred_claims_wins,
    cooldowns::a_cooldown_is_over_when_its_time_has_passed,
    cooldowns::a_claim_is_given_back_unless_somebody_claimed_since,
    turns::the_higher_revision_stays_in_either_order,
    turns::a_turn_comes_back_as_it_was_written,
    turns::the_conversation_keeps_its_order,
    turns::a_batch_larger_than_one_statement_is_written_whole,
    turns::a_text_with_a_nul_is_stored_without_it,
    turns::noise_that_was_taken_for_speech_is_no_input,
    turns::interruptions_are_counted_however_often_a_turn_is_written,
    history::pages_have_no_gaps_and_no_repeats,
    history::each_property_filters,
    figures::they_are_those_computed_by_hand,
    figures::over_nothing_an_average_is_none,
    outages::a_closed_store_is_an_outage,
    outages::a_database_without_tables_is_none,
);

async fn on_sqlite(promise: impl AsyncFnOnce(String)) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("made on demand").join("calls.db");

    promise(format!("sqlite://{}?mode=rwc", file.display())).await;
}

async fn on_postgres(promise: impl AsyncFnOnce(String)) {
    let Some(server) = server() else { return };
    let admin = Database::connect(&server).await.expect("the server at TEST_DATABASE_URL");
    let name = format!("contract_{}", Uuid::now_v7().simple());
    sql(&admin, &format!("CREATE DATABASE {name}")).await;
    let mut url = url::Url::parse(&server).expect("a url");
    url.set_path(&name);

    let outcome = AssertUnwindSafe(promise(url.to_string())).catch_unwind().await;

    sql(&admin, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    outcome.unwrap_or_else(|panic| resume_unwind(panic));
}

fn server() -> Option<String> {
    let server = std::env::var(SERVER).ok().filter(|url| !url.is_empty());
    if server.is_none() {
        assert!(std::env::var(CI).as_deref() != Ok("true"), "{CI} is set, but {SERVER} is not: run scripts/test.sh");
        eprintln!("SKIPPED on Postgres: {SERVER} is not set; scripts/test.sh starts a server and sets it");
    }
    server
}

async fn sql(db: &DatabaseConnection, text: &str) {
    db.execute_unprepared(text).await.expect(text);
}
