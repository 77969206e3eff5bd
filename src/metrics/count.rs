//! Where it is told what happened.

use std::sync::OnceLock;
use std::time::Duration;

use ::metrics::{Counter, counter, gauge, histogram};

use super::actors;
use super::catalogue::{
    BUILD, CALL_DURATION, CALLS, CALLS_ACTIVE, CALLS_REFUSED, CALLS_STARTED, DAY_SPEND, DEAD_LETTERS, DESCRIPTORS_USED, EVENTS,
    FIRST_AUDIO, FLEET_CALLS, FLEET_INSTANCES, FRAMES, FRAMES_DROPPED, HTTP_REQUESTS, HTTP_SECONDS, INTERRUPTIONS, LAG, LEASES_LOST,
    MALFORMED, MEMORY_USED, MODEL_CONNECTIONS, MODEL_RECONNECTS, MODELS_AWAY, NOTES, PHRASES_MISSING, POOL, REAPED, RESUMES, ROWS_FLUSH,
    ROWS_LOST, ROWS_OLDEST, ROWS_QUEUED, ROWS_RETRIED, ROWS_SPOOLED, ROWS_WRITTEN, SLOTS_LIMIT, SLOTS_USED, SPOOL_BYTES, SPOOL_VOLATILE,
    STREAMS_LOST, TOOL_CALLS, TOOL_SECONDS, TURN_LATENCY, WARM_SESSIONS, WARM_SESSIONS_USED, WEBHOOKS, WEBHOOKS_PENDING,
};
use crate::types::{ActorKind, Direction, HangupCause};

/// The side of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    Phone,
    Model,
}

/// From a peer to us, or from us to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    In,
    Out,
}

impl Leg {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Model => "model",
        }
    }

    const fn actor(self) -> ActorKind {
        match self {
            Self::Phone => ActorKind::TwilioStream,
            Self::Model => ActorKind::OpenAiSession,
        }
    }
}

impl Flow {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// What happens seldom is there all the same: a rate over a counter that has just appeared misses its first step.
/// <https://prometheus.io/docs/practices/instrumentation/#avoid-missing-metrics>
pub(super) fn begin_at_zero() {
    gauge!(BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    for name in [MODEL_RECONNECTS, WARM_SESSIONS_USED, LEASES_LOST, ROWS_WRITTEN, DEAD_LETTERS, EVENTS] {
        counter!(name).increment(0);
    }
    for name in [
        CALLS_ACTIVE,
        MODEL_CONNECTIONS,
        MODELS_AWAY,
        WARM_SESSIONS,
        PHRASES_MISSING,
        DAY_SPEND,
        FLEET_INSTANCES,
        FLEET_CALLS,
        WEBHOOKS_PENDING,
    ] {
        gauge!(name).set(0.0);
    }
    for name in [ROWS_QUEUED, ROWS_SPOOLED, ROWS_OLDEST, SPOOL_BYTES, SPOOL_VOLATILE, LAG, MEMORY_USED, DESCRIPTORS_USED] {
        gauge!(name).set(0.0);
    }
    for name in [TURN_LATENCY, FIRST_AUDIO, ROWS_FLUSH] {
        let _ = histogram!(name);
    }
    begin_calls();
    begin_parts();
    let _ = HOT.set(Hot::new());
}

fn begin_calls() {
    for direction in [Direction::Inbound, Direction::Outbound] {
        counter!(CALLS_STARTED, "direction" => direction.as_str()).increment(0);
        let _ = histogram!(CALL_DURATION, "direction" => direction.as_str());
        let ended = HangupCause::CallerHungUp;
        counter!(CALLS, "direction" => direction.as_str(), "outcome" => ended.status().as_str(), "cause" => ended.as_str()).increment(0);
    }
    for by in ["caller", "assistant"] {
        counter!(INTERRUPTIONS, "by" => by).increment(0);
    }
    for planned in ["true", "false"] {
        counter!(RESUMES, "planned" => planned).increment(0);
    }
    for outcome in ["redirected", "ended"] {
        counter!(REAPED, "outcome" => outcome).increment(0);
    }
    counter!(CALLS_REFUSED, "code" => "at_capacity").increment(0);
    counter!(STREAMS_LOST, "cause" => HangupCause::StreamLost.as_str()).increment(0);
    counter!(NOTES, "note" => "interrupted").increment(0);
    counter!(TOOL_CALLS, "tool" => "end_call", "outcome" => "ok").increment(0);
    let _ = histogram!(TOOL_SECONDS, "tool" => "end_call");
}

fn begin_parts() {
    for (leg, reason) in [(Leg::Phone, "call_not_ready"), (Leg::Phone, "call_behind"), (Leg::Model, "socket_slow")] {
        counter!(FRAMES_DROPPED, "leg" => leg.as_str(), "reason" => reason).increment(0);
    }
    for result in ["delivered", "failed", "given_up"] {
        counter!(WEBHOOKS, "result" => result).increment(0);
    }
    for place in ["spool", "database"] {
        counter!(ROWS_RETRIED, "place" => place).increment(0);
    }
    for leg in [Leg::Phone, Leg::Model] {
        counter!(MALFORMED, "leg" => leg.as_str(), "kind" => "message").increment(0);
    }
    counter!(ROWS_LOST, "kind" => "turn").increment(0);
    slots("call", 0, 0);
    slots("model", 0, 0);
    pool(0, 0);
    counter!(HTTP_REQUESTS, "route" => "/metrics", "method" => "GET", "status" => "200").increment(0);
    let _ = histogram!(HTTP_SECONDS, "route" => "/metrics", "method" => "GET");
}

pub fn call_started(direction: Direction) {
    counter!(CALLS_STARTED, "direction" => direction.as_str()).increment(1);
}

pub fn call_ended(direction: Direction, cause: HangupCause) {
    let (direction, outcome, cause) = (direction.as_str(), cause.status().as_str(), cause.as_str());
    counter!(CALLS, "direction" => direction, "outcome" => outcome, "cause" => cause).increment(1);
}

/// From the start of its first stream on.
pub fn call_duration(direction: Direction, took: Duration) {
    histogram!(CALL_DURATION, "direction" => direction.as_str()).record(took.as_secs_f64());
}

/// `code` is the refusal's.
pub fn call_refused(code: &'static str) {
    counter!(CALLS_REFUSED, "code" => code).increment(1);
}

pub fn stream_lost(cause: HangupCause) {
    counter!(STREAMS_LOST, "cause" => cause.as_str()).increment(1);
}

pub fn calls_active(n: usize) {
    gauge!(CALLS_ACTIVE).set(n as f64);
}

pub fn model_connections(n: usize) {
    gauge!(MODEL_CONNECTIONS).set(n as f64);
}

pub fn turn_latency(latency: Duration) {
    histogram!(TURN_LATENCY).record(latency.as_secs_f64());
}

pub fn first_audio(after: Duration) {
    histogram!(FIRST_AUDIO).record(after.as_secs_f64());
}

/// On the path of every frame: the counters are made once.
pub fn frames(leg: Leg, direction: Flow, n: u64) {
    if let Some(hot) = HOT.get() {
        hot.frames(leg, direction).increment(n);
    }
}

pub fn phrases_missing(n: usize) {
    gauge!(PHRASES_MISSING).set(n as f64);
}

/// In billionths of a US dollar.
pub fn day_spend(nanos: u64) {
    gauge!(DAY_SPEND).set(nanos as f64 / 1e9);
}

pub fn leases_lost(n: usize) {
    counter!(LEASES_LOST).increment(n as u64);
}

/// How hard this process works.
pub fn strain(lag: Duration, memory_percent: Option<u8>, descriptors_percent: Option<u8>) {
    gauge!(LAG).set(lag.as_secs_f64());
    let share = |percent: Option<u8>| percent.map_or(0.0, |percent| f64::from(percent) / 100.0);
    gauge!(MEMORY_USED).set(share(memory_percent));
    gauge!(DESCRIPTORS_USED).set(share(descriptors_percent));
}

/// Another stream goes on with a call.
pub fn resumed(planned: bool) {
    counter!(RESUMES, "planned" => if planned { "true" } else { "false" }).increment(1);
}

/// A call that nobody carried was brought back, or ended.
pub fn reaped(outcome: &'static str) {
    counter!(REAPED, "outcome" => outcome).increment(1);
}

/// What happened in calls got its place.
pub fn events_published(count: u64) {
    counter!(EVENTS).increment(count);
}

/// `result` is `delivered`, `failed` or `given_up`.
pub fn webhook_tried(result: &'static str) {
    counter!(WEBHOOKS, "result" => result).increment(1);
}

pub fn webhooks_pending(count: u64) {
    gauge!(WEBHOOKS_PENDING).set(count as f64);
}

pub fn models_away(n: usize) {
    gauge!(MODELS_AWAY).set(n as f64);
}

/// So many more of them wait.
pub fn warm_sessions(change: f64) {
    gauge!(WARM_SESSIONS).increment(change);
}

/// A call got a model session that was connected already.
pub fn warm_session_used() {
    counter!(WARM_SESSIONS_USED).increment(1);
}

pub fn frame_dropped(leg: Leg, reason: &'static str) {
    actors::frame_dropped(leg.actor());
    counter!(FRAMES_DROPPED, "leg" => leg.as_str(), "reason" => reason).increment(1);
}

/// `kind` is a word of ours, never what the peer sent.
pub fn malformed(leg: Leg, kind: &'static str) {
    counter!(MALFORMED, "leg" => leg.as_str(), "kind" => kind).increment(1);
}

pub fn note(word: &'static str) {
    counter!(NOTES, "note" => word).increment(1);
    match word {
        "interrupted" => counter!(INTERRUPTIONS, "by" => "caller").increment(1),
        "talked_over" => counter!(INTERRUPTIONS, "by" => "assistant").increment(1),
        "model_reconnected" => counter!(MODEL_RECONNECTS).increment(1),
        _ => {}
    }
}

/// Permits of the governor.
pub fn slots(kind: &'static str, used: u32, limit: u32) {
    gauge!(SLOTS_USED, "kind" => kind).set(f64::from(used));
    gauge!(SLOTS_LIMIT, "kind" => kind).set(f64::from(limit));
}

pub fn fleet(instances: u32, calls: u32) {
    gauge!(FLEET_INSTANCES).set(f64::from(instances));
    gauge!(FLEET_CALLS).set(f64::from(calls));
}

/// Connections to the database.
pub fn pool(used: u32, idle: u32) {
    gauge!(POOL, "state" => "used").set(f64::from(used));
    gauge!(POOL, "state" => "idle").set(f64::from(idle));
}

pub fn rows_queued(waiting: usize, spooled: u64) {
    gauge!(ROWS_QUEUED).set(waiting as f64);
    gauge!(ROWS_SPOOLED).set(spooled as f64);
}

pub fn rows_written(n: u64, took: Duration) {
    counter!(ROWS_WRITTEN).increment(n);
    histogram!(ROWS_FLUSH).record(took.as_secs_f64());
}

/// `place` is `spool` or `database`.
pub fn rows_retried(place: &'static str) {
    counter!(ROWS_RETRIED, "place" => place).increment(1);
}

pub fn row_lost(kind: &'static str) {
    counter!(ROWS_LOST, "kind" => kind).increment(1);
}

pub fn dead_letter() {
    counter!(DEAD_LETTERS).increment(1);
}

pub fn oldest_row(age: Duration) {
    gauge!(ROWS_OLDEST).set(age.as_secs_f64());
}

pub fn spool_bytes(used: u64, durable: bool) {
    gauge!(SPOOL_BYTES).set(used as f64);
    gauge!(SPOOL_VOLATILE).set(if durable { 0.0 } else { 1.0 });
}

/// `tool` is the name of one that is configured, never what the model made up.
pub fn tool_used(tool: &str, outcome: &'static str, took: Duration) {
    counter!(TOOL_CALLS, "tool" => tool.to_owned(), "outcome" => outcome).increment(1);
    histogram!(TOOL_SECONDS, "tool" => tool.to_owned()).record(took.as_secs_f64());
}

/// `route` is the pattern that matched, `/api/call/{call_sid}/conversation`, and never the path itself.
pub fn http_request(route: &str, method: &str, status: u16, took: Duration) {
    let method = known_method(method);
    let labels = [("route", route.to_owned()), ("method", method.to_owned()), ("status", status.to_string())];
    counter!(HTTP_REQUESTS, &labels).increment(1);
    histogram!(HTTP_SECONDS, "route" => route.to_owned(), "method" => method).record(took.as_secs_f64());
}

/// A method is whatever the client writes: RFC 9110 section 9 names those that count.
fn known_method(method: &str) -> &'static str {
    const KNOWN: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("other")
}

static HOT: OnceLock<Hot> = OnceLock::new();

/// Counters of the audio path.
struct Hot {
    phone_in: Counter,
    phone_out: Counter,
    model_in: Counter,
    model_out: Counter,
}

impl Hot {
    fn new() -> Self {
        let frames = |leg: Leg, flow: Flow| counter!(FRAMES, "leg" => leg.as_str(), "direction" => flow.as_str());
        Self {
            phone_in: frames(Leg::Phone, Flow::In),
            phone_out: frames(Leg::Phone, Flow::Out),
            model_in: frames(Leg::Model, Flow::In),
            model_out: frames(Leg::Model, Flow::Out),
        }
    }

    const fn frames(&self, leg: Leg, flow: Flow) -> &Counter {
        match (leg, flow) {
            (Leg::Phone, Flow::In) => &self.phone_in,
            (Leg::Phone, Flow::Out) => &self.phone_out,
            (Leg::Model, Flow::In) => &self.model_in,
            (Leg::Model, Flow::Out) => &self.model_out,
        }
    }
}
