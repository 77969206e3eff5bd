//! Figures over calls: over all of them, or over those of an assistant or a time.
//!
//! Whole hours are counted once and kept (`hours`), so a month is 720 small rows. What is not kept is counted from the tables.

mod figures;
pub(super) mod hours;
mod span;
mod spread;
mod summary;
mod tables;

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, DurationRound, NaiveTime, TimeDelta, Utc};
use sea_orm::DatabaseConnection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::CallStore;
use super::error::StoreError;
use super::sql::moment;
pub use figures::{Analytics, ConversationCounts, Costs, PerCall, Percentiles, Point, TokenCounts};
use span::{HOUR, Span, hour_from, hour_of};
use summary::{Hour, Summary};

/// Hours that are shown whatever was asked for.
const RECENT: i32 = 24;

/// Which calls the figures are over. What is not named does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnalyticsQuery {
    /// Calls that began then or later, and before `to`.
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    pub assistant: Option<String>,
    pub interval: Option<Interval>,
    /// The end of the last 24 hours.
    pub now: DateTime<Utc>,
}

/// A part of the calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Interval {
    Hour,
    Day,
    Month,
}

impl Interval {
    /// Where the interval begins that a moment falls into.
    #[must_use]
    pub fn start(self, at: DateTime<Utc>) -> DateTime<Utc> {
        let day = at.duration_trunc(TimeDelta::days(1)).unwrap_or(at);
        match self {
            Self::Hour => hour_of(at),
            Self::Day => day,
            Self::Month => day.with_day(1).unwrap_or(day),
        }
    }

    /// Where the interval ends that begins there.
    #[must_use]
    pub fn end(self, start: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Hour => start + HOUR,
            Self::Day => start + TimeDelta::days(1),
            Self::Month => {
                let next = (start + TimeDelta::days(32)).date_naive();
                next.with_day(1).unwrap_or(next).and_time(NaiveTime::MIN).and_utc()
            }
        }
    }
}

impl CallStore {
    /// Figures over the calls that the query names, and over those of the last 24 hours.
    pub async fn analytics(&self, query: &AnalyticsQuery) -> Result<Analytics, StoreError> {
        let recent = Span { from: hour_of(query.now) - HOUR * (RECENT - 1), to: hour_of(query.now) + HOUR };
        let asked =
            Span { from: moment(query.from.unwrap_or(DateTime::<Utc>::MIN_UTC)), to: moment(query.to.unwrap_or(DateTime::<Utc>::MAX_UTC)) };
        let last = self.gather(recent, Gathering::new(query.assistant.clone(), Some(Interval::Hour))).await?;
        let all = self.gather(asked, Gathering::new(query.assistant.clone(), query.interval)).await?;
        let series = query.interval.map(|interval| all.points(interval, asked));
        Ok(Analytics { last_24_hours: last.points(Interval::Hour, recent), series, ..Analytics::of(&all.total) })
    }

    /// Counts and keeps whole hours that nobody has kept yet, the newest first, at most so many; tells how many it kept.
    pub async fn summarise(&self, limit: usize) -> Result<usize, StoreError> {
        let missing = self.run(|db| async move { missing(&db).await }).await?;
        let mut kept = 0;
        for gap in missing.into_iter().rev() {
            if kept >= limit {
                break;
            }
            kept += self.run(move |db| async move { Ok(hours::fill(&db, gap).await?.1) }).await?;
        }
        Ok(kept)
    }

    /// Each gap in a task of its own: a deadline is for a statement or two, and what is kept need not be counted again.
    async fn gather(&self, span: Span, gathering: Gathering) -> Result<Gathering, StoreError> {
        let (mut gathering, gaps) = self.run(move |db| async move { kept(&db, span, gathering).await }).await?;
        for (gap, may_keep) in gaps {
            let counted = self.run(move |db| async move { count(&db, gap, may_keep).await }).await?;
            counted.iter().for_each(|(at, hour)| gathering.add(*at, hour));
        }
        Ok(gathering)
    }
}

/// Gathers what is kept; what is left is to be counted, and to be kept if it is marked.
async fn kept(db: &DatabaseConnection, span: Span, mut gathering: Gathering) -> Result<(Gathering, Vec<(Span, bool)>), StoreError> {
    let Some(span) = within(db, span).await? else { return Ok((gathering, Vec::new())) };
    let (before, whole, after) = span.parts();
    let stored = hours::read(db, whole, |at, hour| gathering.add(at, hour)).await?;
    let settled = hours::settled(whole);
    let fresh = Span { from: settled.to, to: whole.to };
    let gaps = settled.gaps(&stored).into_iter().map(|gap| (gap, true));
    let live = [before, fresh, after].into_iter().filter(|span| !span.is_empty()).map(|span| (span, false));
    Ok((gathering, gaps.chain(live).collect()))
}

async fn count(db: &DatabaseConnection, gap: Span, may_keep: bool) -> Result<BTreeMap<DateTime<Utc>, Hour>, StoreError> {
    if may_keep { Ok(hours::fill(db, gap).await?.0) } else { tables::count(db, gap).await }
}

async fn missing(db: &DatabaseConnection) -> Result<Vec<Span>, StoreError> {
    let ever = Span { from: DateTime::<Utc>::MIN_UTC, to: DateTime::<Utc>::MAX_UTC };
    let Some(all) = within(db, ever).await? else { return Ok(Vec::new()) };
    let settled = hours::settled(all);
    Ok(settled.gaps(&hours::stored(db, settled).await?))
}

/// The part of the span in whose hours there are calls; none without any.
async fn within(db: &DatabaseConnection, span: Span) -> Result<Option<Span>, StoreError> {
    let Some((first, last)) = tables::ends(db).await? else { return Ok(None) };
    let there = Span { from: span.from.max(hour_of(first)), to: span.to.min(hour_from(last + TimeDelta::microseconds(1))) };
    Ok(Some(there).filter(|there| !there.is_empty()))
}

/// Hours as they come together.
struct Gathering {
    assistant: Option<String>,
    interval: Option<Interval>,
    total: Summary,
    series: BTreeMap<DateTime<Utc>, Summary>,
}

impl Gathering {
    fn new(assistant: Option<String>, interval: Option<Interval>) -> Self {
        Self { assistant, interval, total: Summary::default(), series: BTreeMap::new() }
    }

    fn add(&mut self, at: DateTime<Utc>, hour: &Hour) {
        let wanted = |assistant: &str| self.assistant.as_deref().is_none_or(|only| only == assistant);
        for (_, summary) in hour.iter().filter(|(assistant, _)| wanted(assistant)) {
            self.total.merge(summary);
            if let Some(interval) = self.interval {
                self.series.entry(interval.start(at)).or_default().merge(summary);
            }
        }
    }

    /// One for each interval of the span, or of the time in which there are calls where the span has no end.
    fn points(&self, interval: Interval, span: Span) -> Vec<Point> {
        let (first, last) = (self.series.keys().next(), self.series.keys().next_back());
        let Some(from) = [Some(span.from), first.copied()].into_iter().flatten().find(|at| *at > DateTime::<Utc>::MIN_UTC) else {
            return Vec::new();
        };
        let open = span.to == moment(DateTime::<Utc>::MAX_UTC);
        let to = if open { last.map_or(from, |last| interval.end(*last)) } else { span.to };
        let starts = std::iter::successors(Some(interval.start(from)), |start| Some(interval.end(*start))).take_while(|start| *start < to);
        let nothing = Summary::default();
        starts.map(|start| Point::of(start, self.series.get(&start).unwrap_or(&nothing))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    #[test]
    fn an_interval_ends_where_the_next_begins() {
        let moment = at("2028-02-29T23:59:59.5Z");
        let cases = [
            (Interval::Hour, "2028-02-29T23:00:00Z", "2028-03-01T00:00:00Z"),
            (Interval::Day, "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"),
            (Interval::Month, "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
        ];

        for (interval, start, end) in cases {
            assert_eq!(interval.start(moment), at(start), "{interval:?}");
            assert_eq!(interval.end(at(start)), at(end), "{interval:?}");
            assert_eq!(interval.start(at(end)), at(end), "{interval:?}");
        }
    }

    #[test]
    fn a_series_has_a_point_for_every_interval() {
        let mut gathering = Gathering::new(None, Some(Interval::Day));
        gathering.add(at("2028-02-28T05:00:00Z"), &Hour::from([("a".to_owned(), Summary { calls: 2, ..Summary::default() })]));

        let points = gathering.points(Interval::Day, Span { from: at("2028-02-27T12:00:00Z"), to: at("2028-03-01T00:00:00Z") });

        let told: Vec<_> = points.iter().map(|point| (point.start, point.calls)).collect();
        let expected = [("2028-02-27T00:00:00Z", 0), ("2028-02-28T00:00:00Z", 2), ("2028-02-29T00:00:00Z", 0)];
        assert_eq!(told, expected.map(|(start, calls)| (at(start), calls)));
    }
}
