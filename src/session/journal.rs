//! What phone, engine and model said to each other, in the words of their protocols: names, times and counts, and nothing of what
//! was spoken.
//!
//! <https://www.twilio.com/docs/voice/media-streams/websocket-messages>,
//! <https://platform.openai.com/docs/api-reference/realtime-server-events>

use std::collections::VecDeque;
use std::time::Duration;

use super::event::{Input, LegCommand, LegEvent, ModelCommand, ModelEvent, Output};

/// Some minutes of a lively conversation.
const MOST: usize = 600;

/// With whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalLeg {
    Phone,
    Model,
}

/// Something that one told the other, so many times in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// Since the stream began.
    pub at: Duration,
    pub leg: JournalLeg,
    /// To the engine, and not from it.
    pub is_inbound: bool,
    pub name: &'static str,
    pub detail: Option<String>,
    pub count: u32,
}

/// The last of what was said. What comes fifty times a second is counted.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    entries: VecDeque<JournalEntry>,
    dropped: u32,
}

struct Word {
    name: &'static str,
    detail: Option<String>,
    /// Comes again and again, between two others.
    flows: bool,
}

impl Journal {
    pub fn heard(&mut self, at: Duration, input: &Input) {
        let (leg, word) = match input {
            Input::Leg(event) => (JournalLeg::Phone, from_phone(event)),
            Input::Model(event) | Input::Standby(event) => (JournalLeg::Model, from_model(event)),
            Input::ToolUsed(_)
            | Input::AnsweredBy(_)
            | Input::BudgetSpent
            | Input::HangupRequested(_)
            | Input::TransferRequested(_)
            | Input::Timeout => return,
        };
        self.add(at, leg, true, word);
    }

    pub fn observe(&mut self, at: Duration, output: &Output) {
        let (leg, word) = match output {
            Output::Leg(command) => (JournalLeg::Phone, to_phone(command)),
            Output::Model(command) | Output::Standby(command) => (JournalLeg::Model, to_model(command)),
            Output::Promote | Output::Tool(_) | Output::Transfer(_) | Output::Record(_) | Output::Hangup(_) => return,
        };
        self.add(at, leg, false, word);
    }

    #[must_use]
    pub fn entries(&self) -> Vec<JournalEntry> {
        self.entries.iter().cloned().collect()
    }

    /// How many of the first are not kept.
    #[must_use]
    pub const fn dropped(&self) -> u32 {
        self.dropped
    }

    fn add(&mut self, at: Duration, leg: JournalLeg, is_inbound: bool, word: Word) {
        let Word { name, detail, flows } = word;
        let same = |entry: &&mut JournalEntry| (entry.leg, entry.is_inbound, entry.name) == (leg, is_inbound, name);
        let mut lately = self.entries.iter_mut().rev().take_while(|entry| is_flowing(entry.name));
        if flows && let Some(entry) = lately.find(same) {
            entry.count = entry.count.saturating_add(1);
            return;
        }
        if self.entries.len() == MOST {
            self.dropped = self.dropped.saturating_add(self.entries.pop_front().map_or(0, |entry| entry.count));
        }
        self.entries.push_back(JournalEntry { at, leg, is_inbound, name, detail, count: 1 });
    }
}

const MEDIA: &str = "media";
const MARK: &str = "mark";
const APPEND: &str = "input_audio_buffer.append";
const AUDIO: &str = "response.output_audio.delta";
const TEXT: &str = "response.output_audio_transcript.delta";

fn is_flowing(name: &str) -> bool {
    [MEDIA, MARK, APPEND, AUDIO, TEXT].contains(&name)
}

fn word(name: &'static str) -> Word {
    Word { name, detail: None, flows: is_flowing(name) }
}

fn said(name: &'static str, detail: impl Into<String>) -> Word {
    Word { detail: Some(detail.into()), ..word(name) }
}

fn from_phone(event: &LegEvent) -> Word {
    match event {
        LegEvent::Audio(_) => word(MEDIA),
        LegEvent::MarkReached(_) => word(MARK),
        LegEvent::Digit(_) => word("dtmf"),
        LegEvent::FramesDropped(count) => said("frames dropped", count.to_string()),
        LegEvent::Stopped => word("stop"),
        LegEvent::Lost => word("connection lost"),
        LegEvent::Misbehaved => word("protocol violation"),
    }
}

fn to_phone(command: &LegCommand) -> Word {
    match command {
        LegCommand::Play(_) => word(MEDIA),
        LegCommand::Mark(_) => word(MARK),
        LegCommand::Clear => word("clear"),
    }
}

fn from_model(event: &ModelEvent) -> Word {
    match event {
        ModelEvent::Opened => word("session.created"),
        ModelEvent::Expires { within } => said("session expires", format!("in {} s", within.as_secs())),
        ModelEvent::Ready => word("session.updated"),
        ModelEvent::Refused(reason) => said("session refused", reason),
        ModelEvent::Lost { reason, .. } => said("connection lost", reason),
        ModelEvent::SpeechStarted { .. } => word("input_audio_buffer.speech_started"),
        ModelEvent::SpeechStopped { .. } => word("input_audio_buffer.speech_stopped"),
        ModelEvent::ItemAdded { item, .. } => said("conversation.item.added", item.to_string()),
        ModelEvent::UserText { .. } => word("conversation.item.input_audio_transcription.completed"),
        ModelEvent::UserTextFailed { .. } => word("conversation.item.input_audio_transcription.failed"),
        ModelEvent::ResponseCreated { response } => said("response.created", response.to_string()),
        ModelEvent::Audio { .. } => word(AUDIO),
        ModelEvent::AudioDone { .. } => word("response.output_audio.done"),
        ModelEvent::Text { .. } => word(TEXT),
        ModelEvent::TextDone { .. } => word("response.output_audio_transcript.done"),
        ModelEvent::ToolCalled(call) => said("response.function_call_arguments.done", call.name.clone()),
        ModelEvent::RemoteToolUsed { call, .. } => said("response.mcp_call.completed", call.name.clone()),
        ModelEvent::RateLimits { reset } => said("rate_limits.updated", format!("{} ms", reset.as_millis())),
        ModelEvent::ResponseDone { status, .. } => said("response.done", status.as_str()),
        ModelEvent::Error(error) => said("error", error.code.clone()),
    }
}

fn to_model(command: &ModelCommand) -> Word {
    match command {
        ModelCommand::Open { delay, .. } if delay.is_zero() => word("connect"),
        ModelCommand::Open { delay, .. } => said("connect", format!("after {} ms", delay.as_millis())),
        ModelCommand::Configure { .. } | ModelCommand::TakeTurns { .. } => word("session.update"),
        ModelCommand::Seed(seed) => said("conversation.item.create", seed.item.to_string()),
        ModelCommand::Append(_) => word(APPEND),
        ModelCommand::Commit { .. } => word("input_audio_buffer.commit"),
        ModelCommand::CreateResponse { .. } => word("response.create"),
        ModelCommand::Cancel { response, .. } => said("response.cancel", response.to_string()),
        ModelCommand::Truncate { item, audio_end_ms, .. } => said("conversation.item.truncate", format!("{item} at {audio_end_ms} ms")),
        ModelCommand::Delete { item, .. } => said("conversation.item.delete", item.to_string()),
        ModelCommand::ToolResult { call_id, .. } => said("conversation.item.create", format!("output of {call_id}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn told(journal: &Journal) -> Vec<(&'static str, bool, u32)> {
        journal.entries().into_iter().map(|entry| (entry.name, entry.is_inbound, entry.count)).collect()
    }

    #[test]
    fn what_flows_is_counted_until_something_else_is_said() {
        let mut journal = Journal::default();
        let play = || Output::Leg(LegCommand::Play(bytes::Bytes::new()));
        let mark = || Input::Leg(LegEvent::MarkReached("0:1:100".into()));

        for _ in 0..3 {
            journal.observe(NOW, &play());
            journal.heard(NOW, &mark());
        }
        journal.observe(NOW, &Output::Leg(LegCommand::Clear));
        journal.observe(NOW, &play());

        assert_eq!(told(&journal), [("media", false, 3), ("mark", true, 3), ("clear", false, 1), ("media", false, 1)]);
    }

    #[test]
    fn what_is_told_twice_in_a_row_without_flowing_stands_twice() {
        let mut journal = Journal::default();

        for _ in 0..2 {
            journal.heard(NOW, &Input::Leg(LegEvent::Digit('1')));
        }

        assert_eq!(told(&journal), [("dtmf", true, 1), ("dtmf", true, 1)]);
        assert!(journal.entries().iter().all(|entry| entry.detail.is_none()), "a digit may be of a card");
    }

    #[test]
    fn the_last_are_kept_and_the_others_counted() {
        let mut journal = Journal::default();

        for _ in 0..MOST + 5 {
            journal.observe(NOW, &Output::Leg(LegCommand::Clear));
        }

        assert_eq!((journal.entries().len(), journal.dropped()), (MOST, 5));
    }
}
