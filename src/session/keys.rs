//! Keys that the caller presses: some do something at once, the others are told to the model.

use std::time::{Duration, Instant};

use super::CallSession;
use super::policy::KeyAction;
use super::timer::Timer;
use crate::types::{HangupCause, PhoneNumber};

/// Keys that follow each other within this time belong together; `#` ends them.
const TOGETHER: Duration = Duration::from_millis(1_500);

#[derive(Debug, Default)]
pub(super) struct Keys {
    pressed: String,
}

impl CallSession {
    pub(super) fn key_pressed(&mut self, now: Instant, key: char) {
        self.transcript.key(key, self.at(now));
        self.turn.prompts = 0;
        self.timers.set(Timer::Idle, None);
        if self.hold.is_some() {
            return self.end_hold(now, true);
        }
        match self.policy.keys.get(&key).cloned() {
            Some(action) => self.key_does(now, key, action),
            None => {
                self.keys.pressed.push(key);
                let wait = if key == '#' { Duration::ZERO } else { TOGETHER };
                self.timers.set(Timer::Keys, Some(now + wait));
            }
        }
    }

    fn key_does(&mut self, now: Instant, key: char, action: KeyAction) {
        self.silence_assistant(now);
        match action {
            KeyAction::Transfer(to) => self.hand_over(to),
            KeyAction::Use(tool) => self.use_tool_by_key(now, &tool, key),
            KeyAction::HangUp => self.wind_up(now, HangupCause::CallerHungUp),
        }
    }

    fn hand_over(&mut self, to: PhoneNumber) {
        self.tools.transfer = Some(to);
        self.close(HangupCause::Transferred);
    }

    /// Nobody asks the assistant: what it was saying is not said to its end.
    pub(super) fn transfer_requested(&mut self, now: Instant, to: PhoneNumber) {
        self.silence_assistant(now);
        self.hand_over(to);
    }

    /// Who presses keys does not want to hear the rest.
    pub(super) fn tell_keys(&mut self, now: Instant) {
        if !self.link.is_ready() || self.keys.pressed.is_empty() {
            return;
        }
        let pressed = std::mem::take(&mut self.keys.pressed);
        let spelt: Vec<String> = pressed.chars().map(String::from).collect();
        self.silence_assistant(now);
        self.tell(format!("The caller pressed these keys of the telephone: {}", spelt.join(" ")));
        if !self.turn.caller_speaks() && self.closing.is_none() {
            self.request(now, None);
        }
    }
}
