//! The caller's side of a session: audio in, turns, their transcripts.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::config;
use super::control::ModelTurn;
use super::conversation::{Item, Kind};
use super::script::Writing;
use super::session::{Blame, Later, Outcome, Session, client_fault};
use super::shape::Fault;
use super::vad::Change;
use super::validate;
use crate::audio::{FRAME_BYTES, FRAME_MS, duration_ms, mulaw};
use crate::sim::imprint::{Block, Gathered};
use crate::sim::speech::clip_of;
use crate::sim::voice::understand;

/// The least that can be committed.
const MIN_COMMIT_MS: u64 = 100;
/// A turn with less sound than this is noise: its transcript is empty.
const NOISE_MS: u64 = 300;
const LOUD: u32 = 500;

impl Session {
    pub(super) fn append(&mut self, now: Duration, event: &Value) -> Outcome {
        let Some(fields) = event.as_object() else { return Ok(()) };
        let text = validate::append(fields).map_err(|fault| (Blame::Client, fault))?;
        let Ok(audio) = STANDARD.decode(text) else {
            return client_fault(Fault::new("invalid_value", "audio", "Invalid 'audio': not valid base64.".to_owned()));
        };
        self.count_appended(&audio);
        if !self.configured || !config::hears_mulaw(&self.config) {
            self.violation(now, "audio appended before session.updated set audio/pcmu: it would be taken for PCM");
            return Ok(());
        }
        self.read_tag(&audio);
        self.ear.append(&audio);
        while let Some(change) = self.ear.next_change() {
            self.hear(now, change);
        }
        Ok(())
    }

    /// A simulated phone names its call in its silence.
    fn read_tag(&mut self, audio: &[u8]) {
        for block in audio.chunks_exact(FRAME_BYTES).filter_map(Block::read).filter(|block| block.blocks == u16::MAX) {
            let tag = self.tag.get_or_insert_with(|| Gathered::of(&block));
            tag.add(&block);
            let text = tag.text();
            self.note(|report| report.call_sid = Some(text));
        }
    }

    pub(super) fn commit(&mut self, now: Duration) -> Outcome {
        let ms = self.ear.buffered_ms();
        if ms < MIN_COMMIT_MS {
            let message = format!(
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer only has {ms}.00ms of audio."
            );
            let fault = Fault::bare("input_audio_buffer_commit_empty", &message);
            let blame = if self.ear.detection().is_some() { Blame::Race } else { Blame::Client };
            return Err((blame, fault));
        }
        let item = self.turn.take().unwrap_or_else(|| self.name("item"));
        let audio = self.ear.take();
        self.commit_turn(now, &item, &audio);
        Ok(())
    }

    pub(super) fn clear(&mut self) -> Outcome {
        self.turn = None;
        self.ear.take();
        self.emit("input_audio_buffer.cleared", json!({}));
        Ok(())
    }

    fn hear(&mut self, now: Duration, change: Change) {
        match change {
            Change::Started { audio_start_ms } => self.speech_started(now, audio_start_ms),
            Change::Stopped { audio_end_ms } => self.speech_stopped(now, audio_end_ms),
        }
    }

    fn speech_started(&mut self, now: Duration, audio_start_ms: u64) {
        let item = self.name("item");
        self.emit("input_audio_buffer.speech_started", json!({"audio_start_ms": audio_start_ms, "item_id": item}));
        let at = self.control.instant(now).into_std();
        self.note(|report| report.speech_started.push(at));
        self.turn = Some(item);
        if self.ear.detection().is_some_and(|detection| detection.interrupt_response) {
            self.cancel_active(now, "turn_detected");
        }
    }

    fn speech_stopped(&mut self, now: Duration, audio_end_ms: u64) {
        let item = self.turn.take().unwrap_or_else(|| self.name("item"));
        self.emit("input_audio_buffer.speech_stopped", json!({"audio_end_ms": audio_end_ms, "item_id": item}));
        self.note_turn(now);
        let audio = self.ear.take_turn();
        self.commit_turn(now, &item, &audio);
        if self.ear.detection().is_some_and(|detection| detection.create_response) {
            self.respond_by_itself(now);
        }
    }

    fn note_turn(&self, now: Duration) {
        let silence = Duration::from_millis(self.ear.detection().map_or(0, |detection| detection.silence_ms));
        let turn = ModelTurn { stopped: self.control.instant(now).into_std(), silence, answered: None };
        self.note(|report| report.turns.push(turn));
    }

    /// The first sound of an answer goes out.
    pub(super) fn note_answer(&self, now: Duration) {
        let at = self.control.instant(now).into_std();
        self.note(|report| {
            if let Some(turn) = report.turns.last_mut() {
                turn.answered.get_or_insert(at);
            }
        });
    }

    fn commit_turn(&mut self, now: Duration, item: &str, audio: &[u8]) {
        let words = understand(audio);
        let previous = self.conversation.last_id().map(str::to_owned);
        self.emit("input_audio_buffer.committed", json!({"previous_item_id": previous, "item_id": item}));
        let turn = Item::heard(item, words.clone(), duration_ms(audio.len()));
        self.announce(&turn.body, previous.as_deref());
        self.conversation.push(turn);
        self.note(|report| {
            report.heard.push(words.as_deref().and_then(clip_of).map(|clip| clip.name));
            report.understood.push(words.clone());
        });
        if config::transcribes(&self.config) {
            let scripted = self.control.take_transcript(words.as_deref());
            let delay = scripted.as_ref().and_then(|scripted| scripted.delay).unwrap_or(self.settings.transcript_delay);
            let writing = scripted.map(|scripted| scripted.outcome).unwrap_or_default();
            self.later(now + delay, Later::Transcribe { item: item.to_owned(), loud_ms: loud_ms(audio), writing });
        }
    }

    /// An item that is complete from the start.
    pub(super) fn announce(&mut self, body: &Value, previous: Option<&str>) {
        self.emit("conversation.item.added", json!({"previous_item_id": previous, "item": body}));
        self.emit("conversation.item.done", json!({"previous_item_id": previous, "item": body}));
    }

    fn respond_by_itself(&mut self, now: Duration) {
        if let Some(fault) = self.lane_taken() {
            self.refuse(now, Blame::Race, fault, &Value::Null);
            return;
        }
        let reply = self.reply_to(None);
        self.begin_response(now, reply, true, &Value::Null);
    }

    pub(super) fn transcribe(&mut self, id: &str, loud_ms: u64, writing: Writing) {
        match writing {
            Writing::Done => self.write_down(id, loud_ms),
            Writing::Missing => {}
            Writing::Failed => {
                let error =
                    json!({"type": "transcription_error", "code": "audio_unintelligible", "message": "Not understood.", "param": null});
                let failed = json!({"item_id": id, "content_index": 0, "error": error});
                self.emit("conversation.item.input_audio_transcription.failed", failed);
            }
        }
    }

    fn write_down(&mut self, id: &str, loud_ms: u64) {
        let Some(item) = self.conversation.get_mut(id) else { return };
        let Kind::Heard { words, ms } = &item.kind else { return };
        let (ms, text) = (
            *ms,
            match words {
                Some(words) => words.clone(),
                None if loud_ms < NOISE_MS => String::new(),
                None => "(inaudible)".to_owned(),
            },
        );
        if let Some(transcript) = item.body.pointer_mut("/content/0/transcript") {
            *transcript = text.as_str().into();
        }
        if !text.is_empty() && self.settings.dialect.sends_transcript_deltas() {
            let delta = json!({"item_id": id, "content_index": 0, "delta": text});
            self.emit("conversation.item.input_audio_transcription.delta", delta);
        } else if let Some((part, _)) = text.rsplit_once(' ') {
            let partial = json!({"item_id": id, "content_index": 0, "transcript": part});
            self.emit("conversation.item.input_audio_transcription.completed", partial);
        }
        let usage = json!({"type": "duration", "seconds": ms as f64 / 1000.0});
        let completed = json!({"item_id": id, "content_index": 0, "transcript": text, "usage": usage});
        self.emit("conversation.item.input_audio_transcription.completed", completed);
    }
}

fn loud_ms(audio: &[u8]) -> u64 {
    audio.chunks(FRAME_BYTES).filter(|frame| mulaw::loudness(frame) > LOUD).count() as u64 * FRAME_MS
}
