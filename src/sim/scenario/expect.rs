//! What a scenario expects, held against what the caller heard, what is on record, and what the model saw.

use std::borrow::Borrow;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::file::words;
use crate::sim::openai::SessionReport;
use crate::sim::twilio::{CallReport, Happening, HungUpBy};

/// One expectation; times in milliseconds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Expectation {
    /// Everything said to the caller, in order: clips or words; `…` at the end: not heard to its end.
    Heard(Vec<String>),
    /// These in this order, among others.
    HeardAmong(Vec<String>),
    NotHeard(Vec<String>),
    /// At most.
    FirstAudioMs(u64),
    /// At least: until then nothing was sent.
    FirstAudioNotBeforeMs(u64),
    /// From the caller's last sound to the next of the agent: each at most.
    ReplyMs(u64),
    /// From the caller's first sound to the `clear`: each at most.
    CutMs(u64),
    Cuts(usize),
    /// The longest that playback ran dry in mid-speech: at most.
    GapMs(u64),
    /// The longest that nobody was heard, from the first word to the last: at most.
    SilenceMs(u64),
    /// Keys heard as tones.
    Keys(String),
    /// A tone, or a rhythm of tones, was heard for at least so long.
    ToneMs(u64),
    /// `caller`, `engine` or `time_limit`.
    HungUpBy(String),
    /// How the call came out: `completed`, `busy`, `no-answer`, …
    Outcome(String),
    Dialled(Vec<String>),
    Streams(usize),
    /// What an answering machine recorded.
    LeftMessage(Vec<String>),
    Recordings(usize),
    /// Fields of the call's row; `a.b` for a field of a field.
    Row(Map<String, Value>),
    /// The messages on record, in order; `generated` and `heard` may be clips.
    Messages(Vec<Map<String, Value>>),
    /// Turns of any kind, in this order, among others.
    TurnsAmong(Vec<Map<String, Value>>),
    /// All calls that were promised, and all numbers that want none.
    Callbacks(Vec<Map<String, Value>>),
    OptOuts(Vec<Map<String, Value>>),
    /// Between what is on record as heard and what was played, of each answer that was cut: at most.
    HeardErrorMs(u64),
    Model(ModelExpectation),
    Fallback(ModelExpectation),
}

/// Of all sessions of one endpoint.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelExpectation {
    sessions: Option<usize>,
    truncates: Option<usize>,
    cancelled: Option<usize>,
    /// Texts that were told to the last session, each within one message.
    seeds: Vec<String>,
    /// Parts of the outputs of tools, in order.
    tool_outputs: Vec<String>,
    appended_at_most_ms: Option<u64>,
    instructions: Option<String>,
    /// What is in force in the last session: fields as `session.updated` shows them, `a.b` for a field of a field.
    session: Map<String, Value>,
    /// Words understood of the caller.
    understood: Option<Vec<String>>,
}

/// Rows that no API shows.
#[derive(Debug, Default)]
pub struct Wishes {
    pub callbacks: Vec<Value>,
    pub opt_outs: Vec<Value>,
}

/// All there is to judge by.
pub struct Evidence {
    pub report: CallReport,
    pub row: Value,
    pub turns: Vec<Value>,
    pub wishes: Wishes,
    pub model: Vec<SessionReport>,
    pub fallback: Vec<SessionReport>,
}

impl Expectation {
    /// What is otherwise than expected.
    #[must_use]
    pub fn failure(&self, evidence: &Evidence) -> Option<String> {
        let report = &evidence.report;
        match self {
            Self::Heard(texts) => unlike("heard", &wanted(texts), &heard(report)),
            Self::HeardAmong(texts) => not_among("heard_among", &wanted(texts), &heard(report)),
            Self::NotHeard(texts) => {
                let heard = heard(report);
                let found = wanted(texts).into_iter().find(|text| heard.iter().any(|heard| heard.contains(text.as_str())));
                found.map(|text| format!("not_heard: {text:?} was heard"))
            }
            Self::FirstAudioMs(most) => match report.first_audio() {
                Some(first) => above("first_audio_ms", first.as_millis(), *most),
                None => Some("first_audio_ms: nothing was sent".to_owned()),
            },
            Self::FirstAudioNotBeforeMs(least) => {
                let early = report.first_audio().filter(|first| first.as_millis() < u128::from(*least));
                early.map(|first| format!("first_audio_not_before_ms: at least {least} expected, instead {}", first.as_millis()))
            }
            Self::ReplyMs(most) => worst("reply_ms", report.turn_latencies.iter().map(std::time::Duration::as_millis), *most),
            Self::CutMs(most) => worst("cut_ms", report.cuts.iter().map(|cut| cut.reaction.as_millis()), *most),
            Self::Cuts(count) => unlike("cuts", count, &report.cuts.len()),
            Self::GapMs(most) => above("gap_ms", report.understood().longest_gap().as_millis(), *most),
            Self::SilenceMs(most) => above("silence_ms", longest_silence(report), *most),
            Self::Keys(keys) => unlike("keys", keys, &report.understood().keys()),
            Self::ToneMs(least) => {
                let longest = report.understood().longest_tone().as_millis();
                (longest < u128::from(*least)).then(|| format!("tone_ms: at least {least} ms expected, {longest} ms heard"))
            }
            Self::HungUpBy(who) => unlike("hung_up_by", who, &hung_up_by(report)),
            Self::Outcome(outcome) => unlike("outcome", outcome, &report.outcome.as_ref().map(ToString::to_string).unwrap_or_default()),
            Self::Dialled(numbers) => unlike("dialled", numbers, &report.dialled.iter().map(|number| number.0.clone()).collect()),
            Self::Streams(count) => unlike("streams", count, &report.streams.len()),
            Self::LeftMessage(texts) => {
                let left = report.left_message().into_iter().map(|words| words.text).collect();
                unlike("left_message", &wanted(texts), &left)
            }
            Self::Recordings(count) => unlike("recordings", count, &report.recordings.len()),
            Self::Row(fields) => misfit("row", fields, &evidence.row),
            Self::Messages(messages) => unlike_messages(messages, &evidence.turns),
            Self::TurnsAmong(turns) => missing_turn(turns, &evidence.turns),
            Self::Callbacks(rows) => unlike_rows("callbacks", rows, &evidence.wishes.callbacks),
            Self::OptOuts(rows) => unlike_rows("opt_outs", rows, &evidence.wishes.opt_outs),
            Self::HeardErrorMs(most) => heard_error(*most, evidence),
            Self::Model(expected) => expected.failure("model", &evidence.model),
            Self::Fallback(expected) => expected.failure("fallback", &evidence.fallback),
        }
    }
}

impl ModelExpectation {
    fn failure(&self, name: &str, sessions: &[SessionReport]) -> Option<String> {
        let count = |name: &str, wanted: Option<usize>, found: usize| wanted.and_then(|wanted| unlike(name, &wanted, &found));
        let all = |of: fn(&SessionReport) -> usize| sessions.iter().map(of).sum::<usize>();
        let cancelled = |session: &SessionReport| session.responses.iter().filter(|status| **status == "cancelled").count();
        let outputs: Vec<&str> = sessions.iter().flat_map(|session| &session.tool_outputs).map(|(_, output)| output.as_str()).collect();
        let understood: Vec<String> = sessions.iter().flat_map(|session| session.understood.iter().flatten().cloned()).collect();
        let appended: u64 = sessions.iter().map(|session| session.appended_ms).sum();
        let last = sessions.last();
        let seeded = |text: &&String| last.is_some_and(|session| session.seeds.iter().any(|(_, seed)| seed.contains(&words(text))));
        let found = count("sessions", self.sessions, sessions.len())
            .or_else(|| count("truncates", self.truncates, all(|session| session.truncates.len())))
            .or_else(|| count("cancelled", self.cancelled, all(cancelled)))
            .or_else(|| {
                self.seeds
                    .iter()
                    .find(|text| !seeded(text))
                    .map(|text| format!("seeds: {text:?} was not told: {:?}", last.map(|s| &s.seeds)))
            })
            .or_else(|| unanswered(&self.tool_outputs, &outputs))
            .or_else(|| self.appended_at_most_ms.and_then(|most| above("appended_at_most_ms", appended.into(), most)))
            .or_else(|| {
                let has = |part: &String| last.is_some_and(|session| session.instructions.contains(part));
                self.instructions.as_ref().filter(|part| !has(part)).map(|part| format!("instructions: {part:?} is not in them"))
            })
            .or_else(|| misfit("session", &self.session, last.map_or(&Value::Null, |session| &session.config)))
            .or_else(|| self.understood.as_ref().and_then(|texts| unlike("understood", &wanted(texts), &understood)));
        found.map(|what| format!("{name}.{what}"))
    }
}

fn wanted(texts: &[String]) -> Vec<String> {
    let full = |text: &String| match text.strip_suffix('…') {
        Some(text) => format!("{}…", words(text)),
        None => words(text),
    };
    texts.iter().map(full).collect()
}

/// All that was said to the caller, by our voice or Twilio's, in order.
fn heard(report: &CallReport) -> Vec<String> {
    let cut = |words: &crate::sim::twilio::Words| if words.to_ms < words.whole_ms { "…" } else { "" };
    let ours = report.understood().words.into_iter().map(|words| (words.at, format!("{}{}", words.text, cut(&words))));
    let twilios = report.timeline.iter().filter_map(|event| match &event.what {
        Happening::Said { text } => Some((event.at, text.clone())),
        _ => None,
    });
    let mut all: Vec<_> = ours.chain(twilios).collect();
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, text)| text).collect()
}

fn hung_up_by(report: &CallReport) -> String {
    let word = match report.hung_up_by {
        Some(HungUpBy::Caller) => "caller",
        Some(HungUpBy::Rest | HungUpBy::Twiml) => "engine",
        Some(HungUpBy::TimeLimit) => "time_limit",
        Some(HungUpBy::Failure) => "failure",
        None => "nobody",
    };
    word.to_owned()
}

/// From one voice's end to the next one's beginning.
fn longest_silence(report: &CallReport) -> u128 {
    let (mut longest, mut quiet_since) = (0, None);
    for event in &report.timeline {
        match event.what {
            Happening::AgentEnded | Happening::CallerEnded { .. } => quiet_since = Some(event.at),
            Happening::AgentBegan | Happening::CallerBegan { .. } => {
                if let Some(since) = quiet_since.take() {
                    longest = longest.max(event.at.saturating_sub(since).as_millis());
                }
            }
            _ => {}
        }
    }
    longest
}

fn unlike<T: PartialEq + std::fmt::Debug>(name: &str, wanted: &T, found: &T) -> Option<String> {
    (wanted != found).then(|| format!("{name}: expected {wanted:?}, instead {found:?}"))
}

fn above(name: &str, found: u128, most: u64) -> Option<String> {
    (found > u128::from(most)).then(|| format!("{name}: at most {most} expected, instead {found}"))
}

fn worst(name: &str, found: impl Iterator<Item = u128>, most: u64) -> Option<String> {
    match found.max() {
        Some(worst) => above(name, worst, most),
        None => Some(format!("{name}: there was nothing to measure")),
    }
}

fn not_among(name: &str, wanted: &[String], found: &[String]) -> Option<String> {
    let mut rest = found.iter();
    let missing = wanted.iter().find(|text| !rest.any(|found| found == *text));
    missing.map(|text| format!("{name}: {text:?} is missing, or too early, in {found:?}"))
}

fn unanswered(wanted: &[String], found: &[&str]) -> Option<String> {
    let mut rest = found.iter();
    let missing = wanted.iter().find(|part| !rest.any(|output| output.contains(part.as_str())));
    missing.map(|part| format!("tool_outputs: {part:?} is missing in {found:?}"))
}

/// The first field that is otherwise.
fn misfit(name: &str, fields: &Map<String, Value>, found: &Value) -> Option<String> {
    fields.iter().find_map(|(key, wanted)| {
        let value = found.pointer(&format!("/{}", key.replace('.', "/"))).unwrap_or(&Value::Null);
        (!same(wanted, value)).then(|| format!("{name}.{key}: expected {wanted}, instead {value}"))
    })
}

/// Numbers by value, texts by clip; an empty text is nothing at all, and `*` is anything that is there.
fn same(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::String(text), Value::Null) => text.is_empty(),
        (Value::String(text), _) if text == "*" => true,
        (Value::String(text), Value::String(found)) => words(text) == *found,
        (wanted, found) if wanted.is_number() => wanted.as_f64() == found.as_f64(),
        (wanted, found) => wanted == found,
    }
}

fn unlike_messages(wanted: &[Map<String, Value>], turns: &[Value]) -> Option<String> {
    let found: Vec<&Value> = turns.iter().filter(|turn| turn.get("kind").is_some_and(|kind| kind == "message")).collect();
    unlike_rows("messages", wanted, &found)
}

fn unlike_rows<V: Borrow<Value>>(name: &str, wanted: &[Map<String, Value>], found: &[V]) -> Option<String> {
    let wrong = wanted.iter().zip(found).enumerate().find_map(|(n, (wanted, row))| misfit(&format!("{name}[{n}]"), wanted, row.borrow()));
    let shown = |row: &Value| row.get("generated").unwrap_or(row).to_string();
    let texts = || found.iter().map(|row| shown(row.borrow())).collect::<Vec<_>>().join(", ");
    wrong.or_else(|| {
        (wanted.len() != found.len()).then(|| format!("{name}: {} expected, instead {}: {}", wanted.len(), found.len(), texts()))
    })
}

fn missing_turn(wanted: &[Map<String, Value>], turns: &[Value]) -> Option<String> {
    let mut rest = turns.iter();
    let missing = wanted.iter().find(|wanted| !rest.any(|turn| misfit("", wanted, turn).is_none()));
    missing.map(|wanted| format!("turns_among: no turn is {}", Value::Object(wanted.clone())))
}

fn heard_error(most: u64, evidence: &Evidence) -> Option<String> {
    let cut = evidence
        .turns
        .iter()
        .filter(|turn| turn.get("interrupted") == Some(&Value::Bool(true)) && turn.get("speaker").is_some_and(|speaker| speaker == "ai"));
    let recorded: Vec<u64> = cut.filter_map(|turn| turn.get("heard_ms")?.as_u64()).collect();
    let played: Vec<u64> = evidence.report.cuts.iter().map(|cut| cut.played_ms).collect();
    let right = recorded.len() == played.len() && recorded.iter().zip(&played).all(|(one, other)| one.abs_diff(*other) <= most);
    (!right).then(|| format!("heard_error_ms: at most {most} expected; on record {recorded:?}, played {played:?}"))
}
