//! What becomes of an event after a try to deliver it: how often it is tried, and when again.

use std::time::Duration;

const HOUR: u64 = 3_600;
/// After each try that failed, before the next one; the last one is the tenth.
/// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#deliverability-and-reliability>
const PAUSES: [u64; 9] = [5, 300, HOUR / 2, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
/// What fell due together does not come together again: a pause is longer by up to a tenth.
const SPREAD: f64 = 0.1;
/// A receiver may ask for no longer pause.
const LONGEST: Duration = Duration::from_secs(24 * HOUR);
/// RFC 9110 section 15.5.11: it is gone for good.
const GONE: u16 = 410;
/// RFC 6585 section 4, RFC 9110 section 15.6.4: with `Retry-After`, the receiver says when it may be asked again.
const LATER: [u16; 2] = [429, 503];

/// What the receiver said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub retry_after: Option<Duration>,
}

impl Reply {
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self.status, 200..=299)
    }
}

/// What becomes of the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Delivered,
    Again(Duration),
    GivenUp,
}

/// After try number `tries`. Without a reply nobody could be told. `chance` is from 0 to 1.
#[must_use]
pub fn fate(tries: u32, reply: Option<Reply>, chance: f64) -> Fate {
    match reply {
        Some(reply) if reply.is_success() => Fate::Delivered,
        Some(Reply { status: GONE, .. }) => Fate::GivenUp,
        reply => pause(tries, chance).map_or(Fate::GivenUp, |pause| Fate::Again(pause.max(wish(reply)))),
    }
}

/// None after the last try.
fn pause(tries: u32, chance: f64) -> Option<Duration> {
    let place = usize::try_from(tries).ok()?.checked_sub(1)?;
    PAUSES.get(place).map(|seconds| Duration::from_secs(*seconds).mul_f64(1.0 + SPREAD * chance.clamp(0.0, 1.0)))
}

fn wish(reply: Option<Reply>) -> Duration {
    let asked = reply.filter(|reply| LATER.contains(&reply.status)).and_then(|reply| reply.retry_after);
    asked.unwrap_or_default().min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * HOUR);

    fn said(status: u16) -> Option<Reply> {
        Some(Reply { status, retry_after: None })
    }

    fn asking(status: u16, seconds: u64) -> Option<Reply> {
        Some(Reply { status, retry_after: Some(Duration::from_secs(seconds)) })
    }

    fn again(seconds: u64) -> Fate {
        Fate::Again(Duration::from_secs(seconds))
    }

    #[test]
    fn every_success_is_one_and_nothing_else_is() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(fate(1, said(status), 0.0), Fate::Delivered, "{status}");
        }
        for status in [199, 300, 301, 307, 400, 401, 404, 429, 500, 503, 999] {
            assert_eq!(fate(1, said(status), 0.0), again(5), "{status}");
        }
        assert_eq!(fate(1, None, 0.0), again(5));
    }

    #[test]
    fn it_is_tried_ten_times_over_three_days() {
        let pauses: Vec<Fate> = (1..=10).map(|tries| fate(tries, None, 0.0)).collect();

        let standard = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400].map(again);
        assert_eq!(pauses[..9], standard);
        assert_eq!(pauses[9], Fate::GivenUp);
        assert_eq!(fate(u32::MAX, None, 0.0), Fate::GivenUp);
    }

    #[test]
    fn a_receiver_that_is_gone_is_not_asked_again() {
        assert_eq!(fate(1, said(410), 0.0), Fate::GivenUp);
    }

    #[test]
    fn a_pause_is_longer_by_a_tenth_at_most() {
        assert_eq!(fate(2, None, 0.5), again(315));
        assert_eq!(fate(2, None, 1.0), again(330));
        assert_eq!(fate(2, None, 7.0), again(330));
    }

    #[test]
    fn a_receiver_that_has_too_much_to_do_says_how_long_and_no_longer_than_a_day() {
        assert_eq!(fate(1, asking(429, 60), 0.0), again(60));
        assert_eq!(fate(1, asking(503, 60), 0.0), again(60));
        assert_eq!(fate(2, asking(503, 60), 0.0), again(300), "never sooner than it would be anyway");
        assert_eq!(fate(1, asking(503, u64::MAX), 0.0), Fate::Again(DAY));
        assert_eq!(fate(1, asking(500, 60), 0.0), again(5), "others have nothing to say about it");
        assert_eq!(fate(10, asking(429, 60), 0.0), Fate::GivenUp);
    }
}
