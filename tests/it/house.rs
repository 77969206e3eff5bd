//! An engine with both of its peers, for one test; nothing may be left of it at the end.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use alpha_call::actors::engine::Engine;
use alpha_call::app::{Application, Running};
use alpha_call::config::{Config, LoadOptions, load};
use alpha_call::session::event::TurnKind;
use alpha_call::sim::client::ApiClient;
use alpha_call::sim::openai::OpenAiControl;
use alpha_call::sim::scenario::CallerScript;
use alpha_call::sim::stage::{CALLER, Stage};
use alpha_call::sim::twilio::{CallHandle, CallIn};
use alpha_call::sim::verdict::Verdict;
use alpha_call::store::{HistoryFilter, StoredTurn};
use alpha_call::types::{CallId, CallStatus};
use sea_orm::{ConnectionTrait as _, Database, DbBackend, FromQueryResult as _, JsonValue, Statement};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

/// Nothing in a test takes longer.
pub const LONG: Duration = Duration::from_secs(60);
/// Slots, sockets and rows come home within this time after the last call.
const HOME: Duration = Duration::from_secs(10);

pub struct House {
    pub stage: Stage,
    pub engine: Engine,
    addr: SocketAddr,
    running: Running,
    folder: TempDir,
    unfinished: Unfinished,
}

impl House {
    pub async fn open() -> Self {
        Self::with(&[]).await
    }

    /// An engine whose environment has these variables too.
    pub async fn with(variables: &[(&str, &str)]) -> Self {
        let stage = Stage::start(1).expect("a stage");
        let folder = tempfile::tempdir().expect("a folder");
        Self::build(stage, folder, variables).await
    }

    /// An engine with these files in its folder.
    pub async fn with_files(files: &[(&str, &str)]) -> Self {
        let stage = Stage::start(1).expect("a stage");
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        Self::build(stage, folder, &[]).await
    }

    async fn build(stage: Stage, folder: TempDir, variables: &[(&str, &str)]) -> Self {
        let config = configuration(&stage, &folder, variables);
        alpha_call::telemetry::init(&config.log).expect("a filter");
        let app = Application::build(config).await.expect("an application");
        let (addr, engine) = (app.addr(), app.engine().clone());
        stage.twilio.set_engine(addr);
        Self { stage, engine, addr, running: app.run(), folder, unfinished: Unfinished(true) }
    }

    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
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

    /// The call and what was said in it, with all that was recorded so far.
    pub async fn conversation(&self, call: &str) -> Value {
        let record = self.record(call).await;
        let said = |turn: &Value| {
            let is_this = |stored: &&StoredTurn| json!([stored.epoch, stored.turn.seq]) == json!([turn["epoch"], turn["seq"]]);
            record.iter().find(is_this).is_none_or(|stored| stored.turn.kind == TurnKind::Message)
        };
        let mut conversation = self.get(&format!("/api/call/{call}/conversation")).await;
        conversation["turns"].as_array_mut().expect("turns").retain(said);
        conversation
    }

    /// Every turn of the call that was recorded so far, in order.
    pub async fn record(&self, call: &str) -> Vec<StoredTurn> {
        assert!(self.engine.flush(HOME).await, "records are written");
        let row = self.get(&format!("/api/call/{call}")).await;
        let id: CallId = row["id"].as_str().expect("an id").parse().expect("our id");
        self.engine.store().turns(id).await.expect("turns")
    }

    /// What the database holds: the first row of a query about the call of this name, as JSON.
    pub async fn columns(&self, sql: &str, name: &str) -> Value {
        let file = format!("sqlite://{}", self.folder.path().join("calls.db").display());
        let database = Database::connect(file).await.expect("the database");
        let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, [name.into()]);
        let row = JsonValue::find_by_statement(statement).one(&database).await.expect("an answer");
        row.expect("a row")
    }

    /// Changes what the database holds, behind the engine's back.
    pub async fn execute(&self, sql: &str) {
        let file = format!("sqlite://{}", self.folder.path().join("calls.db").display());
        let database = Database::connect(file).await.expect("the database");
        database.execute_unprepared(sql).await.expect("executed");
    }

    /// The row of a call, once `seen` is true of it.
    pub async fn row(&self, call: &str, seen: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/api/call/{call}");
        eventually("the row is as it should be", async || {
            let row = self.get(&path).await;
            if seen(&row) { Ok(row) } else { Err(row) }
        })
        .await
    }

    /// The row of a call, once it has ended.
    pub async fn ended(&self, call: &str) -> Value {
        self.row(call, |row| !row["ended_at"].is_null()).await
    }

    /// Stops this engine as SIGTERM would, and starts another one on the same database. Also, how long the stop took.
    pub async fn move_house(self) -> (Self, Duration) {
        let Self { stage, running, folder, mut unfinished, .. } = self;
        let started = Instant::now();
        running.drain().await;
        running.ended().await.expect("a clean end");
        let took = started.elapsed();
        unfinished.0 = false;
        (Self::build(stage, folder, &[]).await, took)
    }

    /// Of an engine that is broken for good nothing can be proved.
    pub fn give_up(mut self) -> Stage {
        self.unfinished.0 = false;
        self.stage
    }

    /// Proves that nothing is left over and nobody objected; then stops the engine.
    pub async fn finish(mut self) {
        eventually("no call is left, and no socket", async || self.is_empty().await).await;
        assert!(self.engine.flush(HOME).await, "the queue of records is empty");
        eventually("every call on record has ended", async || self.all_ended().await).await;
        let mut verdict = Verdict::default();
        self.stage.judge(&mut verdict);
        assert_eq!(verdict.violations, [""; 0]);
        self.unfinished.0 = false;
        self.running.drain().await;
        self.running.ended().await.expect("a clean end");
    }

    async fn is_empty(&self) -> Result<(), String> {
        let vitals = self.engine.vitals().await.expect("vitals");
        let health = self.api().get("/health").await.expect("an answer").body;
        let (phones, sockets) = (self.stage.twilio.live_calls(), self.openai().open_sockets());
        let slots = [&health["calls"]["active"], &health["model_connections"]["active"]];
        let warm = self.warm();
        let empty = vitals.census.calls == 0 && slots == [&json!(0), &json!(warm)] && phones == 0 && sockets == warm;
        if empty { Ok(()) } else { Err(format!("{:?}, {slots:?} slots, {phones} phones, {sockets} sockets", vitals.census)) }
    }

    /// Model sessions that wait for calls to come.
    fn warm(&self) -> usize {
        let config = self.engine.config();
        let spare = config.limits.max_openai_connections.saturating_sub(config.limits.max_concurrent_calls);
        let wanted = config.openai.warm_connections * config.server.workers;
        wanted.min(usize::try_from(spare).expect("a number"))
    }

    async fn all_ended(&self) -> Result<(), String> {
        let filter = |status| HistoryFilter { limit: 1, status: Some(status), ..HistoryFilter::default() };
        for status in [CallStatus::Initiated, CallStatus::Connected] {
            let open = self.engine.store().call_history(&filter(status)).await.map_err(|error| error.to_string())?;
            if open.total > 0 {
                return Err(format!("{} rows are still {status}", open.total));
            }
        }
        Ok(())
    }
}

fn configuration(stage: &Stage, folder: &TempDir, variables: &[(&str, &str)]) -> Config {
    let mut env = stage.environment();
    let file = format!("sqlite://{}?mode=rwc", folder.path().join("calls.db").display());
    let spool = folder.path().join("spool").display().to_string();
    let own = [
        ("DATABASE_URL", file.as_str()),
        ("SPOOL_FOLDER", spool.as_str()),
        ("PORT", "0"),
        ("RUST_LOG", "warn"),
        // A test asks more often than anybody else.
        ("APP__LIMITS__CALLS_PER_KEY_PER_MINUTE", "0"),
        ("APP__LIMITS__CALLS_PER_PREFIX_PER_MINUTE", "0"),
        ("APP__LIMITS__REQUESTS_PER_ADDRESS_PER_MINUTE", "0"),
        ("APP__LIMITS__FAILED_KEYS_PER_ADDRESS_PER_MINUTE", "0"),
        ("APP__OPENAI__WARM_CONNECTIONS", "0"),
        ("APP__OPENAI__RENDER_PHRASES", "false"),
    ];
    for (name, value) in own.iter().chain(variables) {
        env.insert((*name).to_owned(), (*value).to_owned());
    }
    env.retain(|_, value| !value.is_empty());
    let options = LoadOptions { root: folder.path().to_owned(), ..LoadOptions::default() };
    load(&env, &options).expect("a valid configuration").config
}

/// Asks until the answer is good; says what the last one was if none is.
pub async fn eventually<T, E: std::fmt::Display>(what: &str, ask: impl AsyncFn() -> Result<T, E>) -> T {
    eventually_within(HOME, what, ask).await
}

pub async fn eventually_within<T, E: std::fmt::Display>(limit: Duration, what: &str, ask: impl AsyncFn() -> Result<T, E>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        match ask().await {
            Ok(found) => return found,
            Err(instead) => assert!(Instant::now() < deadline, "not within {limit:?}: {what}; instead: {instead}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A test that ends without `finish` has proved nothing.
struct Unfinished(bool);

impl Drop for Unfinished {
    fn drop(&mut self) {
        assert!(!self.0 || std::thread::panicking(), "this test ends without House::finish");
    }
}

#[actix_rt::test]
#[should_panic(expected = "ends without House::finish")]
async fn a_test_that_leaves_its_house_without_finish_fails() {
    drop(House::open().await);
}
