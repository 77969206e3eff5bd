//! Twilio's playback queue: 8 bytes a millisecond by the clock, marks echoed when they are reached,
//! all of them on `clear`. <https://www.twilio.com/docs/voice/media-streams/websocket-messages#clear-message>
//!
//! Positions are computed from the time since the current spurt began, never counted in ticks.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::audio::BYTES_PER_MS;

/// More than ten minutes queued is thrown away, error 31931.
pub const LONGEST_QUEUE: Duration = Duration::from_secs(600);

/// Something the phone played, or a mark that came due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Played {
    /// `at` is when its first byte was heard.
    Audio {
        at: Instant,
        audio: Vec<u8>,
    },
    Mark {
        at: Instant,
        name: String,
    },
}

/// What a `clear` did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Heard of the spurt that it ended.
    pub played: Duration,
    /// Never heard.
    pub dropped: Duration,
}

/// The queue is longer than [`LONGEST_QUEUE`]; the new audio is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than ten minutes of audio queued")]
pub struct Overflow;

/// A pure queue: time is an argument and must not run backwards.
#[derive(Debug, Default)]
pub struct Playback {
    queue: VecDeque<Queued>,
    queued_bytes: usize,
    spurt: Option<Spurt>,
    played: VecDeque<Played>,
}

#[derive(Debug)]
enum Queued {
    Audio(VecDeque<u8>),
    Mark(String),
}

/// A stretch of playback without a gap.
#[derive(Clone, Copy, Debug)]
struct Spurt {
    began: Instant,
    consumed: usize,
}

impl Spurt {
    fn reached(&self) -> Instant {
        self.began + length(self.consumed)
    }
}

impl Playback {
    /// Audio that arrives at `now`; with nothing queued it is heard at once.
    pub fn push(&mut self, now: Instant, audio: &[u8]) -> Result<(), Overflow> {
        self.advance(now);
        if length(self.queued_bytes + audio.len()) > LONGEST_QUEUE {
            return Err(Overflow);
        }
        if audio.is_empty() {
            return Ok(());
        }
        self.spurt.get_or_insert(Spurt { began: now, consumed: 0 });
        self.queued_bytes += audio.len();
        self.queue.push_back(Queued::Audio(audio.iter().copied().collect()));
        Ok(())
    }

    /// A mark that arrives at `now`; with nothing queued it comes due at once.
    pub fn mark(&mut self, now: Instant, name: String) {
        self.advance(now);
        if self.spurt.is_some() {
            self.queue.push_back(Queued::Mark(name));
        } else {
            self.played.push_back(Played::Mark { at: now, name });
        }
    }

    /// Drops what is queued; every pending mark comes due now.
    pub fn clear(&mut self, now: Instant) -> Cleared {
        self.advance(now);
        let played = self.spurt.take().map_or(Duration::ZERO, |spurt| length(spurt.consumed));
        let dropped = length(std::mem::take(&mut self.queued_bytes));
        for item in self.queue.drain(..) {
            if let Queued::Mark(name) = item {
                self.played.push_back(Played::Mark { at: now, name });
            }
        }
        Cleared { played, dropped }
    }

    /// Plays what is due by `now`.
    pub fn advance(&mut self, now: Instant) {
        let Some(mut spurt) = self.spurt else { return };
        let due = bytes_in(now.saturating_duration_since(spurt.began));
        while let Some(item) = self.queue.pop_front() {
            match item {
                Queued::Mark(name) => self.played.push_back(Played::Mark { at: spurt.reached(), name }),
                Queued::Audio(mut audio) => {
                    let heard = due.saturating_sub(spurt.consumed).min(audio.len());
                    self.hear(&mut spurt, audio.drain(..heard).collect());
                    if !audio.is_empty() {
                        self.queue.push_front(Queued::Audio(audio));
                        break;
                    }
                }
            }
        }
        self.spurt = (!self.queue.is_empty()).then_some(spurt);
    }

    fn hear(&mut self, spurt: &mut Spurt, audio: Vec<u8>) {
        if audio.is_empty() {
            return;
        }
        let at = spurt.reached();
        spurt.consumed += audio.len();
        self.queued_bytes -= audio.len();
        self.played.push_back(Played::Audio { at, audio });
    }

    /// What was played since the last call, in order.
    pub fn poll(&mut self) -> Option<Played> {
        self.played.pop_front()
    }

    /// When the next mark, or the end of the queue, is reached.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        let spurt = self.spurt?;
        let ahead: usize = self.queue.iter().map_while(Queued::audio_len).sum();
        Some(spurt.began + length(spurt.consumed + ahead))
    }

    /// Not yet heard.
    #[cfg(test)]
    fn queued(&self) -> Duration {
        length(self.queued_bytes)
    }
}

impl Queued {
    fn audio_len(&self) -> Option<usize> {
        match self {
            Self::Audio(audio) => Some(audio.len()),
            Self::Mark(_) => None,
        }
    }
}

const NANOS_PER_BYTE: u64 = 1_000_000 / BYTES_PER_MS as u64;

const fn length(bytes: usize) -> Duration {
    Duration::from_nanos(bytes as u64 * NANOS_PER_BYTE)
}

fn bytes_in(time: Duration) -> usize {
    usize::try_from(time.as_nanos() / u128::from(NANOS_PER_BYTE)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn drained(playback: &mut Playback) -> (usize, Vec<(String, Instant)>) {
        let (mut bytes, mut marks) = (0, Vec::new());
        while let Some(played) = playback.poll() {
            match played {
                Played::Audio { audio, .. } => bytes += audio.len(),
                Played::Mark { at, name } => marks.push((name, at)),
            }
        }
        (bytes, marks)
    }

    #[test]
    fn a_mark_comes_due_when_the_audio_before_it_was_heard() {
        let (mut playback, t0) = (Playback::default(), Instant::now());
        playback.push(t0, &[1; 800]).expect("room");
        playback.mark(t0, "a".into());
        playback.push(t0, &[1; 160]).expect("room");
        playback.mark(t0, "b".into());
        assert_eq!(playback.next_due(), Some(t0 + ms(100)));

        playback.advance(t0 + ms(99));
        assert_eq!(drained(&mut playback), (792, vec![]));

        playback.advance(t0 + ms(500));
        assert_eq!(drained(&mut playback), (168, vec![("a".into(), t0 + ms(100)), ("b".into(), t0 + ms(120))]));
        assert_eq!(playback.next_due(), None);
    }

    #[test]
    fn a_mark_with_nothing_queued_comes_due_at_once() {
        let (mut playback, t0) = (Playback::default(), Instant::now());
        playback.mark(t0, "a".into());
        assert_eq!(drained(&mut playback), (0, vec![("a".into(), t0)]));

        playback.push(t0, &[1; 160]).expect("room");
        playback.mark(t0 + ms(30), "b".into());

        assert_eq!(drained(&mut playback), (160, vec![("b".into(), t0 + ms(30))]));
    }

    #[test]
    fn a_clear_drops_the_queue_and_echoes_every_pending_mark() {
        let (mut playback, t0) = (Playback::default(), Instant::now());
        playback.push(t0, &[1; 8_000]).expect("room");
        playback.mark(t0, "a".into());
        playback.push(t0, &[1; 8_000]).expect("room");
        playback.mark(t0, "b".into());

        let cleared = playback.clear(t0 + ms(300));

        assert_eq!(cleared, Cleared { played: ms(300), dropped: ms(1_700) });
        assert_eq!(drained(&mut playback), (2_400, vec![("a".into(), t0 + ms(300)), ("b".into(), t0 + ms(300))]));
        assert_eq!(playback.clear(t0 + ms(400)), Cleared::default());
    }

    #[test]
    fn a_gap_begins_a_new_spurt() {
        let (mut playback, t0) = (Playback::default(), Instant::now());
        playback.push(t0, &[1; 160]).expect("room");
        playback.push(t0 + ms(15), &[1; 160]).expect("room");
        playback.push(t0 + ms(100), &[1; 1_600]).expect("room");

        let cleared = playback.clear(t0 + ms(150));

        assert_eq!(cleared, Cleared { played: ms(50), dropped: ms(150) });
    }

    #[test]
    fn ten_minutes_is_all_that_fits() {
        let (mut playback, t0) = (Playback::default(), Instant::now());

        assert_eq!(playback.push(t0, &vec![1; 4_800_000]), Ok(()));
        assert_eq!(playback.push(t0, &[1; 8]), Err(Overflow));
        assert_eq!(playback.push(t0 + ms(1), &[1; 8]), Ok(()));
    }

    proptest! {
        #[test]
        fn bytes_are_heard_or_dropped_or_queued_and_marks_return_once_in_order(
            events in proptest::collection::vec((0_u64..60, 0_u8..4, 1_usize..1_000), 1..120)
        ) {
            let (mut playback, mut now) = (Playback::default(), Instant::now());
            let (mut pushed, mut dropped, mut sent) = (0, Duration::ZERO, Vec::new());
            let (mut heard, mut echoed) = (0, Vec::new());
            for (wait, kind, bytes) in events {
                now += ms(wait);
                match kind {
                    0 | 1 => { playback.push(now, &vec![7; bytes]).expect("room"); pushed += bytes; }
                    2 => { sent.push(sent.len().to_string()); playback.mark(now, sent[sent.len() - 1].clone()); }
                    _ => dropped += playback.clear(now).dropped,
                }
                let (bytes, marks) = drained(&mut playback);
                prop_assert!(marks.iter().all(|(_, at)| *at <= now));
                heard += bytes;
                echoed.extend(marks.into_iter().map(|(name, _)| name));
                prop_assert_eq!(length(pushed), length(heard) + dropped + playback.queued());
            }
            playback.advance(now + ms(600_000));
            let (_, marks) = drained(&mut playback);
            echoed.extend(marks.into_iter().map(|(name, _)| name));
            prop_assert_eq!(echoed, sent);
        }

        #[test]
        fn how_often_the_clock_is_read_changes_nothing(ticks in proptest::collection::vec(1_u64..40_000_000, 1..60), bytes in 1_usize..20_000) {
            let t0 = Instant::now();
            let (mut often, mut once) = (Playback::default(), Playback::default());
            often.push(t0, &vec![1; bytes]).expect("room");
            once.push(t0, &vec![1; bytes]).expect("room");
            let mut now = t0;
            for tick in ticks {
                now += Duration::from_nanos(tick);
                often.advance(now);
            }

            prop_assert_eq!(often.clear(now), once.clear(now));
        }
    }
}
