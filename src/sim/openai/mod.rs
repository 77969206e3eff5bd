//! A simulated OpenAI Realtime server: the GA protocol over WebSocket, or a dialect of it, server VAD, a small brain,
//! strict rules.
//!
//! It speaks mu-law only. What a correct client never does is refused as the vendor refuses it, and kept as a violation.

mod brain;
mod config;
mod control;
mod conversation;
mod dialect;
mod items;
mod response;
pub mod script;
mod server;
mod session;
mod shape;
mod socket;
mod speaking;
#[cfg(test)]
mod tests;
mod turn;
mod vad;
mod validate;

use std::time::Duration;

pub use control::{ModelTurn, OpenAiControl, SessionReport, Violation};
pub use dialect::Dialect;
pub use script::{Cue, Fate, Saying, Script, ScriptedReply, ScriptedTranscript, Writing};
pub use server::FakeOpenAi;

/// How the simulator behaves.
#[derive(Clone, Debug)]
pub struct FakeOpenAiSettings {
    pub dialect: Dialect,
    /// The only key that is let in; any key, if there is none.
    pub api_key: Option<String>,
    /// How many times faster than it is heard audio comes.
    pub speed: u32,
    /// From the commit of a turn to its transcript.
    pub transcript_delay: Duration,
    /// From the commit of a turn to the first audio of the answer.
    pub think: Duration,
    /// From `session.update` to `session.updated`.
    pub configure: Duration,
    /// The longest life of a session.
    pub session_cap: Duration,
    /// Between two pings; a client that has not answered one by the next is closed.
    pub ping: Duration,
    /// The silence for which a semantic detection of high eagerness waits; none for 500 ms at any eagerness.
    pub semantic_unit: Option<Duration>,
}

impl Default for FakeOpenAiSettings {
    fn default() -> Self {
        Self {
            dialect: Dialect::OpenAi,
            api_key: None,
            speed: 8,
            transcript_delay: Duration::from_millis(900),
            think: Duration::from_millis(150),
            configure: Duration::from_millis(20),
            session_cap: Duration::from_secs(3600),
            ping: Duration::from_secs(20),
            semantic_unit: None,
        }
    }
}
