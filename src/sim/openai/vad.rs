//! Turn detection by loudness, over a clock of bytes appended, and the input buffer that goes with it.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::audio::{FRAME_BYTES, FRAME_MS, bytes_of, duration_ms, mulaw};

/// Speech begins when three of the last five frames are loud.
const ONSET: u8 = 0b11111;
const ONSET_LOUD: u32 = 3;
/// Mean sample at which a frame is loud, at the threshold 1.0.
const LOUDEST_THRESHOLD: f64 = 1000.0;
const SEMANTIC_SILENCE_MS: u64 = 500;

/// `turn_detection` as far as this ear obeys it. `idle_timeout_ms` is accepted, and never expires here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TurnDetection {
    threshold: u32,
    prefix_ms: u64,
    pub(super) silence_ms: u64,
    pub(super) create_response: bool,
    pub(super) interrupt_response: bool,
}

impl TurnDetection {
    /// None for `null`: the client commits by itself.
    pub(super) fn of(config: &Value, semantic_unit: Option<Duration>) -> Option<Self> {
        let config = config.as_object()?;
        let ms = |key: &str, default| config.get(key).and_then(Value::as_u64).unwrap_or(default);
        let flag = |key: &str| config.get(key).and_then(Value::as_bool).unwrap_or(true);
        let threshold = config.get("threshold").and_then(Value::as_f64).unwrap_or(0.5);
        Some(Self {
            threshold: (threshold * LOUDEST_THRESHOLD) as u32,
            prefix_ms: ms("prefix_padding_ms", 300),
            silence_ms: ms("silence_duration_ms", semantic_silence(config, semantic_unit)),
            create_response: flag("create_response"),
            interrupt_response: flag("interrupt_response"),
        })
    }
}

/// Low eagerness waits four units, medium two, high one. <https://developers.openai.com/api/docs/guides/realtime-vad>
fn semantic_silence(config: &Map<String, Value>, unit: Option<Duration>) -> u64 {
    let units = match config.get("eagerness").and_then(Value::as_str) {
        Some("low") => 4,
        Some("high") => 1,
        _ => 2,
    };
    let waited = |unit: Duration| u64::try_from((unit * units).as_millis()).unwrap_or(u64::MAX);
    unit.map_or(SEMANTIC_SILENCE_MS, waited)
}

/// What a frame of audio brought about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Padding included.
    Started { audio_start_ms: u64 },
    /// Closing silence included.
    Stopped { audio_end_ms: u64 },
}

#[derive(Default)]
pub(super) struct Ear {
    detection: Option<TurnDetection>,
    /// Not committed yet; `dropped` bytes came before it.
    buffer: Vec<u8>,
    dropped: usize,
    /// Where the next frame to be judged begins, in bytes appended.
    judged: usize,
    /// One bit per frame, the newest lowest.
    recent: u8,
    quiet_ms: u64,
    speaking: bool,
}

impl Ear {
    /// Who answers and interrupts may change in mid-speech; with detection switched on or off, listening begins anew.
    pub(super) fn set_detection(&mut self, detection: Option<TurnDetection>) {
        let goes_on = self.detection.is_some() && detection.is_some();
        self.detection = detection;
        if goes_on {
            return;
        }
        self.judged = self.dropped + self.buffer.len();
        self.recent = 0;
        self.speaking = false;
    }

    pub(super) const fn detection(&self) -> Option<TurnDetection> {
        self.detection
    }

    pub(super) fn append(&mut self, audio: &[u8]) {
        self.buffer.extend_from_slice(audio);
    }

    /// Judges the audio appended, up to the next change; call until there is none.
    pub(super) fn next_change(&mut self) -> Option<Change> {
        let detection = self.detection?;
        loop {
            let start = self.judged.checked_sub(self.dropped)?;
            let frame = self.buffer.get(start..start + FRAME_BYTES)?;
            let loud = mulaw::loudness(frame) >= detection.threshold.max(1);
            self.judged += FRAME_BYTES;
            let change = if self.speaking { self.listen(loud, detection) } else { self.await_speech(loud, detection) };
            if change.is_some() {
                return change;
            }
        }
    }

    /// Everything not committed.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.dropped += self.buffer.len();
        self.judged = self.judged.max(self.dropped);
        self.speaking = false;
        self.recent = 0;
        std::mem::take(&mut self.buffer)
    }

    /// What was judged and not committed.
    pub(super) fn take_turn(&mut self) -> Vec<u8> {
        let end = self.judged.saturating_sub(self.dropped).min(self.buffer.len());
        let rest = self.buffer.split_off(end);
        self.dropped += end;
        std::mem::replace(&mut self.buffer, rest)
    }

    pub(super) const fn buffered_ms(&self) -> u64 {
        duration_ms(self.buffer.len())
    }

    fn await_speech(&mut self, loud: bool, detection: TurnDetection) -> Option<Change> {
        self.recent = (self.recent << 1 | u8::from(loud)) & ONSET;
        let padding = bytes_of(detection.prefix_ms) + FRAME_BYTES * ONSET.count_ones() as usize;
        self.forget_before(self.judged.saturating_sub(padding));
        if self.recent.count_ones() < ONSET_LOUD {
            return None;
        }
        let onset = FRAME_BYTES * (u8::BITS - self.recent.leading_zeros()) as usize;
        self.forget_before(self.judged.saturating_sub(onset + bytes_of(detection.prefix_ms)));
        (self.speaking, self.recent, self.quiet_ms) = (true, 0, 0);
        Some(Change::Started { audio_start_ms: duration_ms(self.dropped) })
    }

    fn listen(&mut self, loud: bool, detection: TurnDetection) -> Option<Change> {
        self.quiet_ms = if loud { 0 } else { self.quiet_ms + FRAME_MS };
        if self.quiet_ms < detection.silence_ms.max(FRAME_MS) {
            return None;
        }
        self.speaking = false;
        Some(Change::Stopped { audio_end_ms: duration_ms(self.judged) })
    }

    fn forget_before(&mut self, position: usize) {
        let count = position.saturating_sub(self.dropped).min(self.buffer.len());
        self.buffer.drain(..count);
        self.dropped += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::silence;
    use crate::sim::speech::clip;
    use serde_json::json;

    fn ear(silence_ms: u64) -> Ear {
        let mut ear = Ear::default();
        ear.set_detection(TurnDetection::of(
            &json!({"type": "server_vad", "silence_duration_ms": silence_ms, "prefix_padding_ms": 300}),
            None,
        ));
        ear
    }

    fn changes(ear: &mut Ear, audio: &[u8]) -> Vec<Change> {
        let frames = audio.chunks(FRAME_BYTES);
        frames
            .flat_map(|frame| {
                ear.append(frame);
                std::iter::from_fn(|| ear.next_change()).collect::<Vec<_>>()
            })
            .collect()
    }

    #[test]
    fn a_turn_begins_with_its_padding_and_ends_after_its_silence() {
        let mut ear = ear(500);
        let audio = [&silence(1000)[..], clip("caller_hours").audio, &silence(1000)].concat();

        let changes = changes(&mut ear, &audio);

        let [Change::Started { audio_start_ms }, Change::Stopped { audio_end_ms }] = changes[..] else { panic!("{changes:?}") };
        assert!((700..=740).contains(&audio_start_ms), "{audio_start_ms}");
        assert!((3480..=3540).contains(&audio_end_ms), "{audio_end_ms}");
    }

    #[test]
    fn silence_and_a_click_are_no_speech() {
        let mut ear = ear(500);
        let audio = [&silence(500)[..], &[0x80; 160], &silence(5000)].concat();

        assert_eq!(changes(&mut ear, &audio), []);
        assert!(ear.buffered_ms() <= 400, "{} ms kept", ear.buffered_ms());
    }

    #[test]
    fn what_is_taken_at_the_end_of_a_turn_is_the_turn_and_no_more() {
        let mut ear = ear(500);
        let speech = clip("caller_move").audio;
        ear.append(&[&silence(1000)[..], speech, &silence(2000)].concat());
        assert!(matches!(ear.next_change(), Some(Change::Started { .. })));
        assert!(matches!(ear.next_change(), Some(Change::Stopped { .. })));

        let turn = ear.take_turn();

        assert!((3200..=3500).contains(&duration_ms(turn.len())), "{} ms", duration_ms(turn.len()));
        assert_eq!(crate::sim::voice::recognise(&turn).map(|clip| clip.name), Some("caller_move"));
        assert_eq!(ear.next_change(), None);
    }

    #[test]
    fn without_turn_detection_everything_is_kept_for_the_commit() {
        let mut ear = Ear::default();

        ear.append(&[0x80; 8000]);

        assert_eq!(ear.next_change(), None);
        assert_eq!(ear.take().len(), 8000);
    }
}
