//! A caller who waits for an answer: told to wait, then asked for again, then apologised to.

use std::time::Instant;

use super::event::Note;
use super::{CallSession, Phase};

#[derive(Debug, Default)]
pub(super) struct Waiting {
    since: Option<Instant>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Nothing was said yet.
    #[default]
    Silent,
    Filled,
    AskedAgain,
    GivenUp,
}

impl Waiting {
    /// From now on, unless the caller waits already.
    pub(super) const fn begin(&mut self, now: Instant) {
        if self.since.is_none() {
            *self = Self { since: Some(now), stage: Stage::Silent };
        }
    }

    pub(super) const fn is_over(&mut self) {
        self.since = None;
    }
}

impl CallSession {
    /// When the caller has waited too long for the next step.
    pub(super) fn patience_due(&mut self) -> Option<Instant> {
        if !(self.model_owes() || !self.tools.is_idle() || self.history.owes_answer) || self.hold.is_some() {
            self.waiting.is_over();
        }
        let patience = &self.policy.patience;
        let after = match self.waiting.stage {
            Stage::Silent => patience.filler_after,
            Stage::Filled => patience.retry_after,
            Stage::AskedAgain => patience.apology_after,
            Stage::GivenUp => return None,
        };
        self.waiting.since.map(|since| since + after)
    }

    pub(super) fn patience_over(&mut self, now: Instant) {
        match self.waiting.stage {
            Stage::Silent => self.fill(now),
            Stage::Filled => self.ask_again(now),
            Stage::AskedAgain => self.apologise(now),
            Stage::GivenUp => {}
        }
    }

    fn fill(&mut self, now: Instant) {
        self.waiting.stage = Stage::Filled;
        let filler = self.policy.patience.filler.clone();
        if self.nothing_is_heard()
            && let Some(filler) = filler
            && self.say(now, &filler)
        {
            self.note(Note::FillerPlayed);
        }
    }

    /// The answer may have got lost; what a tool still has to say has not.
    fn ask_again(&mut self, now: Instant) {
        self.waiting.stage = Stage::AskedAgain;
        if !self.tools.is_idle() || !self.link.is_ready() || self.turn.caller_speaks() {
            return;
        }
        self.event(now, Note::AnswerRetried);
        self.turn.answer_began();
        let orders = self.lane.ask_again();
        orders.into_iter().for_each(|order| self.order(Some(order)));
    }

    fn apologise(&mut self, now: Instant) {
        self.waiting.stage = Stage::GivenUp;
        let apology = self.policy.patience.apology.clone().filter(|_| self.nothing_is_heard());
        // First, for it cuts off whatever is being said.
        if self.tools.is_idle() && self.link.is_ready() {
            self.model_lost(now, true);
        }
        if let Some(apology) = apology.filter(|_| self.phase == Phase::Live) {
            self.say(now, &apology);
        }
    }

    fn nothing_is_heard(&self) -> bool {
        self.playback.is_idle() && !self.turn.caller_speaks()
    }
}
