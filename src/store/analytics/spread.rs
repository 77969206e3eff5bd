//! How a measure is spread: its sum, and how often it fell into each of many narrow buckets.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// Each doubling has 2^5 buckets, so a bucket is at most 1/32 wide, and its middle at most 1/64 (1.6 %) off. Below 64 all is exact.
const FINE: u32 = 5;
const PER_DOUBLING: u64 = 1 << FINE;
/// Enough for every `u64`.
const BUCKETS: usize = 60 * PER_DOUBLING as usize;

/// Whole numbers, of which the sum is exact and a percentile is near: half a bucket off at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Spread {
    sum: u64,
    /// As text: JSON numbers are slow to read and large to keep.
    #[serde(serialize_with = "to_gaps", deserialize_with = "of_gaps")]
    buckets: Vec<u64>,
}

impl Spread {
    pub(super) fn add(&mut self, value: u64) {
        self.sum = self.sum.saturating_add(value);
        self.raise(bucket_of(value), 1);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.sum = self.sum.saturating_add(other.sum);
        if self.buckets.len() < other.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(own, more)| *own += more);
    }

    pub(super) const fn sum(&self) -> u64 {
        self.sum
    }

    pub(super) fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The value that so many percent do not exceed (nearest rank); none of nothing.
    pub(super) fn percentile(&self, percent: u64) -> Option<u64> {
        let rank = (self.count() * percent).div_ceil(100).max(1);
        let mut seen = 0;
        self.buckets
            .iter()
            .position(|count| {
                seen += count;
                seen >= rank
            })
            .map(middle_of)
    }

    fn raise(&mut self, bucket: usize, by: u64) {
        if self.buckets.len() <= bucket {
            self.buckets.resize(bucket + 1, 0);
        }
        if let Some(count) = self.buckets.get_mut(bucket) {
            *count += by;
        }
    }

    /// `40 1x3 7`: one in bucket 40, three in 41, one in 48.
    fn gaps(&self) -> String {
        let (mut text, mut last) = (String::new(), 0);
        for (bucket, count) in self.buckets.iter().enumerate().filter(|(_, count)| **count > 0) {
            let blank = if text.is_empty() { "" } else { " " };
            let times = if *count > 1 { format!("x{count}") } else { String::new() };
            let _ = write!(text, "{blank}{}{times}", bucket - last);
            last = bucket;
        }
        text
    }

    fn of_gaps(text: &str) -> Option<Vec<u64>> {
        let (mut spread, mut bucket) = (Self::default(), 0_usize);
        for part in text.split(' ').filter(|part| !part.is_empty()) {
            let (gap, count) = part.split_once('x').unwrap_or((part, "1"));
            bucket = bucket.checked_add(gap.parse().ok()?).filter(|bucket| *bucket < BUCKETS)?;
            spread.raise(bucket, count.parse().ok()?);
        }
        Some(spread.buckets)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "below 60 doublings of 32")]
fn bucket_of(value: u64) -> usize {
    let doubling = value.checked_ilog2().unwrap_or_default().saturating_sub(FINE);
    (u64::from(doubling) * PER_DOUBLING + (value >> doubling)) as usize
}

fn middle_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let doubling = (bucket / PER_DOUBLING).saturating_sub(1);
    let (lowest, width) = ((bucket - doubling * PER_DOUBLING) << doubling, 1_u64 << doubling);
    lowest + (width - 1) / 2
}

#[expect(clippy::ptr_arg, reason = "as serde calls it")]
fn to_gaps<S: serde::Serializer>(buckets: &Vec<u64>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&Spread { sum: 0, buckets: buckets.clone() }.gaps())
}

fn of_gaps<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<u64>, D::Error> {
    struct Gaps;
    impl serde::de::Visitor<'_> for Gaps {
        type Value = Vec<u64>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("buckets")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<u64>, E> {
            Spread::of_gaps(text).ok_or_else(|| E::custom("no buckets"))
        }
    }
    from.deserialize_str(Gaps)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[u64]) -> Spread {
        let mut spread = Spread::default();
        values.iter().for_each(|value| spread.add(*value));
        spread
    }

    fn exact(values: &[u64], percent: u64) -> u64 {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let rank = (sorted.len() as u64 * percent).div_ceil(100).max(1);
        sorted[usize::try_from(rank - 1).expect("small")]
    }

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        for value in 0..100_000 {
            assert!(bucket_of(value + 1) - bucket_of(value) <= 1, "{value}");
        }
        assert!(bucket_of(u64::MAX) < BUCKETS);
    }

    #[test]
    fn nothing_has_no_percentile() {
        assert_eq!((of(&[]).percentile(50), of(&[]).count()), (None, 0));
        assert_eq!([50, 95, 99].map(|p| of(&[7]).percentile(p)), [Some(7); 3]);
    }

    #[test]
    fn what_is_no_text_of_ours_is_refused() {
        for text in ["x", "1x", "-1", "1 x2", "99999", "1 99999999999999999999"] {
            assert!(serde_json::from_str::<Spread>(&format!("{{\"sum\":0,\"buckets\":\"{text}\"}}")).is_err(), "{text}");
        }
    }

    fn values() -> impl Strategy<Value = Vec<u64>> {
        vec(prop_oneof![0..100_u64, 0..10_000_u64, any::<u32>().prop_map(u64::from), any::<u64>()], 1..60)
    }

    proptest! {
        #[test]
        fn a_percentile_is_within_a_sixty_fourth(values in values(), percent in 1..=100_u64) {
            let (near, right) = (of(&values).percentile(percent).expect("some"), exact(&values, percent));

            prop_assert!(near.abs_diff(right) <= right / 64, "{near} for {right}");
        }

        #[test]
        fn parts_merge_to_the_whole(one in values(), other in values()) {
            let mut merged = of(&one);
            merged.merge(&of(&other));

            prop_assert_eq!(merged, of(&[one, other].concat()));
        }

        #[test]
        fn it_comes_back_from_json(values in values()) {
            let spread = of(&values);
            let json = serde_json::to_string(&spread).expect("json");

            prop_assert_eq!(serde_json::from_str::<Spread>(&json).expect("read"), spread);
        }
    }
}
