//! One model session, without its socket: text in, events out, one timer. Time is an argument.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::FakeOpenAiSettings;
use super::control::{OpenAiControl, SessionReport};
use super::conversation::{Conversation, Item, Tokens};
use super::response::Speaking;
use super::script::Writing;
use super::shape::Fault;
use super::vad::{Ear, TurnDetection};
use super::{config, validate};
use crate::sim::imprint::Gathered;

/// What the socket is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Out {
    Send(String),
    Close(u16, String),
    /// The connection breaks off.
    Drop,
}

/// What is to happen by itself, later.
pub(super) enum Later {
    Updated,
    Transcribe {
        item: String,
        loud_ms: u64,
        writing: Writing,
    },
    /// With the time until they are reset, if they were exceeded.
    RateLimits {
        reset: Option<Duration>,
    },
    Expire,
}

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    Client,
    /// Two messages crossed; no client can avoid it.
    Race,
}

pub(super) struct Session {
    pub(super) control: OpenAiControl,
    pub(super) number: usize,
    pub(super) settings: FakeOpenAiSettings,
    /// The effective session, as `session.updated` shows it.
    pub(super) config: Value,
    pub(super) configured: bool,
    pub(super) conversation: Conversation,
    pub(super) ear: Ear,
    /// The item that the caller is speaking.
    pub(super) turn: Option<String>,
    pub(super) active: Vec<Speaking>,
    /// Assistant audio is present, so the voice is fixed.
    pub(super) voice_used: bool,
    pub(super) cancelled: u64,
    pub(super) cached: Tokens,
    /// What the phone says of itself.
    pub(super) tag: Option<Gathered>,
    /// Remote servers that were asked for their tools.
    listed: Vec<String>,
    appended: usize,
    later: Vec<(Duration, Later)>,
    out: VecDeque<Out>,
    names: u64,
    ended: bool,
}

impl Session {
    pub(super) fn new(control: OpenAiControl, mut settings: FakeOpenAiSettings, model: &str, now: Duration) -> Self {
        settings.session_cap = control.take_cap().unwrap_or(settings.session_cap);
        let report = SessionReport { connected_at: now, model: model.to_owned(), ..SessionReport::default() };
        let number = control.open_session(report);
        let config = config::default(&format!("sess_{number}"), model, epoch_seconds() + settings.session_cap.as_secs());
        let config = settings.dialect.begin(config);
        let mut session = Self {
            control,
            number,
            later: vec![(now + settings.session_cap, Later::Expire)],
            settings,
            config,
            configured: false,
            conversation: Conversation::default(),
            ear: Ear::default(),
            turn: None,
            active: Vec::new(),
            voice_used: false,
            cancelled: 0,
            cached: Tokens::default(),
            tag: None,
            listed: Vec::new(),
            appended: 0,
            out: VecDeque::new(),
            names: 0,
            ended: false,
        };
        session.ear.set_detection(session.turn_detection());
        session.emit("session.created", json!({"session": session.settings.dialect.shown(&session.config)}));
        session
    }

    pub(super) fn handle_text(&mut self, now: Duration, text: &str) {
        if self.ended {
            return;
        }
        match serde_json::from_str::<Value>(text) {
            Ok(event) => self.handle_event(now, event),
            Err(_) => self.refuse(now, Blame::Client, Fault::bare("invalid_json", "The message is not valid JSON."), &Value::Null),
        }
    }

    pub(super) fn handle_binary(&mut self, now: Duration) {
        let fault = Fault::bare("invalid_event", "Binary messages are not supported: send JSON text.");
        self.refuse(now, Blame::Client, fault, &Value::Null);
    }

    pub(super) fn poll_output(&mut self) -> Option<Out> {
        self.out.pop_front()
    }

    pub(super) fn poll_timeout(&self) -> Option<Duration> {
        let later = self.later.iter().map(|(at, _)| *at);
        let steps = self.active.iter().filter_map(|speaking| speaking.steps.front().map(|(at, _)| *at));
        if self.ended { None } else { later.chain(steps).min() }
    }

    /// Does, in order of time, everything that is due.
    pub(super) fn handle_timeout(&mut self, now: Duration) {
        while let Some(due) = self.poll_timeout().filter(|due| *due <= now) {
            if let Some(at) = self.later.iter().position(|(at, _)| *at == due) {
                let (_, later) = self.later.remove(at);
                self.perform(now, later);
            } else if let Some(at) = self.active.iter().position(|speaking| speaking.steps.front().is_some_and(|(at, _)| *at == due)) {
                self.step(now, at);
            }
        }
    }

    fn handle_event(&mut self, now: Duration, event: Value) {
        let id = event.get("event_id").cloned().unwrap_or_default();
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let handled = if kind == "input_audio_buffer.append" { self.append(now, &event) } else { self.dispatch(now, &kind, event) };
        if let Err((blame, fault)) = handled {
            self.refuse(now, blame, fault, &id);
        }
    }

    fn dispatch(&mut self, now: Duration, kind: &str, event: Value) -> Outcome {
        validate::event(self.settings.dialect, kind, &event).map_err(|fault| (Blame::Client, fault))?;
        let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
        match kind {
            "session.update" => self.update(now, event.get("session").unwrap_or(&Value::Null)),
            "input_audio_buffer.commit" => self.commit(now),
            "input_audio_buffer.clear" => self.clear(),
            "conversation.item.create" => self.create_item(event),
            "conversation.item.retrieve" => self.retrieve_item(text("item_id")),
            "conversation.item.delete" => self.delete_item(text("item_id")),
            "conversation.item.truncate" => {
                self.truncate_item(text("item_id"), event.get("audio_end_ms").and_then(Value::as_u64).unwrap_or_default())
            }
            "response.create" => self.create_response(now, event.get("response").unwrap_or(&Value::Null)),
            "response.cancel" => self.cancel_response(now, event.get("response_id").and_then(Value::as_str)),
            _ => Ok(()),
        }
    }

    fn update(&mut self, now: Duration, changes: &Value) -> Outcome {
        let changes = &self.settings.dialect.nested(changes.clone());
        config::permit(&self.config, changes, self.voice_used).map_err(|fault| (Blame::Client, fault))?;
        if self.control.take_refusal() {
            return Err((Blame::Race, Fault::new("invalid_value", "session", "The simulator refuses this configuration.".to_owned())));
        }
        config::merge(&mut self.config, changes);
        let detection = self.turn_detection();
        if detection != self.ear.detection() {
            self.ear.set_detection(detection);
        }
        self.later(now + self.settings.configure, Later::Updated);
        Ok(())
    }

    fn perform(&mut self, now: Duration, later: Later) {
        match later {
            Later::Updated => {
                self.configured = true;
                let instructions = self.config.get("instructions").and_then(Value::as_str).unwrap_or_default().to_owned();
                self.note(|report| (report.configured, report.instructions) = (true, instructions));
                let mut shown = self.settings.dialect.shown(&self.config);
                if let Some(format) =
                    self.control.other_format().and_then(|other| Some((shown.pointer_mut("/audio/output/format")?, other)))
                {
                    *format.0 = json!({"type": format.1});
                }
                self.emit("session.updated", json!({"session": shown}));
                self.note(|report| report.config = self.config.clone());
                self.list_remote_tools();
            }
            Later::Transcribe { item, loud_ms, writing } => self.transcribe(&item, loud_ms, writing),
            Later::RateLimits { reset } => {
                let (remaining, seconds) = reset.map_or((39_716, 0.4), |reset| (0, reset.as_secs_f64()));
                let limits = json!([{"name": "tokens", "limit": 40_000, "remaining": remaining, "reset_seconds": seconds}]);
                self.emit("rate_limits.updated", json!({"rate_limits": limits}));
            }
            Later::Expire => self.expire(now),
        }
    }

    fn turn_detection(&self) -> Option<TurnDetection> {
        config::turn_detection(&self.config, self.settings.semantic_unit)
    }

    /// Asks every remote server that is new for its tools.
    fn list_remote_tools(&mut self) {
        let servers = config::remote_servers(&self.config);
        let new: Vec<String> = servers.into_iter().filter(|server| !self.listed.contains(server)).collect();
        for server in new {
            let id = self.name("item");
            let tools = json!([{"name": "look_up", "description": "Looks something up.", "input_schema": {"type": "object"}}]);
            let body = json!({"id": id, "object": "realtime.item", "type": "mcp_list_tools", "server_label": server, "tools": tools});
            self.emit("mcp_list_tools.in_progress", json!({"item_id": id}));
            let previous = self.conversation.last_id().map(str::to_owned);
            self.announce(&body, previous.as_deref());
            self.conversation.push(Item::listed(&id, body));
            self.emit("mcp_list_tools.completed", json!({"item_id": id}));
            self.listed.push(server);
        }
    }

    /// Ends by itself after so long, whatever it said of that.
    pub(super) fn expire_after(&mut self, now: Duration, after: Duration) {
        self.later(now + after, Later::Expire);
    }

    fn expire(&mut self, now: Duration) {
        let message = "Your session hit the maximum duration of 60 minutes.";
        self.error(&Fault::bare("session_expired", message), &Value::Null);
        self.end(now, Out::Close(1001, message.to_owned()));
    }
}

/// What became of a client event.
pub(super) type Outcome = Result<(), (Blame, Fault)>;

/// For an error that a correct client never causes.
pub(super) fn client_fault<T>(fault: Fault) -> Result<T, (Blame, Fault)> {
    Err((Blame::Client, fault))
}

/// What the parts of the session share.
impl Session {
    pub(super) fn emit(&mut self, kind: &str, mut event: Value) {
        if self.ended {
            return;
        }
        let Some(kind) = self.settings.dialect.name_of(kind) else { return };
        let id = self.name("event");
        if let Some(fields) = event.as_object_mut() {
            fields.insert("type".to_owned(), kind.into());
            fields.insert("event_id".to_owned(), id.into());
        }
        self.out.push_back(Out::Send(event.to_string()));
    }

    /// A new id, unique within the simulator.
    pub(super) fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}_{}x{}", self.number, self.names)
    }

    pub(super) fn later(&mut self, at: Duration, later: Later) {
        self.later.push((at, later));
    }

    pub(super) fn note(&self, write: impl FnOnce(&mut SessionReport)) {
        self.control.note(self.number, write);
    }

    pub(super) fn violation(&self, now: Duration, what: &str) {
        self.control.violation(now, format!("session {}: {what}", self.number));
    }

    pub(super) fn refuse(&mut self, now: Duration, blame: Blame, fault: Fault, event_id: &Value) {
        let what = format!("session {}: {}: {}", self.number, fault.code.unwrap_or("error"), fault.message);
        match blame {
            Blame::Client => self.control.violation(now, what),
            Blame::Race => self.control.race(now, what),
        }
        self.error(&fault, event_id);
    }

    pub(super) fn count_appended(&mut self, audio: &[u8]) {
        self.appended += audio.len();
        let ms = crate::audio::duration_ms(self.appended);
        let kept = if self.control.keeps_audio() { audio } else { &[] };
        self.note(|report| {
            report.appended_ms = ms;
            report.audio.extend(kept);
        });
    }

    /// The last thing that this session does.
    pub(super) fn end(&mut self, now: Duration, last: Out) {
        self.out.push_back(last);
        self.close(now);
    }

    /// The socket is gone, or about to go.
    pub(super) fn close(&mut self, now: Duration) {
        self.ended = true;
        self.note(|report| {
            report.ended.get_or_insert(now);
        });
    }

    fn error(&mut self, fault: &Fault, event_id: &Value) {
        self.emit(
            "error",
            json!({"error": {
                "type": "invalid_request_error", "code": fault.code, "message": fault.message,
                "param": fault.param, "event_id": event_id.as_str(),
            }}),
        );
    }
}

fn epoch_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
