//! alpha-call: an actor-based AI phone engine. `docs/architecture.md` is the map.

pub mod audio;
pub mod session;
pub mod sim;
pub mod types;
