//! Whole calls: what callers hear, what is on record, and what happens when something breaks.

mod breaking;
mod limits;
mod outbound;
mod talking;

use std::time::Duration;

use alpha_call::sim::scenario::{CallerScript, Step};
use alpha_call::sim::stage::utterance;
use alpha_call::sim::twilio::{CallReport, Happening};
use serde_json::Value;

const WITHIN: Duration = Duration::from_secs(20);

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn hear() -> [Step; 2] {
    [Step::WaitForSpeech { within: WITHIN }, Step::WaitForSilence { quiet: ms(700), within: WITHIN }]
}

fn say(clip: &str) -> Step {
    Step::Say(utterance(clip))
}

fn goodbye() -> [Step; 2] {
    [say("caller_goodbye"), Step::AwaitHangup { within: WITHIN }]
}

/// Hears the greeting out, does this, says goodbye and is hung up on.
fn script(steps: impl IntoIterator<Item = Step>) -> CallerScript {
    CallerScript::new(hear().into_iter().chain(steps).chain(goodbye()).collect())
}

fn turns(conversation: &Value) -> Vec<&Value> {
    conversation["turns"].as_array().expect("turns").iter().collect()
}

fn said(conversation: &Value, speaker: &str) -> Vec<String> {
    let of = |turn: &&Value| turn["speaker"] == speaker;
    turns(conversation).into_iter().filter(of).map(|turn| turn["generated"].as_str().expect("text").to_owned()).collect()
}

fn clip(name: &str) -> String {
    alpha_call::sim::speech::clip(name).text.to_owned()
}

/// When the caller began to hear the assistant, each time.
fn heard(report: &CallReport) -> Vec<Duration> {
    report.timeline.iter().filter(|event| event.what == Happening::AgentBegan).map(|event| event.at).collect()
}

/// The first sound of the assistant after `moment`.
fn heard_again(report: &CallReport, moment: Duration) -> Duration {
    heard(report).into_iter().find(|at| *at > moment).expect("the assistant is heard again") - moment
}

/// How far the record of each interrupted answer is from what the phone really played, in ms.
fn cut_errors(conversation: &Value, report: &CallReport) -> Vec<u64> {
    let cut = turns(conversation).into_iter().filter(|turn| turn["interrupted"] == true);
    let on_record: Vec<u64> = cut.map(|turn| turn["heard_ms"].as_u64().expect("ms")).collect();
    assert_eq!(on_record.len(), report.cuts.len(), "{on_record:?} {:?}", report.cuts);
    on_record.iter().zip(&report.cuts).map(|(recorded, cut)| recorded.abs_diff(cut.played_ms)).collect()
}
