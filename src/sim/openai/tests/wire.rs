//! Over real sockets, with a client that is not ours.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::rig::{append, phone};
use crate::audio::{FRAME_BYTES, silence};
use crate::sim::openai::{FakeOpenAi, FakeOpenAiSettings};
use crate::sim::speech::clip;

/// Nothing here takes longer, unless it is broken.
const DEADLINE: Duration = Duration::from_secs(10);

pub(super) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

pub(super) fn start(settings: FakeOpenAiSettings) -> FakeOpenAi {
    FakeOpenAi::start(settings).expect("a free port")
}

/// Answers at once, so that tests need not wait.
pub(super) fn fast() -> FakeOpenAiSettings {
    let soon = Duration::from_millis(1);
    FakeOpenAiSettings { speed: 40, think: soon, configure: soon, transcript_delay: soon, ..FakeOpenAiSettings::default() }
}

impl Client {
    pub(super) async fn connect(url: &str, headers: &[(&'static str, &'static str)]) -> Result<Self, Error> {
        let mut request = url.into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        let (socket, _) = timeout(DEADLINE, connect_async(request)).await.expect("an answer to the handshake")?;
        Ok(Self { socket })
    }

    pub(super) async fn open(server: &FakeOpenAi) -> Self {
        let url = format!("{}?model=gpt-realtime-2.1", server.url());
        let mut client = Self::connect(&url, &[("authorization", "Bearer sk-test")]).await.expect("a connection");
        client.until("session.created").await;
        client
    }

    pub(super) async fn configured(server: &FakeOpenAi) -> Self {
        let mut client = Self::open(server).await;
        client.send(&phone()).await;
        client.until("session.updated").await;
        client
    }

    pub(super) async fn send(&mut self, event: &Value) {
        self.socket.send(Message::text(event.to_string())).await.expect("a socket that takes it");
    }

    pub(super) async fn say(&mut self, name: &str) {
        for frame in [clip(name).audio, &silence(600)].concat().chunks(FRAME_BYTES) {
            self.send(&append(frame)).await;
        }
    }

    pub(super) async fn next(&mut self) -> Option<Result<Message, Error>> {
        timeout(DEADLINE, self.socket.next()).await.expect("a message in time")
    }

    pub(super) async fn event(&mut self) -> Value {
        loop {
            match self.next().await.expect("an open socket").expect("a message") {
                Message::Text(text) => return serde_json::from_str(&text).expect("json"),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Everything up to the first event of this kind.
    pub(super) async fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut events = vec![self.event().await];
        while events.last().is_some_and(|event| event["type"] != kind) {
            events.push(self.event().await);
        }
        events
    }

    /// The code and reason of the close frame that comes next, or none if the connection just breaks off.
    pub(super) async fn end(&mut self) -> Option<(u16, String)> {
        loop {
            match self.next().await {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| (frame.code.into(), frame.reason.to_string())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}

async fn turned_away(server: &FakeOpenAi, query: &str, headers: &[(&'static str, &'static str)]) -> (String, u16, String) {
    let mut client = Client::connect(&format!("{}{query}", server.url()), headers).await.expect("101");
    let error = client.event().await;
    let (close, reason) = client.end().await.expect("a close frame");
    (error["error"]["code"].as_str().expect("a code").to_owned(), close, reason)
}

fn rejection(code: &str, close: u16) -> (String, u16, String) {
    (code.to_owned(), close, format!("invalid_request_error.{code}"))
}

#[tokio::test]
async fn wrong_handshakes_get_101_an_error_and_a_close() {
    let server = start(FakeOpenAiSettings { api_key: Some("sk-right".to_owned()), ..fast() });
    let right = ("authorization", "Bearer sk-right");

    let key = turned_away(&server, "?model=m", &[("authorization", "Bearer sk-wrong")]).await;
    let no_key = turned_away(&server, "?model=m", &[]).await;
    let beta = turned_away(&server, "?model=m", &[right, ("openai-beta", "realtime=v1")]).await;
    let model = turned_away(&server, "", &[right]).await;

    assert_eq!(key, rejection("invalid_api_key", 3000));
    assert_eq!(no_key, rejection("invalid_api_key", 3000));
    assert_eq!(beta, rejection("beta_api_shape_disabled", 4000));
    assert_eq!(model, rejection("missing_model", 4000));
    assert_eq!(server.control().sessions(), []);
}

#[tokio::test]
async fn another_path_is_not_found() {
    let server = start(fast());

    let refused = Client::connect(&server.url().replace("/v1/realtime", "/v1/live"), &[("authorization", "Bearer k")]).await;

    assert!(matches!(refused.err(), Some(Error::Http(response)) if response.status() == 404));
}

#[tokio::test]
async fn a_caller_clip_is_answered_over_the_wire() {
    let server = start(fast());
    let mut client = Client::configured(&server).await;

    client.say("caller_goodbye").await;
    let events = client.until("response.done").await;

    assert_eq!(super::rig::audio_of(&events), crate::sim::voice::speak(clip("agent_goodbye").text));
    assert_eq!(super::rig::one(&events, "response.function_call_arguments.done")["name"], "end_call");
    let report = server.control().sessions().remove(0);
    assert_eq!(report.heard, [Some("caller_goodbye")]);
    assert_eq!(report.responses, ["completed"]);
    assert_eq!(report.sent_ms.values().sum::<u64>(), crate::audio::duration_ms(clip("agent_goodbye").audio.len()));
    assert_eq!(server.control().violations(), []);
}

#[tokio::test]
async fn a_barge_in_is_cancelled_truncated_and_answered() {
    let server = start(FakeOpenAiSettings { speed: 2, ..fast() });
    let mut client = Client::configured(&server).await;
    client.say("caller_hours").await;
    let begun = client.until("response.output_audio.delta").await;
    let item = begun.last().expect("a delta")["item_id"].clone();

    client.say("caller_interrupt").await;
    let cancelled = client.until("response.done").await;
    client.send(&json!({"type": "conversation.item.truncate", "item_id": item, "content_index": 0, "audio_end_ms": 150})).await;
    client.until("conversation.item.truncated").await;
    client.until("response.done").await;

    assert_eq!(cancelled.last().expect("an end")["response"]["status_details"]["reason"], "turn_detected");
    let report = server.control().sessions().remove(0);
    assert_eq!(report.responses, ["cancelled", "completed"]);
    assert_eq!(report.truncates, [(item.as_str().expect("an id").to_owned(), 150)]);
    assert_eq!(report.spoken, [clip("agent_hours").text, clip("agent_weekdays").text]);
    assert_eq!(server.control().violations(), []);
}
