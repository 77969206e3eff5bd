//! Words of a scenario file that mean something else every day.

use chrono::{DateTime, Days, NaiveTime, Utc};

/// Three in the afternoon, UTC, as a tool is told: `2026-11-30T15:00:00Z`.
const TOMORROW: &str = "TOMORROW";
/// A day of the week that is not today and begins or ends in no clock's today: `wed`.
const ANOTHER_DAY: &str = "ANOTHER_DAY";

/// The text with what these words mean `now`.
pub(super) fn dated(text: &str, now: DateTime<Utc>) -> String {
    let afternoon = NaiveTime::from_hms_opt(15, 0, 0).unwrap_or_default();
    let tomorrow = (now + Days::new(1)).date_naive().and_time(afternoon).and_utc();
    let another = (now + Days::new(3)).format("%a").to_string().to_lowercase();
    text.replace(TOMORROW, &tomorrow.format("%Y-%m-%dT%H:%M:%SZ").to_string()).replace(ANOTHER_DAY, &another)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_follow_the_day() {
        let now = "2026-11-30T23:59:00Z".parse().expect("a moment");

        assert_eq!(dated("at TOMORROW, on ANOTHER_DAY", now), "at 2026-12-01T15:00:00Z, on thu");
    }
}
