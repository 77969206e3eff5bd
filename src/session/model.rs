//! What the model side means for the call.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::CallSession;
use super::event::{
    ErrorClass, ItemId, LegCommand, ModelCommand, ModelError, ModelEvent, Note, Output, Record, ResponseId, ResponseStatus, TurnTaking,
    Usage,
};
use super::timer::Timer;
use crate::types::HangupCause;

/// Messages that a new model session is told of what was said before.
const SEEDS: usize = 12;
/// Answers that may fail in a row before the call is given up.
const FAILURES: u32 = 3;

const CARRY_ON: &str = "The line dropped for a moment. Apologise in a few words, then go on where the conversation stopped.";

impl CallSession {
    pub(super) fn on_model(&mut self, now: Instant, event: ModelEvent) {
        self.timers.set(Timer::ModelSilence, None);
        let at = self.at(now);
        match event {
            ModelEvent::Opened => self.opened(),
            ModelEvent::Ready => self.ready(),
            ModelEvent::Refused(_) => self.wind_up(now, HangupCause::ModelUnavailable),
            ModelEvent::Lost { retry, .. } => self.model_lost(now, retry),
            ModelEvent::SpeechStarted { item } => self.barge_in(now, &item),
            ModelEvent::SpeechStopped { item } => {
                self.transcript.speech_stopped(&item, at);
                self.turn.speech_stopped(self.last_sound(now));
                self.timers.set(Timer::Gap, None);
            }
            ModelEvent::ItemAdded { item, previous, kind } => self.transcript.added(&item, previous, kind, at),
            ModelEvent::UserText { item, text } => self.transcript.user_text(&item, text, at),
            ModelEvent::UserTextFailed { item } => self.transcript.user_text_failed(&item, at),
            ModelEvent::ResponseCreated { response } => self.response_created(response),
            ModelEvent::Audio { response, item, audio } => self.audio(now, &response, &item, &audio),
            ModelEvent::AudioDone { item } => self.playback.complete(&item),
            ModelEvent::Text { item, delta } => self.transcript.text(&item, &delta, at),
            ModelEvent::TextDone { item, text } => self.transcript.text_done(&item, text, at),
            ModelEvent::ToolCalled(call) => self.tool_called(now, call),
            ModelEvent::Expires { .. } | ModelEvent::RemoteToolUsed { .. } | ModelEvent::RateLimits { .. } => {}
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
        let again = self.link.lost(now, self.policy.max_reconnects, self.policy.reconnect_pause);
        let Some(delay) = again.filter(|_| retry) else {
            return self.wind_up(now, HangupCause::ModelUnavailable);
        };
        if self.lane.is_busy() {
            self.stop_half_an_answer(now);
        }
        self.playback.complete_all();
        self.greeted &= self.sounded;
        self.history.owes_answer = self.greeted && self.owes_answer();
        self.lane.reset();
        self.turn.forget_speech();
        self.transcript.settle();
        self.event(now, Note::ModelReconnected);
        self.open_model(now, delay);
    }

    /// The server says that speech has stopped once it has heard so much silence.
    fn last_sound(&self, now: Instant) -> Instant {
        let silence = Duration::from_millis(self.policy.profile.turn_detection.silence_ms().into());
        now.checked_sub(silence).unwrap_or(now)
    }

    fn opened(&mut self) {
        if self.link.opened() {
            self.model(ModelCommand::Configure { profile: self.policy.profile.clone(), turns: TurnTaking::ByServer });
        }
    }

    /// The model listens: tell it what was said, then what it missed, then what it owes.
    fn ready(&mut self) {
        if !self.link.ready() {
            return;
        }
        self.timers.set(Timer::Opening, None);
        let messages = self.messages();
        let recent = messages.len().saturating_sub(SEEDS);
        for (number, message) in messages.iter().enumerate().skip(recent) {
            self.model(ModelCommand::Seed(message.seed(number)));
        }
        for audio in self.intake.flush() {
            self.outputs.push_back(Output::Model(ModelCommand::Append(audio)));
        }
        self.open_the_talk();
    }

    fn open_the_talk(&mut self) {
        if std::mem::take(&mut self.history.owes_answer) {
            self.request(Some(CARRY_ON.to_owned()));
        } else if !std::mem::replace(&mut self.greeted, true)
            && let Some(greeting) = self.policy.opening.greeting.as_ref().map(|phrase| phrase.text.as_str())
        {
            let instructions = format!("Say exactly this and nothing else: \"{greeting}\"");
            self.request(Some(instructions));
        }
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
            self.outputs.extend(order.map(Output::Model));
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
            self.outputs.extend(order.map(Output::Model));
        }
    }

    fn response_done(&mut self, now: Instant, response: &ResponseId, status: ResponseStatus, usage: Usage) {
        self.playback.complete_response(response);
        self.turn.answer_began();
        self.usage(response, usage);
        let order = self.lane.done(response);
        self.outputs.extend(order.map(Output::Model));
        match status {
            ResponseStatus::Completed | ResponseStatus::Cancelled | ResponseStatus::Incomplete => self.turn.failures = 0,
            ResponseStatus::Failed { retry, .. } => self.answer_failed(now, retry),
        }
    }

    fn answer_failed(&mut self, now: Instant, retry: bool) {
        self.event(now, Note::ModelError);
        self.turn.failures += 1;
        if !retry || self.turn.failures >= FAILURES {
            return self.wind_up(now, HangupCause::ModelUnavailable);
        }
        self.request(None);
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
                self.outputs.extend(order.map(Output::Model));
            }
            ErrorClass::Fatal => self.wind_up(now, HangupCause::ModelUnavailable),
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
