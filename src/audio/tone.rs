//! Tones that we make ourselves: keys in the band (ITU-T Q.23), and a sign of life for a caller on hold.

use std::f32::consts::TAU;

use bytes::Bytes;

use super::frame::{BYTES_PER_MS, SILENCE, bytes_of};
use super::mulaw;

/// Each key and the pause after it, in milliseconds. ITU-T Q.24 asks for 40 at least; a phone network may eat some.
const KEY_MS: u64 = 120;
const KEY_GAP_MS: u64 = 80;
/// A `w` between keys.
const PAUSE_MS: u64 = 500;
const KEY_LEVEL: f32 = 7_000.0;

const COMFORT_HZ: f32 = 425.0;
const COMFORT_LEVEL: f32 = 1_500.0;
const COMFORT_MS: u64 = 160;
const COMFORT_GAP_MS: u64 = 120;

const SAMPLES_PER_SECOND: f32 = BYTES_PER_MS as f32 * 1_000.0;

/// Low and high frequency of a key, if there is such a key.
#[must_use]
pub fn key_hz(key: char) -> Option<(f32, f32)> {
    const ROWS: [(&str, f32); 4] = [("123A", 697.0), ("456B", 770.0), ("789C", 852.0), ("*0#D", 941.0)];
    const COLUMNS: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
    let (keys, low) = ROWS.into_iter().find(|(keys, _)| keys.contains(key))?;
    Some((low, *COLUMNS.get(keys.find(key)?)?))
}

/// Keys one after the other; `w` is a pause, anything else is left out.
#[must_use]
pub fn keys(digits: &str) -> Bytes {
    let mut audio = Vec::new();
    for digit in digits.chars() {
        if let Some((low, high)) = key_hz(digit) {
            audio.extend(sines(&[low, high], KEY_LEVEL, KEY_MS));
            audio.resize(audio.len() + bytes_of(KEY_GAP_MS), SILENCE);
        } else if digit == 'w' {
            audio.resize(audio.len() + bytes_of(PAUSE_MS), SILENCE);
        }
    }
    audio.into()
}

/// Two soft beeps: the line lives.
#[must_use]
pub fn comfort() -> Bytes {
    let mut audio: Vec<u8> = sines(&[COMFORT_HZ], COMFORT_LEVEL, COMFORT_MS).collect();
    audio.resize(audio.len() + bytes_of(COMFORT_GAP_MS), SILENCE);
    audio.extend(sines(&[COMFORT_HZ], COMFORT_LEVEL, COMFORT_MS));
    audio.into()
}

/// Each of them as loud as `level`.
fn sines(hz: &[f32], level: f32, ms: u64) -> impl Iterator<Item = u8> {
    (0..bytes_of(ms)).map(move |n| {
        let at = n as f32 / SAMPLES_PER_SECOND;
        let sample: f32 = hz.iter().map(|hz| (TAU * hz * at).sin() * level).sum();
        mulaw::encode(sample as i16)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How much of `hz` is in the audio. Goertzel, Am. Math. Monthly 65 (1958)
    fn strength(audio: &[u8], hz: f32) -> f32 {
        let turn = TAU * hz / SAMPLES_PER_SECOND;
        let (mut one, mut two) = (0.0_f32, 0.0_f32);
        for byte in audio {
            let next = f32::from(mulaw::decode(*byte)) + 2.0 * turn.cos() * one - two;
            (two, one) = (one, next);
        }
        (one * one + two * two - 2.0 * turn.cos() * one * two).sqrt() / audio.len() as f32
    }

    #[test]
    fn each_key_is_its_two_frequencies_and_no_others() {
        let all = [697.0, 770.0, 852.0, 941.0, 1_209.0, 1_336.0, 1_477.0, 1_633.0];
        for key in "0123456789*#ABCD".chars() {
            let (low, high) = key_hz(key).expect("a key");
            let audio = keys(&key.to_string());
            let tone = &audio[..bytes_of(KEY_MS)];
            for hz in all {
                let is_in_it = hz == low || hz == high;
                assert_eq!(strength(tone, hz) > 1_500.0, is_in_it, "{key} {hz}: {}", strength(tone, hz));
            }
        }
    }

    #[test]
    fn keys_follow_each_other_with_pauses_between() {
        assert_eq!(keys("12").len(), 2 * bytes_of(KEY_MS + KEY_GAP_MS));
        assert_eq!(keys("1w2").len(), keys("12").len() + bytes_of(PAUSE_MS));
        assert_eq!(keys("?x").len(), 0);
    }

    #[test]
    fn the_sign_of_life_is_soft_and_short() {
        let audio = comfort();

        assert!((300..1_000).contains(&mulaw::loudness(&audio)), "{}", mulaw::loudness(&audio));
        assert!(audio.len() < bytes_of(500));
    }
}
