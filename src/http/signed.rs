//! Requests that must come from Twilio.

use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::{HttpMessage as _, HttpRequest, web};

use super::Problem;
use super::patience::is_too_slow;
use crate::config::{Config, SignatureMode};
use crate::twilio::signature::{SignatureError, Verifier};
use crate::twilio::webhook::Params;
use crate::types::Code;

const SIGNATURE: &str = "X-Twilio-Signature";
/// A scheme of signing that is not ours to check.
const OTHER_SCHEME: &str = "X-Twilio-Webhooks-Signature-Settings";

/// What came with a request, as far as it could be read.
pub(super) type Body = Result<web::Bytes, actix_web::Error>;

/// How strictly signatures are taken.
#[derive(Clone, Debug)]
pub(super) struct SignatureCheck {
    mode: SignatureMode,
    verifier: Option<Verifier>,
}

impl SignatureCheck {
    pub(super) fn new(config: &Config) -> Self {
        let token = config.twilio.auth_token.clone();
        let domain = config.public.domain.as_ref().map(|domain| domain.as_str().to_owned());
        let previous = config.twilio.previous_auth_token.clone();
        let verifier = token.zip(domain).map(|(token, domain)| Verifier::new([token].into_iter().chain(previous).collect(), domain));
        Self { mode: config.twilio.signature, verifier }
    }

    /// The form of a webhook, if it may be believed.
    pub(super) fn form(&self, request: &HttpRequest, body: &Body) -> Result<Params, Problem> {
        let body = body.as_ref().map_err(unreadable)?;
        let is_form = request.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded");
        let signed = if is_form { Params::parse(body) } else { Params::default() };
        self.check(request, |verifier, target, signature| verifier.verify_form(target, &signed, signature))?;
        Ok(if is_form { signed } else { Params::parse(request.query_string().as_bytes()) })
    }

    /// The upgrade to a stream.
    pub(super) fn upgrade(&self, request: &HttpRequest) -> Result<(), Problem> {
        self.check(request, Verifier::verify_upgrade)
    }

    fn check(
        &self,
        request: &HttpRequest,
        verify: impl FnOnce(&Verifier, &str, &str) -> Result<(), SignatureError>,
    ) -> Result<(), Problem> {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let result = match &self.verifier {
            Some(_) if request.headers().contains_key(OTHER_SCHEME) => Err(SignatureError::Missing),
            Some(verifier) => verify(verifier, target, header(request)),
            None => Err(SignatureError::Missing),
        };
        match (result, self.mode) {
            (Ok(()), _) | (Err(_), SignatureMode::Off) => Ok(()),
            (Err(error), SignatureMode::Warn) => {
                tracing::warn!(%error, "signature not valid, let in all the same");
                Ok(())
            }
            (Err(error), SignatureMode::Require) => {
                tracing::warn!(%error, "signature not valid, refused");
                Err(Problem::new(Code::InvalidSignature, "check TWILIO_AUTH_TOKEN and DOMAIN if this was Twilio"))
            }
        }
    }
}

pub(super) fn unreadable(error: &actix_web::Error) -> Problem {
    if error.as_error::<PayloadError>().is_some_and(is_too_slow) {
        return Problem::too_slow();
    }
    let too_large = error.as_response_error().status_code() == StatusCode::PAYLOAD_TOO_LARGE;
    Problem::new(if too_large { Code::PayloadTooLarge } else { Code::MalformedRequest }, error.to_string())
}

fn header(request: &HttpRequest) -> &str {
    request.headers().get(SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
