//! A phone that takes nothing any more.

use super::*;

#[actix_rt::test]
async fn a_phone_that_does_not_read_slows_nobody_down_and_gets_another_stream() {
    let house = House::open().await;
    let deaf = [say("caller_hours"), Step::GoDeaf, Step::Pause(ms(14_000)), Step::WaitForSpeech { within: LONG }, Step::HangUp];
    let jammed = house.call_in(CallerScript::new(hear().into_iter().chain(deaf).collect()));
    let neighbours: Vec<CallHandle> = (0..4).map(|_| house.call_in(script([say("caller_move")].into_iter().chain(hear())))).collect();

    for neighbour in neighbours {
        let report = neighbour.ended(LONG).await.expect("an end");
        assert!(report.completed(), "{:?}", report.outcome);
        assert_eq!(report.streams.len(), 1);
        assert!(report.turn_latencies.iter().all(|latency| *latency < ms(1_500)), "{:?}", report.turn_latencies);
    }
    let report = jammed.ended(LONG).await.expect("an end");

    assert!(report.completed(), "{:?}", report.outcome);
    assert_eq!(report.streams.len(), 2, "the socket was given up");
    house.finish().await;
}
