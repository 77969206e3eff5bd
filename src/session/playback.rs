//! The playback ledger: what was sent to the phone, and what of it was heard.
//!
//! Keyed on playback, not on generation: an item stays in the ledger until its last mark has come
//! back, however long ago the model finished it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};

use super::event::{ItemId, LegCommand, Mark, ResponseId};
use crate::audio::{FRAME_BYTES, FRAME_MS, SILENCE, bytes_of, duration_ms};

/// One message to the phone holds at most this much.
const MESSAGE_MS: u64 = 100;

#[derive(Debug)]
pub(super) struct Playback {
    generation: u32,
    next_seq: u32,
    items: VecDeque<Item>,
    /// When playback was last known to have got somewhere.
    progress: Option<Instant>,
}

/// Who makes a sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Model,
    /// Words that we say ourselves.
    Phrase,
    /// No words at all.
    Tone,
}

/// An item whose first sound went out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Begun {
    pub(super) item: ItemId,
    pub(super) response: ResponseId,
    pub(super) source: Source,
}

#[derive(Debug)]
struct Item {
    seq: u32,
    id: ItemId,
    response: ResponseId,
    source: Source,
    queue: BytesMut,
    /// Bytes of the item's own audio: received from the model, sent to the phone.
    received: usize,
    sent: usize,
    anchored: bool,
    /// Milliseconds known to be played, and since when.
    played_ms: u64,
    played_at: Option<Instant>,
    complete: bool,
    /// The model session that made it is gone.
    orphaned: bool,
}

/// An item that left the ledger, and how much of it was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Played {
    pub(super) item: ItemId,
    pub(super) response: ResponseId,
    pub(super) source: Source,
    pub(super) heard_ms: u64,
    pub(super) audio_ms: u64,
}

impl Played {
    pub(super) const fn whole(&self) -> bool {
        self.heard_ms == self.audio_ms
    }
}

/// What a mark's return meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// Playback got on; these items are finished.
    Progress(Vec<Played>),
    /// Echoed by a `clear`: it says nothing.
    Stale,
    Unknown,
}

impl Playback {
    pub(super) const fn new(generation: u32) -> Self {
        Self { generation, next_seq: 0, items: VecDeque::new(), progress: None }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.items.is_empty()
    }

    /// Takes in audio of the model; false if the item holds back more than `max_queued_ms`.
    pub(super) fn push(&mut self, response: &ResponseId, id: &ItemId, audio: &[u8], max_queued_ms: u64) -> bool {
        let index = self.index_of(id).unwrap_or_else(|| self.insert(response, id, Source::Model));
        let Some(item) = self.items.get_mut(index) else { return true };
        if item.complete || duration_ms(item.queue.len() + audio.len()) > max_queued_ms {
            return item.complete;
        }
        item.queue.extend_from_slice(audio);
        item.received += audio.len();
        true
    }

    /// Takes in a sound of our own, whole.
    pub(super) fn push_own(&mut self, source: Source, id: &ItemId, audio: &[u8]) {
        let index = self.insert(&ResponseId::new(), id, source);
        if let Some(item) = self.items.get_mut(index) {
            item.queue.extend_from_slice(audio);
            (item.received, item.complete) = (audio.len(), true);
        }
    }

    /// What was taken in and not heard yet, for all that is known.
    pub(super) fn left(&self, now: Instant) -> Duration {
        Duration::from_millis(self.items.iter().map(|item| duration_ms(item.received) - item.heard_ms(now)).sum())
    }

    /// The model has generated all of the item.
    pub(super) fn complete(&mut self, id: &ItemId) {
        if let Some(item) = self.items.iter_mut().find(|item| item.id == *id) {
            item.complete = true;
        }
    }

    /// The model has generated all of every item of the response.
    pub(super) fn complete_response(&mut self, response: &ResponseId) {
        self.items.iter_mut().filter(|item| item.response == *response).for_each(|item| item.complete = true);
    }

    /// The model session is gone: nothing more will come of its items. What is still to be heard of them, another one
    /// learns as if we said it; these are they.
    pub(super) fn outlive_model(&mut self) -> Vec<ItemId> {
        let theirs = |item: &&mut Item| item.source == Source::Model;
        self.items.iter_mut().filter(theirs).for_each(|item| (item.complete, item.orphaned) = (true, true));
        self.items.iter().filter(|item| item.orphaned).map(|item| item.id.clone()).collect()
    }

    /// Sends what the lead allows; returns the items whose first sound went out.
    pub(super) fn pump(&mut self, now: Instant, lead: Duration, send: &mut impl FnMut(LegCommand)) -> Vec<Begun> {
        let mut begun = Vec::new();
        while self.ahead(now) < lead {
            let Some(index) = self.items.iter().position(Item::sendable) else { break };
            if self.items.iter().take(index).any(|earlier| !earlier.complete) {
                break;
            }
            self.progress = self.progress.filter(|_| self.outstanding_ms() > 0).or(Some(now));
            let generation = self.generation;
            let Some(item) = self.items.get_mut(index) else { break };
            if !item.anchored {
                begun.push(Begun { item: item.id.clone(), response: item.response.clone(), source: item.source });
            }
            item.send(now, generation, send);
        }
        begun
    }

    /// When `pump` may have something to do again without another input.
    pub(super) fn next_pump(&self, now: Instant, lead: Duration) -> Option<Instant> {
        self.items.iter().any(Item::sendable).then(|| {
            let room_at = lead.saturating_sub(Duration::from_millis(MESSAGE_MS));
            now + self.ahead(now).saturating_sub(room_at).max(Duration::from_millis(FRAME_MS))
        })
    }

    /// When the marks that are out are overdue.
    pub(super) fn overdue_at(&self, grace: Duration) -> Option<Instant> {
        let out = self.outstanding_ms();
        let waiting = self.items.iter().any(|item| item.anchored && !item.finished());
        self.progress.filter(|_| waiting).map(|since| since + Duration::from_millis(out) + grace)
    }

    /// A mark came back.
    pub(super) fn reached(&mut self, now: Instant, mark: Mark) -> Reached {
        if mark.generation != self.generation {
            return Reached::Stale;
        }
        let Some(index) = self.items.iter().position(|item| item.seq == mark.item) else {
            return if mark.item & !Mark::TONE < self.next_seq { Reached::Stale } else { Reached::Unknown };
        };
        if self.items.get(index).is_none_or(|item| mark.ms > item.sent_ms()) {
            return Reached::Unknown;
        }
        self.progress = Some(now);
        for item in self.items.iter_mut().take(index) {
            item.played(now, item.sent_ms());
        }
        if let Some(item) = self.items.get_mut(index) {
            item.played(now, mark.ms);
        }
        Reached::Progress(self.take_finished())
    }

    /// Nobody returns marks: everything sent counts as heard.
    pub(super) fn assume_reached(&mut self, now: Instant) -> Vec<Played> {
        self.progress = Some(now);
        for item in self.items.iter_mut().filter(|item| item.anchored) {
            item.played(now, item.sent_ms());
        }
        self.take_finished()
    }

    /// Everything that was not heard yet never will be: a new generation begins.
    pub(super) fn interrupt(&mut self, now: Instant) -> Vec<Played> {
        if self.items.is_empty() {
            return Vec::new();
        }
        self.generation = self.generation.wrapping_add(1);
        self.progress = None;
        self.items.drain(..).map(|item| item.into_played(now)).collect()
    }

    fn insert(&mut self, response: &ResponseId, id: &ItemId, source: Source) -> usize {
        let seq = if source == Source::Tone { self.next_seq | Mark::TONE } else { self.next_seq };
        self.next_seq += 1;
        self.items.push_back(Item {
            seq,
            id: id.clone(),
            response: response.clone(),
            source,
            queue: BytesMut::new(),
            received: 0,
            sent: 0,
            anchored: false,
            played_ms: 0,
            played_at: None,
            complete: false,
            orphaned: false,
        });
        self.items.len() - 1
    }

    fn index_of(&self, id: &ItemId) -> Option<usize> {
        self.items.iter().position(|item| item.id == *id)
    }

    /// How far what was sent runs ahead of what was heard.
    fn ahead(&self, now: Instant) -> Duration {
        Duration::from_millis(self.items.iter().map(|item| item.sent_ms() - item.heard_ms(now)).sum())
    }

    fn outstanding_ms(&self) -> u64 {
        self.items.iter().map(|item| item.sent_ms() - item.played_ms).sum()
    }

    fn take_finished(&mut self) -> Vec<Played> {
        let mut finished = Vec::new();
        while self.items.front().is_some_and(Item::finished) {
            finished.extend(self.items.pop_front().map(Item::into_whole));
        }
        finished
    }
}

impl Item {
    const fn sent_ms(&self) -> u64 {
        duration_ms(self.sent)
    }

    /// A whole frame, or the tail of a complete item.
    fn sendable(&self) -> bool {
        self.queue.len() >= FRAME_BYTES || (self.complete && !self.queue.is_empty())
    }

    /// Known by marks, plus the time since, never more than was sent.
    fn heard_ms(&self, now: Instant) -> u64 {
        let since = self.played_at.map_or(0, |at| u64::try_from(now.saturating_duration_since(at).as_millis()).unwrap_or(u64::MAX));
        self.played_ms.saturating_add(since).min(self.sent_ms())
    }

    fn played(&mut self, now: Instant, ms: u64) {
        self.played_ms = self.played_ms.max(ms);
        self.played_at = Some(now);
    }

    fn finished(&self) -> bool {
        self.complete && self.queue.is_empty() && self.played_ms >= self.sent_ms()
    }

    fn send(&mut self, now: Instant, generation: u32, send: &mut impl FnMut(LegCommand)) {
        if !self.anchored {
            self.anchored = true;
            send(LegCommand::Mark(Mark { generation, item: self.seq, ms: 0 }));
        } else if self.played_at.is_some() && self.heard_ms(now) == self.sent_ms() {
            // The phone ran dry: the clock of what is heard starts again with this message.
            self.played(now, self.sent_ms());
        }
        let audio = self.take_message();
        send(LegCommand::Play(audio));
        send(LegCommand::Mark(Mark { generation, item: self.seq, ms: self.sent_ms() }));
    }

    /// Whole frames, at most 100 ms; the tail of a complete item is filled up with silence.
    fn take_message(&mut self) -> Bytes {
        let whole = self.queue.len() / FRAME_BYTES * FRAME_BYTES;
        let length = if whole == 0 { self.queue.len() } else { whole.min(bytes_of(MESSAGE_MS)) };
        let mut audio = self.queue.split_to(length);
        self.sent += length;
        audio.resize(length.next_multiple_of(FRAME_BYTES), SILENCE);
        audio.freeze()
    }

    fn into_played(self, now: Instant) -> Played {
        let heard_ms = self.heard_ms(now);
        Played { heard_ms, ..self.into_whole() }
    }

    fn into_whole(self) -> Played {
        let audio_ms = duration_ms(self.received);
        let source = if self.orphaned { Source::Phrase } else { self.source };
        Played { heard_ms: audio_ms, audio_ms, item: self.id, response: self.response, source }
    }
}

#[cfg(test)]
#[path = "tests/playback.rs"]
mod tests;
