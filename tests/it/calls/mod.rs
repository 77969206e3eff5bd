//! Whole calls: what callers hear, what is on record, and what happens when something breaks.

mod browser;
mod commands;
mod crowd;
mod ending;
mod interrupting;
mod jammed;
mod limits;
mod lost_model;
mod lost_stream;
mod moving;
mod no_model;
mod outbound;
mod panics;
mod queue;
mod record;
mod talking;
mod warm;

use std::time::{Duration, Instant};

use alpha_call::sim::scenario::{CallerScript, Step};
use alpha_call::sim::stage::utterance;
use alpha_call::sim::twilio::{CallHandle, CallReport, Happening};
use alpha_call::types::CallId;
use serde_json::Value;

use crate::house::{House, LONG, eventually, eventually_within};

const WITHIN: Duration = Duration::from_secs(20);
/// The longest silence that a fault of ours may cost a caller.
const PAUSE: Duration = Duration::from_secs(2);
/// How far the record may be from what the phone really played.
const CUT_ERROR_MS: u64 = 60;

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn hear() -> [Step; 2] {
    [Step::WaitForSpeech { within: WITHIN }, Step::WaitForSilence { quiet: ms(700), within: WITHIN }]
}

fn say(clip: &str) -> Step {
    Step::Say(utterance(clip))
}

fn interrupt(after_ms: u64, clip: &str) -> Step {
    Step::BargeIn { after: ms(after_ms), say: utterance(clip) }
}

fn goodbye() -> [Step; 2] {
    [say("caller_goodbye"), Step::AwaitHangup { within: WITHIN }]
}

/// Hears the greeting out, does this, says goodbye and is hung up on.
fn script(steps: impl IntoIterator<Item = Step>) -> CallerScript {
    CallerScript::new(hear().into_iter().chain(steps).chain(goodbye()).collect())
}

/// Asks for the long answer, hears it out however often it breaks, then says goodbye.
fn patient() -> CallerScript {
    script([say("caller_hours"), Step::WaitForSpeech { within: WITHIN }, Step::WaitForSilence { quiet: ms(3_500), within: LONG }])
}

fn turns(conversation: &Value) -> Vec<&Value> {
    conversation["turns"].as_array().expect("turns").iter().collect()
}

pub fn said(conversation: &Value, speaker: &str) -> Vec<String> {
    let of = |turn: &&Value| turn["speaker"] == speaker;
    turns(conversation).into_iter().filter(of).map(|turn| turn["generated"].as_str().expect("text").to_owned()).collect()
}

pub fn clip(name: &str) -> String {
    alpha_call::sim::speech::clip(name).text.to_owned()
}

/// Our id of a call.
async fn id_of(house: &House, call: &CallHandle) -> CallId {
    let row = house.row(call.call_sid(), |_| true).await;
    row["id"].as_str().expect("an id").parse().expect("our id")
}

/// The long answer is heard, and the question is on record: it is written down later than answered.
async fn in_mid_answer(house: &House, call: &CallHandle) {
    call.until(LONG, |report| heard(report).len() >= 2).await.expect("an answer");
    eventually("the question is written down", async || {
        let conversation = house.conversation(call.call_sid()).await;
        if said(&conversation, "user") == [clip("caller_hours")] { Ok(()) } else { Err(conversation) }
    })
    .await;
}

fn now(call: &CallHandle) -> Duration {
    call.report().offset(Instant::now())
}

/// When the caller began to hear the assistant, each time.
fn heard(report: &CallReport) -> Vec<Duration> {
    report.timeline.iter().filter(|event| event.what == Happening::AgentBegan).map(|event| event.at).collect()
}

/// The silence that the caller heard around `moment`, or after it.
fn silence(report: &CallReport, moment: Duration) -> Duration {
    let again = heard(report).into_iter().find(|at| *at > moment).expect("the assistant is heard again");
    let ends = report.timeline.iter().filter(|event| event.what == Happening::AgentEnded && event.at < again);
    again - ends.map(|event| event.at).next_back().expect("the assistant was heard before")
}

/// When the engine threw away what was still to be played, and how much had been played of it.
fn clears(report: &CallReport) -> Vec<(Duration, u64)> {
    let cleared = report.timeline.iter().filter_map(|event| match event.what {
        Happening::Cleared { played_ms, dropped_ms } if dropped_ms > 0 => Some((event.at, played_ms)),
        _ => None,
    });
    cleared.collect()
}

/// The record of each interrupted answer is what the phone really played of it.
pub fn assert_cuts(conversation: &Value, report: &CallReport) {
    let cut = turns(conversation).into_iter().filter(|turn| turn["interrupted"] == true);
    let on_record: Vec<u64> = cut.map(|turn| turn["heard_ms"].as_u64().expect("ms")).collect();
    let played: Vec<u64> = clears(report).into_iter().map(|(_, played_ms)| played_ms).collect();
    assert_eq!(on_record.len(), played.len(), "on record {on_record:?}, played {played:?}");
    let right = on_record.iter().zip(&played).all(|(recorded, played)| recorded.abs_diff(*played) <= CUT_ERROR_MS);
    assert!(right, "on record {on_record:?}, played {played:?}, worst lag {:?}", report.worst_lag);
}

/// What the model was told to keep of each interrupted answer.
fn truncated(house: &House) -> Vec<u64> {
    house.openai().sessions().into_iter().flat_map(|session| session.truncates).map(|(_, at)| at).collect()
}

fn heard_ms(conversation: &Value) -> Vec<u64> {
    let cut = turns(conversation).into_iter().filter(|turn| turn["interrupted"] == true);
    cut.map(|turn| turn["heard_ms"].as_u64().expect("ms")).collect()
}

/// What the model was told of the conversation before, in its last session.
fn seeds(house: &House) -> Vec<(String, String)> {
    house.openai().sessions().last().expect("a session").seeds.clone()
}

fn by(speaker: &str, name: &str) -> (String, String) {
    (speaker.to_owned(), clip(name))
}
