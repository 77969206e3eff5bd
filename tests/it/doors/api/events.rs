//! What happens, as it happens.

use std::time::Duration;

use alpha_call::sim::scenario::{CallerScript, Step};
use alpha_call::types::Scope;
use futures_util::StreamExt as _;

use super::short;
use crate::doors::http::{get, post_json};
use crate::doors::sse::Reader;
use crate::house::{House, LONG};

const CALLEE: &str = "+14155550142";

impl House {
    /// A call from its request to its end.
    pub async fn call_out(&self) {
        self.stage.twilio.answer(short());
        let asked = post_json("/api/request-call", serde_json::json!({ "phone_number": CALLEE })).to(self.addr()).await;
        assert_eq!(asked.status, 202, "{asked:?}");
        self.calls_are_over(1).await;
    }
}

#[actix_rt::test]
async fn whoever_watches_is_told_of_a_call_from_its_request_to_its_end() {
    let house = House::open().await;
    let mut reader = Reader::open(house.addr(), "/api/events", None, None).await;

    house.call_out().await;

    let told = reader.until(|told| told.kind == "call.completed").await;
    let kinds: Vec<&str> = told.iter().map(|told| told.kind.as_str()).collect();
    assert_eq!((kinds[0], kinds[1]), ("call.initiated", "call.connected"), "{kinds:?}");
    assert!(kinds[2..kinds.len() - 1].iter().all(|kind| *kind == "call.turn") && kinds.len() > 3, "{kinds:?}");
    let (turn, end) = (&told[2].json, &told[told.len() - 1].json);
    assert!(turn["data"]["turn"]["generated"].as_str().is_some_and(|words| !words.is_empty()), "{turn}");
    assert_eq!(end["data"]["call"]["ended_reason"], "caller_hung_up", "{end}");
    for told in &told {
        assert_eq!((&told.json["type"], &told.json["call_id"]), (&told.kind.as_str().into(), &end["data"]["call"]["id"]));
    }
    drop(reader);
    house.finish().await;
}

#[actix_rt::test]
async fn a_reader_who_comes_back_is_told_what_it_missed_or_that_this_is_not_known_any_more() {
    let house = House::open().await;
    let mut before = Reader::open(house.addr(), "/api/events", None, None).await;
    house.call_out().await;
    let told = before.until(|told| told.kind == "call.completed").await;
    let (first, last) = (told[0].id.expect("an id"), told[told.len() - 1].id.expect("an id"));

    let again = Reader::open(house.addr(), "/api/events", Some(first), None).await.until(|told| told.id == Some(last)).await;
    assert_eq!(again.iter().map(|told| told.id).collect::<Vec<_>>(), told[1..].iter().map(|told| told.id).collect::<Vec<_>>());
    let stranger = Reader::open(house.addr(), "/api/events", Some(last + 1_000), None).await.next().await.expect("a word");
    assert_eq!((stranger.kind.as_str(), stranger.id), ("reset", None));
    get("/api/events").with("Last-Event-ID", "yesterday").to(house.addr()).await.problem(400, "malformed-request");
    house.finish().await;
}

#[actix_rt::test]
async fn a_key_that_may_not_read_transcripts_hears_that_something_was_said_and_not_what() {
    let house = House::open().await;
    house.call_out().await;
    let key = house.with_key(1, &[Scope::CallsRead], None).await;

    let told = Reader::open(house.addr(), "/api/events", Some(0), Some(&key)).await.until(|told| told.kind == "call.completed").await;

    let turns: Vec<_> = told.iter().filter(|told| told.kind == "call.turn").map(|told| &told.json["data"]["turn"]).collect();
    assert!(!turns.is_empty());
    for turn in turns {
        assert_eq!((&turn["generated"], &turn["heard"]), (&"".into(), &"".into()), "{turn}");
    }
    house.finish().await;
}

#[actix_rt::test]
async fn whoever_watches_does_not_hold_up_an_engine_that_is_told_to_stop() {
    let house = House::open().await;
    let mut reader = Reader::open(house.addr(), "/api/events", None, None).await;

    let (house, took) = house.move_house().await;

    assert!(took < Duration::from_secs(3), "{took:?}");
    assert_eq!(reader.next().await, None);
    house.finish().await;
}

#[actix_rt::test]
async fn a_watcher_knows_its_place_before_the_first_event() {
    let house = House::open().await;
    house.call_out().await;
    let told = Reader::open(house.addr(), "/api/events", Some(0), None).await.until(|told| told.kind == "call.completed").await;
    let last = told[told.len() - 1].id.expect("an id");

    let mut answer = awc::Client::default().get(format!("http://{}/api/events", house.addr())).send().await.expect("an answer");
    let opening = answer.next().await.expect("a part").expect("bytes");

    assert_eq!(opening, format!("retry: 3000\nid: {last}\n\n"));
    drop(answer);
    house.finish().await;
}

#[actix_rt::test]
async fn levels_of_running_calls_are_told_to_whoever_asks_for_them_and_to_nobody_else() {
    let house = House::open().await;
    let (mut plain, mut looking) = (
        Reader::open(house.addr(), "/api/events", None, None).await,
        Reader::open(house.addr(), "/api/events?levels=true", None, None).await,
    );

    let quiet = Duration::from_millis(900);
    let steps = vec![Step::WaitForSpeech { within: LONG }, Step::WaitForSilence { quiet, within: LONG }, Step::HangUp];
    let call = house.call_in(CallerScript::new(steps));
    call.ended(LONG).await.expect("an end");

    let told = looking.until(|told| told.kind == "call.completed").await;
    let levels: Vec<_> = told.iter().filter(|told| told.kind == "call.levels").map(|told| &told.json["levels"][0]).collect();
    assert!(levels.iter().any(|level| level["assistant"].as_f64() > Some(0.1)), "{told:?}");
    assert!(levels.iter().all(|level| level["call_id"] == told[0].json["call_id"]), "{told:?}");
    assert!(plain.until(|told| told.kind == "call.completed").await.iter().all(|told| told.id.is_some()));
    drop((plain, looking));
    house.finish().await;
}
