//! The sections, each read from its keys.

mod call;
mod compliance;
mod database;
mod log;
mod peers;
mod security;
mod server;
mod spool;
mod velocity;
mod webhooks;

pub use call::{CallSettings, CallersWord, Limits};
pub use compliance::Compliance;
pub use database::Database;
pub use log::{Log, LogFormat};
pub(super) use peers::is_loopback;
pub use peers::{DialectWord, OpenAi, SignatureMode, Twilio};
pub use security::Security;
pub use server::{Public, Server};
pub use spool::SpoolPlace;
pub use velocity::Velocity;
pub use webhooks::Webhooks;
