//! What is counted, for Prometheus.

mod actors;
mod catalogue;
mod count;

use std::sync::OnceLock;

use ::metrics::set_global_recorder;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

pub use actors::{ActorFigures, Handling, Waiting, actor_figures, actor_panicked, actor_restarted, actor_started, actor_stopped, handling};
pub use catalogue::{ALL, Kind, Metric};
pub use count::{
    Flow, Leg, call_duration, call_ended, call_refused, call_started, calls_active, day_spend, dead_letter, events_published, first_audio,
    fleet, frame_dropped, frames, http_request, leases_lost, malformed, model_connections, models_away, note, oldest_row, phrases_missing,
    pool, reaped, resumed, row_lost, rows_queued, rows_retried, rows_written, slots, spool_bytes, strain, stream_lost, tool_used,
    turn_latency, warm_session_used, warm_sessions, webhook_tried, webhooks_pending,
};

/// Seconds. People notice a pause from about half a second on.
const LATENCY_BUCKETS: [f64; 11] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0];
const CALL_BUCKETS: [f64; 10] = [5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_200.0, 1_800.0, 3_600.0];
const HTTP_BUCKETS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];
const HANDLING_BUCKETS: [f64; 10] = [1e-6, 5e-6, 1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 5e-3, 0.02, 0.1];

/// The recorder of this process, to be rendered.
#[derive(Clone)]
pub struct Handle(PrometheusHandle);

/// Starts counting. Later calls give the same handle. What was counted before is lost.
pub fn install() -> Handle {
    static HANDLE: OnceLock<Handle> = OnceLock::new();
    HANDLE.get_or_init(start).clone()
}

/// The Prometheus text format, version 0.0.4.
#[must_use]
pub fn render(handle: &Handle) -> String {
    actors::publish();
    handle.0.render()
}

/// Moves what was measured into its buckets. Without it, or a `render`, now and then, measurements pile up.
pub fn upkeep(handle: &Handle) {
    handle.0.run_upkeep();
}

fn start() -> Handle {
    let recorder = recorder();
    let handle = Handle(recorder.handle());
    if set_global_recorder(recorder).is_err() {
        tracing::warn!("another metrics recorder is installed, nothing will be counted here");
    }
    catalogue::describe();
    count::begin_at_zero();
    actors::begin();
    handle
}

fn recorder() -> PrometheusRecorder {
    let buckets: [(&str, &[f64]); 7] = [
        (catalogue::TURN_LATENCY, &LATENCY_BUCKETS),
        (catalogue::FIRST_AUDIO, &LATENCY_BUCKETS),
        (catalogue::ROWS_FLUSH, &LATENCY_BUCKETS),
        (catalogue::TOOL_SECONDS, &LATENCY_BUCKETS),
        (catalogue::CALL_DURATION, &CALL_BUCKETS),
        (catalogue::HTTP_SECONDS, &HTTP_BUCKETS),
        (catalogue::ACTOR_HANDLING, &HANDLING_BUCKETS),
    ];
    let builder = buckets.into_iter().try_fold(PrometheusBuilder::new(), |builder, (name, buckets)| {
        builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), buckets)
    });
    builder.unwrap_or_else(|_| PrometheusBuilder::new()).build_recorder()
}

#[cfg(test)]
mod tests;
