//! Chance with a shape: how long things take, and when people call.

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use fastrand::Rng;

const HOUR_MS: f64 = 3_600_000.0;
/// Of the callers: Central Standard Time.
const UTC_OFFSET_HOURS: i64 = -6;
/// Calls in each hour of a day, midnight first, in relation to each other.
const DAY: [f64; 24] =
    [1.0, 0.6, 0.4, 0.3, 0.4, 0.8, 2.0, 5.0, 10.0, 15.0, 17.0, 16.0, 13.0, 14.0, 16.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.5, 2.4, 1.6];
/// Of each day of a week, Monday first.
const WEEK: [f64; 7] = [1.25, 1.15, 1.1, 1.05, 1.0, 0.45, 0.3];

/// The generator of one call, which does not depend on the calls before it.
pub(super) fn of_call(random_seed: u64, number: u64) -> Rng {
    Rng::with_seed(random_seed ^ number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// Normal in the logarithm, as lengths of calls and latencies are. <https://en.wikipedia.org/wiki/Log-normal_distribution>
pub(super) fn log_normal(rng: &mut Rng, mean: f64, sigma: f64) -> f64 {
    let (angle, radius) = (rng.f64() * std::f64::consts::TAU, (-2.0 * (1.0 - rng.f64()).ln()).sqrt());
    mean * (sigma * radius * angle.cos() - sigma * sigma / 2.0).exp()
}

pub(super) fn happens(rng: &mut Rng, percent: f64) -> bool {
    rng.f64() * 100.0 < percent
}

pub(super) fn pick<T: Copy + Default>(rng: &mut Rng, of: &[T]) -> T {
    rng.choice(of).copied().unwrap_or_default()
}

/// One of them, each as often as its weight says.
pub(super) fn weighted<T: Copy>(rng: &mut Rng, of: &[(u32, T)], otherwise: T) -> T {
    let mut left = rng.u32(..of.iter().map(|(weight, _)| weight).sum::<u32>().max(1));
    for (weight, choice) in of {
        if left < *weight {
            return *choice;
        }
        left -= weight;
    }
    otherwise
}

/// When calls begin: more by day than by night, fewer at the weekend.
pub(super) struct Calendar {
    begin: DateTime<Utc>,
    /// The part of all calls that has begun by the end of each hour.
    by_hour: Vec<f64>,
}

impl Calendar {
    /// Ends an hour before `until`, so that every call is over by then.
    pub(super) fn new(until: DateTime<Utc>, days: u32) -> Self {
        let hours = i64::from(days.max(1)) * 24;
        let begin = until - TimeDelta::hours(hours);
        let mut sum = 0.0;
        let sums: Vec<f64> = (0..hours - 1)
            .map(|hour| {
                sum += busyness(begin + TimeDelta::hours(hour));
                sum
            })
            .collect();
        Self { begin, by_hour: sums.into_iter().map(|part| part / sum).collect() }
    }

    /// When the call begins before which this part of all calls has begun, from 0 to 1.
    pub(super) fn moment(&self, part: f64) -> DateTime<Utc> {
        let hour = self.by_hour.partition_point(|before| *before <= part).min(self.by_hour.len().saturating_sub(1));
        let at = |hour: usize| self.by_hour.get(hour).copied().unwrap_or(1.0);
        let before = hour.checked_sub(1).map_or(0.0, at);
        let into = ((part - before) / (at(hour) - before)).clamp(0.0, 1.0);
        self.begin + TimeDelta::milliseconds((hour as f64 * HOUR_MS + into * HOUR_MS) as i64)
    }
}

fn busyness(at: DateTime<Utc>) -> f64 {
    let local = at + TimeDelta::hours(UTC_OFFSET_HOURS);
    let hour = DAY.get(local.hour() as usize).copied().unwrap_or_default();
    hour * WEEK.get(local.weekday().num_days_from_monday() as usize).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNTIL: i64 = 1_800_000_000;

    #[test]
    fn calls_come_in_order_within_their_days_and_more_of_them_by_day() {
        let until = DateTime::from_timestamp(UNTIL, 0).expect("a moment");
        let calendar = Calendar::new(until, 14);

        let moments: Vec<DateTime<Utc>> = (0..10_000).map(|n| calendar.moment(f64::from(n) / 10_000.0)).collect();

        assert!(moments.is_sorted());
        assert!(moments[0] >= until - TimeDelta::days(14) && moments[9_999] <= until - TimeDelta::hours(1));
        let at = |hour| moments.iter().filter(|at| (at.hour() + 24 - 6) % 24 == hour).count();
        assert!(at(10) > 10 * at(3), "{} {}", at(10), at(3));
    }

    #[test]
    fn a_log_normal_has_the_mean_it_was_given() {
        let mut rng = of_call(1, 1);

        let mean = (0..50_000).map(|_| log_normal(&mut rng, 20.0, 0.6)).sum::<f64>() / 50_000.0;

        assert!((19.0..21.0).contains(&mean), "{mean}");
    }

    #[test]
    fn a_weight_is_how_often() {
        let mut rng = of_call(1, 2);

        let ones = (0..10_000).filter(|_| weighted(&mut rng, &[(1, 1), (3, 3)], 0) == 1).count();

        assert!((2_200..2_800).contains(&ones), "{ones}");
    }
}
