//! Recorded sentences in mu-law. `README.md` tells how they were made.

/// One sentence and its sound.
#[derive(Debug, PartialEq, Eq)]
pub struct Clip {
    pub name: &'static str,
    pub text: &'static str,
    /// Mono mu-law at 8 kHz, without a header.
    pub audio: &'static [u8],
}

macro_rules! clips {
    ($($name:literal: $text:literal),+ $(,)?) => {
        &[$(Clip { name: $name, text: $text, audio: include_bytes!(concat!($name, ".ulaw")) }),+]
    };
}

/// What simulated callers say.
pub const CALLER: &[Clip] = clips! {
    "caller_hours": "Hi. What are your opening hours?",
    "caller_interrupt": "Wait, sorry, just the weekdays please.",
    "caller_move": "I need to move my appointment to Friday.",
    "caller_goodbye": "Great, thank you. Goodbye.",
};

/// What the simulated model says.
pub const AGENT: &[Clip] = clips! {
    "agent_greeting": "Hello, this is the AI assistant of the Lakeside Clinic. How can I help you?",
    "agent_hours": "We are open from Monday to Friday, from eight in the morning until six in the evening, and on Saturdays from nine until noon. On Sundays and public holidays we are closed, but an emergency doctor is always on call.",
    "agent_weekdays": "Of course. Monday to Friday, from eight until six.",
    "agent_moved": "Done. Your appointment is now on Friday at half past ten.",
    "agent_goodbye": "You are welcome. Goodbye!",
    "agent_simulated": "I am a simulated assistant: I hear that you speak, but not what you say.",
    "agent_interruptible": "You can interrupt me at any time. I stop at once, and the record knows what of this you did not hear.",
    "agent_real": "With an OpenAI key, a real model answers here, over the same line.",
};

const NOTHING: Clip = Clip { name: "", text: "", audio: &[] };

/// The clip of this name. To ask for one that does not exist is a mistake in the code: an empty clip, or a panic in debug builds.
#[must_use]
pub fn clip(name: &str) -> &'static Clip {
    let found = all().find(|clip| clip.name == name);
    debug_assert!(found.is_some(), "no clip has this name: {name}");
    found.unwrap_or(&NOTHING)
}

#[must_use]
pub fn is_clip(name: &str) -> bool {
    all().any(|clip| clip.name == name)
}

/// The clip of exactly this text.
#[must_use]
pub fn clip_of(text: &str) -> Option<&'static Clip> {
    all().find(|clip| clip.text == text)
}

fn all() -> impl Iterator<Item = &'static Clip> {
    AGENT.iter().chain(CALLER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{FRAME_BYTES, duration_ms, mulaw};

    #[test]
    fn all_clips_together_stay_under_400_kilobytes() {
        let total: usize = all().map(|clip| clip.audio.len()).sum();

        assert!(total < 400_000, "{total} bytes");
    }

    #[test]
    fn every_clip_lasts_as_long_as_its_text_takes_to_say() {
        for clip in all() {
            let per_second = clip.text.len() as u64 * 1000 / duration_ms(clip.audio.len());

            assert!((11..=20).contains(&per_second), "{}: {per_second} characters a second", clip.name);
        }
    }

    #[test]
    fn every_clip_is_as_loud_as_speech_and_mostly_sounding() {
        for clip in all() {
            let loudness = mulaw::loudness(clip.audio);
            let frames: Vec<_> = clip.audio.chunks(FRAME_BYTES).map(mulaw::loudness).collect();
            let sounding = frames.iter().filter(|frame| **frame > 300).count() * 100 / frames.len();

            assert!((1500..=8000).contains(&loudness), "{}: {loudness}", clip.name);
            assert!(sounding >= 70, "{}: {sounding} % sounding", clip.name);
        }
    }

    #[test]
    fn no_clip_begins_or_ends_with_more_than_60_ms_of_silence() {
        for clip in all() {
            let edge = 3 * FRAME_BYTES;
            let (head, tail) = (&clip.audio[..edge], &clip.audio[clip.audio.len() - edge..]);

            assert!(mulaw::loudness(head) > 15 && mulaw::loudness(tail) > 15, "{}", clip.name);
        }
    }

    #[test]
    fn no_pause_inside_a_clip_is_long_enough_to_end_a_turn() {
        for clip in all() {
            let quiet: Vec<_> = clip.audio.chunks(FRAME_BYTES).map(|frame| mulaw::loudness(frame) < 300).collect();
            let longest = quiet.split(|quiet| !quiet).map(<[bool]>::len).max().unwrap_or(0) * 20;

            assert!(longest <= 260, "{}: {longest} ms", clip.name);
        }
    }

    #[test]
    fn a_clip_is_found_by_name_and_by_text() {
        assert_eq!(clip("agent_moved").text, "Done. Your appointment is now on Friday at half past ten.");
        assert_eq!(clip_of("You are welcome. Goodbye!").map(|clip| clip.name), Some("agent_goodbye"));
        assert_eq!(clip_of("never said"), None);
    }
}
