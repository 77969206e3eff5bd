//! `/metrics`.

use std::time::Duration;

use alpha_call::metrics::{self, Metric};
use alpha_call::sim::scenario::{CallerScript, Step};
use alpha_call::sim::stage::utterance;
use serde_json::json;

use crate::doors::counters::Counters;
use crate::doors::http::get;
use crate::doors::judge::approves;
use crate::doors::operator::Operator;
use crate::house::{House, LONG};

#[actix_rt::test]
async fn metrics_count_calls_frames_drops_and_actors_from_the_start() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let line = operator.ring().await;
    let mut stream = operator.open(&line).await.expect("101");
    stream.start().await;
    stream.heard().await;

    let live = Counters::of(house.addr()).await;
    stream.media().await;
    stream.hang_up().await;
    operator.ended(&line.call).await;
    let over = Counters::of(house.addr()).await;

    for (name, kind) in [
        ("alpha_call_calls_started_total", "counter"),
        ("alpha_call_calls_active", "gauge"),
        ("alpha_call_model_connections", "gauge"),
        ("alpha_call_media_frames_total", "counter"),
        ("alpha_call_media_frames_dropped_total", "counter"),
        ("alpha_call_malformed_messages_total", "counter"),
        ("alpha_call_actors", "gauge"),
        ("alpha_call_http_requests_total", "counter"),
        ("alpha_call_first_audio_seconds", "histogram"),
    ] {
        assert_eq!(live.types.get(name).map(String::as_str), Some(kind), "{name} of {:?}", live.names());
    }
    let inbound = [("direction", "inbound")];
    assert!(live.sum("alpha_call_calls_started_total", &inbound) >= 1.0);
    assert!(live.sum("alpha_call_actors", &[("kind", "twilio_stream")]) >= 1.0);
    let ended = [("direction", "inbound"), ("cause", "caller_hung_up")];
    assert!(over.sum("alpha_call_calls_total", &ended) > live.sum("alpha_call_calls_total", &ended));
    house.finish().await;
}

#[actix_rt::test]
async fn metrics_tell_no_number_no_sid_and_no_path() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let line = operator.ring().await;
    get(&format!("/api/call/{}", line.sid)).to(house.addr()).await;
    get("/api/call-history?phone_number=%2B14155550123").to(house.addr()).await;
    get("/an/unheard-of/path").to(house.addr()).await;
    operator.hang_up(&line).await;

    let text = get("/metrics").to(house.addr()).await.body;

    for told in [line.sid.as_str(), line.call.as_str(), "4155550", "unheard-of", &line.stream] {
        assert!(!text.contains(told), "{told} in {text}");
    }
    assert!(text.contains(r#"route="/api/call/{call}""#) && text.contains(r#"route="unmatched""#), "{text}");
    house.finish().await;
}

/// One that asks something, is answered, and hangs up.
fn talk() -> CallerScript {
    let quiet = Duration::from_millis(900);
    let greeting = [Step::WaitForSpeech { within: LONG }, Step::WaitForSilence { quiet, within: LONG }];
    CallerScript::new(
        greeting.into_iter().chain([Step::Say(utterance("caller_hours")), Step::WaitForSpeech { within: LONG }, Step::HangUp]).collect(),
    )
}

fn catalogue() -> String {
    let line = |metric: &Metric| json!({"name": metric.name, "kind": metric.kind.as_str(), "labels": metric.labels}).to_string() + "\n";
    metrics::ALL.iter().map(line).collect()
}

/// <https://prometheus.github.io/client_python/parser/>
#[actix_rt::test]
async fn after_a_hundred_calls_an_independent_parser_finds_every_documented_metric_and_no_other() {
    let house = House::with(&[("MAX_CONCURRENT_CALLS", "30"), ("MAX_OPENAI_CONNECTIONS", "30")]).await;
    for _ in 0..4 {
        let calls: Vec<_> = (0..25).map(|_| house.call_in(talk())).collect();
        for call in &calls {
            assert!(call.ended(LONG).await.expect("an end").completed());
            house.ended(call.call_sid()).await;
        }
    }

    let scrape = get("/metrics").to(house.addr()).await.body;
    let counted = Counters::parse(&scrape);
    let [file, list] = ["scrape.txt", "catalogue.jsonl"].map(|name| house.folder().join(name));
    std::fs::write(&file, &scrape).expect("a file");
    std::fs::write(&list, catalogue()).expect("a file");

    approves("metrics.py", [file, list]);
    for (name, labels) in [
        ("alpha_call_calls_started_total", vec![("direction", "inbound")]),
        ("alpha_call_calls_total", vec![("cause", "caller_hung_up"), ("outcome", "completed")]),
        ("alpha_call_call_duration_seconds_count", vec![("direction", "inbound")]),
        ("alpha_call_first_audio_seconds_count", vec![]),
        ("alpha_call_turn_latency_seconds_count", vec![]),
    ] {
        assert!(counted.sum(name, &labels) >= 100.0, "{name}: {}", counted.sum(name, &labels));
    }
    assert_eq!(counted.sum("alpha_call_actor_mailbox_messages", &[("kind", "call")]), 0.0);
    house.finish().await;
}
