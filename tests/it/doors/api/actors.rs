//! `/api/actors`: the tree of supervision.

use alpha_call::actors::sabotage::Part;
use serde_json::Value;

use crate::doors::operator::Operator;
use crate::house::{House, eventually};

fn find<'a>(actors: &'a Value, kind: &str) -> Option<&'a Value> {
    let actors = actors.as_array()?;
    actors.iter().find_map(|actor| if actor["kind"] == kind { Some(actor) } else { find(&actor["children"], kind) })
}

async fn actor(house: &House, kind: &str) -> Value {
    let told = house.get("/api/actors").await;
    find(&told["actors"], kind).unwrap_or_else(|| panic!("no {kind} in {told}")).clone()
}

#[actix_rt::test]
async fn a_live_call_is_in_the_tree_with_its_streams_and_what_they_did() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    let line = operator.ring().await;
    let mut stream = operator.open(&line).await.expect("101");
    stream.start().await;
    stream.heard().await;

    let told = house.get("/api/actors").await;

    assert!(told["instance"].as_str().is_some_and(|name| !name.is_empty()), "{told}");
    let call = &find(&told["actors"], "call_supervisor").expect("a supervisor")["children"][0];
    assert_eq!((call["kind"].as_str(), call["live"].as_u64()), (Some("call"), Some(1)), "{told}");
    for kind in ["twilio_stream", "openai_session"] {
        let actor = find(&call["children"], kind).expect("below the call");
        assert_eq!(actor["live"], 1, "{actor}");
        assert!(actor["messages"].as_u64() >= Some(1) && actor["handling_p99_us"].as_f64() > Some(0.0), "{actor}");
    }
    stream.hang_up().await;
    operator.ended(&line.call).await;
    eventually("the call is not in the tree any more", async || match actor(&house, "call").await {
        call if call["live"] == 0 => Ok(()),
        call => Err(call),
    })
    .await;
    house.finish().await;
}

#[actix_rt::test]
async fn a_panic_and_the_life_after_it_are_in_the_tree() {
    let house = House::open().await;
    let before = actor(&house, "dial_queue").await;

    house.engine.break_part(Part::DialQueue);

    eventually("it panicked, and lives", async || {
        let now = actor(&house, "dial_queue").await;
        let more = |what: &str| now[what].as_u64() > before[what].as_u64();
        if more("panics") && more("restarts") && now["live"] == 1 && now["waiting"] == 0 { Ok(()) } else { Err(now) }
    })
    .await;
    house.finish().await;
}
