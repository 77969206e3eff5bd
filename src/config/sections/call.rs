//! How many calls, to whom, and how one behaves.

use std::time::Duration;

use crate::config::reader::{Reader, quoted_list};
use crate::config::word::words;
use crate::types::PhoneNumber;

#[derive(Clone, Debug)]
pub struct Limits {
    /// Over all instances on a PostgreSQL.
    pub max_concurrent_calls: u32,
    /// The same; each call has one.
    pub max_openai_connections: u32,
    /// Between two calls to one number.
    pub call_cooldown: Duration,
    pub max_call: Duration,
    /// Of the account at Twilio, over all instances.
    pub calls_per_second: u32,
    /// A phone rings no longer.
    pub ring: Duration,
    /// Billionths of a US dollar: of one call, of all calls of a UTC day, and of those that were requested with one key.
    pub max_call_nanos: Option<u64>,
    pub max_day_nanos: Option<u64>,
    pub max_key_day_nanos: Option<u64>,
    /// Bytes of memory that the process may have; none: as many as its container.
    pub max_memory: Option<u64>,
    /// Numbers that may be called.
    pub verified_numbers: Vec<PhoneNumber>,
    /// In production only where each of them must have agreed to be called.
    pub allow_all_us_canada: bool,
    /// Whose calls are taken.
    pub callers: CallersWord,
    pub caller_numbers: Vec<PhoneNumber>,
}

words! {
    /// Which callers `caller_numbers` are.
    CallersWord {
        #[default]
        All = "all",
        Only = "only",
        AllBut = "all_but",
    }
}

/// Times within a call, and what it survives.
#[derive(Clone, Debug)]
pub struct CallSettings {
    pub lead: Duration,
    pub mark_grace: Duration,
    pub gap: Duration,
    pub media_silence: Duration,
    pub model_silence: Duration,
    pub idle: Duration,
    pub goodbye: Duration,
    pub start_deadline: Duration,
    pub claim_deadline: Duration,
    pub resume_deadline: Duration,
    /// A stream that is older is replaced by another.
    pub max_stream: Option<Duration>,
    pub max_reconnects: u32,
    pub reconnect_pause: Duration,
}

impl Limits {
    pub(in crate::config) fn read(reader: &mut Reader<'_>, consent_is_required: bool) -> Self {
        let limits = Self {
            max_concurrent_calls: reader.number("limits.max_concurrent_calls", 1..=100_000),
            max_openai_connections: reader.number("limits.max_openai_connections", 1..=100_000),
            call_cooldown: reader.seconds("limits.call_cooldown_seconds", 0..=604_800),
            max_call: reader.seconds("limits.max_call_seconds", 10..=86_400),
            calls_per_second: reader.number("limits.calls_per_second", 1..=100),
            ring: reader.seconds("limits.ring_seconds", 5..=600),
            max_call_nanos: reader.dollars("limits.max_call_usd"),
            max_day_nanos: reader.dollars("limits.max_day_usd"),
            max_key_day_nanos: reader.dollars("limits.max_key_day_usd"),
            max_memory: max_memory(reader),
            verified_numbers: numbers(reader, "limits.verified_phone_numbers"),
            allow_all_us_canada: allow_all_us_canada(reader, consent_is_required),
            callers: reader.word("limits.callers"),
            caller_numbers: numbers(reader, "limits.caller_numbers"),
        };
        if limits.callers == CallersWord::Only && limits.caller_numbers.is_empty() {
            reader.note("limits.caller_numbers", "is empty: nobody could call", "name the callers, or set limits.callers to all");
        }
        if limits.max_openai_connections < limits.max_concurrent_calls {
            reader.warn("MAX_OPENAI_CONNECTIONS is below MAX_CONCURRENT_CALLS, and every call needs a connection");
        }
        limits
    }
}

impl CallSettings {
    pub(in crate::config) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            lead: reader.millis("call.lead_ms", 100..=10_000),
            mark_grace: reader.millis("call.mark_grace_ms", 100..=60_000),
            gap: reader.millis("call.gap_ms", 100..=60_000),
            media_silence: reader.millis("call.media_silence_ms", 500..=600_000),
            model_silence: reader.millis("call.model_silence_ms", 500..=600_000),
            idle: reader.millis("call.idle_ms", 1000..=3_600_000),
            goodbye: reader.millis("call.goodbye_ms", 500..=120_000),
            start_deadline: reader.millis("call.start_deadline_ms", 100..=60_000),
            claim_deadline: reader.millis("call.claim_deadline_ms", 1000..=600_000),
            resume_deadline: reader.millis("call.resume_deadline_ms", 1000..=600_000),
            max_stream: max_stream(reader),
            max_reconnects: reader.number("call.max_reconnects", 0..=100),
            reconnect_pause: reader.millis("call.reconnect_pause_ms", 0..=60_000),
        }
    }
}

fn max_memory(reader: &mut Reader<'_>) -> Option<u64> {
    let megabytes: u64 = reader.number("limits.max_memory_mb", 0..=16_777_216);
    Some(megabytes << 20).filter(|bytes| *bytes > 0)
}

/// Where a platform cuts every connection at 60 minutes.
const BEFORE_THE_CUT: Duration = Duration::from_secs(55 * 60);

/// <https://docs.cloud.google.com/run/docs/triggering/websockets>
fn max_stream(reader: &mut Reader<'_>) -> Option<Duration> {
    let told = reader.seconds("call.max_stream_seconds", 0..=86_400);
    Some(told).filter(|told| !told.is_zero()).or_else(|| reader.on_platform.then_some(BEFORE_THE_CUT))
}

/// Each bad entry is a problem of its own, told by its place: numbers are not printed.
fn numbers(reader: &mut Reader<'_>, key: &'static str) -> Vec<PhoneNumber> {
    let mut numbers = Vec::new();
    for (n, entry) in reader.list(key).iter().enumerate() {
        match entry.parse::<PhoneNumber>() {
            Ok(number) => numbers.push(number),
            Err(error) => reader.note(key, &format!("entry {} is {error}", n + 1), "write it with + and country code, by commas"),
        }
    }
    reader.show(key, quoted_list(&numbers.iter().map(PhoneNumber::masked).collect::<Vec<_>>()));
    numbers
}

fn allow_all_us_canada(reader: &mut Reader<'_>, consent_is_required: bool) -> bool {
    let key = "limits.allow_all_us_canada";
    let allowed = reader.boolean(key);
    if allowed && !consent_is_required {
        let fix = "leave compliance.require_consent on, or unset it and list numbers in VERIFIED_PHONE_NUMBERS";
        reader.note_in_production(key, "is on, and nobody is asked for consent", fix);
    }
    allowed
}
