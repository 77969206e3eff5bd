//! What the person on the phone understood of what was played: words, keys, tones, and where sound was missing.

use std::time::{Duration, Instant};

use crate::audio::{BYTES_PER_MS, FRAME_BYTES, FRAME_MS};
use crate::sim::imprint::{Block, Gathered, frames_ms};
use crate::sim::tones::{Sound, WINDOW, sound};

/// A longer pause is no gap but a silence.
const LONGEST_GAP: Duration = Duration::from_millis(400);
/// A shorter one nobody hears.
const SHORTEST_GAP: Duration = Duration::from_millis(20);
/// Two windows of a key or tone belong together up to this.
const TOGETHER: Duration = Duration::from_millis(45);
const FRAME: Duration = Duration::from_millis(FRAME_MS);
const HALF: usize = WINDOW / 2;

/// Something that was said to the caller, as far as it was heard without a break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    pub at: Duration,
    pub until: Duration,
    /// The whole text, unless so little was heard that only its beginning is known.
    pub text: String,
    /// The part of it that was heard.
    pub from_ms: u64,
    pub to_ms: u64,
    pub whole_ms: u64,
}

impl Words {
    /// Heard from the first frame to the last.
    #[must_use]
    pub const fn complete(&self) -> bool {
        self.from_ms == 0 && self.to_ms == self.whole_ms
    }
}

/// A stretch of playback that ran dry in mid-speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    pub at: Duration,
    pub length: Duration,
}

/// A sound that is no speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tone {
    pub at: Duration,
    pub length: Duration,
    pub sound: Sound,
}

/// All that was understood, by time since `began`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Understood {
    pub words: Vec<Words>,
    pub gaps: Vec<Gap>,
    pub tones: Vec<Tone>,
}

/// Played audio goes in by time.
#[derive(Clone, Debug, PartialEq)]
pub struct Ear {
    began: Instant,
    /// Not yet understood, and when its first byte was heard.
    rest: Vec<u8>,
    rest_at: Instant,
    /// Sound without words.
    strange: Vec<u8>,
    strange_at: Instant,
    talk: Option<Talk>,
    understood: Understood,
}

/// Words under way: the last entry of the list.
#[derive(Clone, Debug, PartialEq)]
struct Talk {
    id: u32,
    gathered: Gathered,
    next: u16,
    due: Instant,
}

impl Ear {
    #[must_use]
    pub fn new(began: Instant) -> Self {
        let (rest, strange) = (Vec::new(), Vec::new());
        Self { began, rest, rest_at: began, strange, strange_at: began, talk: None, understood: Understood::default() }
    }

    /// All that was understood so far.
    #[must_use]
    pub fn understood(&self) -> Understood {
        self.understood.clone()
    }

    /// `audio` whose first byte was heard at `at`.
    pub fn hear(&mut self, at: Instant, audio: &[u8]) {
        let expected = self.rest_at + length(self.rest.len());
        if at.saturating_duration_since(expected) > Duration::from_millis(1) || self.rest.is_empty() {
            self.give_up_rest();
            self.rest_at = at;
        }
        self.rest.extend_from_slice(audio);
        self.read();
    }

    /// What was queued is gone: a gap after this is meant.
    pub fn cut(&mut self) {
        self.give_up_rest();
        self.strange.clear();
        self.talk = None;
    }

    fn read(&mut self) {
        let mut at = 0;
        while let Some(window) = self.rest.get(at..).filter(|rest| rest.len() >= FRAME_BYTES) {
            match Block::read(window) {
                Some(block) => {
                    let heard_at = self.rest_at + length(at);
                    self.understand(heard_at, &block);
                    at += FRAME_BYTES;
                }
                None => {
                    let byte = window.first().copied();
                    self.wonder(self.rest_at + length(at), byte);
                    at += 1;
                }
            }
        }
        self.rest.drain(..at);
        self.rest_at += length(at);
    }

    fn give_up_rest(&mut self) {
        let rest = std::mem::take(&mut self.rest);
        for (n, byte) in rest.into_iter().enumerate() {
            self.wonder(self.rest_at + length(n), Some(byte));
        }
    }

    fn understand(&mut self, at: Instant, block: &Block) {
        self.strange.clear();
        let goes_on = self.talk.as_ref().is_some_and(|talk| talk.id == block.id && block.index >= talk.next);
        if goes_on { self.go_on(at, block) } else { self.begin(at, block) }
    }

    fn begin(&mut self, at: Instant, block: &Block) {
        let gathered = Gathered::of(block);
        let offset = at.saturating_duration_since(self.began);
        self.understood.words.push(Words {
            at: offset,
            until: offset + FRAME,
            text: gathered.text(),
            from_ms: frames_ms(block.index),
            to_ms: frames_ms(block.index) + FRAME_MS,
            whole_ms: frames_ms(block.blocks),
        });
        self.talk = Some(Talk { id: block.id, gathered, next: block.index.saturating_add(1), due: at + FRAME });
    }

    fn go_on(&mut self, at: Instant, block: &Block) {
        let Some(talk) = &mut self.talk else { return };
        let skipped = Duration::from_millis(frames_ms(block.index - talk.next));
        let gap = at.saturating_duration_since(talk.due + skipped);
        if gap > SHORTEST_GAP && gap <= LONGEST_GAP {
            self.understood.gaps.push(Gap { at: talk.due.saturating_duration_since(self.began), length: gap });
        }
        talk.gathered.add(block);
        (talk.next, talk.due) = (block.index.saturating_add(1), at + FRAME);
        if let Some(words) = self.understood.words.last_mut() {
            words.text = talk.gathered.text();
            words.until = at.saturating_duration_since(self.began) + FRAME;
            words.to_ms = frames_ms(block.index) + FRAME_MS;
        }
    }

    /// A byte without words.
    fn wonder(&mut self, at: Instant, byte: Option<u8>) {
        let expected = self.strange_at + length(self.strange.len());
        if self.strange.is_empty() || at.saturating_duration_since(expected) > Duration::from_millis(1) {
            self.strange.clear();
            self.strange_at = at;
        }
        self.strange.extend(byte);
        if self.strange.len() == WINDOW {
            self.name_sound();
            self.strange.drain(..HALF);
            self.strange_at += length(HALF);
        }
    }

    fn name_sound(&mut self) {
        let found = sound(&self.strange);
        if found == Sound::Nothing {
            return;
        }
        let at = self.strange_at.saturating_duration_since(self.began);
        let until = at + length(WINDOW);
        match self.understood.tones.last_mut() {
            Some(tone) if same(tone.sound, found) && at <= tone.at + tone.length + TOGETHER => tone.length = until - tone.at,
            _ => self.understood.tones.push(Tone { at, length: until - at, sound: found }),
        }
    }
}

/// The edge of a key or tone sounds like noise.
fn same(one: Sound, other: Sound) -> bool {
    match (one, other) {
        (Sound::Tone(one), Sound::Tone(other)) => one.abs_diff(other) <= 50,
        _ => one == other,
    }
}

impl Understood {
    /// The keys that were heard, in order.
    #[must_use]
    pub fn keys(&self) -> String {
        self.tones.iter().filter_map(|tone| if let Sound::Key(key) = tone.sound { Some(key) } else { None }).collect()
    }

    /// The longest time without a break that tones were heard for; pauses of a second belong to a rhythm.
    #[must_use]
    pub fn longest_tone(&self) -> Duration {
        let (mut longest, mut run) = (Duration::ZERO, None::<(Duration, Duration)>);
        for tone in self.tones.iter().filter(|tone| matches!(tone.sound, Sound::Tone(_) | Sound::Noise)) {
            let began = run.filter(|(_, until)| tone.at <= *until + Duration::from_secs(5)).map_or(tone.at, |(began, _)| began);
            run = Some((began, tone.at + tone.length));
            longest = longest.max(tone.at + tone.length - began);
        }
        longest
    }

    #[must_use]
    pub fn longest_gap(&self) -> Duration {
        self.gaps.iter().map(|gap| gap.length).max().unwrap_or_default()
    }
}

const fn length(bytes: usize) -> Duration {
    Duration::from_micros(bytes as u64 * 1_000 / BYTES_PER_MS as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::silence;
    use crate::sim::tones::sine;
    use crate::sim::voice::speak;

    const TEXT: &str = "Good evening, this is a text that nobody recorded.";

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn what_is_said_is_understood_with_its_time_in_any_slices() {
        let t0 = Instant::now();
        let mut ear = Ear::new(t0);
        let audio = speak(TEXT);

        for (n, slice) in audio.chunks(8).enumerate() {
            ear.hear(t0 + ms(100 + n as u64), slice);
        }

        let understood = ear.understood();
        assert_eq!(understood.words.len(), 1);
        assert_eq!((understood.words[0].text.as_str(), understood.words[0].at), (TEXT, ms(100)));
        assert!(understood.words[0].complete(), "{:?}", understood.words);
        assert_eq!((understood.gaps, understood.tones), (vec![], vec![]));
    }

    #[test]
    fn playback_that_runs_dry_in_mid_speech_is_a_gap() {
        let t0 = Instant::now();
        let mut ear = Ear::new(t0);
        let audio = speak(TEXT);

        ear.hear(t0, &audio[..1_600]);
        ear.hear(t0 + ms(200) + ms(60), &audio[1_600..]);

        let understood = ear.understood();
        assert_eq!(understood.gaps, [Gap { at: ms(200), length: ms(60) }]);
        assert!(understood.words.len() == 1 && understood.words[0].complete());
    }

    #[test]
    fn words_that_were_cut_are_known_by_text_and_place_and_may_go_on_later() {
        let t0 = Instant::now();
        let mut ear = Ear::new(t0);
        let audio = speak(TEXT);

        ear.hear(t0, &audio[..8_000]);
        ear.cut();
        ear.hear(t0 + ms(1_300), &audio[8_000..]);

        let words = ear.understood().words;
        let parts: Vec<_> = words.iter().map(|words| (words.text.as_str(), words.from_ms, words.to_ms)).collect();
        assert_eq!(parts[0], (TEXT, 0, 1_000));
        assert_eq!((parts[1].1, parts[1].2), (1_000, words[1].whole_ms));
        assert_eq!(ear.understood().gaps, []);
    }

    #[test]
    fn keys_and_tones_are_heard_between_words() {
        let t0 = Instant::now();
        let mut ear = Ear::new(t0);
        let (one, five) = (sine(&[697.0, 1209.0], 4_000.0, 100), sine(&[770.0, 1336.0], 4_000.0, 100));
        let audio = [&speak("Hold on.")[..], &one, &silence(80), &five, &five[..0], &silence(200), &sine(&[425.0], 400.0, 1_000)].concat();

        ear.hear(t0, &audio);
        ear.hear(t0 + length(audio.len()), &silence(100));

        let understood = ear.understood();
        assert_eq!(understood.keys(), "15");
        assert!(understood.longest_tone() >= ms(950), "{:?}", understood.tones);
        assert!(understood.tones.iter().any(|tone| matches!(tone.sound, Sound::Tone(420..=430)) && tone.length >= ms(950)));
    }
}
