//! A turn as it is recorded: how it begins, what of it was heard, what a model is told of it later.

use std::time::Duration;

use super::event::{SeedContent, Speaker, Tokens, Turn, TurnKind, Usage};
use super::policy::Message;
use crate::types::Redacted;

/// Speech of the usual pace: the text of an answer that was cut while it was generated runs ahead of its audio.
const CHARACTERS_PER_SECOND: u64 = 15;

impl Turn {
    /// A turn of which nothing is known but when it began; its number is its key and, for now, its position.
    pub(super) fn begun(kind: TurnKind, speaker: Speaker, number: u32, at: Duration) -> Self {
        Self {
            seq: number,
            revision: 0,
            position: number,
            item: None,
            response: None,
            speaker,
            kind,
            generated: Redacted::default(),
            heard: Redacted::default(),
            interrupted: false,
            audio_ms: 0,
            heard_ms: 0,
            started: at,
            ended: None,
            latency: None,
            tokens: None,
            transcription: None,
            tool: None,
        }
    }

    /// What was heard follows what was generated, as far as the ear got.
    pub(super) fn recut(&mut self) {
        let cut = if self.interrupted { words_heard(self) } else { self.generated.0.clone() };
        self.heard = Redacted(cut);
    }

    /// What a model that was not there is told: what was said, as far as it was heard, and what tools did. An answer
    /// that nobody lived to close is told whole. What has no words is not told.
    #[must_use]
    pub fn message(&self) -> Option<Message> {
        match self.kind {
            TurnKind::Message => self.said(),
            TurnKind::ToolCall => self.tool.as_ref().map(|tool| {
                Message(SeedContent::ToolCalled {
                    call_id: tool.call_id.as_str().into(),
                    name: tool.name.clone(),
                    arguments: self.generated.clone(),
                })
            }),
            TurnKind::ToolResult => self
                .tool
                .as_ref()
                .map(|tool| Message(SeedContent::ToolAnswered { call_id: tool.call_id.as_str().into(), output: self.generated.clone() })),
            TurnKind::Dtmf | TurnKind::Event => None,
        }
    }

    fn said(&self) -> Option<Message> {
        let text = if self.heard.is_empty() && self.ended.is_none() { &self.generated } else { &self.heard };
        (!text.is_empty()).then(|| Message(SeedContent::Said { speaker: self.speaker, text: text.clone() }))
    }
}

impl Usage {
    pub(super) const fn tokens(&self) -> Tokens {
        Tokens { input: self.text_in.saturating_add(self.audio_in), output: self.text_out.saturating_add(self.audio_out) }
    }
}

/// The words heard, in proportion to the audio heard.
fn words_heard(turn: &Turn) -> String {
    let words: Vec<&str> = turn.generated.split_whitespace().collect();
    let spoken = turn.generated.chars().count() as u64 * 1_000 / CHARACTERS_PER_SECOND;
    let whole = turn.audio_ms.max(spoken * 3 / 4).max(1);
    let count = (words.len() as u64).saturating_mul(turn.heard_ms) / whole;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    words.get(..count.min(words.len())).unwrap_or_default().join(" ")
}
