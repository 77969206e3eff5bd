//! How much one call of an assistant may take.

use std::time::Duration;

use crate::config::reader::Reader;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssistantLimits {
    /// None for that of `[limits]`, which no call exceeds.
    max_call: Option<Duration>,
    /// Billionths of a US dollar; none for that of `[limits]`, which no call exceeds.
    max_call_nanos: Option<u64>,
    pub max_tool_calls: u32,
    /// A tool that has not answered after this long is answered for.
    pub tool_timeout: Duration,
    /// The longest that a caller is left on hold.
    pub max_hold: Duration,
}

const MAX_CALL: &str = "assistant.limits.max_call_seconds";

impl AssistantLimits {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let max_call = reader.seconds(MAX_CALL, 0..=86_400);
        if (1..10).contains(&max_call.as_secs()) {
            reader.note(MAX_CALL, "is shorter than a greeting", "set it to at least 10, or to 0 for MAX_CALL_SECONDS");
        }
        Self {
            max_call: Some(max_call).filter(|max| !max.is_zero()),
            max_call_nanos: reader.dollars("assistant.limits.max_call_usd"),
            max_tool_calls: reader.number("assistant.limits.max_tool_calls", 0..=1000),
            tool_timeout: reader.millis("assistant.limits.tool_timeout_ms", 500..=120_000),
            max_hold: reader.seconds("assistant.limits.max_hold_seconds", 5..=3600),
        }
    }

    /// The longest that a call may last, `all` being the longest of any call.
    #[must_use]
    pub fn max_call(&self, all: Duration) -> Duration {
        self.max_call.map_or(all, |own| own.min(all))
    }

    /// The most that a call may cost, `all` being the most that any call may.
    #[must_use]
    pub fn max_call_nanos(&self, all: Option<u64>) -> Option<u64> {
        [self.max_call_nanos, all].into_iter().flatten().min()
    }
}
