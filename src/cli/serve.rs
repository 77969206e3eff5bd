//! `alpha-call serve`: the real service.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::screen::complain;
use crate::app::Application;
use crate::config::Loaded;
use crate::telemetry::{self, trace::collect};

pub async fn serve(loaded: Loaded) -> i32 {
    let Loaded { config, warnings, .. } = loaded;
    if let Err(error) = telemetry::init(&config.log) {
        complain(&format!("logging cannot be set up: {error}"));
    }
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    for missing in config.missing() {
        tracing::warn!(variable = missing.variable, "not set, needed for real calls: {}", missing.meaning);
    }
    // Heard from here on: one that comes while we start must not kill us.
    let mut stop = match StopSignals::listen() {
        Ok(stop) => stop,
        Err(error) => {
            complain(&format!("alpha-call cannot hear signals: {error}"));
            return 1;
        }
    };
    let app = match Application::build(config).await {
        Ok(app) => app,
        Err(error) => {
            complain(&format!("alpha-call cannot start: {error}"));
            return 1;
        }
    };
    let _collecting = match collect(app.engine().instance()) {
        Ok(collecting) => collecting,
        Err(error) => {
            complain(&format!("traces cannot be exported, see OTEL_EXPORTER_OTLP_ENDPOINT: {error}"));
            return 1;
        }
    };
    tracing::info!(url = %format!("http://{}", app.addr()), environment = %app.engine().config().environment, "listening");
    match run_until_told(app, &mut stop).await {
        Ok(()) => 0,
        Err(error) => {
            complain(&format!("alpha-call ended: {error}"));
            1
        }
    }
}

/// Serves until told to stop; told twice, it stops at once.
async fn run_until_told(app: Application, stop: &mut StopSignals) -> std::io::Result<()> {
    let running = app.run();
    stop.told().await;
    tokio::select! {
        () = running.drain() => {}
        () = stop.told() => running.halt().await,
    }
    running.ended().await
}

/// SIGTERM from a platform, SIGINT from a keyboard.
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// From now on neither of them kills the process.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    pub async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
