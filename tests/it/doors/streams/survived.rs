//! Nonsense that costs a count, and nothing else.

use futures_util::future::join_all;
use tokio_tungstenite::tungstenite::Message;

use crate::doors::brief_house;
use crate::doors::neighbour::beside;
use crate::doors::operator::Operator;
use crate::doors::stream::Stream;

/// Something odd on a live stream, and under which word it is counted.
async fn say_something_odd(stream: &mut Stream, odd: &str) -> &'static str {
    match odd {
        "a binary frame" => {
            stream.send(Message::binary(vec![0xFF; 160])).await;
            "binary"
        }
        "broken json" => {
            stream.say(r#"{"event":"media","media":{"#).await;
            "message"
        }
        "no json at all" => {
            stream.say("Hello?").await;
            "message"
        }
        "json that is no message" => {
            stream.say("[1,2,3]").await;
            "message"
        }
        "an event that nobody knows" => {
            stream.say(r#"{"event":"weather","weather":{"rain":true}}"#).await;
            "unknown_event"
        }
        "bad base64" => {
            let frame = stream.frame().replace("////", "!!!!");
            stream.say(&frame).await;
            "message"
        }
        "a key that no phone has" => {
            stream.say(r#"{"event":"dtmf","dtmf":{"digit":"Q"}}"#).await;
            "message"
        }
        "a second start" => {
            stream.start().await;
            "second_start"
        }
        _ => panic!("nothing is known of {odd}"),
    }
}

const ODD: [&str; 8] = [
    "a binary frame",
    "broken json",
    "no json at all",
    "json that is no message",
    "an event that nobody knows",
    "bad base64",
    "a key that no phone has",
    "a second start",
];

/// A call in which it is said, and which goes on to its caller's goodbye; the word under which it is to be counted.
async fn bear(operator: &Operator, odd: &str) -> &'static str {
    let line = operator.ring().await;
    let mut stream = operator.open(&line).await.expect("101");
    stream.start().await;
    stream.heard().await;

    let kind = say_something_odd(&mut stream, odd).await;

    stream.answers(b"still there?").await;
    stream.media().await;
    stream.hang_up().await;
    let row = operator.ended(&line.call).await;
    assert_eq!((row["epoch"].as_u64(), row["ended_reason"].as_str()), (Some(1), Some("caller_hung_up")), "after {odd}: {row}");
    kind
}

#[actix_rt::test]
async fn what_cannot_be_understood_is_counted_and_the_call_goes_on() {
    let house = brief_house(&[]).await;
    let operator = Operator::of(&house);
    let before = house.counters().await;

    let kinds = beside(&house, join_all(ODD.map(|odd| bear(&operator, odd)))).await;

    house.counters().await.assert_malformed(&before, &kinds);
    assert_eq!(house.model_sessions(), 1 + ODD.len(), "one for each call, and the neighbour's");
    house.finish().await;
}

#[actix_rt::test]
async fn a_message_in_fragments_is_one_message() {
    let house = brief_house(&[]).await;
    let operator = Operator::of(&house);

    beside(&house, async {
        let line = operator.ring().await;
        let mut stream = operator.open(&line).await.expect("101");
        let before = house.counters().await;
        let connected = r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#;
        let (head, tail) = connected.split_at(20);
        stream.say_in_parts(&[head, tail]).await;
        stream.start().await;
        stream.heard().await;

        let media = stream.frame();
        let (head, tail) = media.split_at(30);
        let (middle, tail) = tail.split_at(1);
        for _ in 0..25 {
            stream.say_in_parts(&[head, middle, tail]).await;
        }
        stream.answers(b"all read?").await;

        let after = house.counters().await;
        let frames_in = [("leg", "phone"), ("direction", "in")];
        let frames = "alpha_call_media_frames_total";
        assert!(after.sum(frames, &frames_in) >= before.sum(frames, &frames_in) + 25.0, "{after:?}");
        assert_eq!(after.malformed("fragment"), before.malformed("fragment"));
        stream.hang_up().await;
        let row = operator.ended(&line.call).await;
        assert_eq!((row["status"].as_str(), row["ended_reason"].as_str()), (Some("completed"), Some("caller_hung_up")), "{row}");
    })
    .await;
    house.finish().await;
}

#[actix_rt::test]
async fn a_ping_gets_its_pong_before_the_start_and_after_it() {
    let house = brief_house(&[]).await;
    let operator = Operator::of(&house);
    let line = operator.ring().await;
    let mut stream = operator.open(&line).await.expect("101");

    stream.answers(b"").await;
    stream.answers(b"before").await;
    stream.start().await;
    stream.answers(b"after").await;

    stream.hang_up().await;
    house.finish().await;
}
