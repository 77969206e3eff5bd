//! What calls leave behind, while things break.

mod black_box;
pub mod cluster;
mod killed;
mod outage;
mod panics;
mod poison;

use std::path::Path;
use std::time::Duration;

use actix::Arbiter;
use alpha_call::actors::logger::{LogPort, LoggerActor};
use alpha_call::actors::supervise::Fallen;
use alpha_call::session::event::{Speaker, Turn, TurnKind};
use alpha_call::store::{CallStore, DatabaseSettings, Row, Spool, SpoolSettings};
use alpha_call::types::{CallId, Epoch, Redacted};
use chrono::Utc;
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, FromQueryResult as _, JsonValue, Statement};
use serde_json::Value;
use uuid::Uuid;

/// Until everything that was logged is in the database.
const HOME: Duration = Duration::from_secs(30);

/// A logger, its spool and its database.
struct Desk {
    store: CallStore,
    log: LogPort,
    arbiter: Arbiter,
}

impl Desk {
    async fn open(url: &str, folder: &Path) -> Self {
        let store = CallStore::open(&DatabaseSettings::at(url)).expect("a store");
        store.migrate().await.expect("migrated");
        Self::at(store, folder).await
    }

    async fn at(store: CallStore, folder: &Path) -> Self {
        let spool = Spool::open(&store, &SpoolSettings { folder: folder.join("spool"), max_bytes: 64 << 20 }).await.expect("a spool");
        let logger = LoggerActor::new(store.clone(), spool).await.expect("a logger");
        let arbiter = Arbiter::new();
        Self { store, log: LogPort::start(&arbiter, &Fallen::default(), logger), arbiter }
    }

    async fn close(self) {
        self.arbiter.stop();
        self.store.close().await;
    }
}

fn sqlite(folder: &Path) -> String {
    format!("sqlite://{}?mode=rwc", folder.join("calls.db").display())
}

fn call(number: u128) -> CallId {
    CallId::new(Uuid::from_u128(number))
}

fn turn(call: CallId, seq: u32, text: &str) -> Row {
    let turn = Turn {
        seq,
        revision: 1,
        position: seq,
        item: None,
        response: None,
        speaker: Speaker::Ai,
        kind: TurnKind::Message,
        generated: Redacted(text.to_owned()),
        heard: Redacted(text.to_owned()),
        interrupted: false,
        audio_ms: 100,
        heard_ms: 100,
        started: Duration::from_millis(u64::from(seq) * 100),
        ended: None,
        latency: None,
        tokens: None,
        transcription: None,
        tool: None,
    };
    Row::turn(call, Epoch::FIRST, turn, Utc::now())
}

async fn seqs(store: &CallStore, call: CallId) -> Vec<u32> {
    store.turns(call).await.expect("read").into_iter().map(|stored| stored.turn.seq).collect()
}

/// What a table holds, asked past the store.
async fn select(url: &str, sql: &str) -> Vec<Value> {
    let db: DatabaseConnection = Database::connect(url).await.expect("connected");
    let found = JsonValue::find_by_statement(Statement::from_string(db.get_database_backend(), sql)).all(&db).await.expect(sql);
    db.close().await.expect("closed");
    found
}
