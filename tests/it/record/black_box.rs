use alpha_call::sim::stage::{Stage, clinic};
use alpha_call::sim::twilio::CallIn;
use serde_json::json;

use super::*;
use crate::doors::process::Shell;

/// Nobody answers there.
const AWAY: &str = "postgres://nobody@127.0.0.1:9/calls";
const END: Duration = Duration::from_secs(20);

/// The disk of a platform dies with the instance: what the database did not take stands in its log, and is read back from there.
#[actix_rt::test]
async fn what_an_instance_could_not_store_is_in_its_log_and_comes_back_from_there() {
    let stage = Stage::start(1).expect("a stage");
    let mut shell = Shell::new().with("DATABASE_URL", AWAY).with("APP__SPOOL__BLACK_BOX", "on").with("DRAIN_SECONDS", "2");
    for (name, value) in stage.environment() {
        shell = shell.with(&name, &value);
    }
    let mut instance = shell.serve();
    stage.twilio.set_engine(instance.address());
    let call = stage.twilio.call_in(CallIn { from: "+14155550123".to_owned(), script: clinic() }).expect("a domain");
    call.until(crate::house::LONG, |report| report.timeline.len() > 6).await.expect("they talk");
    instance.signal("TERM");
    let told = instance.ended(END);
    assert!(told.err.contains("alpha-call db import"), "{told}");

    let shell = Shell::new().with("DATABASE_URL", "sqlite://calls.db?mode=rwc");
    let log = shell.folder().join("log.txt");
    let wrapped = told.out.lines().map(|line| format!("{{\"insertId\":\"x\",\"jsonPayload\":{line}}}\n")).collect::<String>();
    std::fs::write(&log, format!("2026-11-22 INFO something else\n{}{wrapped}", told.out)).expect("written");
    let imported = shell.run(&["db", "import", "log.txt"]);

    assert_eq!(imported.code, Some(0), "{imported}");
    let url = format!("sqlite://{}", shell.folder().join("calls.db").display());
    let calls = select(&url, "SELECT call_sid, direction, from_number FROM call_logs").await;
    assert_eq!(calls, [json!({ "call_sid": call.call_sid(), "direction": "inbound", "from_number": "+14155550123" })]);
    let turns = select(&url, "SELECT speaker FROM conversation_logs WHERE kind = 'message'").await;
    assert!(!turns.is_empty(), "what was said is there");
    assert_eq!(select(&url, "SELECT id FROM dead_letters").await, [] as [Value; 0]);
}
