//! What the receiver is told, and how it knows by whom.

use serde_json::Value;

use super::receiver::{Receiver, SECRET};
use crate::doors::http::get;
use crate::house::{House, eventually};

const NEW_SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

impl House {
    /// Every delivery, once none of them waits.
    pub(super) async fn delivered(&self) -> Vec<Value> {
        eventually("nothing waits", async || {
            let list = self.get("/api/webhook-deliveries").await;
            let all = list["deliveries"].as_array().expect("deliveries").clone();
            if !all.is_empty() && all.iter().all(|one| one["state"] != "pending") { Ok(all) } else { Err(list) }
        })
        .await
    }
}

#[actix_rt::test]
async fn the_receiver_is_told_of_a_call_once_and_knows_by_the_signature_who_tells() {
    let receiver = Receiver::start([]).await;
    let house = House::telling(&receiver, &[]).await;

    house.call_out().await;

    let letters = receiver.after(3).await;
    let call = &house.get("/api/call-history").await["calls"][0];
    for letter in &letters {
        assert!(letter.is_signed_with(SECRET) && !letter.is_signed_with(NEW_SECRET), "{letter:?}");
        assert_eq!((letter.target.as_str(), letter.headers["content-type"].as_bytes()), ("/calls?key=1", "application/json".as_bytes()));
        assert_eq!((&letter.body["id"], &letter.body["call_id"]), (&letter.id().into(), &call["id"]), "{letter:?}");
    }
    let deliveries = house.delivered().await;
    let mut kinds = receiver.kinds();
    kinds.sort();
    assert_eq!(kinds, ["call.completed", "call.connected", "call.initiated"], "each once, and not what was said");
    let end = letters.iter().find(|letter| letter.kind() == "call.completed").expect("the end");
    for field in ["id", "call_sid", "to_number", "status", "ended_at", "ended_reason", "cost_usd"] {
        assert_eq!(end.body["data"]["call"][field], call[field], "what the call's row says of {field}");
    }
    assert!(
        deliveries.iter().all(|one| one["state"] == "delivered" && one["attempts"] == 1 && one["last_status"] == 204),
        "{deliveries:?}"
    );
    let figures = get("/metrics").to(house.addr()).await.body;
    assert!(figures.contains("alpha_call_webhook_deliveries_total{result=\"delivered\"}"), "{figures}");
    house.finish().await;
}

#[actix_rt::test]
async fn while_the_secret_is_changed_both_sign() {
    let receiver = Receiver::start([]).await;
    let house = House::telling(&receiver, &[("WEBHOOK_SECRET", &format!("{NEW_SECRET}, {SECRET}"))]).await;

    house.call_out().await;

    for letter in receiver.after(3).await {
        assert!(letter.is_signed_with(SECRET) && letter.is_signed_with(NEW_SECRET), "{letter:?}");
    }
    house.finish().await;
}

#[actix_rt::test]
async fn what_was_said_is_told_only_where_it_is_asked_for() {
    let receiver = Receiver::start([]).await;
    let house = House::telling(&receiver, &[("APP__WEBHOOKS__EVENTS", "call.turn")]).await;

    house.call_out().await;

    let turns = receiver.after(1).await;
    assert!(turns.iter().all(|turn| turn.kind() == "call.turn"), "{:?}", receiver.kinds());
    assert!(turns[0].body["data"]["turn"]["generated"].as_str().is_some_and(|words| !words.is_empty()), "{turns:?}");
    house.delivered().await;
    house.finish().await;
}

#[actix_rt::test]
async fn without_a_receiver_nothing_is_entered() {
    let house = House::open().await;

    house.call_out().await;

    let list = house.get("/api/webhook-deliveries").await;
    assert_eq!((&list["receiver"], &list["deliveries"]), (&Value::Null, &Value::Array(Vec::new())));
    crate::doors::http::ask("POST", "/api/webhook-deliveries/evt_1/resend").to(house.addr()).await.problem(503, "not-configured");
    house.finish().await;
}
