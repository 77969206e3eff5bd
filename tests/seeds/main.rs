//! Many small worlds, each from a seed: calls, phones, models, instances and a database, in which whatever can go wrong does.
//!
//! The pure tiers of the product run in virtual time, without a runtime, a socket or a clock. `SEEDS=n` runs so many worlds,
//! `SEED=x` that one alone, with all that happened in it last.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed"
)]

mod agenda;
mod chance;
mod coverage;
mod database;
mod instance;
mod logger;
mod luck;
mod model;
mod phone;
mod policy;
mod rule;
mod runs;
mod spool;
mod stream;
mod trace;
mod watch;
mod weather;
mod world;
