//! How a call begins: who is there, and what is said first.

use std::time::Instant;

use super::CallSession;
use super::event::{AnsweredBy, LegCommand, ModelCommand, TurnTaking};
use super::policy::Phrase;
use super::timer::Timer;
use crate::types::HangupCause;

/// The way into the conversation.
#[derive(Debug, Default)]
pub(super) struct Entrance {
    /// The greeting was said, or is under way.
    pub(super) greeted: bool,
    /// Nothing is said before somebody is there.
    pub(super) awaits_human: bool,
    /// A machine picked up, and speaks.
    machine: bool,
    /// What is being said must not be interrupted: the caller is not heard meanwhile.
    pub(super) shielded: bool,
    /// How the model was told to take turns.
    told: Option<TurnTaking>,
}

impl CallSession {
    pub(super) fn enter(&mut self, now: Instant) {
        if self.history.resumed {
            self.entrance.greeted = true;
            return;
        }
        match self.policy.opening.human_wait {
            Some(wait) => {
                self.entrance.awaits_human = true;
                self.timers.set(Timer::HumanWait, Some(now + wait));
            }
            None => self.greet(now),
        }
    }

    /// Once. What only the model can say waits for the model.
    pub(super) fn greet(&mut self, now: Instant) {
        self.entrance.awaits_human = false;
        self.timers.set(Timer::HumanWait, None);
        let Some(greeting) = self.policy.opening.greeting.clone().filter(|_| !self.entrance.greeted) else { return };
        if greeting.audio.is_none() && !self.link.is_ready() {
            return;
        }
        self.entrance.greeted = true;
        // Who calls outside of the hours is told so to the end.
        self.entrance.shielded = self.policy.opening.protected || self.policy.opening.closed;
        self.have_said(now, &greeting);
        if self.policy.opening.closed {
            self.close(HangupCause::OutsideHours);
        }
    }

    /// The model is there: what only it can say is said now.
    pub(super) fn greet_by_model(&mut self, now: Instant) {
        if !self.entrance.awaits_human {
            self.greet(now);
        }
    }

    /// The caller has said the first words: somebody is there.
    pub(super) fn heard_first_words(&mut self, now: Instant) {
        if self.entrance.awaits_human && !self.entrance.machine && self.policy.opening.first_words {
            self.turn.wants_request = false;
            self.turn.answer_began();
            self.greet(now);
        }
    }

    pub(super) fn answered_by(&mut self, now: Instant, who: AnsweredBy) {
        match who {
            AnsweredBy::Human | AnsweredBy::Unknown if self.entrance.awaits_human => self.greet(now),
            AnsweredBy::Human | AnsweredBy::Unknown => {}
            AnsweredBy::MachineStarted => {
                self.entrance.machine = true;
                self.timers.set(Timer::HumanWait, None);
            }
            AnsweredBy::MachineListens => self.leave_message(now),
            AnsweredBy::Fax => self.wind_up(now, HangupCause::Voicemail),
        }
    }

    /// What was said so far was said to the machine's own voice.
    fn leave_message(&mut self, now: Instant) {
        let can_be_said = |message: &Phrase| message.audio.is_some() || self.link.is_ready();
        let Some(message) = self.policy.opening.voicemail.clone().filter(can_be_said) else {
            return self.wind_up(now, HangupCause::Voicemail);
        };
        self.silence_assistant(now);
        (self.entrance.greeted, self.entrance.awaits_human, self.entrance.shielded) = (true, false, true);
        self.timers.set(Timer::HumanWait, None);
        self.have_said(now, &message);
        self.close(HangupCause::Voicemail);
    }

    /// Nothing that was to be said is said.
    pub(super) fn silence_assistant(&mut self, now: Instant) {
        self.lane.drop_pending();
        let playing = !self.playback.is_idle();
        if playing {
            self.leg(LegCommand::Clear);
        }
        let order = self.lane.cancel();
        self.order(order);
        self.cut_answers(now);
    }

    /// What was protected has been said: now the caller is heard, from a moment ago on.
    pub(super) fn unshield(&mut self) {
        if self.entrance.shielded && self.link.is_ready() && self.lane.is_free() && self.playback.is_idle() {
            self.entrance.shielded = false;
            self.send_kept_audio();
        }
    }

    /// Until somebody is there the server only listens; and where speech has to be confirmed, always.
    pub(super) const fn turn_taking(&self) -> TurnTaking {
        if self.entrance.awaits_human || !self.policy.min_speech.is_zero() { TurnTaking::BySession } else { TurnTaking::ByServer }
    }

    pub(super) const fn told_turn_taking(&mut self) {
        self.entrance.told = Some(self.turn_taking());
    }

    pub(super) const fn forget_turn_taking(&mut self) {
        self.entrance.told = None;
    }

    /// Tells the model how turns are taken, if that has changed.
    pub(super) fn take_turns(&mut self) {
        let turns = self.turn_taking();
        if self.link.is_ready() && self.entrance.told.is_some_and(|told| told != turns) {
            self.entrance.told = Some(turns);
            let event_id = self.lane.event_id("turns");
            self.model(ModelCommand::TakeTurns { event_id, profile: self.policy.profile.clone(), turns });
        }
    }
}
