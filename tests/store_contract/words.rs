//! Calls, turns and moments to test with.

use std::time::Duration;

use alpha_call::session::event::{Speaker, Turn, TurnKind};
use alpha_call::store::{Call, CallEnd, CallKey, CallStore, Created, DatabaseSettings, HistoryFilter, Joined, NewCall, Row};
use alpha_call::types::{CallId, CallSid, Direction, Epoch, HangupCause, PhoneNumber, Redacted, StreamSid};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait as _, Database, Statement};
use uuid::Uuid;

pub fn settings(url: &str, acquire_timeout: Duration) -> DatabaseSettings {
    DatabaseSettings { max_connections: 8, acquire_timeout, ..DatabaseSettings::at(url) }
}

pub fn open(url: &str) -> CallStore {
    CallStore::open(&settings(url, Duration::from_secs(30))).expect("a store")
}

pub async fn migrated(url: &str) -> CallStore {
    let store = open(url);
    store.migrate().await.expect("migrated");
    store
}

pub fn id(number: u128) -> CallId {
    CallId::new(Uuid::from_u128(number))
}

pub fn sid(number: u32) -> CallSid {
    format!("CA{number:032x}").parse().expect("a sid")
}

pub fn stream(number: u32) -> StreamSid {
    format!("MZ{number:032x}").parse().expect("a sid")
}

pub fn number(text: &str) -> PhoneNumber {
    text.parse().expect("a number")
}

/// Seconds after a moment that has microseconds.
pub fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 123_456_000).expect("a moment") + TimeDelta::seconds(seconds)
}

pub fn new_call(number: u128) -> NewCall {
    NewCall {
        id: id(number),
        call_sid: None,
        direction: Direction::Outbound,
        from: "+14155550100".to_owned(),
        to: "+14155550101".to_owned(),
        caller_name: Some("Ann".to_owned()),
        assistant: "default".to_owned(),
        model: "model-1".to_owned(),
        voice: "voice-1".to_owned(),
        system_message: None,
        owner: None,
        initiated_at: at(0),
        scheduled_at: None,
        metadata: None,
        wish: None,
        decision: None,
        api_key_id: None,
        stir_verstat: None,
    }
}

pub fn end(number: u128, cause: HangupCause, seconds: i64) -> CallEnd {
    CallEnd { id: id(number), cause, twilio_status: None, error_code: None, error: None, at: at(seconds), minute_nanos: 0, owner: None }
}

pub fn joined(call: CallId, epoch: Epoch, stream: StreamSid, at: DateTime<Utc>) -> Joined {
    Joined { call, epoch, stream, at, owner: None }
}

pub fn turn(seq: u32, revision: u32, text: &str) -> Turn {
    Turn {
        seq,
        revision,
        position: seq,
        item: None,
        response: None,
        speaker: Speaker::Ai,
        kind: TurnKind::Message,
        generated: Redacted(text.to_owned()),
        heard: Redacted(text.to_owned()),
        interrupted: false,
        audio_ms: 0,
        heard_ms: 0,
        started: Duration::ZERO,
        ended: None,
        latency: None,
        tokens: None,
        transcription: None,
        tool: None,
    }
}

pub fn row(call: u128, epoch: u32, turn: Turn) -> Row {
    Row::turn(id(call), Epoch::new(epoch), turn, at(5))
}

pub fn everything() -> HistoryFilter {
    HistoryFilter { limit: 100, ..HistoryFilter::default() }
}

/// The one value that a query finds, as text.
pub async fn found(url: &str, sql: &str) -> Option<String> {
    let database = Database::connect(url).await.expect("the database");
    let statement = Statement::from_string(database.get_database_backend(), sql.to_owned());
    let row = database.query_one_raw(statement).await.expect("an answer").expect("a row");
    let value = row.try_get_by_index(0).expect("a text");
    database.close().await.expect("closed");
    value
}

pub async fn create(store: &CallStore, call: NewCall) {
    assert_eq!(store.create_call(call).await.expect("created"), Created::New);
}

pub async fn stored(store: &CallStore, number: u128) -> Call {
    store.call(&CallKey::Id(id(number))).await.expect("read").expect("a call")
}
