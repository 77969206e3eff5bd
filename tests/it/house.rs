//! An engine with both of its peers, for one test; nothing may be left of it at the end.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use alpha_call::actors::engine::Engine;
use alpha_call::app::{Application, Running};
use alpha_call::config::{LoadOptions, load};
use alpha_call::sim::client::ApiClient;
use alpha_call::sim::openai::OpenAiControl;
use alpha_call::sim::scenario::CallerScript;
use alpha_call::sim::stage::{CALLER, Stage};
use alpha_call::sim::twilio::{CallHandle, CallIn};
use alpha_call::sim::verdict::Verdict;
use serde_json::Value;
use tempfile::TempDir;

/// Nothing in a test takes longer.
pub const LONG: Duration = Duration::from_secs(60);
/// Slots and sockets come home within this time after the last call.
const HOME: Duration = Duration::from_secs(10);

pub struct House {
    pub stage: Stage,
    pub engine: Engine,
    addr: SocketAddr,
    running: Running,
    _folder: TempDir,
}

impl House {
    pub async fn open() -> Self {
        Self::with(&[]).await
    }

    /// An engine whose environment has these variables too.
    pub async fn with(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let stage = Stage::start(1).expect("a stage");
        let mut env = stage.environment();
        let file = format!("sqlite://{}?mode=rwc", folder.path().join("calls.db").display());
        for (name, value) in [("DATABASE_URL", file.as_str()), ("PORT", "0"), ("RUST_LOG", "warn")].iter().chain(variables) {
            env.insert((*name).to_owned(), (*value).to_owned());
        }
        env.retain(|_, value| !value.is_empty());
        let options = LoadOptions { root: folder.path().to_owned(), ..LoadOptions::default() };
        let config = load(&env, &options).expect("a valid configuration").config;
        alpha_call::telemetry::init(&config.log).expect("a filter");
        let app = Application::build(config).await.expect("an application");
        let (addr, engine) = (app.addr(), app.engine().clone());
        stage.twilio.set_engine(addr);
        Self { stage, engine, addr, running: app.run(), _folder: folder }
    }

    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub const fn api(&self) -> ApiClient {
        ApiClient::new(self.addr)
    }

    pub fn openai(&self) -> OpenAiControl {
        self.stage.openai.control()
    }

    /// Somebody calls our number.
    pub fn call_in(&self, script: CallerScript) -> CallHandle {
        self.stage.twilio.call_in(CallIn { from: CALLER.to_owned(), script }).expect("a domain")
    }

    /// `GET path`, which must succeed.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.api().get(path).await.expect("an answer");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// The call and its turns, with all that was recorded so far.
    pub async fn conversation(&self, call: &str) -> Value {
        assert!(self.engine.flush(HOME).await, "records are written");
        self.get(&format!("/api/call/{call}/conversation")).await
    }

    /// The row of a call, once it has ended.
    pub async fn ended(&self, call: &str) -> Value {
        let path = format!("/api/call/{call}");
        let started = Instant::now();
        loop {
            let row = self.get(&path).await;
            if !row["ended_at"].is_null() {
                return row;
            }
            assert!(started.elapsed() < HOME, "the row never ended: {row}");
            actix_rt::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Proves that nothing is left over and nobody objected; then stops the engine.
    pub async fn finish(self) {
        let mut verdict = Verdict::default();
        self.stage.judge(&mut verdict);
        assert_eq!(verdict.violations, [""; 0]);
        self.close().await;
    }

    /// As `finish`, where the peers had reason to object.
    pub async fn close(self) {
        let started = Instant::now();
        loop {
            let vitals = self.engine.vitals().await.expect("vitals");
            let sockets = self.openai().open_sockets();
            let (calls, slots) = (vitals.census.calls, vitals.occupancy.calls + vitals.occupancy.models);
            if calls == 0 && slots == 0 && sockets == 0 {
                break;
            }
            assert!(started.elapsed() < HOME, "left over: {vitals:?}, {sockets} sockets at the model");
            actix_rt::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(self.engine.flush(HOME).await, "the queue of records is empty");
        self.running.drain().await;
        self.running.ended().await.expect("a clean end");
    }
}
