//! What is put on record of a stream.

use std::collections::{BTreeMap, BTreeSet};

use alpha_call::session::event::{Input, ModelCommand, ModelEvent, Output, Speaker, Transcription, Turn, TurnKind};

use crate::rule::{Held, Rule, broken, holds};

#[derive(Default)]
pub struct RecordWatch {
    turns: BTreeMap<u32, Turn>,
    /// What the model was told that was heard of its items.
    cut: BTreeMap<String, u64>,
    /// Items of the model in use. Those of models that are gone are words of ours to it.
    theirs: BTreeSet<String>,
}

impl RecordWatch {
    pub fn turn(&mut self, turn: &Turn) -> Held {
        holds(Rule::Heard, turn.heard_ms <= turn.audio_ms, || format!("heard {} of {} ms", turn.heard_ms, turn.audio_ms))?;
        holds(Rule::Heard, turn.speaker != Speaker::Ai || is_beginning(turn), || {
            format!("heard {:?} of {:?}", turn.heard.0, turn.generated.0)
        })?;
        if let Some(known) = self.turns.get(&turn.seq) {
            holds(Rule::Record, turn.revision > known.revision, || format!("revision {} of {known:?}", turn.revision))?;
            let same = (&turn.item, turn.kind) == (&known.item, known.kind);
            holds(Rule::Record, same, || format!("one key for {known:?} and {turn:?}"))?;
        }
        self.turns.insert(turn.seq, turn.clone());
        self.agrees(turn)
    }

    fn agrees(&self, turn: &Turn) -> Held {
        let told = turn.item.as_ref().and_then(|item| self.cut.get(&**item));
        holds(Rule::Items, told.is_none_or(|ms| *ms == turn.heard_ms), || format!("the model was told {told:?} ms of {turn:?}"))
    }

    pub fn told(&mut self, input: &Input) {
        if let Input::Model(ModelEvent::Audio { item, .. }) = input {
            self.theirs.insert(item.to_string());
        }
    }

    pub fn ordered(&mut self, output: &Output) -> Held {
        match output {
            Output::Model(ModelCommand::Truncate { item, audio_end_ms, .. }) => self.cut(item, *audio_end_ms),
            Output::Model(ModelCommand::Delete { item, .. }) if self.theirs.contains(&**item) => self.cut(item, 0),
            Output::Model(ModelCommand::Open { .. }) | Output::Promote => {
                self.theirs.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn cut(&mut self, item: &str, ms: u64) -> Held {
        match self.cut.insert(item.to_owned(), ms) {
            Some(before) => broken(Rule::Items, format!("{item} was cut at {before} ms and again at {ms} ms")),
            None => Ok(()),
        }
    }

    /// The stream is over.
    pub fn is_whole(&self) -> Held {
        let open = self.turns.values().find(|turn| turn.transcription == Some(Transcription::Pending) || turn.ended.is_none());
        holds(Rule::Record, open.is_none(), || format!("left open: {open:?}"))?;
        let positions: BTreeSet<u32> = self.turns.values().map(|turn| turn.position).collect();
        holds(Rule::Record, positions.len() == self.turns.len(), || format!("two turns in one place: {:?}", self.turns))?;
        self.are_answered()
    }

    fn are_answered(&self) -> Held {
        let of = |kind: TurnKind| self.turns.values().filter(move |turn| turn.kind == kind).filter_map(|turn| turn.tool.as_ref());
        let mut answers: BTreeMap<(&str, &str), i64> = BTreeMap::new();
        of(TurnKind::ToolCall).for_each(|tool| *answers.entry((&tool.name, &tool.call_id)).or_default() += 1);
        of(TurnKind::ToolResult).for_each(|tool| *answers.entry((&tool.name, &tool.call_id)).or_default() -= 1);
        let wrong = answers.iter().find(|(_, missing)| **missing != 0);
        holds(Rule::Tools, wrong.is_none(), || format!("calls without answers, or answers without calls: {wrong:?}"))
    }
}

fn is_beginning(turn: &Turn) -> bool {
    let mut said = turn.generated.split_whitespace();
    turn.heard.split_whitespace().all(|word| said.next() == Some(word))
}
