//! The pure core of a call: no IO, no clock, no runtime.
pub mod event;
pub mod policy;
