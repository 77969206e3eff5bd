//! The log of the process, as it writes it: whatever happens, no number, no key, no token and no word of a call stands in it.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use alpha_call::sim::client::ApiClient;
use alpha_call::sim::scenario::expect::Wishes;
use alpha_call::sim::scenario::file::{ASSISTANT, Scenario};
use alpha_call::sim::stage::{CALLEE, CALLER, OUR_NUMBER, Stage};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::http::{Request, get, post_json};
use super::operator::{Operator, fresh_sid, unsigned};
use super::process::{Instance, Shell, Told};

const KEY: &str = "static-key-of-32-random-characters";
const WRONG_KEY: &str = "ak_aaaaaaaa_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const STRANGER: &str = "+14155550199";
const ELSEWHERE: &str = "+442079460123";
const END: Duration = Duration::from_secs(30);
/// Shorter texts stand in the log by chance.
const TELLING: usize = 10;

/// Calls in all ways there are.
const SCENARIOS: [&str; 13] = [
    "conversation",
    "assistant_by_request",
    "callback",
    "fallback",
    "http_tool",
    "http_tool_wrong_arguments",
    "invalid_arguments",
    "lifeboat_dial",
    "lost_model",
    "opt_out_by_tool",
    "send_keys",
    "transfer",
    "voicemail",
];

fn serve(stage: &Stage, variables: impl IntoIterator<Item = (String, String)>, assistant: Option<String>) -> (Instance, SocketAddr) {
    let own = [
        ("DATABASE_URL", "sqlite://calls.db?mode=rwc"),
        ("RUST_LOG", "info,alpha_call=trace"),
        ("API_KEYS", KEY),
        ("APP__OPENAI__WARM_CONNECTIONS", "0"),
        ("APP__OPENAI__RENDER_PHRASES", "false"),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let all = stage.environment().into_iter().chain(own).chain(variables);
    let shell = all.fold(Shell::new(), |shell, (name, value)| shell.with(&name, &value));
    if let Some(text) = assistant {
        let folder = shell.folder().join("config/assistants");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("{ASSISTANT}.toml")), text).expect("a file");
    }
    let mut instance = shell.serve();
    let address = instance.address();
    stage.twilio.set_engine(address);
    (instance, address)
}

fn secrets_of(stage: &Stage) -> Vec<String> {
    let variables = stage.environment();
    let of_peers = ["OPENAI_API_KEY", "TWILIO_AUTH_TOKEN", "TWILIO_ACCOUNT_SID"].map(|name| variables[name].clone());
    let numbers = [CALLER, CALLEE, OUR_NUMBER, STRANGER, ELSEWHERE].map(|number| number.trim_start_matches('+').to_owned());
    of_peers.into_iter().chain(numbers).chain([KEY, WRONG_KEY, "s3cret"].map(str::to_owned)).collect()
}

/// Every text below a value that tells something.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.len() >= TELLING => found.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| texts(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What was said in every call, and what the model was told to say.
async fn words(api: &ApiClient) -> Vec<String> {
    let mut found = Vec::new();
    let history = api.get("/api/call-history").await.expect("an answer").body;
    for call in history["calls"].as_array().expect("calls") {
        let id = call["id"].as_str().expect("an id");
        let conversation = api.get(&format!("/api/call/{id}/conversation")).await.expect("an answer").body;
        for turn in conversation["turns"].as_array().expect("turns") {
            ["generated", "heard", "text"].iter().for_each(|field| texts(&turn[field], &mut found));
            texts(&turn["tool"]["arguments"], &mut found);
        }
        let row = api.get(&format!("/api/call/{id}")).await.expect("an answer").body;
        found.extend(row["system_message"].as_str().into_iter().flat_map(str::lines).map(|line| line.trim().to_owned()));
        texts(&row["name"], &mut found);
    }
    found.retain(|text| text.len() >= TELLING);
    found
}

/// A token is the name of a call, and more behind a dot.
fn is_token(word: &str) -> bool {
    let (name, rest) = word.split_at_checked(36).unwrap_or_default();
    rest.starts_with('.') && name.parse::<uuid::Uuid>().is_ok()
}

fn is_number(word: &str) -> bool {
    word.strip_prefix('+').is_some_and(|digits| digits.len() >= 8 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn assert_silent(what: &str, told: &Told, secrets: &[String]) {
    let log = format!("{}\n{}", told.out, told.err);
    assert!(log.lines().count() > 3, "{what}: nothing was logged: {log}");
    for line in log.lines() {
        let folded = line.to_lowercase();
        for secret in secrets {
            assert!(!folded.contains(&secret.to_lowercase()), "{what}: `{secret}` in the log: {line}");
        }
        let mut words = line.split(|c: char| !(c.is_ascii_alphanumeric() || "+.-_".contains(c)));
        let bad = words.find(|word| is_token(word) || is_number(word) || word.starts_with("ak_"));
        assert!(bad.is_none(), "{what}: `{bad:?}` in the log: {line}");
    }
}

fn stopped(instance: Instance) -> Told {
    instance.signal("TERM");
    instance.ended(END)
}

async fn play(name: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/scenarios/{name}.toml"));
    let scenario = Scenario::load(&file).expect("a scenario");
    let (stage, business) = (scenario.stage(1).expect("a stage"), scenario.business().expect("a business"));
    let (instance, address) = serve(&stage, scenario.engine.variables(), scenario.engine.assistant_file(&business.url()));
    let api = ApiClient::new(address).with_key(KEY);

    // Rows that only the command line shows are not looked at.
    let _ = scenario.play(&stage, &api, async || Ok(Wishes::default())).await;
    let mut secrets = secrets_of(&stage);
    let words = words(&api).await;
    assert!(!words.is_empty(), "{name}: nothing was said");
    secrets.extend(words);

    assert_silent(name, &stopped(instance), &secrets);
}

#[actix_rt::test]
async fn calls_leave_no_word_and_no_number_in_the_log() {
    for some in SCENARIOS.chunks(4) {
        join_all(some.iter().map(|name| play(name))).await;
    }
}

/// Twilio says no, and names whom it was asked to call.
async fn unwilling_twilio() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    actix_rt::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.read_buf(&mut Vec::with_capacity(64 * 1024)).await;
            let message = format!("The number {CALLEE} is not a valid phone number, nor is {ELSEWHERE}");
            let body = json!({"code": 21211, "message": message, "more_info": "https://www.twilio.com/docs/errors/21211", "status": 400});
            let body = body.to_string();
            let head = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n";
            let _ = socket.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).await;
        }
    });
    format!("http://{address}")
}

#[actix_rt::test]
async fn refusals_leave_no_number_no_key_and_no_token_in_the_log() {
    let stage = Stage::start(1).expect("a stage");
    let variables = [("TWILIO_API_BASE_URL", unwilling_twilio().await), ("CALL_COOLDOWN_SECONDS", "300".to_owned())];
    let (instance, address) = serve(&stage, variables.map(|(name, value)| (name.to_owned(), value)), None);
    let operator = Operator::at(&stage, address);
    let by = |key: &str, request: Request| request.with("Authorization", &format!("Bearer {key}")).to(operator.engine);
    let wish = |number: &str| {
        let body = json!({"phone_number": number, "name": "Ann Confidential", "instructions": "Never tell anybody of the surprise."});
        post_json("/api/request-call", body)
    };

    // Whom we may not call, whom Twilio will not call, and who was called a moment ago.
    for number in [STRANGER, ELSEWHERE, CALLEE, CALLEE, "+1 (415) 555-0199", "14155550199"] {
        by(KEY, wish(number)).await;
    }
    for path in ["/api/do-not-call/+14155550199", "/api/call-history?phone_number=%2B14155550199", "/api/call-history?q=4155550199"] {
        by(KEY, get(path)).await;
    }
    by(KEY, post_json("/api/do-not-call", json!({"phone_number": STRANGER, "note": "asked us to stop"}))).await;
    for key in [WRONG_KEY, "wrong", "s3cret"] {
        by(key, wish(CALLEE)).await.problem(401, "unauthenticated");
    }

    let form = operator.form(&fresh_sid("CA"));
    unsigned("/incoming-call", &form).with("X-Twilio-Signature", "s3cret").to(operator.engine).await.problem(403, "invalid-signature");
    let line = operator.ring().await;
    let forged = format!("{}A", line.stream);
    assert_eq!(operator.upgrade(&line, &line.stream, "s3cret").await.err(), Some(403));
    assert_eq!(operator.upgrade(&line, &forged, &operator.sign("wss", &forged, &[])).await.err(), Some(403));
    let mut stream = operator.open(&line).await.expect("101");
    assert_eq!(operator.open(&line).await.err(), Some(403), "used up");
    for nonsense in ["{", "{\"event\":\"+14155550123\"}", "Please call +14155550199 back"] {
        stream.say(nonsense).await;
    }
    stream.start().await;
    stream.heard().await;
    stream.hang_up().await;

    let mut secrets = secrets_of(&stage);
    secrets.extend(["Ann Confidential", "surprise", "asked us to stop", "555-0199"].map(str::to_owned));
    secrets.push(line.stream.trim_start_matches("/media-stream/").to_owned());
    let told = stopped(instance);
    assert!(told.err.contains("signature not valid") && told.err.contains("21211"), "the log says what happened: {told}");
    assert_silent("refusals", &told, &secrets);
}
