//! What the caller's ear makes of what the phone plays: speech or silence, by loudness and played time.

use std::time::{Duration, Instant};

use crate::audio::{FRAME_BYTES, FRAME_MS, mulaw};

/// Mean absolute sample above which 20 ms count as speech; line noise is far below.
pub const LOUD: u32 = 200;
/// A shorter gap belongs to the talk around it.
pub const TALK_GAP: Duration = Duration::from_millis(400);

const WINDOW: Duration = Duration::from_millis(FRAME_MS);

/// The other side began, or stopped, to be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Began(Instant),
    Ended(Instant),
}

/// An ear: played audio goes in by time, talk comes out.
#[derive(Debug, Default)]
pub struct Hearing {
    window: Vec<u8>,
    window_at: Option<Instant>,
    talk: Option<Talk>,
    last_loud: Option<Instant>,
    past_talk: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Talk {
    began: Instant,
    loud_until: Instant,
}

impl Hearing {
    /// `audio` whose first byte was heard at `at`.
    pub fn hear(&mut self, at: Instant, audio: &[u8]) -> Vec<Heard> {
        let mut heard = Vec::new();
        if self.window_at.is_some_and(|began| at > began + 2 * WINDOW) {
            self.close_window(&mut heard);
        }
        for (index, byte) in (0_u64..).zip(audio) {
            self.window_at.get_or_insert_with(|| at + Duration::from_micros(index * 125));
            self.window.push(*byte);
            if self.window.len() == FRAME_BYTES {
                self.close_window(&mut heard);
            }
        }
        heard
    }

    /// 20 ms of something else than a stream, such as Twilio's own voice.
    pub fn hear_voice(&mut self, at: Instant) -> Option<Heard> {
        self.loud(at)
    }

    /// Time passes: a talk that has been quiet for [`TALK_GAP`] is over.
    pub fn advance(&mut self, now: Instant) -> Option<Heard> {
        let quiet = self.talk.is_some_and(|talk| now >= talk.loud_until + TALK_GAP);
        if quiet { self.end_talk() } else { None }
    }

    /// The other side was cut off.
    pub fn cut(&mut self) -> Option<Heard> {
        self.window.clear();
        self.window_at = None;
        self.end_talk()
    }

    /// Whether anything loud was heard at or after `since`.
    #[must_use]
    pub fn heard_since(&self, since: Instant) -> bool {
        self.last_loud.is_some_and(|loud| loud > since)
    }

    /// How long it has been quiet at `now`, at most since `since` if nothing was heard at all.
    #[must_use]
    pub fn quiet_for(&self, now: Instant, since: Instant) -> Duration {
        now.saturating_duration_since(self.last_loud.unwrap_or(since))
    }

    /// All the talk ever heard, gaps inside of it included.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.past_talk + self.talk.map_or(Duration::ZERO, |talk| talk.loud_until - talk.began)
    }

    fn close_window(&mut self, heard: &mut Vec<Heard>) {
        let at = self.window_at.take();
        let loudness = mulaw::loudness(&self.window);
        self.window.clear();
        if let Some(at) = at
            && loudness > LOUD
        {
            heard.extend(self.talk.and_then(|talk| if at >= talk.loud_until + TALK_GAP { self.end_talk() } else { None }));
            heard.extend(self.loud(at));
        }
    }

    fn loud(&mut self, at: Instant) -> Option<Heard> {
        let until = at + WINDOW;
        self.last_loud = Some(until);
        match &mut self.talk {
            Some(talk) => {
                talk.loud_until = until;
                None
            }
            None => {
                self.talk = Some(Talk { began: at, loud_until: until });
                Some(Heard::Began(at))
            }
        }
    }

    fn end_talk(&mut self) -> Option<Heard> {
        let talk = self.talk.take()?;
        self.past_talk += talk.loud_until - talk.began;
        Some(Heard::Ended(talk.loud_until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::SILENCE;

    const SPEECH: u8 = 0x90;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn talk_lasts_from_the_first_loud_frame_to_the_last() {
        let (mut ear, t0) = (Hearing::default(), Instant::now());

        assert_eq!(ear.hear(t0, &[SILENCE; 160]), []);
        assert_eq!(ear.hear(t0 + ms(20), &[SPEECH; 1_600]), [Heard::Began(t0 + ms(20))]);
        assert_eq!(ear.advance(t0 + ms(600)), None);
        assert_eq!(ear.advance(t0 + ms(620)), Some(Heard::Ended(t0 + ms(220))));
        assert_eq!(ear.total(), ms(200));
    }

    #[test]
    fn a_short_gap_does_not_end_a_talk() {
        let (mut ear, t0) = (Hearing::default(), Instant::now());
        ear.hear(t0, &[SPEECH; 1_600]);

        assert_eq!(ear.hear(t0 + ms(400), &[SPEECH; 160]), []);

        assert_eq!(ear.total(), ms(420));
        assert_eq!(ear.quiet_for(t0 + ms(1_000), t0), ms(580));
    }

    #[test]
    fn audio_in_any_slices_is_heard_the_same() {
        let (mut ear, t0) = (Hearing::default(), Instant::now());

        let heard: Vec<Heard> = (0_u64..40).flat_map(|slice| ear.hear(t0 + ms(slice), &[SPEECH; 8])).collect();

        assert_eq!(heard, [Heard::Began(t0)]);
        assert_eq!(ear.total(), ms(40));
    }

    #[test]
    fn a_cut_ends_the_talk_at_once() {
        let (mut ear, t0) = (Hearing::default(), Instant::now());
        ear.hear(t0, &[SPEECH; 1_600]);

        assert_eq!(ear.cut(), Some(Heard::Ended(t0 + ms(200))));
        assert_eq!(ear.hear(t0 + ms(300), &[SPEECH; 160]), [Heard::Began(t0 + ms(300))]);
    }

    #[test]
    fn silence_is_never_heard() {
        let (mut ear, t0) = (Hearing::default(), Instant::now());

        assert_eq!(ear.hear(t0, &[SILENCE; 8_000]), []);
        assert!(!ear.heard_since(t0));
        assert_eq!(ear.quiet_for(t0 + ms(50), t0), ms(50));
    }
}
