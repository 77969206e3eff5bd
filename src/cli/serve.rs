//! `alpha-call serve`: the real service.

use super::screen::complain;
use crate::app::Application;
use crate::config::Loaded;
use crate::telemetry;

pub async fn serve(loaded: Loaded) -> i32 {
    let Loaded { config, warnings, .. } = loaded;
    if let Err(error) = telemetry::init(&config.log) {
        complain(&format!("logging cannot be set up: {error}"));
    }
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    for missing in config.missing() {
        tracing::warn!(variable = missing.variable, "not set, needed for real calls: {}", missing.meaning);
    }
    let app = match Application::build(config).await {
        Ok(app) => app,
        Err(error) => {
            complain(&format!("alpha-call cannot start: {error}"));
            return 1;
        }
    };
    tracing::info!(url = %format!("http://{}", app.addr()), environment = %app.engine().config().environment, "listening");
    match run_until_told(app).await {
        Ok(()) => 0,
        Err(error) => {
            complain(&format!("alpha-call ended: {error}"));
            1
        }
    }
}

/// Serves until told to stop; told twice, it stops at once.
pub async fn run_until_told(app: Application) -> std::io::Result<()> {
    let running = app.run();
    told_to_stop().await;
    tokio::select! {
        () = running.drain() => {}
        () = told_to_stop() => running.halt().await,
    }
    running.ended().await
}

/// SIGTERM from a platform, SIGINT from a keyboard.
pub async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        tracing::error!("signals cannot be heard, stop the process by SIGKILL");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
