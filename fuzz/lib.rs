//! The harnesses, for cargo-fuzz.

#[path = "harness/mod.rs"]
mod harness;

pub use harness::check;
