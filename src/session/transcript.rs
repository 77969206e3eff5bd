//! Who said what, in the order of the item chain: never in the order of arrival.
//!
//! The caller's words may come seconds after the answer to them. A turn keeps the `seq` it was
//! first seen under; its `position` follows the chain, and a turn that moved is recorded again.
//! What the model has no item for (a result, a key, an event) stands behind what there was when it came.

mod chain;
mod entry;

use std::collections::HashMap;
use std::time::Duration;

use self::entry::{Entry, speaker};
use super::event::{
    ItemId, ItemKind, Note, ResponseId, Seed, SeedContent, Speaker, Tokens, ToolCall, ToolUse, Transcription, Turn, TurnKind,
};
use crate::types::Redacted;

/// Keys that follow each other within this time are one entry.
const SAME_ENTRY: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Transcript {
    entries: Vec<Entry>,
    /// Entries by their item, of the model session that is up.
    index: HashMap<ItemId, usize>,
    /// Entries of earlier model sessions stand before these, in the order they had.
    settled: usize,
    /// Keys and positions count from here.
    first: u32,
    /// The last keys pressed, and when the last of them was.
    keys: Option<(usize, Duration)>,
    dirty: bool,
}

impl Transcript {
    pub(super) fn new(first: u32) -> Self {
        Self { entries: Vec::new(), index: HashMap::new(), settled: 0, first, keys: None, dirty: false }
    }

    /// The item exists, after `previous`.
    pub(super) fn added(&mut self, item: &ItemId, previous: Option<ItemId>, kind: ItemKind, at: Duration) {
        let entry = self.entry(item, kind, at);
        if entry.is_message() {
            entry.kind = kind;
            entry.turn.speaker = speaker(kind);
        }
        entry.confirmed = true;
        entry.expect_text();
        if previous.is_some() {
            entry.previous = previous;
        }
        self.dirty = true;
        self.reorder();
    }

    pub(super) fn speech_started(&mut self, item: &ItemId, at: Duration) {
        self.entry(item, ItemKind::User, at).awaiting_text = true;
    }

    pub(super) fn speech_stopped(&mut self, item: &ItemId, at: Duration) {
        let entry = self.entry(item, ItemKind::User, at);
        entry.turn.ended.get_or_insert(at);
        entry.expect_text();
        self.dirty = true;
    }

    pub(super) fn user_text(&mut self, item: &ItemId, text: Redacted<String>, at: Duration) {
        let entry = self.entry(item, ItemKind::User, at);
        entry.awaiting_text = false;
        entry.turn.transcription = Some(Transcription::Done);
        entry.turn.ended.get_or_insert(at);
        entry.turn.heard = text.clone();
        entry.turn.generated = text;
        self.touch(item);
    }

    pub(super) fn user_text_failed(&mut self, item: &ItemId, at: Duration) {
        let entry = self.entry(item, ItemKind::User, at);
        entry.awaiting_text = false;
        entry.turn.ended.get_or_insert(at);
        entry.turn.transcription = Some(Transcription::Failed);
        self.touch(item);
    }

    /// Words of an item that come after all of its words were there are none.
    pub(super) fn text(&mut self, item: &ItemId, delta: &str, at: Duration) {
        let entry = self.entry(item, ItemKind::Assistant, at);
        if !entry.written {
            entry.turn.generated.0.push_str(delta);
        }
    }

    pub(super) fn text_done(&mut self, item: &ItemId, text: Redacted<String>, at: Duration) {
        let entry = self.entry(item, ItemKind::Assistant, at);
        (entry.turn.generated, entry.written) = (text, true);
        entry.recut();
        self.touch(item);
    }

    /// Something that we say ourselves.
    pub(super) fn own(&mut self, item: &ItemId, text: Redacted<String>, at: Duration) {
        let entry = self.entry(item, ItemKind::Assistant, at);
        entry.own = true;
        entry.turn.generated = text;
    }

    /// The model that said it is gone, and it is still to be heard: another one is told of it as of what we say ourselves.
    pub(super) fn adopt(&mut self, item: &ItemId) {
        if let Some(entry) = self.index.get(item).and_then(|index| self.entries.get_mut(*index)) {
            entry.own = !entry.turn.generated.is_empty();
        }
    }

    /// The words that were heard of an item, as far as they are known.
    pub(super) fn heard_of(&self, item: &ItemId) -> Option<Redacted<String>> {
        self.entries.get(*self.index.get(item)?).map(|entry| entry.turn.heard.clone()).filter(|heard| !heard.is_empty())
    }

    /// The item is a part of the response.
    pub(super) fn belongs(&mut self, item: &ItemId, response: &ResponseId, at: Duration) {
        self.entry(item, ItemKind::Assistant, at).turn.response.get_or_insert_with(|| response.clone());
    }

    /// The first sound of the item goes out; of one that was over already, its first sound after that.
    pub(super) fn spoken(&mut self, item: &ItemId, response: ResponseId, latency: Option<Duration>, at: Duration) {
        let entry = self.entry(item, ItemKind::Assistant, at);
        entry.sounded = true;
        (entry.turn.started, entry.turn.ended) = (at, None);
        entry.turn.response = Some(response);
        entry.turn.latency = latency;
        self.touch(item);
    }

    /// The item left the playback ledger: this much of it was heard.
    pub(super) fn heard(&mut self, item: &ItemId, heard_ms: u64, audio_ms: u64, at: Duration) {
        let entry = self.entry(item, ItemKind::Assistant, at);
        entry.turn.audio_ms = audio_ms;
        entry.turn.heard_ms = heard_ms;
        entry.turn.interrupted = heard_ms < audio_ms;
        entry.turn.ended = Some(at);
        entry.recut();
        self.touch(item);
    }

    /// What the response cost: told of one of its turns, so that a sum over turns is right. What was said comes first.
    pub(super) fn spent(&mut self, response: &ResponseId, tokens: Tokens) {
        let of = |kind: TurnKind| self.entries.iter().position(|e| e.turn.kind == kind && e.turn.response.as_ref() == Some(response));
        let place = of(TurnKind::Message).or_else(|| of(TurnKind::ToolCall));
        if let Some(entry) = place.and_then(|place| self.entries.get_mut(place)) {
            entry.turn.tokens = Some(tokens);
            entry.changed = true;
            self.dirty = true;
        }
    }

    /// Somebody asked for a tool.
    pub(super) fn tool_called(&mut self, call: &ToolCall, at: Duration) {
        let entry = self.entry(&call.item, ItemKind::Other, at);
        entry.kind = ItemKind::Other;
        let turn = &mut entry.turn;
        (turn.kind, turn.speaker, turn.ended) = (TurnKind::ToolCall, Speaker::Ai, Some(at));
        (turn.generated, turn.heard) = (call.arguments.clone(), Redacted::default());
        (turn.response, turn.tool) = (Some(call.response.clone()), Some(tool_of(call)));
        self.touch(&call.item);
        self.reorder();
    }

    /// The answer stands behind the call.
    pub(super) fn tool_answered(&mut self, call: &ToolCall, output: &str, at: Duration) {
        let place = self.ours(TurnKind::ToolResult, Speaker::System, output, Some(call.item.clone()), at);
        if let Some(result) = self.entries.get_mut(place) {
            (result.turn.response, result.turn.tool) = (Some(call.response.clone()), Some(tool_of(call)));
        }
        self.reorder();
    }

    /// The caller pressed a key; those in quick succession are one entry.
    pub(super) fn key(&mut self, key: char, at: Duration) {
        let open = self.keys.filter(|(_, last)| at.saturating_sub(*last) <= SAME_ENTRY);
        let place = match open.and_then(|(place, _)| Some((place, self.entries.get_mut(place)?))) {
            Some((place, entry)) => {
                entry.turn.generated.0.push(key);
                entry.turn.ended = Some(at);
                entry.changed = true;
                self.dirty = true;
                place
            }
            None => self.ours(TurnKind::Dtmf, Speaker::User, &key.to_string(), self.tail(), at),
        };
        self.keys = Some((place, at));
    }

    /// Something happened that a reader wants to know. The same thing again, with nothing between, is no news.
    pub(super) fn event(&mut self, note: Note, at: Duration) {
        let last = self.last().filter(|last| last.turn.kind == TurnKind::Event);
        if last.is_none_or(|last| last.turn.generated.0 != note.as_str()) {
            self.ours(TurnKind::Event, Speaker::System, note.as_str(), self.tail(), at);
        }
    }

    /// Words of the caller that are still to come.
    pub(super) fn awaits_text(&self) -> bool {
        self.entries.iter().any(|entry| entry.awaiting_text)
    }

    /// Another model session begins: its chain starts anew, behind all of this. What is still
    /// being played can still be heard.
    pub(super) fn settle(&mut self) {
        self.settled = self.entries.len();
        self.entries.iter_mut().for_each(Entry::give_up_text);
        self.dirty = true;
        let entries = &self.entries;
        self.index.retain(|_, index| entries.get(*index).is_some_and(|entry| entry.turn.ended.is_none()));
    }

    /// The stream ends: nothing is left open.
    pub(super) fn close(&mut self, at: Duration) {
        self.entries.iter_mut().for_each(|entry| entry.close(at));
        self.dirty = true;
    }

    /// What a model that was not there is told, oldest first; what is still being said by us keeps its name, so that it
    /// can be corrected.
    pub(super) fn seeds(&self, first: usize) -> Vec<Seed> {
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_by_key(|entry| entry.turn.position);
        let contents = entries.into_iter().filter_map(|entry| Some((entry, entry.seed()?)));
        let named = |(number, (entry, content)): (usize, (&Entry, SeedContent))| {
            let item = if entry.own { entry.id.clone() } else { format!("seed_{}", first + number).into() };
            Seed { item, content }
        };
        contents.enumerate().map(named).collect()
    }

    /// Turns to record: new, changed, or moved.
    pub(super) fn take_changed(&mut self) -> Vec<Turn> {
        if !std::mem::take(&mut self.dirty) {
            return Vec::new();
        }
        let mut turns: Vec<_> = self.entries.iter_mut().filter_map(Entry::take_changed).collect();
        turns.sort_by_key(|turn| turn.position);
        turns
    }

    fn entry(&mut self, item: &ItemId, kind: ItemKind, at: Duration) -> &mut Entry {
        let (next, number) = (self.entries.len(), self.number(self.entries.len()));
        let index = *self.index.entry(item.clone()).or_insert(next);
        if index == next {
            self.entries.push(Entry::new(item, kind, number, at));
        }
        #[expect(clippy::indexing_slicing, reason = "the index holds places in `entries` alone, which never shrinks")]
        &mut self.entries[index]
    }

    /// Adds what the model has no item for, behind `previous`.
    fn ours(&mut self, kind: TurnKind, speaker: Speaker, text: &str, previous: Option<ItemId>, at: Duration) -> usize {
        let place = self.entries.len();
        let entry = Entry::ours(kind, speaker, Redacted(text.to_owned()), self.number(place), at);
        self.entries.push(Entry { previous, ..entry });
        self.dirty = true;
        place
    }

    fn number(&self, place: usize) -> u32 {
        self.first.saturating_add(u32::try_from(place).unwrap_or(u32::MAX))
    }

    fn last(&self) -> Option<&Entry> {
        self.entries.get(self.settled..)?.iter().max_by_key(|entry| entry.turn.position)
    }

    fn tail(&self) -> Option<ItemId> {
        self.last().map(|entry| entry.id.clone())
    }

    fn touch(&mut self, item: &ItemId) {
        if let Some(entry) = self.index.get(item).and_then(|index| self.entries.get_mut(*index)) {
            entry.changed = true;
            self.dirty = true;
        }
    }

    /// Gives every entry of this model session its place in the chain.
    fn reorder(&mut self) {
        let order = chain::order(self.entries.get(self.settled..).unwrap_or_default());
        for (place, offset) in order.into_iter().enumerate() {
            let position = self.number(self.settled + place);
            if let Some(entry) = self.entries.get_mut(self.settled + offset)
                && entry.turn.position != position
            {
                entry.turn.position = position;
                entry.changed |= entry.recorded;
                self.dirty |= entry.recorded;
            }
        }
    }
}

fn tool_of(call: &ToolCall) -> ToolUse {
    ToolUse { name: call.name.clone(), call_id: call.call_id.to_string() }
}

#[cfg(test)]
#[path = "tests/transcript.rs"]
mod tests;
