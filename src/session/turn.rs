//! Whose turn it is, and since when.

use std::time::{Duration, Instant};

/// From a sound that we send to speech that the model reports because of it: the way to the ear and back, the time
/// that people need to react, and the time that it takes to tell speech from noise.
const REACTION: Duration = Duration::from_millis(400);

/// The caller: `speaking`, `listening`, or `away` after so many prompts.
#[derive(Debug, Default)]
pub(super) struct TurnState {
    speaking: bool,
    stopped_at: Option<Instant>,
    /// The last time that an item of the assistant began to sound.
    sounded_at: Option<Instant>,
    /// The caller has finished; the model has not begun to answer.
    awaiting_answer: bool,
    /// The session has to ask for the answer as soon as the caller's item is there.
    pub(super) wants_request: bool,
    /// How often a silent caller was asked.
    pub(super) prompts: u32,
    /// Answers that failed in a row.
    pub(super) failures: u32,
}

impl TurnState {
    pub(super) const fn caller_speaks(&self) -> bool {
        self.speaking
    }

    pub(super) const fn awaiting_answer(&self) -> bool {
        self.awaiting_answer
    }

    /// Speech that begins now began before the assistant did: nobody answers a sound so soon.
    pub(super) fn was_talked_over(&self, now: Instant) -> bool {
        !self.speaking && self.sounded_at.is_some_and(|at| now.saturating_duration_since(at) < REACTION)
    }

    pub(super) const fn answer_sounded(&mut self, now: Instant) {
        self.sounded_at = Some(now);
    }

    pub(super) const fn speech_started(&mut self) {
        self.speaking = true;
        self.awaiting_answer = false;
        self.stopped_at = None;
        self.wants_request = false;
        self.prompts = 0;
    }

    pub(super) const fn speech_stopped(&mut self, last_sound: Instant) {
        self.speaking = false;
        self.awaiting_answer = true;
        self.stopped_at = Some(last_sound);
    }

    pub(super) const fn answer_began(&mut self) {
        self.awaiting_answer = false;
    }

    /// The model is another one: it knows nothing of speech under way.
    pub(super) const fn forget_speech(&mut self) {
        self.speaking = false;
        self.awaiting_answer = false;
        self.wants_request = false;
    }

    /// From the end of the caller's speech to this first sound; once per turn.
    pub(super) fn take_latency(&mut self, now: Instant) -> Option<Duration> {
        self.stopped_at.take().map(|stopped| now.saturating_duration_since(stopped))
    }
}
