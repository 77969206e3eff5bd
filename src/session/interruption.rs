//! Barge-in: the caller speaks while the assistant is heard, or about to be.

use std::time::Instant;

use super::CallSession;
use super::event::{ItemId, LegCommand, ModelCommand, Note, Output, Record};
use super::playback::Played;

impl CallSession {
    /// The order matters: nothing of the old generation may leave after `Clear`, and the model
    /// learns what was heard only once nothing more can be.
    pub(super) fn barge_in(&mut self, now: Instant, item: &ItemId) {
        let at = self.at(now);
        self.transcript.speech_started(item, at);
        if self.turn.was_talked_over(now) {
            self.note(Note::TalkedOver);
        }
        self.turn.speech_started();
        self.closing = None;
        self.lane.drop_pending();
        // The server cancels by itself: `interrupt_response` is always on.
        self.lane.interrupted();
        let cut = self.playback.interrupt(now);
        if cut.is_empty() {
            return;
        }
        self.leg(LegCommand::Clear);
        for played in cut {
            self.cut_item(now, played);
        }
        self.note(Note::Interrupted);
    }

    /// Stops what is played without telling the model: it is gone, or the call is.
    pub(super) fn cut_playback(&mut self, now: Instant) {
        let cut = self.playback.interrupt(now);
        let at = self.at(now);
        for played in cut {
            self.transcript.heard(&played.item, played.heard_ms, played.audio_ms, at);
        }
    }

    fn cut_item(&mut self, now: Instant, played: Played) {
        if !played.whole() {
            let order = self.shorten(&played);
            self.outputs.push_back(Output::Model(order));
        }
        let at = self.at(now);
        self.transcript.heard(&played.item, played.heard_ms, played.audio_ms, at);
    }

    /// The model keeps what was heard: a prefix, or nothing.
    fn shorten(&mut self, played: &Played) -> ModelCommand {
        let item = played.item.clone();
        if played.heard_ms == 0 {
            return ModelCommand::Delete { event_id: self.lane.event_id("delete"), item };
        }
        ModelCommand::Truncate { event_id: self.lane.event_id("truncate"), item, audio_end_ms: played.heard_ms }
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
