//! Every screen shows what there is, complains of nothing, and can be used by all.

use alpha_call::sim::scenario::{CallerScript, Step};
use alpha_call::types::Scope;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::*;
use crate::house::{House, LONG};

/// Finds what people who cannot see, or cannot use a mouse, would stumble over: <https://github.com/dequelabs/axe-core>
const AXE: &str = include_str!("../../fixtures/axe-core-4.14.1/axe.min.js");
const JUDGE: &str = "const done = arguments[arguments.length - 1]; \
     axe.run().then((found) => done(found.violations.filter((one) => ['serious', 'critical'].includes(one.impact)) \
     .map((one) => one.id + ': ' + one.nodes.map((node) => node.target.join(' ')).join(', '))));";

/// A call with a word on record.
async fn house_with_a_call() -> (House, String) {
    let house = House::open().await;
    let steps = vec![Step::WaitForSpeech { within: LONG }, Step::Pause(std::time::Duration::from_secs(1)), Step::HangUp];
    let call = house.call_in(CallerScript::new(steps));
    call.ended(LONG).await.expect("an end");
    let row = house.ended(call.call_sid()).await;
    (house, row["id"].as_str().expect("an id").to_owned())
}

/// What each of them says when it has everything.
fn screens(call: &str) -> Vec<(String, Vec<&'static str>)> {
    let screen = |path: &str, words: &[&'static str]| (path.to_owned(), words.to_vec());
    vec![
        screen("/", &["Overview", "Calls per day", "Turn latency", "How calls ended"]),
        screen("/calls", &["Calls", "+1 415 555"]),
        screen(&format!("/calls/{call}"), &["Transcript", "AI assistant", "Who and when"]),
        screen(&format!("/calls/{call}?tab=timeline"), &["Timeline"]),
        screen(&format!("/calls/{call}?tab=events"), &["Events"]),
        screen(&format!("/calls/{call}?tab=cost"), &["Cost"]),
        screen("/live?actors", &["Live", "CallActor", "EventPublisher"]),
        screen("/phone", &["Phone", "simulated"]),
        screen("/assistants", &["clinic", "gpt-realtime"]),
        screen("/setup", &["Setup", "OpenAI API key", "Database", "Nobody is told of calls"]),
        screen("/nowhere", &[]),
    ]
}

async fn look_at_all(look: Look) {
    let (house, call) = house_with_a_call().await;
    let Some(browser) = Browser::open(house.addr(), look, None).await else { return house.finish().await };
    for (path, words) in screens(&call).iter().filter(|(path, _)| path != "/nowhere") {
        browser.go(path).await;
        browser.reads(words).await;
        browser.run(AXE).await;
        assert_eq!(browser.run_later(JUDGE).await, Value::Array(Vec::new()), "{path} {look:?}");
        let sideways = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth").await;
        assert!(sideways.as_i64() <= Some(0), "{path} {look:?} scrolls sideways by {sideways}");
        assert_eq!(browser.complaints().await, Vec::<String>::new(), "{path} {look:?}");
    }
    browser.close().await;
    house.finish().await;
}

#[actix_rt::test]
async fn every_screen_is_whole_on_a_desk() {
    look_at_all(Look::DESK).await;
}

#[actix_rt::test]
async fn every_screen_is_whole_at_night() {
    look_at_all(Look::NIGHT).await;
}

#[actix_rt::test]
async fn every_screen_is_whole_in_a_pocket() {
    look_at_all(Look::POCKET).await;
}

#[actix_rt::test]
async fn a_page_that_needs_a_key_asks_for_it_and_never_puts_it_into_an_address() {
    let house = House::open().await;
    let key = house.with_key(1, &Scope::ALL, None).await;
    let Some(browser) = Browser::open(house.addr(), Look::DESK, None).await else { return house.finish().await };

    browser.go("/calls").await;
    let field = browser.see("input[type=password]").await;
    field.send_keys("ak_wrong").await.expect("typed");
    browser.press("Sign in").await;
    browser.reads(&["API key"]).await;
    let refused = browser.complaints().await;
    assert!(refused.iter().all(|line| line.contains("401")), "{refused:?}");
    field.clear().await.expect("cleared");
    field.send_keys(key.text().expose_secret()).await.expect("typed");
    browser.press("Sign in").await;
    browser.reads(&["Calls", "No calls"]).await;

    let asked = browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name).join(' ') + location.href").await;
    assert!(!asked.as_str().expect("addresses").contains(key.text().expose_secret()), "{asked}");
    browser.close().await;
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_is_watched_while_it_runs_and_hung_up_from_the_page() {
    let house = House::open().await;
    let Some(browser) = Browser::open(house.addr(), Look::DESK, None).await else { return house.finish().await };
    browser.go("/live").await;
    browser.reads(&["Live"]).await;

    let call = house.call_in(CallerScript::new(vec![Step::WaitForSpeech { within: LONG }, Step::AwaitHangup { within: LONG }]));
    browser.reads(&["+1 415 555", "AI assistant of the Lakeside Clinic"]).await;
    browser.press("Hang up").await;
    browser.see("dialog[open]").await;
    browser.press("Hang up").await;

    assert!(call.ended(LONG).await.expect("an end").completed());
    assert_eq!(house.ended(call.call_sid()).await["ended_reason"], "requested");
    browser.close().await;
    house.finish().await;
}
