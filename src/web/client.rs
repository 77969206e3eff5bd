//! One request, to an address that was checked.

use std::net::SocketAddr;
use std::time::Duration;

use awc::error::{ConnectError, PayloadError, SendRequestError};
use awc::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use awc::http::{Method, Version};
use serde_json::json;
use url::Url;

use super::address::{Reach, Unreachable};
use crate::telemetry::trace::Trace;

pub(super) const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Addresses of one name that are tried.
const TRIES: usize = 3;

/// Nothing came of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebError {
    /// What is wrong with them, and what would be right.
    #[error("{0}")]
    Arguments(String),
    #[error("it is not set up well: {0}")]
    Misconfigured(&'static str),
    #[error("the server is not asked: {0}")]
    Forbidden(#[from] Unreachable),
    #[error("the server cannot be reached")]
    Down,
    #[error("the server did not answer within {} seconds", .0.as_secs_f64())]
    TimedOut(Duration),
    #[error("the server answered with status {status}")]
    Status { status: u16, answer: String },
    #[error("the server's answer is of no use: {0}")]
    BadAnswer(&'static str),
}

impl WebError {
    /// The word it is counted under.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Arguments(_) => "invalid_arguments",
            Self::Misconfigured(_) => "misconfigured",
            Self::Forbidden(_) => "forbidden",
            Self::Down => "unreachable",
            Self::TimedOut(_) => "timed_out",
            Self::Status { .. } => "bad_status",
            Self::BadAnswer(_) => "bad_answer",
        }
    }

    /// What the model is told: JSON text.
    #[must_use]
    pub fn output(&self) -> String {
        let error = self.to_string();
        match self {
            Self::Status { status, answer } => json!({ "error": error, "status": status, "answer": answer }).to_string(),
            _ => json!({ "error": error }).to_string(),
        }
    }
}

/// What is asked, and of whom.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) url: &'a Url,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// JSON text.
    pub(super) body: Option<String>,
    pub(super) trace: &'a Trace,
}

/// The head of an answer, whose body is still to come.
pub(super) struct Answer(awc::ClientResponse);

impl Request<'_> {
    /// Where nobody listens, the next address of the name may do; nothing was sent yet.
    pub(super) async fn send(&self, reach: &Reach) -> Result<Answer, WebError> {
        for address in reach.resolve(self.url).await?.into_iter().take(TRIES) {
            match self.send_to(address).await {
                Err(WebError::Down) => {}
                outcome => return outcome,
            }
        }
        Err(WebError::Down)
    }

    async fn send_to(&self, address: SocketAddr) -> Result<Answer, WebError> {
        let client = awc::Client::builder().max_http_version(Version::HTTP_11).disable_timeout().disable_redirects().finish();
        let mut request = client.request(self.method.clone(), self.url.as_str()).address(address);
        for header in &self.headers {
            request = request.insert_header(header.clone());
        }
        // https://www.w3.org/TR/trace-context/
        if let Some(traceparent) = self.trace.traceparent() {
            request = request.insert_header(("traceparent", traceparent));
        }
        let sent = match &self.body {
            Some(body) => request.content_type("application/json").send_body(body.clone()),
            None => request.send(),
        };
        sent.await.map(Answer).map_err(failed)
    }
}

impl Answer {
    pub(super) fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    /// In seconds; a date is left alone. RFC 9110 section 10.2.3
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let value = self.0.headers().get(RETRY_AFTER)?.to_str().ok()?;
        value.trim().parse().ok().map(Duration::from_secs)
    }

    pub(super) async fn body(mut self) -> Result<Vec<u8>, WebError> {
        let body = self.0.body().limit(MAX_ANSWER_BYTES).await.map_err(|error| cut_off(&error))?;
        Ok(body.to_vec())
    }
}

/// Its own text may have the URL in it, and so what the caller said.
fn failed(error: SendRequestError) -> WebError {
    match error {
        SendRequestError::Connect(ConnectError::Disconnected) => WebError::BadAnswer("the connection broke"),
        SendRequestError::Connect(_) => WebError::Down,
        SendRequestError::Url(_) => WebError::Misconfigured("its URL is none"),
        _ => WebError::BadAnswer("the connection broke"),
    }
}

fn cut_off(error: &PayloadError) -> WebError {
    match error {
        PayloadError::Overflow => WebError::BadAnswer("it has more than 64 KiB"),
        _ => WebError::BadAnswer("it breaks off"),
    }
}
