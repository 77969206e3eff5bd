//! What we say ourselves: words that were rendered before, and tones. The model is told what was said, as far as it
//! was heard.

use std::time::Instant;

use bytes::Bytes;
use bytestring::ByteString;

use super::CallSession;
use super::event::{ItemId, ModelCommand, Seed, SeedContent, Speaker};
use super::playback::{Played, Source};
use super::policy::Phrase;
use crate::audio::tone;
use crate::types::Redacted;

impl CallSession {
    /// Says it if it is known how it sounds; false if only the model can.
    pub(super) fn say(&mut self, now: Instant, phrase: &Phrase) -> bool {
        let Some(audio) = &phrase.audio else { return false };
        let item = self.own_item("say");
        self.playback.push_own(Source::Phrase, &item, audio);
        self.transcript.own(&item, phrase.text.clone(), self.at(now));
        if self.link.is_ready() {
            self.seed_said(item, &phrase.text);
        }
        true
    }

    /// Says it, or has the model say it.
    pub(super) fn have_said(&mut self, now: Instant, phrase: &Phrase) {
        if !self.say(now, phrase) {
            self.request(now, Some(Phrase::instruction(&phrase.text)));
        }
    }

    pub(super) fn play_digits(&mut self, digits: &str) {
        self.play_tone(&tone::keys(digits));
    }

    pub(super) fn play_tone(&mut self, audio: &Bytes) {
        let item = self.own_item("tone");
        self.playback.push_own(Source::Tone, &item, audio);
    }

    /// The model believes that all of it was said: it is told what was heard instead.
    pub(super) fn correct_said(&mut self, now: Instant, played: &Played) {
        let at = self.at(now);
        self.transcript.heard(&played.item, played.heard_ms, played.audio_ms, at);
        if played.whole() || !self.link.is_ready() {
            return;
        }
        let event_id = self.lane.event_id("delete");
        self.model(ModelCommand::Delete { event_id, item: played.item.clone() });
        if let Some(text) = self.transcript.heard_of(&played.item) {
            self.seed_said(ByteString::from(format!("{}_cut", played.item)), &text);
        }
    }

    /// Tells the model of something that is no part of what was said.
    pub(super) fn tell(&mut self, text: String) {
        let item = self.own_item("note");
        let content = SeedContent::Said { speaker: Speaker::System, text: Redacted(text) };
        self.model(ModelCommand::Seed(Seed { item, content }));
    }

    fn seed_said(&mut self, item: ItemId, text: &Redacted<String>) {
        let content = SeedContent::Said { speaker: Speaker::Ai, text: text.clone() };
        self.model(ModelCommand::Seed(Seed { item, content }));
    }

    /// A name that no item of the model has; short enough for an id of its.
    pub(super) fn own_item(&mut self, what: &str) -> ItemId {
        ByteString::from(self.lane.event_id(what))
    }
}
