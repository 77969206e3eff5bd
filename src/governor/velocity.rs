//! How often: what is counted, by what, and what is told of it. Pure: the clock is handed in.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

use rate_limit::clock::Clock;
use rate_limit::middleware::StateInformationMiddleware;
use rate_limit::state::keyed::HashMapStateStore;
use rate_limit::{Quota, RateLimiter};

use crate::types::PhoneNumber;

const WINDOW: Duration = Duration::from_secs(60);
/// Of E.164: country, area, and what a pumped range of numbers has in common.
const PREFIX_DIGITS: usize = 7;

/// What is left to whoever asked.
/// <https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Of the policy.
    pub name: &'static str,
    /// Per minute.
    pub quota: u32,
    pub remaining: u32,
    /// None is left before that; else, all of it is back then.
    pub reset: Duration,
}

impl Allowance {
    /// One member of `RateLimit-Policy`.
    #[must_use]
    pub fn policy(&self) -> String {
        format!("\"{}\";q={};w={}", self.name, self.quota, WINDOW.as_secs())
    }

    /// One member of `RateLimit`.
    #[must_use]
    pub fn state(&self) -> String {
        format!("\"{}\";r={};t={}", self.name, self.remaining, self.reset.as_millis().div_ceil(1_000))
    }
}

type Limiter<K, C> = RateLimiter<K, HashMapStateStore<K>, C, StateInformationMiddleware>;

/// Counts per key. The whole quota may be used at once; it comes back evenly over a minute.
#[derive(Debug)]
pub struct Meter<K: Hash + Eq + Clone, C: Clock> {
    name: &'static str,
    clock: C,
    /// None: not limited.
    limit: Option<(NonZeroU32, Limiter<K, C>)>,
}

impl<K: Hash + Eq + Clone, C: Clock + Clone> Meter<K, C> {
    /// `per_minute`: 0 for no limit.
    pub fn new(name: &'static str, per_minute: u32, clock: C) -> Self {
        let limiter = |quota| RateLimiter::new(Quota::per_minute(quota), HashMapStateStore::new(HashMap::new()), clock.clone());
        let limit = NonZeroU32::new(per_minute).map(|quota| (quota, limiter(quota)));
        Self { name, clock, limit }
    }

    /// Counts one more.
    ///
    /// # Errors
    /// It was one too many, and does not count.
    pub fn count(&self, key: &K) -> Result<Option<Allowance>, Allowance> {
        let Some((quota, limiter)) = &self.limit else { return Ok(None) };
        let told = |remaining, reset| Allowance { name: self.name, quota: quota.get(), remaining, reset };
        match limiter.check_key(key) {
            Ok(state) => {
                let used = quota.get().saturating_sub(state.remaining_burst_capacity());
                Ok(Some(told(state.remaining_burst_capacity(), WINDOW.mul_f64(f64::from(used) / f64::from(quota.get())))))
            }
            Err(refused) => Err(told(0, refused.wait_time_from(self.clock.now()))),
        }
    }

    /// Counts one more, and says for how long no other should be listened to.
    pub fn exhausted(&self, key: &K) -> Option<Allowance> {
        match self.count(key) {
            Ok(Some(left)) if left.remaining == 0 => Some(Allowance { reset: WINDOW / left.quota, ..left }),
            Ok(_) => None,
            Err(spent) => Some(spent),
        }
    }

    /// Forgets those of whom nothing need be known: to be called now and then.
    pub fn tidy(&self) {
        if let Some((_, limiter)) = &self.limit {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    /// How many keys are held in memory.
    pub fn held(&self) -> usize {
        self.limit.as_ref().map_or(0, |(_, limiter)| limiter.len())
    }
}

/// What numbers of one range begin with.
#[must_use]
pub fn prefix(number: &PhoneNumber) -> &str {
    let digits = number.as_str();
    digits.get(..=PREFIX_DIGITS).unwrap_or(digits)
}

#[cfg(test)]
mod tests {
    use rate_limit::clock::FakeRelativeClock;

    use super::*;

    fn meter(per_minute: u32) -> (Meter<&'static str, FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Meter::new("per-key", per_minute, clock.clone()), clock)
    }

    #[test]
    fn the_quota_may_be_used_at_once_and_comes_back_over_a_minute() {
        let (meter, clock) = meter(3);
        let left: Vec<u32> = (0..3).filter_map(|_| meter.count(&"a").ok().flatten()).map(|left| left.remaining).collect();
        assert_eq!(left, [2, 1, 0]);

        let refused = meter.count(&"a").expect_err("one too many");
        assert_eq!((refused.remaining, refused.reset), (0, Duration::from_secs(20)));
        assert!(meter.count(&"b").is_ok(), "others have their own");

        clock.advance(Duration::from_secs(19));
        assert!(meter.count(&"a").is_err());
        clock.advance(Duration::from_secs(1));
        assert!(meter.count(&"a").is_ok());
        assert!(meter.count(&"a").is_err());
    }

    #[test]
    fn no_limit_counts_nothing() {
        let (meter, _) = meter(0);

        assert!((0..10_000).all(|_| meter.count(&"a") == Ok(None)));
        assert_eq!(meter.held(), 0);
    }

    #[test]
    fn it_is_exhausted_with_the_last_of_the_quota_until_one_comes_back() {
        let (meter, clock) = meter(3);

        assert_eq!([meter.exhausted(&"a"), meter.exhausted(&"a")], [None, None]);
        assert_eq!(meter.exhausted(&"a").map(|spent| spent.reset), Some(Duration::from_secs(20)));
        clock.advance(Duration::from_secs(5));
        assert_eq!(meter.exhausted(&"a").map(|spent| spent.reset), Some(Duration::from_secs(15)));
    }

    #[test]
    fn whoever_was_quiet_for_a_minute_is_forgotten() {
        let clock = FakeRelativeClock::default();
        let meter = Meter::new("per-address", 600, clock.clone());
        for key in 0..1_000_u32 {
            assert!(meter.count(&key).is_ok());
        }
        clock.advance(Duration::from_secs(1));
        assert!(meter.count(&0).is_ok());

        meter.tidy();
        assert_eq!(meter.held(), 1);
        clock.advance(WINDOW);
        meter.tidy();
        assert_eq!(meter.held(), 0);
    }

    #[test]
    fn it_is_told_as_the_draft_has_it() {
        let left = Allowance { name: "per-key", quota: 60, remaining: 0, reset: Duration::from_millis(11_001) };

        assert_eq!((left.policy().as_str(), left.state().as_str()), ("\"per-key\";q=60;w=60", "\"per-key\";r=0;t=12"));
    }

    #[test]
    fn numbers_of_one_range_have_one_prefix() {
        let cases = [("+14155550100", "+1415555"), ("+14155559999", "+1415555"), ("+14155560100", "+1415556"), ("+12345678", "+1234567")];

        for (number, expected) in cases {
            assert_eq!(prefix(&number.parse().expect("E.164")), expected);
        }
    }
}
