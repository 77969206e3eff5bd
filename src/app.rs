//! Build, serve, drain.

use std::any::Any;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_cors::Cors;
use actix_web::dev::{Extensions, Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpServer};
use tokio::task::JoinHandle;
use tracing_actix_web::TracingLogger;

use crate::actors::engine::{Engine, WarmPlan, keep_warm};
use crate::actors::logger::LoggerActor;
use crate::actors::strain::Load;
use crate::config::Config;
use crate::http::{ALLOWED, Doors, EXPOSED, RequestSpan, hurry, limit, observe, webhook_body};
use crate::metrics;
use crate::realtime::socket::install_tls_provider;
use crate::store::{CallStore, Spool, SpoolSettings, StoreError, black_box};

/// For requests under way when the server stops; streams are closed before.
const SHUTDOWN_S: u64 = 2;
/// A phone that takes nothing for so long is gone: else its actor would wait for ever.
const USER_TIMEOUT: Duration = Duration::from_secs(10);
/// For a connection to be closed in order.
const DISCONNECT: Duration = Duration::from_secs(1);
const UPKEEP: Duration = Duration::from_secs(5);
const MIGRATION_PAUSE: Duration = Duration::from_secs(2);
/// How often hours that have passed are counted, and how many of them without a look at the calls.
const SUMMARY_PAUSE: Duration = Duration::from_secs(300);
const SUMMARY_HOURS: usize = 48;

/// A service that is bound and ready to run.
pub struct Application {
    server: Server,
    engine: Engine,
    addr: SocketAddr,
    drain: Duration,
    black_box: Option<Spool>,
}

#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("cannot listen on {addr}: {error}")]
    Bind { addr: SocketAddr, error: std::io::Error },
    #[error("database: {0}")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Application {
    /// Binds first, so that nothing else is touched if the port is taken.
    pub async fn build(config: Config) -> Result<Self, BuildError> {
        install_tls_provider();
        let asked = SocketAddr::new(config.server.host, config.server.port);
        let listener = TcpListener::bind(asked).map_err(|error| BuildError::Bind { addr: asked, error })?;
        let (addr, drain) = (listener.local_addr()?, config.server.drain);
        let store = open_store(&config).await?;
        actix_rt::spawn(summarise(store.clone()));
        let metrics = metrics::install();
        let spool = Spool::open(&store, &spool_settings(&config)).await?;
        let logger = LoggerActor::new(store.clone(), spool.clone()).await?;
        let black_box = config.spool.black_box.then_some(spool);
        let engine = Engine::start(config, store, logger);
        engine.send_webhooks(webhook_body);
        let doors = Doors::new(engine.clone(), metrics.clone());
        let kept = doors.clone();
        actix_rt::spawn(async move {
            loop {
                actix_rt::time::sleep(UPKEEP).await;
                metrics::upkeep(&metrics);
                kept.tidy();
            }
        });
        Ok(Self { server: listen(listener, doors, engine.warm_plan(), engine.load().clone())?, engine, addr, drain, black_box })
    }

    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Begins to serve.
    #[must_use]
    pub fn run(self) -> Running {
        let handle = self.server.handle();
        Running { serving: actix_rt::spawn(self.server), handle, engine: self.engine, drain: self.drain, black_box: self.black_box }
    }
}

/// A service that answers.
pub struct Running {
    serving: JoinHandle<std::io::Result<()>>,
    handle: ServerHandle,
    engine: Engine,
    drain: Duration,
    /// What is left in it at the end goes to stdout.
    black_box: Option<Spool>,
}

impl Running {
    /// Hands the calls over, brings the records home, then stops.
    pub async fn drain(&self) {
        tracing::info!(drain_seconds = self.drain.as_secs_f64(), "draining");
        if !self.engine.drain(self.drain).await {
            tracing::warn!("not everything was handed over in time");
            self.write_black_box().await;
        }
        self.handle.stop(true).await;
        self.engine.stop().await;
    }

    async fn write_black_box(&self) {
        let Some(spool) = &self.black_box else { return };
        match black_box::write(spool, std::io::stdout()).await {
            Ok(rows) => tracing::warn!(rows, "rows left in the spool were written to stdout: alpha-call db import reads them"),
            Err(error) => tracing::error!(%error, "rows left in the spool are lost with this disk"),
        }
    }

    /// Stops without a word to anybody.
    pub async fn halt(&self) {
        tracing::warn!("stopped at once");
        self.handle.stop(false).await;
    }

    /// Waits until the server has stopped.
    pub async fn ended(self) -> std::io::Result<()> {
        self.serving.await.map_err(std::io::Error::other)?
    }
}

fn listen(listener: TcpListener, doors: Doors, warm: Option<WarmPlan>, load: Load) -> std::io::Result<Server> {
    let settings = doors.server();
    let (origins, patience) = (settings.cors_origins, settings.client_timeout);
    let server = HttpServer::new(move || {
        let doors = doors.clone();
        // Once on every thread that carries calls.
        if let Some(plan) = warm.clone() {
            keep_warm(plan);
        }
        load.watch();
        App::new()
            .wrap(from_fn(move |request, next| hurry(request, next, patience)))
            .wrap(from_fn(limit))
            .wrap(cors(&origins))
            .wrap(from_fn(observe))
            .wrap(TracingLogger::<RequestSpan>::new())
            .configure(move |app| doors.configure(app))
    })
    .disable_signals()
    .tcp_nodelay(true)
    .client_request_timeout(settings.client_timeout)
    .client_disconnect_timeout(DISCONNECT)
    .keep_alive(settings.keep_alive)
    .max_connections(settings.max_connections)
    .on_connect(tune)
    .shutdown_timeout(SHUTDOWN_S);
    let server = if settings.workers == 0 { server } else { server.workers(settings.workers) };
    Ok(server.listen(listener)?.run())
}

/// Pages of these hosts alone may use the API, with a key that they are given: browsers send no credentials of their own along.
/// None is named by default.
fn cors(origins: &[String]) -> Cors {
    let methods = Cors::default().allowed_methods(["GET", "POST", "DELETE"]).allowed_headers(ALLOWED).expose_headers(EXPOSED);
    origins.iter().fold(methods.max_age(3_600), |cors, origin| cors.allowed_origin(origin))
}

fn tune(connection: &dyn Any, _: &mut Extensions) {
    #[cfg(target_os = "linux")]
    if let Some(stream) = connection.downcast_ref::<TcpStream>()
        && let Err(error) = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(USER_TIMEOUT))
    {
        tracing::debug!(%error, "user timeout of a connection not set");
    }
}

fn spool_settings(config: &Config) -> SpoolSettings {
    SpoolSettings { folder: config.spool.folder.clone(), max_bytes: config.spool.max_bytes }
}

/// A file that cannot be opened is an error; a server that is away is waited for, meanwhile `/health` says so.
async fn open_store(config: &Config) -> Result<CallStore, BuildError> {
    let database = &config.database;
    let store = CallStore::open(&database.into())?;
    match store.migrate().await {
        Ok(()) => {}
        Err(error) if error.is_outage() && !database.url.is_sqlite() => {
            tracing::error!(%error, "database is not available, trying on");
            actix_rt::spawn(migrate_later(store.clone()));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(store)
}

/// Counts hours before anybody asks for them. The work is done on the database runtime.
async fn summarise(store: CallStore) {
    loop {
        match store.summarise(SUMMARY_HOURS).await {
            Ok(0) => actix_rt::time::sleep(SUMMARY_PAUSE).await,
            Ok(hours) => tracing::debug!(hours, "hours counted"),
            Err(error) => {
                tracing::debug!(%error, "hours not counted");
                actix_rt::time::sleep(SUMMARY_PAUSE).await;
            }
        }
    }
}

async fn migrate_later(store: CallStore) {
    while let Err(error) = store.migrate().await {
        tracing::warn!(%error, "database is still not available");
        actix_rt::time::sleep(MIGRATION_PAUSE).await;
    }
    tracing::info!("database is available");
}
