//! A scenario as it stands in a TOML file. Every key is checked; a mistake is told with its line.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use chrono::Utc;
use serde::Deserialize;

use super::CallerScript;
use super::almanac::dated;
use super::expect::Expectation;
use super::steps::StepLine;
use super::visit::{BUSINESS, VisitLine};
use crate::sim::business::FakeBusiness;
use crate::sim::openai::{Cue, Dialect, FakeOpenAiSettings, Fate, Saying, Script, ScriptedReply, ScriptedTranscript, Writing};
use crate::sim::speech;
use crate::sim::stage::{OUR_NUMBER, saying};
use crate::sim::twilio::{Answer, Detected, DialOutcome, Network};

/// One call and what is to come of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What is proved, as a sentence.
    pub title: String,
    #[serde(default)]
    pub engine: EngineSection,
    #[serde(default)]
    pub model: ModelSection,
    #[serde(default)]
    pub call: CallSection,
    #[serde(default)]
    pub network: NetworkSection,
    /// What a web server of the business is asked, in order.
    #[serde(default)]
    business: Vec<VisitLine>,
    steps: Vec<StepLine>,
    pub expect: Vec<Expectation>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineSection {
    /// Variables of its environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The assistant of the call; it answers our number.
    pub assistant: Option<String>,
    /// Its assistant has no part in the call: another number is its own, and no request names it.
    #[serde(default)]
    pub bystander: bool,
    /// The call begins once it is known how the assistant's phrases sound.
    #[serde(default)]
    pub phrases: bool,
    /// The call begins once the engine's metrics have this line.
    pub once: Option<String>,
}

/// What the assistant of a scenario is called.
pub const ASSISTANT: &str = "scenario";
/// What a bystander answers.
const OTHER_NUMBER: &str = "+14155550181";

impl EngineSection {
    /// The variables that its engine gets: nothing is connected or rendered ahead unless the scenario is about that.
    #[must_use]
    pub fn variables(&self) -> BTreeMap<String, String> {
        let render = self.phrases.to_string();
        let own = [("APP__OPENAI__WARM_CONNECTIONS", "0"), ("APP__OPENAI__RENDER_PHRASES", render.as_str())];
        let mut variables: BTreeMap<String, String> = own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        variables.extend(self.env.clone());
        variables
    }

    /// The file of its assistant, whose tools ask the web server at `business`.
    #[must_use]
    pub fn assistant_file(&self, business: &str) -> Option<String> {
        let text = self.assistant.as_ref()?.replace(BUSINESS, business);
        let number = if self.bystander { OTHER_NUMBER } else { OUR_NUMBER };
        Some(format!("numbers = [\"{number}\"]\n{text}"))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSection {
    /// Whose model it is, and whose the one to fall back on.
    #[serde(default)]
    dialect: Dialect,
    #[serde(default)]
    fallback_dialect: Dialect,
    think_ms: Option<u64>,
    transcript_ms: Option<u64>,
    configure_ms: Option<u64>,
    /// How many times faster than it is heard audio comes.
    speed: Option<u32>,
    /// How long the first sessions live.
    #[serde(default)]
    session_seconds: Vec<u64>,
    refuse_connects: Option<u32>,
    /// The same, but not before the call.
    then_refuse_connects: Option<u32>,
    refuse_configurations: Option<u32>,
    /// The output format that `session.updated` shows.
    shows_format: Option<String>,
    /// A second model listens, as the endpoint to fall back on.
    #[serde(default)]
    fallback: bool,
    #[serde(default)]
    replies: Vec<ReplyLine>,
    #[serde(default)]
    transcripts: Vec<TranscriptLine>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyLine {
    heard: Option<String>,
    tool_result: Option<String>,
    asked: Option<String>,
    say: Option<OneOrMany>,
    tool: Option<ToolLine>,
    #[serde(default)]
    tools: Vec<ToolLine>,
    mcp: Option<RemoteLine>,
    #[serde(default)]
    silent: bool,
    #[serde(default)]
    stuck: bool,
    think_ms: Option<u64>,
    times: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolLine {
    name: String,
    #[serde(default = "no_arguments")]
    arguments: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RemoteLine {
    server: String,
    name: String,
    #[serde(default = "no_arguments")]
    arguments: String,
    output: String,
}

fn no_arguments() -> String {
    "{}".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TranscriptLine {
    heard: Option<String>,
    delay_ms: Option<u64>,
    #[serde(default)]
    outcome: WritingWord,
    times: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WritingWord {
    #[default]
    Done,
    Failed,
    Missing,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallSection {
    #[serde(default)]
    pub direction: DirectionWord,
    #[serde(default)]
    answer: AnswerWord,
    /// Whom the call is for.
    pub name: Option<String>,
    /// What the request asks of the assistant.
    pub instructions: Option<String>,
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// The greeting of an answering machine, which then beeps and listens; the steps are not used.
    machine: Option<String>,
    /// Twilio's word for what picked up, and when it is known.
    answered_by: Option<String>,
    #[serde(default)]
    detected_ms: u64,
    /// What becomes of each `<Dial>`.
    #[serde(default)]
    dials: Vec<DialWord>,
    /// What the network says of the caller's number; that it knows it, by default.
    pub stir_verstat: Option<String>,
    #[serde(default)]
    pub keep_marks: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum DirectionWord {
    #[default]
    Inbound,
    Outbound,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AnswerWord {
    #[default]
    PickUp,
    Busy,
    NoAnswer,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DialWord {
    Completed,
    Busy,
    NoAnswer,
    Failed,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkSection {
    jitter_ms: u64,
    spike_percent: u64,
    spike_ms: u64,
    late_marks_ms: u64,
    seed: u64,
}

/// A file that is no scenario: what is wrong, where, and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum Mistake {
    #[error("{file}: {error}")]
    Unreadable { file: String, error: std::io::Error },
    #[error("{file}: {error}")]
    Toml { file: String, error: Box<toml::de::Error> },
    #[error("{file}: {what}")]
    Meaning { file: String, what: String },
}

impl Scenario {
    pub fn load(path: &Path) -> Result<Self, Mistake> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| Mistake::Unreadable { file: file.clone(), error })?;
        Self::parse(&file, &dated(&text, Utc::now()))
    }

    /// Reads the text of `file`.
    pub fn parse(file: &str, text: &str) -> Result<Self, Mistake> {
        let scenario: Self = toml::from_str(text).map_err(|error| Mistake::Toml { file: file.to_owned(), error: Box::new(error) })?;
        match scenario.complaint() {
            Some(what) => Err(Mistake::Meaning { file: file.to_owned(), what }),
            None => Ok(scenario),
        }
    }

    fn complaint(&self) -> Option<String> {
        let cues = |reply: &ReplyLine| [&reply.heard, &reply.tool_result, &reply.asked].into_iter().flatten().count();
        let misspelt = |text: &&String| (text.starts_with("caller_") || text.starts_with("agent_")) && !speech::is_clip(text);
        let said = self.steps.iter().filter_map(|step| match step {
            StepLine::Say(text) | StepLine::BargeIn { say: text, .. } => Some(text),
            _ => None,
        });
        let clips = || "caller_hours, caller_interrupt, caller_move, caller_goodbye, or any words";
        if let Some(text) = said.chain(self.model.replies.iter().filter_map(|reply| reply.heard.as_ref())).find(misspelt) {
            return Some(format!("no clip is called `{text}`: write {}", clips()));
        }
        if self.expect.is_empty() {
            return Some("nothing is expected: write at least one [[expect]]".to_owned());
        }
        if self.model.replies.iter().any(|reply| cues(reply) > 1) {
            return Some("a reply answers one thing: write one of heard, tool_result, asked, or none of them for anything".to_owned());
        }
        None
    }

    /// The web server that tools ask. Where nothing is expected of it, it must not be asked.
    pub fn business(&self) -> std::io::Result<FakeBusiness> {
        FakeBusiness::start(self.business.iter().map(VisitLine::visit))
    }

    #[must_use]
    pub fn script(&self) -> CallerScript {
        match &self.call.machine {
            Some(greeting) => CallerScript::machine(saying(greeting)),
            None => CallerScript::new(self.steps.iter().flat_map(StepLine::steps).collect()),
        }
    }

    #[must_use]
    pub fn answer(&self) -> Answer {
        match self.call.answer {
            AnswerWord::PickUp => Answer::PickUp(self.script()),
            AnswerWord::Busy => Answer::Busy,
            AnswerWord::NoAnswer => Answer::NoAnswer,
        }
    }

    #[must_use]
    pub fn detected(&self) -> Option<Detected> {
        let after = Duration::from_millis(self.call.detected_ms);
        self.call.answered_by.clone().map(|word| Detected { word, after })
    }

    #[must_use]
    pub fn dials(&self) -> Vec<DialOutcome> {
        let outcome = |word: &DialWord| match word {
            DialWord::Completed => DialOutcome::Completed,
            DialWord::Busy => DialOutcome::Busy,
            DialWord::NoAnswer => DialOutcome::NoAnswer,
            DialWord::Failed => DialOutcome::Failed,
        };
        self.call.dials.iter().map(outcome).collect()
    }

    #[must_use]
    pub const fn way(&self) -> Network {
        let NetworkSection { jitter_ms, spike_percent, spike_ms, late_marks_ms, seed } = self.network;
        let ms = Duration::from_millis;
        Network { jitter: ms(jitter_ms), spike_percent, spike: ms(spike_ms), late_marks: ms(late_marks_ms), seed }
    }
}

impl ModelSection {
    #[must_use]
    pub fn settings(&self) -> FakeOpenAiSettings {
        let defaults = FakeOpenAiSettings::default();
        let ms = |given: Option<u64>, default| given.map_or(default, Duration::from_millis);
        FakeOpenAiSettings {
            dialect: self.dialect,
            think: ms(self.think_ms, defaults.think),
            transcript_delay: ms(self.transcript_ms, defaults.transcript_delay),
            configure: ms(self.configure_ms, defaults.configure),
            speed: self.speed.unwrap_or(defaults.speed),
            ..defaults
        }
    }

    /// Of the model to fall back on, if there is one.
    #[must_use]
    pub fn fallback(&self) -> Option<FakeOpenAiSettings> {
        self.fallback.then(|| FakeOpenAiSettings { dialect: self.fallback_dialect, ..self.settings() })
    }

    /// What goes wrong from the start.
    pub fn prepare(&self, control: &crate::sim::openai::OpenAiControl) {
        control.follow(self.script());
        control.cap_sessions(self.session_seconds.iter().map(|seconds| Duration::from_secs(*seconds)));
        control.refuse_connects(self.refuse_connects.unwrap_or_default());
        control.refuse_configurations(self.refuse_configurations.unwrap_or_default());
        control.show_format(self.shows_format.as_deref());
    }

    /// What goes wrong when the call begins.
    pub(super) fn begin(&self, control: &crate::sim::openai::OpenAiControl) {
        if let Some(count) = self.then_refuse_connects {
            control.refuse_connects(count);
        }
    }

    pub(super) fn script(&self) -> Script {
        Script {
            replies: self.replies.iter().map(ReplyLine::reply).collect(),
            transcripts: self.transcripts.iter().map(TranscriptLine::transcript).collect(),
        }
    }
}

impl ReplyLine {
    fn reply(&self) -> ScriptedReply {
        let heard = self.heard.as_deref().map(|text| Cue::Heard(words(text)));
        let tool = || self.tool_result.clone().map(Cue::ToolResult);
        let asked = || self.asked.clone().map(Cue::Asked);
        ScriptedReply {
            cue: heard.or_else(tool).or_else(asked).unwrap_or(Cue::Anything),
            outputs: self.outputs(),
            fate: match (self.silent, self.stuck) {
                (true, _) => Fate::Ignored,
                (false, true) => Fate::Stuck,
                (false, false) => Fate::Spoken,
            },
            think: self.think_ms.map(Duration::from_millis),
            times: self.times.unwrap_or(u32::MAX),
        }
    }

    fn outputs(&self) -> Vec<Saying> {
        let texts = match &self.say {
            None => &[][..],
            Some(OneOrMany::One(text)) => std::slice::from_ref(text),
            Some(OneOrMany::Many(texts)) => texts,
        };
        let call = |tool: &ToolLine| Saying::Call { name: tool.name.clone(), arguments: tool.arguments.clone() };
        let remote = self.mcp.iter().map(|remote| Saying::Remote {
            server: remote.server.clone(),
            name: remote.name.clone(),
            arguments: remote.arguments.clone(),
            output: remote.output.clone(),
        });
        let said = texts.iter().map(|text| Saying::Say(words(text)));
        remote.chain(said).chain(self.tool.iter().chain(&self.tools).map(call)).collect()
    }
}

impl TranscriptLine {
    fn transcript(&self) -> ScriptedTranscript {
        ScriptedTranscript {
            heard: self.heard.as_deref().map(words),
            delay: self.delay_ms.map(Duration::from_millis),
            outcome: match self.outcome {
                WritingWord::Done => Writing::Done,
                WritingWord::Failed => Writing::Failed,
                WritingWord::Missing => Writing::Missing,
            },
            times: self.times.unwrap_or(u32::MAX),
        }
    }
}

/// The words of a clip of this name, or the text itself.
#[must_use]
pub fn words(text: &str) -> String {
    if speech::is_clip(text) { speech::clip(text).text.to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(text: &str) -> String {
        Scenario::parse("x.toml", text).expect_err("a mistake").to_string()
    }

    const STEPS: &str = "title = \"t\"\nsteps = [{ hear_out = {} }, { say = \"caller_goodbye\" }, { await_hangup = {} }]\n";

    #[test]
    fn a_short_file_is_a_whole_scenario() {
        let text = format!("{STEPS}expect = [{{ heard = [\"agent_greeting\"] }}]\n[network]\njitter_ms = 5\n");

        let scenario = Scenario::parse("x.toml", &text).expect("a scenario");

        assert_eq!(scenario.script().steps.len(), 4);
        assert_eq!(scenario.way().jitter, Duration::from_millis(5));
    }

    #[test]
    fn a_mistake_is_told_with_its_line_and_with_what_would_be_right() {
        let unknown = mistake(&format!("{STEPS}expect = [{{ hears = [] }}]\n"));
        assert!(unknown.contains("line 3") && unknown.contains("`heard`"), "{unknown}");

        let step = mistake("title = \"t\"\nexpect = [{ cuts = 1 }]\nsteps = [{ sey = \"x\" }]\n");
        assert!(step.contains("line 3") && step.contains("`say`"), "{step}");

        let clip = mistake("title = \"t\"\nexpect = [{ cuts = 1 }]\nsteps = [{ say = \"caller_ours\" }]\n");
        assert!(clip.contains("caller_ours") && clip.contains("caller_hours"), "{clip}");
    }

    #[test]
    fn a_file_that_expects_nothing_is_a_mistake() {
        assert!(mistake(&format!("{STEPS}expect = []\n")).contains("at least one"));
    }
}
