//! What people asked for, and where the recording of their call is.

use alpha_call::store::{Callback, OptOut, OptOutSource, Recording, Row};
use alpha_call::types::{HangupCause, Redacted};
use uuid::Uuid;

use crate::words::{at, create, end, found, id, migrated, new_call, number, stored};

pub async fn a_callback_is_one_row_however_often_it_is_asked_for(url: &str) {
    let store = migrated(url).await;
    let note = Some(Redacted("about the\0 heating".to_owned()));
    let callback = Callback { id: Uuid::from_u128(5), call: id(1), number: number("+14155550101"), at: at(3600), note, created: at(0) };

    store.schedule_callback(callback.clone()).await.expect("on record");
    store.schedule_callback(callback).await.expect("on record");

    assert_eq!(found(url, "SELECT CAST(count(*) AS TEXT) FROM callbacks").await.as_deref(), Some("1"));
    let note = found(url, "SELECT note FROM callbacks WHERE phone_number = '+14155550101' AND due_at > created_at").await;
    assert_eq!(note.as_deref(), Some("about the heating"));
}

pub async fn the_first_time_that_a_number_opted_out_stands(url: &str) {
    let store = migrated(url).await;
    let opt_out =
        |call: u128, source| OptOut { number: number("+14155550101"), call: Some(id(call)), source, at: at(0), note: None, by: None };

    assert!(store.opt_out(opt_out(1, OptOutSource::Spoken)).await.expect("on record"));
    assert!(!store.opt_out(opt_out(2, OptOutSource::Keyed)).await.expect("known"));

    assert_eq!(found(url, "SELECT source FROM opt_outs").await.as_deref(), Some("spoken"));
}

pub async fn a_recording_is_kept_with_its_call(url: &str) {
    let store = migrated(url).await;
    let recording = |ms| Recording { sid: "RE1".to_owned(), url: Redacted("https://example.com/RE1".to_owned()), ms };
    create(&store, new_call(1)).await;
    assert_eq!(stored(&store, 1).await.recording, None);

    store.write(vec![Row::Recorded { call: id(1), recording: recording(1000) }]).await.expect("written");
    store.recorded(id(1), recording(2000)).await.expect("written");

    assert_eq!(stored(&store, 1).await.recording, Some(recording(2000)));
}

pub async fn a_call_that_was_handed_over_is_marked_until_it_is_taken_back_or_ends(url: &str) {
    let store = migrated(url).await;
    create(&store, new_call(1)).await;

    store.handed_over(id(1), true).await.expect("marked");
    assert_eq!(stored(&store, 1).await.ended_reason.as_deref(), Some("transferred"));
    store.handed_over(id(1), false).await.expect("taken back");
    assert_eq!(stored(&store, 1).await.ended_reason, None);

    assert!(store.finish(end(1, HangupCause::CallerHungUp, 30)).await.expect("ended"));
    store.handed_over(id(1), true).await.expect("too late");
    assert_eq!(stored(&store, 1).await.ended_reason.as_deref(), Some("caller_hung_up"));
}
