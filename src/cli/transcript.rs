//! A call as it is told on a terminal of 100 columns.

use std::time::Duration;

use super::screen::{Paint, wrap};
use crate::session::event::{Speaker, Turn};

/// Columns of text, after the time and the speaker.
const TEXT: usize = 82;
const MARGIN: usize = 17;

/// The lines of one turn that is over.
#[must_use]
pub fn lines(turn: &Turn, paint: Paint) -> Vec<String> {
    let words = if turn.interrupted { cut(turn) } else { turn.generated.0.clone() };
    let mut lines = Vec::new();
    for (number, line) in wrap(&words, TEXT).into_iter().enumerate() {
        let lead = if number == 0 { lead(turn, paint) } else { " ".repeat(MARGIN) };
        lines.push(format!("{lead}{line}"));
    }
    let note = note(turn);
    if !note.is_empty() {
        lines.push(format!("{}{}", " ".repeat(MARGIN), paint.dim(&note)));
    }
    lines
}

fn lead(turn: &Turn, paint: Paint) -> String {
    let name = match turn.speaker {
        Speaker::User => paint.cyan("caller"),
        Speaker::Ai => paint.green("ai    "),
        Speaker::System => paint.dim("system"),
    };
    format!("  {}  {name}  ", paint.dim(&format!("{:>5.1}", turn.started.as_secs_f64())))
}

/// What was heard, then what was not.
fn cut(turn: &Turn) -> String {
    let unheard = turn.generated.strip_prefix(turn.heard.as_str()).unwrap_or(&turn.generated).trim();
    format!("{} /// {unheard}", turn.heard.0)
}

fn note(turn: &Turn) -> String {
    let latency = turn.latency.map(|latency| format!("answered after {} ms", latency.as_millis()));
    let cut = turn.interrupted.then(|| {
        let seconds = |ms| Duration::from_millis(ms).as_secs_f64();
        format!("interrupted: {:.2} s heard of {:.2} s generated", seconds(turn.heard_ms), seconds(turn.audio_ms))
    });
    latency.into_iter().chain(cut).collect::<Vec<_>>().join(", ")
}
