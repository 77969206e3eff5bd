//! What a session leaves behind, kept outside of it: a successor goes on from here, also when the
//! session died of a panic.

use std::collections::BTreeMap;
use std::time::Duration;

use super::event::{LegCommand, Mark, Note, Output, Record, Speaker, ToolUse, Transcription, Turn, TurnKind};
use super::policy::{History, Message};
use crate::types::Redacted;

/// An answer that was sent, or part of it.
#[derive(Debug)]
struct Sounding {
    /// Its number in marks.
    item: u32,
    /// The key of its turn, once that is known.
    turn: Option<u32>,
    sent_ms: u64,
}

const UNANSWERED: &str = r#"{"error":"the tool's answer was lost"}"#;

#[derive(Debug)]
pub struct Chronicle {
    /// What was said before the stream began, or a session of it.
    before: Vec<Message>,
    /// What was recorded since, by its key.
    turns: BTreeMap<u32, Turn>,
    /// Keys and positions from here on are free.
    next: u32,
    generation: u32,
    sounded: bool,
    /// Answers in the order of their first sounds.
    sounding: Vec<Sounding>,
}

impl Chronicle {
    #[must_use]
    pub fn after(history: &History) -> Self {
        Self {
            before: history.messages.clone(),
            turns: BTreeMap::new(),
            next: history.next_seq,
            generation: history.generation,
            sounded: history.resumed,
            sounding: Vec::new(),
        }
    }

    /// Looks at an order of the session, or a record.
    pub fn observe(&mut self, output: &Output) {
        match output {
            Output::Leg(LegCommand::Mark(mark)) => self.marked(mark),
            Output::Record(Record::Turn(turn)) => self.keep(Turn::clone(turn)),
            Output::Leg(LegCommand::Play(_) | LegCommand::Clear)
            | Output::Model(_)
            | Output::Standby(_)
            | Output::Promote
            | Output::Tool(_)
            | Output::Transfer(_)
            | Output::Record(_)
            | Output::Hangup(_) => {}
        }
    }

    /// The session died: what it left open is closed by a revision of its own, and a last turn tells of the death.
    pub fn close(&mut self, at: Duration) -> Vec<Turn> {
        let mut closed = Vec::new();
        for turn in self.turns.values_mut() {
            let sent = self.sounding.iter().rfind(|sounding| sounding.turn == Some(turn.seq));
            if close(turn, at, sent.map_or(0, |sounding| sounding.sent_ms)) {
                turn.revision += 1;
                closed.push(turn.clone());
            }
        }
        for tool in self.unanswered() {
            closed.push(self.add(TurnKind::ToolResult, UNANSWERED, Some(tool), at));
        }
        closed.push(self.add(TurnKind::Event, Note::Restarted.as_str(), None, at));
        closed
    }

    fn unanswered(&self) -> Vec<ToolUse> {
        let of = |kind: TurnKind| self.turns.values().filter(move |turn| turn.kind == kind).filter_map(|turn| turn.tool.clone());
        let answered: Vec<ToolUse> = of(TurnKind::ToolResult).collect();
        of(TurnKind::ToolCall).filter(|tool| !answered.contains(tool)).collect()
    }

    fn add(&mut self, kind: TurnKind, text: &str, tool: Option<ToolUse>, at: Duration) -> Turn {
        let begun = Turn::begun(kind, Speaker::System, self.next, at);
        let turn = Turn { revision: 1, generated: Redacted(text.to_owned()), tool, ended: Some(at), ..begun };
        self.keep(turn.clone());
        turn
    }

    /// What the next session of this stream has to know.
    #[must_use]
    pub fn history(&self, elapsed: Duration) -> History {
        History {
            messages: self.messages(),
            resumed: self.sounded,
            owes_answer: self.sounded,
            elapsed,
            next_seq: self.next,
            generation: self.generation.wrapping_add(1),
        }
    }

    /// An item's first mark stands before its first sound, the others behind what was sent of it.
    fn marked(&mut self, mark: &Mark) {
        if mark.generation > self.generation {
            self.sounding.clear();
        }
        self.generation = self.generation.max(mark.generation);
        self.sounded = true;
        if mark.is_tone() {
            return;
        }
        match self.sounding.last_mut().filter(|sounding| sounding.item == mark.item) {
            Some(sounding) => sounding.sent_ms = mark.ms,
            None => self.sounding.push(Sounding { item: mark.item, turn: None, sent_ms: mark.ms }),
        }
    }

    fn keep(&mut self, turn: Turn) {
        let begins = is_open_answer(&turn) && !self.turns.get(&turn.seq).is_some_and(is_open_answer);
        if let Some(sounding) = self.sounding.iter_mut().find(|sounding| sounding.turn.is_none()).filter(|_| begins) {
            sounding.turn = Some(turn.seq);
        }
        self.next = self.next.max(turn.seq.max(turn.position).saturating_add(1));
        self.turns.insert(turn.seq, turn);
    }

    fn messages(&self) -> Vec<Message> {
        let mut turns: Vec<_> = self.turns.values().collect();
        turns.sort_by_key(|turn| turn.position);
        self.before.iter().cloned().chain(turns.into_iter().filter_map(|turn| turn.message())).collect()
    }
}

fn is_open_answer(turn: &Turn) -> bool {
    (turn.kind, turn.speaker, turn.ended) == (TurnKind::Message, Speaker::Ai, None)
}

/// True if there was something to close. Of what was sent of an answer, as much was heard as there was time for.
fn close(turn: &mut Turn, at: Duration, sent_ms: u64) -> bool {
    let pending = turn.transcription == Some(Transcription::Pending);
    if pending {
        turn.transcription = Some(Transcription::Failed);
    }
    let open = is_open_answer(turn);
    if open {
        let elapsed = u64::try_from(at.saturating_sub(turn.started).as_millis()).unwrap_or(u64::MAX);
        (turn.heard_ms, turn.audio_ms) = (elapsed.min(sent_ms), sent_ms);
        (turn.interrupted, turn.ended) = (true, Some(at));
        turn.recut();
    }
    pending || open
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::event::{Mark, Speaker, Turn, TurnKind};
    use crate::types::Redacted;

    fn turn(seq: u32, position: u32, heard: &str) -> Output {
        Output::Record(Record::Turn(Box::new(Turn {
            seq,
            revision: 1,
            position,
            item: None,
            response: None,
            speaker: Speaker::Ai,
            kind: TurnKind::Message,
            generated: Redacted("generated".into()),
            heard: Redacted(heard.into()),
            interrupted: false,
            audio_ms: 0,
            heard_ms: 0,
            started: Duration::ZERO,
            ended: Some(Duration::ZERO),
            latency: None,
            tokens: None,
            transcription: None,
            tool: None,
        })))
    }

    fn said(history: &History) -> Vec<&str> {
        history.messages.iter().filter_map(|message| Some(message.0.said()?.1)).collect()
    }

    #[test]
    fn a_successor_learns_what_was_heard_in_its_order_and_never_uses_a_key_twice() {
        let mut chronicle = Chronicle::after(&History::default());
        chronicle.observe(&turn(0, 1, "second"));
        chronicle.observe(&turn(1, 0, "first"));
        chronicle.observe(&turn(0, 1, "second, revised"));

        let history = chronicle.history(Duration::from_secs(9));

        assert_eq!(said(&history), ["first", "second, revised"]);
        assert_eq!((history.next_seq, history.elapsed), (2, Duration::from_secs(9)));
    }

    #[test]
    fn a_call_that_never_sounded_is_still_to_be_greeted() {
        let chronicle = Chronicle::after(&History::default());

        let history = chronicle.history(Duration::ZERO);

        assert!(!history.resumed && !history.owes_answer);
        assert_eq!(history.generation, 1);
    }

    #[test]
    fn marks_of_the_next_session_cannot_be_mistaken_for_those_of_this_one() {
        let mut chronicle = Chronicle::after(&History::default());
        chronicle.observe(&Output::Leg(LegCommand::Mark(Mark { generation: 4, item: 0, ms: 0 })));

        let history = chronicle.history(Duration::ZERO);

        assert!(history.resumed && history.owes_answer);
        assert_eq!(history.generation, 5);
    }
}
