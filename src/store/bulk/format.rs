//! The lines of a backup: a header, a line for each row, a trailer with their number and a checksum over all that came before.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::entity::{api_key, call, callback, consent, cooldown, dead_letter, opt_out, opt_out_removal, stream, turn};

pub(super) const FORMAT: &str = "alpha-call-backup";
/// Of the lines; the schema of the rows is told by its steps.
pub(super) const VERSION: u32 = 1;

/// A line as it is read. As it is written it looks the same: `{"call_logs":{…}}`.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    Header(Header),
    CallLogs(Box<call::Model>),
    ConversationLogs(Box<turn::Model>),
    StreamLogs(Box<stream::Model>),
    CallCooldowns(Box<cooldown::Model>),
    DeadLetters(Box<dead_letter::Model>),
    Callbacks(Box<callback::Model>),
    OptOuts(Box<opt_out::Model>),
    OptOutRemovals(Box<opt_out_removal::Model>),
    Consents(Box<consent::Model>),
    ApiKeys(Box<api_key::Model>),
    Trailer(Trailer),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u32,
    pub(super) created_at: DateTime<Utc>,
    /// The kind of database that the rows come from.
    pub(super) source: String,
    /// The steps of its schema.
    pub(super) steps: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Trailer {
    pub(super) rows: Counts,
    /// Over every byte before this line, in hexadecimal.
    pub(super) sha256: String,
}

/// Rows by table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub call_logs: u64,
    pub conversation_logs: u64,
    pub stream_logs: u64,
    pub call_cooldowns: u64,
    pub dead_letters: u64,
    /// Older backups have none.
    #[serde(default)]
    pub callbacks: u64,
    #[serde(default)]
    pub opt_outs: u64,
    #[serde(default)]
    pub opt_out_removals: u64,
    #[serde(default)]
    pub consents: u64,
    #[serde(default)]
    pub api_keys: u64,
}

impl Counts {
    #[must_use]
    pub const fn total(&self) -> u64 {
        let said = self.conversation_logs + self.stream_logs;
        let wishes = self.callbacks + self.opt_outs + self.opt_out_removals + self.consents;
        self.call_logs + said + self.call_cooldowns + self.dead_letters + wishes + self.api_keys
    }
}

/// Why a file is not restored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultyBackup {
    #[error("this is no backup of alpha-call")]
    Foreign,
    #[error("the backup was made by a newer version of alpha-call ({0}): restore it with that version")]
    Newer(String),
    #[error("the backup is damaged: line {line} {fault}")]
    Damaged { line: u64, fault: &'static str },
    #[error("the backup is cut short after line {0}")]
    CutShort(u64),
}

pub(super) fn append<M: Serialize>(lines: &mut Vec<u8>, name: &str, body: &M) -> serde_json::Result<()> {
    lines.extend_from_slice(b"{\"");
    lines.extend_from_slice(name.as_bytes());
    lines.extend_from_slice(b"\":");
    serde_json::to_writer(&mut *lines, body)?;
    lines.extend_from_slice(b"}\n");
    Ok(())
}

pub(super) fn hexadecimal(digest: Sha256) -> String {
    digest.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
