//! What the phone side means for the call.

use std::time::{Duration, Instant};

use super::CallSession;
use super::event::{LegEvent, Mark, ModelCommand, Note};
use super::intake::padding;
use super::playback::Reached;
use super::timer::Timer;
use crate::audio::EncodedAudio;
use crate::types::HangupCause;

/// Of what was said into a protected greeting, its end may be the beginning of an answer.
const SHIELDED_MS: u64 = 500;

impl CallSession {
    pub(super) fn on_leg(&mut self, now: Instant, event: LegEvent) {
        match event {
            LegEvent::Audio(audio) => self.caller_audio(now, audio),
            LegEvent::MarkReached(name) => self.mark_reached(now, &name),
            LegEvent::Digit(key) => self.key_pressed(now, key),
            LegEvent::FramesDropped(_) => {}
            LegEvent::Stopped => self.wind_up(now, HangupCause::CallerHungUp),
            LegEvent::Lost => self.wind_up(now, HangupCause::StreamLost),
            LegEvent::Misbehaved => self.wind_up(now, HangupCause::ProtocolViolation),
        }
    }

    fn caller_audio(&mut self, now: Instant, audio: EncodedAudio) {
        self.timers.set(Timer::MediaSilence, Some(now + self.policy.media_silence));
        let speaking = self.turn.caller_speaks();
        self.timers.set(Timer::Gap, speaking.then(|| now + self.policy.gap));
        self.weigh_speech(now, &audio);
        if self.hold.is_some() {
            self.listen_on_hold(now, audio);
        } else if self.entrance.shielded {
            self.intake.keep(audio, SHIELDED_MS);
        } else if self.link.is_ready() {
            self.model(ModelCommand::Append(audio));
        } else if self.intake.keep(audio, self.policy.ring_ms) {
            self.note(Note::CallerAudioDropped);
        }
    }

    pub(super) fn pad_gap(&mut self, now: Instant) {
        if self.turn.caller_speaks() && self.link.is_ready() {
            self.end_speech();
            self.timers.set(Timer::Gap, Some(now + self.policy.gap));
        }
    }

    /// Without the silence after it, the caller's turn would never end.
    pub(super) fn end_speech(&mut self) {
        if self.turn.caller_speaks() {
            let ends_a_turn = u64::from(self.policy.profile.turn_detection.silence_ms());
            self.model(ModelCommand::Append(padding(whole_ms(self.policy.gap).max(ends_a_turn))));
            self.note(Note::SilencePadded);
        }
    }

    fn mark_reached(&mut self, now: Instant, name: &str) {
        let reached = name.parse::<Mark>().map_or(Reached::Unknown, |mark| self.playback.reached(now, mark));
        match reached {
            Reached::Progress(finished) => self.heard(now, finished),
            Reached::Stale => {}
            Reached::Unknown => self.note(Note::UnknownMark),
        }
    }

    pub(super) fn marks_overdue(&mut self, now: Instant) {
        self.note(Note::MarkOverdue);
        let finished = self.playback.assume_reached(now);
        self.heard(now, finished);
    }
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
