//! A caller of our own API that shares nothing with the server it asks.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::twilio::http;

/// No answer of the API takes longer.
const ANSWER: Duration = Duration::from_secs(15);

#[derive(Clone, Debug)]
pub struct ApiClient {
    server: SocketAddr,
    key: Option<String>,
    headers: Vec<(String, String)>,
}

/// What the server said. A body that is not JSON is `Value::String`.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiAnswer {
    pub status: u16,
    pub content_type: String,
    pub body: Value,
}

impl ApiClient {
    #[must_use]
    pub const fn new(server: SocketAddr) -> Self {
        Self { server, key: None, headers: Vec::new() }
    }

    #[must_use]
    pub fn with_key(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    /// Sent with every request.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub async fn get(&self, path: &str) -> io::Result<ApiAnswer> {
        self.ask("GET", path, "", "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> io::Result<ApiAnswer> {
        self.ask("POST", path, "application/json", &body.to_string()).await
    }

    /// Any request, sound or not.
    pub async fn ask(&self, method: &str, path: &str, content_type: &str, body: &str) -> io::Result<ApiAnswer> {
        let host = self.server.to_string();
        let bearer = self.key.as_ref().map(|key| format!("Bearer {key}"));
        let mut headers = vec![("Host", host.as_str()), ("Accept", "application/json")];
        headers.extend(bearer.as_deref().map(|value| ("Authorization", value)));
        headers.extend(Some(content_type).filter(|kind| !kind.is_empty()).map(|kind| ("Content-Type", kind)));
        headers.extend(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let request = http::request(method, path, &headers, body);
        timeout(ANSWER, self.exchange(&request)).await.map_err(io::Error::from)?
    }

    async fn exchange(&self, request: &[u8]) -> io::Result<ApiAnswer> {
        let mut stream = TcpStream::connect(self.server).await?;
        stream.write_all(request).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        let reply = http::reply(&bytes, true).map_err(io::Error::other)?;
        let reply = reply.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        let text = || Value::String(String::from_utf8_lossy(&reply.body).into_owned());
        let body = serde_json::from_slice(&reply.body).unwrap_or_else(|_| text());
        Ok(ApiAnswer { status: reply.status, content_type: reply.content_type, body })
    }
}
