//! Requests over a socket of their own, and answers with all their headers.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

const ANSWER: Duration = Duration::from_secs(15);

pub struct Request {
    head: String,
    body: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Names in small letters.
    headers: Vec<(String, String)>,
    pub body: String,
}

pub fn get(path: &str) -> Request {
    ask("GET", path)
}

pub fn ask(method: &str, path: &str) -> Request {
    Request { head: format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"), body: String::new() }
}

pub fn post_json(path: &str, body: impl ToString) -> Request {
    ask("POST", path).with("Content-Type", "application/json").body(body)
}

impl Request {
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    pub fn body(mut self, body: impl ToString) -> Self {
        self.body = body.to_string();
        self
    }

    /// The answer, to the end of its connection.
    pub async fn to(self, server: SocketAddr) -> Answer {
        let Self { head, body } = self;
        let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        let asked = head.lines().next().unwrap_or_default().to_owned();
        let answer = timeout(ANSWER, exchange(server, request.into_bytes())).await;
        let answer = Answer::of(&answer.unwrap_or_else(|_| panic!("no answer within {ANSWER:?}: {asked}")));
        assert!(asked.starts_with("HEAD ") || answer.is_whole(), "cut off: {answer:?}");
        answer
    }
}

async fn exchange(server: SocketAddr, request: Vec<u8>) -> Vec<u8> {
    let (mut read, mut write) = TcpStream::connect(server).await.expect("it listens").into_split();
    // A server that has heard enough of a body answers before its end, and may reset what follows.
    let written = tokio::spawn(async move { write.write_all(&request).await.map(|()| write) });
    let mut answer = Vec::new();
    let _ = read.read_to_end(&mut answer).await;
    drop(written.await);
    answer
}

impl Answer {
    /// What came over a socket.
    pub fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8(bytes.to_vec()).expect("utf-8");
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("not http: {text}"));
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let header = |line: &str| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
        Self {
            status: status.unwrap_or_else(|| panic!("no status: {head}")),
            headers: lines.filter_map(header).collect(),
            body: body.to_owned(),
        }
    }

    fn is_whole(&self) -> bool {
        let told = self.header("content-length").and_then(|length| length.parse().ok());
        told.is_none_or(|told: usize| told == self.body.len())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        self.parsed()
    }

    /// A problem of this code; what every problem has is checked on the way.
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.header("content-type")), (status, Some("application/problem+json")), "{self:?}");
        let problem = self.parsed();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        assert_eq!(problem["type"], format!("urn:alpha-call:problem:{code}"), "{problem}");
        for text in ["title", "detail"] {
            assert!(problem[text].as_str().is_some_and(|text| !text.is_empty()), "no {text}: {problem}");
        }
        self.request_id();
        problem
    }

    /// Every answer has one.
    pub fn request_id(&self) -> String {
        let id = self.header("x-request-id").unwrap_or_default();
        assert_eq!(id.len(), 36, "no request id: {self:?}");
        id.to_owned()
    }

    fn parsed(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The names of an object, sorted.
pub fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap_or_else(|| panic!("no object: {value}")).keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
