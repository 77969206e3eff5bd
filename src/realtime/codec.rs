//! Between the session's words and OpenAI's: `encode` never fails, `decode` never panics.

mod decode;
mod encode;
mod fault;

pub use decode::{Decoded, Malformed, decode};
pub use encode::encode;
pub(super) use fault::is_fatal;

#[cfg(test)]
mod dialect_tests;
#[cfg(test)]
mod fixture_tests;
#[cfg(test)]
mod tests;
