//! alpha-call: an actor-based AI phone engine. `docs/architecture.md` is the map.

pub mod actors;
pub mod app;
pub mod audio;
pub mod cli;
pub mod config;
pub mod governor;
pub mod http;
pub mod metrics;
pub mod realtime;
pub mod session;
pub mod sim;
pub mod store;
pub mod telemetry;
pub mod twilio;
pub mod types;
pub mod web;
