//! The figures on a terminal of 100 columns.

use std::fmt::Write as _;
use std::time::Duration;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, Table};

use super::figures::{Figures, Ms, Spread};
use super::load::Load;
use super::target::Target;
use crate::cli::screen::{Paint, wrap};

const WIDTH: usize = 96;
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
        Duration::ZERO => "one round of questions each (about 28 s)".to_owned(),
        asking => format!("rounds of questions for {} s each", asking.as_secs()),
    };
    let engine = format!("the engine in {} at http://{}", target.name(), target.addr());
    format!("{} {calls}, {asking}\n\n  engine    {engine}", paint.bold("alpha-call simulate"))
}

/// All there is to say at the end.
#[must_use]
pub fn summary(figures: &Figures, paint: Paint) -> String {
    let mut text = format!("\n{}\n\n{}\n", measured(figures), counted(figures));
    for trouble in &figures.violations.first {
        listed(&mut text, trouble, paint);
    }
    for trouble in figures.failures.iter().take(LISTED) {
        listed(&mut text, trouble, paint);
    }
    if let Some(more) = figures.failures.len().checked_sub(LISTED).filter(|more| *more > 0) {
        listed(&mut text, &format!("and {more} more failures"), paint);
    }
    if figures.is_turned_away() {
        listed(&mut text, "no call was taken: does the target have the variables that --print-env prints?", paint);
    }
    let verdict = if figures.passed { paint.green("passed") } else { paint.red("failed") };
    let _ = write!(text, "  verdict     {}", paint.bold(&verdict));
    text
}

fn measured(figures: &Figures) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(["in ms", "measured at the phone", "n", "p50", "p95", "p99", "max"]);
    let rows = [
        ("first audio", "stream start -> agent's first media", figures.first_audio_ms),
        ("turn latency", "caller's last sound -> agent heard", figures.turn_latency_ms),
        ("barge-in reaction", "caller's first sound -> clear", figures.barge_in_reaction_ms),
        ("truncation error", "heard on record - heard at the phone", figures.truncation_error_ms),
    ];
    for (name, meaning, Spread { n, p50, p95, p99, max }) in rows {
        let [p50, p95, p99, max] = [p50, p95, p99, max].map(shown);
        table.add_row([name.to_owned(), meaning.to_owned(), n.to_string(), p50, p95, p99, max]);
    }
    table.column_iter_mut().skip(2).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table.to_string()
}

fn shown(ms: Option<Ms>) -> String {
    ms.map_or_else(|| "-".to_owned(), |Ms(duration)| duration.as_millis().to_string())
}

fn counted(figures: &Figures) -> String {
    let (calls, frames, violations) = (&figures.calls, &figures.frames, &figures.violations);
    let lag = figures.simulator_worst_lag_ms.as_millis();
    [
        format!(
            "  calls       {} started, {} completed, {} failed, in {:.1} s",
            calls.started, calls.completed, calls.failed, figures.seconds
        ),
        format!("  audio       {} frames sent by the phones, {} received, 20 ms each", frames.sent, frames.received),
        format!("  own lag     {lag} ms at worst: how late the simulated phones were, no fault of the engine"),
        format!("  violations  {} of Twilio's protocol, {} of OpenAI's", violations.twilio, violations.openai),
    ]
    .join("\n")
}

fn listed(text: &mut String, trouble: &str, paint: Paint) {
    for (number, line) in wrap(trouble, WIDTH).into_iter().enumerate() {
        let lead = if number == 0 { paint.red("!") } else { " ".to_owned() };
        let _ = writeln!(text, "  {lead} {line}");
    }
}
