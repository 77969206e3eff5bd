//! Circuit breakers: a model that cannot be had is not asked by every new call again.
//!
//! One for each endpoint and model. They never end a call that lives: its own budget of tries does.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Failures in a row that open a breaker; one that no retry can help does at once.
const FAILURES: u32 = 5;
/// So long nobody is sent to a model that is away; then one call, or a warm session, tries.
pub const PAUSE: Duration = Duration::from_secs(10);

/// Which model, and where it is had.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModelKey(Arc<str>);

impl ModelKey {
    #[must_use]
    pub fn new(url: &str, model: &str) -> Self {
        Self(format!("{model} at {url}").into())
    }
}

impl fmt::Display for ModelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What came of asking a model for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    Opened,
    Failed { retry: bool },
}

#[derive(Debug, Default)]
struct Breaker {
    failures: u32,
    /// Open: the next try is due then.
    retry_at: Option<Instant>,
}

impl Breaker {
    const fn is_open(&self) -> bool {
        self.retry_at.is_some()
    }

    /// True for the one that may try; the next may a pause later, unless this one opens.
    fn may_try(&mut self, now: Instant) -> bool {
        let due = self.retry_at.is_some_and(|at| at <= now);
        if due {
            self.retry_at = Some(now + PAUSE);
        }
        due
    }

    fn failed(&mut self, now: Instant, retry: bool) {
        self.failures = self.failures.saturating_add(1);
        if !retry || self.is_open() || self.failures >= FAILURES {
            self.retry_at = Some(now + PAUSE);
        }
    }
}

/// The breakers of this process.
#[derive(Debug, Default)]
pub struct Breakers(HashMap<ModelKey, Breaker>);

impl Breakers {
    /// True if that opened or closed a breaker.
    pub fn note(&mut self, now: Instant, key: &ModelKey, attempt: Attempt) -> bool {
        let was_open = self.is_open(key);
        match attempt {
            Attempt::Opened => drop(self.0.remove(key)),
            Attempt::Failed { retry } => self.0.entry(key.clone()).or_default().failed(now, retry),
        }
        self.is_open(key) != was_open
    }

    #[must_use]
    pub fn is_open(&self, key: &ModelKey) -> bool {
        self.0.get(key).is_some_and(Breaker::is_open)
    }

    /// How many models are away.
    #[must_use]
    pub fn open(&self) -> usize {
        self.0.values().filter(|breaker| breaker.is_open()).count()
    }

    /// Whether a new call can hope for any of these models. Where all are away, one call in a pause may try.
    pub fn admit(&mut self, now: Instant, models: &[ModelKey]) -> bool {
        models.iter().any(|key| !self.is_open(key)) || models.iter().any(|key| self.may_try(now, key))
    }

    /// Whether to ask this model rather than the other one.
    pub fn prefer(&mut self, now: Instant, key: &ModelKey, other: Option<&ModelKey>) -> bool {
        !self.is_open(key) || other.is_none_or(|other| self.is_open(other)) || self.may_try(now, key)
    }

    fn may_try(&mut self, now: Instant, key: &ModelKey) -> bool {
        self.0.get_mut(key).is_some_and(|breaker| breaker.may_try(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLIP: Attempt = Attempt::Failed { retry: true };
    const HOPELESS: Attempt = Attempt::Failed { retry: false };

    fn first() -> ModelKey {
        ModelKey::new("wss://one.example", "m")
    }

    fn second() -> ModelKey {
        ModelKey::new("wss://two.example", "m")
    }

    fn broken(now: Instant, keys: &[ModelKey]) -> Breakers {
        let mut breakers = Breakers::default();
        assert!(keys.iter().all(|key| breakers.note(now, key, HOPELESS)));
        breakers
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_a_session_closes_it() {
        let (mut breakers, now) = (Breakers::default(), Instant::now());

        assert!((0..4).all(|_| !breakers.note(now, &first(), BLIP)));
        assert!(breakers.admit(now, &[first()]));
        assert!(breakers.note(now, &first(), BLIP));
        assert!(!breakers.admit(now, &[first()]));
        assert!(breakers.note(now, &first(), Attempt::Opened));
        assert!(breakers.admit(now, &[first()]));
    }

    #[test]
    fn a_session_in_between_starts_the_count_anew() {
        let (mut breakers, now) = (Breakers::default(), Instant::now());

        for _ in 0..10 {
            assert!((0..4).all(|_| !breakers.note(now, &first(), BLIP)));
            breakers.note(now, &first(), Attempt::Opened);
        }
        assert_eq!(breakers.open(), 0);
    }

    #[test]
    fn a_failure_that_no_retry_can_help_opens_it_at_once() {
        let now = Instant::now();

        assert!(!broken(now, &[first()]).admit(now, &[first()]));
    }

    #[test]
    fn one_call_in_a_pause_tries_a_model_that_is_away() {
        let now = Instant::now();
        let mut breakers = broken(now, &[first()]);

        let later = now + PAUSE;
        assert!(!breakers.admit(later - Duration::from_millis(1), &[first()]));
        assert!(breakers.admit(later, &[first()]));
        assert!(!breakers.admit(later, &[first()]));
        assert!(breakers.admit(later + PAUSE, &[first()]));
    }

    #[test]
    fn a_failed_try_begins_a_new_pause() {
        let now = Instant::now();
        let mut breakers = broken(now, &[first()]);

        let later = now + PAUSE * 2;
        assert!(!breakers.note(later, &first(), BLIP), "it was open before");
        assert!(!breakers.admit(later + PAUSE / 2, &[first()]));
    }

    #[test]
    fn another_model_takes_its_calls_while_that_one_can_be_had() {
        let now = Instant::now();
        let mut breakers = broken(now, &[first()]);

        assert!(breakers.admit(now, &[first(), second()]));
        assert!(!breakers.prefer(now, &first(), Some(&second())));
        assert!(breakers.prefer(now, &second(), None));
        assert!(breakers.prefer(now + PAUSE, &first(), Some(&second())), "one tries whether it is back");
        assert!(!breakers.prefer(now + PAUSE, &first(), Some(&second())));
    }

    #[test]
    fn a_call_that_has_no_other_model_is_not_kept_from_trying() {
        let now = Instant::now();

        assert!(broken(now, &[first()]).prefer(now, &first(), None));
        assert!(broken(now, &[first(), second()]).prefer(now, &first(), Some(&second())));
    }
}
