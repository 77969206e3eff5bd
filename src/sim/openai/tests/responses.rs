use serde_json::{Value, json};

use super::rig::{Rig, kinds, of, one};
use crate::sim::speech::clip;
use crate::sim::voice::speak;

fn create(instructions: &str) -> Value {
    json!({"type": "response.create", "event_id": "rc_1", "response": {"instructions": instructions}})
}

fn seed(id: &str, role: &str, text: &str) -> Value {
    let kind = if role == "assistant" { "output_text" } else { "input_text" };
    json!({"type": "conversation.item.create", "item": {"id": id, "type": "message", "role": role, "content": [{"type": kind, "text": text}]}})
}

fn spoken(rig: &Rig) -> Vec<String> {
    rig.report().spoken
}

#[test]
fn a_greeting_is_spoken_word_for_word() {
    let mut rig = Rig::configured();

    rig.send(&create(&format!("Greet the caller with exactly this sentence: \"{}\"", clip("agent_greeting").text)));
    let events = rig.pass(2000);

    assert_eq!(super::rig::audio_of(&events), speak(clip("agent_greeting").text));
    assert_eq!(one(&events, "response.done")["response"]["status"], "completed");
}

#[test]
fn a_second_response_of_the_client_is_refused_and_held_against_it() {
    let mut rig = Rig::configured();
    let created = rig.send(&create("Say: One."));
    let active = created[0]["response"]["id"].as_str().unwrap().to_owned();

    let error = rig.fail(&create("Say: Two."));

    assert_eq!(error["code"], "conversation_already_has_active_response");
    assert_eq!(error["event_id"], "rc_1");
    assert!(error["message"].as_str().unwrap().contains(&active));
    assert_eq!(rig.violations().len(), 1);
}

#[test]
fn a_response_that_crosses_with_one_of_the_server_is_refused_but_forgiven() {
    let mut rig = Rig::configured();
    rig.hear_turn("caller_hours");

    let error = rig.fail(&create("Say: Two."));

    assert_eq!(error["code"], "conversation_already_has_active_response");
    assert_eq!(rig.violations(), [""; 0]);
    assert_eq!(rig.control.races().len(), 1);
}

#[test]
fn a_cancel_with_nothing_to_cancel_is_harmless() {
    let mut rig = Rig::configured();

    let error = rig.fail(&json!({"type": "response.cancel", "event_id": "rx_1"}));

    assert_eq!(error["code"], "response_cancel_not_active");
    assert_eq!(error["message"], "Cancellation failed: no active response found");
    assert_eq!(error["event_id"], "rx_1");
    assert_eq!(rig.violations(), [""; 0]);
}

#[test]
fn a_client_can_cancel() {
    let mut rig = Rig::configured();
    let created = rig.send(&create("Say: One two three four five six seven."));

    let events = rig.send(&json!({"type": "response.cancel", "response_id": created[0]["response"]["id"]}));

    assert_eq!(one(&events, "response.done")["response"]["status_details"]["reason"], "client_cancelled");
    rig.send(&create("Say: Next."));
    rig.pass(1000);
    assert_eq!(rig.report().responses, ["cancelled", "completed"]);
}

#[test]
fn a_response_beside_the_conversation_runs_in_parallel_and_leaves_no_item() {
    let mut rig = Rig::configured();
    rig.send(&create("Say: One two three four five six seven."));

    let options =
        json!({"conversation": "none", "output_modalities": ["text"], "metadata": {"purpose": "summary"}, "instructions": "Say: Done."});
    rig.send(&json!({"type": "response.create", "response": options}));
    let events = rig.pass(3000);

    let aside =
        of(&events, "response.done").into_iter().find(|event| event["response"]["metadata"]["purpose"] == "summary").expect("an end");
    assert!(aside["response"]["conversation_id"].is_null());
    assert_eq!(one(&events, "response.output_text.done")["text"], "Done.");
    assert_eq!(of(&events, "conversation.item.added").len(), 1);
    assert_eq!(rig.violations(), [""; 0]);
}

#[test]
fn a_seeded_session_goes_on_where_the_other_one_broke_off() {
    let mut rig = Rig::configured();
    rig.send(&seed("seed_0", "assistant", clip("agent_greeting").text));
    rig.send(&seed("seed_1", "user", clip("caller_move").text));

    rig.send(&json!({"type": "response.create"}));
    rig.pass(2000);
    rig.send(&json!({"type": "response.create"}));
    rig.pass(2000);

    assert_eq!(spoken(&rig), [clip("agent_moved").text, "Sorry, we were cut off. Where were we?"]);
    let seeds = rig.report().seeds;
    assert_eq!(seeds[0], ("assistant".to_owned(), clip("agent_greeting").text.to_owned()));
    assert_eq!(seeds[1].0, "user");
}

#[test]
fn seeds_are_announced_in_their_place() {
    let mut rig = Rig::configured();
    rig.send(&seed("seed_0", "assistant", "Hello."));

    let mut first = seed("seed_1", "user", "Hi.");
    first["previous_item_id"] = json!("root");
    let events = rig.send(&first);

    assert_eq!(kinds(&events), ["conversation.item.added", "conversation.item.done"]);
    assert!(events[0]["previous_item_id"].is_null());
    let last = rig.send(&seed("seed_2", "system", "Note."));
    assert_eq!(last[0]["previous_item_id"], "seed_0");
}

#[test]
fn the_next_response_fails_on_order() {
    let mut rig = Rig::configured();
    rig.control.fail_next_response("rate_limit_exceeded");

    rig.send(&create("Say: One."));
    let failed = rig.pass(500);
    rig.send(&create("Say: One."));
    rig.pass(1000);

    let response = &one(&failed, "response.done")["response"];
    assert_eq!(response["status"], "failed");
    assert_eq!(response["status_details"]["error"]["code"], "rate_limit_exceeded");
    assert_eq!(rig.report().responses, ["failed", "completed"]);
}
