//! A reader of server-sent events by hand.
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>

use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use alpha_call::types::BearerKey;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::time::timeout;

type Body = Pin<Box<dyn Stream<Item = Result<Bytes, awc::error::PayloadError>>>>;

/// Longer than between two signs of life.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Reader {
    body: Body,
    text: String,
}

/// One event, as a browser would dispatch it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub id: Option<u64>,
    pub kind: String,
    pub json: Value,
}

impl Reader {
    pub async fn open(server: SocketAddr, path: &str, last: Option<u64>, key: Option<&BearerKey>) -> Self {
        let mut request = awc::Client::default().get(format!("http://{server}{path}"));
        if let Some(last) = last {
            request = request.insert_header(("Last-Event-ID", last.to_string()));
        }
        if let Some(key) = key {
            request = request.bearer_auth(key.text().expose_secret());
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 200, "{answer:?}");
        assert_eq!(answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()), Some("text/event-stream"));
        Self { body: Box::pin(answer), text: String::new() }
    }

    /// The next event; none if the stream has ended, or was cut.
    pub async fn next(&mut self) -> Option<Told> {
        loop {
            while let Some((frame, rest)) = self.text.split_once("\n\n") {
                let told = Told::of(frame);
                self.text = rest.to_owned();
                if told.is_some() {
                    return told;
                }
            }
            let part = timeout(PATIENCE, self.body.next()).await.expect("a sign of life").and_then(Result::ok)?;
            self.text.push_str(std::str::from_utf8(&part).expect("text"));
        }
    }

    /// Everything up to the first event that `is_last`.
    pub async fn until(&mut self, is_last: impl Fn(&Told) -> bool) -> Vec<Told> {
        let mut all = Vec::new();
        while let Some(told) = self.next().await {
            all.push(told);
            if all.last().is_some_and(&is_last) {
                return all;
            }
        }
        panic!("the stream ended: {all:?}")
    }
}

impl Told {
    /// None of a comment, or of a word about asking again.
    fn of(frame: &str) -> Option<Self> {
        let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let id = field("id").map(|id| id.parse().expect("a number"));
        Some(Self { id, kind: field("event")?.to_owned(), json: serde_json::from_str(field("data")?).expect("json") })
    }
}
