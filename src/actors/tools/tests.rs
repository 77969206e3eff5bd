use std::sync::{Arc, Mutex};

use actix::{Actor, Context, Handler};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::config::HttpTool;
use crate::store::DatabaseSettings;
use crate::types::ActorKind;

#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<ToolOutcome>>>);

impl Actor for Ear {
    type Context = Context<Self>;
}

crate::actors::port::kin!(Ear, ActorKind::Call);

impl Handler<ToolUsed> for Ear {
    type Result = ();

    fn handle(&mut self, ToolUsed(outcome): ToolUsed, _: &mut Context<Self>) {
        self.0.lock().expect("not poisoned").push(outcome);
    }
}

fn number(text: &str) -> PhoneNumber {
    text.parse().expect("a number")
}

fn call(name: &str, arguments: &str) -> ToolCall {
    ToolCall {
        response: "resp_1".into(),
        item: "item_1".into(),
        call_id: "call_1".into(),
        name: name.to_owned(),
        arguments: Redacted(arguments.to_owned()),
    }
}

fn every_tool() -> Vec<ToolSettings> {
    let targets = BTreeMap::from([("sales".to_owned(), number("+14155550199"))]);
    let rest = [ToolSettings::SendDtmf, ToolSettings::HoldCall, ToolSettings::ScheduleCallback, ToolSettings::OptOut];
    [ToolSettings::EndCall, ToolSettings::TransferCall { targets }].into_iter().chain(rest).collect()
}

/// A store in a file of its own, and the folder that it lives as long as.
async fn store(migrated: bool) -> (CallStore, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("calls.db").display());
    let store = CallStore::open(&DatabaseSettings::at(url.as_str())).expect("a store");
    if migrated {
        store.migrate().await.expect("migrated");
    }
    (store, folder)
}

fn toolbox(tools: Vec<ToolSettings>, store: CallStore, number: Option<PhoneNumber>) -> Toolbox {
    let matter = CallMatter { call: CallId::new(Uuid::from_u128(1)), number, store };
    Toolbox::new(tools, matter, Reach { loopback: true, ..Reach::default() })
}

/// What the call is told; all of it, for there may be no more than one answer.
async fn used(toolbox: &Toolbox, name: &str, arguments: &str) -> (String, Option<ToolEffect>) {
    let ear = Ear::default();
    let heard = ear.0.clone();
    toolbox.use_tool(call(name, arguments), &Trace::default(), &ear.start().into());
    let deadline = Instant::now() + Duration::from_secs(10);
    while heard.lock().expect("not poisoned").is_empty() {
        assert!(Instant::now() < deadline, "{name} was not answered");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut heard = std::mem::take(&mut *heard.lock().expect("not poisoned"));
    assert_eq!(heard.len(), 1, "{heard:?}");
    let ToolOutcome { call_id, output, effect } = heard.remove(0);
    assert_eq!(call_id, "call_1");
    serde_json::from_str::<serde::de::IgnoredAny>(&output).expect("JSON");
    (output.0, effect)
}

#[actix_rt::test]
async fn tools_that_act_on_the_call_have_their_effect() {
    let (store, _folder) = store(false).await;
    let toolbox = toolbox(every_tool(), store, None);

    for (name, arguments, effect) in [
        ("end_call", "{}", ToolEffect::EndCall),
        ("end_call", "", ToolEffect::EndCall),
        ("hold_call", "{}", ToolEffect::Hold),
        ("transfer_call", r#"{"target":"sales"}"#, ToolEffect::Transfer(number("+14155550199"))),
        ("send_dtmf", r#"{"digits":"1w#"}"#, ToolEffect::SendDigits("1w#".to_owned())),
    ] {
        assert_eq!(used(&toolbox, name, arguments).await, (r#"{"ok":true}"#.to_owned(), Some(effect)), "{name}");
    }
}

#[actix_rt::test]
async fn what_is_wrong_is_told_and_has_no_effect() {
    let (store, _folder) = store(true).await;
    let toolbox = toolbox(every_tool(), store, Some(number("+14155550101")));

    for (name, arguments, part) in [
        ("end_call", "{", "not JSON"),
        ("end_call", r#"{"now":true}"#, "unknown field"),
        ("transfer_call", r#"{"target":"me"}"#, "use one of: sales"),
        ("send_dtmf", r#"{"digits":"call me"}"#, "must be 1 to 32"),
        ("schedule_callback", r#"{"when":"soon"}"#, "with its offset"),
        ("opt_out", "[]", "JSON object"),
        ("rm_rf", "{}", "no such tool"),
    ] {
        let (output, effect) = used(&toolbox, name, arguments).await;
        assert!(output.starts_with(r#"{"error":"#) && output.contains(part), "{name}: {output}");
        assert_eq!(effect, None);
    }
}

#[actix_rt::test]
async fn a_wish_is_on_record_when_the_model_is_told() {
    let (store, _folder) = store(true).await;
    let toolbox = toolbox(every_tool(), store.clone(), Some(number("+14155550101")));
    let when = (clock::utc() + chrono::TimeDelta::days(1)).to_rfc3339();

    let (scheduled, _) = used(&toolbox, "schedule_callback", &format!(r#"{{"when":"{when}","note":"heating"}}"#)).await;
    let (opted_out, _) = used(&toolbox, "opt_out", "{}").await;

    assert!(scheduled.contains("scheduled_for"), "{scheduled}");
    assert_eq!(opted_out, r#"{"ok":true}"#);
    assert_eq!(store.rows().await.expect("counted"), 2, "a callback and an opt-out");
    let listed = store.standing(&number("+14155550101")).await.expect("asked").listed;
    assert_eq!(listed.map(|listed| listed.source).as_deref(), Some("spoken"));
}

#[actix_rt::test]
async fn a_caller_without_a_number_cannot_be_called_back() {
    let (store, _folder) = store(true).await;
    let toolbox = toolbox(every_tool(), store.clone(), None);
    let when = (clock::utc() + chrono::TimeDelta::days(1)).to_rfc3339();

    for (name, arguments) in [("schedule_callback", format!(r#"{{"when":"{when}"}}"#)), ("opt_out", "{}".to_owned())] {
        assert!(used(&toolbox, name, &arguments).await.0.contains("number is not known"), "{name}");
    }
    assert_eq!(store.rows().await.expect("counted"), 0);
}

#[actix_rt::test]
async fn where_the_database_is_away_the_model_is_told_so() {
    let (store, _folder) = store(true).await;
    store.close().await;
    let toolbox = toolbox(every_tool(), store, Some(number("+14155550101")));
    let when = (clock::utc() + chrono::TimeDelta::days(1)).to_rfc3339();

    for (name, arguments) in [("schedule_callback", format!(r#"{{"when":"{when}"}}"#)), ("opt_out", "{}".to_owned())] {
        assert!(used(&toolbox, name, &arguments).await.0.contains("database is not available"), "{name}");
    }
}

#[actix_rt::test]
async fn a_server_of_the_business_is_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let tool = HttpTool {
        name: "slots".to_owned(),
        description: String::new(),
        parameters: r#"{"type":"object","properties":{"day":{"type":"string"}}}"#.to_owned(),
        method: "GET".to_owned(),
        url: format!("http://{}/{{{{day}}}}", listener.local_addr().expect("an address")),
        headers: Vec::new(),
        timeout: Duration::from_secs(5),
        result: Some("/free".to_owned()),
    };
    let (store, _folder) = store(false).await;
    let toolbox = toolbox(vec![ToolSettings::Http(tool)], store, None);
    let served = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let mut asked = [0; 1024];
        assert!(socket.read(&mut asked).await.expect("a request") > 0);
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"free\":[9]}").await.expect("written");
    });

    assert_eq!(used(&toolbox, "slots", r#"{"day":"mon"}"#).await, (r#"{"result":[9]}"#.to_owned(), None));
    served.await.expect("served");
    let (output, _) = used(&toolbox, "slots", r#"{"day":7}"#).await;
    assert!(output.contains("`day` must be of type string"), "{output}");
}

#[actix_rt::test]
async fn an_answer_comes_even_if_the_work_is_dropped() {
    let ear = Ear::default();
    let heard = ear.0.clone();
    let addr = ear.start();

    drop(Owed { call_id: "call_1".into(), answer: addr.clone().into(), is_told: false });

    addr.send(ToolUsed(ToolOutcome { call_id: "later".into(), output: Redacted(String::new()), effect: None })).await.expect("heard");
    let ids: Vec<_> = heard.lock().expect("not poisoned").iter().map(|outcome| outcome.call_id.clone()).collect();
    assert_eq!(ids, ["call_1", "later"]);
}

#[test]
fn a_toolbox_prints_names_alone() {
    let text = format!("{:?}", Toolbox::of(every_tool(), None, Reach::default()));

    assert!(text.contains("transfer_call") && !text.contains("+1415"), "{text}");
}
