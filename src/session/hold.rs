//! The caller waits: nothing goes to the model, and a tone tells that the line lives. A key, or a voice, ends it.

use std::time::{Duration, Instant};

use super::CallSession;
use super::event::Note;
use super::timer::Timer;
use crate::audio::{EncodedAudio, tone};

/// Between two signs of life.
const COMFORT: Duration = Duration::from_secs(4);
/// Before the first one: whoever put the call on hold may still be heard.
const FIRST_COMFORT: Duration = Duration::from_secs(1);
/// Mean sample at which a frame is a voice, and no noise of the line.
pub(super) const VOICE: u32 = 700;
/// So much of a voice is meant for us.
const MEANT_MS: u64 = 300;
/// What was heard before that is told to the model as well.
const KEPT_MS: u64 = 1_500;
const BACK: &str = "The caller is back from hold. Go on where the conversation stopped.";

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hold {
    voice_ms: u64,
}

impl CallSession {
    pub(super) fn begin_hold(&mut self, now: Instant) {
        self.event(now, Note::HoldBegan);
        self.hold = Some(Hold::default());
        self.timers.set(Timer::Comfort, Some(now + FIRST_COMFORT));
        self.timers.set(Timer::HoldOver, Some(now + self.policy.max_hold));
    }

    /// Audio of a caller on hold; it may end the hold.
    pub(super) fn listen_on_hold(&mut self, now: Instant, audio: EncodedAudio) {
        let Some(hold) = &mut self.hold else { return };
        let ms = audio.duration_ms();
        hold.voice_ms = if audio.loudness() >= VOICE { hold.voice_ms + ms } else { hold.voice_ms.saturating_sub(ms) };
        let meant = hold.voice_ms >= MEANT_MS;
        self.intake.keep(audio, KEPT_MS);
        if meant {
            self.end_hold(now, false);
        }
    }

    /// The model is asked to go on unless the caller is speaking to it.
    pub(super) fn end_hold(&mut self, now: Instant, ask: bool) {
        if self.hold.take().is_none() {
            return;
        }
        self.timers.set(Timer::Comfort, None);
        self.timers.set(Timer::HoldOver, None);
        self.event(now, Note::HoldEnded);
        self.silence_assistant(now);
        if self.link.is_ready() {
            self.tell(BACK.to_owned());
            self.send_kept_audio();
        }
        if ask && self.link.is_ready() {
            self.request(now, None);
        }
    }

    pub(super) fn comfort(&mut self, now: Instant) {
        if self.nobody_speaks() {
            self.play_tone(&tone::comfort());
        }
        self.timers.set(Timer::Comfort, Some(now + COMFORT));
    }
}
