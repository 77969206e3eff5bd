//! The real engine between simulated peers, on a database of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use crate::actors::engine::Engine;
use crate::app::{Application, BuildError, Running};
use crate::config::{Config, Invalid, LoadOptions, load};
use crate::sim::client::ApiClient;
use crate::sim::stage::{Stage, StageError};
use crate::telemetry::{self, TelemetryError};

/// Rendering takes a few seconds with a simulated model.
const PREPARED: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);

/// What a rehearsal is to have that others have not.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// 0 for any free port.
    pub port: u16,
    /// The SQLite file; a temporary one if none is named.
    pub file: Option<PathBuf>,
    /// Variables beside those that name the peers.
    pub variables: Vec<(String, String)>,
    /// The text of `config/assistants/NAME.toml`, by name.
    pub assistants: Vec<(String, String)>,
}

#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    #[error(transparent)]
    Stage(#[from] StageError),
    #[error(transparent)]
    Config(#[from] Invalid),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// An engine that serves, until [`Rehearsal::end`].
pub struct Rehearsal {
    pub stage: Stage,
    pub engine: Engine,
    pub addr: SocketAddr,
    pub file: PathBuf,
    running: Running,
    /// Holds the temporary database.
    _scratch: TempDir,
}

impl Rehearsal {
    pub async fn start(plan: Plan) -> Result<Self, RehearsalError> {
        Self::start_on(Stage::start(fresh_seed())?, plan).await
    }

    /// Between these peers.
    pub async fn start_on(stage: Stage, plan: Plan) -> Result<Self, RehearsalError> {
        let scratch = tempfile::tempdir()?;
        let assistants = scratch.path().join("config/assistants");
        for (name, text) in &plan.assistants {
            std::fs::create_dir_all(&assistants)?;
            std::fs::write(assistants.join(format!("{name}.toml")), text)?;
        }
        let file = std::path::absolute(plan.file.clone().unwrap_or_else(|| scratch.path().join("alpha-call.db")))?;
        let config = configuration(&stage, &plan, &file, scratch.path())?;
        telemetry::init(&config.log)?;
        let app = Application::build(config).await?;
        let (addr, engine) = (app.addr(), app.engine().clone());
        stage.twilio.set_engine(addr);
        Ok(Self { stage, engine, addr, file, running: app.run(), _scratch: scratch })
    }

    /// From now on greetings are played at once; the engine tells by its metrics.
    pub async fn until_phrases_are_known(&self) -> std::io::Result<()> {
        self.until_metrics_say("alpha_call_phrases_missing 0").await
    }

    /// The engine is as this line of its metrics says.
    pub async fn until_metrics_say(&self, wanted: &str) -> std::io::Result<()> {
        let deadline = Instant::now() + PREPARED;
        while Instant::now() < deadline {
            let metrics = ApiClient::new(self.addr).get("/metrics").await?.body;
            if metrics.as_str().is_some_and(|text| text.lines().any(|line| line == wanted)) {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(std::io::Error::other(format!("the metrics of the engine never said `{wanted}`")))
    }

    /// Brings the records home, and stops; with calls still live it was broken off, and nobody waits for them.
    pub async fn end(self) -> std::io::Result<()> {
        if self.stage.twilio.live_calls() == 0 {
            self.running.drain().await;
        } else {
            self.running.halt().await;
        }
        self.running.ended().await
    }
}

/// A database that is kept must not see the SIDs of an earlier run again.
pub fn fresh_seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() ^ (u64::from(since.subsec_nanos()) << 32)
}

/// Nothing of this machine's configuration counts: a rehearsal is the same everywhere.
fn configuration(stage: &Stage, plan: &Plan, file: &Path, root: &Path) -> Result<Config, Invalid> {
    let mut env = stage.environment();
    env.insert("DATABASE_URL".to_owned(), format!("sqlite://{}?mode=rwc", file.display()));
    env.insert("SPOOL_FOLDER".to_owned(), root.join("spool").display().to_string());
    env.insert("PORT".to_owned(), plan.port.to_string());
    env.insert("RUST_LOG".to_owned(), std::env::var("RUST_LOG").unwrap_or_else(|_| "error".to_owned()));
    env.extend(plan.variables.iter().cloned());
    Ok(load(&env, &LoadOptions { root: root.to_owned(), ..LoadOptions::default() })?.config)
}
