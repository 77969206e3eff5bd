use std::rc::Rc;
use std::time::Instant;

use actix_rt::task::JoinHandle;
use futures_util::SinkExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Message as PeerMessage;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::frame::Frame as PeerFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::{WebSocketStream, accept_async, accept_hdr_async};

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

fn endpoint(url: String) -> Endpoint {
    Endpoint { url, model: "gpt-realtime-2.1".into(), api_key: "sk-test".into(), dialect: Dialect::OpenAi, safety_identifier: None }
}

async fn listen() -> (TcpListener, Endpoint) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    (listener, endpoint(format!("ws://{address}/v1/realtime")))
}

async fn tcp(listener: &TcpListener) -> TcpStream {
    listener.accept().await.expect("a connection").0
}

async fn websocket(listener: &TcpListener) -> WebSocketStream<TcpStream> {
    accept_async(tcp(listener).await).await.expect("an upgrade")
}

/// A peer that sends these messages and then keeps the socket open.
fn peer_sending(listener: TcpListener, messages: Vec<PeerMessage>) -> JoinHandle<()> {
    actix_rt::spawn(async move {
        let mut socket = websocket(&listener).await;
        for message in messages {
            socket.send(message).await.expect("a send");
        }
        std::future::pending::<()>().await;
    })
}

async fn next(connection: &mut Connection, assembler: &mut Assembler) -> Incoming {
    let frame = tokio::time::timeout(PATIENCE, connection.stream.next()).await.expect("a frame in time");
    assembler.accept(frame.expect("an open socket").expect("a sound frame")).expect("a frame of use")
}

async fn failure(endpoint: &Endpoint, deadline: Duration) -> ConnectError {
    connect(endpoint, deadline).await.err().expect("no connection")
}

#[test]
fn the_model_goes_into_the_query_and_what_was_there_stays() {
    let url = |url: &str, model: &str| Endpoint { model: model.into(), ..endpoint(url.into()) }.request_url();

    assert_eq!(url("wss://h/v1/realtime", "gpt-realtime-2.1").as_deref(), Ok("wss://h/v1/realtime?model=gpt-realtime-2.1"));
    assert_eq!(url("wss://h/v1?a=b%20c#x", "m").as_deref(), Ok("wss://h/v1?a=b%20c&model=m"));
    assert_eq!(url("wss://h/v1", "a&b=c d").as_deref(), Ok("wss://h/v1?model=a%26b%3Dc+d"));
    assert_eq!(url("wss://h/v1?model=deployment", "m").as_deref(), Ok("wss://h/v1?model=deployment"));
    assert!(url("not a url", "m").is_err());
}

#[test]
fn an_endpoint_prints_without_its_key() {
    let printed = format!("{:?}", endpoint("wss://h".into()));

    assert!(!printed.contains("sk-test"), "{printed}");
}

#[actix_rt::test]
async fn the_upgrade_carries_key_model_and_caller_but_no_beta_header() {
    let (listener, endpoint) = listen().await;
    let endpoint = Endpoint { safety_identifier: Some("caller-hash".into()), ..endpoint };
    let peer = actix_rt::spawn(async move {
        let mut seen = None;
        #[expect(clippy::result_large_err, reason = "the callback's type is tungstenite's")]
        let look = |request: &Request, response: Response| {
            seen = Some(request.clone());
            Ok(response)
        };
        accept_hdr_async(tcp(&listener).await, look).await.expect("an upgrade");
        seen.expect("a request")
    });

    let connection = connect(&endpoint, PATIENCE).await;

    assert!(connection.is_ok());
    let request = peer.await.expect("the request");
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    assert_eq!(request.uri().path(), "/v1/realtime");
    assert_eq!(request.uri().query(), Some("model=gpt-realtime-2.1"));
    assert_eq!(header("authorization"), Some("Bearer sk-test"));
    assert_eq!(header("openai-safety-identifier"), Some("caller-hash"));
    assert_eq!(header("openai-beta"), None);
    assert_eq!(header("sec-websocket-protocol"), None);
    assert_eq!(header("sec-websocket-extensions"), None);
}

#[actix_rt::test]
async fn azure_is_told_the_key_in_a_header_of_its_own() {
    let (listener, endpoint) = listen().await;
    let endpoint = Endpoint { dialect: Dialect::Azure, model: "deployment".into(), ..endpoint };
    let peer = actix_rt::spawn(async move {
        let mut seen = None;
        #[expect(clippy::result_large_err, reason = "the callback's type is tungstenite's")]
        let look = |request: &Request, response: Response| {
            seen = Some(request.clone());
            Ok(response)
        };
        accept_hdr_async(tcp(&listener).await, look).await.expect("an upgrade");
        seen.expect("a request")
    });

    let connection = connect(&endpoint, PATIENCE).await;

    assert!(connection.is_ok());
    let request = peer.await.expect("the request");
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    assert_eq!((header("api-key"), header("authorization")), (Some("sk-test"), None));
    assert_eq!(request.uri().query(), Some("model=deployment"));
}

#[actix_rt::test]
async fn a_refusal_whose_body_never_ends_is_told_in_time() {
    let (listener, endpoint) = listen().await;
    let peer = actix_rt::spawn(async move {
        let mut tcp = tcp(&listener).await;
        tcp.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\n{").await.expect("a write");
        std::future::pending::<()>().await;
    });

    let error = failure(&endpoint, PATIENCE).await;

    assert_eq!(error, ConnectError { kind: ConnectErrorKind::Http { status: 400, code: None }, retry: false });
    peer.abort();
}

#[actix_rt::test]
async fn a_caller_without_a_hash_is_not_named() {
    let (listener, endpoint) = listen().await;
    let peer = actix_rt::spawn(async move {
        let mut named = true;
        #[expect(clippy::result_large_err, reason = "the callback's type is tungstenite's")]
        let look = |request: &Request, response: Response| {
            named = request.headers().contains_key("openai-safety-identifier");
            Ok(response)
        };
        accept_hdr_async(tcp(&listener).await, look).await.expect("an upgrade");
        named
    });

    let connection = connect(&endpoint, PATIENCE).await;

    assert!(connection.is_ok());
    assert!(!peer.await.expect("the request"));
}

#[actix_rt::test]
async fn a_mute_peer_is_given_up_at_the_deadline() {
    let (listener, endpoint) = listen().await;
    let mute = actix_rt::spawn(async move { (tcp(&listener).await, std::future::pending::<()>().await) });
    let began = Instant::now();

    let error = failure(&endpoint, Duration::from_millis(200)).await;

    assert_eq!(error, ConnectError { kind: ConnectErrorKind::Timeout, retry: true });
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    mute.abort();
}

#[actix_rt::test]
async fn a_peer_that_is_mute_in_tls_is_given_up_at_the_deadline() {
    let (listener, endpoint) = listen().await;
    let endpoint = Endpoint { url: endpoint.url.replace("ws://", "wss://"), ..endpoint };
    let mute = actix_rt::spawn(async move { (tcp(&listener).await, std::future::pending::<()>().await) });

    let error = failure(&endpoint, Duration::from_millis(200)).await;

    assert_eq!(error, ConnectError { kind: ConnectErrorKind::Timeout, retry: true });
    mute.abort();
}

#[actix_rt::test]
async fn a_closed_port_is_a_refusal_worth_another_try() {
    let (listener, endpoint) = listen().await;
    drop(listener);

    let error = failure(&endpoint, PATIENCE).await;

    assert!(matches!(error, ConnectError { kind: ConnectErrorKind::Refused(_), retry: true }), "{error:?}");
}

#[actix_rt::test]
async fn a_url_that_is_none_is_not_tried_again() {
    for url in ["", "realtime", "ftp://127.0.0.1/v1"] {
        let error = failure(&endpoint(url.into()), PATIENCE).await;

        assert!(matches!(error, ConnectError { kind: ConnectErrorKind::Refused(_), retry: false }), "{url}: {error:?}");
    }
}

#[actix_rt::test]
async fn a_key_that_is_no_header_is_refused_without_being_told() {
    let endpoint = Endpoint { api_key: "sk\nsecret".into(), ..endpoint("ws://127.0.0.1:9/v1".into()) };

    let error = failure(&endpoint, PATIENCE).await;

    assert!(matches!(error, ConnectError { kind: ConnectErrorKind::Refused(_), retry: false }), "{error:?}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[actix_rt::test]
async fn an_http_answer_is_told_by_its_status_and_its_code() {
    let told = r#"{"error":{"code":"OpperationNotSupported","message":"not with this deployment"}}"#;
    let code = "OpperationNotSupported";
    for (status, body, code, retry) in [
        (400, told, Some(code), false),
        (401, "{}", None, false),
        (403, "", None, false),
        (404, "<html>", None, false),
        (429, told, Some(code), true),
        (500, "{}", None, true),
        (503, "", None, true),
    ] {
        let (listener, endpoint) = listen().await;
        let peer = actix_rt::spawn(async move {
            #[expect(clippy::result_large_err, reason = "the callback's type is tungstenite's")]
            let refuse = |_: &Request, _: Response| {
                let mut refusal = ErrorResponse::new(Some(body.into()));
                *refusal.status_mut() = status.try_into().expect("a status");
                refusal.headers_mut().insert("content-length", body.len().into());
                Err(refusal)
            };
            accept_hdr_async(tcp(&listener).await, refuse).await.is_err()
        });

        let error = failure(&endpoint, PATIENCE).await;

        assert_eq!(error, ConnectError { kind: ConnectErrorKind::Http { status, code: code.map(str::to_owned) }, retry });
        assert_eq!(error.to_string().ends_with(&format!("answered with http status {status}: OpperationNotSupported")), code.is_some());
        assert!(peer.await.expect("the refusal"));
    }
}

#[actix_rt::test]
async fn a_peer_that_does_not_speak_tls_is_a_tls_failure() {
    let (listener, endpoint) = listen().await;
    let endpoint = Endpoint { url: endpoint.url.replace("ws://", "wss://"), ..endpoint };
    let peer = actix_rt::spawn(async move {
        let mut tcp = tcp(&listener).await;
        tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("a write");
        tcp
    });

    let error = failure(&endpoint, PATIENCE).await;

    assert!(matches!(error.kind, ConnectErrorKind::Tls(_)), "{error:?}");
    drop(peer.await);
}

#[test]
fn a_wrong_certificate_is_not_tried_again_and_other_tls_failures_are() {
    let dialled = |error: rustls::Error| ConnectError::dial(DialError::Io(std::io::Error::other(error)));

    assert!(!dialled(rustls::Error::InvalidCertificate(rustls::CertificateError::Expired)).retry);
    assert!(dialled(rustls::Error::HandshakeNotComplete).retry);
}

#[test]
fn installing_the_tls_provider_again_changes_nothing() {
    install_tls_provider();
    install_tls_provider();

    assert!(rustls::crypto::CryptoProvider::get_default().is_some());
}

#[actix_rt::test]
async fn a_megabyte_arrives_in_one_frame() {
    let (listener, endpoint) = listen().await;
    let text = "x".repeat(1 << 20);
    let peer = peer_sending(listener, vec![PeerMessage::text(text.clone())]);
    let mut connection = connect(&endpoint, PATIENCE).await.expect("a connection");

    let incoming = next(&mut connection, &mut Assembler::default()).await;

    assert_eq!(incoming, Incoming::Text(text.into()));
    peer.abort();
}

#[actix_rt::test]
async fn a_frame_beyond_the_limit_is_an_error() {
    let (listener, endpoint) = listen().await;
    let peer = peer_sending(listener, vec![PeerMessage::text("x".repeat(MAX_MESSAGE_BYTES + 1))]);
    let mut connection = connect(&endpoint, PATIENCE).await.expect("a connection");

    let frame = tokio::time::timeout(PATIENCE, connection.stream.next()).await.expect("a frame in time");

    assert!(matches!(frame, Some(Err(ProtocolError::Overflow))), "{frame:?}");
    peer.abort();
}

#[actix_rt::test]
async fn fragments_on_the_wire_are_joined_around_a_ping() {
    let (listener, endpoint) = listen().await;
    let fragment = |text: &'static str, code, last| PeerMessage::Frame(PeerFrame::message(text, OpCode::Data(code), last));
    let messages = vec![
        fragment("one ", Data::Text, false),
        PeerMessage::Ping("?".into()),
        fragment("two ", Data::Continue, false),
        fragment("three", Data::Continue, true),
        PeerMessage::text("four"),
    ];
    let peer = peer_sending(listener, messages);
    let mut connection = connect(&endpoint, PATIENCE).await.expect("a connection");
    let mut assembler = Assembler::default();

    let mut incoming = Vec::new();
    for _ in 0..5 {
        incoming.push(next(&mut connection, &mut assembler).await);
    }

    let expected = [
        Incoming::Part,
        Incoming::Ping(Bytes::from_static(b"?")),
        Incoming::Part,
        Incoming::Text("one two three".into()),
        Incoming::Text("four".into()),
    ];
    assert_eq!(incoming, expected);
    peer.abort();
}

#[actix_rt::test]
async fn what_is_sent_arrives_and_a_close_is_told_with_its_code() {
    let (listener, endpoint) = listen().await;
    let peer = actix_rt::spawn(async move {
        let mut socket = websocket(&listener).await;
        let first = socket.next().await.expect("a message").expect("a sound one");
        let close = tokio_tungstenite::tungstenite::protocol::CloseFrame { code: 4000.into(), reason: "a.b".into() };
        socket.close(Some(close)).await.expect("a close");
        first
    });
    let mut connection = connect(&endpoint, PATIENCE).await.expect("a connection");

    connection.sink.send(Message::Text("hello".into())).await.expect("a send");

    let incoming = next(&mut connection, &mut Assembler::default()).await;
    let Incoming::Closed(Some(reason)) = incoming else { panic!("{incoming:?}") };
    assert_eq!((u16::from(reason.code), reason.description.as_deref()), (4000, Some("a.b")));
    assert_eq!(peer.await.expect("the message"), PeerMessage::text("hello"));
}

#[actix_rt::test]
async fn more_than_a_hundred_sockets_are_open_on_one_thread() {
    let (listener, endpoint) = listen().await;
    let done = Rc::new(Notify::new());
    let peer = actix_rt::spawn({
        let done = Rc::clone(&done);
        async move {
            let mut sockets = Vec::new();
            for _ in 0..120 {
                sockets.push(websocket(&listener).await);
            }
            done.notified().await;
            sockets.len()
        }
    });

    let mut connections = Vec::new();
    for _ in 0..120 {
        connections.push(connect(&endpoint, PATIENCE).await.expect("a connection"));
    }

    done.notify_one();
    assert_eq!(peer.await.expect("the sockets"), connections.len());
}

#[actix_rt::test]
async fn a_dialled_socket_sends_at_once_and_notices_a_dead_peer() {
    let (listener, endpoint) = listen().await;
    let uri: Uri = endpoint.url.parse().expect("a uri");
    let address = listener.local_addr().expect("an address");

    let connection = dialler().call(ConnectInfo::new(uri).set_addr(address)).await.expect("a connection");

    let socket = SockRef::from(connection.io_ref());
    assert!(socket.tcp_nodelay().expect("an option"));
    assert!(socket.keepalive().expect("an option"));
    #[cfg(target_os = "linux")]
    assert_eq!(socket.tcp_user_timeout().expect("an option"), Some(Duration::from_secs(10)));
}

#[test]
fn a_close_is_tried_again_by_its_code() {
    for code in [1001, 1005, 1006, 1011, 1012, 1013, 1015] {
        assert!(close_is_retryable(Some(code), None), "{code}");
    }
    for code in [1000, 1002, 1003, 1008, 1009, 3000, 4000] {
        assert!(!close_is_retryable(Some(code), None), "{code}");
    }
    assert!(close_is_retryable(None, None));
}

#[test]
fn a_reason_that_no_retry_can_mend_outweighs_the_code() {
    assert!(!close_is_retryable(Some(1011), Some("invalid_request_error.invalid_api_key")));
    assert!(!close_is_retryable(None, Some("insufficient_quota")));
    assert!(close_is_retryable(Some(1011), Some("server_error.server_error")));
    assert!(close_is_retryable(Some(1001), Some("Your session hit the maximum duration of 60 minutes.")));
}

fn continuation(item: Item) -> Frame {
    Frame::Continuation(item)
}

#[test]
fn a_character_may_be_cut_by_a_fragment() {
    let (head, tail) = "é".as_bytes().split_at(1);
    let mut assembler = Assembler::default();

    let first = assembler.accept(continuation(Item::FirstText(head.into())));
    let last = assembler.accept(continuation(Item::Last(tail.into())));

    assert_eq!((first, last), (Ok(Incoming::Part), Ok(Incoming::Text("é".into()))));
}

#[test]
fn bytes_and_broken_text_are_errors() {
    let mut assembler = Assembler::default();

    assert_eq!(assembler.accept(Frame::Binary(Bytes::new())), Err(BadFrame::Binary));
    assert_eq!(assembler.accept(continuation(Item::FirstBinary(Bytes::new()))), Err(BadFrame::Binary));
    assert_eq!(assembler.accept(Frame::Text(Bytes::from_static(&[0xFF]))), Err(BadFrame::NotUtf8));
    assert_eq!(assembler.accept(continuation(Item::Continue(Bytes::new()))), Err(BadFrame::Stray));
    assert_eq!(assembler.accept(continuation(Item::Last(Bytes::new()))), Err(BadFrame::Stray));
}

#[test]
fn empty_fragments_are_counted() {
    let mut assembler = Assembler::default();
    assert_eq!(assembler.accept(continuation(Item::FirstText(Bytes::new()))), Ok(Incoming::Part));
    for _ in 1..MAX_FRAGMENTS {
        assert_eq!(assembler.accept(continuation(Item::Continue(Bytes::new()))), Ok(Incoming::Part));
    }

    let one_more = assembler.accept(continuation(Item::Last(Bytes::new())));

    assert_eq!(one_more, Err(BadFrame::TooManyFragments));
    assert_eq!(assembler.accept(continuation(Item::Continue(Bytes::new()))), Err(BadFrame::Stray));
}

#[test]
fn a_message_in_fragments_is_no_longer_than_one_in_a_frame() {
    let half = Bytes::from(vec![b'x'; MAX_MESSAGE_BYTES / 2]);
    let mut assembler = Assembler::default();

    assert_eq!(assembler.accept(continuation(Item::FirstText(half.clone()))), Ok(Incoming::Part));
    assert_eq!(assembler.accept(continuation(Item::Continue(half))), Ok(Incoming::Part));

    assert_eq!(assembler.accept(continuation(Item::Last(Bytes::from_static(b"x")))), Err(BadFrame::TooLong));
}
