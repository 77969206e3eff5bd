//! What is counted, and under which names. Labels are few fixed words: never a number, a sid or a path.

use std::sync::OnceLock;
use std::time::Duration;

use ::metrics::{Counter, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram, set_global_recorder};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::types::{Direction, HangupCause};

pub const CALLS_STARTED: &str = "alpha_call_calls_started_total";
pub const CALLS_ENDED: &str = "alpha_call_calls_ended_total";
pub const STREAMS_LOST: &str = "alpha_call_streams_lost_total";
pub const CALLS_ACTIVE: &str = "alpha_call_calls_active";
pub const MODEL_CONNECTIONS: &str = "alpha_call_model_connections";
pub const TURN_LATENCY: &str = "alpha_call_turn_latency_seconds";
pub const FIRST_AUDIO: &str = "alpha_call_first_audio_seconds";
pub const FRAMES: &str = "alpha_call_media_frames_total";
pub const FRAMES_DROPPED: &str = "alpha_call_media_frames_dropped_total";
pub const MALFORMED: &str = "alpha_call_malformed_messages_total";
pub const NOTES: &str = "alpha_call_notes_total";
pub const PHRASES_MISSING: &str = "alpha_call_phrases_missing";
pub const LAG: &str = "alpha_call_scheduler_lag_seconds";
pub const MEMORY_USED: &str = "alpha_call_memory_used_ratio";
pub const DESCRIPTORS_USED: &str = "alpha_call_descriptors_used_ratio";
pub const RESUMES: &str = "alpha_call_resumes_total";
pub const REAPED: &str = "alpha_call_reaped_calls_total";
pub const EVENTS: &str = "alpha_call_events_published_total";
pub const WEBHOOKS: &str = "alpha_call_webhook_deliveries_total";
pub const WEBHOOKS_PENDING: &str = "alpha_call_webhook_deliveries_pending";
pub const LEASES_LOST: &str = "alpha_call_leases_lost_total";
pub const MODELS_AWAY: &str = "alpha_call_models_away";
pub const WARM_SESSIONS: &str = "alpha_call_warm_sessions";
pub const WARM_SESSIONS_USED: &str = "alpha_call_warm_sessions_used_total";
pub const ACTORS: &str = "alpha_call_actors";
pub const ACTORS_RESTARTED: &str = "alpha_call_actors_restarted_total";
pub const ACTORS_STOPPED: &str = "alpha_call_actors_stopped_total";
pub const ROWS_QUEUED: &str = "alpha_call_rows_queued";
pub const ROWS_SPOOLED: &str = "alpha_call_rows_spooled";
pub const ROWS_WRITTEN: &str = "alpha_call_rows_written_total";
pub const ROWS_RETRIED: &str = "alpha_call_rows_retries_total";
pub const ROWS_LOST: &str = "alpha_call_rows_lost_total";
pub const DEAD_LETTERS: &str = "alpha_call_dead_letters_total";
pub const ROWS_OLDEST: &str = "alpha_call_rows_oldest_seconds";
pub const ROWS_FLUSH: &str = "alpha_call_rows_flush_seconds";
pub const SPOOL_BYTES: &str = "alpha_call_spool_bytes";
pub const SPOOL_VOLATILE: &str = "alpha_call_spool_volatile";
pub const DAY_SPEND: &str = "alpha_call_day_spend_usd";
pub const TOOL_CALLS: &str = "alpha_call_tool_calls_total";
pub const TOOL_SECONDS: &str = "alpha_call_tool_seconds";
pub const HTTP_REQUESTS: &str = "alpha_call_http_requests_total";

/// Seconds. People notice a pause from about half a second on.
const LATENCY_BUCKETS: [f64; 11] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0];

/// The recorder of this process, to be rendered.
#[derive(Clone)]
pub struct Handle(PrometheusHandle);

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

/// Starts counting. Later calls give the same handle. What was counted before is lost.
pub fn install() -> Handle {
    static HANDLE: OnceLock<Handle> = OnceLock::new();
    HANDLE.get_or_init(start).clone()
}

/// The Prometheus text format, version 0.0.4.
#[must_use]
pub fn render(handle: &Handle) -> String {
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
    describe();
    begin_at_zero();
    let _ = HOT.set(Hot::new());
    handle
}

/// What happens seldom is there all the same: a rate over a counter that has just appeared misses its first step.
/// <https://prometheus.io/docs/practices/instrumentation/#avoid-missing-metrics>
fn begin_at_zero() {
    for direction in [Direction::Inbound, Direction::Outbound] {
        counter!(CALLS_STARTED, "direction" => direction.as_str()).increment(0);
    }
    for (leg, reason) in [(Leg::Phone, "call_not_ready"), (Leg::Phone, "call_behind"), (Leg::Model, "socket_slow")] {
        counter!(FRAMES_DROPPED, "leg" => leg.as_str(), "reason" => reason).increment(0);
    }
    counter!(DEAD_LETTERS).increment(0);
    for result in ["delivered", "failed", "given_up"] {
        counter!(WEBHOOKS, "result" => result).increment(0);
    }
    for place in ["spool", "database"] {
        counter!(ROWS_RETRIED, "place" => place).increment(0);
    }
    for leg in [Leg::Phone, Leg::Model] {
        counter!(MALFORMED, "leg" => leg.as_str(), "kind" => "message").increment(0);
    }
}

fn recorder() -> PrometheusRecorder {
    let buckets = |builder: PrometheusBuilder, name: &str| builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), &LATENCY_BUCKETS);
    let names = [TURN_LATENCY, FIRST_AUDIO, ROWS_FLUSH, TOOL_SECONDS];
    let builder = names.iter().try_fold(PrometheusBuilder::new(), |builder, name| buckets(builder, name));
    builder.unwrap_or_else(|_| PrometheusBuilder::new()).build_recorder()
}

/// Tells the recorder what each name means.
pub fn describe() {
    describe_counter!(CALLS_STARTED, "Calls that reached their stream, by direction");
    describe_counter!(CALLS_ENDED, "Calls that ended, by direction and cause");
    describe_counter!(STREAMS_LOST, "Streams that ended before their call did, by cause");
    describe_gauge!(CALLS_ACTIVE, "Calls alive on this instance");
    describe_gauge!(MODEL_CONNECTIONS, "Model sessions open on this instance, warm ones included");
    describe_histogram!(TURN_LATENCY, Unit::Seconds, "From the end of the caller's speech to the first audio of the answer");
    describe_histogram!(FIRST_AUDIO, Unit::Seconds, "From the start of a stream to the first audio of the assistant");
    describe_counter!(FRAMES, "Media messages, by leg and direction");
    describe_counter!(FRAMES_DROPPED, "Audio frames given up, by leg and reason");
    describe_counter!(MALFORMED, "Messages of a peer that could not be read, by leg and kind");
    describe_gauge!(PHRASES_MISSING, "Phrases of the assistants that are still to be rendered");
    describe_gauge!(LAG, "By how much timers of the threads that carry calls were late of late, at worst");
    describe_gauge!(MEMORY_USED, "Share of the memory that the process may have, 0 without a limit");
    describe_gauge!(DESCRIPTORS_USED, "Share of the open files that the process may have");
    describe_counter!(RESUMES, "Streams that went on with a call, by whether we wanted the one before to end");
    describe_counter!(EVENTS, "Events of calls that were given to those who watch, by this instance");
    describe_counter!(WEBHOOKS, "Tries to deliver an event: `delivered`, `failed` (it is tried again) or `given_up`");
    describe_gauge!(WEBHOOKS_PENDING, "Events on all instances that are not delivered yet");
    describe_counter!(REAPED, "Calls that nobody carried: `redirected` to another stream, or `ended`");
    describe_counter!(LEASES_LOST, "Slots of calls alive here that another instance may have taken, since they were not renewed in time");
    describe_gauge!(MODELS_AWAY, "Models that new calls do without, since they could not be had");
    describe_gauge!(DAY_SPEND, "US dollars that the calls of the UTC day have cost on all instances, where a budget is set");
    describe_gauge!(WARM_SESSIONS, "Model sessions that are connected and wait for a call");
    describe_counter!(WARM_SESSIONS_USED, "Calls that got a model session which was connected already");
    describe_counter!(NOTES, "Events within calls that are worth counting, by word");
    describe_gauge!(ACTORS, "Actors alive, by kind");
    describe_counter!(ACTORS_RESTARTED, "Actors that panicked and were restarted, by kind");
    describe_counter!(ACTORS_STOPPED, "Actors that ended, by kind and exit");
    describe_gauge!(ROWS_QUEUED, "Records that wait for the spool");
    describe_gauge!(ROWS_SPOOLED, "Records in the spool, that wait for the database");
    describe_counter!(ROWS_WRITTEN, "Records committed to the database");
    describe_counter!(ROWS_RETRIED, "Batches that were not taken and are tried again, by where");
    describe_counter!(ROWS_LOST, "Records given up for want of room, by kind");
    describe_counter!(DEAD_LETTERS, "Records that the database would not take, kept as dead letters");
    describe_gauge!(ROWS_OLDEST, Unit::Seconds, "Age of the oldest record not in the database, when it was last looked at");
    describe_histogram!(ROWS_FLUSH, Unit::Seconds, "Time that the database takes for a batch of records");
    describe_gauge!(SPOOL_BYTES, Unit::Bytes, "Bytes in use in the spool");
    describe_gauge!(SPOOL_VOLATILE, "1 while the spool is in memory because its disk does not take more");
    describe_counter!(TOOL_CALLS, "Tools used for the model, by tool and outcome");
    describe_histogram!(TOOL_SECONDS, Unit::Seconds, "Time that a tool takes, by tool");
    describe_counter!(HTTP_REQUESTS, "Answers given, by route pattern, method and status");
}

pub fn call_started(direction: Direction) {
    counter!(CALLS_STARTED, "direction" => direction.as_str()).increment(1);
}

pub fn call_ended(direction: Direction, cause: HangupCause) {
    counter!(CALLS_ENDED, "direction" => direction.as_str(), "cause" => cause.as_str()).increment(1);
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
    counter!(FRAMES_DROPPED, "leg" => leg.as_str(), "reason" => reason).increment(1);
}

/// `kind` is a word of ours, never what the peer sent.
pub fn malformed(leg: Leg, kind: &'static str) {
    counter!(MALFORMED, "leg" => leg.as_str(), "kind" => kind).increment(1);
}

pub fn note(word: &'static str) {
    counter!(NOTES, "note" => word).increment(1);
}

pub fn actor_started(kind: &'static str) {
    gauge!(ACTORS, "kind" => kind).increment(1);
}

/// It panicked, and lives again.
pub fn actor_restarted(kind: &'static str) {
    counter!(ACTORS_RESTARTED, "kind" => kind).increment(1);
}

pub fn actor_stopped(kind: &'static str, exit: &'static str) {
    gauge!(ACTORS, "kind" => kind).decrement(1);
    counter!(ACTORS_STOPPED, "kind" => kind, "exit" => exit).increment(1);
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
pub fn http_request(route: &str, method: &str, status: u16) {
    let labels = [("route", route.to_owned()), ("method", known_method(method).to_owned()), ("status", status.to_string())];
    counter!(HTTP_REQUESTS, &labels).increment(1);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn value_of(text: &str, line: &str) -> f64 {
        let found = text.lines().find_map(|l| l.strip_prefix(line)).unwrap_or("0");
        found.trim().parse().expect("a number")
    }

    #[test]
    fn installing_twice_gives_the_same_recorder() {
        let (first, second) = (install(), install());

        note("installed_twice");

        assert_eq!(value_of(&render(&first), "alpha_call_notes_total{note=\"installed_twice\"}"), 1.0);
        assert_eq!(value_of(&render(&second), "alpha_call_notes_total{note=\"installed_twice\"}"), 1.0);
    }

    #[test]
    fn calls_are_counted_by_direction_and_cause() {
        let handle = install();
        let line = "alpha_call_calls_ended_total{direction=\"inbound\",cause=\"drained\"}";
        let before = value_of(&render(&handle), line);

        call_ended(Direction::Inbound, HangupCause::Drained);

        assert_eq!(value_of(&render(&handle), line), before + 1.0);
    }

    #[test]
    fn frames_are_counted_by_leg_and_direction() {
        let handle = install();
        let line = "alpha_call_media_frames_total{leg=\"phone\",direction=\"out\"}";
        let before = value_of(&render(&handle), line);

        frames(Leg::Phone, Flow::Out, 5);
        frames(Leg::Model, Flow::Out, 7);

        assert_eq!(value_of(&render(&handle), line), before + 5.0);
    }

    #[test]
    fn latencies_fall_into_buckets() {
        let handle = install();

        turn_latency(Duration::from_millis(450));

        let text = render(&handle);
        assert_eq!(value_of(&text, "alpha_call_turn_latency_seconds_bucket{le=\"0.4\"}"), 0.0);
        assert_eq!(value_of(&text, "alpha_call_turn_latency_seconds_bucket{le=\"0.5\"}"), 1.0);
    }

    #[test]
    fn an_actor_that_stopped_is_no_longer_alive() {
        let handle = install();

        actor_started("probe");
        actor_started("probe");
        actor_stopped("probe", "panicked");

        let text = render(&handle);
        assert_eq!(value_of(&text, "alpha_call_actors{kind=\"probe\"}"), 1.0);
        assert_eq!(value_of(&text, "alpha_call_actors_stopped_total{kind=\"probe\",exit=\"panicked\"}"), 1.0);
    }

    #[test]
    fn tools_are_counted_by_name_and_outcome_and_timed() {
        let handle = install();

        tool_used("slots", "timed_out", Duration::from_millis(450));

        let text = render(&handle);
        assert_eq!(value_of(&text, "alpha_call_tool_calls_total{tool=\"slots\",outcome=\"timed_out\"}"), 1.0);
        assert_eq!(value_of(&text, "alpha_call_tool_seconds_bucket{tool=\"slots\",le=\"0.5\"}"), 1.0);
    }

    #[test]
    fn a_method_that_a_client_made_up_is_no_label() {
        let handle = install();

        http_request("/health", "BREW", 405);

        assert!(render(&handle).contains("alpha_call_http_requests_total{route=\"/health\",method=\"other\",status=\"405\"} 1"));
    }
}
