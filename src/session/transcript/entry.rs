//! One turn in the making: what is known of it, and whether that is worth a row.

use std::time::Duration;

use crate::session::event::{ItemId, ItemKind, SeedContent, Speaker, Transcription, Turn, TurnKind};
use crate::types::Redacted;

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) turn: Turn,
    /// Its name in the chain: the model's, or ours for what the model has no item for.
    pub(super) id: ItemId,
    pub(super) previous: Option<ItemId>,
    pub(super) kind: ItemKind,
    /// The caller's words are still to come.
    pub(super) awaiting_text: bool,
    /// The model has made an item of what it took for speech.
    pub(super) confirmed: bool,
    /// The first sound of it went out.
    pub(super) sounded: bool,
    /// We say it ourselves.
    pub(super) own: bool,
    /// Its words are all there.
    pub(super) written: bool,
    /// There is something new to record.
    pub(super) changed: bool,
    pub(super) recorded: bool,
}

impl Entry {
    pub(super) fn new(item: &ItemId, kind: ItemKind, number: u32, at: Duration) -> Self {
        Self::with(item.clone(), kind, Turn { item: Some(item.clone()), ..Turn::begun(TurnKind::Message, speaker(kind), number, at) })
    }

    /// Something that the model has no item for; over as soon as it is there.
    pub(super) fn ours(kind: TurnKind, speaker: Speaker, text: Redacted<String>, number: u32, at: Duration) -> Self {
        let turn = Turn { generated: text, ended: Some(at), ..Turn::begun(kind, speaker, number, at) };
        Self { changed: true, ..Self::with(format!(":{number}").into(), ItemKind::Other, turn) }
    }

    fn with(id: ItemId, kind: ItemKind, turn: Turn) -> Self {
        Self {
            turn,
            id,
            previous: None,
            kind,
            awaiting_text: false,
            confirmed: false,
            sounded: false,
            own: false,
            written: false,
            changed: false,
            recorded: false,
        }
    }

    pub(super) fn is_ours(&self) -> bool {
        self.turn.item.is_none()
    }

    pub(super) fn is_message(&self) -> bool {
        self.turn.kind == TurnKind::Message
    }

    /// Speech that has stopped, and of which the model made an item, will be written down. What the model drops
    /// without an item was noise, and leaves nothing.
    pub(super) fn expect_text(&mut self) {
        let said = self.kind == ItemKind::User && self.confirmed && self.turn.ended.is_some();
        if said && self.awaiting_text && self.turn.transcription.is_none() {
            self.turn.transcription = Some(Transcription::Pending);
            self.changed = true;
        }
    }

    /// The caller's words will not come any more.
    pub(super) fn give_up_text(&mut self) {
        self.awaiting_text = false;
        if self.turn.transcription == Some(Transcription::Pending) {
            self.turn.transcription = Some(Transcription::Failed);
            self.changed = true;
        }
    }

    /// Nothing more will come of it; what never sounded was not heard.
    pub(super) fn close(&mut self, at: Duration) {
        self.give_up_text();
        if self.kind == ItemKind::Assistant && self.is_message() && self.turn.ended.is_none() {
            self.turn.ended = Some(at);
            self.turn.interrupted = !self.turn.generated.is_empty();
            self.changed = true;
        }
    }

    /// What was heard follows what was generated, as far as the ear got.
    pub(super) fn recut(&mut self) {
        if self.turn.ended.is_some() {
            self.turn.recut();
        }
    }

    /// What another model is told of it. What we are still saying will be heard.
    pub(super) fn seed(&self) -> Option<SeedContent> {
        if self.own && self.turn.ended.is_none() {
            return Some(SeedContent::Said { speaker: Speaker::Ai, text: self.turn.generated.clone() });
        }
        let heard = self.kind == ItemKind::Other || !self.turn.heard.is_empty();
        self.turn.message().filter(|_| heard).map(|message| message.0)
    }

    pub(super) fn take_changed(&mut self) -> Option<Turn> {
        if !(std::mem::take(&mut self.changed) && self.is_worth_a_row()) {
            return None;
        }
        self.recorded = true;
        self.turn.revision += 1;
        Some(self.turn.clone())
    }

    fn is_worth_a_row(&self) -> bool {
        let Turn { kind, generated, heard_ms, transcription, ended, .. } = &self.turn;
        let has_words = !generated.is_empty();
        self.recorded
            || match (kind, self.kind) {
                (TurnKind::Message, ItemKind::User) => {
                    has_words || matches!(transcription, Some(Transcription::Pending | Transcription::Failed))
                }
                (TurnKind::Message, ItemKind::Assistant) => self.sounded || ended.is_some() && (has_words || *heard_ms > 0),
                (TurnKind::Message, ItemKind::Other) => false,
                (TurnKind::ToolCall | TurnKind::ToolResult | TurnKind::Dtmf | TurnKind::Event, _) => true,
            }
    }
}

pub(super) const fn speaker(kind: ItemKind) -> Speaker {
    match kind {
        ItemKind::User => Speaker::User,
        ItemKind::Assistant | ItemKind::Other => Speaker::Ai,
    }
}
