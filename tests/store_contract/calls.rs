use std::time::Duration;

use alpha_call::session::StreamTally;
use alpha_call::session::event::Usage;
use alpha_call::store::{CallEnd, CallKey, Created, NewCall, Row, StoreError, StreamCost, StreamRow};
use alpha_call::types::{CallStatus, Direction, Epoch, HangupCause, Redacted};
use chrono::TimeDelta;
use futures_util::future::join_all;

use crate::words::{at, create, end, everything, found, id, joined, migrated, new_call, sid, stored, stream};

pub async fn a_call_is_kept_as_it_was_given(url: &str) {
    let store = migrated(url).await;
    let nanoseconds = at(0) + TimeDelta::nanoseconds(789);
    create(&store, NewCall { initiated_at: nanoseconds, ..new_call(1) }).await;

    let call = stored(&store, 1).await;

    assert_eq!((call.id, call.direction, call.status), (id(1), Direction::Outbound, CallStatus::Initiated));
    assert_eq!((call.from.as_str(), call.to.as_str()), ("+14155550100", "+14155550101"));
    assert_eq!(call.caller_name, Some(Redacted("Ann".to_owned())));
    assert_eq!((call.assistant.as_str(), call.model.as_str(), call.voice.as_str()), ("default", "model-1", "voice-1"));
    assert_eq!((call.initiated_at, call.epoch, call.interruptions), (at(0), Epoch::new(0), 0));
    assert_eq!((call.connected_at, call.ended_at, call.duration()), (None, None, None));
    assert_eq!(store.call(&CallKey::Id(id(2))).await.expect("read"), None);
}

pub async fn a_second_webhook_for_a_call_finds_the_first_ones_row(url: &str) {
    let store = migrated(url).await;
    let inbound = |number, name| NewCall { call_sid: Some(sid(name)), direction: Direction::Inbound, ..new_call(number) };
    create(&store, inbound(1, 1)).await;

    assert_eq!(store.create_call(inbound(2, 1)).await.expect("found"), Created::Existing(id(1)));
    assert_eq!(store.create_call(inbound(1, 1)).await.expect("found"), Created::Existing(id(1)));

    let webhooks = join_all((10..30).map(|number| store.create_call(inbound(number, 2)))).await;
    let made = webhooks.into_iter().filter(|made| matches!(made, Ok(Created::New))).count();
    let total = store.call_history(&everything()).await.expect("read").total;
    assert_eq!((made, total), (1, 2));
}

pub async fn a_refused_call_is_failed_and_ended_at_once(url: &str) {
    let store = migrated(url).await;

    assert_eq!(store.create_refused(new_call(1), "at-capacity").await.expect("kept"), Created::New);

    let call = stored(&store, 1).await;
    assert_eq!((call.status, call.ended_at), (CallStatus::Failed, Some(at(0))));
    assert_eq!((call.refusal.as_deref(), call.ended_reason), (Some("at-capacity"), None));
    assert!(!store.finish(end(1, HangupCause::Busy, 9)).await.expect("asked"));
}

pub async fn a_sid_is_attached_once_and_to_one_call(url: &str) {
    let store = migrated(url).await;
    create(&store, new_call(1)).await;
    create(&store, new_call(2)).await;

    store.attach_call_sid(id(1), &sid(1)).await.expect("attached");
    store.attach_call_sid(id(1), &sid(1)).await.expect("the same again");

    for (call, name) in [(1, 2), (2, 1), (3, 3)] {
        let error = store.attach_call_sid(id(call), &sid(name)).await.expect_err("in the way");
        assert!(matches!(error, StoreError::Conflict(_)), "{call}: {error}");
    }
    assert_eq!(store.call(&CallKey::Sid(sid(1))).await.expect("read").map(|call| call.id), Some(id(1)));
}

pub async fn one_of_fifty_claims_of_a_stream_wins(url: &str) {
    let store = migrated(url).await;
    create(&store, new_call(1)).await;

    let claims = join_all((0..50).map(|_| store.claim_stream(id(1), Epoch::FIRST, "one", at(1)))).await;

    assert_eq!(claims.into_iter().filter(|claim| claim.as_ref().expect("asked").is_some()).count(), 1);
    assert!(store.claim_stream(id(1), Epoch::new(3), "one", at(2)).await.expect("asked").is_some());
    assert!(store.claim_stream(id(1), Epoch::new(2), "one", at(3)).await.expect("asked").is_none());
    assert!(store.claim_stream(id(2), Epoch::FIRST, "one", at(3)).await.expect("an unknown call").is_none());
    let call = stored(&store, 1).await;
    assert_eq!((call.epoch, call.claimed_at), (Epoch::new(3), Some(at(2))));
}

pub async fn an_older_stream_cannot_change_the_call(url: &str) {
    let store = migrated(url).await;
    create(&store, new_call(1)).await;
    assert!(store.claim_stream(id(1), Epoch::FIRST, "one", at(1)).await.expect("asked").is_some());
    assert!(store.connected(joined(id(1), Epoch::FIRST, stream(1), at(2))).await.expect("asked"));
    assert!(store.claim_stream(id(1), Epoch::new(2), "one", at(3)).await.expect("asked").is_some());

    assert!(!store.connected(joined(id(1), Epoch::FIRST, stream(9), at(4))).await.expect("asked"));
    assert!(store.connected(joined(id(1), Epoch::new(2), stream(2), at(5))).await.expect("asked"));

    let call = stored(&store, 1).await;
    assert_eq!((call.status, call.connected_at), (CallStatus::Connected, Some(at(2))));
    assert_eq!(call.stream_sid.as_deref(), Some(stream(2).as_str()));
    assert!(store.finish(end(1, HangupCause::CallerHungUp, 9)).await.expect("asked"));
    assert!(!store.connected(joined(id(1), Epoch::new(2), stream(2), at(10))).await.expect("asked"));
    assert_eq!(stored(&store, 1).await.status, CallStatus::Completed);
}

pub async fn twilios_word_only_moves_on(url: &str) {
    let store = migrated(url).await;
    create(&store, new_call(1)).await;
    let said =
        [("initiated", true), ("in-progress", true), ("ringing", false), ("completed", true), ("in-progress", false), ("busy", false)];

    for (word, moves) in said {
        assert_eq!(store.progress(id(1), word, at(1)).await.expect("asked"), moves, "{word}");
    }

    assert_eq!(stored(&store, 1).await.twilio_status.as_deref(), Some("completed"));
}

pub async fn a_call_ends_exactly_once(url: &str) {
    let store = migrated(url).await;
    create(&store, new_call(1)).await;
    assert!(store.connected(joined(id(1), Epoch::FIRST, stream(1), at(2))).await.expect("asked"));
    let first = CallEnd { twilio_status: Some("completed".to_owned()), ..end(1, HangupCause::AssistantEnded, 62) };

    let mut ends = join_all((0..20).map(|_| store.finish(first.clone()))).await;
    ends.push(store.finish(CallEnd { error: Some("late".to_owned()), ..end(1, HangupCause::CarrierFailed, 99) }).await);

    assert_eq!(ends.into_iter().filter(|ended| *ended.as_ref().expect("asked")).count(), 1);
    let call = stored(&store, 1).await;
    assert_eq!((call.status, call.ended_at, call.error.as_deref()), (CallStatus::Completed, Some(at(62)), None));
    assert_eq!((call.ended_reason.as_deref(), call.twilio_status.as_deref()), (Some("assistant_ended"), Some("completed")));
    assert_eq!(call.duration(), Some(Duration::from_secs(60)));
    assert!(!store.finish(end(2, HangupCause::Busy, 1)).await.expect("an unknown call"));
}

pub async fn the_first_sound_counts_once(url: &str) {
    let store = migrated(url).await;
    create(&store, new_call(1)).await;

    store.write(vec![Row::FirstAudio { call: id(1), ms: 420 }]).await.expect("kept");
    store.write(vec![Row::FirstAudio { call: id(1), ms: 77 }]).await.expect("of a later stream");

    assert_eq!(stored(&store, 1).await.first_audio_ms, Some(420));
}

pub async fn the_last_word_on_who_answered_stands(url: &str) {
    let store = migrated(url).await;
    create(&store, new_call(1)).await;

    for word in ["machine_start", "machine_end_beep"] {
        store.answered_by(id(1), word).await.expect("kept");
    }

    assert_eq!(found(url, "SELECT answered_by FROM call_logs").await.as_deref(), Some("machine_end_beep"));
}

pub async fn a_call_comes_to_the_sum_of_its_streams(url: &str) {
    let store = migrated(url).await;
    create(&store, new_call(1)).await;
    let counted = |epoch, revision, reconnects, price_version| {
        let tokens = Usage { text_in: 1, audio_in: 2, text_out: 3, audio_out: 4, cached_text_in: 5, cached_audio_in: 6 };
        let tally = StreamTally { audio_in_ms: 7, audio_out_ms: 8, tokens, reconnects, ..StreamTally::default() };
        let cost = StreamCost { model_nanos: 9, transcription_nanos: 10, price_version: String::from(price_version) };
        let epoch = Epoch::new(epoch);
        let ended = Some((at(9), HangupCause::StreamLost));
        Row::stream(StreamRow {
            call: id(1),
            epoch,
            revision,
            owner: "one",
            started: at(1),
            ended,
            transfer: None,
            tally: &tally,
            cost,
            journal: None,
        })
    };

    store.write(vec![counted(1, 2, 1, "2026-11"), counted(2, 1, 1, "2026-11/unknown-model")]).await.expect("written");
    let living = stored(&store, 1).await;
    assert_eq!((living.tokens.audio_in, living.audio_in_ms, living.cost.model_usd), (4, 14, 0.000_000_018), "as far as it has come");
    assert!(store.finish(end(1, HangupCause::CallerHungUp, 9)).await.expect("asked"));
    store.write(vec![counted(1, 1, 50, "older"), counted(2, 2, 2, "2026-11/unknown-model")]).await.expect("late");

    let sums = "text_in_tokens || ' ' || audio_in_tokens || ' ' || text_out_tokens || ' ' || audio_out_tokens || ' ' || cached_text_tokens \
         || ' ' || cached_audio_tokens || ' ' || audio_in_ms || ' ' || audio_out_ms || ' ' || model_cost_nanos || ' ' \
         || transcription_cost_nanos || ' ' || reconnects || ' ' || resumes || ' ' || price_version";
    let sums = found(url, &format!("SELECT {sums} FROM call_logs")).await;
    assert_eq!(sums.as_deref(), Some("2 4 6 8 10 12 14 16 18 20 3 1 2026-11/unknown-model"));
}
