//! The way to a collector: OTLP over HTTP, on the exporter's own thread.
//! <https://opentelemetry.io/docs/specs/otlp/#otlphttp>

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use ureq::Agent;

const LIMIT: Duration = Duration::from_secs(10);

/// Says once that the collector cannot be had, and once that it is back.
#[derive(Debug)]
pub struct OtlpClient {
    agent: Agent,
    is_away: AtomicBool,
}

impl OtlpClient {
    pub fn new() -> Self {
        let agent = Agent::config_builder().timeout_global(Some(LIMIT)).http_status_as_error(false).build().new_agent();
        Self { agent, is_away: AtomicBool::new(false) }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        let mut answer = self.agent.run(request.map(|body| body.to_vec()))?;
        let body = answer.body_mut().read_to_vec()?;
        Ok(answer.map(|_| Bytes::from(body)))
    }
}

#[async_trait::async_trait]
impl HttpClient for OtlpClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.send(request);
        let trouble = match &sent {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(answer.status().to_string()),
            Err(error) => Some(error.to_string()),
        };
        let was_away = self.is_away.swap(trouble.is_some(), Ordering::Relaxed);
        match trouble {
            Some(error) if !was_away => tracing::warn!(error, "traces are not exported: see OTEL_EXPORTER_OTLP_ENDPOINT"),
            None if was_away => tracing::info!("traces are exported again"),
            Some(_) | None => {}
        }
        Ok(sent?)
    }
}
