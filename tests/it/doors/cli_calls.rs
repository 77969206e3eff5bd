//! `alpha-call calls`, as a shell sees it, against an instance that runs.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use alpha_call::sim::scenario::{CallerScript, Step};
use alpha_call::sim::stage::{CALLEE, CALLER, Stage, utterance};
use alpha_call::sim::twilio::{Answer, CallHandle, CallIn};
use alpha_call::types::{BearerKey, Scope};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::task::spawn_blocking;

use super::process::{Instance, Shell, Told};
use crate::house::{House, LONG, eventually_within};

const WITHIN: Duration = Duration::from_secs(20);
const KEY: &str = "a-key-of-the-configuration";

/// Greets, and is hung up on.
fn short() -> CallerScript {
    CallerScript::new(vec![Step::WaitForSpeech { within: WITHIN }, Step::HangUp])
}

/// Listens until somebody else ends the call.
fn patient() -> CallerScript {
    CallerScript::new(vec![Step::WaitForSpeech { within: WITHIN }, Step::AwaitHangup { within: LONG }])
}

/// Breaks into the second answer, as in the demo.
fn talk() -> CallerScript {
    let quiet = || Step::WaitForSilence { quiet: Duration::from_millis(900), within: WITHIN };
    let speech = || Step::WaitForSpeech { within: WITHIN };
    let said = [speech(), quiet(), Step::Say(utterance("caller_hours")), speech(), quiet(), Step::Say(utterance("caller_goodbye"))];
    CallerScript::new(said.into_iter().chain([Step::AwaitHangup { within: LONG }]).collect())
}

fn asking(address: SocketAddr) -> Shell {
    Shell::new().with("ALPHA_CALL_URL", &format!("http://{address}"))
}

/// The words after `calls`, divided by blanks; elsewhere than on the thread of the house.
async fn calls(shell: Shell, words: &str) -> Told {
    let words: Vec<String> = ["calls"].into_iter().chain(words.split(' ')).map(str::to_owned).collect();
    let run = move || shell.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
    spawn_blocking(run).await.expect("it ran")
}

async fn well(shell: Shell, words: &str) -> String {
    let told = calls(shell, words).await;
    assert_eq!(told.code, Some(0), "{words}: {told}");
    told.out
}

async fn json(shell: Shell, words: &str) -> Value {
    serde_json::from_str(&well(shell, words).await).expect("json")
}

impl House {
    fn shell(&self) -> Shell {
        asking(self.addr())
    }

    /// So many calls come in, and end.
    async fn after_calls(&self, count: usize) {
        for _ in 0..count {
            let call = self.call_in(short());
            call.ended(LONG).await.expect("an end");
            self.ended(call.call_sid()).await;
        }
    }
}

fn tail(shell: Shell, words: &[&str]) -> Instance {
    shell.start(&["calls", "tail"].into_iter().chain(words.iter().copied()).collect::<Vec<_>>())
}

/// What it has said so far.
fn text(tail: &Instance) -> String {
    std::fs::read_to_string(tail.out_file()).expect("what it said")
}

/// What it has said, once that is in it.
async fn said(tail: &Instance, word: &str) -> String {
    eventually_within(LONG, "it is told", async || Some(text(tail)).filter(|text| text.contains(word)).ok_or_else(|| text(tail))).await
}

/// Once its connection stands.
async fn follows(mut tail: Instance) -> Instance {
    let waiting = move || {
        tail.complains("following http://");
        tail
    };
    spawn_blocking(waiting).await.expect("it follows")
}

async fn ended(tail: Instance) -> Told {
    spawn_blocking(move || tail.ended(LONG)).await.expect("it ended")
}

async fn greeted(call: &CallHandle) {
    call.until(LONG, |report| report.first_audio().is_some()).await.expect("a greeting");
}

#[actix_rt::test]
async fn calls_are_listed_by_filters_as_table_json_and_csv() {
    let house = House::open().await;
    house.after_calls(3).await;
    house.stage.twilio.answer_next(Answer::Busy);
    let id = json(house.shell(), &format!("dial {CALLEE} --name Ann -o json")).await["id"].as_str().expect("an id").to_owned();
    house.ended(&id).await;

    let table = well(house.shell(), "list").await;
    assert!(table.contains("failed: busy") && table.contains(&format!("from {CALLER}")) && table.contains("completed"), "{table}");
    let failed = json(house.shell(), "list --status failed --direction outbound --since 1h -o json").await;
    assert_eq!((&failed["total"], &failed["calls"][0]["id"]), (&1.into(), &id.as_str().into()));
    assert_eq!(json(house.shell(), "list -o json").await, house.get("/api/call-history").await, "as the API says it");
    for (filter, count) in [(format!("--number {CALLER}"), 3), (format!("--search {id}"), 1), ("--assistant nobody".to_owned(), 0)] {
        assert_eq!(json(house.shell(), &format!("list {filter} -o json")).await["total"], count, "{filter}");
    }
    assert_eq!(json(house.shell(), "list --since 2999-01-01 -o json").await["total"], 0);

    let csv = well(house.shell(), "list --all -o csv").await;
    assert!(csv.starts_with("id,call_sid,direction,"), "{csv}");
    assert_eq!(csv.lines().count(), 5, "{csv}");
    let fewer = calls(house.shell(), "list --limit 2").await;
    assert!(fewer.err.contains("2 of 4; --limit N or --all shows more"), "{fewer}");
    house.finish().await;
}

#[actix_rt::test]
async fn several_pages_are_made_one() {
    let house = House::open().await;
    let database = house.folder().join("calls.db");
    let seeding = Shell::new().with("DATABASE_URL", &format!("sqlite://{}", database.display()));
    let seeded = spawn_blocking(move || seeding.run(&["db", "seed", "--calls", "450", "--yes"])).await.expect("it ran");
    assert_eq!(seeded.code, Some(0), "{seeded}");

    let all = json(house.shell(), "list --all -o json").await;
    let ids: std::collections::BTreeSet<&str> =
        all["calls"].as_array().expect("calls").iter().filter_map(|call| call["id"].as_str()).collect();
    assert_eq!((ids.len(), &all["total"], &all["next_cursor"]), (450, &450.into(), &Value::Null));
    let some = json(house.shell(), "list --limit 250 -o json").await;
    assert_eq!((some["calls"].as_array().map(Vec::len), some["next_cursor"].is_string()), (Some(250), true));
    let csv = well(house.shell(), "list --limit 250 -o csv").await;
    assert_eq!((csv.lines().count(), csv.matches("call_sid").count()), (251, 1));
    house.execute("UPDATE call_logs SET status = 'completed', ended_at = initiated_at WHERE ended_at IS NULL").await;
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_is_shown_with_what_was_said_and_what_was_not_heard() {
    let house = House::open().await;
    let call = house.call_in(CallerScript::clinic(&utterance));
    call.ended(LONG).await.expect("an end");
    let row = house.ended(call.call_sid()).await;
    house.conversation(call.call_sid()).await;

    let shown = well(house.shell(), &format!("get {} --transcript", call.call_sid())).await;

    assert!(shown.starts_with(&format!("inbound from {CALLER}  completed: assistant ended\n")), "{shown}");
    for word in
        [row["id"].as_str().expect("an id"), call.call_sid(), "caller  Hi. What are your opening hours?", " /// ", "s heard", "p50 "]
    {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
    let short = well(house.shell(), &format!("get {}", call.call_sid())).await;
    assert!(shown.starts_with(&short) && !short.contains("opening hours"), "{short}");
    let body = json(house.shell(), &format!("get {} --transcript -o json", row["id"].as_str().expect("an id"))).await;
    assert_eq!(body, house.get(&format!("/api/call/{}/conversation", call.call_sid())).await);
    house.finish().await;
}

#[actix_rt::test]
async fn whoever_follows_is_told_of_a_call_from_its_beginning_to_its_end_each_turn_once() {
    let house = House::open().await;
    let people = follows(tail(house.shell(), &[])).await;
    let programs = follows(tail(house.shell(), &["-o", "json", "--no-words"])).await;

    let call = house.call_in(talk());
    assert!(call.ended(LONG).await.expect("an end").completed());

    let text = said(&people, "completed: ").await;
    let id = house.ended(call.call_sid()).await["id"].as_str().expect("an id").to_owned();
    assert_eq!(
        text.lines().next().map(|line| line.ends_with(&id) && line.starts_with(&format!("inbound from {CALLER}"))),
        Some(true),
        "{text}"
    );
    assert!(text.contains("  the call comes in\n") && text.contains("  connected\n"), "{text}");
    let of_caller: Vec<&str> = text.lines().filter(|line| line.contains("  caller  ")).collect();
    assert_eq!(of_caller.len(), 2, "{text}");
    assert!(of_caller[0].ends_with("Hi. What are your opening hours?"), "{text}");
    let lines = said(&programs, "call.completed").await;
    let kinds: Vec<Value> = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("json")["type"].clone()).collect();
    assert_eq!(kinds, ["call.initiated", "call.connected", "call.completed"]);
    drop((people, programs));
    house.finish().await;
}

#[actix_rt::test]
async fn whoever_follows_one_call_reads_what_was_before_and_is_done_with_it() {
    let house = House::open().await;
    let call = house.call_in(patient());
    greeted(&call).await;
    let tail = tail(house.shell(), &[call.call_sid()]);
    said(&tail, "connected").await;
    let other = house.call_in(short());
    other.ended(LONG).await.expect("an end");

    let told = well(house.shell(), &format!("hangup {}", call.call_sid())).await;
    assert!(told.contains("the call ends in a moment"), "{told}");

    let Told { code, out, err } = ended(tail).await;
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("completed: requested") && out.contains("  ai      Hello, this is"), "{out}{err}");
    assert!(!out.contains("caller hung up"), "of another call: {out}");
    let again = calls(house.shell(), &format!("tail {}", call.call_sid())).await;
    assert!(again.code == Some(0) && again.out.contains("completed: requested"), "{again}");
    let twice = calls(house.shell(), &format!("hangup {}", call.call_sid())).await;
    assert_eq!((twice.code, twice.out.as_str()), (Some(1), ""), "{twice}");
    assert!(twice.err.starts_with("error: The call is over (409 call-over)\n") && twice.err.contains("request id "), "{twice}");
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_is_handed_over_and_a_refusal_says_why() {
    let house = House::open().await;
    let call = house.call_in(patient());
    greeted(&call).await;
    let sid = call.call_sid();

    let refused = calls(house.shell(), &format!("transfer {sid} --to +14155550177")).await;
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""), "{refused}");
    assert!(refused.err.contains("(403 number-not-authorized)") && refused.err.contains("VERIFIED_PHONE_NUMBERS"), "{refused}");
    let unknown = calls(house.shell(), &format!("transfer CA{} --to {CALLEE}", "0".repeat(32))).await;
    assert!(unknown.code == Some(1) && unknown.err.contains("-> `alpha-call calls list` shows"), "{unknown}");
    let told = json(house.shell(), &format!("transfer {sid} --to {CALLEE} -o json")).await;
    assert_eq!(told["message"], "the other phone rings in a moment");

    call.ended(LONG).await.expect("an end");
    assert_eq!(house.ended(sid).await["ended_reason"], "transferred");
    house.finish().await;
}

#[actix_rt::test]
async fn a_call_is_placed_followed_and_its_end_is_the_exit_code() {
    let house = House::with(&[("CALL_COOLDOWN_SECONDS", "0")]).await;
    house.stage.twilio.answer_next(Answer::PickUp(short()));

    let told = calls(house.shell(), &format!("dial {CALLEE} --name Ann --metadata {{\"ticket\":7}} --idempotency-key k1 --wait")).await;
    assert_eq!(told.code, Some(0), "{told}");
    assert!(told.out.starts_with(&format!("outbound to {CALLEE} (Ann)  ")) && told.out.contains("completed: caller hung up"), "{told}");
    let id = told.out.lines().next().and_then(|line| line.split_whitespace().last()).expect("an id").to_owned();
    assert_eq!(house.get(&format!("/api/call/{id}")).await["metadata"]["ticket"], 7);
    let again = well(house.shell(), &format!("dial {CALLEE} --name Ann --metadata {{\"ticket\":7}} --idempotency-key k1")).await;
    assert_eq!(again, format!("{id}  this was asked for before, and is done once\n"));

    house.stage.twilio.answer_next(Answer::Busy);
    let busy = calls(house.shell(), &format!("dial {CALLEE} --wait -o json")).await;
    let call: Value = serde_json::from_str(&busy.out).expect("json");
    assert_eq!((busy.code, &call["ended_reason"]), (Some(1), &"busy".into()), "{busy}");
    let wrong = calls(house.shell(), &format!("dial {CALLEE} --assistant nobody --var day=Friday")).await;
    assert!(wrong.code == Some(1) && wrong.err.contains("  /assistant: there is no such assistant; known: "), "{wrong}");
    house.finish().await;
}

#[actix_rt::test]
async fn without_a_good_key_nothing_is_told_and_the_way_to_one_is() {
    let house = House::with(&[("API_KEYS", KEY)]).await;
    let of = |key: &BearerKey| house.shell().with("ALPHA_CALL_KEY", key.text().expose_secret());

    let without = calls(house.shell(), "list").await;
    assert_eq!((without.code, without.out.as_str()), (Some(1), ""), "{without}");
    assert!(without.err.starts_with("error: An API key is needed (401 unauthenticated)\n"), "{without}");
    assert!(without.err.contains("-> give a key in ALPHA_CALL_KEY"), "{without}");
    let wrong = calls(house.shell().with("ALPHA_CALL_KEY", "of-somebody-else"), "tail").await;
    assert!(wrong.code == Some(1) && wrong.err.contains("the key of ALPHA_CALL_KEY") && !wrong.err.contains("of-somebody-else"), "{wrong}");

    let key = house.with_key(1, &[Scope::CallsRead], None).await;
    well(of(&key), "list").await;
    let call = house.call_in(short());
    call.ended(LONG).await.expect("an end");
    let mute = calls(of(&key), &format!("tail {}", call.call_sid())).await;
    assert!(mute.code == Some(0) && mute.out.contains("completed: caller hung up") && !mute.out.contains("Hello"), "{mute}");
    assert!(mute.err.contains("it lacks the scope transcripts:read"), "{mute}");
    let poor = calls(of(&key), &format!("dial {CALLEE}")).await;
    assert!(poor.code == Some(1) && poor.err.contains("the scope calls:create"), "{poor}");
    well(house.shell().with("API_KEYS", KEY), "list").await;
    let shell = house.shell().with("ALPHA_CALL_KEY_FILE", "key.txt");
    std::fs::write(shell.folder().join("key.txt"), format!("{KEY}\n")).expect("written");
    well(shell, "list").await;
    house.finish().await;
}

#[test]
fn what_is_asked_or_set_wrong_is_said_before_anybody_is_asked() {
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr()).expect("a free port");
    let run = |shell: Shell, words: &str| shell.run(&["calls"].into_iter().chain(words.split(' ')).collect::<Vec<_>>());

    for (words, code, way_out) in [
        ("list --status over", 2, "initiated, connected, completed, failed"),
        ("list --since yesterday", 2, "24h"),
        ("list --number 555", 2, "E.164"),
        ("get 7", 2, "alpha-call calls list"),
        ("transfer CA00000000000000000000000000000000", 2, "--to <NUMBER>"),
        ("dial +14155550142 --metadata [1]", 2, "JSON object"),
        ("dial +14155550142 --var day", 2, "NAME=VALUE"),
        ("list --url http://ann:secret@127.0.0.1", 2, "ALPHA_CALL_KEY"),
        ("list --key secret", 2, "--key"),
        ("get CA00000000000000000000000000000000 -o csv", 2, "table, json"),
    ] {
        let told = run(asking(nobody), words);
        assert_eq!((told.code, told.out.as_str()), (Some(code), ""), "{words}: {told}");
        assert!(told.err.contains(way_out), "{words}: {told}");
    }
    let away = run(asking(nobody), "list");
    assert!(away.code == Some(1) && away.err.starts_with(&format!("error: nothing answers at http://{nobody}: ")), "{away}");
    assert!(away.err.contains("alpha-call serve") && away.err.contains("--url"), "{away}");
    let by_port = run(Shell::new().with("PORT", &nobody.port().to_string()), "tail");
    assert!(by_port.code == Some(1) && by_port.err.contains(&format!("http://{nobody}")), "{by_port}");
    assert_eq!(run(Shell::new().with("PORT", "many"), "list").code, Some(78));
    assert_eq!(run(asking(nobody).with("ALPHA_CALL_KEY_FILE", "none.txt"), "list").code, Some(78));
}

/// On the same port and the same database each time.
fn service(stage: &Stage, folder: &Path, port: u16) -> Instance {
    let variables = [
        ("DATABASE_URL", format!("sqlite://{}?mode=rwc", folder.join("calls.db").display())),
        ("SPOOL_FOLDER", folder.join("spool").display().to_string()),
        ("APP__OPENAI__RENDER_PHRASES", "false".to_owned()),
        ("DRAIN_SECONDS", "2".to_owned()),
        ("RUST_LOG", "info".to_owned()),
    ];
    let shell = stage.environment().iter().fold(Shell::new(), |shell, (name, value)| shell.with(name, value));
    let shell = variables.iter().fold(shell, |shell, (name, value)| shell.with(name, value));
    shell.start(&["serve", "--port", &port.to_string()])
}

#[actix_rt::test]
async fn whoever_follows_stays_when_the_instance_is_started_again() {
    let stage = Stage::start(1).expect("a stage");
    let folder = tempfile::tempdir().expect("a folder");
    let mut first = service(&stage, folder.path(), 0);
    let address = first.address();
    stage.twilio.set_engine(address);
    let tail = follows(tail(asking(address), &["-o", "json", "--no-words"])).await;
    let call = async || {
        let call = stage.twilio.call_in(CallIn { from: CALLER.to_owned(), script: short() }).expect("a domain");
        call.ended(LONG).await.expect("an end");
    };
    call().await;
    let before = said(&tail, "call.completed").await;

    first.signal("TERM");
    assert_eq!(ended(first).await.code, Some(0));
    let mut second = service(&stage, folder.path(), address.port());
    assert_eq!(second.address(), address);
    call().await;

    let told = async || {
        let text = text(&tail);
        let since = text.strip_prefix(&before).unwrap_or_default().to_owned();
        if since.contains("call.completed") { Ok(since) } else { Err(text) }
    };
    let lines = eventually_within(LONG, "the second call is told of", told).await;
    let kinds: Vec<Value> = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("json")["type"].clone()).collect();
    assert_eq!(kinds, ["call.initiated", "call.connected", "call.completed"], "{lines}");
    tail.signal("TERM");
    let told = ended(tail).await;
    assert!(told.err.contains("asking again in 1 s"), "{told}");
}

#[test]
fn the_help_of_every_verb_fits_a_terminal_and_has_an_example() {
    for verb in ["", "list", "get", "tail", "hangup", "transfer", "dial"] {
        let words: Vec<&str> = ["calls", verb, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
        let help = Shell::new().run(&words).out;

        assert!(help.contains("Example"), "{verb}: {help}");
        assert_eq!(help.lines().filter(|line| !line.starts_with("Usage: ")).find(|line| line.chars().count() > 100), None, "{verb}");
    }
}
