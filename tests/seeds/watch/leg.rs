//! What goes to the phone: nothing dead, nothing too early, nothing without bounds.

use std::collections::BTreeMap;
use std::time::Duration;

use alpha_call::audio::{FRAME_BYTES, SILENCE, duration_ms};
use alpha_call::session::event::{Input, LegCommand, ModelEvent};

use crate::agenda::Time;
use crate::model::tag_of;
use crate::rule::{Held, Rule, broken, holds};

/// One message, and the silence that fills up the last frames of short items.
const MESSAGE: Duration = Duration::from_millis(180);
const MESSAGE_BYTES: usize = 800;
/// The longest wait for the caller's last words, and a little.
const WINDING: Duration = Duration::from_millis(2_100);

pub struct LegWatch {
    lead: Duration,
    max_queued_ms: u64,
    /// What an ear without any delay would still have to hear.
    ahead: Duration,
    at: Time,
    generation: u32,
    /// Marks of generations before this one were cleared.
    floor: u32,
    /// What is played now has no words.
    tone: bool,
    items: BTreeMap<u8, Item>,
    /// Audio that the session is being told.
    coming: Option<(u8, usize)>,
    /// More waits than may; no fault of a session that only waits for the caller's last words.
    crowded: Option<(Time, String)>,
}

/// Audio of one item of a model: every sample of it bears the item's tag.
#[derive(Default)]
struct Item {
    taken: usize,
    played: usize,
    dead: bool,
    refused: bool,
}

impl LegWatch {
    pub fn new(lead: Duration, max_queued_ms: u64) -> Self {
        Self {
            lead,
            max_queued_ms,
            ahead: Duration::ZERO,
            at: Time::ZERO,
            generation: 0,
            floor: 0,
            tone: false,
            items: BTreeMap::new(),
            coming: None,
            crowded: None,
        }
    }

    pub fn told(&mut self, now: Time, input: &Input) -> Held {
        self.coming = None;
        if let Input::Model(ModelEvent::Audio { item, audio, .. }) = input {
            let tag = tag_of(item);
            self.items.entry(tag).or_default();
            self.coming = Some((tag, audio.len()));
        }
        match &self.crowded {
            Some((since, how)) if now - *since > WINDING => broken(Rule::Room, how.clone()),
            _ => Ok(()),
        }
    }

    pub fn ordered(&mut self, now: Time, command: &LegCommand) -> Held {
        match command {
            LegCommand::Play(audio) => self.played(now, audio),
            LegCommand::Clear => {
                self.items.values_mut().for_each(|item| item.dead = true);
                self.floor = self.generation + 1;
                self.ahead = Duration::ZERO;
                Ok(())
            }
            LegCommand::Mark(mark) => {
                self.tone = mark.is_tone();
                let grows = mark.generation >= self.generation;
                self.generation = self.generation.max(mark.generation);
                holds(Rule::Epoch, grows, || format!("generation {} after {}", mark.generation, self.generation))?;
                holds(Rule::DeadAudio, mark.generation >= self.floor, || format!("mark {mark} after a clear of its generation"))
            }
        }
    }

    fn played(&mut self, now: Time, audio: &[u8]) -> Held {
        let whole = audio.len().is_multiple_of(FRAME_BYTES) && audio.len() <= MESSAGE_BYTES && !audio.is_empty();
        holds(Rule::Lead, whole, || format!("a message of {} bytes", audio.len()))?;
        self.ahead = self.ahead.saturating_sub(now.saturating_sub(self.at)) + Duration::from_millis(duration_ms(audio.len()));
        self.at = now;
        holds(Rule::Lead, self.ahead <= self.lead + MESSAGE, || format!("{:?} ahead of the ear", self.ahead))?;
        match audio.first() {
            Some(tag) if !self.tone && *tag != SILENCE => self.sounded(*tag, audio),
            _ => Ok(()),
        }
    }

    fn sounded(&mut self, tag: u8, audio: &[u8]) -> Held {
        let Some(item) = self.items.get_mut(&tag) else { return Ok(()) };
        item.played += audio.iter().rposition(|byte| *byte == tag).map_or(0, |last| last + 1);
        holds(Rule::DeadAudio, !item.dead, || format!("audio of item {tag} after it was cleared"))
    }

    /// The session counts all as heard that was sent.
    pub fn all_heard(&mut self, now: Time) {
        (self.ahead, self.at) = (Duration::ZERO, now);
    }

    /// What was told just now is more than there is room for: nothing more of it is taken.
    pub fn refused(&mut self) {
        if let Some(item) = self.coming.take().and_then(|(tag, _)| self.items.get_mut(&tag)) {
            item.refused = true;
        }
    }

    pub fn dropped(&mut self) {
        self.coming = None;
    }

    pub fn settled(&mut self, now: Time) {
        let Some((tag, bytes)) = self.coming.take() else { return };
        let Some(item) = self.items.get_mut(&tag).filter(|item| !item.refused && !item.dead) else { return };
        item.taken += bytes;
        let waits = duration_ms(item.taken.saturating_sub(item.played));
        if waits > self.max_queued_ms {
            self.crowded.get_or_insert_with(|| (now, format!("{waits} ms of item {tag} wait")));
        }
    }

    /// The phone may still hold what the session before sent: what comes now is of another generation.
    pub fn restarted(&mut self) {
        self.coming = None;
    }
}
