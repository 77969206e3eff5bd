//! Moments in a query.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Deserializer, de};

/// Of RFC 3339. Far beyond them, time cannot be added to a moment.
const YEARS: RangeInclusive<i32> = 1..=9999;

/// RFC 3339, or a date: its first moment in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment(pub(super) DateTime<Utc>);

impl Moment {
    fn parse(text: &str) -> Option<Self> {
        // In a query a `+` is a blank.
        let moment = DateTime::parse_from_rfc3339(&text.replace(' ', "+")).map(|moment| moment.to_utc());
        let date = || NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|date| date.and_time(NaiveTime::MIN).and_utc());
        moment.or_else(|_| date()).ok().filter(|moment| YEARS.contains(&moment.year())).map(Self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("a moment is written as 2026-11-22T10:30:00Z or as 2026-11-22"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_first_moment() {
        let cases = [
            ("2026-11-22", Some("2026-11-22T00:00:00Z")),
            ("2026-11-22T10:30:00Z", Some("2026-11-22T10:30:00Z")),
            ("2026-11-22T10:30:00.25+02:00", Some("2026-11-22T08:30:00.25Z")),
            ("2026-11-22T10:30:00 02:00", Some("2026-11-22T08:30:00Z")),
            ("2026-13-01", None),
            ("+12026-01-01", None),
            ("0000-01-01", None),
            ("yesterday", None),
            ("", None),
        ];

        for (text, moment) in cases {
            assert_eq!(Moment::parse(text).map(|moment| moment.0), moment.map(|text| text.parse().expect("a moment")), "{text}");
        }
    }
}
