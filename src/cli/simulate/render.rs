//! The figures on a terminal of 100 columns.

use std::fmt::Write as _;
use std::time::Duration;

use super::figures::{Figures, Ms, Spread};
use super::load::Load;
use super::target::Target;
use crate::cli::screen::{self, Paint, grid, wrap};

const WIDTH: usize = 94;
/// One more call that failed for the same reason says nothing new.
const LISTED: usize = 10;

/// What is about to happen.
#[must_use]
pub fn title(load: &Load, target: &Target, paint: Paint) -> String {
    let calls = match load.calls {
        1 => "1 call".to_owned(),
        n => format!("{n} calls, begun over {} s", load.ramp.as_secs()),
    };
    let asking = match load.asking {
        Duration::ZERO => "one round of questions (about 28 s)".to_owned(),
        asking => format!("rounds of questions for {} s", asking.as_secs()),
    };
    format!("{}  {calls}, {asking}\n\n  engine      {}", paint.bold("alpha-call simulate"), target.place())
}

/// All there is to say at the end.
#[must_use]
pub fn summary(figures: &Figures, paint: Paint) -> String {
    let mut text = format!("\n{}\n{}\n\n{}\n", measured(figures, paint), paint.dim(SHARE_OF_THE_MODEL), counted(figures));
    listed(&mut text, &figures.violations.first, figures.violations.twilio + figures.violations.openai, paint);
    let failures = figures.failures.get(..LISTED).unwrap_or(&figures.failures);
    listed(&mut text, failures, figures.failures.len(), paint);
    if figures.was_turned_away() {
        listed(&mut text, &[TURNED_AWAY.to_owned()], 1, paint);
    }
    let verdict = if figures.passed { paint.green("passed") } else { paint.red("failed") };
    let _ = write!(text, "  verdict     {verdict}");
    text
}

const SHARE_OF_THE_MODEL: &str = "  Of a turn's latency the model has its share: turns.silence_ms to notice the end, 150 ms to think.";
const TURNED_AWAY: &str = "nobody was answered: was the target started with the variables that --print-env prints?";

fn measured(figures: &Figures, paint: Paint) -> String {
    let rows = [
        ("first audio", "stream start -> agent's first media", figures.first_audio_ms),
        ("turn latency", "caller's last sound -> agent heard", figures.turn_latency_ms),
        ("beside the model", "turn latency without its share", figures.reply_beside_model_ms),
        ("barge-in reaction", "caller's first sound -> clear", figures.barge_in_reaction_ms),
        ("clear", "speech_started -> clear at the phone", figures.clear_ms),
        ("truncation error", "heard when cut: record vs phone", figures.truncation_error_ms),
    ];
    let row = |(name, meaning, Spread { n, p50, p95, p99, max }): (&str, &str, Spread)| {
        let [p50, p95, p99, max] = [p50, p95, p99, max].map(shown);
        vec![name.to_owned(), meaning.to_owned(), n.to_string(), p50, p95, p99, max]
    };
    grid(&["", "measured at the phone, in ms", "n", "p50", "p95", "p99", "max"], rows.into_iter().map(row), 2, paint)
}

fn shown(ms: Option<Ms>) -> String {
    ms.map_or_else(|| "-".to_owned(), |Ms(duration)| screen::ms(duration))
}

fn counted(figures: &Figures) -> String {
    let (calls, frames, violations) = (&figures.calls, &figures.frames, &figures.violations);
    let lag = figures.simulator_worst_lag_ms.as_millis();
    [
        format!(
            "  calls       {} started, {} completed, {} failed, in {:.1} s",
            calls.started, calls.completed, calls.failed, figures.seconds
        ),
        format!("  audio       {} frames of 20 ms sent by the phones, {} received", frames.sent, frames.received),
        format!("  simulators  {lag} ms late at worst: this machine's lag, no fault of the engine"),
        format!("  violations  {} of Twilio's protocol, {} of OpenAI's", violations.twilio, violations.openai),
    ]
    .join("\n")
}

/// The first of `all` troubles, each wrapped.
fn listed(text: &mut String, troubles: &[String], all: usize, paint: Paint) {
    let more = all.checked_sub(troubles.len()).filter(|more| *more > 0).map(|more| format!("and {more} more"));
    for trouble in troubles.iter().chain(&more) {
        for (number, line) in wrap(trouble, WIDTH).into_iter().enumerate() {
            let lead = if number == 0 { paint.red("!") } else { " ".to_owned() };
            let _ = writeln!(text, "  {lead} {line}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::simulate::figures::Observed;
    use crate::sim::stage::Stage;

    fn figures(failures: usize) -> Figures {
        let stage = Stage::start(1).expect("two free ports");
        let mut figures = Figures::of("this process", Duration::from_secs(1), &stage, &[] as &[Observed], Vec::new());
        figures.failures = (0..failures).map(|number| format!("CA{number}: {}", "reason ".repeat(30))).collect();
        let long = Some(Ms(Duration::from_millis(99_999)));
        figures.truncation_error_ms = Spread { n: 100_000, p50: long, p95: long, p99: long, max: long };
        figures
    }

    #[test]
    fn everything_fits_on_100_columns() {
        let text = summary(&figures(2), Paint::none());

        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(100), "{widest:?}\n{text}");
    }

    #[test]
    fn the_first_failures_are_listed_and_the_rest_counted() {
        let text = summary(&figures(13), Paint::none());

        assert!(text.contains("! CA9: ") && !text.contains("CA10: ") && text.contains("! and 3 more"), "{text}");
        assert!(text.ends_with("verdict     failed"), "{text}");
    }

    #[test]
    fn what_was_not_measured_is_a_dash() {
        let text = summary(&figures(0), Paint::none());

        let row = text.lines().find(|line| line.contains("first audio")).expect("a row");
        assert_eq!(row.split_whitespace().rev().take(5).collect::<Vec<_>>(), ["-", "-", "-", "-", "0"]);
    }
}
