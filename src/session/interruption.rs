//! Barge-in: the caller speaks while the assistant is heard, or about to be.

use std::time::{Duration, Instant};

use super::CallSession;
use super::event::{ItemId, LegCommand, ModelCommand, Note, Output, Record, TurnTaking};
use super::hold::VOICE;
use super::playback::{Played, Source};
use super::timer::Timer;
use crate::audio::EncodedAudio;

/// After so much speech as would have counted, and this, what was held up goes on.
const AFTERTHOUGHT: Duration = Duration::from_millis(150);

/// Speech that may be no more than a cough.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doubt {
    voice_ms: u64,
    /// The answer waits.
    pub(super) holds: bool,
}

impl CallSession {
    /// The server hears speech. While the assistant speaks it may have to last a while to count.
    pub(super) fn speech_started(&mut self, now: Instant, item: &ItemId) {
        self.transcript.speech_started(item, self.at(now));
        let audible = !self.playback.is_idle() || self.lane.is_busy();
        if audible && !self.policy.min_speech.is_zero() {
            self.doubt = Some(Doubt { voice_ms: 0, holds: true });
            return self.timers.set(Timer::Confirm, Some(now + self.policy.min_speech + AFTERTHOUGHT));
        }
        self.barge_in(now);
    }

    /// The caller's audio while it is in doubt whether the speech is meant: so much of a voice is.
    pub(super) fn weigh_speech(&mut self, now: Instant, audio: &EncodedAudio) {
        let Some(doubt) = &mut self.doubt else { return };
        if audio.loudness() >= VOICE {
            doubt.voice_ms += audio.duration_ms();
        }
        if Duration::from_millis(doubt.voice_ms) >= self.policy.min_speech {
            self.doubt = None;
            self.timers.set(Timer::Confirm, None);
            self.barge_in(now);
        }
    }

    /// No more has come of it so far: the answer goes on.
    pub(super) const fn doubt_less(&mut self) {
        if let Some(doubt) = &mut self.doubt {
            doubt.holds = false;
        }
    }

    /// The server hears speech no more.
    pub(super) fn speech_stopped(&mut self, now: Instant, item: &ItemId) {
        self.transcript.speech_stopped(item, self.at(now));
        self.timers.set(Timer::Gap, None);
        if self.doubt.take().is_some() {
            self.timers.set(Timer::Confirm, None);
            return self.note(Note::FalseBargeIn);
        }
        self.turn.speech_stopped(self.last_sound(now));
        self.turn.wants_request = self.turn_taking() == TurnTaking::BySession;
        self.waiting.begin(now);
        self.heard_first_words(now);
    }

    /// The caller's turn is an item of the conversation: an answer can be asked for, if the server does not do so.
    pub(super) fn ask_for_answer(&mut self, now: Instant) {
        let wanted = std::mem::take(&mut self.turn.wants_request) && !self.entrance.awaits_human;
        if wanted && !self.turn.caller_speaks() {
            self.request(now, None);
        }
    }

    /// The order matters: nothing of the old generation may leave after `Clear`, and the model
    /// learns what was heard only once nothing more can be.
    fn barge_in(&mut self, now: Instant) {
        if self.turn.was_talked_over(now) {
            self.note(Note::TalkedOver);
        }
        self.turn.speech_started();
        self.waiting.is_over();
        self.closing = None;
        self.lane.drop_pending();
        let cut = self.playback.interrupt(now);
        if !cut.is_empty() {
            self.leg(LegCommand::Clear);
        }
        self.stop_response();
        if !cut.is_empty() {
            cut.into_iter().for_each(|played| self.cut_item(now, played));
            self.note(Note::Interrupted);
        }
    }

    fn stop_response(&mut self) {
        match self.turn_taking() {
            // The server has cancelled by itself.
            TurnTaking::ByServer => self.lane.interrupted(),
            TurnTaking::BySession => {
                let order = self.lane.cancel();
                self.order(order);
            }
        }
    }

    /// Stops what is played, and tells the model, which is there, what was heard of it.
    pub(super) fn cut_answers(&mut self, now: Instant) {
        let cut = self.playback.interrupt(now);
        cut.into_iter().for_each(|played| self.cut_item(now, played));
    }

    /// Stops what is played without telling the model: it is gone, or the call is.
    pub(super) fn cut_playback(&mut self, now: Instant) {
        let cut = self.playback.interrupt(now);
        self.heard(now, cut);
    }

    fn cut_item(&mut self, now: Instant, played: Played) {
        match played.source {
            Source::Model => {}
            Source::Phrase => return self.correct_said(now, &played),
            Source::Tone => return,
        }
        let at = self.at(now);
        self.transcript.heard(&played.item, played.heard_ms, played.audio_ms, at);
        if !played.whole() {
            let order = self.shorten(&played);
            self.outputs.push_back(Output::Model(order));
        }
    }

    /// The model keeps what was heard: a prefix, or nothing.
    fn shorten(&mut self, played: &Played) -> ModelCommand {
        let item = played.item.clone();
        if played.heard_ms == 0 {
            return ModelCommand::Delete { event_id: self.lane.event_id("delete"), item };
        }
        let (event_id, heard) = (self.lane.event_id("truncate"), self.transcript.heard_of(&item));
        ModelCommand::Truncate { event_id, item, audio_end_ms: played.heard_ms, heard }
    }

    pub(super) fn note(&mut self, note: Note) {
        self.outputs.push_back(Output::Record(Record::Note(note)));
    }

    /// A note that also stands in the conversation.
    pub(super) fn event(&mut self, now: Instant, note: Note) {
        self.note(note);
        self.transcript.event(note, self.at(now));
    }
}
