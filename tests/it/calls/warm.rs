//! Model sessions that are connected before somebody calls.

use serde_json::Value;

use super::*;

/// An engine whose threads each keep one session ready, once they do.
async fn warm_house(variables: &[(&str, &str)]) -> House {
    let variables = [&[("APP__OPENAI__WARM_CONNECTIONS", "1")], variables].concat();
    let house = House::with(&variables).await;
    // A connection is counted before it is made; what a test does to sessions must find one that is there.
    eventually("sessions are connected", async || match (connections(&house).await, house.openai().sessions().len()) {
        (0, _) | (_, 0) => Err("none"),
        _ => Ok(()),
    })
    .await;
    house
}

async fn connections(house: &House) -> u64 {
    house.get("/health").await["model_connections"]["active"].as_u64().expect("a number")
}

fn greeted() -> CallerScript {
    CallerScript::new(vec![Step::WaitForSpeech { within: WITHIN }, Step::HangUp])
}

#[actix_rt::test]
async fn a_caller_gets_a_session_that_is_connected_already() {
    let house = warm_house(&[("APP__SERVER__WORKERS", "1")]).await;
    house.openai().refuse_connects(100);

    let call = house.call_in(greeted());

    let report = call.ended(LONG).await.expect("an end");
    assert!(report.completed(), "no other session could be had: {:?}", report.outcome);
    assert_eq!(house.ended(call.call_sid()).await["ended_reason"], Value::from("caller_hung_up"));
    house.openai().refuse_connects(0);
    house.finish().await;
}

#[actix_rt::test]
async fn a_session_that_broke_while_it_waited_is_not_handed_out() {
    let house = warm_house(&[("APP__SERVER__WORKERS", "1")]).await;
    let before = house.openai().connects();
    house.openai().kill_sockets();
    eventually("they are gone", async || match connections(&house).await {
        0 => Ok(()),
        left => Err(left),
    })
    .await;

    let call = house.call_in(greeted());

    assert!(call.ended(LONG).await.expect("an end").completed());
    assert!(house.openai().connects() > before, "the call connected by itself");
    house.finish().await;
}

#[actix_rt::test]
async fn a_session_that_is_about_to_end_makes_room_for_another() {
    let house = warm_house(&[("APP__SERVER__WORKERS", "1")]).await;
    let before = house.openai().connects();
    // The next one says that it ends in five minutes and a second, and nobody shall get one with less than five minutes.
    house.openai().cap_sessions([Duration::from_secs(301)]);
    house.openai().kill_sockets();

    eventually_within(LONG, "there is a third one", async || match house.openai().connects() - before {
        2.. => Ok(()),
        less => Err(less),
    })
    .await;

    house.finish().await;
}

#[actix_rt::test]
async fn no_session_waits_where_every_connection_may_be_needed_by_a_call() {
    let limits = [
        ("MAX_CONCURRENT_CALLS", "1"),
        ("MAX_OPENAI_CONNECTIONS", "1"),
        ("APP__OPENAI__WARM_CONNECTIONS", "1"),
        ("APP__SERVER__WORKERS", "1"),
    ];
    let house = House::with(&limits).await;

    let call = house.call_in(greeted());

    assert!(call.ended(LONG).await.expect("an end").completed());
    assert_eq!(house.openai().connects(), 1, "the call's own");
    house.finish().await;
}
