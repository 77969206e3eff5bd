//! Who may join a call: whoever brings its token first, signed by Twilio.

use alpha_call::types::{Direction, Epoch, StreamToken, Subject, TokenKey};
use futures_util::future::join_all;

use crate::doors::brief_house;
use crate::doors::http::{ask, get};
use crate::doors::neighbour::beside;
use crate::doors::operator::{Line, Operator};
use crate::house::House;

pub const KEY: &str = "a key of streams that tests know";
const FAR: i64 = 4_000_000_000;

/// Opens a house that signs with our key.
async fn house() -> House {
    brief_house(&[("STREAM_TOKEN_KEY", KEY)]).await
}

fn token(line: &Line, epoch: u32, expires: i64, key: &str) -> String {
    let subject = Subject { sid: line.sid.parse().expect("a sid"), direction: Direction::Inbound, assistant: "default".to_owned() };
    let token = StreamToken { call: line.call.parse().expect("a call id"), epoch: Epoch::new(epoch), expires, subject };
    format!("/media-stream/{}", token.encode(&TokenKey::new(key.as_bytes())))
}

pub fn bad_tokens(line: &Line) -> Vec<(&'static str, String)> {
    let real = &line.stream;
    let swapped = if real.ends_with('A') { 'B' } else { 'A' };
    vec![
        ("forged", token(line, 1, FAR, "another key")),
        ("expired", token(line, 1, 1_700_000_000, KEY)),
        ("of no epoch", token(line, 0, FAR, KEY)),
        ("of a call that there is not", token(line, 1, FAR, KEY).replace(&line.call, "00000000-0000-7000-8000-000000000000")),
        ("changed at its end", format!("{}{swapped}", &real[..real.len() - 1])),
        ("changed in its epoch", real.replacen(".1.", ".2.", 1)),
        ("cut off", real[..real.len() / 2].to_owned()),
        ("garbled", "/media-stream/garbage".to_owned()),
        ("escaped", "/media-stream/%00%ff%2e%2e".to_owned()),
        ("empty in its parts", "/media-stream/...".to_owned()),
        ("too long", format!("/media-stream/{}", "a.".repeat(2_000))),
    ]
}

#[actix_rt::test]
async fn a_token_that_is_not_ours_never_becomes_a_stream() {
    let house = house().await;
    let operator = Operator::of(&house);

    beside(&house, async {
        let line = operator.ring().await;
        for (what, target) in bad_tokens(&line) {
            let before = house.counters().await;

            let refused = operator.upgrade(&line, &target, &operator.sign("wss", &target, &[])).await.err();

            assert_eq!(refused, Some(403), "a token {what}");
            assert!(house.counters().await.upgrades("403") > before.upgrades("403"), "a token {what} is not counted");
        }
        assert_eq!(house.model_sessions(), 1, "the neighbour's alone");

        let mut stream = operator.open(&line).await.expect("the real one was not used up");
        stream.start().await;
        stream.heard().await;
        assert_eq!(operator.open(&line).await.err(), Some(403), "used a second time, while the first stream lives");
        stream.hang_up().await;
        assert_eq!(operator.open(&line).await.err(), Some(403), "used a second time, after the call");
    })
    .await;
    assert_eq!(house.model_sessions(), 2);
    house.finish().await;
}

#[actix_rt::test]
async fn of_twenty_clients_with_one_token_exactly_one_gets_in() {
    let house = house().await;
    let operator = Operator::of(&house);

    beside(&house, async {
        let line = operator.ring().await;

        let answers = join_all((0..20).map(|_| operator.open(&line))).await;

        let (streams, refusals): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!(refusals.into_iter().filter_map(Result::err).collect::<Vec<_>>(), [403; 19]);
        let mut stream = streams.into_iter().find_map(Result::ok).expect("one got in");
        stream.start().await;
        stream.heard().await;
        stream.hang_up().await;
    })
    .await;
    assert_eq!(house.model_sessions(), 2, "the neighbour's and the winner's");
    house.finish().await;
}

#[actix_rt::test]
async fn an_upgrade_must_be_signed_by_twilio_and_a_wrong_one_uses_nothing_up() {
    let house = brief_house(&[]).await;
    let operator = Operator::of(&house);

    beside(&house, async {
        let line = operator.ring().await;
        let wrong = operator.sign("wss", "/media-stream/another", &[]);
        for signature in ["", "nonsense", wrong.as_str()] {
            let before = house.counters().await;

            assert_eq!(operator.upgrade(&line, &line.stream, signature).await.err(), Some(403), "signed {signature:?}");
            assert!(house.counters().await.upgrades("403") > before.upgrades("403"));
        }
        let stream = operator.open(&line).await.expect("its token was not used up");
        drop(stream);
        operator.hang_up(&operator.ask_next(&line).await).await;
    })
    .await;
    assert_eq!(house.model_sessions(), 1, "the neighbour's alone");
    house.finish().await;
}

#[actix_rt::test]
async fn a_plain_request_for_a_stream_is_a_problem_and_uses_nothing_up() {
    let house = brief_house(&[]).await;
    let operator = Operator::of(&house);
    let line = operator.ring().await;
    let signature = operator.sign("wss", &line.stream, &[]);

    let plain = get(&line.stream).with("X-Twilio-Signature", &signature).to(house.addr()).await;
    let posted = ask("POST", &line.stream).with("X-Twilio-Signature", &signature).to(house.addr()).await;
    let without = get("/media-stream").with("X-Twilio-Signature", &signature).to(house.addr()).await;

    plain.problem(400, "malformed-request");
    posted.problem(405, "method-not-allowed");
    assert_eq!(posted.header("allow"), Some("GET"));
    without.problem(403, "invalid-stream-token");
    let mut stream = operator.open(&line).await.expect("its token was not used up");
    stream.start().await;
    stream.heard().await;
    stream.hang_up().await;
    house.finish().await;
}
