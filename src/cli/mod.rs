//! What the commands say.

pub mod config;
