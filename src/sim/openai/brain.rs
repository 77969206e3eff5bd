//! What the simulated model says to what.

use super::conversation::{Conversation, Kind};
use crate::sim::speech::{Clip, clip, clip_of};

const DID_NOT_UNDERSTAND: &str = "I am a simulated assistant. I did not understand that.";
const CUT_OFF: &str = "Sorry, we were cut off. Where were we?";
const HELLO: &str = "Hello. How can I help you?";

/// The content of one response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Say(String),
    /// A sentence, then the tool that hangs up.
    SayAndEnd(String),
    Nothing,
}

/// The answer to the caller's last turn, or to the lack of one.
pub(super) fn reply(conversation: &Conversation) -> Reply {
    let Some(item) = conversation.last_said() else { return say(HELLO) };
    match &item.kind {
        Kind::Heard { clip, .. } => answer(*clip),
        Kind::Written { role, text } if role == "user" => clip_of(text).map_or_else(|| say(CUT_OFF), |clip| answer(Some(clip))),
        Kind::Written { .. } | Kind::Spoken { .. } | Kind::Call { .. } => say(CUT_OFF),
        Kind::CallOutput => Reply::Nothing,
    }
}

/// The sentence that instructions ask for: between double quotes, else after the first colon.
pub(super) fn instructed(instructions: &str) -> Reply {
    let quoted = instructions.split('"').nth(1).filter(|_| instructions.matches('"').count() > 1);
    let after_colon = instructions.split_once(':').map(|(_, text)| text);
    let text = quoted.or(after_colon).map(str::trim).filter(|text| !text.is_empty());
    say(text.unwrap_or(HELLO))
}

fn answer(heard: Option<&Clip>) -> Reply {
    match heard.map(|clip| clip.name) {
        Some("caller_hours") => say(clip("agent_hours").text),
        Some("caller_interrupt") => say(clip("agent_weekdays").text),
        Some("caller_move") => say(clip("agent_moved").text),
        Some("caller_goodbye") => Reply::SayAndEnd(clip("agent_goodbye").text.to_owned()),
        _ => say(DID_NOT_UNDERSTAND),
    }
}

fn say(text: &str) -> Reply {
    Reply::Say(text.to_owned())
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
        assert_eq!(after(vec![Item::heard("u", Some(clip("caller_hours")), 2000)]), say(clip("agent_hours").text));
        assert_eq!(after(vec![Item::heard("u", Some(clip("caller_interrupt")), 2000)]), say(clip("agent_weekdays").text));
        assert_eq!(after(vec![Item::heard("u", Some(clip("caller_move")), 2000)]), say(clip("agent_moved").text));
        let goodbye = clip("agent_goodbye").text.to_owned();
        assert_eq!(after(vec![Item::heard("u", Some(clip("caller_goodbye")), 2000)]), Reply::SayAndEnd(goodbye));
        assert_eq!(after(vec![Item::heard("u", None, 2000)]), say(DID_NOT_UNDERSTAND));
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
    fn a_tool_result_needs_no_words() {
        assert_eq!(
            after(vec![Item::created("o", json!({"type": "function_call_output", "call_id": "c", "output": "{}"}))]),
            Reply::Nothing
        );
    }
}
