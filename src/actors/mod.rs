//! The shells: sockets, mailboxes, lifetimes. What they do is decided in `session` and `governor`.

pub mod call;
pub mod clock;
pub mod exit;
pub mod feed;
pub mod governor;
pub mod logger;
pub mod openai_session;
pub mod port;
pub mod supervise;
pub mod supervisor;
pub mod twilio_stream;
