//! Simulated peers: real servers on loopback, chosen by URL, that speak the vendors' protocols
//! strictly and remember what they saw. They share no encoder with the engine they test.

pub mod business;
pub mod chaos;
pub mod client;
pub mod imprint;
pub mod openai;
mod random;
pub mod scenario;
pub mod speech;
pub mod stage;
pub mod tones;
pub mod twilio;
pub mod verdict;
pub mod voice;
