//! Streams that say nothing take little room, and not for long.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use crate::doors::operator::Operator;
use crate::house::{House, LONG};
use alpha_call::sim::scenario::{CallerScript, Step};

const CAP: usize = 8;
const DEADLINE: Duration = Duration::from_millis(1_500);

#[actix_rt::test]
async fn a_hundred_streams_without_a_start_keep_no_call_out_for_longer_than_their_deadline() {
    let (cap, deadline) = (CAP.to_string(), DEADLINE.as_millis().to_string());
    let house = House::with(&[
        ("MAX_CONCURRENT_CALLS", "150"),
        ("MAX_OPENAI_CONNECTIONS", "150"),
        ("APP__LIMITS__MAX_UNSTARTED_STREAMS", &cap),
        ("APP__CALL__START_DEADLINE_MS", &deadline),
    ])
    .await;
    let operator = Operator::of(&house);
    let lines = join_all((0..100).map(|_| operator.ring())).await;

    let began = Instant::now();
    let answers = join_all(lines.iter().map(|line| operator.open(line))).await;
    let steps = vec![Step::WaitForSpeech { within: LONG }, Step::HangUp];
    let caller = house.call_in(CallerScript::new(steps));

    let refused: Vec<u16> = answers.iter().filter_map(|answer| answer.as_ref().err().copied()).collect();
    assert_eq!(refused, vec![503; 100 - CAP]);
    let (late, _) = lines.iter().zip(&answers).find(|(_, answer)| answer.is_err()).expect("one that was refused");
    for mut stream in answers.into_iter().filter_map(Result::ok) {
        assert_eq!(stream.closed().await, Some(1008));
    }
    assert!(began.elapsed() < DEADLINE * 3, "{:?}", began.elapsed());
    let report = caller.ended(LONG).await.expect("an end");
    assert!(report.completed(), "{:?}", report.outcome);

    let mut stream = operator.open(late).await.expect("its token was not used up, and there is room");
    stream.start().await;
    stream.heard().await;
    stream.hang_up().await;
    for line in &lines {
        operator.hang_up(line).await;
    }
    assert_eq!(house.model_sessions(), 2, "the caller's, and that of the one who came late");
    house.finish().await;
}

#[actix_rt::test]
async fn a_stream_that_has_begun_leaves_its_place_to_the_next() {
    let house = House::with(&[("APP__LIMITS__MAX_UNSTARTED_STREAMS", "1")]).await;
    let operator = Operator::of(&house);
    let (first, second) = (operator.ring().await, operator.ring().await);

    let mut one = operator.open(&first).await.expect("101");
    assert_eq!(operator.open(&second).await.err(), Some(503));
    let forged = operator.upgrade(&second, &second.stream, "nonsense").await.err();
    assert_eq!(forged, Some(403), "who is refused takes no place");
    one.start().await;
    one.heard().await;
    let mut two = operator.open(&second).await.expect("101");
    two.start().await;
    two.heard().await;

    one.hang_up().await;
    two.hang_up().await;
    house.finish().await;
}
