//! The time of day at which somebody may be called, by the clock of wherever they may be.

use std::fmt;

use chrono::{DateTime, Offset as _, SubsecRound as _, TimeDelta, Timelike as _, Utc};
use chrono_tz::Tz;

const DAY: i64 = 24 * 60 * 60;
/// Places without a common hour in so long a time are taken to have none.
const HORIZON: TimeDelta = TimeDelta::days(14);

/// From one minute of the day to another, the last one not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallingHours {
    from: u16,
    to: u16,
}

impl CallingHours {
    /// Nobody, at no time.
    pub const NONE: Self = Self { from: 0, to: 0 };

    /// Minutes since midnight; none if the first is not before the second, or beyond the day.
    #[must_use]
    pub fn new(from: u16, to: u16) -> Option<Self> {
        (from < to && i64::from(to) * 60 <= DAY).then_some(Self { from, to })
    }

    /// True if it is within the hours in every one of these zones; never without a zone.
    #[must_use]
    pub fn hold(self, zones: &[Tz], at: DateTime<Utc>) -> bool {
        !zones.is_empty() && zones.iter().all(|zone| self.contain(i64::from(at.with_timezone(zone).num_seconds_from_midnight())))
    }

    /// The first instant from `at` on that is within the hours in every one of these zones, if there is one soon.
    #[must_use]
    pub fn next(self, zones: &[Tz], at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut next = at;
        if self == Self::NONE {
            return None;
        }
        while next - at <= HORIZON {
            let latest = zones.iter().map(|zone| self.next_in(*zone, next)).max()?;
            if latest == next {
                return Some(next);
            }
            next = latest;
        }
        None
    }

    /// Between two changes of its clock a zone is an offset; a change on the way is a new beginning.
    fn next_in(self, zone: Tz, mut at: DateTime<Utc>) -> DateTime<Utc> {
        loop {
            let opens = self.next_by(offset(zone, at), at);
            if offset(zone, opens) == offset(zone, at) {
                return opens;
            }
            at = change(zone, at, opens);
        }
    }

    fn next_by(self, offset: i64, at: DateTime<Utc>) -> DateTime<Utc> {
        let second = (at.timestamp() + offset).rem_euclid(DAY);
        if self.contain(second) {
            return at;
        }
        at.trunc_subsecs(0) + TimeDelta::seconds((i64::from(self.from) * 60 - second).rem_euclid(DAY))
    }

    fn contain(self, second: i64) -> bool {
        (i64::from(self.from) * 60..i64::from(self.to) * 60).contains(&second)
    }
}

/// Seconds ahead of UTC.
fn offset(zone: Tz, at: DateTime<Utc>) -> i64 {
    i64::from(at.with_timezone(&zone).offset().fix().local_minus_utc())
}

/// The second at which the clock changes, of two instants with the change between them.
fn change(zone: Tz, before: DateTime<Utc>, after: DateTime<Utc>) -> DateTime<Utc> {
    let old = offset(zone, before);
    let (mut before, mut after) = (before.trunc_subsecs(0), after);
    while after - before > TimeDelta::seconds(1) {
        let middle = before + TimeDelta::seconds((after - before).num_seconds() / 2);
        if offset(zone, middle) == old { before = middle } else { after = middle }
    }
    after
}

impl fmt::Display for CallingHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

#[cfg(test)]
#[path = "tests/hours.rs"]
mod tests;
