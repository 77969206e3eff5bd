//! What a run of simulated calls showed.

use std::fmt;
use std::time::Duration;

/// How long something took, over many times; nearest-rank percentiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Percentiles {
    pub n: usize,
    pub p50: Duration,
    pub p95: Duration,
    pub p99: Duration,
    pub max: Duration,
}

impl Percentiles {
    /// All zero for no samples: look at `n`.
    #[must_use]
    pub fn of(samples: &[Duration]) -> Self {
        let mut sorted = samples.to_vec();
        sorted.sort_unstable();
        let at = |percent| nearest_rank(&sorted, percent);
        Self { n: sorted.len(), p50: at(50), p95: at(95), p99: at(99), max: at(100) }
    }
}

fn nearest_rank(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

impl fmt::Display for Percentiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |d: Duration| d.as_millis();
        write!(f, "n {} p50 {} ms p95 {} ms p99 {} ms max {} ms", self.n, ms(self.p50), ms(self.p95), ms(self.p99), ms(self.max))
    }
}

/// The sentence at the end of a run: what the peers objected to, and what did not come out as it should.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Breaches of a vendor's protocol, in the words of the simulator that saw them.
    pub violations: Vec<String>,
    /// Calls that went wrong, expectations that were not met.
    pub failures: Vec<String>,
}

impl Verdict {
    #[must_use]
    pub const fn passed(&self) -> bool {
        self.violations.is_empty() && self.failures.is_empty()
    }

    pub fn violate(&mut self, what: impl fmt::Display) {
        self.violations.push(what.to_string());
    }

    pub fn fail(&mut self, what: impl fmt::Display) {
        self.failures.push(what.to_string());
    }

    /// Fails with `what` unless it holds.
    pub fn expect(&mut self, holds: bool, what: impl fmt::Display) {
        if !holds {
            self.fail(what);
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.passed() { "passed" } else { "failed" })?;
        self.violations.iter().try_for_each(|what| write!(f, "\n  violation: {what}"))?;
        self.failures.iter().try_for_each(|what| write!(f, "\n  failure: {what}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(values: impl IntoIterator<Item = u64>) -> Vec<Duration> {
        values.into_iter().map(Duration::from_millis).collect()
    }

    #[test]
    fn percentiles_are_samples_at_the_nearest_rank() {
        let percentiles = Percentiles::of(&ms((1..=200).rev()));

        assert_eq!(percentiles.n, 200);
        assert_eq!([percentiles.p50, percentiles.p95, percentiles.p99, percentiles.max].to_vec(), ms([100, 190, 198, 200]));
    }

    #[test]
    fn one_sample_is_every_percentile_and_none_are_zero() {
        let one = Percentiles::of(&ms([7]));

        assert_eq!([one.p50, one.p99, one.max].to_vec(), ms([7, 7, 7]));
        assert_eq!(Percentiles::of(&[]), Percentiles::default());
    }

    #[test]
    fn a_verdict_passes_only_if_nobody_objects() {
        let mut verdict = Verdict::default();
        verdict.expect(true, "all is well");
        assert!(verdict.passed());

        verdict.expect(false, "the caller heard nothing");

        assert!(!verdict.passed());
        assert_eq!(verdict.to_string(), "failed\n  failure: the caller heard nothing");
    }

    proptest! {
        #[test]
        fn percentiles_never_shrink(samples in proptest::collection::vec(0_u64..10_000, 1..200)) {
            let p = Percentiles::of(&ms(samples));

            prop_assert!(p.p50 <= p.p95 && p.p95 <= p.p99 && p.p99 <= p.max);
        }
    }
}
