//! The smallest engine that a fake Twilio can talk to: a bare socket, TwiML by path, one async script per stream.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use url::form_urlencoded;

use crate::sim::twilio::http;
use crate::sim::twilio::signing::{Params, signature};

pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";
pub const DOMAIN: &str = "voice.example.test";

/// A webhook as it arrived.
#[derive(Clone, Debug)]
pub struct Hook {
    pub path: String,
    pub form: Params,
    pub signed: bool,
    pub idempotency_token: String,
}

impl Hook {
    pub fn field(&self, name: &str) -> &str {
        self.form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

type Script = dyn Fn(Phone) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

pub struct TestEngine {
    pub address: SocketAddr,
    hooks: Arc<Mutex<Vec<Hook>>>,
}

impl TestEngine {
    /// Answers webhooks with `twiml` and runs `script` on every stream; lives as long as the runtime it is started on.
    pub async fn start<F>(twiml: fn(&Hook) -> String, script: impl Fn(Phone) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let hooks: Arc<Mutex<Vec<Hook>>> = Arc::default();
        let (seen, script): (_, Arc<Script>) = (Arc::clone(&hooks), Arc::new(move |phone| Box::pin(script(phone))));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, twiml, Arc::clone(&seen), Arc::clone(&script)));
            }
        });
        Self { address, hooks }
    }

    pub fn hooks(&self) -> Vec<Hook> {
        self.hooks.lock().expect("whole").clone()
    }

    pub fn hooks_at(&self, path: &str) -> Vec<Hook> {
        self.hooks().into_iter().filter(|hook| hook.path == path).collect()
    }
}

async fn serve(stream: TcpStream, twiml: fn(&Hook) -> String, seen: Arc<Mutex<Vec<Hook>>>, script: Arc<Script>) {
    let mut first = [0; 4];
    while stream.peek(&mut first).await.expect("bytes") < first.len() {}
    if &first == b"POST" { answer(stream, twiml, &seen).await } else { script(Phone::accept(stream).await).await }
}

async fn answer(mut stream: TcpStream, twiml: fn(&Hook) -> String, seen: &Mutex<Vec<Hook>>) {
    let hook = read_hook(&mut stream).await;
    seen.lock().expect("whole").push(hook.clone());
    let body = twiml(&hook);
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await.expect("written");
}

async fn read_hook(stream: &mut TcpStream) -> Hook {
    let mut bytes = Vec::new();
    loop {
        assert_ne!(stream.read_buf(&mut bytes).await.expect("bytes"), 0, "a whole request");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let field = |name: &str| {
            let line = head.split("\r\n").find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
            line.and_then(|line| line.split_once(':')).map_or("", |(_, value)| value.trim()).to_owned()
        };
        if body.len() < field("content-length").parse::<usize>().expect("a length") {
            continue;
        }
        let path = head.split(' ').nth(1).expect("a path").to_owned();
        let form: Params = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let signed = field("x-twilio-signature") == signature(TOKEN, &format!("https://{DOMAIN}{path}"), &form);
        return Hook { path, form, signed, idempotency_token: field("i-twilio-idempotency-token") };
    }
}

/// The engine's end of a media stream.
pub struct Phone {
    pub socket: WebSocketStream<TcpStream>,
    pub stream_sid: String,
    pub signed: bool,
}

impl Phone {
    async fn accept(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a socket");
        let mut signed = false;
        #[expect(clippy::result_large_err, reason = "the callback's type is given")]
        let check = |request: &Request, response: Response| {
            let url = format!("wss://{DOMAIN}{}", request.uri().path());
            signed = request.headers().get("x-twilio-signature").is_some_and(|given| *given == signature(TOKEN, &url, &[]).as_str());
            Ok(response)
        };
        let socket = tokio_tungstenite::accept_hdr_async(stream, check).await.expect("an upgrade");
        Self { socket, stream_sid: String::new(), signed }
    }

    /// The next message, and when it came; none once the other side has closed.
    pub async fn next(&mut self) -> Option<(Instant, Value)> {
        loop {
            let message = self.socket.next().await?.ok()?;
            if let Message::Text(text) = message {
                let value: Value = serde_json::from_str(&text).expect("json");
                return Some((Instant::now(), value));
            }
        }
    }

    pub async fn wait_for(&mut self, event: &str) -> Option<(Instant, Value)> {
        loop {
            let (at, message) = self.next().await?;
            if message["event"] == event {
                return Some((at, message));
            }
        }
    }

    pub async fn wait_for_start(&mut self) -> Value {
        let (_, start) = self.wait_for("start").await.expect("start");
        self.stream_sid = start["streamSid"].as_str().expect("a text").to_owned();
        start
    }

    pub async fn send(&mut self, text: String) {
        self.socket.send(Message::text(text)).await.expect("sent");
    }

    pub async fn media(&mut self, audio: &[u8]) {
        let payload = STANDARD.encode(audio);
        let text = format!(r#"{{"event":"media","streamSid":"{}","media":{{"payload":"{payload}"}}}}"#, self.stream_sid);
        self.send(text).await;
    }

    pub async fn mark(&mut self, name: &str) {
        let text = format!(r#"{{"event":"mark","streamSid":"{}","mark":{{"name":"{name}"}}}}"#, self.stream_sid);
        self.send(text).await;
    }

    /// Until all that was sent has been heard.
    pub async fn heard_out(&mut self) {
        self.mark("heard out").await;
        self.wait_for("mark").await.expect("a mark");
    }

    pub async fn say_to_the_end(&mut self, text: &str) {
        self.media(&crate::sim::voice::speak(text)).await;
        self.heard_out().await;
    }

    pub async fn clear(&mut self) {
        let text = format!(r#"{{"event":"clear","streamSid":"{}"}}"#, self.stream_sid);
        self.send(text).await;
    }

    pub async fn close(mut self) {
        self.socket.close(None).await.expect("closing");
        while self.next().await.is_some() {}
    }
}

/// A request to the fake's REST API, with the account's credentials.
pub async fn rest(base: &str, method: &str, path: &str, form: &[(&str, &str)], password: &str) -> (u16, Value) {
    let host = base.strip_prefix("http://").expect("http");
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let basic = format!("Basic {}", STANDARD.encode(format!("{ACCOUNT}:{password}")));
    let headers = [("Host", host), ("Authorization", &basic), ("Content-Type", "application/x-www-form-urlencoded")];
    let mut stream = TcpStream::connect(host).await.expect("connected");
    stream.write_all(&http::request(method, &format!("/2010-04-01/Accounts/{ACCOUNT}{path}"), &headers, &body)).await.expect("written");
    let mut bytes = Vec::new();
    loop {
        let read = tokio::time::timeout(Duration::from_millis(500), stream.read_buf(&mut bytes)).await;
        let Ok(read) = read else { return (0, Value::Null) };
        if let Some(reply) = http::reply(&bytes, read.expect("bytes") == 0).expect("http") {
            return (reply.status, serde_json::from_slice(&reply.body).expect("json"));
        }
    }
}

pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
