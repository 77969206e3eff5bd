//! How much nonsense a peer may send.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const ALLOWED: usize = 20;
const WINDOW: Duration = Duration::from_secs(10);

/// Counts what could not be understood; more than 20 in 10 s is too much.
#[derive(Debug, Default)]
pub struct Strikes(VecDeque<Instant>);

impl Strikes {
    /// One more; true if that was one too many.
    pub fn strike(&mut self, now: Instant) -> bool {
        self.0.push_back(now);
        self.0.retain(|at| now.saturating_duration_since(*at) < WINDOW);
        self.0.len() > ALLOWED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_in_ten_seconds_are_borne_and_no_more() {
        let now = Instant::now();
        let mut strikes = Strikes::default();

        assert!((0..20).all(|_| !strikes.strike(now)));
        assert!(strikes.strike(now));
    }

    #[test]
    fn what_is_long_ago_is_forgiven() {
        let now = Instant::now();
        let mut strikes = Strikes::default();

        assert!((0..100).all(|n| !strikes.strike(now + Duration::from_secs(n))));
    }
}
