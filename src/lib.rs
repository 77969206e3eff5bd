//! alpha-call: an actor-based AI phone engine. `docs/architecture.md` is the map.

pub mod audio;
pub mod governor;
pub mod realtime;
pub mod session;
pub mod twilio;
pub mod store;
pub mod types;
