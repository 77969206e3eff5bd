//! One connection: handshake, keepalive, and the pump between socket and session.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::broadcast::Receiver;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::handshake::server::{Callback, ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config};

use super::FakeOpenAiSettings;
use super::control::{OpenAiControl, Order};
use super::session::{Out, Session};

/// For handshakes, for writes, and for the client's half of a close.
const PATIENCE: Duration = Duration::from_secs(10);
/// An append of 15 MiB, refused or not, must get through.
const MAX_MESSAGE: usize = 64 * 1024 * 1024;

type Socket = WebSocketStream<TcpStream>;

/// What the handshake told.
#[derive(Default)]
struct Hello {
    settings: FakeOpenAiSettings,
    model: Option<String>,
    key: Option<String>,
    beta: bool,
}

/// Why a client is let in only to be sent away, as the vendor does it.
#[derive(Debug, PartialEq, Eq)]
struct Rejection {
    close: u16,
    code: &'static str,
    message: &'static str,
}

pub(super) async fn serve(stream: TcpStream, settings: FakeOpenAiSettings, control: &OpenAiControl) {
    let Ok(Some((socket, hello))) = timeout(PATIENCE, handshake(stream, settings.clone())).await else { return };
    match reject(&hello) {
        Some(rejection) => turn_away(socket, &rejection).await,
        None => {
            let ping = settings.ping;
            let session = Session::new(control.clone(), settings, &hello.model.unwrap_or_default(), control.now());
            Connection::new(socket, session, control, ping).run().await;
        }
    }
}

async fn handshake(stream: TcpStream, settings: FakeOpenAiSettings) -> Option<(Socket, Hello)> {
    stream.set_nodelay(true).ok()?;
    let config =
        WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE)).read_buffer_size(16 * 1024);
    let mut hello = Hello { settings, ..Hello::default() };
    let socket = accept_hdr_async_with_config(stream, &mut hello, Some(config)).await.ok()?;
    Some((socket, hello))
}

impl Callback for &mut Hello {
    fn on_request(self, request: &Request, response: Response) -> Result<Response, ErrorResponse> {
        let dialect = self.settings.dialect;
        if request.uri().path() != dialect.path() {
            let mut not_found = ErrorResponse::new(None);
            *not_found.status_mut() = StatusCode::NOT_FOUND;
            return Err(not_found);
        }
        let (key_header, before) = dialect.key_header();
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let query = request.uri().query().unwrap_or_default();
        self.model = query.split('&').find_map(|pair| pair.strip_prefix("model=")).filter(|model| !model.is_empty()).map(str::to_owned);
        self.key = header(key_header).and_then(|value| value.strip_prefix(before)).map(str::to_owned);
        self.beta = header("openai-beta").is_some();
        if dialect.refuses_upgrades() && reject(self).is_some() { Err(bad_request()) } else { Ok(response) }
    }
}

/// As Azure spells it.
fn bad_request() -> ErrorResponse {
    let error = json!({"error": {"code": "OpperationNotSupported", "message": "The request is not supported by this deployment."}});
    let body = error.to_string();
    let mut refusal = ErrorResponse::new(None);
    *refusal.status_mut() = StatusCode::BAD_REQUEST;
    refusal.headers_mut().insert("content-length", body.len().into());
    refusal.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    *refusal.body_mut() = Some(body);
    refusal
}

fn reject(hello: &Hello) -> Option<Rejection> {
    let expected = &hello.settings.api_key;
    let right = hello.key.as_ref().is_some_and(|key| !key.is_empty() && expected.as_ref().is_none_or(|expected| expected == key));
    if !right {
        return Some(Rejection { close: 3000, code: "invalid_api_key", message: "Incorrect API key provided." });
    }
    if hello.beta {
        let message = "The Realtime Beta API is no longer available: remove the OpenAI-Beta header.";
        return Some(Rejection { close: 4000, code: "beta_api_shape_disabled", message });
    }
    let missing = Rejection { close: 4000, code: "missing_model", message: "You must provide a model parameter." };
    hello.model.is_none().then_some(missing)
}

async fn turn_away(mut socket: Socket, rejection: &Rejection) {
    let error =
        json!({"type": "invalid_request_error", "code": rejection.code, "message": rejection.message, "param": null, "event_id": null});
    let event = json!({"type": "error", "event_id": "event_rejected", "error": error});
    if send(&mut socket, Message::text(event.to_string())).await {
        close(&mut socket, rejection.close, &format!("invalid_request_error.{}", rejection.code)).await;
    }
}

struct Connection<'a> {
    socket: Socket,
    session: Session,
    control: &'a OpenAiControl,
    orders: Receiver<Order>,
    /// Between two pings; the answer to one is due before the next.
    ping: Duration,
    next_ping: Instant,
    /// A ping is out that was not answered.
    awaiting_pong: bool,
}

impl<'a> Connection<'a> {
    fn new(socket: Socket, session: Session, control: &'a OpenAiControl, ping: Duration) -> Self {
        let orders = control.orders();
        Self { socket, session, control, orders, ping, next_ping: Instant::now() + ping, awaiting_pong: false }
    }

    async fn run(mut self) {
        while self.flush().await && self.turn().await {}
    }

    /// Sends what the session has to say. False at its end.
    async fn flush(&mut self) -> bool {
        while !self.control.is_mute()
            && let Some(out) = self.session.poll_output()
        {
            let alive = match out {
                Out::Send(text) => send(&mut self.socket, Message::text(text)).await,
                Out::Close(code, reason) => self.hang_up(code, &reason).await,
                Out::Drop => false,
            };
            if !alive {
                return false;
            }
        }
        true
    }

    /// Waits for one thing to happen. False at the end of the connection.
    async fn turn(&mut self) -> bool {
        let due = self.session.poll_timeout().filter(|_| !self.control.is_mute()).map(|at| self.control.instant(at));
        tokio::select! {
            message = self.socket.next() => match message {
                Some(Ok(message)) => self.receive(message),
                Some(Err(_)) | None => false,
            },
            order = self.orders.recv() => match order {
                Ok(order) => self.obey(order).await,
                Err(_) => true,
            },
            () = sleep_until(due.unwrap_or(self.next_ping)), if due.is_some() => {
                self.session.handle_timeout(self.control.now());
                true
            }
            () = sleep_until(self.next_ping) => self.keep_alive().await,
        }
    }

    fn receive(&mut self, message: Message) -> bool {
        let now = self.control.now();
        let mute = self.control.is_mute();
        match message {
            Message::Pong(_) => self.awaiting_pong = false,
            Message::Close(_) => return false,
            Message::Text(text) if !mute => self.session.handle_text(now, &text),
            Message::Binary(_) if !mute => self.session.handle_binary(now),
            Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Frame(_) => {}
        }
        true
    }

    async fn obey(&mut self, order: Order) -> bool {
        match order {
            Order::Kill => false,
            Order::Close(code, reason) => self.hang_up(code, &reason).await,
            Order::Send(text) => send(&mut self.socket, Message::text(text)).await,
            Order::Expire(after) => {
                self.session.expire_after(self.control.now(), after);
                true
            }
            Order::Wake => true,
        }
    }

    async fn keep_alive(&mut self) -> bool {
        if self.awaiting_pong {
            return self.hang_up(1011, "keepalive ping timeout").await;
        }
        self.awaiting_pong = true;
        self.next_ping = Instant::now() + self.ping;
        send(&mut self.socket, Message::Ping(Vec::new().into())).await
    }

    /// Always false: the connection is over.
    async fn hang_up(&mut self, code: u16, reason: &str) -> bool {
        self.session.close(self.control.now());
        close(&mut self.socket, code, reason).await;
        false
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        self.session.close(self.control.now());
    }
}

/// False if the client is gone, or does not read.
async fn send(socket: &mut Socket, message: Message) -> bool {
    matches!(timeout(PATIENCE, socket.send(message)).await, Ok(Ok(())))
}

/// Closes, and waits for the client's half.
async fn close(socket: &mut Socket, code: u16, reason: &str) {
    let frame = CloseFrame { code: code.into(), reason: Utf8Bytes::from(reason) };
    let goodbye = async {
        if socket.close(Some(frame)).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    // A client that does not answer is dropped.
    let _ = timeout(PATIENCE, goodbye).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(key: Option<&str>, model: Option<&str>, beta: bool) -> Option<(u16, &'static str)> {
        let settings = FakeOpenAiSettings { api_key: Some("sk-right".to_owned()), ..FakeOpenAiSettings::default() };
        let hello = Hello { model: model.map(str::to_owned), key: key.map(str::to_owned), beta, settings };
        reject(&hello).map(|rejection| (rejection.close, rejection.code))
    }

    #[test]
    fn the_wrong_key_the_beta_header_and_no_model_are_turned_away() {
        assert_eq!(verdict(Some("sk-right"), Some("m"), false), None);
        assert_eq!(verdict(Some("sk-wrong"), Some("m"), false), Some((3000, "invalid_api_key")));
        assert_eq!(verdict(None, Some("m"), false), Some((3000, "invalid_api_key")));
        assert_eq!(verdict(Some("sk-right"), Some("m"), true), Some((4000, "beta_api_shape_disabled")));
        assert_eq!(verdict(Some("sk-right"), None, false), Some((4000, "missing_model")));
    }
}
