//! What a test has the model say, do, and fail to do, turn by turn.

use std::time::Duration;

/// The first reply whose cue fits, and that is not used up, is given; without one the model decides by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    pub replies: Vec<ScriptedReply>,
    pub transcripts: Vec<ScriptedTranscript>,
}

/// What is answered to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptedReply {
    pub cue: Cue,
    pub outputs: Vec<Saying>,
    pub fate: Fate,
    /// Instead of the model's own pace.
    pub think: Option<Duration>,
    /// How often it may be given.
    pub times: u32,
}

impl ScriptedReply {
    /// Any number of times, at the model's own pace.
    #[must_use]
    pub const fn new(cue: Cue, outputs: Vec<Saying>) -> Self {
        Self { cue, outputs, fate: Fate::Spoken, think: None, times: u32::MAX }
    }
}

/// What a reply answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cue {
    /// These words of the caller.
    Heard(String),
    /// The output of this tool.
    ToolResult(String),
    /// Instructions that hold these words.
    Asked(String),
    Anything,
}

/// One output item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saying {
    Say(String),
    /// `arguments` may be anything, JSON or not.
    Call {
        name: String,
        arguments: String,
    },
    /// A tool of a remote server, used by the model's server alone.
    Remote {
        server: String,
        name: String,
        arguments: String,
        output: String,
    },
}

/// What becomes of a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    #[default]
    Spoken,
    /// Never created.
    Ignored,
    /// Created, and nothing more.
    Stuck,
}

/// How the caller's words are written down, where they are these; any, if there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptedTranscript {
    pub heard: Option<String>,
    pub delay: Option<Duration>,
    pub outcome: Writing,
    pub times: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Writing {
    #[default]
    Done,
    Failed,
    Missing,
}

/// What a response is asked for with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Occasion {
    pub(super) heard: Option<String>,
    pub(super) tool: Option<String>,
    pub(super) instructions: Option<String>,
}

impl Cue {
    fn fits(&self, occasion: &Occasion) -> bool {
        match self {
            Self::Heard(words) => occasion.heard.as_ref() == Some(words),
            Self::ToolResult(name) => occasion.tool.as_ref() == Some(name),
            Self::Asked(words) => occasion.instructions.as_ref().is_some_and(|text| text.contains(words)),
            Self::Anything => true,
        }
    }
}

impl Script {
    pub(super) fn take_reply(&mut self, occasion: &Occasion) -> Option<ScriptedReply> {
        let reply = self.replies.iter_mut().find(|reply| reply.times > 0 && reply.cue.fits(occasion))?;
        reply.times -= 1;
        Some(reply.clone())
    }

    pub(super) fn take_transcript(&mut self, heard: Option<&str>) -> Option<ScriptedTranscript> {
        let fits = |transcript: &ScriptedTranscript| transcript.heard.as_deref().is_none_or(|words| Some(words) == heard);
        let transcript = self.transcripts.iter_mut().find(|transcript| transcript.times > 0 && fits(transcript))?;
        transcript.times -= 1;
        Some(transcript.clone())
    }
}
