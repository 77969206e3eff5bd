//! The shells: sockets, mailboxes, lifetimes. What they do is decided in `session` and `governor`.

pub mod clock;
pub mod exit;
pub mod port;
pub mod supervise;
