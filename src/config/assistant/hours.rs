//! When an assistant answers.

use chrono::{DateTime, Datelike as _, NaiveTime, Timelike as _, Utc, Weekday};
use chrono_tz::Tz;

use crate::config::reader::{Reader, quoted};

/// Opening hours by the clock of a place. Without any, it is always open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    zone: Tz,
    /// From Monday on: first and last minute of each span, the last one not included.
    days: [Vec<(u16, u16)>; 7],
    /// Said outside of them, then the call is over.
    pub closed: String,
}

const DAYS: [&str; 7] = [
    "assistant.hours.mon",
    "assistant.hours.tue",
    "assistant.hours.wed",
    "assistant.hours.thu",
    "assistant.hours.fri",
    "assistant.hours.sat",
    "assistant.hours.sun",
];
const ZONE: &str = "assistant.hours.time_zone";
const CLOSED: &str = "assistant.hours.closed";
const DAY_FIX: &str = "write spans such as 09:00-12:00,13:00-17:00, in order and within the day, or nothing for a day that is closed";

impl Hours {
    pub(super) fn read(reader: &mut Reader<'_>, known: &[&str]) -> Self {
        let hours = Self { zone: zone(reader), days: DAYS.map(|key| day(reader, key)), closed: reader.template(CLOSED, known) };
        if !hours.is_always() && hours.closed.is_empty() {
            reader.note(CLOSED, "is empty, though there are opening hours", "write what a caller is told outside of them");
        }
        hours
    }

    #[must_use]
    pub fn is_always(&self) -> bool {
        self.days.iter().all(Vec::is_empty)
    }

    #[must_use]
    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        let there = at.with_timezone(&self.zone);
        let minute = minute_of(there.time());
        self.is_always() || self.of(there.weekday()).iter().any(|(from, to)| (*from..*to).contains(&minute))
    }

    #[must_use]
    pub const fn zone(&self) -> Tz {
        self.zone
    }

    /// From Monday on, as they are written: `09:00-12:00,13:00-17:00`, and nothing for a day that is closed.
    #[must_use]
    pub fn days(&self) -> [String; 7] {
        self.days.each_ref().map(|spans| written(spans))
    }

    fn of(&self, day: Weekday) -> &[(u16, u16)] {
        let place = usize::try_from(day.num_days_from_monday()).unwrap_or_default();
        self.days.get(place).map(Vec::as_slice).unwrap_or_default()
    }
}

fn zone(reader: &mut Reader<'_>) -> Tz {
    let fix = "write a name of the IANA database, such as America/New_York or UTC";
    let zone = reader.parsed(ZONE, fix, |text| text.parse::<Tz>().map_err(|_| format!("{} is not a time zone", quoted(text))));
    let zone = zone.unwrap_or(Tz::UTC);
    reader.show(ZONE, quoted(zone.name()));
    zone
}

fn day(reader: &mut Reader<'_>, key: &'static str) -> Vec<(u16, u16)> {
    let spans = reader.parsed(key, DAY_FIX, spans).unwrap_or_default();
    reader.show(key, quoted(&written(&spans)));
    spans
}

fn written(spans: &[(u16, u16)]) -> String {
    spans.iter().map(|(from, to)| format!("{}-{}", clock(*from), clock(*to))).collect::<Vec<_>>().join(",")
}

fn spans(text: &str) -> Result<Vec<(u16, u16)>, String> {
    let spans = text.split(',').map(span).collect::<Result<Vec<_>, String>>()?;
    let overlap = spans.iter().zip(spans.iter().skip(1)).any(|(one, next)| next.0 < one.1);
    if overlap { Err(format!("{} has spans out of order", quoted(text))) } else { Ok(spans) }
}

pub(in crate::config) fn span(text: &str) -> Result<(u16, u16), String> {
    let wrong = || format!("{} is not a span of time", quoted(text.trim()));
    let (from, to) = text.split_once('-').ok_or_else(wrong)?;
    let (from, to) = (minute(from).ok_or_else(wrong)?, minute(to).ok_or_else(wrong)?);
    if from < to { Ok((from, to)) } else { Err(format!("{} ends before it begins", quoted(text.trim()))) }
}

/// `09:30`, and `24:00` for the end of a day.
fn minute(text: &str) -> Option<u16> {
    if text.trim() == "24:00" {
        return Some(24 * 60);
    }
    NaiveTime::parse_from_str(text.trim(), "%H:%M").ok().map(minute_of)
}

fn minute_of(time: NaiveTime) -> u16 {
    u16::try_from(time.num_seconds_from_midnight() / 60).unwrap_or_default()
}

pub(in crate::config) fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(zone: Tz, day: usize, text: &str) -> Hours {
        let mut hours = Hours { zone, days: Default::default(), closed: String::new() };
        hours.days[day] = spans(text).expect("spans");
        hours
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    #[test]
    fn a_day_is_open_within_its_spans_and_the_last_minute_does_not_count() {
        // The 23rd of November 2026 is a Monday.
        let hours = hours(Tz::UTC, 0, "09:00-12:00, 13:00-17:00");

        for (time, open) in
            [("08:59:59", false), ("09:00:00", true), ("11:59:59", true), ("12:00:00", false), ("13:00:00", true), ("17:00:00", false)]
        {
            assert_eq!(hours.is_open(at(&format!("2026-11-23T{time}Z"))), open, "{time}");
        }
        assert!(!hours.is_open(at("2026-11-24T10:00:00Z")), "another day");
    }

    #[test]
    fn the_clock_of_the_place_counts_in_summer_and_in_winter() {
        let hours = hours(Tz::America__New_York, 0, "09:00-17:00");

        assert!(hours.is_open(at("2026-11-23T14:00:00Z")) && !hours.is_open(at("2026-11-23T13:59:00Z")), "UTC-5");
        assert!(hours.is_open(at("2026-07-06T13:00:00Z")) && !hours.is_open(at("2026-07-06T21:00:00Z")), "UTC-4");
        assert!(hours.is_open(at("2026-11-23T21:59:00Z")) && !hours.is_open(at("2026-11-22T14:00:00Z")), "Sunday is closed");
    }

    #[test]
    fn a_day_may_be_open_to_its_very_end() {
        let hours = hours(Tz::UTC, 6, "20:00-24:00");

        assert!(hours.is_open(at("2026-11-22T23:59:59Z")) && !hours.is_open(at("2026-11-23T00:00:00Z")));
    }

    #[test]
    fn without_any_hours_it_is_always_open() {
        let always = Hours { zone: Tz::UTC, days: Default::default(), closed: String::new() };

        assert!(always.is_always() && always.is_open(at("2026-11-22T03:00:00Z")));
    }

    #[test]
    fn what_is_no_span_is_told() {
        for wrong in [
            "9",
            "9-5",
            "09:00",
            "09:00-25:00",
            "17:00-09:00",
            "09:00-09:00",
            "13:00-14:00,09:00-12:00",
            "09:00-12:00,11:00-13:00",
            ",",
            "x",
        ] {
            assert!(spans(wrong).is_err(), "{wrong}");
        }
    }
}
