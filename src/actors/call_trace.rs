//! The spans of one stream of a call: itself, its turns, the responses of the model. No word that was said is in them.
//!
//! Names as far as there are any: <https://opentelemetry.io/docs/specs/semconv/gen-ai/>

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use super::call::CallBrief;
use super::clock;
use crate::session::event::{Input, ItemId, ModelEvent, ResponseId, ResponseStatus, Speaker, Turn, TurnKind, Usage};
use crate::telemetry::trace::{KeyValue, SpanKind, Start, Trace};
use crate::types::{CallStatus, HangupCause};

/// Kept outside of the session: it survives a panic.
pub struct CallTrace {
    span: Trace,
    model: String,
    /// The same moment on both clocks: the start of the call's first stream.
    began: (Instant, SystemTime),
    responses: HashMap<ResponseId, Trace>,
    /// Turns that are told or, where they have not ended, when they began.
    turns: HashMap<u32, Option<OpenTurn>>,
}

#[derive(Clone, Debug)]
struct OpenTurn {
    speaker: Speaker,
    item: Option<ItemId>,
    started: Duration,
}

impl CallTrace {
    pub fn begin(brief: &CallBrief, began: Instant) -> Self {
        let (now, model) = (SystemTime::from(clock::utc()), brief.policy.profile.model.clone());
        let since = clock::now().saturating_duration_since(began);
        let span = Trace::of_call(brief.call, || Start {
            name: format!("call {}", brief.direction),
            kind: SpanKind::Server,
            at: now,
            attributes: vec![
                KeyValue::new("call.id", brief.call.to_string()),
                KeyValue::new("call.direction", brief.direction.as_str()),
                KeyValue::new("call.epoch", brief.epoch.to_string()),
                KeyValue::new("gen_ai.agent.name", brief.assistant.clone()),
                KeyValue::new("gen_ai.request.model", model.clone()),
            ],
        });
        let began = (began, now.checked_sub(since).unwrap_or(now));
        Self { span, model, began, responses: HashMap::new(), turns: HashMap::new() }
    }

    /// What is done for the call is done within it.
    pub const fn span(&self) -> &Trace {
        &self.span
    }

    pub fn heard(&mut self, now: Instant, input: &Input) {
        if let Input::Model(event) = input
            && Trace::is_on()
        {
            self.model_said(self.moment(now), event);
        }
    }

    fn model_said(&mut self, at: SystemTime, event: &ModelEvent) {
        if let ModelEvent::ResponseCreated { response } = event {
            let span = self.span.child(|| self.response(response, at));
            self.responses.insert(response.clone(), span);
        } else if let ModelEvent::ResponseDone { response, status, usage } = event {
            self.done(response, status, *usage, at);
        } else if matches!(event, ModelEvent::Lost { .. }) {
            self.responses.drain().for_each(|(_, span)| {
                span.failed("model lost");
                span.end_at(at);
            });
        }
    }

    fn response(&self, response: &ResponseId, at: SystemTime) -> Start {
        let attributes = vec![
            KeyValue::new("gen_ai.operation.name", "chat"),
            KeyValue::new("gen_ai.provider.name", "openai"),
            KeyValue::new("gen_ai.request.model", self.model.clone()),
            KeyValue::new("gen_ai.response.id", response.to_string()),
        ];
        Start { name: format!("chat {}", self.model), kind: SpanKind::Client, at, attributes }
    }

    fn done(&mut self, response: &ResponseId, status: &ResponseStatus, usage: Usage, at: SystemTime) {
        let Some(span) = self.responses.remove(response) else { return };
        let tokens = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        span.note(KeyValue::new("gen_ai.usage.input_tokens", tokens(usage.text_in.saturating_add(usage.audio_in))));
        span.note(KeyValue::new("gen_ai.usage.output_tokens", tokens(usage.text_out.saturating_add(usage.audio_out))));
        span.note(KeyValue::new("gen_ai.response.status", status.as_str()));
        if matches!(status, ResponseStatus::Failed { .. }) {
            span.failed("response failed");
        }
        span.end_at(at);
    }

    /// Each once, as soon as it has ended.
    pub fn turn(&mut self, turn: &Turn) {
        if turn.kind != TurnKind::Message || !Trace::is_on() || matches!(self.turns.get(&turn.seq), Some(None)) {
            return;
        }
        let open = OpenTurn { speaker: turn.speaker, item: turn.item.clone(), started: turn.started };
        let Some(ended) = turn.ended else {
            self.turns.insert(turn.seq, Some(open));
            return;
        };
        let mut more = vec![KeyValue::new("turn.interrupted", turn.interrupted)];
        more.extend(turn.latency.map(|latency| KeyValue::new("turn.latency_ms", latency.as_secs_f64() * 1e3)));
        self.tell(turn.seq, open, self.began.1 + ended, more);
        self.turns.insert(turn.seq, None);
    }

    fn tell(&self, seq: u32, turn: OpenTurn, ended: SystemTime, more: Vec<KeyValue>) {
        let span = self.span.child(|| {
            let mut attributes = vec![KeyValue::new("turn.seq", i64::from(seq)), KeyValue::new("turn.speaker", turn.speaker.as_str())];
            attributes.extend(turn.item.map(|item| KeyValue::new("turn.item", item.to_string())));
            attributes.extend(more);
            Start { name: format!("turn {}", turn.speaker.as_str()), kind: SpanKind::Internal, at: self.began.1 + turn.started, attributes }
        });
        span.end_at(ended);
    }

    pub fn end(&mut self, cause: HangupCause) {
        let now = SystemTime::from(clock::utc());
        for (seq, turn) in std::mem::take(&mut self.turns) {
            if let Some(turn) = turn {
                self.tell(seq, turn, now, Vec::new());
            }
        }
        self.responses.drain().for_each(|(_, span)| span.end_at(now));
        self.span.note(KeyValue::new("call.ended_reason", cause.as_str()));
        if cause.status() == CallStatus::Failed {
            self.span.failed(cause.as_str());
        }
        std::mem::take(&mut self.span).end_at(now);
    }

    fn moment(&self, now: Instant) -> SystemTime {
        self.began.1 + now.saturating_duration_since(self.began.0)
    }
}
