//! What is to be stored of a call.

use std::time::Duration;

use super::{ItemId, ResponseId, Usage};
use crate::types::Redacted;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    User,
    Ai,
    System,
}

impl Speaker {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Ai => "ai",
            Self::System => "system",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::User, Self::Ai, Self::System].into_iter().find(|s| s.as_str() == word)
    }
}

/// What a turn of the record is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TurnKind {
    /// Something said.
    #[default]
    Message,
    /// The model asked for something to be done.
    ToolCall,
    ToolResult,
    /// A key that the caller pressed.
    Dtmf,
    /// Something that happened, for whoever reads the conversation later.
    Event,
}

impl TurnKind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::ToolCall => "tool_call",
            Self::ToolResult => "tool_result",
            Self::Dtmf => "dtmf",
            Self::Event => "event",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Message, Self::ToolCall, Self::ToolResult, Self::Dtmf, Self::Event].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// How far the caller's words are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transcription {
    Pending,
    Done,
    /// The model could not, or was lost before it did.
    Failed,
}

impl Transcription {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Pending, Self::Done, Self::Failed].into_iter().find(|state| state.as_str() == word)
    }
}

/// Tokens that the response of a turn took in and gave out, of all kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    pub input: u64,
    pub output: u64,
}

/// The tool of a tool call, or of its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolUse {
    pub name: String,
    /// The model's id of the call, the same in call and result.
    pub call_id: String,
}

/// What is to be stored.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    Turn(Box<Turn>),
    /// The first sound of the assistant went out, so long after the stream began.
    FirstAudio {
        after: Duration,
    },
    /// An answer began to sound, so long after the caller's last sound.
    Answered {
        after: Duration,
    },
    /// Tokens of one response.
    Usage(Usage),
    /// Something worth counting happened.
    Note(Note),
}

/// One turn of the conversation. A later revision replaces an earlier one of the same `seq`.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// The row's key within (call, epoch); never changes.
    pub seq: u32,
    pub revision: u32,
    /// Where the turn stands in the conversation; may change while items arrive.
    pub position: u32,
    pub item: Option<ItemId>,
    pub response: Option<ResponseId>,
    pub speaker: Speaker,
    pub kind: TurnKind,
    /// What was said; of a tool call its arguments, of a result the output, of a key the key.
    pub generated: Redacted<String>,
    /// What of it the caller heard; of the caller's own words, all.
    pub heard: Redacted<String>,
    pub interrupted: bool,
    /// Milliseconds of audio generated, and of it heard.
    pub audio_ms: u64,
    pub heard_ms: u64,
    /// Since the call's first stream began.
    pub started: Duration,
    pub ended: Option<Duration>,
    /// From the end of the caller's speech to the first audio sent.
    pub latency: Option<Duration>,
    pub tokens: Option<Tokens>,
    /// Of the caller's messages alone.
    pub transcription: Option<Transcription>,
    pub tool: Option<ToolUse>,
}

/// Things that are counted, by the word they are counted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Note {
    /// The caller cut the assistant short.
    Interrupted,
    /// The assistant began while the caller spoke.
    TalkedOver,
    UnknownMark,
    MarkOverdue,
    PlaybackOverflow,
    LateAudioDropped,
    CallerAudioDropped,
    SilencePadded,
    LaneTaken,
    ModelError,
    ModelReconnected,
    UnknownTool,
    ToolTimedOut,
    /// Speech that was too short to interrupt the assistant.
    FalseBargeIn,
    /// The caller was asked to wait.
    FillerPlayed,
    /// An answer that did not come was asked for again.
    AnswerRetried,
    /// The caller's turn was ended without the server.
    TurnForced,
    /// Another model session took over before the old one expired.
    ModelRenewed,
    /// The second endpoint took over.
    FallbackUsed,
    HoldBegan,
    HoldEnded,
    /// The call has cost what it may.
    BudgetSpent,
    /// The session died, and another one took its place.
    Restarted,
}

impl Note {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Interrupted => "interrupted",
            Self::TalkedOver => "talked_over",
            Self::UnknownMark => "unknown_mark",
            Self::MarkOverdue => "mark_overdue",
            Self::PlaybackOverflow => "playback_overflow",
            Self::LateAudioDropped => "late_audio_dropped",
            Self::CallerAudioDropped => "caller_audio_dropped",
            Self::SilencePadded => "silence_padded",
            Self::LaneTaken => "lane_taken",
            Self::ModelError => "model_error",
            Self::ModelReconnected => "model_reconnected",
            Self::UnknownTool => "unknown_tool",
            Self::ToolTimedOut => "tool_timed_out",
            Self::FalseBargeIn => "false_barge_in",
            Self::FillerPlayed => "filler_played",
            Self::AnswerRetried => "answer_retried",
            Self::TurnForced => "turn_forced",
            Self::ModelRenewed => "model_renewed",
            Self::FallbackUsed => "fallback_used",
            Self::HoldBegan => "hold_began",
            Self::HoldEnded => "hold_ended",
            Self::BudgetSpent => "budget_spent",
            Self::Restarted => "restarted",
        }
    }
}
