//! `calls get`: one call, and what was said in it.

use chrono::{DateTime, Utc};

use super::api::{Api, JSON};
use super::args::{Get, Shape};
use super::told::{CallLine, Conversation, WholeCall, clock, dollars, plain};
use super::trouble::Trouble;
use crate::cli::screen::{Paint, say, wrap};
use crate::cli::transcript::LEGEND;

/// Columns of a fact, behind its name.
const TEXT: usize = 82;

pub async fn get(api: &Api, wish: &Get) -> Result<i32, Trouble> {
    let path: &[&str] = if wish.transcript { &["call", &wish.call, "conversation"] } else { &["call", &wish.call] };
    let answer = api.get(path, &[], JSON).await?;
    if wish.output.format == Shape::Json {
        say(&answer.body);
        return Ok(0);
    }
    let paint = Paint::detect();
    let conversation = if wish.transcript { api.read(&answer)? } else { Conversation { call: api.read(&answer)?, turns: Vec::new() } };
    header(&conversation.call, Utc::now(), paint).iter().for_each(|line| say(line));
    if wish.transcript {
        transcript(&conversation, paint).iter().for_each(|line| say(line));
    }
    Ok(0)
}

fn transcript(conversation: &Conversation, paint: Paint) -> Vec<String> {
    let turns: Vec<String> = conversation.turns.iter().flat_map(|turn| turn.lines(paint)).collect();
    let nothing = || vec!["  nothing was said".to_owned()];
    let lines = if turns.is_empty() { nothing() } else { [vec![paint.dim(LEGEND), String::new()], turns].concat() };
    [vec![String::new()], lines].concat()
}

/// Who, how it went, and what is known of it.
fn header(call: &WholeCall, now: DateTime<Utc>, paint: Paint) -> Vec<String> {
    let mut lines = vec![format!("{}  {}", paint.bold(&plain(&title(&call.line))), coloured(&call.line, paint)), String::new()];
    for (name, fact) in facts(call, now) {
        for (n, line) in wrap(&plain(&fact), TEXT).into_iter().enumerate() {
            let name = if n == 0 { name } else { "" };
            lines.push(format!("  {}  {line}", paint.dim(&format!("{name:<12}"))));
        }
    }
    lines
}

fn title(call: &CallLine) -> String {
    let name = call.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    format!("{} {}{name}", call.direction, call.other_side())
}

/// How it stands with a call, or why it ended.
pub fn coloured(call: &CallLine, paint: Paint) -> String {
    let state = plain(&call.state());
    match (call.status.as_str(), call.reason()) {
        ("completed", Some(reason)) => paint.green(&format!("{state}: {}", plain(&reason))),
        ("completed", None) => paint.green(&state),
        ("failed", _) => paint.red(&state),
        _ => paint.cyan(&state),
    }
}

fn facts(call: &WholeCall, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let line = &call.line;
    let ms = |ms: Option<u64>| ms.map(|ms| format!("{ms} ms"));
    let facts = [
        ("id", Some(line.id.clone())),
        ("sid", line.call_sid.clone()),
        ("from", Some(line.from_number.clone())),
        ("to", Some(line.to_number.clone())),
        ("answered by", call.answered_by.as_ref().map(|who| who.replace('_', " "))),
        ("assistant", Some(format!("{}, {}, voice {}", line.assistant, line.model, call.voice))),
        ("asked for", Some(moment(line.initiated_at))),
        ("not before", line.scheduled_at.map(moment)),
        ("connected", line.connected_at.map(moment)),
        ("ended", line.ended_at.map(moment)),
        ("length", line.length(now).map(clock)),
        ("first sound", ms(line.first_audio_ms)),
        ("latency", line.latency_p50_ms.map(|p50| latency(p50, call.latency_p95_ms))),
        ("counted", counted(call)),
        ("cost", call.cost.as_ref().map(|cost| format!("{}, estimated", dollars(cost.total_usd)))),
        ("error", error(call)),
        ("recording", call.recording.as_ref().map(|recording| format!("{}, {}", clock(recording.duration_seconds), recording.url))),
        ("metadata", call.metadata.as_ref().map(ToString::to_string)),
        ("asked by key", call.api_key_id.clone()),
        ("instance", call.owner.clone()),
    ];
    facts.into_iter().filter_map(|(name, fact)| Some((name, fact?))).collect()
}

fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn latency(p50: u64, p95: Option<u64>) -> String {
    let p95 = p95.map(|p95| format!(", p95 {p95} ms")).unwrap_or_default();
    format!("p50 {p50} ms{p95}, from the caller's last word to the answer's first sound")
}

fn counted(call: &WholeCall) -> Option<String> {
    let counters = call.counters.as_ref()?;
    let interruptions = call.line.interruptions.unwrap_or_default();
    let counts = [
        (counters.ai_responses, "answer", "answers"),
        (counters.user_inputs, "turn of the caller", "turns of the caller"),
        (interruptions, "interruption", "interruptions"),
        (counters.tool_calls, "tool call", "tool calls"),
        (counters.resumes, "resume", "resumes"),
    ];
    let told = counts.into_iter().filter(|(count, ..)| *count > 0);
    let told: Vec<String> = told.map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many })).collect();
    Some(told.join(", ")).filter(|text| !text.is_empty())
}

fn error(call: &WholeCall) -> Option<String> {
    let parts: Vec<&str> = [call.line.error_code.as_deref(), call.error.as_deref()].into_iter().flatten().collect();
    Some(parts.join(": ")).filter(|text| !text.is_empty())
}
