//! Who said what, in the order of the item chain: never in the order of arrival.
//!
//! The caller's words may come seconds after the answer to them. A turn keeps the `seq` it was
//! first seen under; its `position` follows the chain, and a turn that moved is recorded again.

use std::collections::HashMap;
use std::time::Duration;

use super::event::{ItemId, ItemKind, ResponseId, Speaker, Turn, TurnKind};
use super::policy::Message;
use crate::types::Redacted;

#[derive(Debug)]
pub(super) struct Transcript {
    entries: Vec<Entry>,
    /// Entries by their item, of the model session that is up.
    index: HashMap<ItemId, usize>,
    /// Entries of earlier model sessions stand before these, in the order they had.
    settled: usize,
    next_seq: u32,
    dirty: bool,
}

#[derive(Debug)]
struct Entry {
    turn: Turn,
    previous: Option<ItemId>,
    kind: ItemKind,
    /// The caller's words are still to come.
    awaiting_text: bool,
    /// There is something new to record.
    changed: bool,
    recorded: bool,
}

impl Transcript {
    pub(super) fn new(next_seq: u32) -> Self {
        Self { entries: Vec::new(), index: HashMap::new(), settled: 0, next_seq, dirty: false }
    }

    /// The item exists, after `previous`.
    pub(super) fn added(&mut self, item: &ItemId, previous: Option<ItemId>, kind: ItemKind, at: Duration) {
        let entry = self.entry(item, kind, at);
        entry.kind = kind;
        entry.turn.speaker = speaker(kind);
        if previous.is_some() {
            entry.previous = previous;
        }
        self.reorder();
    }

    pub(super) fn speech_started(&mut self, item: &ItemId, at: Duration) {
        let entry = self.entry(item, ItemKind::User, at);
        entry.awaiting_text = true;
    }

    pub(super) fn speech_stopped(&mut self, item: &ItemId, at: Duration) {
        self.entry(item, ItemKind::User, at).turn.ended = Some(at);
    }

    pub(super) fn user_text(&mut self, item: &ItemId, text: Redacted<String>, at: Duration) {
        let entry = self.entry(item, ItemKind::User, at);
        entry.awaiting_text = false;
        entry.turn.ended.get_or_insert(at);
        entry.turn.heard = text.clone();
        entry.turn.generated = text;
        self.touch(item);
    }

    pub(super) fn user_text_failed(&mut self, item: &ItemId, at: Duration) {
        self.entry(item, ItemKind::User, at).awaiting_text = false;
    }

    pub(super) fn text(&mut self, item: &ItemId, delta: &str, at: Duration) {
        self.entry(item, ItemKind::Assistant, at).turn.generated.0.push_str(delta);
    }

    pub(super) fn text_done(&mut self, item: &ItemId, text: Redacted<String>, at: Duration) {
        let entry = self.entry(item, ItemKind::Assistant, at);
        entry.turn.generated = text;
        entry.recut();
        self.touch(item);
    }

    /// The first sound of the item goes out.
    pub(super) fn spoken(&mut self, item: &ItemId, response: ResponseId, latency: Option<Duration>, at: Duration) {
        let entry = self.entry(item, ItemKind::Assistant, at);
        entry.turn.started = at;
        entry.turn.response = Some(response);
        entry.turn.latency = latency;
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

    /// Words of the caller that are still to come.
    pub(super) fn awaits_text(&self) -> bool {
        self.entries.iter().any(|entry| entry.awaiting_text)
    }

    /// Another model session begins: its chain starts anew, behind all of this. What is still
    /// being played can still be heard.
    pub(super) fn settle(&mut self) {
        self.settled = self.entries.len();
        self.entries.iter_mut().for_each(|entry| entry.awaiting_text = false);
        let entries = &self.entries;
        self.index.retain(|_, index| entries.get(*index).is_some_and(|entry| entry.turn.ended.is_none()));
    }

    /// What was said and heard, oldest first.
    pub(super) fn messages(&self) -> Vec<Message> {
        let mut entries: Vec<_> = self.entries.iter().filter(|entry| !entry.turn.heard.is_empty()).collect();
        entries.sort_by_key(|entry| entry.turn.position);
        entries.into_iter().map(|entry| Message { speaker: entry.turn.speaker, text: entry.turn.heard.clone() }).collect()
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
        let index = *self.index.entry(item.clone()).or_insert(self.entries.len());
        if index == self.entries.len() {
            let position = u32::try_from(index).unwrap_or(u32::MAX);
            self.entries.push(Entry::new(item, kind, self.next_seq, position, at));
            self.next_seq += 1;
        }
        #[expect(clippy::indexing_slicing, reason = "the index holds places in `entries` alone, which never shrinks")]
        &mut self.entries[index]
    }

    fn touch(&mut self, item: &ItemId) {
        if let Some(entry) = self.index.get(item).and_then(|index| self.entries.get_mut(*index)) {
            entry.changed = true;
            self.dirty = true;
        }
    }

    /// Gives every entry of this model session its place in the chain.
    fn reorder(&mut self) {
        let order = chain(self.entries.get(self.settled..).unwrap_or_default());
        for (place, offset) in order.into_iter().enumerate() {
            let position = u32::try_from(self.settled + place).unwrap_or(u32::MAX);
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

/// Places of `entries` in chain order; those whose predecessor is not known stand where they came.
fn chain(entries: &[Entry]) -> Vec<usize> {
    let known: HashMap<&ItemId, usize> = entries.iter().enumerate().filter_map(|(i, e)| e.turn.item.as_ref().map(|id| (id, i))).collect();
    let mut followers: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut roots = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        match entry.previous.as_ref().and_then(|id| known.get(id)).filter(|place| **place != index) {
            Some(place) => followers.entry(*place).or_default().push(index),
            None => roots.push(index),
        }
    }
    roots.sort_by_key(|index| entries.get(*index).is_some_and(|entry| entry.previous.is_some()));
    walk(roots, &mut followers)
}

fn walk(mut stack: Vec<usize>, followers: &mut HashMap<usize, Vec<usize>>) -> Vec<usize> {
    let mut order = Vec::new();
    stack.reverse();
    while let Some(index) = stack.pop() {
        order.push(index);
        stack.extend(followers.remove(&index).into_iter().flatten().rev());
    }
    order
}

impl Entry {
    fn new(item: &ItemId, kind: ItemKind, seq: u32, position: u32, at: Duration) -> Self {
        let turn = Turn {
            seq,
            revision: 0,
            position,
            item: Some(item.clone()),
            response: None,
            speaker: speaker(kind),
            kind: TurnKind::Message,
            generated: Redacted::default(),
            heard: Redacted::default(),
            interrupted: false,
            audio_ms: 0,
            heard_ms: 0,
            started: at,
            ended: None,
            latency: None,
            tokens: None,
            transcription: None,
            tool: None,
        };
        Self { turn, previous: None, kind, awaiting_text: false, changed: false, recorded: false }
    }

    /// What was heard follows what was generated, as far as the ear got.
    fn recut(&mut self) {
        if self.turn.ended.is_some() {
            let cut = if self.turn.interrupted { heard_text(&self.turn) } else { self.turn.generated.0.clone() };
            self.turn.heard = Redacted(cut);
        }
    }

    fn take_changed(&mut self) -> Option<Turn> {
        let worth_a_row = self.kind != ItemKind::Other && !(self.turn.generated.is_empty() && self.turn.heard_ms == 0);
        if !(std::mem::take(&mut self.changed) && worth_a_row) {
            return None;
        }
        self.recorded = true;
        self.turn.revision += 1;
        Some(self.turn.clone())
    }
}

const fn speaker(kind: ItemKind) -> Speaker {
    match kind {
        ItemKind::User => Speaker::User,
        ItemKind::Assistant | ItemKind::Other => Speaker::Ai,
    }
}

/// Speech of the usual pace: the text of an answer that was cut while it was generated runs ahead of its audio.
const CHARACTERS_PER_SECOND: u64 = 15;

/// The words heard, in proportion to the audio heard.
fn heard_text(turn: &Turn) -> String {
    let words: Vec<&str> = turn.generated.split_whitespace().collect();
    let spoken = turn.generated.chars().count() as u64 * 1_000 / CHARACTERS_PER_SECOND;
    let whole = turn.audio_ms.max(spoken * 3 / 4).max(1);
    let count = (words.len() as u64 * turn.heard_ms / whole) as usize;
    words.get(..count.min(words.len())).unwrap_or_default().join(" ")
}

#[cfg(test)]
#[path = "tests/transcript.rs"]
mod tests;
