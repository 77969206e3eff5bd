//! A voice and an ear: text to mu-law that carries it, and mu-law back to the words.

use std::f32::consts::TAU;

use super::imprint::{imprint, read_all};
use super::speech::{CALLER, Clip, clip_of};
use crate::audio::{FRAME_BYTES, SILENCE, mulaw};

const SAMPLES_PER_SECOND: usize = 8000;
const CHARACTERS_PER_SECOND: usize = 15;
/// A syllable of the made-up voice: 180 ms of tone, 40 ms of pause.
const TONE: usize = 1440;
const PAUSE: usize = 320;
/// A frame with less than this is no evidence of a clip.
const LOUD: u32 = 500;
/// The part of a clip's frames that must be found, in percent.
const ENOUGH: usize = 60;

/// `text` as mu-law: its clip, or a made-up voice that takes as long as saying it would; marked with its text.
#[must_use]
pub fn speak(text: &str) -> Vec<u8> {
    let audio = clip_of(text).map_or_else(|| babble(text), |clip| clip.audio.to_vec());
    imprint(&audio, text)
}

/// The words in a turn of the caller; up to 40 % of its frames may be lost.
#[must_use]
pub fn understand(audio: &[u8]) -> Option<String> {
    let spoken = read_all(audio).into_iter().filter(|found| found.frames * 100 >= found.of * ENOUGH);
    spoken.max_by_key(|found| found.frames).map(|found| found.text).or_else(|| recognise(audio).map(|clip| clip.text.to_owned()))
}

/// The caller clip that `audio` carries, frames unchanged; up to 40 % of them may be lost.
#[must_use]
pub fn recognise(audio: &[u8]) -> Option<&'static Clip> {
    let (found, clip) = CALLER.iter().map(|clip| (percent_found(clip, audio), clip)).max_by_key(|(found, _)| *found)?;
    (found >= ENOUGH).then_some(clip)
}

fn percent_found(clip: &Clip, audio: &[u8]) -> usize {
    let loud = clip.audio.chunks_exact(FRAME_BYTES).filter(|frame| mulaw::loudness(frame) > LOUD);
    let (mut sampled, mut found, mut rest) = (0, 0, audio);
    for frame in loud.step_by(3) {
        sampled += 1;
        if let Some(end) = end_of(frame, rest) {
            found += 1;
            rest = rest.get(end..).unwrap_or_default();
        }
    }
    found * 100 / sampled.max(1)
}

fn end_of(frame: &[u8], audio: &[u8]) -> Option<usize> {
    audio.windows(frame.len()).position(|window| window == frame).map(|start| start + frame.len())
}

fn babble(text: &str) -> Vec<u8> {
    let samples = text.chars().count() * SAMPLES_PER_SECOND / CHARACTERS_PER_SECOND;
    let seed = text.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    (0..samples).map(|n| sample(n, seed)).collect()
}

fn sample(n: usize, seed: u32) -> u8 {
    let (syllable, at) = (n / (TONE + PAUSE), n % (TONE + PAUSE));
    if at >= TONE {
        return SILENCE;
    }
    let pitch = 110.0 + (seed.wrapping_mul(syllable as u32 + 1) >> 8) as f32 % 70.0;
    let phase = TAU * pitch * at as f32 / SAMPLES_PER_SECOND as f32;
    let swell = (TAU / 2.0 * at as f32 / TONE as f32).sin();
    let wave = phase.sin() + (3.0 * phase).sin() / 2.0 + (7.0 * phase).sin() / 3.0;
    mulaw::encode((wave * swell * 7000.0) as i16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{duration_ms, silence};
    use crate::sim::speech::{AGENT, clip};

    #[test]
    fn a_text_with_a_clip_is_spoken_by_it() {
        let (spoken, clip) = (speak("You are welcome. Goodbye!"), clip("agent_goodbye").audio);

        assert_eq!(spoken.len(), clip.len());
        assert!(spoken.iter().zip(clip).all(|(spoken, recorded)| spoken | 1 == recorded | 1));
    }

    #[test]
    fn any_other_text_takes_a_second_for_15_characters_and_is_as_loud_as_speech() {
        let audio = speak("Sorry, we were cut off. Where were we?");

        assert_eq!(duration_ms(audio.len()), 38 * 1000 / 15);
        assert!((1000..8000).contains(&mulaw::loudness(&audio)), "{}", mulaw::loudness(&audio));
        assert_eq!(audio, speak("Sorry, we were cut off. Where were we?"));
        assert_ne!(audio, speak("Sorry, we were cut off. Where was I then?"));
    }

    #[test]
    fn every_caller_clip_is_recognised_amid_silence_at_any_offset() {
        for clip in CALLER {
            let audio = [&silence(333)[..13], clip.audio, &silence(500)].concat();

            assert_eq!(recognise(&audio), Some(clip), "{}", clip.name);
        }
    }

    #[test]
    fn a_clip_that_lost_one_frame_in_four_is_still_recognised() {
        for clip in CALLER {
            let kept = clip.audio.chunks(FRAME_BYTES).enumerate().filter(|(n, _)| n % 4 != 3);
            let audio: Vec<u8> = kept.flat_map(|(_, frame)| frame.to_vec()).collect();

            assert_eq!(recognise(&audio), Some(clip), "{}", clip.name);
        }
    }

    #[test]
    fn any_words_are_understood_but_not_half_of_them() {
        let text = "Do you treat cats, by any chance?";
        let audio = speak(text);

        assert_eq!(understand(&[&silence(300)[..], &audio, &silence(500)].concat()).as_deref(), Some(text));
        assert_eq!(understand(&audio[..audio.len() / 2]), None);
        assert_eq!(understand(clip("caller_move").audio).as_deref(), Some(clip("caller_move").text));
        assert_eq!(understand(&silence(1_000)), None);
    }

    #[test]
    fn silence_babble_agent_speech_and_half_a_clip_are_nobodys() {
        assert_eq!(recognise(&[]), None);
        assert_eq!(recognise(&silence(3000)), None);
        assert_eq!(recognise(&speak("Something else entirely, said at some length.")), None);
        for clip in AGENT {
            assert_eq!(recognise(clip.audio), None, "{}", clip.name);
        }
        for clip in CALLER {
            assert_eq!(recognise(&clip.audio[..clip.audio.len() / 2]), None, "{}", clip.name);
        }
    }
}
