//! A media stream by hand.
//! <https://www.twilio.com/docs/voice/media-streams/websocket-messages>

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::operator::fresh_sid;

/// Nothing that is waited for here takes longer.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Stream {
    socket: WebSocketStream<TcpStream>,
    account: String,
    call: String,
    stream: String,
    sequence: u64,
}

impl Stream {
    pub fn new(socket: WebSocketStream<TcpStream>, account: &str, call: &str) -> Self {
        Self { socket, account: account.to_owned(), call: call.to_owned(), stream: fresh_sid("MZ"), sequence: 0 }
    }

    /// `connected` and `start`, as Twilio begins.
    pub async fn start(&mut self) {
        let call = self.call.clone();
        self.start_as(&call).await;
    }

    pub async fn start_as(&mut self, call: &str) {
        self.say(r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#).await;
        let start = json!({
            "accountSid": self.account, "streamSid": self.stream, "callSid": call, "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}, "customParameters": {},
        });
        self.tell("start", &start).await;
    }

    /// 20 ms of silence.
    pub async fn media(&mut self) {
        let frame = self.frame();
        self.say(&frame).await;
    }

    pub fn frame(&mut self) -> String {
        let payload = STANDARD.encode([0xFF; 160]);
        self.message("media", &json!({"track": "inbound", "chunk": "1", "timestamp": "20", "payload": payload}))
    }

    /// Ends the call as a caller does who hangs up; the engine closes in turn.
    pub async fn hang_up(mut self) {
        let stop = json!({"accountSid": self.account, "callSid": self.call});
        self.tell("stop", &stop).await;
        assert_eq!(self.closed().await, Some(1000));
    }

    pub async fn say(&mut self, text: &str) {
        self.send(Message::text(text)).await;
    }

    pub async fn send(&mut self, message: Message) {
        self.socket.send(message).await.expect("the stream is open");
    }

    /// Bytes that no client library would send.
    pub async fn raw(&mut self, bytes: &[u8]) {
        self.socket.get_mut().write_all(bytes).await.expect("the stream is open");
    }

    /// One message in several frames. RFC 6455 section 5.4
    pub async fn say_in_parts(&mut self, parts: &[&str]) {
        for (number, part) in parts.iter().enumerate() {
            let kind = if number == 0 { Data::Text } else { Data::Continue };
            let frame = Frame::message(part.as_bytes().to_vec(), OpCode::Data(kind), number + 1 == parts.len());
            self.send(Message::Frame(frame)).await;
        }
    }

    /// Waits for the first sound of the engine: then the call is live.
    pub async fn heard(&mut self) {
        let is_media = |message: &Message| matches!(message, Message::Text(text) if event(text) == "media");
        self.next(is_media).await.unwrap_or_else(|code| panic!("closed with {code:?} before a sound"));
    }

    /// Everything said so far was read, and the stream lives on.
    pub async fn answers(&mut self, ping: &'static [u8]) {
        self.send(Message::Ping(ping.into())).await;
        let is_pong = |message: &Message| matches!(message, Message::Pong(pong) if pong[..] == *ping);
        self.next(is_pong).await.unwrap_or_else(|code| panic!("closed with {code:?} before a pong"));
    }

    /// The code with which the engine closed; none if it broke off. Nothing follows its close frame but the end.
    pub async fn closed(&mut self) -> Option<u16> {
        let code = self.next(|_| false).await.expect_err("no message is awaited");
        let rest = timeout(PATIENCE, self.socket.next()).await.expect("the connection ends soon after its close frame");
        assert!(matches!(rest, None | Some(Err(Error::ConnectionClosed | Error::Io(_)))), "{rest:?} after the end");
        code
    }

    /// The first message that `wanted` takes, or the code of the close.
    async fn next(&mut self, wanted: impl Fn(&Message) -> bool) -> Result<Message, Option<u16>> {
        let reading = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| frame.code.into())),
                    Some(Ok(message)) if wanted(&message) => return Ok(message),
                    Some(Ok(_)) => {}
                    Some(Err(Error::ConnectionClosed | Error::Io(_) | Error::Protocol(_))) | None => return Err(None),
                    Some(Err(error)) => panic!("not a websocket: {error}"),
                }
            }
        };
        timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("nothing of the kind within {PATIENCE:?}"))
    }

    async fn tell(&mut self, event: &str, body: &Value) {
        let message = self.message(event, body);
        self.say(&message).await;
    }

    fn message(&mut self, event: &str, body: &Value) -> String {
        self.sequence += 1;
        format!(r#"{{"event":"{event}","sequenceNumber":"{}","streamSid":"{}","{event}":{body}}}"#, self.sequence, self.stream)
    }
}

fn event(text: &str) -> String {
    let message: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    message["event"].as_str().unwrap_or_default().to_owned()
}
