//! Each event is told by one process, and by another if that one dies.

use std::collections::BTreeMap;
use std::time::Duration;

use alpha_call::sim::client::ApiClient;
use alpha_call::sim::twilio::Answer;
use serde_json::json;

use super::*;
use crate::doors::courier::receiver::{Reaction, Receiver, SECRET};
use crate::house::eventually;

/// A lease of a process that was killed is over after 30 s.
const TAKEN_OVER: Duration = Duration::from_secs(50);
/// Long before that.
const AT_ONCE: Duration = Duration::from_secs(20);

fn telling(stage: &Stage, url: &str, receiver: &Receiver, events: &str) -> Instance {
    let told = receiver.url();
    let variables = [
        ("ALLOW_ALL_US_CANADA", "true"),
        ("MAX_CONCURRENT_CALLS", "200"),
        ("MAX_OPENAI_CONNECTIONS", "250"),
        ("APP__LIMITS__CALLS_PER_SECOND", "10"),
        ("APP__WEBHOOKS__EVENTS", events),
        ("WEBHOOK_URL", told.as_str()),
        ("WEBHOOK_SECRET", SECRET),
    ];
    serve(stage, url, &variables)
}

async fn ring(instance: &mut Instance, number: usize) {
    let asked = json!({ "phone_number": format!("+1415555{:04}", 3_000 + number) });
    let answer = ApiClient::new(instance.address()).post("/api/request-call", &asked).await.expect("an answer");
    assert_eq!(answer.status, 202, "{}", answer.body);
}

#[actix_rt::test]
async fn of_two_processes_one_tells_of_each_event() {
    const CALLS: usize = 12;
    let Some(cluster) = Cluster::start() else { return };
    let stage = Stage::start(1).expect("a stage");
    stage.twilio.answer(Answer::Busy);
    let receiver = Receiver::start([]).await;
    let mut both = [(); 2].map(|()| telling(&stage, &cluster.url(), &receiver, "call.initiated,call.failed"));

    for n in 0..CALLS {
        ring(&mut both[n % 2], n).await;
    }

    eventually_within(LONG, "every event is on record as told", async || {
        let told = count(&cluster.url(), "SELECT count(*) FROM webhook_deliveries WHERE state = 'delivered' AND attempts = 1").await;
        if told == 2 * CALLS as i64 { Ok(told) } else { Err(told) }
    })
    .await;
    let mut times = BTreeMap::<String, usize>::new();
    receiver.letters().iter().for_each(|letter| *times.entry(letter.id().to_owned()).or_default() += 1);
    assert_eq!(times.into_values().collect::<Vec<_>>(), [1; 2 * CALLS]);
}

async fn is_told_by_another_after(signal: &str, within: Duration) {
    let Some(cluster) = Cluster::start() else { return };
    let stage = Stage::start(1).expect("a stage");
    stage.twilio.answer(Answer::Busy);
    let receiver = Receiver::start([Reaction::Silence]).await;
    let mut first = telling(&stage, &cluster.url(), &receiver, "call.failed");
    ring(&mut first, 1).await;
    let begun = receiver.after(1).await;

    first.signal(signal);
    first.ended(AT_ONCE);
    let _other = telling(&stage, &cluster.url(), &receiver, "call.failed");

    let letters =
        eventually_within(within, "it is told again", async || Some(receiver.letters()).filter(|all| all.len() == 2).ok_or("not yet"))
            .await;
    assert_eq!((letters[1].id(), letters[1].is_signed_with(SECRET)), (begun[0].id(), true));
    eventually("it is on record as told", async || {
        let told = count(&cluster.url(), "SELECT count(*) FROM webhook_deliveries WHERE state = 'delivered'").await;
        if told == 1 { Ok(()) } else { Err(told) }
    })
    .await;
}

#[actix_rt::test]
async fn what_a_killed_process_was_about_to_tell_another_tells() {
    is_told_by_another_after("KILL", TAKEN_OVER).await;
}

#[actix_rt::test]
async fn what_a_process_that_ends_was_about_to_tell_another_tells_at_once() {
    is_told_by_another_after("TERM", AT_ONCE).await;
}
