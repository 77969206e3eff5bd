use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, LocalSet};

use super::*;

const CALL: &str = r#"{"sid":"CA00000000000000000000000000000009","status":"queued","queue_time":"0","price":null}"#;
const DEADLINE: Duration = Duration::from_secs(10);

fn account() -> AccountSid {
    "AC00000000000000000000000000000001".parse().expect("an account sid")
}

fn sid() -> CallSid {
    "CA00000000000000000000000000000009".parse().expect("a call sid")
}

fn call() -> CreateCall {
    CreateCall {
        to: "+14155550102".parse().expect("a number"),
        from: "+14155550101".parse().expect("a number"),
        url: "https://voice.example.test/voice/1?a=b&c".to_owned(),
        status_callback: "https://voice.example.test/status/1".to_owned(),
        time_limit_s: Some(600),
        ring_timeout_s: 25,
        detection_callback: None,
        recording_callback: None,
    }
}

fn client(base_url: &str) -> TwilioRest {
    TwilioRest::new(base_url, &account(), account().to_string(), "secret".into())
}

/// A request as it came over the wire.
struct Seen {
    line: String,
    head: String,
    body: String,
}

/// A server that takes one request, gives `answer`, hangs up, and tells what it was asked.
async fn serve(answer: String) -> (TwilioRest, JoinHandle<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base_url = format!("http://{}/", listener.local_addr().expect("an address"));
    let served = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let seen = read_request(&mut socket).await;
        socket.write_all(answer.as_bytes()).await.expect("written");
        seen
    });
    (client(&base_url), served)
}

async fn read_request(socket: &mut TcpStream) -> Seen {
    let mut text = String::new();
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && body.len() >= content_length(head)
        {
            let (line, head) = head.split_once("\r\n").expect("headers");
            return Seen { line: line.to_owned(), head: head.to_lowercase(), body: body.to_owned() };
        }
        let mut part = [0; 1024];
        let count = socket.read(&mut part).await.expect("readable");
        assert_ne!(count, 0, "the request is cut off: {text}");
        text.push_str(std::str::from_utf8(&part[..count]).expect("text"));
    }
}

fn content_length(head: &str) -> usize {
    let head = head.to_lowercase();
    head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |length| length.parse().expect("a length"))
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// Runs `test` as an arbiter does: on one thread, with tasks that stay there.
async fn here<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, LocalSet::new().run_until(test)).await.expect("the request ends in time")
}

async fn create(answer: String) -> Result<CreatedCall, RestError> {
    here(async { serve(answer).await.0.create_call(&call()).await }).await
}

async fn complete(answer: String) -> Result<(), RestError> {
    here(async { serve(answer).await.0.complete_call(&sid()).await }).await
}

#[tokio::test]
async fn a_call_is_placed_with_exactly_these_fields() {
    let (created, seen) = here(async {
        let (client, served) = serve(answer("201 Created", CALL)).await;
        (client.create_call(&call()).await, served.await.expect("served"))
    })
    .await;

    assert_eq!(created, Ok(CreatedCall { sid: sid(), status: CarrierStatus::Queued }));
    assert_eq!(seen.line, "POST /2010-04-01/Accounts/AC00000000000000000000000000000001/Calls.json HTTP/1.1");
    assert!(seen.head.contains("content-type: application/x-www-form-urlencoded"), "{}", seen.head);
    let expected = "To=%2B14155550102&From=%2B14155550101&Url=https%3A%2F%2Fvoice.example.test%2Fvoice%2F1%3Fa%3Db%26c&Method=POST\
        &StatusCallback=https%3A%2F%2Fvoice.example.test%2Fstatus%2F1&StatusCallbackMethod=POST\
        &StatusCallbackEvent=initiated&StatusCallbackEvent=ringing&StatusCallbackEvent=answered&StatusCallbackEvent=completed\
        &Timeout=25&TimeLimit=600";
    assert_eq!(seen.body, expected);
}

#[tokio::test]
async fn the_credentials_go_as_basic_auth() {
    let seen = here(async {
        let (client, served) = serve(answer("201 Created", CALL)).await;
        client.create_call(&CreateCall { time_limit_s: None, ..call() }).await.expect("created");
        served.await.expect("served")
    })
    .await;

    // base64 of AC00000000000000000000000000000001:secret, in lower case as the head was made
    let expected = "authorization: basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTpzZWNyZXQ=".to_lowercase();
    assert!(seen.head.contains(&expected), "{}", seen.head);
    assert!(seen.body.ends_with("&Timeout=25"), "{}", seen.body);
}

#[tokio::test]
async fn a_call_is_completed_redirected_and_fetched() {
    let path = "/2010-04-01/Accounts/AC00000000000000000000000000000001/Calls/CA00000000000000000000000000000009.json";

    let (completed, redirected, fetched) = here(async {
        let (client, served) = serve(answer("200 OK", CALL)).await;
        client.complete_call(&sid()).await.expect("completed");
        let completed = served.await.expect("served");
        let (client, served) = serve(answer("200 OK", CALL)).await;
        client.redirect_call(&sid(), "https://h/r").await.expect("redirected");
        let redirected = served.await.expect("served");
        let (client, served) = serve(answer("200 OK", &CALL.replace("queued", "in-progress"))).await;
        assert_eq!(client.fetch_call(&sid()).await, Ok(FetchedCall { status: CarrierStatus::InProgress }));
        (completed, redirected, served.await.expect("served"))
    })
    .await;

    assert_eq!((completed.line, completed.body), (format!("POST {path} HTTP/1.1"), "Status=completed".to_owned()));
    assert_eq!((redirected.line, redirected.body), (format!("POST {path} HTTP/1.1"), "Url=https%3A%2F%2Fh%2Fr&Method=POST".to_owned()));
    assert_eq!((fetched.line, fetched.body), (format!("GET {path} HTTP/1.1"), String::new()));
}

#[tokio::test]
async fn a_new_call_counts_whatever_its_status_says() {
    for status in [r#""dreaming""#, "null", "7"] {
        let created = create(answer("201 Created", &CALL.replace(r#""queued""#, status))).await;

        assert_eq!(created, Ok(CreatedCall { sid: sid(), status: CarrierStatus::Queued }), "{status}");
    }
}

#[tokio::test]
async fn a_refusal_tells_code_and_message() {
    let legacy =
        r#"{"code":21211,"message":"The 'To' number is wrong.","more_info":"https://www.twilio.com/docs/errors/21211","status":400}"#;
    let problem = r#"{"type":"https://www.twilio.com/docs/errors/21211","title":"Bad","status":400,
        "code":"21211","detail":"The 'To' number is wrong."}"#;
    let expected = RestError::Api {
        http: 400,
        code: Some(21_211),
        message: Redacted("The 'To' number is wrong.".to_owned()),
        more_info: Some("https://www.twilio.com/docs/errors/21211".to_owned()),
    };

    for body in [legacy, problem] {
        let refused = create(answer("400 Bad Request", body)).await;

        assert_eq!(refused, Err(expected.clone()), "{body}");
    }
    assert!(!expected.retryable() && !expected.ambiguous());
}

#[tokio::test]
async fn a_refusal_need_not_be_json() {
    for body in ["", "<html>", "[]", "null", r#"{"code":{},"message":[]}"#] {
        let refused = complete(answer("403 Forbidden", body)).await;

        let expected = RestError::Api { http: 403, code: None, message: Redacted(String::new()), more_info: None };
        assert_eq!(refused, Err(expected), "{body}");
    }
}

#[tokio::test]
async fn too_many_requests_may_be_sent_again() {
    let busy = answer("429 Too Many Requests", r#"{"code":20429,"message":"Too many requests","status":429}"#);
    let (created, completed) = (create(busy.clone()).await.expect_err("busy"), complete(busy).await.expect_err("busy"));

    assert!(matches!(created, RestError::Api { http: 429, code: Some(20_429), .. }), "{created:?}");
    assert!(created.retryable() && !created.ambiguous());
    assert!(completed.retryable());
}

#[tokio::test]
async fn a_server_error_leaves_open_whether_a_call_was_placed() {
    let down = answer("503 Service Unavailable", "");
    let (created, completed) = (create(down.clone()).await.expect_err("down"), complete(down).await.expect_err("down"));

    assert!(created.ambiguous() && !created.retryable(), "{created:?}");
    assert!(completed.retryable() && !completed.ambiguous(), "{completed:?}");
}

#[tokio::test]
async fn an_answer_that_is_not_understood_leaves_open_whether_a_call_was_placed() {
    for body in ["{}", "not json", r#"{"sid":"CA1"}"#] {
        let created = create(answer("201 Created", body)).await.expect_err("no call sid");

        assert!(matches!(&created, RestError::Ambiguous(cause) if matches!(**cause, RestError::BadAnswer(_))), "{created:?}");
        assert!(created.ambiguous() && !created.retryable());
    }
}

#[tokio::test]
async fn a_call_that_is_over_counts_as_completed() {
    let not_in_progress = answer("400 Bad Request", r#"{"code":21220,"message":"Invalid call state","status":400}"#);
    let not_found = answer("404 Not Found", r#"{"code":20404,"message":"not found","status":404}"#);

    assert_eq!(complete(not_in_progress.clone()).await, Ok(()));
    assert_eq!(complete(not_found).await, Ok(()));
    assert_eq!(complete(answer("404 Not Found", "")).await, Ok(()));
    assert!(complete(answer("400 Bad Request", r#"{"code":21205}"#)).await.is_err());
    let redirected = here(async { serve(not_in_progress).await.0.redirect_call(&sid(), "https://h/r").await }).await;
    assert!(matches!(redirected, Err(RestError::Api { code: Some(21_220), .. })), "{redirected:?}");
}

#[tokio::test]
async fn a_fetched_call_of_an_unknown_status_is_not_understood() {
    let fetched = here(async { serve(answer("200 OK", &CALL.replace("queued", "dreaming"))).await.0.fetch_call(&sid()).await }).await;

    assert!(matches!(&fetched, Err(e @ RestError::BadAnswer(_)) if !e.retryable()), "{fetched:?}");
}

#[tokio::test]
async fn silence_is_a_timeout_before_and_within_the_answer() {
    let limits = Limits { create: Duration::from_millis(150), other: Duration::from_millis(100) };

    for start in ["", "HTTP/1.1 201 Created\r\ncontent-length: 50\r\n\r\n{"] {
        let (created, fetched) = here(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let client = client(&format!("http://{}", listener.local_addr().expect("an address"))).with_limits(limits);
            tokio::spawn(hold(listener, start));
            (client.create_call(&call()).await, client.fetch_call(&sid()).await)
        })
        .await;

        assert_eq!(created, Err(RestError::Ambiguous(Box::new(RestError::Timeout))), "{start}");
        assert_eq!(fetched, Err(RestError::Timeout), "{start}");
        assert!(RestError::Timeout.retryable());
    }
}

/// Takes every connection, says `start`, and then nothing more.
async fn hold(listener: TcpListener, start: &str) {
    let mut held = Vec::new();
    loop {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        socket.write_all(start.as_bytes()).await.expect("written");
        held.push(socket);
    }
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_open_whether_a_call_was_placed() {
    for start in ["", "HTTP/1.1 201 Created\r\ncontent-length: 50\r\n\r\n{"] {
        let created = create(start.to_owned()).await;
        let fetched = here(async { serve(start.to_owned()).await.0.fetch_call(&sid()).await }).await;

        assert!(matches!(&created, Err(RestError::Ambiguous(cause)) if matches!(**cause, RestError::Lost(_))), "{created:?}");
        assert!(matches!(&fetched, Err(e @ RestError::Lost(_)) if e.retryable()), "{fetched:?}");
    }
}

#[tokio::test]
async fn without_a_connection_no_call_was_placed() {
    let unused = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");

    let refused = here(client(&format!("http://{unused}")).create_call(&call())).await.expect_err("nobody listens");

    assert!(matches!(refused, RestError::Connect(_)), "{refused:?}");
    assert!(refused.retryable() && !refused.ambiguous());
}

#[tokio::test]
async fn a_flood_is_cut_off() {
    let flood = answer("200 OK", &" ".repeat(MAX_ANSWER_BYTES + 1));

    let fetched = here(async { serve(flood).await.0.fetch_call(&sid()).await }).await;

    assert!(matches!(fetched, Err(RestError::BadAnswer(_))), "{fetched:?}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let moved = "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n";

    let created = create(moved.to_owned()).await;

    assert!(matches!(created, Err(RestError::Api { http: 307, .. })), "{created:?}");
}

#[test]
fn neither_secrets_nor_numbers_are_printed() {
    let error = RestError::Api { http: 400, code: Some(21_211), message: Redacted("+14155550102 is wrong".into()), more_info: None };

    let printed = format!("{:?} {:?} {error:?} {error}", client("https://api.twilio.com"), call());

    assert!(printed.contains("twilio answered 400, error code 21211"), "{printed}");
    for secret in ["secret", "+1415555"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn a_client_may_move_between_threads() {
    fn moves<T: Send + Sync + Clone>(_: &T) {}

    moves(&client("https://api.twilio.com"));
}

fn fields(body: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

#[tokio::test]
async fn detection_and_recording_are_asked_for_if_they_are_wanted() {
    let wanted = CreateCall {
        detection_callback: Some("https://voice.example.test/amd/1".to_owned()),
        recording_callback: Some("https://voice.example.test/recording/1".to_owned()),
        ..call()
    };
    for (call, with) in [(call(), false), (wanted, true)] {
        let body = here(async {
            let (client, served) = serve(answer("201 Created", CALL)).await;
            client.create_call(&call).await.expect("created");
            served.await.expect("served").body
        })
        .await;

        let fields = fields(&body);
        for (name, value) in [
            ("MachineDetection", "DetectMessageEnd"),
            ("AsyncAmd", "true"),
            ("AsyncAmdStatusCallback", "https://voice.example.test/amd/1"),
            ("Record", "true"),
            ("RecordingChannels", "dual"),
            ("RecordingStatusCallback", "https://voice.example.test/recording/1"),
            ("Trim", "do-not-trim"),
        ] {
            assert_eq!(fields.contains(&(name.to_owned(), value.to_owned())), with, "{name} in {body}");
        }
    }
}

#[tokio::test]
async fn a_call_in_progress_is_recorded_on_both_sides() {
    let seen = here(async {
        let (client, served) = serve(answer("201 Created", r#"{"sid":"RE1"}"#)).await;
        client.record_call(&sid(), "https://voice.example.test/recording/1").await.expect("recorded");
        served.await.expect("served")
    })
    .await;

    assert!(seen.line.contains("/Calls/CA00000000000000000000000000000009/Recordings.json"), "{}", seen.line);
    let fields = fields(&seen.body);
    assert!(fields.contains(&("RecordingChannels".to_owned(), "dual".to_owned())), "{fields:?}");
}
