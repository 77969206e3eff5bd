//! Every metric there is: its name, its labels, what it means. Labels are few fixed words: never a number, a sid or a path.
//! <https://prometheus.io/docs/practices/naming/>

use ::metrics::{describe_counter, describe_gauge, describe_histogram};

/// What one metric is, for those who read about it.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    pub labels: &'static [&'static str],
    pub meaning: &'static str,
}

/// <https://prometheus.io/docs/concepts/metric_types/>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

macro_rules! catalogue {
    ($($kind:ident $constant:ident = $name:literal [$($label:literal)*] $meaning:literal;)+) => {
        $(pub(super) const $constant: &str = $name;)+

        /// In the order in which they are documented.
        pub const ALL: &[Metric] = &[
            $(Metric { name: $name, kind: Kind::$kind, labels: &[$($label),*], meaning: $meaning }),+
        ];
    };
}

catalogue! {
    Counter CALLS_STARTED = "alpha_call_calls_started_total" ["direction"] "Calls that reached their stream";
    Counter CALLS = "alpha_call_calls_total" ["direction" "outcome" "cause"] "Calls that ended: `completed` or `failed`, and the cause";
    Counter CALLS_REFUSED = "alpha_call_calls_refused_total" ["code"] "Calls that were not let in, by the code of the refusal";
    Gauge CALLS_ACTIVE = "alpha_call_calls_active" [] "Calls alive on this instance";
    Histogram CALL_DURATION = "alpha_call_call_duration_seconds" ["direction"] "From the start of a call's first stream to its end";
    Counter STREAMS_LOST = "alpha_call_streams_lost_total" ["cause"] "Streams that ended before their call did";
    Counter RESUMES = "alpha_call_resumes_total" ["planned"] "Streams that went on with a call, and whether we wanted the one before to end";
    Counter REAPED = "alpha_call_reaped_calls_total" ["outcome"] "Calls that nobody carried: `redirected` to another stream, or `ended`";
    Histogram TURN_LATENCY = "alpha_call_turn_latency_seconds" [] "From the end of the caller's speech to the first audio of the answer";
    Histogram FIRST_AUDIO = "alpha_call_first_audio_seconds" [] "From the start of a stream to the first audio of the assistant";
    Counter INTERRUPTIONS = "alpha_call_interruptions_total" ["by"] "Times that the `caller` cut the assistant short, or the `assistant` began while the caller spoke";
    Counter FRAMES = "alpha_call_media_frames_total" ["leg" "direction"] "Media messages";
    Counter FRAMES_DROPPED = "alpha_call_media_frames_dropped_total" ["leg" "reason"] "Audio frames given up";
    Counter MALFORMED = "alpha_call_malformed_messages_total" ["leg" "kind"] "Messages of a peer that could not be read";
    Counter NOTES = "alpha_call_notes_total" ["note"] "Events within calls that are worth counting";
    Gauge MODEL_CONNECTIONS = "alpha_call_model_connections" [] "Model sessions open on this instance, warm ones included";
    Counter MODEL_RECONNECTS = "alpha_call_model_reconnects_total" [] "Model sessions that were lost within a call and replaced";
    Gauge MODELS_AWAY = "alpha_call_models_away" [] "Models that new calls do without, since they could not be had";
    Gauge WARM_SESSIONS = "alpha_call_warm_sessions" [] "Model sessions that are connected and wait for a call";
    Counter WARM_SESSIONS_USED = "alpha_call_warm_sessions_used_total" [] "Calls that got a model session which was connected already";
    Gauge PHRASES_MISSING = "alpha_call_phrases_missing" [] "Phrases of the assistants that are still to be rendered";
    Counter TOOL_CALLS = "alpha_call_tool_calls_total" ["tool" "outcome"] "Tools used for the model";
    Histogram TOOL_SECONDS = "alpha_call_tool_seconds" ["tool"] "Time that a tool takes";
    Gauge DAY_SPEND = "alpha_call_day_spend_usd" [] "US dollars that the calls of the UTC day have cost on all instances, where a budget is set";
    Gauge SLOTS_USED = "alpha_call_slots_used" ["kind"] "Permits of the governor that are held here, for a `call` or a `model`";
    Gauge SLOTS_LIMIT = "alpha_call_slots_limit" ["kind"] "Permits that there are, on all instances";
    Gauge FLEET_INSTANCES = "alpha_call_fleet_instances" [] "Instances that renew their leases, as of the last renewal; 0 where there is but one";
    Gauge FLEET_CALLS = "alpha_call_fleet_calls" [] "Leases of calls that all instances hold, as of the last renewal; 0 where there is but one";
    Counter LEASES_LOST = "alpha_call_leases_lost_total" [] "Slots of calls alive here that another instance may have taken, since they were not renewed in time";
    Gauge ACTORS = "alpha_call_actors" ["kind"] "Actors alive";
    Counter ACTORS_STOPPED = "alpha_call_actors_stopped_total" ["kind" "exit"] "Actors that ended";
    Counter ACTORS_RESTARTED = "alpha_call_actors_restarted_total" ["kind"] "Actors that panicked and were restarted";
    Counter ACTORS_PANICKED = "alpha_call_actors_panicked_total" ["kind"] "Panics of actors";
    Counter ACTOR_MESSAGES = "alpha_call_actor_messages_total" ["kind"] "Messages that actors took from their mailboxes and sockets";
    Gauge ACTOR_MAILBOX = "alpha_call_actor_mailbox_messages" ["kind"] "Messages that wait in the mailboxes of actors";
    Histogram ACTOR_HANDLING = "alpha_call_actor_handling_seconds" ["kind"] "Time that a message keeps its actor busy, of one message in sixteen";
    Gauge ROWS_QUEUED = "alpha_call_rows_queued" [] "Records that wait for the spool";
    Gauge ROWS_SPOOLED = "alpha_call_rows_spooled" [] "Records in the spool, that wait for the database";
    Counter ROWS_WRITTEN = "alpha_call_rows_written_total" [] "Records committed to the database";
    Counter ROWS_RETRIED = "alpha_call_rows_retries_total" ["place"] "Batches that the `spool` or the `database` did not take and that are tried again";
    Counter ROWS_LOST = "alpha_call_rows_lost_total" ["kind"] "Records given up for want of room";
    Counter DEAD_LETTERS = "alpha_call_dead_letters_total" [] "Records that the database would not take, kept as dead letters";
    Gauge ROWS_OLDEST = "alpha_call_rows_oldest_seconds" [] "Age of the oldest record not in the database, when it was last looked at";
    Histogram ROWS_FLUSH = "alpha_call_rows_flush_seconds" [] "Time that the database takes for a batch of records";
    Gauge SPOOL_BYTES = "alpha_call_spool_bytes" [] "Bytes in use in the spool";
    Gauge SPOOL_VOLATILE = "alpha_call_spool_volatile" [] "1 while the spool is in memory because its disk does not take more";
    Gauge POOL = "alpha_call_db_pool_connections" ["state"] "Connections to the database, `used` and `idle`";
    Counter EVENTS = "alpha_call_events_published_total" [] "Events of calls that were given to those who watch, by this instance";
    Counter WEBHOOKS = "alpha_call_webhook_deliveries_total" ["result"] "Tries to deliver an event: `delivered`, `failed` (it is tried again) or `given_up`";
    Gauge WEBHOOKS_PENDING = "alpha_call_webhook_deliveries_pending" [] "Events on all instances that are not delivered yet";
    Counter HTTP_REQUESTS = "alpha_call_http_requests_total" ["route" "method" "status"] "Answers given, by route pattern";
    Histogram HTTP_SECONDS = "alpha_call_http_request_duration_seconds" ["route" "method"] "From a request to the head of its answer, by route pattern";
    Gauge LAG = "alpha_call_scheduler_lag_seconds" [] "By how much timers of the threads that carry calls were late of late, at worst";
    Gauge MEMORY_USED = "alpha_call_memory_used_ratio" [] "Share of the memory that the process may have, 0 without a limit";
    Gauge DESCRIPTORS_USED = "alpha_call_descriptors_used_ratio" [] "Share of the open files that the process may have";
    Gauge BUILD = "alpha_call_build_info" ["version"] "1, with the version that runs";
}

/// Tells the recorder what each name means.
pub(super) fn describe() {
    for Metric { name, kind, meaning, .. } in ALL.iter().copied() {
        match kind {
            Kind::Counter => describe_counter!(name, meaning),
            Kind::Gauge => describe_gauge!(name, meaning),
            Kind::Histogram => describe_histogram!(name, meaning),
        }
    }
}
