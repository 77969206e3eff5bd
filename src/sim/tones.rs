//! Keys and tones in audio, by Goertzel's algorithm over 40 ms.

use std::f32::consts::TAU;

use crate::audio::mulaw;

/// ITU-T Q.23: a key is one low and one high frequency.
const LOW: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const KEYS: [[char; 4]; 4] = [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

const SAMPLES_PER_SECOND: f32 = 8000.0;
/// A window of 40 ms.
pub const WINDOW: usize = 320;
/// The share of the power that has to be in the frequencies named.
const PURE: f32 = 0.7;
/// A second frequency of a key is at least this part of the first.
const TWIST: f32 = 0.1;
/// Mean absolute sample below which nothing is heard.
const AUDIBLE: f32 = 20.0;

/// What a window of audio sounds like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    Nothing,
    Key(char),
    /// Near this frequency, in Hz.
    Tone(u32),
    Noise,
}

/// What 40 ms of mu-law sound like.
#[must_use]
pub fn sound(window: &[u8]) -> Sound {
    let samples: Vec<f32> = window.iter().map(|byte| f32::from(mulaw::decode(*byte))).collect();
    let mean = samples.iter().map(|sample| sample.abs()).sum::<f32>() / samples.len().max(1) as f32;
    if mean < AUDIBLE {
        return Sound::Nothing;
    }
    let power: f32 = samples.iter().map(|sample| sample * sample).sum();
    let share = |hz: f32| power_at(&samples, hz) / power.max(1.0);
    key(&share).map_or_else(|| tone(&share), Sound::Key)
}

fn key(share: &impl Fn(f32) -> f32) -> Option<char> {
    let (low, first) = loudest(&LOW, share)?;
    let (high, second) = loudest(&HIGH, share)?;
    let pure = first + second >= PURE && first.min(second) >= TWIST * first.max(second);
    if pure { KEYS.get(low)?.get(high).copied() } else { None }
}

fn tone(share: &impl Fn(f32) -> f32) -> Sound {
    let frequencies: Vec<f32> = (10..=300).map(|step| 10.0 * step as f32).collect();
    match loudest(&frequencies, share) {
        Some((at, found)) if found >= PURE => Sound::Tone(frequencies.get(at).map_or(0, |hz| *hz as u32)),
        _ => Sound::Noise,
    }
}

fn loudest(frequencies: &[f32], share: &impl Fn(f32) -> f32) -> Option<(usize, f32)> {
    frequencies.iter().map(|hz| share(*hz)).enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b))
}

/// The power of a sine of this frequency, on the scale of the sum of squares.
fn power_at(samples: &[f32], hz: f32) -> f32 {
    let coefficient = 2.0 * (TAU * hz / SAMPLES_PER_SECOND).cos();
    let (mut before, mut last) = (0.0, 0.0);
    for sample in samples {
        (before, last) = (last, coefficient.mul_add(last, sample - before));
    }
    let magnitude = last.mul_add(last, before * before) - coefficient * last * before;
    2.0 * magnitude / samples.len().max(1) as f32
}

/// So many milliseconds of these frequencies, each of this amplitude.
#[must_use]
pub fn sine(frequencies: &[f32], amplitude: f32, ms: usize) -> Vec<u8> {
    let sample = |n: usize| frequencies.iter().map(|hz| (TAU * hz * n as f32 / SAMPLES_PER_SECOND).sin() * amplitude).sum::<f32>();
    (0..ms * 8).map(|n| mulaw::encode(sample(n) as i16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::silence;
    use crate::sim::speech::{AGENT, CALLER};

    #[test]
    fn every_key_is_known_by_its_two_frequencies() {
        for (row, low) in KEYS.iter().zip(LOW) {
            for (key, high) in row.iter().zip(HIGH) {
                assert_eq!(sound(&sine(&[low, high], 4_000.0, 40)), Sound::Key(*key));
            }
        }
    }

    #[test]
    fn one_frequency_is_a_tone_however_soft() {
        assert!(matches!(sound(&sine(&[440.0], 300.0, 40)), Sound::Tone(430..=450)));
        assert!(matches!(sound(&sine(&[425.0], 6_000.0, 40)), Sound::Tone(420..=430)));
        assert_eq!(sound(&silence(40)), Sound::Nothing);
    }

    #[test]
    fn speech_holds_no_key() {
        for clip in AGENT.iter().chain(CALLER) {
            for window in clip.audio.chunks_exact(WINDOW) {
                assert!(!matches!(sound(window), Sound::Key(_)), "{}", clip.name);
            }
        }
    }
}
