//! What a session leaves behind, kept outside of it: a successor goes on from here, also when the
//! session died of a panic.

use std::collections::BTreeMap;
use std::time::Duration;

use super::event::{LegCommand, Output, Record};
use super::policy::{History, Message};

#[derive(Debug)]
pub struct Chronicle {
    /// What was said before the stream began.
    before: Vec<Message>,
    /// What was said since, by the key of its turn; with its position.
    turns: BTreeMap<u32, (u32, Message)>,
    generation: u32,
    sounded: bool,
}

impl Chronicle {
    #[must_use]
    pub fn after(history: &History) -> Self {
        Self { before: history.messages.clone(), turns: BTreeMap::new(), generation: history.generation, sounded: history.resumed }
    }

    /// Looks at an order of the session, or a record.
    pub fn observe(&mut self, output: &Output) {
        match output {
            Output::Leg(LegCommand::Mark(mark)) => {
                self.generation = self.generation.max(mark.generation);
                self.sounded = true;
            }
            Output::Record(Record::Turn(turn)) => {
                let text = if turn.ended.is_some() { &turn.heard } else { &turn.generated };
                let message = Message { speaker: turn.speaker, text: text.clone() };
                self.turns.insert(turn.seq, (turn.position, message));
            }
            Output::Leg(LegCommand::Play(_) | LegCommand::Clear) | Output::Model(_) | Output::Record(_) | Output::Hangup(_) => {}
        }
    }

    /// What the next session of this stream has to know.
    #[must_use]
    pub fn history(&self, elapsed: Duration) -> History {
        History {
            messages: self.messages(),
            resumed: self.sounded,
            owes_answer: self.sounded,
            elapsed,
            next_seq: self.turns.last_key_value().map_or(0, |(seq, _)| seq + 1),
            generation: self.generation.wrapping_add(1),
        }
    }

    fn messages(&self) -> Vec<Message> {
        let mut turns: Vec<_> = self.turns.values().filter(|(_, message)| !message.text.is_empty()).collect();
        turns.sort_by_key(|(position, _)| *position);
        self.before.iter().chain(turns.into_iter().map(|(_, message)| message)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::event::{Mark, Speaker, Turn, TurnKind};
    use crate::types::Redacted;

    fn turn(seq: u32, position: u32, heard: &str) -> Output {
        Output::Record(Record::Turn(Turn {
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
        }))
    }

    fn said(history: &History) -> Vec<&str> {
        history.messages.iter().map(|message| message.text.0.as_str()).collect()
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
