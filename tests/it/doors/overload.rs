//! Who has too much to do lets nobody in, and hurts nobody who is.

use std::net::TcpStream;
use std::time::Duration;

use alpha_call::sim::client::ApiClient;
use alpha_call::sim::scenario::{CallerScript, Step};
use alpha_call::sim::stage::{CALLEE, CALLER, Stage};
use alpha_call::sim::twilio::{CallIn, Outcome};
use serde_json::json;

use super::http::{Request, post_json};
use super::process::Shell;
use crate::house::{House, LONG, eventually_within};

fn request_call() -> Request {
    post_json("/api/request-call", json!({ "phone_number": CALLEE }))
}

fn caller(steps: Vec<Step>) -> CallIn {
    CallIn { from: CALLER.to_owned(), script: CallerScript::new(steps) }
}

#[actix_rt::test]
async fn a_process_whose_memory_runs_out_lets_nobody_in() {
    let house = House::with(&[("APP__LIMITS__MAX_MEMORY_MB", "1")]).await;
    eventually_within(LONG, "it is overloaded", async || {
        let health = house.api().get("/health").await.expect("an answer");
        if health.status == 503 && health.body["overload"] == "memory" { Ok(()) } else { Err(health.body) }
    })
    .await;

    let refused = request_call().to(house.addr()).await;
    refused.problem(503, "overloaded");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    let call = house.stage.twilio.call_in(caller(vec![Step::AwaitHangup { within: LONG }])).expect("a domain");
    let report = call.ended(LONG).await.expect("an end");
    assert_eq!(report.outcome, Some(Outcome::Rejected("busy".to_owned())));
    house.finish().await;
}

#[actix_rt::test]
async fn a_process_whose_files_run_out_serves_who_is_in_lets_nobody_else_in_and_recovers() {
    let stage = Stage::start(1).expect("a stage");
    let theirs = stage.environment();
    let shell = theirs.iter().fold(Shell::new(), |shell, (name, value)| shell.with(name, value));
    let mut instance = shell.with("APP__OPENAI__RENDER_PHRASES", "false").with("APP__SERVER__CLIENT_TIMEOUT_MS", "60000").serve();
    let address = instance.address();
    stage.twilio.set_engine(address);
    let steps = vec![Step::WaitForSpeech { within: LONG }, Step::Pause(Duration::from_secs(8)), Step::HangUp];
    let call = stage.twilio.call_in(caller(steps)).expect("a domain");
    call.until(LONG, |report| report.first_audio().is_some()).await.expect("a greeting");

    let open = instance.open_files();
    instance.limit_files(open + 60);
    let mut crowd: Vec<TcpStream> = (0..54).map(|_| TcpStream::connect(address).expect("a connection")).collect();
    eventually_within(LONG, "nobody is let in", async || {
        let health = ApiClient::new(address).get("/health").await.expect("an answer");
        if health.status == 503 && health.body["overload"] == "descriptors" { Ok(()) } else { Err(health.body) }
    })
    .await;
    request_call().to(address).await.problem(503, "overloaded");
    // No file is left at all.
    crowd.extend((0..100).map(|_| TcpStream::connect(address).expect("a place in the queue")));
    let report = call.ended(LONG).await.expect("an end");
    assert!(report.completed(), "{:?}", report.outcome);

    drop(crowd);
    eventually_within(LONG, "it is well again", async || match ApiClient::new(address).get("/health").await {
        Ok(health) if health.status == 200 => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

#[actix_rt::test]
async fn a_process_that_is_held_up_again_and_again_lets_nobody_in_until_it_is_not() {
    let stage = Stage::start(1).expect("a stage");
    let mut instance = stage.environment().iter().fold(Shell::new(), |shell, (name, value)| shell.with(name, value)).serve();
    let address = instance.address();
    let is_well = async |wanted: bool| match ApiClient::new(address).get("/health").await {
        Ok(health) if (health.status == 200) == wanted => Ok(health.body["overload"].clone()),
        other => Err(format!("{other:?}")),
    };

    let holding_up = async {
        loop {
            instance.signal("STOP");
            tokio::time::sleep(Duration::from_millis(300)).await;
            instance.signal("CONT");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let overload = tokio::select! {
        () = holding_up => unreachable!("it goes on for ever"),
        overload = eventually_within(LONG, "it is overloaded", async || is_well(false).await) => overload,
    };
    instance.signal("CONT");

    assert_eq!(overload, "processor");
    eventually_within(LONG, "it is well again", async || is_well(true).await).await;
}
