//! Who is told of calls.

use super::*;
use crate::types::EventKind;

const URL: (&str, &str) = ("WEBHOOK_URL", "https://example.com/calls?key=s3cret");
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn messages(case: &Case) -> Vec<String> {
    case.problems().iter().map(|problem| format!("{} {}", problem.variable, problem.message)).collect()
}

#[test]
fn nobody_is_told_unless_there_is_an_address() {
    let loaded = Case::new(&[("WEBHOOK_SECRET", SECRET)]).load().expect("valid");

    assert!(loaded.config.webhooks.is_none());
}

#[test]
fn a_receiver_is_told_of_all_but_what_was_said() {
    let both = format!("{SECRET},{SECRET}");
    let loaded = Case::new(&[URL, ("WEBHOOK_SECRET", &both)]).load().expect("valid");

    let webhooks = loaded.config.webhooks.expect("a receiver");
    assert_eq!(webhooks.events, [EventKind::Initiated, EventKind::Connected, EventKind::Completed, EventKind::Failed]);
    assert_eq!((webhooks.secrets.len(), webhooks.host().as_str()), (2, "example.com"));
    let shown = format!("{webhooks:?}");
    assert!(!shown.contains("s3cret") && !shown.contains("whsec"), "{shown}");
}

#[test]
fn an_address_without_a_secret_is_a_mistake_that_says_how_to_make_one() {
    let problems = Case::new(&[URL]).problems();

    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert_eq!(problems[0].variable, "WEBHOOK_SECRET");
    assert!(problems[0].fix.contains("openssl rand -base64 32"), "{problems:#?}");
}

#[test]
fn a_secret_is_long_enough_to_be_one() {
    for wrong in ["secret", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!"] {
        let found = messages(&Case::new(&[URL, ("WEBHOOK_SECRET", wrong)]));

        assert_eq!(found, ["WEBHOOK_SECRET entry 1 is not whsec_ and 24 to 64 bytes in base64"], "{wrong}");
    }
    let second = messages(&Case::new(&[URL, ("WEBHOOK_SECRET", &format!("{SECRET},x"))]));
    assert_eq!(second, ["WEBHOOK_SECRET entry 2 is not whsec_ and 24 to 64 bytes in base64"]);
}

#[test]
fn an_address_is_https_but_on_this_host_in_development() {
    let told = |url: &str| messages(&Case::new(&[("WEBHOOK_URL", url), ("WEBHOOK_SECRET", SECRET)]));

    assert_eq!(told("http://127.0.0.1:9000/calls"), [""; 0]);
    assert_eq!(told("http://localhost:9000/calls"), [""; 0]);
    assert_eq!(told("http://example.com/calls"), ["WEBHOOK_URL is not https://"]);
    assert_eq!(told("ftp://example.com/calls"), ["WEBHOOK_URL is not https://"]);
    assert_eq!(told("https://me:word@example.com/calls"), ["WEBHOOK_URL holds a user or a password"]);
    assert_eq!(told("example.com"), ["WEBHOOK_URL is not a url"]);
}

#[test]
fn only_events_that_there_are_can_be_told() {
    let events = |text| messages(&Case::new(&[URL, ("WEBHOOK_SECRET", SECRET), ("APP__WEBHOOKS__EVENTS", text)]));

    assert_eq!(events("call.turn, call.failed"), [""; 0]);
    assert_eq!(events("call.ended"), ["APP__WEBHOOKS__EVENTS \"call.ended\" is not an event"]);
    assert_eq!(events(","), ["APP__WEBHOOKS__EVENTS is empty"]);
}
