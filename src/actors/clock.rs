//! The one place where time is read.

use std::time::Instant;

use chrono::{DateTime, Utc};

/// Monotonic time.
#[must_use]
pub fn now() -> Instant {
    Instant::now()
}

/// The time of day.
#[must_use]
pub fn utc() -> DateTime<Utc> {
    Utc::now()
}
