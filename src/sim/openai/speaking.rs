//! The model's side of a session: responses begun, spoken step by step, cancelled, failed.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::brain::{self, END_CALL, Reply};
use super::config;
use super::conversation::{Item, Kind, speech_tokens, text_tokens};
use super::response::{Output, Part, Speaking, Stage, Step, plan};
use super::script::{Fate, Saying};
use super::session::{Blame, Later, Out, Outcome, Session};
use super::shape::Fault;
use crate::audio::duration_ms;

/// Captured sessions show the rate limits this long after `response.done`.
const RATE_LIMITS_AFTER: Duration = Duration::from_millis(40);

impl Session {
    pub(super) fn create_response(&mut self, now: Duration, options: &Value) -> Outcome {
        let aside = is_aside(options);
        if let Some(fault) = self.lane_taken().filter(|_| !aside) {
            let raced = self.active.iter().any(|speaking| speaking.by_vad);
            return Err((if raced { Blame::Race } else { Blame::Client }, fault));
        }
        let instructions = options.get("instructions").and_then(Value::as_str);
        let reply = self.reply_to(instructions);
        self.begin_response(now, reply, false, options);
        Ok(())
    }

    /// What the script has for this, or what the model thinks of by itself.
    pub(super) fn reply_to(&self, instructions: Option<&str>) -> Reply {
        let scripted = self.control.take_reply(&brain::occasion(&self.conversation, instructions));
        let by_itself = || instructions.map_or_else(|| brain::reply(&self.conversation), brain::instructed);
        scripted.map_or_else(by_itself, Reply::from)
    }

    pub(super) fn cancel_response(&mut self, now: Duration, id: Option<&str>) -> Outcome {
        let found = self.active.iter().position(|speaking| id.map_or(!speaking.aside, |id| speaking.id == id));
        let Some(at) = found else {
            let message = "Cancellation failed: no active response found";
            return Err((Blame::Race, Fault::bare("response_cancel_not_active", message)));
        };
        let speaking = self.active.remove(at);
        self.finish_cancelled(now, speaking, "client_cancelled");
        Ok(())
    }

    /// Cancels what is being said to the conversation, if anything is.
    pub(super) fn cancel_active(&mut self, now: Duration, reason: &str) {
        if let Some(at) = self.active.iter().position(|speaking| !speaking.aside) {
            let speaking = self.active.remove(at);
            self.finish_cancelled(now, speaking, reason);
        }
    }

    /// Why the conversation can take no other response now.
    pub(super) fn lane_taken(&self) -> Option<Fault> {
        let active = self.active.iter().find(|speaking| !speaking.aside)?;
        let message = format!(
            "Conversation already has an active response in progress: {}. Wait until the response is finished before creating a new one.",
            active.id
        );
        Some(Fault::bare("conversation_already_has_active_response", &message))
    }

    pub(super) fn begin_response(&mut self, now: Duration, reply: Reply, by_vad: bool, options: &Value) {
        if !config::speaks_mulaw(&self.config) {
            self.violation(now, "a response while the output format is not audio/pcmu");
        }
        if reply.fate == Fate::Ignored {
            return;
        }
        let failure = self.failure(now, by_vad);
        let (stuck, think) = (reply.fate == Fate::Stuck, reply.think.unwrap_or(self.settings.think));
        let outputs = if failure.is_some() || stuck { Vec::new() } else { self.outputs(reply, options) };
        let speaking = Speaking {
            id: self.name("resp"),
            by_vad,
            aside: is_aside(options),
            metadata: options.get("metadata").cloned().unwrap_or_default(),
            steps: if stuck { VecDeque::new() } else { plan(&outputs, now + think, self.settings.speed) },
            outputs,
            failure,
        };
        let response = self.response(&speaking, "in_progress", &Value::Null, &Value::Null);
        self.emit("response.created", json!({"response": response}));
        self.active.push(speaking);
    }

    fn outputs(&mut self, reply: Reply, options: &Value) -> Vec<Output> {
        let modalities = options.get("output_modalities").or_else(|| self.config.get("output_modalities"));
        let written = modalities.is_some_and(|modalities| *modalities == json!(["text"]));
        reply.outputs.into_iter().filter_map(|saying| self.output(saying, written)).collect()
    }

    fn output(&mut self, saying: Saying, written: bool) -> Option<Output> {
        let item = self.name("item");
        match saying {
            Saying::Say(text) if written => Some(Output::new(item, Part::Text(text))),
            Saying::Say(text) => Some(Output::speech(item, text)),
            Saying::Call { name, .. } if name == END_CALL && !config::has_tool(&self.config, END_CALL) => None,
            Saying::Call { name, arguments } => {
                let call_id = self.name("call");
                Some(Output::new(item, Part::Call { call_id, name, arguments }))
            }
            Saying::Remote { server, name, arguments, output } => Some(Output::new(item, Part::Remote { server, name, arguments, output })),
        }
    }

    /// The code of a response that has to fail. Who asks again before the limit is reset is at fault.
    fn failure(&self, now: Duration, by_vad: bool) -> Option<String> {
        match self.control.take_limit(now) {
            None => self.control.take_failure(),
            Some(again) => {
                if again && !by_vad {
                    self.violation(now, "a response was asked for before the rate limit was reset");
                }
                Some("rate_limit_exceeded".to_owned())
            }
        }
    }

    /// Takes the next step of the response at this place.
    pub(super) fn step(&mut self, now: Duration, at: usize) {
        let mut speaking = self.active.remove(at);
        let Some((_, step)) = speaking.steps.pop_front() else { return };
        match step {
            Step::Begin(n) => self.begin_output(&mut speaking, n),
            Step::Text(n, delta) => self.say_text(&mut speaking, n, &delta),
            Step::Audio(n, range) => self.say_audio(now, &mut speaking, n, range),
            Step::Arguments(n) => self.say_arguments(&speaking, n),
            Step::Finish(n) => self.finish_output(&mut speaking, n, Stage::Complete),
            Step::End => return self.finish_response(now, &speaking),
        }
        self.active.insert(at, speaking);
    }

    fn begin_output(&mut self, speaking: &mut Speaking, n: usize) {
        let Some(output) = speaking.outputs.get_mut(n) else { return };
        output.stage = Stage::Begun;
        let body = output.body("in_progress");
        self.emit("response.output_item.added", json!({"response_id": speaking.id, "output_index": n, "item": body}));
        if !speaking.aside {
            let previous = self.conversation.last_id().map(str::to_owned);
            self.emit("conversation.item.added", json!({"previous_item_id": previous, "item": body}));
            self.conversation.push(item_of(output));
        }
        match &output.part {
            Part::Speech { text, .. } => self.note(|report| report.spoken.push(text.clone())),
            Part::Text(_) => {}
            Part::Remote { .. } => {
                let place = json!({"item_id": output.item, "output_index": n});
                return self.emit("response.mcp_call.in_progress", place);
            }
            Part::Call { .. } => return,
        }
        let event = place(&speaking.id, output, n, json!({"part": output.content_part()}));
        self.emit("response.content_part.added", event);
    }

    fn say_text(&mut self, speaking: &mut Speaking, n: usize, delta: &str) {
        let Some(output) = speaking.outputs.get_mut(n) else { return };
        output.said.push_str(delta);
        let event = place(&speaking.id, output, n, json!({"delta": delta}));
        self.emit(&format!("{}.delta", text_event(output)), event);
    }

    fn say_audio(&mut self, now: Duration, speaking: &mut Speaking, n: usize, range: Range<usize>) {
        let first = speaking.outputs.iter().all(|output| output.sent == 0);
        let Some(output) = speaking.outputs.get_mut(n) else { return };
        self.send_audio(&speaking.id, output, n, range);
        if first && !speaking.aside {
            self.note_answer(now);
        }
        let sent = speaking.outputs.iter().map(|output| output.sent).sum();
        if self.control.take_kill(duration_ms(sent)) {
            self.end(now, Out::Drop);
        }
    }

    fn send_audio(&mut self, response: &str, output: &mut Output, n: usize, range: Range<usize>) {
        let Part::Speech { audio, .. } = &output.part else { return };
        let Some(piece) = audio.get(range) else { return };
        output.sent += piece.len();
        let event = place(response, output, n, json!({"delta": STANDARD.encode(piece)}));
        self.emit("response.output_audio.delta", event);
        self.voice_used = true;
        if let Some(Kind::Spoken { bytes }) = self.conversation.get_mut(&output.item).map(|item| &mut item.kind) {
            *bytes = output.sent;
        }
        self.note(|report| {
            report.sent_ms.insert(output.item.clone(), duration_ms(output.sent));
        });
    }

    fn say_arguments(&mut self, speaking: &Speaking, n: usize) {
        let Some(output) = speaking.outputs.get(n) else { return };
        let place = json!({"response_id": speaking.id, "item_id": output.item, "output_index": n});
        match &output.part {
            Part::Call { call_id, name, arguments } => {
                let place = |fields: Value| joined(joined(place.clone(), json!({"call_id": call_id})), fields);
                self.emit("response.function_call_arguments.delta", place(json!({"delta": arguments})));
                self.emit("response.function_call_arguments.done", place(json!({"name": name, "arguments": arguments})));
            }
            Part::Remote { arguments, .. } => {
                self.emit("response.mcp_call_arguments.delta", joined(place.clone(), json!({"delta": arguments})));
                self.emit("response.mcp_call_arguments.done", joined(place, json!({"arguments": arguments})));
                self.emit("response.mcp_call.completed", json!({"item_id": output.item, "output_index": n}));
            }
            Part::Speech { .. } | Part::Text(_) => {}
        }
    }

    fn finish_output(&mut self, speaking: &mut Speaking, n: usize, stage: Stage) {
        let Some(output) = speaking.outputs.get_mut(n) else { return };
        output.stage = stage;
        self.finish_content(&speaking.id, output, n);
        let body = output.body(stage.as_str());
        if let Some(item) = self.conversation.get_mut(&output.item) {
            item.body = body.clone();
            let previous = self.conversation.previous_of(&output.item).map(str::to_owned);
            self.emit("conversation.item.done", json!({"previous_item_id": previous, "item": body}));
        }
        self.emit("response.output_item.done", json!({"response_id": speaking.id, "output_index": n, "item": body}));
    }

    fn finish_content(&mut self, response: &str, output: &Output, n: usize) {
        let text = match &output.part {
            Part::Speech { .. } => {
                self.emit("response.output_audio.done", place(response, output, n, json!({})));
                json!({"transcript": output.said})
            }
            Part::Text(_) => json!({"text": output.said}),
            Part::Call { .. } | Part::Remote { .. } => return,
        };
        self.emit(&format!("{}.done", text_event(output)), place(response, output, n, text));
        self.emit("response.content_part.done", place(response, output, n, json!({"part": output.content_part()})));
    }

    fn finish_response(&mut self, now: Duration, speaking: &Speaking) {
        match &speaking.failure {
            Some(code) => {
                let error = json!({"type": failure_type(code), "code": code, "message": "The response failed."});
                self.done(now, speaking, "failed", &json!({"type": "failed", "error": error}));
            }
            None => self.done(now, speaking, "completed", &Value::Null),
        }
    }

    /// Every other cancelled response skips the closing events of its item, as real ones do.
    fn finish_cancelled(&mut self, now: Duration, mut speaking: Speaking, reason: &str) {
        self.cancelled += 1;
        if let Some(n) = speaking.outputs.iter().position(|output| output.stage == Stage::Begun) {
            self.cut_output(&mut speaking, n);
        }
        self.done(now, &speaking, "cancelled", &json!({"type": "cancelled", "reason": reason}));
        if self.control.sends_late_delta(self.cancelled) {
            self.send_late_delta(&mut speaking);
        }
    }

    fn cut_output(&mut self, speaking: &mut Speaking, n: usize) {
        if self.cancelled.is_multiple_of(2) {
            return self.finish_output(speaking, n, Stage::Cut);
        }
        let Some(output) = speaking.outputs.get_mut(n) else { return };
        output.stage = Stage::Cut;
        if let Some(item) = self.conversation.get_mut(&output.item) {
            item.body = output.body(output.stage.as_str());
        }
    }

    fn send_late_delta(&mut self, speaking: &mut Speaking) {
        let next = speaking.steps.iter().find_map(|(_, step)| match step {
            Step::Audio(n, range) => Some((*n, range.clone())),
            Step::Begin(_) | Step::Text(..) | Step::Arguments(_) | Step::Finish(_) | Step::End => None,
        });
        let Some((n, range)) = next else { return };
        let Some(output) = speaking.outputs.get_mut(n).filter(|output| output.stage != Stage::Ahead) else { return };
        self.send_audio(&speaking.id, output, n, range);
    }

    fn done(&mut self, now: Duration, speaking: &Speaking, status: &'static str, details: &Value) {
        let usage = self.usage(speaking);
        let response = self.response(speaking, status, details, &usage);
        self.note(|report| {
            report.responses.push(status);
            report.usages.push(usage);
        });
        self.emit("response.done", json!({"response": response}));
        let reset = self.control.limit_left(now);
        self.later(now + RATE_LIMITS_AFTER, Later::RateLimits { reset });
    }

    fn response(&self, speaking: &Speaking, status: &str, details: &Value, usage: &Value) -> Value {
        let begun = speaking.outputs.iter().filter(|output| output.stage != Stage::Ahead);
        let items: Vec<_> = begun.map(|output| output.body(output.stage.as_str())).collect();
        let conversation = (!speaking.aside).then(|| format!("conv_{}", self.number));
        let output = self.config.pointer("/audio/output");
        let of_output = |key: &str| output.and_then(|output| output.get(key));
        json!({
            "object": "realtime.response", "id": speaking.id, "status": status, "status_details": details, "output": items,
            "conversation_id": conversation, "output_modalities": self.config.get("output_modalities"),
            "max_output_tokens": self.config.get("max_output_tokens"),
            "audio": {"output": {"format": of_output("format"), "voice": of_output("voice")}},
            "usage": usage, "metadata": speaking.metadata,
        })
    }

    /// The whole conversation is input again, what came before as cached tokens.
    fn usage(&mut self, speaking: &Speaking) -> Value {
        let instructions = self.config.get("instructions").and_then(Value::as_str).unwrap_or_default();
        let mut input = self.conversation.tokens();
        input.text += text_tokens(instructions);
        let cached = std::mem::replace(&mut self.cached, input);
        let (cached_text, cached_audio) = (cached.text.min(input.text), cached.audio.min(input.audio));
        let text_out: u64 = speaking.outputs.iter().map(|output| text_tokens(&output.said)).sum();
        let audio_out: u64 = speaking.outputs.iter().map(|output| speech_tokens(duration_ms(output.sent))).sum();
        json!({
            "total_tokens": input.text + input.audio + text_out + audio_out,
            "input_tokens": input.text + input.audio, "output_tokens": text_out + audio_out,
            "input_token_details": {
                "text_tokens": input.text, "audio_tokens": input.audio, "image_tokens": 0,
                "cached_tokens": cached_text + cached_audio,
                "cached_tokens_details": {"text_tokens": cached_text, "audio_tokens": cached_audio, "image_tokens": 0},
            },
            "output_token_details": {"text_tokens": text_out, "audio_tokens": audio_out},
        })
    }
}

fn is_aside(options: &Value) -> bool {
    options.get("conversation").and_then(Value::as_str) == Some("none")
}

fn item_of(output: &Output) -> Item {
    match &output.part {
        Part::Speech { .. } | Part::Text(_) => Item::spoken(&output.item),
        Part::Call { call_id, name, .. } => Item::call(&output.item, call_id, name),
        Part::Remote { .. } => Item::listed(&output.item, output.body("in_progress")),
    }
}

const fn text_event(output: &Output) -> &'static str {
    match output.part {
        Part::Speech { .. } => "response.output_audio_transcript",
        Part::Text(_) | Part::Call { .. } | Part::Remote { .. } => "response.output_text",
    }
}

/// Where in a response an event belongs, and its own fields.
fn place(response: &str, output: &Output, n: usize, fields: Value) -> Value {
    joined(json!({"response_id": response, "item_id": output.item, "output_index": n, "content_index": 0}), fields)
}

fn joined(mut place: Value, mut fields: Value) -> Value {
    if let (Some(place), Some(fields)) = (place.as_object_mut(), fields.as_object_mut()) {
        place.append(fields);
    }
    place
}

fn failure_type(code: &str) -> &'static str {
    match code {
        "rate_limit_exceeded" => "tokens",
        "insufficient_quota" => "insufficient_quota",
        "server_error" | "slow_down" | "server_is_overloaded" => "server_error",
        _ => "invalid_request_error",
    }
}
