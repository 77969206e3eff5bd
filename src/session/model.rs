//! What the model side means for the call.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::CallSession;
use super::event::{
    ErrorClass, ItemId, ItemKind, LegCommand, ModelCommand, ModelError, ModelEvent, Note, Output, Record, ResponseId, ResponseStatus, Usage,
};
use super::timer::Timer;
use crate::types::HangupCause;

/// Answers that may fail in a row before the call is given up.
const FAILURES: u32 = 3;
/// Before an answer that failed is asked for again: what limits there are is told only after the failure.
const BREATH: Duration = Duration::from_millis(250);
/// A caller does not wait longer than this for a limit of the vendor's.
const LONGEST_LIMIT: Duration = Duration::from_secs(10);

const CARRY_ON: &str = "The line dropped for a moment. Apologise in a few words, then go on where the conversation stopped.";

impl CallSession {
    pub(super) fn on_model(&mut self, now: Instant, event: ModelEvent) {
        self.timers.set(Timer::ModelSilence, None);
        let at = self.at(now);
        match event {
            ModelEvent::Opened => self.opened(),
            ModelEvent::Expires { within } => self.expires(now, within),
            ModelEvent::Ready => self.ready(now),
            ModelEvent::Refused(_) => self.model_refused(now),
            ModelEvent::Lost { retry, .. } => self.model_lost(now, retry),
            ModelEvent::SpeechStarted { item } => self.speech_started(now, &item),
            ModelEvent::SpeechStopped { item } => self.speech_stopped(now, &item),
            ModelEvent::ItemAdded { item, previous, kind } => {
                self.transcript.added(&item, previous, kind, at);
                if kind == ItemKind::User {
                    self.ask_for_answer(now);
                }
            }
            ModelEvent::UserText { item, text } => self.transcript.user_text(&item, text, at),
            ModelEvent::UserTextFailed { item } => self.transcript.user_text_failed(&item, at),
            ModelEvent::ResponseCreated { response } => self.response_created(response),
            ModelEvent::Audio { response, item, audio } => self.audio(now, &response, &item, &audio),
            ModelEvent::AudioDone { item } => self.playback.complete(&item),
            ModelEvent::Text { item, delta } => self.transcript.text(&item, &delta, at),
            ModelEvent::TextDone { item, text } => self.transcript.text_done(&item, text, at),
            ModelEvent::ToolCalled(call) => self.tool_called(now, call),
            ModelEvent::RemoteToolUsed { call, output } => {
                self.transcript.tool_called(&call, at);
                self.transcript.tool_answered(&call, &output, at);
            }
            ModelEvent::RateLimits { reset } => {
                if self.timers.is_set(Timer::Retry) {
                    self.timers.set(Timer::Retry, Some(now + reset.clamp(BREATH, LONGEST_LIMIT)));
                }
            }
            ModelEvent::ResponseDone { response, status, usage } => self.response_done(now, &response, status, usage),
            ModelEvent::Error(error) => self.model_error(now, &error),
        }
    }

    /// The phone is gone: only what the caller said still counts.
    pub(super) fn on_last_words(&mut self, now: Instant, event: ModelEvent) {
        let at = self.at(now);
        match event {
            ModelEvent::UserText { item, text } => self.transcript.user_text(&item, text, at),
            ModelEvent::UserTextFailed { item } => self.transcript.user_text_failed(&item, at),
            ModelEvent::ItemAdded { item, previous, kind } => self.transcript.added(&item, previous, kind, at),
            ModelEvent::TextDone { item, text } => self.transcript.text_done(&item, text, at),
            ModelEvent::SpeechStopped { item } => self.transcript.speech_stopped(&item, at),
            ModelEvent::ResponseDone { response, usage, .. } => self.usage(&response, usage),
            ModelEvent::Lost { .. } => self.transcript.settle(),
            ModelEvent::Opened
            | ModelEvent::Ready
            | ModelEvent::Refused(_)
            | ModelEvent::SpeechStarted { .. }
            | ModelEvent::ResponseCreated { .. }
            | ModelEvent::Audio { .. }
            | ModelEvent::AudioDone { .. }
            | ModelEvent::Text { .. }
            | ModelEvent::ToolCalled(_)
            | ModelEvent::Expires { .. }
            | ModelEvent::RemoteToolUsed { .. }
            | ModelEvent::RateLimits { .. }
            | ModelEvent::Error(_) => {}
        }
    }

    /// The model session is gone, or as good as gone: another one takes its place.
    pub(super) fn model_lost(&mut self, now: Instant, retry: bool) {
        let never_ready = !self.link.is_ready();
        let again = self.link.lost(now, self.policy.max_reconnects, self.policy.reconnect_pause).filter(|_| retry);
        let turns = (again.is_none() || never_ready) && self.turn_to_fallback(now);
        let Some(delay) = again.filter(|_| !turns).or_else(|| turns.then_some(Duration::ZERO)) else {
            return self.wind_up(now, HangupCause::ModelUnavailable);
        };
        self.forget_model(now);
        self.event(now, Note::ModelReconnected);
        self.open_model(now, delay);
    }

    /// It can be had, and is of no use.
    fn model_refused(&mut self, now: Instant) {
        if !self.turn_to_fallback(now) {
            return self.wind_up(now, HangupCause::ModelUnavailable);
        }
        self.forget_model(now);
        self.open_model(now, Duration::ZERO);
    }

    fn turn_to_fallback(&mut self, now: Instant) -> bool {
        let turns = self.policy.has_fallback && self.link.turn_to_fallback();
        if turns {
            self.timers.set(Timer::Opening, None);
            self.event(now, Note::FallbackUsed);
        }
        turns
    }

    /// What the session before knew, and what it still owed.
    fn forget_model(&mut self, now: Instant) {
        if self.lane.is_busy() {
            self.stop_half_an_answer(now);
        }
        for item in self.playback.outlive_model() {
            self.transcript.adopt(&item);
        }
        self.entrance.greeted &= self.sounded;
        self.history.owes_answer = self.entrance.greeted && self.owes_answer();
        self.lane.reset();
        self.turn.forget_speech();
        self.tools.forget_model();
        self.standby.forget();
        self.forget_turn_taking();
        self.doubt = None;
        self.transcript.settle();
        for timer in [Timer::Confirm, Timer::Retry, Timer::Renew] {
            self.timers.set(timer, None);
        }
    }

    /// The server says that speech has stopped once it has heard so much silence.
    pub(super) fn last_sound(&self, now: Instant) -> Instant {
        let silence = Duration::from_millis(self.policy.profile.turn_detection.known_silence_ms().into());
        now.checked_sub(silence).unwrap_or(now)
    }

    fn opened(&mut self) {
        if self.link.opened() {
            let (profile, turns) = (self.policy.profile.clone(), self.turn_taking());
            self.told_turn_taking();
            self.model(ModelCommand::Configure { profile, turns });
        }
    }

    /// The model listens: tell it what was said, then what it missed, then what it owes.
    fn ready(&mut self, now: Instant) {
        if !self.link.ready() {
            return;
        }
        self.timers.set(Timer::Opening, None);
        self.remind();
        if !self.entrance.shielded && self.hold.is_none() {
            self.send_kept_audio();
        }
        if std::mem::take(&mut self.history.owes_answer) {
            self.request(now, Some(CARRY_ON.to_owned()));
        } else {
            self.greet_by_model(now);
        }
        self.tell_keys(now);
    }

    fn stop_half_an_answer(&mut self, now: Instant) {
        if !self.playback.is_idle() {
            self.cut_playback(now);
            self.leg(LegCommand::Clear);
        }
    }

    fn response_created(&mut self, response: ResponseId) {
        self.turn.answer_began();
        self.lane.created(response);
        if self.turn.caller_speaks() {
            // Asked for before the caller began: nobody wants it now.
            let order = self.lane.cancel();
            self.order(order);
        }
    }

    fn audio(&mut self, now: Instant, response: &ResponseId, item: &ItemId, audio: &Bytes) {
        if !self.lane.is_active(response) {
            return self.note(Note::LateAudioDropped);
        }
        self.transcript.belongs(item, response, self.at(now));
        if !self.playback.push(response, item, audio, self.policy.max_queued_ms) {
            self.event(now, Note::PlaybackOverflow);
            self.playback.complete(item);
            let order = self.lane.cancel();
            self.order(order);
        }
    }

    fn response_done(&mut self, now: Instant, response: &ResponseId, status: ResponseStatus, usage: Usage) {
        self.playback.complete_response(response);
        self.turn.answer_began();
        self.usage(response, usage);
        let order = self.lane.done(response);
        self.order(order);
        match status {
            ResponseStatus::Completed | ResponseStatus::Cancelled | ResponseStatus::Incomplete => self.turn.failures = 0,
            ResponseStatus::Failed { retry, .. } => self.answer_failed(now, retry),
        }
    }

    fn answer_failed(&mut self, now: Instant, retry: bool) {
        self.event(now, Note::ModelError);
        self.turn.failures += 1;
        if !retry || self.turn.failures >= FAILURES {
            return self.model_refused(now);
        }
        self.timers.set(Timer::Retry, Some(now + BREATH));
    }

    fn model_error(&mut self, now: Instant, error: &ModelError) {
        match error.class {
            ErrorClass::Benign => {}
            ErrorClass::LaneTaken => {
                self.note(Note::LaneTaken);
                self.lane.taken();
            }
            ErrorClass::NothingToCancel => {
                let order = self.lane.nothing_to_cancel();
                self.order(order);
            }
            ErrorClass::Fatal => self.model_refused(now),
            ErrorClass::OurFault => self.event(now, Note::ModelError),
            ErrorClass::Transient => {
                self.event(now, Note::ModelError);
                if self.lane.request_failed() {
                    self.answer_failed(now, true);
                }
            }
        }
    }

    fn usage(&mut self, response: &ResponseId, usage: Usage) {
        if usage != Usage::default() {
            self.transcript.spent(response, usage.tokens());
            self.outputs.push_back(Output::Record(Record::Usage(usage)));
        }
    }
}
