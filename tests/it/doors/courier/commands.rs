//! `alpha-call webhooks`, as a shell sees it.

use std::net::TcpListener;

use serde_json::Value;
use tokio::task::spawn_blocking;

use super::receiver::{Reaction, Receiver, SECRET};
use crate::doors::process::{Shell, Told};
use crate::house::House;

/// Elsewhere than on the thread of the receiver.
async fn webhooks(shell: Shell, words: &str) -> Told {
    let words: Vec<String> = ["webhooks"].into_iter().chain(words.split(' ')).map(str::to_owned).collect();
    let run = move || shell.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
    spawn_blocking(run).await.expect("it ran")
}

fn telling(url: &str) -> Shell {
    Shell::new().with("WEBHOOK_URL", url).with("WEBHOOK_SECRET", SECRET)
}

#[actix_rt::test]
async fn an_example_is_sent_from_the_shell_and_no_instance_is_needed() {
    let receiver = Receiver::start([Reaction::Answer(200, String::new()), Reaction::Answer(401, String::new())]).await;

    let taken = webhooks(telling(&receiver.url()), "test").await;
    let refused = webhooks(telling(&receiver.url()), "test").await;

    assert_eq!(taken.code, Some(0), "{taken}");
    assert!(taken.out.starts_with(&format!("{} answered 200 after ", receiver.address)), "{taken}");
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.err.contains("answered 401 after "), "{refused}");
    let letters = receiver.letters();
    assert!(letters.iter().all(|letter| letter.kind() == "webhook.test" && letter.is_signed_with(SECRET)), "{letters:?}");
    assert_ne!(letters[0].id(), letters[1].id());
    assert_eq!(letters[0].body["data"]["call"]["status"], "completed");
}

#[actix_rt::test]
async fn what_keeps_a_receiver_from_being_told_is_said() {
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let url = format!("http://127.0.0.1:{port}/");

    let down = webhooks(telling(&url), "test").await;
    let nobody = webhooks(Shell::new(), "test").await;
    let unsigned = webhooks(Shell::new().with("WEBHOOK_URL", &url), "test").await;

    assert_eq!(down.code, Some(1), "{down}");
    assert!(down.err.contains(&format!("127.0.0.1:{port} was not told: the server cannot be reached")), "{down}");
    assert_eq!(nobody.code, Some(78), "{nobody}");
    assert!(nobody.err.contains("WEBHOOK_URL is not set"), "{nobody}");
    assert_eq!(unsigned.code, Some(78), "{unsigned}");
    assert!(unsigned.err.contains("WEBHOOK_SECRET") && unsigned.err.contains("openssl rand -base64"), "{unsigned}");
}

#[actix_rt::test]
async fn in_production_no_private_address_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a choice");
    let port = listener.local_addr().expect("an address").port();
    let production = |url: &str| {
        let database = "sqlite://calls.db?mode=rwc";
        let key = "a-key-of-32-random-characters-0123";
        let known = [("APP_ENV", "production"), ("DATABASE_URL", database), ("API_KEYS", key), ("STREAM_TOKEN_KEY", key)];
        known.iter().fold(telling(url), |shell, (name, value)| shell.with(name, value))
    };

    for url in [format!("https://127.0.0.1:{port}/"), format!("https://localhost:{port}/"), format!("https://[::1]:{port}/")] {
        let told = webhooks(production(&url), "test").await;
        assert_eq!(told.code, Some(1), "{told}");
        assert!(told.err.contains("its address is not a public one"), "{told}");
    }
    let plain = webhooks(production(&format!("http://127.0.0.1:{port}/")), "test").await;

    assert_eq!(plain.code, Some(78), "{plain}");
    assert!(plain.err.contains("is not https://"), "{plain}");
    assert!(listener.accept().is_err(), "this host was connected to");
}

#[actix_rt::test]
async fn what_was_told_is_listed_and_told_again_from_the_shell() {
    let receiver = Receiver::start([]).await;
    let house = House::telling(&receiver, &[("APP__WEBHOOKS__EVENTS", "call.completed")]).await;
    house.call_out().await;
    let id = house.delivered().await[0]["id"].as_str().expect("an id").to_owned();
    let shell = || Shell::new().with("ALPHA_CALL_URL", &format!("http://{}", house.addr()));

    let table = webhooks(shell(), "list").await;
    assert!(table.out.contains(&id) && table.out.contains("delivered"), "{table}");
    let json: Value = serde_json::from_str(&webhooks(shell(), "list --state delivered -o json").await.out).expect("json");
    assert_eq!(json, house.get("/api/webhook-deliveries?state=delivered").await, "as the API says it");
    let csv = webhooks(shell(), "list -o csv").await.out;
    assert!(csv.starts_with("id,type,call_id,state,") && csv.lines().count() == 2, "{csv}");
    let none = webhooks(shell(), "list --state given_up").await;
    assert_eq!((none.code, none.err.trim()), (Some(0), "no event is like that"));

    let again = webhooks(shell(), &format!("resend {id}")).await;
    assert_eq!((again.code, again.out.trim()), (Some(0), format!("{id}  call.completed is told again in a moment").as_str()), "{again}");
    assert_eq!(receiver.after(2).await[1].id(), id);
    assert_eq!(webhooks(shell(), "resend evt_9999").await.code, Some(1));
    assert_eq!(webhooks(shell(), "resend 17").await.code, Some(2));
    house.delivered().await;
    house.finish().await;
}
