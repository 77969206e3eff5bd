//! What is due when, and what happens then.

use std::time::{Duration, Instant};

use super::event::{ModelCommand, Note};
use super::timer::Timer;
use super::{CallSession, Phase};
use crate::types::HangupCause;

const CHECK_ON_CALLER: &str = "The caller has been silent for a while. Ask in a few words whether they are still there.";
const SAY_GOODBYE: &str = "The caller does not answer. Say a short goodbye and nothing else.";
const PROMPTS: u32 = 2;
/// Somebody speaks: the warning waits so long, and tries again.
const WARN_AGAIN: Duration = Duration::from_millis(500);

fn nearly_over(left: Duration) -> String {
    let left = match left.as_secs() {
        30 => "half a minute".to_owned(),
        60 => "a minute".to_owned(),
        seconds if seconds % 60 == 0 => format!("{} minutes", seconds / 60),
        seconds => format!("{seconds} seconds"),
    };
    format!("The call has to end in {left}. Tell the caller so in one short sentence, then let them speak.")
}

impl CallSession {
    pub(super) fn set_limits(&mut self, now: Instant) {
        let over = self.began + self.policy.max_duration;
        self.timers.set(Timer::MaxDuration, Some(over));
        // Of a call that is short by design nobody needs to be warned.
        let warn = self.policy.max_duration > self.policy.end_warning * 2;
        self.timers.set(Timer::EndWarning, over.checked_sub(self.policy.end_warning).filter(|_| warn));
        self.timers.set(Timer::MediaSilence, Some(now + self.policy.media_silence));
    }

    pub(super) fn on_timeout(&mut self, now: Instant) {
        while let Some(timer) = self.timers.pop(now) {
            self.due(now, timer);
            if self.phase != Phase::Live {
                break;
            }
        }
    }

    fn due(&mut self, now: Instant, timer: Timer) {
        match timer {
            Timer::TopUp | Timer::Winding => {}
            Timer::MarkOverdue => self.marks_overdue(now),
            Timer::Gap => self.pad_gap(now),
            Timer::Confirm => self.doubt_less(),
            Timer::Turn => self.force_turn(now),
            Timer::MediaSilence => self.wind_up(now, HangupCause::MediaSilent),
            Timer::Opening => self.wind_up(now, HangupCause::ModelUnavailable),
            Timer::HumanWait => self.greet(now),
            Timer::ModelSilence => self.model_lost(now, true),
            Timer::Patience => self.patience_over(now),
            Timer::Retry => self.retry_answer(now),
            Timer::Renew => self.open_standby(),
            Timer::Rotate => self.stream_is_old(now),
            Timer::Tool => self.tools_overdue(now),
            Timer::Keys => self.tell_keys(now),
            Timer::Comfort => self.comfort(now),
            Timer::HoldOver => self.end_hold(now, true),
            Timer::Idle => self.caller_idle(now),
            Timer::EndWarning => self.warn_of_end(now),
            Timer::MaxDuration => self.time_is_up(now),
            Timer::Goodbye => self.wind_up(now, self.closing.unwrap_or(HangupCause::AssistantEnded)),
        }
    }

    pub(super) fn arm(&mut self, now: Instant) {
        let owed = self.model_owes();
        let top_up = self.playback.next_pump(now, self.policy.lead).filter(|_| !self.holds_up());
        self.timers.set(Timer::TopUp, top_up);
        self.timers.set(Timer::MarkOverdue, self.playback.overdue_at(self.policy.mark_grace));
        self.timers.set(Timer::Tool, self.tools.next_due());
        let patience = self.patience_due();
        self.timers.set(Timer::Patience, patience);
        self.while_so(Timer::ModelSilence, owed && self.link.is_ready(), now + self.policy.model_silence);
        self.while_so(Timer::Turn, self.turn.caller_speaks(), now + self.policy.max_turn);
        let idle = self.link.is_ready() && !owed && self.closing.is_none() && self.hold.is_none() && self.nobody_speaks();
        self.while_so(Timer::Idle, idle, now + self.policy.idle);
        let goodbye = now + self.policy.goodbye + self.playback.left(now);
        self.while_so(Timer::Goodbye, self.closing.is_some(), goodbye);
    }

    /// The timer runs from the moment that something is so until it is not.
    fn while_so(&mut self, timer: Timer, so: bool, at: Instant) {
        if so { self.timers.set_if_unset(timer, at) } else { self.timers.set(timer, None) }
    }

    /// Unless the caller has begun to speak: then the next answer is to that.
    fn retry_answer(&mut self, now: Instant) {
        if !self.turn.caller_speaks() && self.lane.is_free() {
            self.request(now, None);
        }
    }

    fn caller_idle(&mut self, now: Instant) {
        self.turn.prompts += 1;
        if self.turn.prompts <= PROMPTS {
            return self.request(now, Some(CHECK_ON_CALLER.to_owned()));
        }
        self.request(now, Some(SAY_GOODBYE.to_owned()));
        self.close(HangupCause::CallerIdle);
    }

    fn warn_of_end(&mut self, now: Instant) {
        if self.nobody_speaks() && self.link.is_ready() && !self.model_owes() {
            return self.request(now, Some(nearly_over(self.policy.end_warning)));
        }
        self.timers.set(Timer::EndWarning, Some(now + WARN_AGAIN));
    }

    /// A server that never hears the end of a turn is told of it.
    fn force_turn(&mut self, now: Instant) {
        self.event(now, Note::TurnForced);
        let event_id = self.lane.event_id("commit");
        self.model(ModelCommand::Commit { event_id });
        self.turn.speech_stopped(now);
        self.turn.wants_request = true;
    }

    /// What may turn out to be a cough only holds the answer up.
    pub(super) fn holds_up(&self) -> bool {
        self.doubt.is_some_and(|doubt| doubt.holds)
    }

    pub(super) fn model_owes(&self) -> bool {
        self.lane.is_busy() || self.turn.awaiting_answer()
    }
}
