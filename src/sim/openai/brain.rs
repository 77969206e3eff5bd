//! What the simulated model says to what.

use std::time::Duration;

use super::conversation::{Conversation, Kind};
use super::script::{Fate, Occasion, Saying, ScriptedReply};
use crate::sim::speech::{clip, clip_of};

/// What is said, one after the other, to words that nobody has recorded.
const CANNED: [&str; 3] = ["agent_simulated", "agent_interruptible", "agent_real"];
const CUT_OFF: &str = "Sorry, we were cut off. Where were we?";
const HELLO: &str = "Hello. How can I help you?";
const TOOL_USED: &str = "All right, that is done.";
pub(super) const END_CALL: &str = "end_call";

/// The content of one response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) outputs: Vec<Saying>,
    pub(super) fate: Fate,
    pub(super) think: Option<Duration>,
}

impl From<ScriptedReply> for Reply {
    fn from(scripted: ScriptedReply) -> Self {
        Self { outputs: scripted.outputs, fate: scripted.fate, think: scripted.think }
    }
}

/// What a response to this conversation would answer.
pub(super) fn occasion(conversation: &Conversation, instructions: Option<&str>) -> Occasion {
    if let Some(instructions) = instructions {
        return Occasion { instructions: Some(instructions.to_owned()), ..Occasion::default() };
    }
    match conversation.last_said().map(|item| &item.kind) {
        Some(Kind::Heard { words, .. }) => Occasion { heard: words.clone(), ..Occasion::default() },
        Some(Kind::Written { role, text }) if role == "user" => Occasion { heard: Some(text.clone()), ..Occasion::default() },
        Some(Kind::CallOutput { call_id }) => Occasion { tool: conversation.tool_of(call_id).map(str::to_owned), ..Occasion::default() },
        Some(Kind::Written { .. } | Kind::Spoken { .. } | Kind::Call { .. } | Kind::Listed) | None => Occasion::default(),
    }
}

/// The answer to the caller's last turn, or to the lack of one.
pub(super) fn reply(conversation: &Conversation) -> Reply {
    let Some(item) = conversation.last_said() else { return say(HELLO) };
    match &item.kind {
        Kind::Heard { words, .. } => answer(words.as_deref(), conversation.not_understood()),
        Kind::Written { role, text } if role == "user" => clip_of(text).map_or_else(|| say(CUT_OFF), |clip| answer(Some(clip.text), 0)),
        Kind::Written { .. } | Kind::Spoken { .. } | Kind::Call { .. } | Kind::Listed => say(CUT_OFF),
        Kind::CallOutput { call_id } if conversation.tool_of(call_id) == Some(END_CALL) => Reply::default(),
        Kind::CallOutput { .. } => say(TOOL_USED),
    }
}

/// The sentence that instructions ask for: between double quotes, else after the first colon.
pub(super) fn instructed(instructions: &str) -> Reply {
    let quoted = instructions.split('"').nth(1).filter(|_| instructions.matches('"').count() > 1);
    let after_colon = instructions.split_once(':').map(|(_, text)| text);
    let text = quoted.or(after_colon).map(str::trim).filter(|text| !text.is_empty());
    say(text.unwrap_or(HELLO))
}

/// `before`: turns that were not understood, this one too.
fn answer(heard: Option<&str>, before: usize) -> Reply {
    match heard.and_then(clip_of).map(|clip| clip.name) {
        Some("caller_hours") => say(clip("agent_hours").text),
        Some("caller_interrupt") => say(clip("agent_weekdays").text),
        Some("caller_move") => say(clip("agent_moved").text),
        Some("caller_goodbye") => say_and_end(clip("agent_goodbye").text),
        _ => say(canned(before)),
    }
}

fn canned(before: usize) -> &'static str {
    CANNED.get(before.saturating_sub(1) % CANNED.len()).map_or("", |name| clip(name).text)
}

fn say(text: &str) -> Reply {
    Reply { outputs: vec![Saying::Say(text.to_owned())], ..Reply::default() }
}

/// A sentence, then the tool that hangs up.
fn say_and_end(text: &str) -> Reply {
    let end = Saying::Call { name: END_CALL.to_owned(), arguments: "{}".to_owned() };
    Reply { outputs: vec![Saying::Say(text.to_owned()), end], ..Reply::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::openai::conversation::Item;
    use serde_json::json;

    fn after(items: Vec<Item>) -> Reply {
        let mut conversation = Conversation::default();
        items.into_iter().for_each(|item| conversation.push(item));
        reply(&conversation)
    }

    fn heard(name: &str) -> Item {
        Item::heard("u", Some(clip(name).text.to_owned()), 2000)
    }

    fn written(role: &str, text: &str) -> Item {
        Item::created("w", json!({"type": "message", "role": role, "content": [{"type": "input_text", "text": text}]}))
    }

    #[test]
    fn instructions_are_followed_to_the_letter() {
        assert_eq!(instructed("Say \"Good morning.\" and wait: no more"), say("Good morning."));
        assert_eq!(instructed("Say exactly: Good evening."), say("Good evening."));
        assert_eq!(instructed("Greet the caller in one sentence."), say(HELLO));
        assert_eq!(instructed("say:"), say(HELLO));
    }

    #[test]
    fn every_caller_clip_has_an_answer_of_its_own() {
        assert_eq!(after(vec![heard("caller_hours")]), say(clip("agent_hours").text));
        assert_eq!(after(vec![heard("caller_interrupt")]), say(clip("agent_weekdays").text));
        assert_eq!(after(vec![heard("caller_move")]), say(clip("agent_moved").text));
        assert_eq!(after(vec![heard("caller_goodbye")]), say_and_end(clip("agent_goodbye").text));
    }

    #[test]
    fn whoever_is_not_understood_hears_something_else_each_time() {
        let turn = || Item::heard("u", None, 2000);

        let heard: Vec<Reply> = (1..=4).map(|turns| after((0..turns).map(|_| turn()).collect())).collect();

        assert_eq!(heard[0], say(clip("agent_simulated").text));
        assert_eq!(heard[1], say(clip("agent_interruptible").text));
        assert_eq!((heard[0] == heard[2], heard[0] == heard[3]), (false, true));
    }

    #[test]
    fn a_seeded_question_is_answered_past_the_system_message_that_follows_it() {
        let question = written("user", clip("caller_move").text);

        assert_eq!(after(vec![question, written("system", "The call goes on.")]), say(clip("agent_moved").text));
        assert_eq!(after(vec![written("user", "Do I need a")]), say(CUT_OFF));
        assert_eq!(after(vec![written("assistant", "We are open")]), say(CUT_OFF));
        assert_eq!(after(vec![]), say(HELLO));
    }

    #[test]
    fn the_result_of_a_tool_is_told_but_after_a_goodbye_there_is_nothing_to_say() {
        let used = |name: &str| {
            let call = json!({"type": "function_call", "call_id": "c", "name": name, "arguments": "{}"});
            let output = json!({"type": "function_call_output", "call_id": "c", "output": "{}"});
            after(vec![Item::created("c1", call), Item::created("o", output)])
        };

        assert_eq!(used("book_table"), say(TOOL_USED));
        assert_eq!(used(END_CALL), Reply::default());
    }
}
