//! The vocabulary of a call. Inputs are facts in the past tense, outputs are orders.
//!
//! `twilio` and `realtime` translate their wire formats into these words; the session knows no other.

mod record;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;

pub use self::record::{Note, Record, Speaker, Tokens, ToolUse, Transcription, Turn, TurnKind};
use super::policy::Profile;
use crate::audio::EncodedAudio;
use crate::types::{HangupCause, PhoneNumber, Redacted};

/// An item of the model's conversation. Ids are the model's, or ours where we create the item.
pub type ItemId = ByteString;
/// A response of the model.
pub type ResponseId = ByteString;

/// Everything that can happen to a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    Leg(LegEvent),
    Model(ModelEvent),
    /// From the model session that is to take the place of the one in use.
    Standby(ModelEvent),
    /// A tool was used, well or badly.
    ToolUsed(ToolOutcome),
    /// Who or what picked up the phone that we called.
    AnsweredBy(AnsweredBy),
    /// What the call may cost, it has.
    BudgetSpent,
    /// Somebody outside wants the call to end.
    HangupRequested(HangupCause),
    /// Somebody outside wants another phone to take the call.
    TransferRequested(PhoneNumber),
    /// The instant that `poll_timeout` named has come.
    Timeout,
}

/// What became of a tool that was called; every call has one outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolOutcome {
    pub call_id: ByteString,
    /// What the model is told, usually JSON.
    pub output: Redacted<String>,
    /// What the session has to do about it, if anything.
    pub effect: Option<ToolEffect>,
}

/// Tools that act on the call itself: checked outside, carried out by the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolEffect {
    /// Hang up once the goodbye was heard.
    EndCall,
    /// Hand the call over once the last word was heard.
    Transfer(PhoneNumber),
    /// Play these keys, of `0123456789*#ABCD`; `w` is a pause.
    SendDigits(String),
    /// The caller waits; nothing is sent to the model meanwhile.
    Hold,
}

/// By answering-machine detection. <https://www.twilio.com/docs/voice/answering-machine-detection>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnsweredBy {
    Human,
    /// Its greeting is still being played.
    MachineStarted,
    /// Its greeting is over: now it records.
    MachineListens,
    Fax,
    Unknown,
}

/// What the phone side reports.
#[derive(Clone, Debug, PartialEq)]
pub enum LegEvent {
    Audio(EncodedAudio),
    /// Everything before the mark of this name was played, or was cleared.
    MarkReached(ByteString),
    Digit(char),
    /// So many frames of the caller were given up on their way.
    FramesDropped(u32),
    /// Twilio took the call off the stream: it ended, or was redirected.
    Stopped,
    /// The socket ended without a `stop`.
    Lost,
    /// Too much of what came was nonsense.
    Misbehaved,
}

/// What the model side reports.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelEvent {
    /// Connected; `session.created` has come.
    Opened,
    /// The session that was opened ends by itself after so long.
    Expires {
        within: Duration,
    },
    /// The configuration is in force, mu-law both ways.
    Ready,
    /// The configuration was refused, or is not what was asked for.
    Refused(String),
    /// The connection is gone, or never came about.
    Lost {
        retry: bool,
        reason: String,
    },
    SpeechStarted {
        item: ItemId,
    },
    SpeechStopped {
        item: ItemId,
    },
    ItemAdded {
        item: ItemId,
        previous: Option<ItemId>,
        kind: ItemKind,
    },
    UserText {
        item: ItemId,
        text: Redacted<String>,
    },
    UserTextFailed {
        item: ItemId,
    },
    ResponseCreated {
        response: ResponseId,
    },
    Audio {
        response: ResponseId,
        item: ItemId,
        audio: Bytes,
    },
    /// The item's audio is complete: generated, not played.
    AudioDone {
        item: ItemId,
    },
    Text {
        item: ItemId,
        delta: Redacted<String>,
    },
    TextDone {
        item: ItemId,
        text: Redacted<String>,
    },
    ToolCalled(ToolCall),
    /// A tool of an MCP server was used, by the model's server alone.
    RemoteToolUsed {
        call: ToolCall,
        output: Redacted<String>,
    },
    /// Requests that are refused for their rate are taken again after so long.
    RateLimits {
        reset: Duration,
    },
    ResponseDone {
        response: ResponseId,
        status: ResponseStatus,
        usage: Usage,
    },
    Error(ModelError),
}

/// What an item of the conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    User,
    Assistant,
    /// A system message, a tool call or its output: in the chain, not in the transcript.
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    pub response: ResponseId,
    pub item: ItemId,
    pub call_id: ByteString,
    pub name: String,
    /// JSON, as the model wrote it.
    pub arguments: Redacted<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponseStatus {
    Completed,
    Cancelled,
    Incomplete,
    Failed { retry: bool, reason: String },
}

impl ResponseStatus {
    /// The model's word for it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Incomplete => "incomplete",
            Self::Failed { .. } => "failed",
        }
    }
}

/// Tokens of one response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub text_in: u64,
    pub audio_in: u64,
    pub text_out: u64,
    pub audio_out: u64,
    /// Parts of the two inputs that were cached.
    pub cached_text_in: u64,
    pub cached_audio_in: u64,
}

/// An `error` event of the model. None of them ends the connection by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelError {
    pub class: ErrorClass,
    /// The vendor's code, or nothing.
    pub code: String,
    pub message: String,
    /// Our `event_id` of the order that failed, where the model says so.
    pub caused_by: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// A race that was lost: nothing to do.
    Benign,
    /// Another response holds the lane: the create has to wait.
    LaneTaken,
    /// Nothing was there to cancel.
    NothingToCancel,
    /// What we sent was wrong.
    OurFault,
    /// May pass by itself.
    Transient,
    /// No retry can help: key, model, quota.
    Fatal,
}

/// Everything a session orders.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    Leg(LegCommand),
    Model(ModelCommand),
    /// To the model session that is to take the place of the one in use.
    Standby(ModelCommand),
    /// The standby session takes over; the one before is closed.
    Promote,
    /// Use a tool; its outcome is an input.
    Tool(ToolCall),
    /// The phone is handed over to this number when the stream has ended; a hangup follows.
    Transfer(PhoneNumber),
    Record(Record),
    /// The last output there is.
    Hangup(HangupCause),
}

#[derive(Clone, Debug, PartialEq)]
pub enum LegCommand {
    /// Whole frames, 100 ms at most.
    Play(Bytes),
    Mark(Mark),
    Clear,
}

/// A place in what was sent to the phone: `<generation>:<item>:<cumulative ms>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub generation: u32,
    pub item: u32,
    pub ms: u64,
}

impl Mark {
    /// Set in the number of an item without words: it is no answer, and has no turn.
    pub const TONE: u32 = 1 << 31;

    #[must_use]
    pub const fn is_tone(&self) -> bool {
        self.item & Self::TONE != 0
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.generation, self.item, self.ms)
    }
}

impl FromStr for Mark {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let mut parts = name.split(':');
        let mut number = || parts.next().and_then(|p| p.parse::<u64>().ok()).ok_or(());
        let (generation, item, ms) = (number()?, number()?, number()?);
        if parts.next().is_some() {
            return Err(());
        }
        Ok(Self { generation: generation.try_into().map_err(|_| ())?, item: item.try_into().map_err(|_| ())?, ms })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum ModelCommand {
    /// Connect a model session, after `delay`. What was there before is given up.
    Open {
        delay: Duration,
        route: Route,
    },
    Configure {
        profile: Arc<Profile>,
        turns: TurnTaking,
    },
    /// From now on turns are taken so.
    TakeTurns {
        event_id: String,
        profile: Arc<Profile>,
        turns: TurnTaking,
    },
    /// Something said earlier, for a model that was not there.
    Seed(Seed),
    Append(EncodedAudio),
    /// The caller's turn ends here, whatever the server hears.
    Commit {
        event_id: String,
    },
    CreateResponse {
        event_id: String,
        instructions: Option<String>,
    },
    Cancel {
        event_id: String,
        response: ResponseId,
    },
    /// The caller heard so much of the item: in words, as far as they are known.
    Truncate {
        event_id: String,
        item: ItemId,
        audio_end_ms: u64,
        heard: Option<Redacted<String>>,
    },
    Delete {
        event_id: String,
        item: ItemId,
    },
    ToolResult {
        call_id: ByteString,
        output: String,
    },
}

/// Which of the configured endpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Route {
    #[default]
    Primary,
    Fallback,
}

/// Who answers the caller's turns, and cuts the assistant short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnTaking {
    /// The model's server, as soon as it hears speech, or the end of it.
    ByServer,
    /// The session: the server only reports what it hears.
    BySession,
}

/// A message of the history, created at the model under an id of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    pub item: ItemId,
    pub content: SeedContent,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeedContent {
    Said { speaker: Speaker, text: Redacted<String> },
    ToolCalled { call_id: ByteString, name: String, arguments: Redacted<String> },
    ToolAnswered { call_id: ByteString, output: Redacted<String> },
}

impl SeedContent {
    /// Who said what, if it was said.
    #[must_use]
    pub fn said(&self) -> Option<(Speaker, &str)> {
        if let Self::Said { speaker, text } = self { Some((*speaker, text.as_str())) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_survives_its_name() {
        let mark = Mark { generation: 3, item: 2, ms: 1480 };

        assert_eq!(mark.to_string(), "3:2:1480");
        assert_eq!("3:2:1480".parse(), Ok(mark));
    }

    #[test]
    fn other_names_are_no_marks_of_ours() {
        for name in ["", "1:2", "1:2:3:4", "a:b:c", "-1:0:0", "99999999999:0:0"] {
            assert_eq!(name.parse::<Mark>(), Err(()), "{name}");
        }
    }
}
