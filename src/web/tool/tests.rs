use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, LocalSet};

use super::*;
use crate::web::Names;
use crate::web::address::Unreachable;
use crate::web::client::MAX_ANSWER_BYTES;

/// Where nobody collects traces.
async fn ask(tool: &HttpTool, arguments: &str, reach: &Reach) -> Result<String, WebError> {
    super::ask(tool, arguments, reach, &Trace::default()).await
}

const SCHEMA: &str = r#"{"type":"object","properties":{"day":{"type":"string"},"seats":{"type":"integer"}},"required":["day"]}"#;

fn tool(method: &str, url: String) -> HttpTool {
    HttpTool {
        name: "slots".to_owned(),
        description: String::new(),
        parameters: SCHEMA.to_owned(),
        method: method.to_owned(),
        url,
        headers: vec![("X-Key".to_owned(), "s3cret".into())],
        timeout: Duration::from_secs(5),
        result: None,
    }
}

/// A server that takes one request, gives `answer`, hangs up, and tells what it was asked.
async fn serve(answer: String) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let served = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let asked = read(&mut socket).await;
        // A reader that has enough hangs up.
        let _ = socket.write_all(answer.as_bytes()).await;
        asked
    });
    (port, served)
}

async fn read(socket: &mut TcpStream) -> String {
    let mut text = String::new();
    loop {
        let length = text.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        if text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.len() >= length) {
            return text;
        }
        let mut part = [0; 1024];
        let count = socket.read(&mut part).await.expect("readable");
        assert_ne!(count, 0, "the request is cut off: {text}");
        text.push_str(std::str::from_utf8(&part[..count]).expect("text"));
    }
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nlocation: http://127.0.0.1:1/elsewhere\r\n\r\n{body}", body.len())
}

/// Names that lead to this host when they are first asked, and to nowhere ever after.
fn turning(asked: &Arc<AtomicUsize>) -> Reach {
    let asked = asked.clone();
    let lookup = move |_, port| {
        let is_first = asked.fetch_add(1, Ordering::Relaxed) == 0;
        let found = if is_first { vec![SocketAddr::from(([127, 0, 0, 1], port))] } else { Vec::new() };
        std::future::ready(Ok(found)).boxed()
    };
    Reach { names: Names::new(lookup), loopback: true }
}

/// Runs `test` as an arbiter does: on one thread, with tasks that stay there.
async fn on_a_thread<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), LocalSet::new().run_until(test)).await.expect("an end")
}

async fn asked(method: &str, path: &str, arguments: &str, reply: String) -> (Result<String, WebError>, String) {
    on_a_thread(async {
        let (port, served) = serve(reply).await;
        let reach = Reach { loopback: true, ..Reach::default() };
        let outcome = ask(&tool(method, format!("http://127.0.0.1:{port}{path}")), arguments, &reach).await;
        (outcome, served.await.expect("served"))
    })
    .await
}

#[tokio::test]
async fn what_the_url_does_not_use_goes_into_the_query_of_a_get() {
    let (outcome, asked) = asked("GET", "/slots/{{day}}?a=1", r#"{"day":"a b/c","seats":2}"#, answer("200 OK", r#"{"free":[9]}"#)).await;

    assert_eq!(outcome.as_deref(), Ok(r#"{"result":{"free":[9]}}"#));
    assert!(asked.starts_with("GET /slots/a%20b%2Fc?a=1&seats=2 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.to_lowercase().contains("x-key: s3cret\r\n"), "{asked}");
}

#[tokio::test]
async fn and_into_the_body_of_a_post() {
    let (outcome, asked) = asked("POST", "/book", r#"{"day":"mon","seats":2}"#, answer("201 Created", "")).await;

    assert_eq!(outcome.as_deref(), Ok(r#"{"result":null}"#));
    assert!(asked.to_lowercase().contains("content-type: application/json\r\n"), "{asked}");
    assert!(asked.ends_with("\r\n\r\n{\"day\":\"mon\",\"seats\":2}"), "{asked}");
}

#[tokio::test]
async fn a_status_that_is_no_success_is_told_and_a_redirect_is_not_followed() {
    for (line, status) in [("404 Not Found", 404), ("302 Found", 302), ("500 Oh", 500)] {
        let (outcome, _) = asked("GET", "/", r#"{"day":"mon"}"#, answer(line, "no such day")).await;

        let error = outcome.expect_err("no success");
        assert_eq!(error, WebError::Status { status, answer: "no such day".to_owned() });
        assert!(error.output().contains(&format!("\"status\":{status}")), "{}", error.output());
    }
}

#[tokio::test]
async fn a_long_answer_is_not_read_to_its_end() {
    let (outcome, _) = asked("GET", "/", r#"{"day":"mon"}"#, answer("200 OK", &"x".repeat(MAX_ANSWER_BYTES + 1))).await;

    assert_eq!(outcome, Err(WebError::BadAnswer("it has more than 64 KiB")));
}

#[tokio::test]
async fn wrong_arguments_ask_nobody() {
    let reach = Reach { loopback: true, ..Reach::default() };
    let nobody = tool("GET", "http://127.0.0.1:1/".to_owned());
    for arguments in ["{", "[]", "{}", "", r#"{"day":1}"#, r#"{"day":"mon","x":1}"#, "null", "\"day\""] {
        let outcome = ask(&nobody, arguments, &reach).await;
        assert!(matches!(outcome, Err(WebError::Arguments(_))), "{arguments}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_down_or_silent_is_told_apart() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = |port| HttpTool { timeout: Duration::from_millis(200), ..tool("GET", format!("http://127.0.0.1:{port}/")) };
    let reach = Reach { loopback: true, ..Reach::default() };
    let port = silent.local_addr().expect("an address").port();

    let waited = on_a_thread(ask(&at(port), r#"{"day":"mon"}"#, &reach)).await;
    drop(silent);
    let refused = on_a_thread(ask(&at(port), r#"{"day":"mon"}"#, &reach)).await;

    assert_eq!(waited, Err(WebError::TimedOut(Duration::from_millis(200))));
    assert_eq!(refused, Err(WebError::Down));
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_that_is_connected_to() {
    let lookups = Arc::new(AtomicUsize::new(0));
    let (outcome, asked) = on_a_thread(async {
        let (port, served) = serve(answer("200 OK", "1")).await;
        // The system knows no such name: a second look at it would find nothing.
        let tool = tool("GET", format!("http://rebinding.invalid:{port}/x"));
        (ask(&tool, r#"{"day":"mon"}"#, &turning(&lookups)).await, served.await.expect("served"))
    })
    .await;

    assert_eq!(outcome.as_deref(), Ok(r#"{"result":1}"#));
    assert!(asked.to_lowercase().contains("host: rebinding.invalid"), "{asked}");
    assert_eq!(lookups.load(Ordering::Relaxed), 1, "one look at the name");
}

#[tokio::test]
async fn forbidden_servers_are_not_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    for url in [format!("https://127.0.0.1:{port}/"), format!("http://localhost:{port}/"), format!("https://[::ffff:127.0.0.1]:{port}/")] {
        let outcome = on_a_thread(ask(&tool("GET", url.clone()), r#"{"day":"mon"}"#, &Reach::default())).await;

        assert_eq!(outcome, Err(WebError::Forbidden(Unreachable::NotPublic)), "{url}");
    }
    assert!(listener.accept().now_or_never().is_none(), "this host was connected to");
}

#[tokio::test]
async fn headers_that_are_ours_are_nobody_elses() {
    let mut tool = tool("GET", "http://127.0.0.1:1/".to_owned());
    tool.headers = vec![("Host".to_owned(), "other.example".into())];

    let outcome = on_a_thread(ask(&tool, r#"{"day":"mon"}"#, &Reach { loopback: true, ..Reach::default() })).await;

    assert!(matches!(outcome, Err(WebError::Misconfigured(_))), "{outcome:?}");
    assert!(!format!("{tool:?}").contains("other.example"), "a header's value prints");
}
