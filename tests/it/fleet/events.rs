//! What happens on one instance is told by the others, whatever becomes of their connections.

use std::time::Duration;

use alpha_call::sim::scenario::{CallerScript, Step};
use alpha_call::sim::stage::{CALLER, utterance};
use alpha_call::sim::twilio::CallIn;

use super::crew::Crew;
use super::*;
use crate::doors::sse::{Reader, Told};

/// Ends every connection to the database but the one that asks for it.
const CUT: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() \
     AND application_name = 'alpha-call'";
/// Those that listen have no name.
const CUT_EARS: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";

fn talk() -> CallerScript {
    let said = ["caller_hours", "caller_move", "caller_goodbye"].map(|clip| {
        [
            Step::WaitForSpeech { within: LONG },
            Step::WaitForSilence { quiet: Duration::from_millis(900), within: LONG },
            Step::Say(utterance(clip)),
        ]
    });
    CallerScript::new(said.into_iter().flatten().chain([Step::AwaitHangup { within: LONG }]).collect())
}

#[actix_rt::test]
async fn whoever_watches_one_process_misses_nothing_of_another_while_connections_to_the_database_are_cut() {
    let Some(crew) = Crew::start(1) else { return };
    let carries = crew.instances.borrow_mut()[0].address();
    let mut other = serve(&crew.stage, &crew.cluster.url(), &[]);
    crew.stage.twilio.set_engine(carries);
    let mut reader = Reader::open(other.address(), "/api/events", None, None).await;

    let call = crew.stage.twilio.call_in(CallIn { from: CALLER.to_owned(), script: talk() }).expect("a domain");
    let mut told = Vec::new();
    for _ in 0..3 {
        told.extend(reader.until(|told| told.kind == "call.turn").await);
        assert!(count(&crew.cluster.url(), CUT).await + count(&crew.cluster.url(), CUT_EARS).await > 0);
    }
    told.extend(reader.until(|told| told.kind == "call.completed").await);

    assert!(call.ended(LONG).await.expect("an end").completed());
    let ids: Vec<u64> = told.iter().filter_map(|told| told.id).collect();
    assert_eq!(ids, (1..=u64::try_from(ids.len()).expect("few")).collect::<Vec<_>>(), "one after the other, and none is missing");
    assert_eq!(heard(&told), heard_on_record(&crew, &told).await);
}

/// The words of every turn, as they were told last.
fn heard(told: &[Told]) -> Vec<(u64, String)> {
    let turns = told.iter().filter(|told| told.kind == "call.turn").map(|told| &told.json["data"]["turn"]);
    let words = turns.map(|turn| (turn["seq"].as_u64().expect("a seq"), turn["heard"].as_str().expect("words").to_owned()));
    words.collect::<std::collections::BTreeMap<_, _>>().into_iter().collect()
}

async fn heard_on_record(crew: &Crew, told: &[Told]) -> Vec<(u64, String)> {
    let call = told[0].json["call_id"].as_str().expect("an id");
    let address = crew.instances.borrow_mut()[0].address();
    let conversation = crate::doors::http::get(&format!("/api/call/{call}/conversation")).to(address).await.json();
    let turns = conversation["turns"].as_array().expect("turns").iter();
    let mut words: Vec<_> =
        turns.map(|turn| (turn["seq"].as_u64().expect("a seq"), turn["heard"].as_str().expect("words").to_owned())).collect();
    words.sort();
    words
}

#[actix_rt::test]
async fn whoever_looks_at_one_process_sees_how_loud_a_call_of_another_is() {
    let Some(crew) = Crew::start(1) else { return };
    let carries = crew.instances.borrow_mut()[0].address();
    let mut other = serve(&crew.stage, &crew.cluster.url(), &[]);
    crew.stage.twilio.set_engine(carries);
    let mut reader = Reader::open(other.address(), "/api/events?levels=true", None, None).await;

    let call = crew.stage.twilio.call_in(CallIn { from: CALLER.to_owned(), script: talk() }).expect("a domain");
    for side in ["caller", "assistant"] {
        let told = reader.until(|told| told.kind == "call.levels" && told.json["levels"][0][side].as_f64() > Some(0.1)).await;
        assert_eq!(told.last().and_then(|told| told.id), None, "what is over is not told again");
    }

    assert!(call.ended(LONG).await.expect("an end").completed());
}
