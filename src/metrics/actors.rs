//! How the actors are. Counted on the path of every frame: without a lock, an allocation, or a look at the clock for each of them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ::metrics::{Histogram, counter, gauge, histogram};

use super::catalogue::{ACTOR_HANDLING, ACTOR_MAILBOX, ACTOR_MESSAGES, ACTORS, ACTORS_PANICKED, ACTORS_RESTARTED, ACTORS_STOPPED};
use crate::types::ActorKind;

/// One message in so many is timed.
const EVERY: u64 = 16;
/// Powers of two of nanoseconds: the last one is 18 minutes.
const SCALES: usize = 41;

/// What is known of the actors of one kind, since this process began.
struct Vital {
    live: AtomicI64,
    waiting: AtomicI64,
    messages: AtomicU64,
    restarts: AtomicU64,
    panics: AtomicU64,
    frames_dropped: AtomicU64,
    /// Messages that took no longer than this power of two of nanoseconds, and longer than the one before.
    took: [AtomicU64; SCALES],
    histogram: OnceLock<Histogram>,
}

static VITALS: [Vital; ActorKind::ALL.len()] = [const { Vital::new() }; ActorKind::ALL.len()];

/// A moment of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActorFigures {
    pub live: u64,
    /// Messages in the mailboxes.
    pub waiting: u64,
    pub messages: u64,
    pub restarts: u64,
    pub panics: u64,
    pub frames_dropped: u64,
    /// Within a factor of two, upwards; none before the first message.
    pub handling_p50: Option<Duration>,
    pub handling_p99: Option<Duration>,
}

impl Vital {
    const fn new() -> Self {
        Self {
            live: AtomicI64::new(0),
            waiting: AtomicI64::new(0),
            messages: AtomicU64::new(0),
            restarts: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            frames_dropped: AtomicU64::new(0),
            took: [const { AtomicU64::new(0) }; SCALES],
            histogram: OnceLock::new(),
        }
    }

    fn timed(&self, took: Duration) {
        let scale = took.as_nanos().max(1).next_power_of_two().trailing_zeros() as usize;
        if let Some(count) = self.took.get(scale.min(SCALES - 1)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(histogram) = self.histogram.get() {
            histogram.record(took.as_secs_f64());
        }
    }

    fn quantile(&self, share: f64) -> Option<Duration> {
        let counts = self.took.each_ref().map(|count| count.load(Ordering::Relaxed));
        let wanted = (counts.iter().sum::<u64>() as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        let reached = counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        reached.map(|scale| Duration::from_nanos(1 << scale))
    }
}

#[expect(clippy::indexing_slicing, reason = "there are as many as kinds")]
fn of(kind: ActorKind) -> &'static Vital {
    &VITALS[kind as usize]
}

/// A message that waits in a mailbox, for as long as it lives.
#[derive(Debug)]
pub struct Waiting(ActorKind);

impl Waiting {
    #[must_use]
    pub fn of(kind: ActorKind) -> Self {
        of(kind).waiting.fetch_add(1, Ordering::Relaxed);
        Self(kind)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        of(self.0).waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A message that keeps an actor busy, for as long as it lives.
#[derive(Debug)]
pub struct Handling {
    kind: ActorKind,
    began: Option<Instant>,
}

#[must_use]
pub fn handling(kind: ActorKind) -> Handling {
    let number = of(kind).messages.fetch_add(1, Ordering::Relaxed);
    Handling { kind, began: number.is_multiple_of(EVERY).then(Instant::now) }
}

impl Drop for Handling {
    fn drop(&mut self) {
        if let Some(began) = self.began {
            of(self.kind).timed(began.elapsed());
        }
    }
}

pub fn actor_started(kind: ActorKind) {
    of(kind).live.fetch_add(1, Ordering::Relaxed);
}

pub fn actor_panicked(kind: ActorKind) {
    of(kind).panics.fetch_add(1, Ordering::Relaxed);
}

/// It panicked, and lives again.
pub fn actor_restarted(kind: ActorKind) {
    of(kind).restarts.fetch_add(1, Ordering::Relaxed);
}

pub fn actor_stopped(kind: ActorKind, exit: &'static str) {
    of(kind).live.fetch_sub(1, Ordering::Relaxed);
    counter!(ACTORS_STOPPED, "kind" => kind.as_str(), "exit" => exit).increment(1);
}

pub(super) fn frame_dropped(kind: ActorKind) {
    of(kind).frames_dropped.fetch_add(1, Ordering::Relaxed);
}

#[must_use]
pub fn actor_figures(kind: ActorKind) -> ActorFigures {
    let vital = of(kind);
    let level = |level: &AtomicI64| u64::try_from(level.load(Ordering::Relaxed)).unwrap_or(0);
    let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
    ActorFigures {
        live: level(&vital.live),
        waiting: level(&vital.waiting),
        messages: count(&vital.messages),
        restarts: count(&vital.restarts),
        panics: count(&vital.panics),
        frames_dropped: count(&vital.frames_dropped),
        handling_p50: vital.quantile(0.5),
        handling_p99: vital.quantile(0.99),
    }
}

pub(super) fn begin() {
    for kind in ActorKind::ALL {
        let _ = of(*kind).histogram.set(histogram!(ACTOR_HANDLING, "kind" => kind.as_str()));
        counter!(ACTORS_STOPPED, "kind" => kind.as_str(), "exit" => "panicked").increment(0);
    }
}

/// Tells the recorder how things stand.
pub(super) fn publish() {
    for kind in ActorKind::ALL {
        let (figures, label) = (actor_figures(*kind), kind.as_str());
        gauge!(ACTORS, "kind" => label).set(figures.live as f64);
        gauge!(ACTOR_MAILBOX, "kind" => label).set(figures.waiting as f64);
        counter!(ACTOR_MESSAGES, "kind" => label).absolute(figures.messages);
        counter!(ACTORS_RESTARTED, "kind" => label).absolute(figures.restarts);
        counter!(ACTORS_PANICKED, "kind" => label).absolute(figures.panics);
    }
}
