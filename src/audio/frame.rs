//! Frames and durations.

use bytes::Bytes;

/// 8,000 samples a second, one byte each.
pub const BYTES_PER_MS: usize = 8;
/// Twilio sends, and we send, frames of 20 ms.
pub const FRAME_MS: u64 = 20;
pub const FRAME_BYTES: usize = 160;
/// The mu-law byte of a zero sample.
pub const SILENCE: u8 = 0xFF;

/// Whole milliseconds in `bytes` of mu-law.
#[must_use]
pub const fn duration_ms(bytes: usize) -> u64 {
    (bytes / BYTES_PER_MS) as u64
}

/// Bytes in `ms` milliseconds of mu-law.
#[must_use]
pub const fn bytes_of(ms: u64) -> usize {
    ms as usize * BYTES_PER_MS
}

/// `ms` milliseconds of silence.
#[must_use]
pub fn silence(ms: u64) -> Bytes {
    vec![SILENCE; bytes_of(ms)].into()
}
