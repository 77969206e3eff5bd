//! alpha-call: an actor-based AI phone engine. `docs/architecture.md` is the map.

pub mod audio;
pub mod cli;
pub mod config;
pub mod metrics;
pub mod session;
pub mod telemetry;
pub mod types;
