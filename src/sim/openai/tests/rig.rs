//! A session without a socket, on a clock of its own.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::audio::{FRAME_BYTES, FRAME_MS, silence};
use crate::sim::openai::control::OpenAiControl;
use crate::sim::openai::session::{Out, Session};
use crate::sim::openai::{Dialect, FakeOpenAiSettings, SessionReport};
use crate::sim::speech::clip;

pub(super) struct Rig {
    pub(super) control: OpenAiControl,
    pub(super) session: Session,
    pub(super) now: Duration,
    /// Everything the session said, in order.
    pub(super) seen: Vec<Out>,
}

/// A configuration as a phone engine sends it.
pub(super) fn phone() -> Value {
    json!({"type": "session.update", "event_id": "cfg_1", "session": {
        "type": "realtime", "instructions": "You answer calls for the clinic.", "output_modalities": ["audio"],
        "audio": {
            "input": {
                "format": {"type": "audio/pcmu"}, "transcription": {"model": "gpt-transcribe", "language": "en"}, "noise_reduction": null,
                "turn_detection": {
                    "type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500,
                    "create_response": true, "interrupt_response": true, "idle_timeout_ms": null,
                },
            },
            "output": {"format": {"type": "audio/pcmu"}, "voice": "marin", "speed": 1.0},
        },
        "tools": [{"type": "function", "name": "end_call", "description": "Hang up.", "parameters": {"type": "object", "properties": {}}}],
        "tool_choice": "auto", "max_output_tokens": 1024,
    }})
}

pub(super) fn append(audio: &[u8]) -> Value {
    json!({"type": "input_audio_buffer.append", "audio": STANDARD.encode(audio)})
}

impl Rig {
    pub(super) fn new() -> Self {
        Self::of(Dialect::OpenAi)
    }

    pub(super) fn of(dialect: Dialect) -> Self {
        let control = OpenAiControl::new();
        let settings = FakeOpenAiSettings { dialect, ..FakeOpenAiSettings::default() };
        let session = Session::new(control.clone(), settings, "gpt-realtime-2.1", Duration::ZERO);
        let mut rig = Self { control, session, now: Duration::ZERO, seen: Vec::new() };
        rig.drain();
        rig
    }

    /// After `session.updated`, with nothing seen.
    pub(super) fn configured() -> Self {
        let mut rig = Self::new();
        rig.send(&phone());
        rig.pass(20);
        assert_eq!(rig.kinds(), ["session.created", "session.updated"]);
        rig.seen.clear();
        rig
    }

    /// Sends an event; returns what was said at once.
    pub(super) fn send(&mut self, event: &Value) -> Vec<Value> {
        let before = self.seen.len();
        self.session.handle_text(self.now, &event.to_string());
        self.drain();
        self.events_from(before)
    }

    /// Sends an event that must fail; returns the error.
    pub(super) fn fail(&mut self, event: &Value) -> Value {
        let said = self.send(event);
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!(said[0]["type"], "error");
        said[0]["error"].clone()
    }

    pub(super) fn pass(&mut self, ms: u64) -> Vec<Value> {
        let before = self.seen.len();
        let end = self.now + Duration::from_millis(ms);
        while let Some(due) = self.session.poll_timeout().filter(|due| *due <= end) {
            self.now = due;
            self.session.handle_timeout(due);
            self.drain();
        }
        self.now = end;
        self.events_from(before)
    }

    /// The caller's audio, frame by frame, in real time.
    pub(super) fn hear(&mut self, audio: &[u8]) -> Vec<Value> {
        let before = self.seen.len();
        for frame in audio.chunks(FRAME_BYTES) {
            self.send(&append(frame));
            self.pass(FRAME_MS);
        }
        self.events_from(before)
    }

    /// A clip, and the silence that ends its turn: the answer has begun, none of its audio was sent.
    pub(super) fn hear_turn(&mut self, name: &str) -> Vec<Value> {
        let audio = [clip(name).audio, &silence(600)].concat();
        self.hear(&audio)
    }

    pub(super) fn kinds(&self) -> Vec<String> {
        kinds(&self.events_from(0))
    }

    pub(super) fn report(&self) -> SessionReport {
        self.control.sessions()[0].clone()
    }

    pub(super) fn violations(&self) -> Vec<String> {
        self.control.violations().into_iter().map(|violation| violation.what).collect()
    }

    pub(super) fn events_from(&self, start: usize) -> Vec<Value> {
        let texts = self.seen[start..].iter().filter_map(|out| if let Out::Send(text) = out { Some(text) } else { None });
        texts.map(|text| serde_json::from_str(text).expect("json")).collect()
    }

    fn drain(&mut self) {
        while let Some(out) = self.session.poll_output() {
            self.seen.push(out);
        }
    }
}

pub(super) fn kinds(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| event["type"].as_str().expect("a type").to_owned()).collect()
}

pub(super) fn of<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["type"] == kind).collect()
}

pub(super) fn one<'a>(events: &'a [Value], kind: &str) -> &'a Value {
    let found = of(events, kind);
    assert_eq!(found.len(), 1, "{kind} in {:?}", kinds(events));
    found[0]
}

/// The audio of every delta, put together.
pub(super) fn audio_of(events: &[Value]) -> Vec<u8> {
    let deltas = of(events, "response.output_audio.delta");
    deltas.iter().flat_map(|event| STANDARD.decode(event["delta"].as_str().expect("base64")).expect("base64")).collect()
}
