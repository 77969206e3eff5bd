//! Stretches of time and the whole hours in them. Pure.

use std::collections::BTreeSet;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

pub(super) const HOUR: TimeDelta = TimeDelta::hours(1);
/// Hours counted at once: a quarter of a day bounds what one statement reads.
const LONGEST: i32 = 6;

/// Half open: `from` belongs to it, `to` does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
}

impl Span {
    pub(super) fn is_empty(&self) -> bool {
        self.from >= self.to
    }

    /// What comes before the first whole hour, the whole hours, and what comes after them; some may be empty.
    pub(super) fn parts(self) -> (Self, Self, Self) {
        let first = hour_from(self.from).min(self.to);
        let last = hour_of(self.to).max(first);
        (Self { from: self.from, to: first }, Self { from: first, to: last }, Self { from: last, to: self.to })
    }

    /// The hours that begin in it. It has to begin with one.
    pub(super) fn hours(self) -> impl DoubleEndedIterator<Item = DateTime<Utc>> {
        let count = i32::try_from((self.to - self.from).num_hours()).unwrap_or(i32::MAX).max(0);
        (0..count).map(move |n| self.from + HOUR * n)
    }

    /// Runs of hours that are not among the `known`, none longer than a few hours, oldest first.
    pub(super) fn gaps(self, known: &BTreeSet<DateTime<Utc>>) -> Vec<Self> {
        let mut gaps: Vec<Self> = Vec::new();
        for hour in self.hours().filter(|hour| !known.contains(hour)) {
            match gaps.last_mut().filter(|gap| gap.to == hour && gap.to - gap.from < HOUR * LONGEST) {
                Some(gap) => gap.to = hour + HOUR,
                None => gaps.push(Self { from: hour, to: hour + HOUR }),
            }
        }
        gaps
    }
}

/// The hour that a moment falls into.
pub(super) fn hour_of(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(HOUR).unwrap_or(at)
}

/// The first hour that begins then or later.
pub(super) fn hour_from(at: DateTime<Utc>) -> DateTime<Utc> {
    let hour = hour_of(at);
    if hour == at { hour } else { hour + HOUR }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2027-01-{text}Z").parse().expect("a moment")
    }

    fn span(from: &str, to: &str) -> Span {
        Span { from: at(from), to: at(to) }
    }

    #[test]
    fn a_span_falls_into_edges_and_whole_hours() {
        let cases = [
            ("01T10:20:00", "01T13:05:00", ("01T11:00:00", "01T13:00:00")),
            ("01T10:00:00", "01T13:00:00", ("01T10:00:00", "01T13:00:00")),
            ("01T10:20:00", "01T10:40:00", ("01T10:40:00", "01T10:40:00")),
            ("01T10:20:00", "01T11:10:00", ("01T11:00:00", "01T11:00:00")),
        ];

        for (from, to, (first, last)) in cases {
            let (before, hours, after) = span(from, to).parts();

            assert_eq!((before, hours, after), (span(from, first), span(first, last), span(last, to)), "{from} {to}");
        }
    }

    #[test]
    fn gaps_are_what_is_not_known_in_short_runs() {
        let known = ["01T02:00:00", "01T03:00:00"].map(at).into();

        let gaps = span("01T00:00:00", "01T12:00:00").gaps(&known);

        assert_eq!(gaps, [span("01T00:00:00", "01T02:00:00"), span("01T04:00:00", "01T10:00:00"), span("01T10:00:00", "01T12:00:00")]);
        assert_eq!(span("01T05:00:00", "01T05:00:00").gaps(&known), []);
    }
}
