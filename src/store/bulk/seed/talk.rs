//! One conversation, turn by turn, with what it costs.

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;

use super::super::super::entity::{Private, stream, turn};
use super::super::super::sql::signed;
use super::chance::{happens, log_normal, pick};
use super::phrases::{self, Persona};

const MS_PER_WORD: u64 = 400;
const LATENCY_MS: f64 = 640.0;

/// Tokens: a tenth of a second of the caller, a twentieth of the assistant, three quarters of a word.
const HEARD_MS_PER_TOKEN: u64 = 100;
const SPOKEN_MS_PER_TOKEN: u64 = 50;
/// Billionths of a dollar for a token, and for a second of transcription.
const TEXT_IN: i64 = 4_000;
const AUDIO_IN: i64 = 32_000;
const CACHED: i64 = 400;
const TEXT_OUT: i64 = 16_000;
const AUDIO_OUT: i64 = 64_000;
const TRANSCRIPTION: i64 = 100_000;
pub(super) const PRICES: &str = "invented-1";

/// A call that is being talked through.
pub(super) struct Talk<'r> {
    pub(super) rng: &'r mut Rng,
    pub(super) persona: &'static Persona,
    pub(super) call: String,
    pub(super) connected_at: DateTime<Utc>,
    pub(super) turns: Vec<turn::Model>,
    pub(super) streams: Vec<stream::Model>,
    /// Milliseconds since the first stream began.
    now: u64,
    epoch: i64,
    seq: i64,
    /// Tokens of text and audio that the model has heard so far.
    context: (i64, i64),
    /// It is the assistant's turn.
    asked: bool,
}

impl<'r> Talk<'r> {
    pub(super) fn new(rng: &'r mut Rng, persona: &'static Persona, call: String, connected_at: DateTime<Utc>) -> Self {
        let context = ((persona.instructions.len() / 4) as i64, 0);
        let now = rng.u64(120..600);
        let mut talk =
            Self { rng, persona, call, connected_at, turns: Vec::new(), streams: Vec::new(), now, epoch: 0, seq: 0, context, asked: false };
        talk.begin_stream(0);
        talk
    }

    /// Says so many turns, and ends.
    pub(super) fn through(&mut self, turns: usize, ended_reason: &str) {
        let cut = if happens(self.rng, 3.0) { self.rng.usize(1..turns.max(2)) } else { usize::MAX };
        while self.turns.len() < turns {
            if self.turns.len() >= cut && self.epoch == 1 {
                self.end_stream("stream_lost");
                self.now += self.rng.u64(900..4_000);
                self.begin_stream(self.now);
            }
            let left = turns - self.turns.len();
            if self.turns.is_empty() {
                self.greet();
            } else if self.asked {
                self.answer(left);
            } else {
                self.ask(left);
            }
        }
        self.now += self.rng.u64(200..2_500);
        self.end_stream(ended_reason);
    }

    pub(super) const fn length_ms(&self) -> u64 {
        self.now
    }

    fn greet(&mut self) {
        let text = phrases::spoken(self.rng, self.persona.greeting);
        self.speak(text, None);
    }

    fn ask(&mut self, left: usize) {
        self.now += self.rng.u64(300..1_800);
        if happens(self.rng, 1.0) {
            let key = pick(self.rng, &["1", "2", "3", "0", "#"]).to_owned();
            self.note("user", "dtmf", key, None);
            return;
        }
        let text = if happens(self.rng, 1.0) { String::new() } else { phrases::of_caller(self.rng, left <= 2) };
        let (row, audio_ms) = (self.row("user", "message", text), self.rng.u64(700..1_500));
        let audio_ms = audio_ms + words(&row.generated.0) * MS_PER_WORD;
        self.now += audio_ms;
        let state = if row.generated.0.is_empty() { "failed" } else { "done" };
        let (audio, ended) = (signed(audio_ms), signed(self.now));
        self.context.1 += signed(audio_ms / HEARD_MS_PER_TOKEN);
        if let Some(stream) = self.streams.last_mut() {
            stream.transcription_cost_nanos += signed(audio_ms) * TRANSCRIPTION / 1_000;
        }
        self.keep(turn::Model { audio_ms: audio, heard_ms: audio, ended_ms: Some(ended), transcription: Some(state.to_owned()), ..row });
        self.asked = true;
    }

    fn answer(&mut self, left: usize) {
        if left > 2 && happens(self.rng, 6.0) {
            self.use_tool();
        }
        let latency = log_normal(self.rng, LATENCY_MS, 0.35).clamp(180.0, 4_000.0) as u64;
        self.now += latency;
        let text = phrases::of_assistant(self.rng, left <= 1);
        self.speak(text, Some(latency));
    }

    fn use_tool(&mut self) {
        let Some(tool) = self.persona.tool(self.rng) else { return };
        let id = format!("call_{:016x}", self.rng.u64(..));
        let metadata = serde_json::json!({ "tool": tool.name, "tool_call_id": id });
        let arguments = phrases::spoken(self.rng, tool.arguments);
        self.note("ai", "tool_call", arguments, Some(metadata.clone()));
        self.now += self.rng.u64(20..400);
        let output = phrases::spoken(self.rng, tool.output);
        self.note("system", "tool_result", output, Some(metadata));
    }

    /// The assistant says it, to its end or until the caller cuts in.
    fn speak(&mut self, text: String, latency: Option<u64>) {
        let interrupted = happens(self.rng, 7.0);
        let part = if interrupted { 20 + self.rng.u64(..70) } else { 100 };
        let row = self.row("ai", "message", text);
        let audio_ms = (words(&row.generated.0) * MS_PER_WORD).max(400);
        let (heard_ms, heard) = (audio_ms * part / 100, first_words(&row.generated.0, part));
        self.now += heard_ms;
        let (tokens, response) = (self.pay(&row.generated.0, audio_ms, heard_ms), self.rng.u64(..));
        self.keep(turn::Model {
            response_id: Some(format!("resp_{response:016x}")),
            heard: Private(heard),
            interrupted,
            audio_ms: signed(audio_ms),
            heard_ms: signed(heard_ms),
            ended_ms: Some(signed(self.now)),
            latency_ms: latency.map(signed),
            input_tokens: Some(tokens.0),
            output_tokens: Some(tokens.1),
            ..row
        });
        self.asked = false;
    }

    /// Counts a response in its stream. Returns the tokens that went in and came out.
    fn pay(&mut self, text: &str, audio_ms: u64, heard_ms: u64) -> (i64, i64) {
        let (text_in, audio_in) = self.context;
        let cached = if self.turns.is_empty() { (0, 0) } else { (text_in * 4 / 5, audio_in / 2) };
        let (text_out, audio_out) = (signed(words(text) * 4 / 3), signed(audio_ms / SPOKEN_MS_PER_TOKEN));
        self.context = (text_in + text_out, audio_in + audio_out);
        if let Some(stream) = self.streams.last_mut() {
            stream.audio_out_ms += signed(heard_ms);
            stream.text_in_tokens += text_in;
            stream.audio_in_tokens += audio_in;
            stream.cached_text_tokens += cached.0;
            stream.cached_audio_tokens += cached.1;
            stream.text_out_tokens += text_out;
            stream.audio_out_tokens += audio_out;
            let fresh = (text_in - cached.0) * TEXT_IN + (audio_in - cached.1) * AUDIO_IN + (cached.0 + cached.1) * CACHED;
            stream.model_cost_nanos += fresh + text_out * TEXT_OUT + audio_out * AUDIO_OUT;
        }
        (text_in + audio_in, text_out + audio_out)
    }

    fn note(&mut self, speaker: &str, kind: &str, text: String, metadata: Option<serde_json::Value>) {
        let row = self.row(speaker, kind, text);
        self.keep(turn::Model { metadata, ended_ms: Some(signed(self.now)), ..row });
    }

    fn row(&mut self, speaker: &str, kind: &str, text: String) -> turn::Model {
        turn::Model {
            call_id: self.call.clone(),
            epoch: self.epoch,
            seq: self.seq,
            revision: self.rng.i64(1..6),
            position: self.seq,
            item_id: Some(format!("item_{:016x}", self.rng.u64(..))),
            response_id: None,
            speaker: speaker.to_owned(),
            kind: kind.to_owned(),
            heard: Private(text.clone()),
            generated: Private(text),
            interrupted: false,
            audio_ms: 0,
            heard_ms: 0,
            started_ms: signed(self.now),
            ended_ms: None,
            latency_ms: None,
            input_tokens: None,
            output_tokens: None,
            transcription: None,
            metadata: None,
            created_at: self.connected_at,
        }
    }

    fn keep(&mut self, row: turn::Model) {
        self.seq += 1;
        self.turns.push(turn::Model { created_at: self.at(self.now), ..row });
    }

    fn begin_stream(&mut self, at: u64) {
        self.epoch += 1;
        self.seq = 0;
        self.streams.push(stream::Model {
            transfer_to: None,
            call_id: self.call.clone(),
            epoch: self.epoch,
            revision: self.rng.i64(1..20),
            owner: String::new(),
            started_at: self.at(at),
            ended_at: None,
            ended_reason: None,
            price_version: PRICES.to_owned(),
            restarts: 0,
            reconnects: i64::from(happens(self.rng, 2.0)),
            frames_dropped: if happens(self.rng, 5.0) { self.rng.i64(1..120) } else { 0 },
            ai_interruptions: i64::from(happens(self.rng, 4.0)),
            audio_in_ms: 0,
            audio_out_ms: 0,
            text_in_tokens: 0,
            audio_in_tokens: 0,
            text_out_tokens: 0,
            audio_out_tokens: 0,
            cached_text_tokens: 0,
            cached_audio_tokens: 0,
            model_cost_nanos: 0,
            transcription_cost_nanos: 0,
            journal: None,
        });
    }

    fn end_stream(&mut self, reason: &str) {
        let at = self.at(self.now);
        if let Some(stream) = self.streams.last_mut() {
            stream.ended_at = Some(at);
            stream.ended_reason = Some(reason.to_owned());
            stream.audio_in_ms = (at - stream.started_at).num_milliseconds();
        }
    }

    fn at(&self, ms: u64) -> DateTime<Utc> {
        self.connected_at + TimeDelta::milliseconds(signed(ms))
    }
}

fn words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

/// This percentage of the words.
fn first_words(text: &str, percent: u64) -> String {
    if percent >= 100 {
        return text.to_owned();
    }
    let count = words(text) * percent / 100;
    text.split_whitespace().take(count as usize).collect::<Vec<_>>().join(" ")
}
