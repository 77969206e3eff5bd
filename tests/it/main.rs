//! The whole engine between its two simulated peers, over real sockets.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on has failed, and one that is skipped says so"
)]

mod calls;
mod doors;
mod fleet;
mod house;
mod record;
mod scenarios;
mod web;
