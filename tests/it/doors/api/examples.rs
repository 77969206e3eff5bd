//! The examples of `docs/api.md`, in their order, as a reader would try them.

use std::process::{Command, Stdio};

use serde_json::Value;
use tokio::task::spawn_blocking;

use super::short;
use crate::house::House;

const PAGE: &str = include_str!("../../../../docs/api.md");
const KEY: &str = "static-key-of-32-random-characters";

/// What stands between these fences.
fn examples() -> Vec<&'static str> {
    PAGE.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("\n```")).map(|(example, _)| example).collect()
}

async fn run(house: &House, example: &str, call: &str) -> String {
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", example])
        .env("ALPHA_CALL_URL", format!("http://{}", house.addr()))
        .env("ALPHA_CALL_KEY", KEY)
        .env("CALL", call)
        .stdin(Stdio::null());
    let told = spawn_blocking(move || bash.output()).await.expect("no panic").expect("bash");
    let (out, err) = (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    assert!(told.status.success() || is_cut(example, told.status.code()), "{:?}: {example}\n{out}{err}", told.status.code());
    out.into_owned()
}

/// Whoever has read enough of a stream closes it, which curl takes for a failure to write (23).
fn is_cut(example: &str, code: Option<i32>) -> bool {
    example.contains("| sed") && code == Some(23)
}

#[actix_rt::test]
async fn the_examples_of_the_page_do_what_it_says() {
    let house = House::with(&[("API_KEYS", KEY)]).await;
    house.stage.twilio.answer(short());
    let examples = examples();
    let [settings, session, request, follow, said, table] = examples.as_slice() else { panic!("{} examples", examples.len()) };

    assert!(settings.starts_with("export ALPHA_CALL_URL="), "{settings}");
    assert!(run(&house, session, "").await.contains("\"key_required\":true"));
    let accepted: Value = serde_json::from_str(&run(&house, request, "").await).expect("json");
    assert_eq!(accepted["status"], "initiated");
    let call = accepted["id"].as_str().expect("an id");
    let again: Value = serde_json::from_str(&run(&house, request, "").await).expect("json");
    assert_eq!(again["id"], accepted["id"], "it rings nobody twice");
    let told = run(&house, follow, call).await;
    assert!(told.contains("event: call.initiated") && told.trim_end().ends_with("event: call.completed"), "{told}");
    let conversation = run(&house, said, call).await;
    assert!(conversation.contains("\"generated\":\"Hello"), "{conversation}");
    let table = run(&house, table, "").await;
    assert!(table.starts_with("id,call_sid,direction,") && table.contains(call), "{table}");
    house.finish().await;
}
