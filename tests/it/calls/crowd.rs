use alpha_call::sim::stage::clinic;

use super::*;

#[actix_rt::test]
async fn ten_calls_at_once_each_go_as_scripted() {
    let house = House::with(&[("MAX_CONCURRENT_CALLS", "10")]).await;
    let calls: Vec<_> = (0..10).map(|_| house.call_in(clinic())).collect();

    for call in &calls {
        let report = call.ended(LONG).await.expect("an end");
        assert!(report.completed(), "{:?}, worst lag {:?}", report.outcome, report.worst_lag);
    }
    for call in &calls {
        let conversation = house.conversation(call.call_sid()).await;
        assert_cuts(&conversation, &call.report());
        assert_eq!(said(&conversation, "user"), ["caller_hours", "caller_interrupt", "caller_move", "caller_goodbye"].map(clip));
        assert_eq!(house.ended(call.call_sid()).await["ended_reason"], "assistant_ended");
    }
    assert_eq!(house.openai().connects(), 10);
    house.finish().await;
}
