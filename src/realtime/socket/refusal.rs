//! What a provider says where it refuses the upgrade: awc tells the status alone, the reason stands in the body.

use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::h1::MessageType;
use actix_service::Service;
use awc::error::SendRequestError;
use awc::http::StatusCode;
use awc::middleware::Transform;
use awc::{ConnectRequest, ConnectResponse};
use futures_util::future::LocalBoxFuture;
use futures_util::{FutureExt as _, StreamExt as _};
use serde::Deserialize;

/// A longer body is not read to its end, and a slow one not waited for.
const MAX_BODY: usize = 16 * 1024;
const PATIENCE: Duration = Duration::from_millis(500);
const MAX_CODE: usize = 64;

/// The answer to an upgrade was no.
#[derive(Debug, thiserror::Error)]
#[error("refused with http status {status}")]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: Option<String>,
}

/// Turns an answer that is no upgrade into a [`Refusal`].
pub(super) struct TellRefusals;

pub(super) struct Telling<S>(S);

impl<S> Transform<S, ConnectRequest> for TellRefusals
where
    S: Service<ConnectRequest, Response = ConnectResponse, Error = SendRequestError>,
    S::Future: 'static,
{
    type Transform = Telling<S>;

    fn new_transform(self, service: S) -> Telling<S> {
        Telling(service)
    }
}

impl<S> Service<ConnectRequest> for Telling<S>
where
    S: Service<ConnectRequest, Response = ConnectResponse, Error = SendRequestError>,
    S::Future: 'static,
{
    type Response = ConnectResponse;
    type Error = SendRequestError;
    type Future = LocalBoxFuture<'static, Result<ConnectResponse, SendRequestError>>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), SendRequestError>> {
        self.0.poll_ready(cx)
    }

    fn call(&self, request: ConnectRequest) -> Self::Future {
        let answer = self.0.call(request);
        async move { told(answer.await?).await }.boxed_local()
    }
}

async fn told(answer: ConnectResponse) -> Result<ConnectResponse, SendRequestError> {
    let (head, framed) = match answer {
        ConnectResponse::Tunnel(head, framed) if head.status != StatusCode::SWITCHING_PROTOCOLS => (head, framed),
        answer => return Ok(answer),
    };
    let mut body = Vec::new();
    if framed.codec_ref().message_type() != MessageType::None {
        let mut pieces = framed.into_map_codec(|codec| codec.into_payload_codec());
        let read = async {
            while let Some(Ok(Some(piece))) = pieces.next().await
                && body.len() < MAX_BODY
            {
                body.extend_from_slice(&piece);
            }
        };
        // What has come by then is what there is.
        let _ = tokio::time::timeout(PATIENCE, read).await;
    }
    let refusal = Refusal { status: head.status, code: code_of(&body) };
    Err(SendRequestError::Custom(Box::new(refusal), Box::new("upgrade")))
}

#[derive(Deserialize)]
struct Body {
    error: Option<Told>,
    code: Option<String>,
}

#[derive(Deserialize)]
struct Told {
    code: Option<String>,
}

/// A code is a word; a message may hold anything, a part of the key as well, and is not told.
fn code_of(body: &[u8]) -> Option<String> {
    let body: Body = serde_json::from_slice(body).ok()?;
    let code = body.error.and_then(|error| error.code).or(body.code)?;
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    (!code.is_empty() && code.len() <= MAX_CODE && code.chars().all(is_word)).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_a_refusal_is_told_and_nothing_that_is_no_code() {
        let code = |body: &str| code_of(body.as_bytes());

        assert_eq!(code(r#"{"error":{"code":"OpperationNotSupported","message":"no"}}"#).as_deref(), Some("OpperationNotSupported"));
        assert_eq!(code(r#"{"code":"401","message":"no"}"#).as_deref(), Some("401"));
        for none in ["", "{}", "no json", r#"{"error":{"code":7}}"#, r#"{"error":{"code":"the key sk-1 is wrong"}}"#, r#"{"code":""}"#] {
            assert_eq!(code(none), None, "{none}");
        }
    }
}
