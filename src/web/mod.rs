//! Web servers of the business, asked for the model, or told of calls: what may be asked, which addresses may be reached, what is told.
//!
//! The model fills in arguments, and nothing else: the server, its path and its headers are the operator's.

mod address;
mod answer;
mod client;
mod schema;
mod template;
mod tool;
mod webhook;

pub use address::{Names, Reach};
pub use client::WebError;
pub use tool::ask;
pub use webhook::{Letter, Receipt, deliver};
