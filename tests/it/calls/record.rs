//! What is on record once a call is over, set against what its peers saw.

use alpha_call::session::event::{Transcription, Turn, TurnKind};
use alpha_call::sim::stage::clinic;

use super::*;

const STREAM: &str = "SELECT stream_logs.* FROM stream_logs JOIN call_logs ON call_logs.id = call_id WHERE call_sid = $1";
const CALL: &str = "SELECT * FROM call_logs WHERE call_sid = $1";

async fn record(house: &House, call: &CallHandle) -> Vec<Turn> {
    house.record(call.call_sid()).await.into_iter().map(|stored| stored.turn).collect()
}

/// The call's row, once it is counted.
async fn counted(house: &House, call: &CallHandle) -> Value {
    house.ended(call.call_sid()).await;
    assert!(house.engine.flush(LONG).await, "records are written");
    eventually("the call is counted", async || {
        let row = house.columns(CALL, call.call_sid()).await;
        if row["price_version"].is_string() && row["ai_responses"] != 0 { Ok(row) } else { Err(row) }
    })
    .await
}

/// Of all responses of all model sessions: text and audio in, the same cached, text and audio out.
fn tokens(house: &House) -> [u64; 6] {
    let places = [
        "/input_token_details/text_tokens",
        "/input_token_details/audio_tokens",
        "/input_token_details/cached_tokens_details/text_tokens",
        "/input_token_details/cached_tokens_details/audio_tokens",
        "/output_token_details/text_tokens",
        "/output_token_details/audio_tokens",
    ];
    let usages: Vec<Value> = house.openai().sessions().into_iter().flat_map(|session| session.usages).collect();
    places.map(|place| usages.iter().map(|usage| usage.pointer(place).and_then(Value::as_u64).expect("tokens")).sum())
}

fn nothing_is_open(record: &[Turn]) {
    let open = |turn: &&Turn| turn.ended.is_none() || turn.transcription == Some(Transcription::Pending);
    assert_eq!(record.iter().find(open), None);
}

#[actix_rt::test]
async fn a_call_comes_to_what_its_peers_saw() {
    let house = House::open().await;
    let call = house.call_in(clinic());

    let report = call.ended(LONG).await.expect("an end");
    let row = counted(&house, &call).await;
    let stream = house.columns(STREAM, call.call_sid()).await;

    assert!(report.completed(), "{:?}", report.outcome);
    let counts =
        ["ai_responses", "user_inputs", "interruptions", "ai_interruptions", "tool_calls", "resumes", "reconnects", "frames_dropped"];
    assert_eq!(counts.map(|name| row[name].as_i64().expect(name)), [5, 4, 1, 0, 1, 0, 0, 0]);
    the_bill_is_right(&house, &row);
    audio_is_right(&house, &row);
    let owner = row["owner"].as_str().expect("an owner");
    assert!(owner.starts_with("local-") && stream["owner"] == owner, "{owner} {stream}");
    assert_eq!((&stream["restarts"], &stream["ended_reason"], &stream["epoch"]), (&0.into(), &"assistant_ended".into(), &1.into()));
    assert_eq!(row["system_message"], house.openai().sessions()[0].instructions);
    house.finish().await;
}

fn the_bill_is_right(house: &House, row: &Value) {
    let [text_in, audio_in, cached_text, cached_audio, text_out, audio_out] = tokens(house);
    let columns = ["text_in_tokens", "audio_in_tokens", "cached_text_tokens", "cached_audio_tokens", "text_out_tokens", "audio_out_tokens"];
    assert_eq!(columns.map(|name| row[name].as_u64().expect(name)), tokens(house));
    let input = (text_in - cached_text) * 4_000 + (audio_in - cached_audio) * 32_000 + (cached_text + cached_audio) * 400;
    assert_eq!(row["model_cost_nanos"], input + text_out * 24_000 + audio_out * 64_000);
    // Four short questions: between 4 and 15 s of speech, at 75,000 a second.
    let transcription = row["transcription_cost_nanos"].as_u64().expect("nanos");
    assert!((300_000..1_125_000).contains(&transcription), "{transcription}");
    assert_eq!(
        (&row["carrier_cost_nanos"], &row["price_version"]),
        (&12_500_000.into(), &"2026-11".into()),
        "a begun minute, and streamed"
    );
}

fn audio_is_right(house: &House, row: &Value) {
    let appended: u64 = house.openai().sessions().iter().map(|session| session.appended_ms).sum();
    let came = row["audio_in_ms"].as_u64().expect("ms");
    assert!(came.abs_diff(appended) < 1_000, "{came} ms on record, {appended} ms at the model");
    let sent: u64 = house.openai().sessions().iter().flat_map(|session| session.sent_ms.values()).sum();
    let passed_on = row["audio_out_ms"].as_u64().expect("ms");
    assert!(passed_on > 10_000 && passed_on <= sent + 200, "{passed_on} ms on record, {sent} ms from the model");
}

#[actix_rt::test]
async fn what_was_said_pressed_and_asked_for_stands_in_its_order() {
    let house = House::open().await;
    let call = house.call_in(script([Step::Digits("42".to_owned()), say("caller_move")].into_iter().chain(hear())));

    call.ended(LONG).await.expect("an end");
    counted(&house, &call).await;
    let record = record(&house, &call).await;

    nothing_is_open(&record);
    let kinds: Vec<_> = record.iter().map(|turn| (turn.kind.as_str(), turn.speaker.as_str())).collect();
    let said = [("message", "user"), ("message", "ai")];
    let expected = [[("message", "ai"), ("dtmf", "user")], said, said, [("tool_call", "ai"), ("tool_result", "system")]].concat();
    assert_eq!(kinds, expected);
    assert_eq!(record[1].generated.0, "42");
    let of = |kind| record.iter().find(|turn| turn.kind == kind).and_then(|turn| turn.tool.clone()).expect("a tool");
    assert_eq!((of(TurnKind::ToolCall).name, of(TurnKind::ToolCall)), ("end_call".to_owned(), of(TurnKind::ToolResult)));
    let words: Vec<_> = record.iter().filter_map(|turn| turn.transcription).collect();
    assert_eq!(words, [Transcription::Done; 2]);
    assert!(record.iter().filter(|turn| turn.tokens.is_some()).count() >= 3, "every answer has its tokens");
    house.finish().await;
}

#[actix_rt::test]
async fn a_panic_in_mid_answer_leaves_the_half_answer_and_is_itself_on_record() {
    let house = House::open().await;
    let call = house.call_in(patient());
    in_mid_answer(&house, &call).await;

    assert!(house.engine.sabotage(id_of(&house, &call).await).await);
    let report = call.ended(LONG).await.expect("an end");
    counted(&house, &call).await;
    let record = record(&house, &call).await;

    nothing_is_open(&record);
    let half = record.iter().find(|turn| turn.interrupted).expect("half an answer");
    assert!(half.generated.0.starts_with("We are open") && half.heard.len() < half.generated.len(), "{half:?}");
    let played = clears(&report)[0].1;
    assert!(half.heard_ms.abs_diff(played) < 500, "{} ms on record, {played} ms at the phone", half.heard_ms);
    let death = record.iter().position(|turn| turn.kind == TurnKind::Event && turn.generated.0 == "restarted").expect("an event");
    assert!(record[..death].contains(half) && record[death + 1..].iter().any(|turn| turn.kind == TurnKind::Message), "{death}");
    let stream = house.columns(STREAM, call.call_sid()).await;
    assert_eq!((&stream["restarts"], &stream["ended_reason"]), (&1.into(), &"assistant_ended".into()));
    let seeds = seeds(&house);
    assert_eq!(seeds[..2], [by("assistant", "agent_greeting"), by("user", "caller_hours")]);
    assert_eq!(seeds.get(2), Some(&("assistant".to_owned(), half.heard.0.clone())));
    house.finish().await;
}

#[actix_rt::test]
async fn a_stream_that_panicked_too_often_is_closed_on_record() {
    let house = House::open().await;
    let call = house.call_in(patient());
    in_mid_answer(&house, &call).await;
    let id = id_of(&house, &call).await;

    for _ in 0..4 {
        assert!(house.engine.sabotage(id).await);
    }
    call.ended(LONG).await.expect("an end");
    let row = counted(&house, &call).await;
    let stream = house.columns(&format!("{STREAM} ORDER BY epoch"), call.call_sid()).await;

    nothing_is_open(&record(&house, &call).await);
    assert_eq!((&stream["restarts"], &stream["ended_reason"], &row["resumes"]), (&3.into(), &"actor_failed".into(), &1.into()));
    house.finish().await;
}

#[actix_rt::test]
async fn a_model_that_was_replaced_is_on_record() {
    let house = House::open().await;
    house.openai().kill_after_audio(10_000);
    let call = house.call_in(patient());

    call.ended(LONG).await.expect("an end");
    let row = counted(&house, &call).await;
    let record = record(&house, &call).await;

    nothing_is_open(&record);
    assert_eq!(row["reconnects"], 1);
    assert!(record.iter().any(|turn| turn.kind == TurnKind::Event && turn.generated.0 == "model_reconnected"));
    house.finish().await;
}
