//! Simulated peers: real servers on loopback, chosen by URL, strict, with no encoder of ours.

pub mod openai;
pub mod speech;
pub mod voice;
