//! Conversations as JSON, CSV, text or Markdown, written one after the other.

use std::io::{Result, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::cli::db::args::TranscriptFormat;
use crate::cli::screen::Paint;
use crate::cli::transcript;
use crate::session::event::{Speaker, Turn, TurnKind};
use crate::store::{Call, Conversation, StoredTurn};

pub struct Renderer<W: Write> {
    out: Out<W>,
    count: u64,
}

enum Out<W: Write> {
    Json(W),
    Csv(Box<csv::Writer<W>>),
    Txt(W),
    Md(W),
}

/// A call in JSON.
#[derive(Serialize)]
struct CallLine<'a> {
    call_id: String,
    call_sid: Option<&'a str>,
    direction: &'a str,
    from: &'a str,
    to: &'a str,
    assistant: &'a str,
    status: &'a str,
    ended_reason: Option<&'a str>,
    initiated_at: String,
    duration_ms: Option<u64>,
    turns: Vec<TurnLine<'a>>,
}

#[derive(Serialize)]
struct TurnLine<'a> {
    epoch: u32,
    position: u32,
    speaker: &'a str,
    kind: &'a str,
    started_ms: u64,
    ended_ms: Option<u64>,
    latency_ms: Option<u64>,
    interrupted: bool,
    generated: &'a str,
    heard: &'a str,
    tool: Option<&'a str>,
    tool_call_id: Option<&'a str>,
    at: String,
}

/// A turn in CSV, where each line stands for itself.
type Cells<'a> = (String, Option<&'a str>, String, &'a str, &'a str, &'a str, &'a str, TurnLine<'a>);
const COLUMNS: [&str; 20] = [
    "call_id",
    "call_sid",
    "initiated_at",
    "direction",
    "from",
    "to",
    "assistant",
    "epoch",
    "position",
    "speaker",
    "kind",
    "started_ms",
    "ended_ms",
    "latency_ms",
    "interrupted",
    "generated",
    "heard",
    "tool",
    "tool_call_id",
    "at",
];

impl<W: Write> Renderer<W> {
    pub fn new(format: TranscriptFormat, out: W) -> Self {
        let out = match format {
            TranscriptFormat::Json => Out::Json(out),
            TranscriptFormat::Csv => Out::Csv(Box::new(csv::WriterBuilder::new().has_headers(false).from_writer(out))),
            TranscriptFormat::Txt => Out::Txt(out),
            TranscriptFormat::Md => Out::Md(out),
        };
        Self { out, count: 0 }
    }

    pub fn write(&mut self, conversation: &Conversation) -> Result<()> {
        let first = self.count == 0;
        self.count += 1;
        match &mut self.out {
            Out::Json(out) => {
                out.write_all(if first { b"[\n" } else { b",\n" })?;
                Ok(serde_json::to_writer(out, &call_line(conversation))?)
            }
            Out::Csv(out) => lines(out, conversation, first),
            Out::Txt(out) => text(out, conversation, first),
            Out::Md(out) => markdown(out, conversation, first),
        }
    }

    /// What the reader of the whole expects at its end, also of nothing.
    pub fn end(self) -> Result<W> {
        match self.out {
            Out::Json(mut out) => {
                out.write_all(if self.count == 0 { b"[]\n" } else { b"\n]\n" })?;
                Ok(out)
            }
            Out::Csv(mut out) => {
                if self.count == 0 {
                    out.write_record(COLUMNS)?;
                }
                out.into_inner().map_err(csv::IntoInnerError::into_error)
            }
            Out::Txt(out) | Out::Md(out) => Ok(out),
        }
    }
}

fn call_line(Conversation { call, turns }: &Conversation) -> CallLine<'_> {
    CallLine {
        call_id: call.id.to_string(),
        call_sid: call.call_sid.as_ref().map(crate::types::CallSid::as_str),
        direction: call.direction.as_str(),
        from: call.from.as_str(),
        to: call.to.as_str(),
        assistant: &call.assistant,
        status: call.status.as_str(),
        ended_reason: call.ended_reason.as_deref(),
        initiated_at: moment(call.initiated_at),
        duration_ms: call.duration().map(millis),
        turns: turns.iter().map(turn_line).collect(),
    }
}

fn turn_line(stored: &StoredTurn) -> TurnLine<'_> {
    let turn = &stored.turn;
    TurnLine {
        epoch: stored.epoch.number(),
        position: turn.position,
        speaker: turn.speaker.as_str(),
        kind: turn.kind.as_str(),
        started_ms: millis(turn.started),
        ended_ms: turn.ended.map(millis),
        latency_ms: turn.latency.map(millis),
        interrupted: turn.interrupted,
        generated: &turn.generated,
        heard: &turn.heard,
        tool: turn.tool.as_ref().map(|tool| tool.name.as_str()),
        tool_call_id: turn.tool.as_ref().map(|tool| tool.call_id.as_str()),
        at: moment(stored.at),
    }
}

fn lines<W: Write>(out: &mut csv::Writer<W>, conversation: &Conversation, first: bool) -> Result<()> {
    if first {
        out.write_record(COLUMNS)?;
    }
    let CallLine { call_id, call_sid, initiated_at, direction, from, to, assistant, turns, .. } = call_line(conversation);
    for turn in turns {
        let cells: Cells<'_> = (call_id.clone(), call_sid, initiated_at.clone(), direction, from, to, assistant, turn);
        out.serialize(cells)?;
    }
    Ok(())
}

fn text<W: Write>(out: &mut W, Conversation { call, turns }: &Conversation, first: bool) -> Result<()> {
    if first {
        writeln!(out, "{}\n", transcript::LEGEND)?;
    } else {
        writeln!(out)?;
    }
    writeln!(out, "{}\n  {}\n", title(call), facts(call))?;
    for line in turns.iter().flat_map(|stored| transcript::lines(&stored.turn, Paint::none())) {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn markdown<W: Write>(out: &mut W, Conversation { call, turns }: &Conversation, first: bool) -> Result<()> {
    if !first {
        writeln!(out)?;
    }
    writeln!(out, "## {}\n\n{}\n", literal(&title(call)), literal(&facts(call)))?;
    for StoredTurn { turn, .. } in turns {
        writeln!(out, "- {} **{}**{} {}", clock(turn), name(turn.speaker), kind(turn), literal(&turn.generated))?;
        if turn.heard != turn.generated {
            let heard = if turn.heard.is_empty() { "nothing".to_owned() } else { literal(&turn.heard) };
            writeln!(out, "  - heard: {heard}")?;
        }
    }
    Ok(())
}

fn title(call: &Call) -> String {
    let at = call.initiated_at.format("%Y-%m-%d %H:%M:%S UTC");
    format!("{at}, {}, {} to {}", call.direction, call.from.as_str(), call.to.as_str())
}

fn facts(call: &Call) -> String {
    let name = call.call_sid.as_ref().map_or_else(|| call.id.to_string(), |sid| sid.as_str().to_owned());
    let length = call.duration().map(|length| format!("{:.1} s", length.as_secs_f64()));
    let rest = [length, call.ended_reason.clone()].into_iter().flatten().map(|fact| format!(", {fact}")).collect::<String>();
    format!("{name}, assistant {}, {}{rest}", call.assistant, call.status)
}

fn clock(turn: &Turn) -> String {
    let seconds = turn.started.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

const fn name(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::User => "caller",
        Speaker::Ai => "assistant",
        Speaker::System => "system",
    }
}

fn kind(turn: &Turn) -> String {
    let tool = turn.tool.as_ref().map(|tool| format!(" {}", tool.name));
    match turn.kind {
        TurnKind::Message => ":".to_owned(),
        other => format!(" ({}{}):", other.as_str().replace('_', " "), literal(&tool.unwrap_or_default())),
    }
}

/// One line, in which nothing is read as Markdown.
fn literal(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for char in text.chars() {
        if matches!(char, '\\' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '#' | '|' | '~') {
            plain.push('\\');
        }
        plain.push(if char.is_control() { ' ' } else { char });
    }
    plain
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
