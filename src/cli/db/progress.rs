//! How far a long work has come: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};

use crate::cli::screen::complain;

const BETWEEN_LINES: Duration = Duration::from_secs(5);
const REDRAW: Duration = Duration::from_millis(200);
const KNOWN: &str = "  {msg}  {bar:24} {human_pos} of {human_len}  {per_sec}  {eta} left";
const UNKNOWN: &str = "  {msg}  {spinner} {human_pos}  {per_sec}  {elapsed}";

/// Clones count together; all is told on standard error.
#[derive(Clone)]
pub struct Progress(Arc<Inner>);

struct Inner {
    label: String,
    /// Hidden unless on a terminal, but always the one that counts.
    bar: ProgressBar,
    began: Instant,
    said: Option<Mutex<Instant>>,
    quiet: bool,
}

impl Progress {
    /// `total` is none where nobody knows it beforehand.
    #[must_use]
    pub fn new(label: &str, total: Option<u64>, quiet: bool) -> Self {
        let on_terminal = std::io::stderr().is_terminal();
        let bar = if on_terminal && !quiet { drawn(label, total) } else { hidden(total) };
        let began = Instant::now();
        let said = (!on_terminal && !quiet).then(|| Mutex::new(began));
        Self(Arc::new(Inner { label: label.to_owned(), bar, began, said, quiet }))
    }

    /// So many more are done.
    pub fn advance(&self, more: u64) {
        self.0.bar.inc(more);
        let Some(said) = &self.0.said else { return };
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if now.duration_since(*said) >= BETWEEN_LINES {
            *said = now;
            complain(&self.0.line(now));
        }
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.bar.position()
    }

    /// All is done: what came of it stands in a line. Without this, the bar just goes.
    pub fn finish(&self) {
        self.0.bar.finish_and_clear();
        if !self.0.quiet {
            complain(&self.0.summary(Instant::now()));
        }
    }
}

impl Inner {
    fn line(&self, now: Instant) -> String {
        let (done, elapsed) = (self.bar.position(), now.duration_since(self.began));
        let rate = per_second(done, elapsed);
        let Some(total) = self.bar.length() else { return format!("{}: {}, {}/s", self.label, HumanCount(done), HumanCount(rate)) };
        let left = total.saturating_sub(done).checked_div(rate).map_or_else(|| "?".to_owned(), spelt);
        let percent = done.saturating_mul(100).checked_div(total).unwrap_or(100);
        format!("{}: {} of {} ({percent} %), {}/s, {left} left", self.label, HumanCount(done), HumanCount(total), HumanCount(rate))
    }

    fn summary(&self, now: Instant) -> String {
        let (done, elapsed) = (self.bar.position(), now.duration_since(self.began));
        let rate = HumanCount(per_second(done, elapsed));
        format!("{}: {} in {:.1} s ({rate}/s)", self.label, HumanCount(done), elapsed.as_secs_f64())
    }
}

fn spelt(seconds: u64) -> String {
    format!("{:#}", HumanDuration(Duration::from_secs(seconds)))
}

fn per_second(done: u64, elapsed: Duration) -> u64 {
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    done.saturating_mul(1000) / millis
}

fn hidden(total: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::hidden();
    if let Some(total) = total {
        bar.set_length(total);
    }
    bar
}

fn drawn(label: &str, total: Option<u64>) -> ProgressBar {
    let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    if let Ok(style) = ProgressStyle::with_template(if total.is_some() { KNOWN } else { UNKNOWN }) {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar.set_message(label.to_owned());
    bar.enable_steady_tick(REDRAW);
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inner(total: Option<u64>, done: u64) -> Inner {
        let bar = hidden(total);
        bar.inc(done);
        Inner { label: "calls".to_owned(), bar, began: Instant::now(), said: None, quiet: true }
    }

    #[test]
    fn a_line_tells_the_part_the_rate_and_the_time_left() {
        let inner = inner(Some(40_000), 10_000);

        assert_eq!(inner.line(inner.began + Duration::from_secs(5)), "calls: 10,000 of 40,000 (25 %), 2,000/s, 15s left");
    }

    #[test]
    fn without_a_total_there_is_no_time_left() {
        let inner = inner(None, 500);

        assert_eq!(inner.line(inner.began + Duration::from_secs(5)), "calls: 500, 100/s");
    }

    #[test]
    fn nothing_done_in_no_time_divides_by_nothing() {
        let inner = inner(Some(0), 0);

        assert_eq!(inner.line(inner.began), "calls: 0 of 0 (100 %), 0/s, ? left");
        assert_eq!(inner.summary(inner.began), "calls: 0 in 0.0 s (0/s)");
    }

    #[test]
    fn clones_count_together() {
        let progress = Progress::new("calls", Some(10), true);

        progress.clone().advance(3);
        progress.advance(4);

        assert_eq!(progress.count(), 7);
    }
}
