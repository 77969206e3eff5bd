//! A letter for the receiver of webhooks, signed and sent.
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use std::time::Duration;

use awc::http::Method;
use awc::http::header::{HeaderName, HeaderValue, InvalidHeaderValue, USER_AGENT};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook, WebhookError};
use tokio::time::timeout;

use super::address::Reach;
use super::answer::refusal;
use super::client::{Answer, Request, WebError};
use crate::config::Webhooks;
use crate::governor::delivery::Reply;
use crate::telemetry::trace::Trace;

/// From the look at the receiver's name to the head of its answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// For what a receiver says that does not take it.
const REASON: Duration = Duration::from_secs(2);
const US: &str = concat!("alpha-call/", env!("CARGO_PKG_VERSION"));

/// What is sent. It holds what people said, and does not print.
pub struct Letter {
    /// The same however often it is sent: the receiver knows it again by this.
    pub id: String,
    /// JSON text.
    pub body: String,
}

/// What the receiver said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub reply: Reply,
    /// The beginning of its answer, if it is no success.
    pub reason: String,
}

/// Sends the letter, with a signature for each secret.
pub async fn deliver(letter: &Letter, receiver: &Webhooks, at: DateTime<Utc>, reach: &Reach, trace: &Trace) -> Result<Receipt, WebError> {
    let headers = headers(letter, &receiver.secrets, at.timestamp())?;
    let request = Request { method: Method::POST, url: &receiver.url, headers, body: Some(letter.body.clone()), trace };
    let answer = timeout(PATIENCE, request.send(reach)).await.map_err(|_| WebError::TimedOut(PATIENCE))??;
    let reply = Reply { status: answer.status(), retry_after: answer.retry_after() };
    let reason = if reply.is_success() { String::new() } else { reason(answer).await };
    Ok(Receipt { reply, reason })
}

async fn reason(answer: Answer) -> String {
    let body = timeout(REASON, answer.body()).await.ok().and_then(Result::ok);
    refusal(&body.unwrap_or_default())
}

fn headers(letter: &Letter, secrets: &[SecretString], seconds: i64) -> Result<Vec<(HeaderName, HeaderValue)>, WebError> {
    let signatures = signatures(letter, secrets, seconds).map_err(|_| WebError::Misconfigured("its secret is none"))?;
    let told = [
        (USER_AGENT, US.to_owned()),
        (HeaderName::from_static(HEADER_WEBHOOK_ID), letter.id.clone()),
        (HeaderName::from_static(HEADER_WEBHOOK_TIMESTAMP), seconds.to_string()),
        (HeaderName::from_static(HEADER_WEBHOOK_SIGNATURE), signatures),
    ];
    let headers: Result<_, InvalidHeaderValue> = told.into_iter().map(|(name, value)| Ok((name, HeaderValue::try_from(value)?))).collect();
    headers.map_err(|_| WebError::Misconfigured("a header's value is none"))
}

/// One for each secret, with blanks between them.
fn signatures(letter: &Letter, secrets: &[SecretString], seconds: i64) -> Result<String, WebhookError> {
    let sign = |secret: &SecretString| Webhook::new(secret.expose_secret())?.sign(&letter.id, seconds, letter.body.as_bytes());
    let signatures: Vec<String> = secrets.iter().map(sign).collect::<Result<_, _>>()?;
    Ok(signatures.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn the_signature_is_that_of_the_specification() {
        let letter = Letter { id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(), body: r#"{"test": 2432232314}"#.to_owned() };
        let secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx"].map(SecretString::from);

        let signatures = signatures(&letter, &secrets, 1_614_265_330).expect("signed");

        let (first, second) = signatures.split_once(' ').expect("two of them");
        assert_eq!(first, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(second.starts_with("v1,") && second != first, "{second}");
    }
}
