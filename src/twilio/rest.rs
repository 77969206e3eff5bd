//! Twilio's REST API for calls. <https://www.twilio.com/docs/voice/api/call-resource>

use std::time::Duration;

use awc::error::{ConnectError, PayloadError, SendRequestError};
use awc::http::{Method, Version};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use url::form_urlencoded;

use super::loose;
use super::status::CarrierStatus;
use crate::types::{AccountSid, CallSid, PhoneNumber, Redacted};

/// A call resource has about 2 kB, and a list up to 50 of them.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// <https://www.twilio.com/docs/api/errors/21220>: the call is not in a state for this change.
const NOT_IN_PROGRESS: u32 = 21_220;
/// Without these only `completed` is told.
const EVENTS: [&str; 4] = ["initiated", "ringing", "answered", "completed"];

/// The TwiML is asked for at once, and the machine's greeting waited out meanwhile.
/// <https://www.twilio.com/docs/voice/answering-machine-detection>
const DETECTION: [(&str, &str); 2] = [("MachineDetection", "DetectMessageEnd"), ("AsyncAmd", "true")];

type Form<'a> = Vec<(&'static str, &'a str)>;

/// Where and as whom to ask. Cheap to clone and free to move; a connection lives as long as one request.
#[derive(Clone, Debug)]
pub struct TwilioRest {
    calls_url: String,
    user: String,
    password: SecretString,
    limits: Limits,
}

/// How long a request may take, from the connect to the last byte of the answer.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub create: Duration,
    pub other: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { create: Duration::from_secs(10), other: Duration::from_secs(5) }
    }
}

/// A call to place.
#[derive(Clone, Debug)]
pub struct CreateCall {
    pub to: PhoneNumber,
    pub from: PhoneNumber,
    /// Asked for TwiML by POST when the call is answered.
    pub url: String,
    pub status_callback: String,
    /// Twilio ends the call after so long, whatever becomes of us.
    pub time_limit_s: Option<u32>,
    pub ring_timeout_s: u32,
    /// Told who or what picked up, by POST; none to have nothing detected.
    pub detection_callback: Option<String>,
    /// The call is recorded, and where the recording is told here by POST; none for no recording.
    pub recording_callback: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedCall {
    pub sid: CallSid,
    pub status: CarrierStatus,
}

/// A call as it stands in Twilio's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCall {
    pub sid: CallSid,
    pub status: CarrierStatus,
    /// To the second; a call that was made a moment ago may have none.
    pub created: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchedCall {
    pub status: CarrierStatus,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestError {
    /// Twilio said no. Its message may name numbers, so it is not printed.
    #[error("twilio answered {http}, error code {}", code.map_or_else(|| "none".to_owned(), |c| c.to_string()))]
    Api { http: u16, code: Option<u32>, message: Redacted<String>, more_info: Option<String> },
    #[error("twilio did not answer in time")]
    Timeout,
    /// Nothing was sent.
    #[error("no connection to twilio: {0}")]
    Connect(String),
    #[error("connection to twilio lost: {0}")]
    Lost(String),
    #[error("twilio's answer is not understood: {0}")]
    BadAnswer(String),
    /// The call may have been placed, or not.
    #[error("outcome of the call request unknown: {0}")]
    Ambiguous(#[source] Box<Self>),
}

impl RestError {
    /// The same request, sent again, may succeed, and does no harm.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        match self {
            Self::Api { http, .. } => *http == 429 || *http >= 500,
            Self::Timeout | Self::Connect(_) | Self::Lost(_) => true,
            Self::BadAnswer(_) | Self::Ambiguous(_) => false,
        }
    }

    /// The call may have been placed: to send the request again might ring the phone twice.
    #[must_use]
    pub const fn ambiguous(&self) -> bool {
        matches!(self, Self::Ambiguous(_))
    }

    /// Sorts out what may have come after the deed: a 5xx, silence, a broken connection.
    fn of_create(self) -> Self {
        match self {
            Self::Api { http, .. } if http < 500 => self,
            Self::Connect(_) | Self::Ambiguous(_) => self,
            Self::Api { .. } | Self::Timeout | Self::Lost(_) | Self::BadAnswer(_) => Self::Ambiguous(Box::new(self)),
        }
    }

    fn is_already_over(&self) -> bool {
        matches!(self, Self::Api { code: Some(NOT_IN_PROGRESS), .. } | Self::Api { http: 404, .. })
    }
}

impl TwilioRest {
    /// `user` and `password` are the account's sid and token, or an API key and its secret.
    #[must_use]
    pub fn new(base_url: &str, account: &AccountSid, user: String, password: SecretString) -> Self {
        let calls_url = format!("{}/2010-04-01/Accounts/{account}/Calls", base_url.trim_end_matches('/'));
        Self { calls_url, user, password, limits: Limits::default() }
    }

    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Not idempotent: Twilio knows no key for it.
    pub async fn create_call(&self, call: &CreateCall) -> Result<CreatedCall, RestError> {
        let (ring, limit) = (call.ring_timeout_s.to_string(), call.time_limit_s.map(|s| s.to_string()));
        let url = format!("{}.json", self.calls_url);
        let answer = self.ask(Method::POST, &url, Some(form_of(call, &ring, limit.as_deref())), self.limits.create).await;
        answer.and_then(|body| created(&body)).map_err(RestError::of_create)
    }

    /// Ends the call; one that is over already counts as ended.
    pub async fn complete_call(&self, call: &CallSid) -> Result<(), RestError> {
        match self.change(call, vec![("Status", "completed")]).await {
            Err(error) if error.is_already_over() => Ok(()),
            other => other,
        }
    }

    /// The call goes on with the TwiML at `url`; its media stream is stopped first.
    pub async fn redirect_call(&self, call: &CallSid, url: &str) -> Result<(), RestError> {
        self.change(call, vec![("Url", url), ("Method", "POST")]).await
    }

    /// Records a call that is in progress; where the recording is is told to `callback` by POST.
    pub async fn record_call(&self, call: &CallSid, callback: &str) -> Result<(), RestError> {
        let url = format!("{}/{call}/Recordings.json", self.calls_url);
        self.ask(Method::POST, &url, Some(recording_form(callback).into()), self.limits.other).await.map(drop)
    }

    /// May lag behind for a moment.
    pub async fn fetch_call(&self, call: &CallSid) -> Result<FetchedCall, RestError> {
        let body = self.ask(Method::GET, &self.url_of(call), None, self.limits.other).await?;
        let call: CallBody = read(&body)?;
        let status = call.status.as_deref().and_then(CarrierStatus::from_word);
        status.map(|status| FetchedCall { status }).ok_or_else(|| RestError::BadAnswer("call without a known status".to_owned()))
    }

    /// The newest calls from one number to another. May lag behind for a moment.
    /// <https://www.twilio.com/docs/voice/api/call-resource#read-multiple-call-resources>
    pub async fn list_calls(&self, from: &PhoneNumber, to: &PhoneNumber) -> Result<Vec<ListedCall>, RestError> {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("From", from.as_str()), ("To", to.as_str()), ("PageSize", "50")])
            .finish();
        let body = self.ask(Method::GET, &format!("{}.json?{query}", self.calls_url), None, self.limits.other).await?;
        let list: ListBody = read(&body)?;
        Ok(list.calls.into_iter().filter_map(listed).collect())
    }

    async fn change(&self, call: &CallSid, form: Form<'_>) -> Result<(), RestError> {
        self.ask(Method::POST, &self.url_of(call), Some(form), self.limits.other).await.map(drop)
    }

    fn url_of(&self, call: &CallSid) -> String {
        format!("{}/{call}.json", self.calls_url)
    }

    async fn ask(&self, method: Method, url: &str, form: Option<Form<'_>>, limit: Duration) -> Result<Vec<u8>, RestError> {
        let asked = tokio::time::timeout(limit, self.exchange(method, url, form)).await;
        let (http, body) = asked.map_err(|_| RestError::Timeout)??;
        if (200..300).contains(&http) { Ok(body) } else { Err(refusal(http, &body)) }
    }

    async fn exchange(&self, method: Method, url: &str, form: Option<Form<'_>>) -> Result<(u16, Vec<u8>), RestError> {
        let client = awc::Client::builder().max_http_version(Version::HTTP_11).disable_timeout().disable_redirects().finish();
        let request = client.request(method, url).basic_auth(&self.user, self.password.expose_secret());
        let sent = match form {
            Some(form) => request.send_form(&form),
            None => request.send(),
        };
        let mut answer = sent.await.map_err(failed)?;
        let body = answer.body().limit(MAX_ANSWER_BYTES).await.map_err(|e| cut_off(&e))?;
        Ok((answer.status().as_u16(), body.to_vec()))
    }
}

fn form_of<'a>(call: &'a CreateCall, ring: &'a str, limit: Option<&'a str>) -> Form<'a> {
    let mut form = vec![("To", call.to.as_str()), ("From", call.from.as_str()), ("Url", &call.url), ("Method", "POST")];
    form.extend([("StatusCallback", call.status_callback.as_str()), ("StatusCallbackMethod", "POST")]);
    form.extend(EVENTS.map(|event| ("StatusCallbackEvent", event)));
    form.push(("Timeout", ring));
    form.extend(limit.map(|limit| ("TimeLimit", limit)));
    if let Some(url) = &call.detection_callback {
        form.extend(DETECTION);
        form.extend([("AsyncAmdStatusCallback", url.as_str()), ("AsyncAmdStatusCallbackMethod", "POST")]);
    }
    if let Some(url) = &call.recording_callback {
        form.push(("Record", "true"));
        form.extend(recording_form(url));
    }
    form
}

/// Both sides apart, and as long as the call was. <https://www.twilio.com/docs/voice/api/recording>
fn recording_form(url: &str) -> [(&'static str, &str); 4] {
    [("RecordingChannels", "dual"), ("RecordingStatusCallback", url), ("RecordingStatusCallbackMethod", "POST"), ("Trim", "do-not-trim")]
}

#[derive(Deserialize)]
struct CallBody {
    #[serde(default)]
    sid: Option<CallSid>,
    #[serde(default, deserialize_with = "loose::text")]
    status: Option<String>,
}

#[derive(Deserialize)]
struct ListBody {
    calls: Vec<ListedBody>,
}

#[derive(Deserialize)]
struct ListedBody {
    #[serde(default)]
    sid: Option<CallSid>,
    #[serde(default, deserialize_with = "loose::text")]
    status: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    date_created: Option<String>,
}

/// What has no sid, or a status of which we never heard, cannot be named.
fn listed(call: ListedBody) -> Option<ListedCall> {
    let created = call.date_created.as_deref().and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    let status = CarrierStatus::from_word(call.status.as_deref()?)?;
    Some(ListedCall { sid: call.sid?, status, created: created.map(|created| created.to_utc()) })
}

/// The error body of the 2010 API, or RFC 9457 section 3 of newer ones.
#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(default, deserialize_with = "loose::number")]
    code: Option<u64>,
    #[serde(default, deserialize_with = "loose::text")]
    message: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    more_info: Option<String>,
    #[serde(default, deserialize_with = "loose::text", rename = "type")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    title: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    detail: Option<String>,
}

/// A call with a sid exists, whatever word stands beside it: a new one is queued.
fn created(body: &[u8]) -> Result<CreatedCall, RestError> {
    let call: CallBody = read(body)?;
    let sid = call.sid.ok_or_else(|| RestError::BadAnswer("call without a sid".to_owned()))?;
    let status = call.status.as_deref().and_then(CarrierStatus::from_word).unwrap_or(CarrierStatus::Queued);
    Ok(CreatedCall { sid, status })
}

/// awc takes a body that breaks off for a whole one; the JSON tells.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, RestError> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Eof | Category::Io => RestError::Lost("answer breaks off".to_owned()),
        Category::Syntax => RestError::BadAnswer("not json".to_owned()),
        Category::Data => RestError::BadAnswer("not a call".to_owned()),
    })
}

fn refusal(http: u16, body: &[u8]) -> RestError {
    let error: ErrorBody = serde_json::from_slice(body).unwrap_or_default();
    RestError::Api {
        http,
        code: error.code.and_then(|code| code.try_into().ok()),
        message: Redacted(error.message.or(error.detail).or(error.title).unwrap_or_default()),
        more_info: error.more_info.or(error.kind),
    }
}

/// awc says `Disconnected` of a connection that breaks after the request was sent.
fn failed(error: SendRequestError) -> RestError {
    match error {
        SendRequestError::Timeout => RestError::Timeout,
        SendRequestError::Connect(ConnectError::Disconnected) => RestError::Lost(error.to_string()),
        SendRequestError::Url(_) | SendRequestError::Connect(_) => RestError::Connect(error.to_string()),
        other => RestError::Lost(other.to_string()),
    }
}

fn cut_off(error: &PayloadError) -> RestError {
    match error {
        PayloadError::Overflow => RestError::BadAnswer(error.to_string()),
        other => RestError::Lost(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
