//! What costs the stream, and never the call: Twilio asks what comes next, and gets another one.

use futures_util::future::join_all;
use tokio_tungstenite::tungstenite::Message;

use crate::doors::brief_house;
use crate::doors::neighbour::beside;
use crate::doors::operator::{Line, Operator, fresh_sid};
use crate::doors::stream::Stream;

const LIMIT: usize = 64 * 1024;

/// A breach before there is a call, the code that answers it, and the word under which it is counted.
async fn breach(stream: &mut Stream, what: &str) -> (u16, &'static str) {
    match what {
        "media before the start" => {
            stream.media().await;
            (1008, "before_start")
        }
        "a key before the start" => {
            stream.say(r#"{"event":"dtmf","dtmf":{"digit":"1"}}"#).await;
            (1008, "before_start")
        }
        "the start of another call" => {
            stream.start_as(&fresh_sid("CA")).await;
            (1008, "foreign_call")
        }
        "no start" => (1008, "no_start"),
        "a frame over 64 KiB" => {
            stream.say(&"x".repeat(LIMIT + 1)).await;
            (1009, "too_long")
        }
        "a message over 64 KiB in fragments" => {
            let part = "x".repeat(LIMIT / 2 + 1);
            stream.say_in_parts(&[&part, &part]).await;
            (1009, "too_long")
        }
        "a binary frame over 64 KiB" => {
            stream.send(Message::binary(vec![0; LIMIT + 1])).await;
            (1009, "too_long")
        }
        "the first half of a frame of a gigabyte" => {
            stream.raw(&[0x81, 0xFF, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0]).await;
            stream.raw(&[b'x'; LIMIT]).await;
            (1009, "too_long")
        }
        "a frame of more bytes than there are" => {
            stream.raw(&[0x81, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]).await;
            (1009, "too_long")
        }
        "a frame with reserved bits" => {
            stream.raw(&[0xC1, 0x81, 0, 0, 0, 0, b'x']).await;
            (1002, "protocol")
        }
        "a frame of no kind" => {
            stream.raw(&[0x83, 0x81, 0, 0, 0, 0, b'x']).await;
            (1002, "protocol")
        }
        "a frame without a mask" => {
            stream.raw(&[0x81, 0x01, b'x']).await;
            (1002, "protocol")
        }
        "a ping of 126 bytes" => {
            stream.raw(&[&[0x89, 0xFE, 0, 126, 0, 0, 0, 0][..], &[b'x'; 126]].concat()).await;
            (1002, "protocol")
        }
        "text that is not utf-8" => {
            stream.raw(&[0x81, 0x82, 0, 0, 0, 0, 0xC3, 0x28]).await;
            (1002, "protocol")
        }
        _ => panic!("nothing is known of {what}"),
    }
}

const BREACHES: [&str; 14] = [
    "media before the start",
    "a key before the start",
    "the start of another call",
    "no start",
    "a frame over 64 KiB",
    "a message over 64 KiB in fragments",
    "a binary frame over 64 KiB",
    "the first half of a frame of a gigabyte",
    "a frame of more bytes than there are",
    "a frame with reserved bits",
    "a frame of no kind",
    "a frame without a mask",
    "a ping of 126 bytes",
    "text that is not utf-8",
];

/// A call that loses its first stream by a breach; the word under which that is to be counted.
async fn lose_a_stream(operator: &Operator, what: &str) -> &'static str {
    let line = operator.ring().await;
    let mut stream = operator.open(&line).await.expect("101");

    let (code, kind) = breach(&mut stream, what).await;

    assert_eq!(stream.closed().await, Some(code), "after {what}");
    let next = operator.ask_next(&line).await;
    assert!(next.resume.ends_with("/3"), "the second stream's successor is the third: {}", next.resume);
    operator.hang_up(&next).await;
    kind
}

#[actix_rt::test]
async fn a_breach_closes_the_stream_and_the_call_is_promised_another() {
    let house = brief_house(&[("APP__CALL__START_DEADLINE_MS", "300"), ("MAX_CONCURRENT_CALLS", "20")]).await;
    let operator = Operator::of(&house);
    let before = house.counters().await;

    let kinds = beside(&house, join_all(BREACHES.map(|what| lose_a_stream(&operator, what)))).await;

    house.counters().await.assert_malformed(&before, &kinds);
    assert_eq!(house.model_sessions(), 1, "the neighbour's alone");
    house.finish().await;
}

/// A live stream, and a session of the model that listens to it.
async fn live(operator: &Operator, line: &Line) -> Stream {
    let mut stream = operator.open(line).await.expect("101");
    stream.start().await;
    stream.heard().await;
    stream
}

#[actix_rt::test]
async fn more_than_twenty_pieces_of_nonsense_close_the_stream_and_the_call_goes_on_with_another() {
    let house = brief_house(&[]).await;
    let operator = Operator::of(&house);

    beside(&house, async {
        let line = operator.ring().await;
        let mut stream = live(&operator, &line).await;
        let before = house.counters().await;
        for _ in 0..20 {
            stream.say("nonsense").await;
        }
        stream.answers(b"twenty are borne").await;

        stream.say("nonsense").await;

        assert_eq!(stream.closed().await, Some(1003));
        assert!(house.counters().await.malformed("message") >= before.malformed("message") + 21.0);
        let next = operator.ask_next(&line).await;
        let stream = live(&operator, &next).await;
        stream.hang_up().await;
        let row = operator.ended(&line.call).await;
        assert_eq!((row["epoch"].as_u64(), row["ended_reason"].as_str()), (Some(2), Some("caller_hung_up")), "{row}");
    })
    .await;
    house.finish().await;
}

async fn lose_a_live_stream(operator: &Operator, what: &str) {
    let line = operator.ring().await;
    let mut stream = live(operator, &line).await;

    let (code, _) = breach(&mut stream, what).await;

    assert_eq!(stream.closed().await, Some(code), "after {what}");
    let next = operator.ask_next(&line).await;
    live(operator, &next).await.hang_up().await;
}

#[actix_rt::test]
async fn a_live_stream_that_breaks_the_protocol_costs_nothing_but_itself() {
    let house = brief_house(&[]).await;
    let operator = Operator::of(&house);
    let breaches = ["a frame over 64 KiB", "a message over 64 KiB in fragments", "a frame with reserved bits"];

    beside(&house, join_all(breaches.map(|what| lose_a_live_stream(&operator, what)))).await;

    assert_eq!(house.model_sessions(), 1 + 2 * breaches.len());
    house.finish().await;
}

#[actix_rt::test]
async fn a_stream_without_media_is_closed_and_the_call_is_promised_another() {
    let house = brief_house(&[("APP__CALL__MEDIA_SILENCE_MS", "700")]).await;
    let operator = Operator::of(&house);

    beside(&house, async {
        let line = operator.ring().await;
        let mut stream = operator.open(&line).await.expect("101");
        stream.start().await;

        assert_eq!(stream.closed().await, Some(1012));
        let counted = house.counters().await.sum("alpha_call_streams_lost_total", &[("cause", "media_silent")]);
        assert!(counted >= 1.0, "not counted");
        let next = operator.ask_next(&line).await;
        operator.hang_up(&next).await;
        let row = operator.ended(&line.call).await;
        assert_eq!(row["ended_reason"], "caller_hung_up", "{row}");
    })
    .await;
    house.finish().await;
}
