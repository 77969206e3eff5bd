//! The model session is swapped before it expires: another one is opened beside it, and takes over where nobody speaks.

use std::time::{Duration, Instant};

use super::CallSession;
use super::event::{ModelCommand, ModelEvent, Note, Output};
use super::timer::Timer;

/// A standby session that failed is tried again after this.
const AGAIN: Duration = Duration::from_secs(30);
/// Words of the caller that are still to be written down are waited for; not for longer than this.
const LAST_WORDS: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(super) struct Standby {
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    None,
    Opening,
    Ready {
        since: Instant,
    },
}

impl Standby {
    pub(super) const fn forget(&mut self) {
        self.state = State::None;
    }
}

impl CallSession {
    /// The session in use ends by itself after `within`.
    pub(super) fn expires(&mut self, now: Instant, within: Duration) {
        let renew = within.checked_sub(self.policy.renew_before).unwrap_or(within / 2);
        self.timers.set(Timer::Renew, Some(now + renew));
    }

    pub(super) fn open_standby(&mut self) {
        if self.link.is_ready() && self.standby.state == State::None {
            self.standby.state = State::Opening;
            self.outputs.push_back(Output::Standby(ModelCommand::Open { delay: Duration::ZERO, route: self.link.route() }));
        }
    }

    pub(super) fn on_standby(&mut self, now: Instant, event: ModelEvent) {
        match event {
            ModelEvent::Opened => {
                let (profile, turns) = (self.policy.profile.clone(), self.turn_taking());
                self.outputs.push_back(Output::Standby(ModelCommand::Configure { profile, turns }));
            }
            ModelEvent::Expires { within } => self.expires(now, within),
            ModelEvent::Ready => self.standby.state = State::Ready { since: now },
            ModelEvent::Refused(_) | ModelEvent::Lost { .. } => {
                self.standby.forget();
                self.timers.set(Timer::Renew, Some(now + AGAIN));
            }
            ModelEvent::SpeechStarted { .. }
            | ModelEvent::SpeechStopped { .. }
            | ModelEvent::ItemAdded { .. }
            | ModelEvent::UserText { .. }
            | ModelEvent::UserTextFailed { .. }
            | ModelEvent::ResponseCreated { .. }
            | ModelEvent::Audio { .. }
            | ModelEvent::AudioDone { .. }
            | ModelEvent::Text { .. }
            | ModelEvent::TextDone { .. }
            | ModelEvent::ToolCalled(_)
            | ModelEvent::RemoteToolUsed { .. }
            | ModelEvent::RateLimits { .. }
            | ModelEvent::ResponseDone { .. }
            | ModelEvent::Error(_) => {}
        }
    }

    /// At the boundary of a turn, with every word of the caller on record.
    pub(super) fn promote_when_quiet(&mut self, now: Instant) {
        let State::Ready { since } = self.standby.state else { return };
        let written = !self.transcript.awaits_text() || now.saturating_duration_since(since) >= LAST_WORDS;
        let boundary = self.nobody_speaks() && !self.model_owes() && self.tools.is_idle() && self.doubt.is_none();
        if written && boundary && self.link.is_ready() {
            self.note(Note::ModelRenewed);
            self.promote();
        }
    }

    /// The one that stands by is the one in use, and is told all there is to know.
    fn promote(&mut self) {
        self.standby.forget();
        self.outputs.push_back(Output::Promote);
        self.lane.reset();
        self.transcript.settle();
        self.told_turn_taking();
        self.remind();
    }
}
