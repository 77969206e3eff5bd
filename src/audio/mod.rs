//! Telephone audio: mono mu-law (ITU-T G.711) at 8 kHz, so 8 bytes are 1 ms.

mod encoded;
mod frame;
pub mod mulaw;
pub mod tone;

pub use encoded::{EncodedAudio, InvalidAudio};
pub use frame::{BYTES_PER_MS, FRAME_BYTES, FRAME_MS, SILENCE, bytes_of, duration_ms, silence};
