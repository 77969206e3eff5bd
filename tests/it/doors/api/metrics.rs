//! `/metrics`.

use crate::doors::counters::Counters;
use crate::doors::http::get;
use crate::doors::operator::Operator;
use crate::house::House;

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
