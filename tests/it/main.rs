//! The whole engine between its two simulated peers, over real sockets.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on has failed")]

mod calls;
mod doors;
mod house;
