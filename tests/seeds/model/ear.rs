//! The server's turn detection: by loudness, and sometimes wrong.

use alpha_call::audio::EncodedAudio;
use alpha_call::session::event::{ItemId, ItemKind, ModelEvent, TurnTaking};
use alpha_call::types::Redacted;

use super::{Deed, Model, Step};
use crate::luck::Luck;

/// So much of a voice is speech, and so much without one the end of it.
const SPEECH_MS: u64 = 200;
const SILENCE_MS: u64 = 500;

#[derive(Default)]
pub(super) struct Ear {
    loud_ms: u64,
    quiet_ms: u64,
    heard: u32,
    /// The speech under way.
    speech: Option<ItemId>,
}

impl Model {
    pub(super) fn hear(&mut self, luck: &mut Luck<'_>, audio: &EncodedAudio, deeds: &mut Vec<Deed>) {
        // The first sample: `/` is all ones, silence.
        let loud = !audio.as_base64().starts_with('/');
        let ms = audio.duration_ms();
        if loud {
            (self.ear.loud_ms, self.ear.quiet_ms) = (self.ear.loud_ms + ms, 0);
        } else {
            (self.ear.loud_ms, self.ear.quiet_ms) = (0, self.ear.quiet_ms + ms);
        }
        match self.ear.speech.is_some() {
            false if self.ear.loud_ms >= SPEECH_MS => self.speech_begins(luck, deeds),
            true if self.ear.quiet_ms >= SILENCE_MS => self.speech_ends(luck, true, deeds),
            _ => {}
        }
    }

    fn speech_begins(&mut self, luck: &mut Luck<'_>, deeds: &mut Vec<Deed>) {
        self.ear.heard += 1;
        let item = ItemId::from(format!("u{}_{}", self.number, self.ear.heard));
        self.ear.speech = Some(item.clone());
        deeds.push(Deed::Tell(ModelEvent::SpeechStarted { item }));
        if self.turns == Some(TurnTaking::ByServer) {
            self.cut_short(luck, deeds);
        }
    }

    fn speech_ends(&mut self, luck: &mut Luck<'_>, meant: bool, deeds: &mut Vec<Deed>) {
        let Some(item) = self.ear.speech.take() else { return };
        deeds.push(Deed::Tell(ModelEvent::SpeechStopped { item: item.clone() }));
        if !meant || luck.fails(20) {
            return;
        }
        self.add(&item, ItemKind::User, deeds);
        match luck.below(20) {
            0 => {}
            1 => deeds.push(Deed::Later(luck.ms(2_000..9_000), Step::Write(item, true))),
            _ => deeds.push(Deed::Later(luck.ms(50..1_500), Step::Write(item, true))),
        }
        if self.turns == Some(TurnTaking::ByServer) && !luck.fails(10) {
            deeds.push(Deed::Later(luck.ms(5..120), Step::Answer));
        }
    }

    pub(super) fn commit(&mut self, luck: &mut Luck<'_>, deeds: &mut Vec<Deed>) {
        self.speech_ends(luck, true, deeds);
    }

    /// Speech that nobody spoke.
    pub(super) fn noise(&mut self, luck: &mut Luck<'_>, deeds: &mut Vec<Deed>) {
        if self.turns.is_some() && self.ear.speech.is_none() {
            self.speech_begins(luck, deeds);
            if luck.percent(50) {
                self.speech_ends(luck, false, deeds);
            }
        }
        if luck.fails(500) {
            deeds.push(Deed::Later(luck.ms(500..20_000), Step::Noise));
        }
    }

    /// What the caller said, in writing: mostly.
    pub(super) fn write(&self, luck: &mut Luck<'_>, item: ItemId, whole: bool, deeds: &mut Vec<Deed>) {
        if item.starts_with('i') {
            return self.write_own(item, whole, deeds);
        }
        if luck.fails(40) {
            return deeds.push(Deed::Tell(ModelEvent::UserTextFailed { item }));
        }
        let text = Redacted(["yes", "what time is it", "no, the other one please", ""][item.len() % 4].to_owned());
        deeds.push(Deed::Tell(ModelEvent::UserText { item, text }));
    }
}
