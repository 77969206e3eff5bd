//! The shells: sockets, mailboxes, lifetimes. What they do is decided in `session` and `governor`.

pub mod call;
pub mod casting;
pub mod clock;
pub mod compliance;
mod dialer;
pub mod engine;
pub mod exit;
pub mod feed;
pub mod governor;
pub mod handover;
pub mod inbound;
pub mod instance;
pub mod logger;
pub mod model_line;
pub mod openai_session;
mod outbox;
pub mod phrases;
mod plan;
pub mod port;
mod profile;
pub mod registry;
mod stream_log;
pub mod supervise;
pub mod supervisor;
pub mod tools;
pub mod twilio_stream;
pub mod warm;
