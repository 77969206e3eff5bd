use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::wire::{Client, fast, start};
use crate::audio::duration_ms;
use crate::sim::openai::{FakeOpenAi, FakeOpenAiSettings};
use crate::sim::speech::clip;

/// Polls, since the server has no event for its own book-keeping.
async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    while !holds() {
        assert!(tokio::time::Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn refused(server: &FakeOpenAi) -> bool {
    Client::connect(&format!("{}?model=m", server.url()), &[("authorization", "Bearer k")]).await.is_err()
}

#[tokio::test]
async fn a_connection_dies_in_mid_answer_without_a_close_frame() {
    let server = start(fast());
    server.control().kill_after_audio(2000);
    let mut client = Client::configured(&server).await;

    client.say("caller_hours").await;

    assert_eq!(client.end().await, None);
    eventually("the socket is still open", || server.control().open_sockets() == 0).await;
    let report = server.control().sessions().remove(0);
    let sent: u64 = report.sent_ms.values().sum();
    assert!((2000..2400).contains(&sent), "{sent} ms sent");
    assert!(report.ended.is_some());
    assert_eq!(report.responses, [""; 0]);
}

#[tokio::test]
async fn a_connection_dies_only_once_for_one_order() {
    let server = start(fast());
    server.control().kill_after_audio(100);
    let mut first = Client::configured(&server).await;
    first.say("caller_move").await;
    assert_eq!(first.end().await, None);

    let mut second = Client::configured(&server).await;
    second.say("caller_move").await;
    second.until("response.done").await;

    let sent: u64 = server.control().sessions().remove(1).sent_ms.values().sum();
    assert_eq!(sent, duration_ms(clip("agent_moved").audio.len()));
}

#[tokio::test]
async fn every_connection_can_be_killed_or_closed() {
    let server = start(fast());
    let mut killed = Client::configured(&server).await;
    server.control().kill_sockets();
    assert_eq!(killed.end().await, None);

    let mut closed = Client::configured(&server).await;
    server.control().close_with(1013, "try again later");
    assert_eq!(closed.end().await, Some((1013, "try again later".to_owned())));
    assert_eq!(closed.end().await, None);

    eventually("a socket is still open", || server.control().open_sockets() == 0).await;
}

#[tokio::test]
async fn connects_are_refused_as_often_as_ordered() {
    let server = start(fast());
    server.control().refuse_connects(2);

    assert!(refused(&server).await);
    assert!(refused(&server).await);
    assert!(!refused(&server).await);
    assert_eq!(server.control().connects(), 3);
}

#[tokio::test]
async fn a_stalled_handshake_is_never_answered_and_counts_as_open() {
    let server = start(fast());
    server.control().stall_connects(true);
    let url = format!("{}?model=m", server.url());

    let stalled = timeout(Duration::from_millis(200), tokio_tungstenite::connect_async(url)).await;

    assert!(stalled.is_err());
    eventually("the stalled socket is still open", || server.control().open_sockets() == 0).await;
    server.control().stall_connects(false);
    assert!(!refused(&server).await);
}

#[tokio::test]
async fn a_mute_server_keeps_the_socket_and_says_nothing() {
    let server = start(fast());
    let mut client = Client::configured(&server).await;
    server.control().mute(true);

    client.send(&json!({"type": "response.create", "response": {"instructions": "Say: One."}})).await;
    let silent = timeout(Duration::from_millis(200), client.event()).await;
    server.control().mute(false);
    client.send(&json!({"type": "response.create", "response": {"instructions": "Say: Two."}})).await;
    client.until("response.done").await;

    assert!(silent.is_err());
    assert_eq!(server.control().sessions().remove(0).spoken, ["Two."]);
}

#[tokio::test]
async fn garbage_goes_out_as_it_is() {
    let server = start(fast());
    let mut client = Client::configured(&server).await;

    server.control().garbage("{\"type\": nonsense");

    assert!(matches!(client.next().await, Some(Ok(Message::Text(text))) if text == "{\"type\": nonsense"));
}

#[tokio::test]
async fn a_client_that_answers_no_pings_is_closed() {
    let server = start(FakeOpenAiSettings { ping: Duration::from_millis(50), ..fast() });
    let mut client = Client::open(&server).await;

    // Not reading means not answering: the pong is written by the read.
    eventually("the silent client is still connected", || server.control().sessions().remove(0).ended.is_some()).await;

    assert_eq!(client.end().await, Some((1011, "keepalive ping timeout".to_owned())));
}

#[tokio::test]
async fn a_client_that_answers_pings_stays() {
    let server = start(FakeOpenAiSettings { ping: Duration::from_millis(200), ..fast() });
    let mut client = Client::open(&server).await;

    for _ in 0..3 {
        assert!(matches!(client.next().await, Some(Ok(Message::Ping(_)))));
    }

    assert_eq!(server.control().sessions().remove(0).ended, None);
}

#[tokio::test]
async fn a_session_that_is_too_old_is_closed_with_1001() {
    let server = start(FakeOpenAiSettings { session_cap: Duration::from_millis(50), ..fast() });
    let mut client = Client::open(&server).await;

    let error = client.event().await;

    assert_eq!(error["error"]["code"], "session_expired");
    assert_eq!(client.end().await.map(|(code, _)| code), Some(1001));
}

#[tokio::test]
async fn stopping_the_server_ends_its_connections_and_frees_its_port() {
    let server = start(fast());
    let (url, control) = (server.url(), server.control());
    let mut client = Client::configured(&server).await;

    server.stop();

    assert_eq!(client.end().await, None);
    assert_eq!(control.open_sockets(), 0);
    assert!(tokio_tungstenite::connect_async(url).await.is_err());
}
