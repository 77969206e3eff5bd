//! A client of our own API, for one command.

use std::io::ErrorKind;
use std::pin::Pin;
use std::time::Duration;

use awc::error::{ConnectError, PayloadError, SendRequestError};
use awc::http::Version;
use awc::http::header::{self, HeaderMap};
use awc::{Client, ClientRequest, ClientResponse};
use bytes::Bytes;
use futures_util::Stream;
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;
use url::Url;

use super::access::Access;
use super::trouble::{ProblemBody, Refused, Trouble};
use crate::realtime::socket::install_tls_provider;

/// The API gives up before.
const ANSWER: Duration = Duration::from_secs(60);
/// For the connection and the head of an answer.
const HEAD: Duration = Duration::from_secs(20);
/// The longest conversation is far below.
const MAX_BODY: usize = 256 * 1024 * 1024;

pub const JSON: &str = "application/json";
pub const CSV: &str = "text/csv";
const EVENTS: &str = "text/event-stream";

/// The bytes of an answer that goes on.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>;

/// The last part of an address, still to be made safe.
pub type Query<'a> = [(&'a str, String)];

pub struct Api {
    access: Access,
    client: Client,
}

/// What was answered with success.
pub struct Answer {
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    #[must_use]
    pub fn of(body: &str) -> Self {
        Self { headers: HeaderMap::new(), body: body.to_owned() }
    }
}

impl Api {
    #[must_use]
    pub fn new(access: Access) -> Self {
        install_tls_provider();
        let client = Client::builder().max_http_version(Version::HTTP_11).disable_timeout().disable_redirects().finish();
        Self { access, client }
    }

    /// `path` without `/api`.
    pub async fn get(&self, path: &[&str], query: &Query<'_>, accept: &'static str) -> Result<Answer, Trouble> {
        self.within(ANSWER, self.whole(self.asking(self.client.get(self.url(path, query).as_str()), accept).send())).await
    }

    pub async fn post(&self, path: &[&str], body: &Value, headers: &[(&'static str, &str)]) -> Result<Answer, Trouble> {
        let mut request = self.asking(self.client.post(self.url(path, &[]).as_str()), JSON);
        for header in headers {
            request = request.insert_header(*header);
        }
        self.within(ANSWER, self.whole(request.content_type(JSON).send_body(body.to_string()))).await
    }

    /// Of `GET /api/events`, from behind `last` on.
    pub async fn events(&self, query: &Query<'_>, last: Option<&str>) -> Result<Body, Trouble> {
        let mut request = self.asking(self.client.get(self.url(&["events"], query).as_str()), EVENTS);
        if let Some(last) = last {
            request = request.insert_header(("last-event-id", last));
        }
        let answer = self.within(HEAD, async { request.send().await.map_err(|error| self.failed(&error)) }).await?;
        if answer.status().is_success() { Ok(Box::pin(answer)) } else { Err(self.refusal(answer).await) }
    }

    /// What the answer says; what says less, breaks off or is something else.
    pub fn read<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, Trouble> {
        serde_json::from_str(&answer.body).map_err(|error| self.lost(&format!("its answer is not understood ({error})")))
    }

    #[must_use]
    pub fn place(&self) -> String {
        self.access.base.as_str().trim_end_matches('/').to_owned()
    }

    fn asking(&self, request: ClientRequest, accept: &'static str) -> ClientRequest {
        let request = request.insert_header((header::ACCEPT, accept));
        match &self.access.key {
            Some(key) => request.bearer_auth(key.text.expose_secret()),
            None => request,
        }
    }

    fn url(&self, path: &[&str], query: &Query<'_>) -> Url {
        let mut url = self.access.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("api").extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    async fn within<T>(&self, limit: Duration, asked: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        let late = |_| Err(self.lost(&format!("no answer within {} s", limit.as_secs())));
        timeout(limit, asked).await.unwrap_or_else(late)
    }

    async fn whole(&self, sent: awc::SendClientRequest) -> Result<Answer, Trouble> {
        let answer = sent.await.map_err(|error| self.failed(&error))?;
        if !answer.status().is_success() {
            return Err(self.refusal(answer).await);
        }
        let (headers, body) = self.body(answer).await?;
        Ok(Answer { headers, body })
    }

    /// awc takes a body that breaks off for a whole one.
    async fn body(&self, mut answer: ClientResponse) -> Result<(HeaderMap, String), Trouble> {
        let headers = answer.headers().clone();
        let bytes = answer.body().limit(MAX_BODY).await.map_err(|error| self.lost(&error.to_string()))?;
        let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|length| length > bytes.len()) {
            return Err(self.lost("its answer breaks off"));
        }
        let text = String::from_utf8(bytes.to_vec()).map_err(|_| self.lost("its answer is no text"))?;
        Ok((headers, text))
    }

    async fn refusal(&self, answer: ClientResponse) -> Trouble {
        let status = answer.status().as_u16();
        let read = timeout(HEAD, self.body(answer)).await.ok().and_then(Result::ok);
        let problem = |body: &str| serde_json::from_str::<ProblemBody>(body).ok();
        let Some((headers, problem)) = read.and_then(|(headers, body)| Some((headers, problem(&body)?))) else {
            return Trouble::Strange { place: self.place(), status };
        };
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Trouble::Refused(Box::new(Refused {
            problem,
            retry_after: text("retry-after").and_then(|seconds| seconds.parse().ok()),
            request_id: text("x-request-id"),
            key_from: self.access.key.as_ref().map(|key| key.from),
        }))
    }

    fn lost(&self, cause: &str) -> Trouble {
        Trouble::Lost { place: self.place(), cause: cause.to_owned() }
    }

    fn unreachable(&self, cause: String) -> Trouble {
        Trouble::Unreachable { place: self.place(), cause }
    }

    /// awc says `Disconnected` of a connection that breaks after the request was sent.
    fn failed(&self, error: &SendRequestError) -> Trouble {
        match error {
            SendRequestError::Connect(ConnectError::Disconnected) => self.lost("the connection broke"),
            SendRequestError::Connect(error) => self.unreachable(cause(error)),
            SendRequestError::Url(error) => self.unreachable(error.to_string()),
            other => self.lost(&other.to_string()),
        }
    }
}

fn cause(error: &ConnectError) -> String {
    match error {
        ConnectError::Resolver(_) | ConnectError::NoRecords => "no such host is known".to_owned(),
        ConnectError::Timeout => "it took too long to connect".to_owned(),
        ConnectError::Io(error) => match error.kind() {
            ErrorKind::Other | ErrorKind::InvalidData => error.to_string(),
            kind => kind.to_string(),
        },
        other => other.to_string(),
    }
}
