//! Peers made of glass: real servers on loopback that speak the vendors' protocols strictly and
//! remember what they saw. They share no encoder with the engine they test.

pub mod scenario;
pub mod twilio;
pub mod verdict;
