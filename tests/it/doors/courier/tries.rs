//! A receiver that does not take what it is told, at once or at all.

use std::time::Duration;

use serde_json::Value;

use super::receiver::Reaction::{Answer, Silence};
use super::receiver::{Receiver, SECRET};
use crate::doors::http::{ask, get};
use crate::house::{House, eventually, eventually_within};

/// The second try is 5 s after the first, and it takes 2 s to see that it is due.
const SECOND: Duration = Duration::from_secs(15);
const END: (&str, &str) = ("APP__WEBHOOKS__EVENTS", "call.completed");

fn status(status: u16) -> super::receiver::Reaction {
    Answer(status, String::new())
}

impl House {
    /// The only delivery, once `seen` is true of it.
    async fn delivery(&self, seen: impl Fn(&Value) -> bool) -> Value {
        eventually("the delivery is as it should be", async || {
            let one = self.get("/api/webhook-deliveries").await["deliveries"][0].clone();
            if seen(&one) { Ok(one) } else { Err(one) }
        })
        .await
    }
}

#[actix_rt::test]
async fn what_was_not_taken_comes_again_under_the_same_id() {
    let receiver = Receiver::start([status(500)]).await;
    let house = House::telling(&receiver, &[END]).await;
    house.call_out().await;

    let failed = house.delivery(|one| one["attempts"] == 1).await;
    assert_eq!((&failed["state"], &failed["last_status"]), (&"pending".into(), &500.into()), "{failed}");
    assert_eq!(failed["last_error"], "the receiver answered with status 500");
    let letters =
        eventually_within(SECOND, "it comes again", async || Some(receiver.letters()).filter(|all| all.len() == 2).ok_or("not yet")).await;

    assert_eq!((letters[0].id(), &letters[0].body["timestamp"]), (letters[1].id(), &letters[1].body["timestamp"]));
    assert!(letters.iter().all(|letter| letter.is_signed_with(SECRET)));
    let told = house.delivery(|one| one["state"] == "delivered").await;
    assert_eq!((&told["attempts"], &told["last_status"], &told["last_error"]), (&2.into(), &204.into(), &Value::Null));
    house.finish().await;
}

#[actix_rt::test]
async fn a_receiver_that_is_gone_is_told_again_only_by_hand() {
    let receiver = Receiver::start([status(410)]).await;
    let house = House::telling(&receiver, &[END]).await;
    house.call_out().await;

    let given_up = house.delivery(|one| one["state"] == "given_up").await;
    assert_eq!((&given_up["attempts"], &given_up["next_attempt_at"]), (&1.into(), &Value::Null), "{given_up}");
    let id = given_up["id"].as_str().expect("an id");
    let again = ask("POST", &format!("/api/webhook-deliveries/{id}/resend")).to(house.addr()).await;
    assert_eq!((again.status, &again.json()["state"]), (202, &"pending".into()), "{again:?}");

    house.delivery(|one| one["state"] == "delivered").await;
    let letters = receiver.letters();
    assert_eq!(letters.iter().map(|letter| letter.id()).collect::<Vec<_>>(), [id, id]);
    for unknown in ["evt_9999", "17", "evt_"] {
        ask("POST", &format!("/api/webhook-deliveries/{unknown}/resend")).to(house.addr()).await.problem(404, "not-found");
    }
    house.finish().await;
}

#[actix_rt::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Receiver::start([]).await;
    let receiver = Receiver::start([Answer(307, format!("location: {}\r\n", elsewhere.url()))]).await;
    let house = House::telling(&receiver, &[END]).await;
    house.call_out().await;

    let failed = house.delivery(|one| one["attempts"] == 1).await;

    assert_eq!((&failed["state"], &failed["last_status"]), (&"pending".into(), &307.into()), "{failed}");
    assert_eq!(elsewhere.kinds(), [""; 0]);
    house.finish().await;
}

#[actix_rt::test]
async fn an_answer_that_does_not_come_holds_up_nothing_else() {
    let receiver = Receiver::start([Silence]).await;
    let house = House::telling(&receiver, &[]).await;

    house.call_out().await;

    receiver.after(3).await;
    let told = eventually("the others are told", async || {
        let list = house.get("/api/webhook-deliveries?state=delivered").await;
        if list["deliveries"].as_array().map(Vec::len) == Some(2) { Ok(list) } else { Err(list) }
    })
    .await;
    assert_eq!(told["receiver"], receiver.address.to_string());
    house.finish().await;
}

#[actix_rt::test]
async fn a_receiver_that_is_down_is_asked_again_and_its_deliveries_are_listed_by_state_and_call() {
    let down = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let url = format!("http://{down}/");
    let house = House::with(&[("WEBHOOK_URL", url.as_str()), ("WEBHOOK_SECRET", SECRET), END]).await;
    house.call_out().await;

    let failed = house.delivery(|one| one["attempts"] == 1).await;

    assert_eq!((&failed["state"], &failed["last_status"]), (&"pending".into(), &Value::Null));
    assert_eq!(failed["last_error"], "the server cannot be reached");
    let call = failed["call_id"].as_str().expect("an id");
    let count = async |query: &str| house.get(&format!("/api/webhook-deliveries?{query}")).await["deliveries"].as_array().map(Vec::len);
    assert_eq!(count("state=pending&limit=1").await, Some(1));
    assert_eq!(count("state=given_up").await, Some(0));
    assert_eq!(count(&format!("call={call}")).await, Some(1));
    assert_eq!(count("call=00000000-0000-0000-0000-000000000001").await, Some(0));
    assert_eq!(count(&format!("cursor={}", failed["id"].as_str().expect("an id"))).await, Some(0));
    for wrong in ["limit=0", "limit=201", "state=lost", "cursor=17", "call=x"] {
        get(&format!("/api/webhook-deliveries?{wrong}")).to(house.addr()).await.problem(422, "invalid-field");
    }
    house.finish().await;
}
