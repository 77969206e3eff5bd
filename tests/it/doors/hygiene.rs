//! What an exposed server owes to itself: headers, limits, patience, silence about its inside.

use std::time::Duration;

use alpha_call::sim::stage::CALLEE;
use alpha_call::sim::twilio::Answer as PhoneAnswer;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::http::{Answer, Request, ask, get, post_json};
use super::operator::{Operator, fresh_sid, unsigned};
use super::process::Shell;
use crate::house::{House, LONG};

const PAGE: &str = "https://app.example.com";
const KEY: &str = "static-key-of-32-random-characters";
/// The patience of a server in these tests.
const SHORT: (&str, &str) = ("APP__SERVER__CLIENT_TIMEOUT_MS", "700");
const CUT: Duration = Duration::from_secs(6);

fn assert_protected(answer: &Answer) {
    let told = ["x-content-type-options", "referrer-policy", "cache-control"].map(|name| answer.header(name));
    assert_eq!(told, [Some("nosniff"), Some("no-referrer"), Some("no-store")], "{answer:?}");
    let is_json = answer.header("content-type").is_some_and(|kind| kind.contains("json"));
    let policy = is_json.then_some("default-src 'none'; frame-ancestors 'none'");
    assert_eq!(answer.header("content-security-policy"), policy, "{answer:?}");
    assert_eq!((answer.header("server"), answer.header("x-powered-by")), (None, None), "{answer:?}");
}

#[actix_rt::test]
async fn every_answer_says_what_browsers_must_not_do_with_it_and_none_says_who_answers() {
    let house = House::with(&[("API_KEYS", KEY), ("CORS_ORIGINS", PAGE)]).await;
    house.stage.twilio.answer(PhoneAnswer::Busy);
    let operator = Operator::of(&house);
    let by = |request: Request| request.with("Authorization", &format!("Bearer {KEY}"));
    let preflight = || ask("OPTIONS", "/api/call-history").with("Access-Control-Request-Method", "GET");
    let sid = fresh_sid("CA");
    let twiml = operator.post("/incoming-call", &operator.form(&sid)).await;
    let line = operator.line(&sid, &twiml);
    let asked = [
        (200, get("/health")),
        (200, by(get("/api/call-history"))),
        (200, by(get("/metrics"))),
        (200, preflight().with("Origin", PAGE)),
        (202, by(post_json("/api/request-call", json!({"phone_number": CALLEE})))),
        (401, get("/api/call-history")),
        (403, preflight().with("Origin", "https://evil.example.com")),
        (403, unsigned("/incoming-call", &operator.form(&sid))),
        (404, get("/nowhere")),
        (404, get("/api/nowhere")),
        (405, ask("PUT", "/health")),
        (400, get(&line.stream)),
    ];

    for (status, request) in asked {
        let answer = request.to(house.addr()).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_protected(&answer);
        assert_eq!(answer.header("strict-transport-security"), None, "who runs it on a machine of theirs may do so without TLS");
        answer.request_id();
    }
    assert_protected(&twiml);
    operator.hang_up(&line).await;
    house.stage.twilio.calls_begun(1, LONG).await.expect("a call")[0].ended(LONG).await.expect("an end");
    house.finish().await;
}

#[actix_rt::test]
async fn in_production_browsers_are_told_to_stay_with_https() {
    let shell = Shell::new()
        .with("APP_ENV", "production")
        .with("API_KEYS", KEY)
        .with("STREAM_TOKEN_KEY", KEY)
        .with("DATABASE_URL", "sqlite://calls.db?mode=rwc");
    let mut service = shell.serve();
    let address = service.address();

    for path in ["/health/live", "/api/call-history", "/nowhere"] {
        let answer = get(path).to(address).await;
        assert_protected(&answer);
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"), "{answer:?}");
    }
}

#[actix_rt::test]
async fn pages_of_named_origins_may_use_the_api_and_no_others_and_none_with_credentials() {
    let house = House::with(&[("CORS_ORIGINS", PAGE)]).await;
    let preflight = |origin: &str, method: &str, headers: &str| {
        let asked = ask("OPTIONS", "/api/request-call").with("Origin", origin).with("Access-Control-Request-Method", method);
        asked.with("Access-Control-Request-Headers", headers).to(house.addr())
    };
    let words = |answer: &Answer, name: &str| {
        let mut words: Vec<String> = answer.header(name).unwrap_or_default().split(',').map(|word| word.trim().to_lowercase()).collect();
        words.sort_unstable();
        words
    };

    let allowed = preflight(PAGE, "POST", "authorization,content-type,idempotency-key,x-request-id").await;
    assert_eq!((allowed.status, allowed.header("access-control-allow-origin")), (200, Some(PAGE)));
    assert_eq!(words(&allowed, "access-control-allow-headers"), ["authorization", "content-type", "idempotency-key", "x-request-id"]);
    assert_eq!(words(&allowed, "access-control-allow-methods"), ["delete", "get", "post"]);
    assert!(words(&allowed, "vary").contains(&"origin".to_owned()), "{allowed:?}");

    let mut refused = Vec::new();
    for origin in ["https://evil.example.com", "http://app.example.com", "https://app.example.com.evil.com", "null", "*", ""] {
        refused.push(preflight(origin, "POST", "content-type").await);
    }
    refused.push(preflight(PAGE, "PUT", "content-type").await);
    refused.push(preflight(PAGE, "POST", "x-twilio-signature").await);
    for answer in &refused {
        answer.problem(403, "origin-not-allowed");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{answer:?}");
    }

    let asked = get("/api/call-history").with("Origin", PAGE).to(house.addr()).await;
    assert_eq!((asked.status, asked.header("access-control-allow-origin")), (200, Some(PAGE)));
    let exposed = words(&asked, "access-control-expose-headers");
    assert_eq!(
        exposed,
        ["idempotency-replayed", "location", "ratelimit", "ratelimit-policy", "retry-after", "www-authenticate", "x-request-id"]
    );
    let foreign = get("/api/call-history").with("Origin", "https://evil.example.com").to(house.addr()).await;
    assert_eq!(foreign.header("access-control-allow-origin"), None, "the browser keeps it from the page");
    for answer in refused.iter().chain([&allowed, &asked, &foreign]) {
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{answer:?}");
    }
    house.finish().await;
}

#[actix_rt::test]
async fn a_connection_has_one_request_so_that_none_has_a_head_without_a_deadline() {
    let house = House::open().await;
    let mut socket = connect(&house).await;
    let request = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";
    socket.write_all(&[&request[..], &request[..20]].concat()).await.expect("it listens");

    let mut said = String::new();
    timeout(CUT, socket.read_to_string(&mut said)).await.expect("it closes the connection").expect("utf-8");

    assert_eq!(said.matches("HTTP/1.1 200 OK").count(), 1, "{said}");
    house.finish().await;
}

/// Sends byte by byte until the server has had enough; what it said, and how long it bore it.
async fn trickle(mut socket: TcpStream, bytes: &[u8]) -> (String, Duration) {
    let began = Instant::now();
    for byte in bytes {
        let mut answer = Vec::new();
        if socket.write_all(&[*byte]).await.is_err() {
            return (String::new(), began.elapsed());
        }
        if timeout(Duration::from_millis(100), socket.read_buf(&mut answer)).await.is_ok() {
            let _ = timeout(CUT, socket.read_to_end(&mut answer)).await.expect("it closes the connection");
            return (String::from_utf8_lossy(&answer).into_owned(), began.elapsed());
        }
    }
    panic!("all was read");
}

async fn connect(house: &House) -> TcpStream {
    TcpStream::connect(house.addr()).await.expect("it listens")
}

#[actix_rt::test]
async fn a_head_that_trickles_in_is_cut() {
    let house = House::with(&[SHORT]).await;
    let head = format!("GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "x".repeat(200));

    let (said, took) = trickle(connect(&house).await, head.as_bytes()).await;

    assert!(said.is_empty() || said.starts_with("HTTP/1.1 408 "), "{said}");
    assert!(took < CUT, "{took:?}");
    house.finish().await;
}

#[actix_rt::test]
async fn a_body_that_trickles_in_is_cut_and_told_so_and_one_that_pauses_is_not() {
    let house = House::with(&[SHORT]).await;
    let body = "x".repeat(200);

    for (path, kind) in [("/api/request-call", "application/json"), ("/incoming-call", "application/x-www-form-urlencoded")] {
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
        let mut socket = connect(&house).await;
        socket.write_all(head.as_bytes()).await.expect("it listens");

        let (said, took) = trickle(socket, body.as_bytes()).await;

        assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("urn:alpha-call:problem:request-timeout"), "{path}: {said}");
        assert!(took < CUT, "{path}: {took:?}");
    }

    let body = json!({"phone_number": "555"}).to_string();
    let mut socket = connect(&house).await;
    let head = "POST /api/request-call HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n";
    for part in [format!("{head}Content-Length: {}\r\n\r\n", body.len()), body[..5].to_owned(), body[5..].to_owned()] {
        socket.write_all(part.as_bytes()).await.expect("it listens");
        sleep(Duration::from_millis(100)).await;
    }
    let mut said = String::new();
    socket.read_to_string(&mut said).await.expect("an answer");
    assert!(said.starts_with("HTTP/1.1 422 "), "{said}");
    house.finish().await;
}

#[actix_rt::test]
async fn a_connection_without_a_request_is_closed() {
    let house = House::with(&[SHORT, ("APP__SERVER__KEEP_ALIVE_SECONDS", "1")]).await;
    let (silent, mut answered) = (connect(&house).await, connect(&house).await);
    answered.write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("it listens");

    for (what, mut socket) in [("silent from the start", silent), ("silent after an answer", answered)] {
        let read = timeout(CUT, socket.read_to_end(&mut Vec::new())).await;
        assert!(read.is_ok(), "{what}: still open");
    }
    house.finish().await;
}

#[actix_rt::test]
async fn a_head_beyond_all_measure_is_refused() {
    let house = House::open().await;
    let long = format!("X-Long: {}\r\n", "x".repeat(200_000));
    let many: String = (0..200).map(|n| format!("X-{n}: 1\r\n")).collect();

    for (what, headers) in [("long", long), ("many", many)] {
        let mut socket = connect(&house).await;
        let head = format!("GET /health HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        let _ = socket.write_all(head.as_bytes()).await;
        let mut said = Vec::new();
        let _ = timeout(CUT, socket.read_to_end(&mut said)).await.unwrap_or_else(|_| panic!("{what}: still open"));
        let said = String::from_utf8_lossy(&said);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{what}: {said}");
    }
    assert_eq!(get("/health").to(house.addr()).await.status, 200);
    house.finish().await;
}

#[actix_rt::test]
async fn a_broken_database_is_our_secret() {
    let house = House::open().await;
    let operator = Operator::of(&house);
    house.execute("ALTER TABLE call_logs RENAME TO hidden").await;
    let call = "00000000-0000-7000-8000-000000000000";
    let sid = fresh_sid("CA");

    let asked = [
        get("/api/call-history"),
        get("/api/analytics"),
        get(&format!("/api/call/{call}")),
        get(&format!("/api/call/{call}/conversation")),
        post_json("/api/request-call", json!({"phone_number": CALLEE})),
    ];
    let mut answers = vec![operator.post("/incoming-call", &operator.form(&sid)).await];
    for request in asked {
        answers.push(request.to(house.addr()).await);
    }

    for answer in answers {
        answer.problem(500, "internal-error");
        let text = format!("{answer:?}").to_lowercase();
        for secret in ["sql", "call_logs", "no such", "table", "select", "insert", "calls.db", "/tmp", "src/", ".rs", CALLEE] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    house.execute("ALTER TABLE hidden RENAME TO call_logs").await;
    house.finish().await;
}
