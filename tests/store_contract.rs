//! What the store promises, asked of SQLite and of Postgres alike.
//!
//! `TEST_DATABASE_URL` names a Postgres server where databases may be created: each test makes and drops its own.
//! `scripts/test.sh` starts one. Without it the Postgres half is skipped, aloud; with `CI=true` that is a failure.

#![expect(clippy::expect_used, clippy::print_stderr, reason = "a test ends by panicking, and says aloud what it skips")]

#[path = "store_contract/api_keys.rs"]
mod api_keys;
#[path = "store_contract/bulk_cleanup.rs"]
mod bulk_cleanup;
#[path = "store_contract/bulk_copies.rs"]
mod bulk_copies;
#[path = "store_contract/bulk_export.rs"]
mod bulk_export;
#[path = "store_contract/bulk_seed.rs"]
mod bulk_seed;
#[path = "store_contract/bulk_words.rs"]
mod bulk_words;
#[path = "store_contract/calls.rs"]
mod calls;
#[path = "store_contract/compliance.rs"]
mod compliance;
#[path = "store_contract/cooldowns.rs"]
mod cooldowns;
#[path = "store_contract/deliveries.rs"]
mod deliveries;
#[path = "store_contract/dials.rs"]
mod dials;
#[path = "store_contract/echo.rs"]
mod echo;
#[path = "store_contract/events.rs"]
mod events;
#[path = "store_contract/figures.rs"]
mod figures;
#[path = "store_contract/history.rs"]
mod history;
#[path = "store_contract/kept.rs"]
mod kept;
#[path = "store_contract/outages.rs"]
mod outages;
#[path = "store_contract/schema.rs"]
mod schema;
#[path = "store_contract/slots.rs"]
mod slots;
#[path = "store_contract/spend.rs"]
mod spend;
#[path = "store_contract/takeover.rs"]
mod takeover;
#[path = "store_contract/turns.rs"]
mod turns;
#[path = "store_contract/wishes.rs"]
mod wishes;
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
    schema::steps_are_read_without_making_anything,
    schema::this_version_works_with_the_schema_of_the_next,
    schema::every_step_can_be_undone_and_done_again_and_older_columns_keep_what_they_hold,
    schema::undone_to_the_first_nothing_is_left_but_the_journal,
    schema::a_step_that_fails_is_taken_back_and_those_before_it_stay,
    schema::started_afresh_it_is_empty_and_up_to_date,
    schema::a_round_trip_leaves_nothing,
    echo::statements_are_shown_and_no_value,
    api_keys::a_key_is_kept_as_it_was_made_and_its_id_is_taken_once,
    api_keys::a_key_is_revoked_once_and_for_good,
    api_keys::the_last_use_of_a_key_is_noted_once_a_minute,
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
    compliance::of_a_number_that_nobody_knows_nothing_is_on_record,
    compliance::a_number_on_the_list_stands_there_until_it_is_taken_off_and_on_record_for_ever,
    compliance::the_newest_consent_counts_also_where_it_was_revoked,
    compliance::lists_are_read_in_parts_newest_first,
    compliance::a_decision_is_kept_with_its_call,
    cooldowns::one_of_a_hundred_claims_wins,
    cooldowns::a_cooldown_is_over_when_its_time_has_passed,
    cooldowns::a_claim_is_given_back_unless_somebody_claimed_since,
    dials::a_call_that_is_due_goes_to_one_of_those_who_ask,
    dials::what_an_instance_leaves_behind_is_taken_by_another,
    dials::a_call_is_asked_for_once_and_again_only_where_it_was_not_taken,
    dials::a_call_that_waits_is_canceled_once,
    dials::who_leaves_gives_back_what_was_not_begun,
    dials::a_request_by_one_name_is_done_once,
    dials::a_request_that_came_to_nothing_may_be_made_again,
    dials::word_for_another_instance_is_found_once,
    dials::calls_without_twilios_last_word_are_found_once_in_a_while,
    events::what_happened_in_a_call_is_told_in_its_order_and_once,
    events::a_call_that_was_refused_has_failed_and_was_never_begun,
    events::events_are_read_on_from_any_of_them_and_for_one_call_alone,
    events::whoever_reads_on_misses_nothing_while_many_write_and_publish,
    deliveries::each_event_of_a_wanted_kind_is_entered_once_with_its_publication,
    deliveries::what_is_due_goes_to_one_of_those_who_ask_with_what_the_call_says_by_now,
    deliveries::what_an_instance_leaves_behind_is_delivered_by_another,
    deliveries::a_try_that_failed_is_repeated_when_its_pause_is_over,
    deliveries::an_event_is_sent_again_from_its_first_try_on,
    deliveries::they_are_looked_at_newest_first_page_by_page,
    deliveries::what_was_told_is_forgotten_and_what_will_be_tried_again_is_not,
    takeover::an_instance_whose_call_another_one_has_taken_on_cannot_end_it,
    takeover::whoever_is_asked_knows_how_the_last_stream_ended_and_how_often_it_was_lost,
    takeover::a_call_whose_instance_is_gone_is_told_to_one_other_at_a_time,
    turns::the_higher_revision_stays_in_either_order,
    turns::a_turn_comes_back_as_it_was_written,
    turns::the_conversation_keeps_its_order,
    turns::a_batch_larger_than_one_statement_is_written_whole,
    turns::a_text_with_a_nul_is_stored_without_it,
    turns::noise_that_was_taken_for_speech_is_no_input,
    turns::interruptions_are_counted_however_often_a_turn_is_written,
    history::pages_have_no_gaps_and_no_repeats,
    history::pages_stay_whole_while_calls_come_in,
    history::a_cursor_keeps_the_total_of_its_first_page,
    history::each_property_filters,
    history::a_number_is_found_on_either_end_in_every_order,
    history::a_part_of_a_number_a_sid_or_a_name_is_found,
    history::a_whole_row_has_every_column,
    figures::they_are_those_computed_by_hand,
    figures::over_nothing_an_average_is_none,
    figures::hours_and_days_are_told_one_by_one,
    figures::what_is_kept_is_never_stale,
    figures::what_is_kept_stays_true_under_load,
    figures::hours_are_kept_newest_first_and_only_once,
    spend::a_day_costs_what_its_calls_have_and_those_that_run_so_far,
    spend::a_call_without_an_end_is_paid_for_no_longer_than_a_call_may_last,
    spend::a_call_has_cost_what_its_streams_have,
    outages::a_closed_store_is_an_outage,
    wishes::a_callback_is_one_row_however_often_it_is_asked_for,
    wishes::the_first_time_that_a_number_opted_out_stands,
    wishes::a_recording_is_kept_with_its_call,
    wishes::a_call_that_was_handed_over_is_marked_until_it_is_taken_back_or_ends,
    bulk_seed::invented_calls_are_as_many_as_were_asked_for,
    bulk_seed::invented_calls_are_plausible,
    bulk_seed::counters_agree_with_the_turns,
    bulk_seed::calls_that_are_there_already_stay,
    bulk_seed::another_seed_makes_other_calls,
    bulk_seed::a_load_leaves_the_indices_as_they_were,
    bulk_seed::seeding_that_is_given_up_leaves_nothing,
    bulk_seed::nothing_is_seeded_without_a_schema,
    bulk_copies::every_character_survives_a_restore,
    bulk_copies::a_restore_needs_an_empty_database_or_a_word,
    bulk_copies::a_restore_leaves_the_indices_as_they_were,
    bulk_copies::a_flipped_byte_is_found,
    bulk_copies::altered_lines_are_found,
    bulk_copies::a_backup_that_is_cut_short_is_found,
    bulk_copies::a_backup_of_a_newer_version_is_refused,
    bulk_copies::counters_that_a_backup_lacks_are_naught,
    bulk_copies::a_restore_that_is_given_up_leaves_what_was_there,
    bulk_copies::a_backup_that_cannot_be_written_says_so,
    bulk_copies::a_backup_shows_one_moment,
    bulk_export::conversations_come_whole_and_in_order,
    bulk_export::a_selection_is_a_call_or_a_time,
    bulk_export::a_reader_may_stop_early,
    bulk_cleanup::what_is_old_goes_and_the_rest_stays,
    bulk_cleanup::calls_have_an_age_of_their_own,
    bulk_cleanup::calls_that_have_not_ended_stay,
    bulk_cleanup::what_would_go_is_what_goes,
    bulk_cleanup::rows_of_calls_that_nobody_knows_go_too,
    bulk_cleanup::figures_of_hours_go_with_their_calls,
    bulk_cleanup::a_cleanup_that_is_given_up_leaves_whole_calls,
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
