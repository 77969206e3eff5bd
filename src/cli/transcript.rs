//! A call as it is told on a terminal of 100 columns.

use std::time::Duration;

use super::screen::{Paint, wrap};
use crate::session::event::{Speaker, Turn};

/// Columns of text, after the time and the speaker.
const TEXT: usize = 82;
const MARGIN: usize = 17;

/// What the marks of a transcript mean.
pub const LEGEND: &str = "  Seconds since the call was answered. What follows /// was generated, but never heard.";

/// The lines of one turn that is over.
#[must_use]
pub fn lines(turn: &Turn, paint: Paint) -> Vec<String> {
    let (words, unheard) = if turn.interrupted { cut(turn) } else { (turn.generated.0.clone(), String::new()) };
    let mut lines = Vec::new();
    for (number, line) in wrap_in_two(&words, &unheard, paint).into_iter().enumerate() {
        let lead = if number == 0 { lead(turn, paint) } else { " ".repeat(MARGIN) };
        lines.push(format!("{lead}{line}"));
    }
    let note = note(turn);
    if !note.is_empty() {
        lines.push(format!("{}{}", " ".repeat(MARGIN), paint.dim(&note)));
    }
    lines
}

/// Wraps as one text; the second part is dim.
fn wrap_in_two(heard: &str, unheard: &str, paint: Paint) -> Vec<String> {
    let mut left = heard.split_whitespace().count();
    let mut painted = |line: String| {
        let words: Vec<&str> = line.split(' ').collect();
        let (first, second) = words.split_at(left.min(words.len()));
        left -= first.len();
        let parts = [first.join(" "), paint.dim(&second.join(" "))];
        parts.into_iter().zip([first, second]).filter(|(_, words)| !words.is_empty()).map(|(text, _)| text).collect::<Vec<_>>().join(" ")
    };
    wrap(&format!("{heard} {unheard}"), TEXT).into_iter().map(&mut painted).collect()
}

fn lead(turn: &Turn, paint: Paint) -> String {
    let name = match turn.speaker {
        Speaker::User => paint.cyan("caller"),
        Speaker::Ai => paint.green("ai    "),
        Speaker::System => paint.dim("system"),
    };
    format!("  {}  {name}  ", paint.dim(&format!("{:>5.1}", turn.started.as_secs_f64())))
}

/// What was heard, and what was not.
fn cut(turn: &Turn) -> (String, String) {
    let unheard = turn.generated.strip_prefix(turn.heard.as_str()).unwrap_or(&turn.generated).trim();
    (turn.heard.0.clone(), format!("/// {unheard}"))
}

fn note(turn: &Turn) -> String {
    let latency = turn.latency.map(|latency| format!("answered {} ms after the caller", latency.as_millis()));
    let cut = turn.interrupted.then(|| {
        let seconds = |ms| Duration::from_millis(ms).as_secs_f64();
        format!("interrupted: {:.1} s of {:.1} s heard", seconds(turn.heard_ms), seconds(turn.audio_ms))
    });
    latency.into_iter().chain(cut).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::event::TurnKind;
    use crate::types::Redacted;

    fn turn(generated: &str, heard: &str) -> Turn {
        Turn {
            seq: 1,
            revision: 1,
            position: 1,
            item: None,
            response: None,
            speaker: Speaker::Ai,
            kind: TurnKind::Message,
            generated: Redacted(generated.to_owned()),
            heard: Redacted(heard.to_owned()),
            interrupted: generated != heard,
            audio_ms: 12_280,
            heard_ms: 2_590,
            started: Duration::from_millis(7_700),
            ended: None,
            latency: Some(Duration::from_millis(144)),
            tokens: None,
            transcription: None,
            tool: None,
        }
    }

    #[test]
    fn what_was_not_heard_stands_behind_a_mark_with_the_seconds_below() {
        let lines = lines(&turn("We are open from eight.", "We are open"), Paint::none());

        assert_eq!(lines[0], "    7.7  ai      We are open /// from eight.");
        assert_eq!(lines[1].trim(), "answered 144 ms after the caller, interrupted: 2.6 s of 12.3 s heard");
    }

    #[test]
    fn a_turn_that_was_heard_out_has_no_mark() {
        let lines = lines(&turn("We are open.", "We are open."), Paint::none());

        assert_eq!(lines[0], "    7.7  ai      We are open.");
    }

    #[test]
    fn a_long_turn_is_wrapped_as_one_text_and_fits_100_columns() {
        let heard = "word ".repeat(30);
        let generated = "word ".repeat(60);

        let lines = lines(&turn(generated.trim(), heard.trim()), Paint::none());

        assert!(lines.iter().all(|line| line.chars().count() <= 100), "{lines:#?}");
        assert_eq!(lines.iter().map(|line| line.matches("word").count()).sum::<usize>(), 60);
        assert_eq!(lines.iter().filter(|line| line.contains("///")).count(), 1);
    }
}
