//! The JSON of the protocol. Strict in what goes out, lenient in what comes in.

pub mod client;
pub mod server;
