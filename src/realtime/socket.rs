//! The connection to OpenAI: dialling, the frames that arrive on it, and what its end means.

mod refusal;

use std::pin::Pin;
use std::time::Duration;

use actix_http::ws::{Item, ProtocolError};
use actix_rt::net::TcpStream;
use actix_service::{Service, ServiceExt as _};
use actix_tls::connect::{ConnectError as TcpError, ConnectInfo, Connection as TcpConnection, ConnectorService};
use awc::error::{ConnectError as DialError, SendRequestError, WsClientError};
use awc::http::{StatusCode, Uri, Version};
use awc::ws::{CloseReason, Frame, Message};
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use futures_util::{Sink, Stream, StreamExt as _};
use secrecy::{ExposeSecret as _, SecretString};
use socket2::{SockRef, TcpKeepalive};
use url::Url;

use super::codec::is_fatal;
use super::dialect::{AuthStyle, Dialect};
use refusal::{Refusal, TellRefusals};

/// For the whole way from DNS to `101`.
pub const CONNECT_DEADLINE: Duration = Duration::from_secs(3);
/// One message, in one frame or in many. Deltas have tens of kB, but no limit is documented.
pub const MAX_MESSAGE_BYTES: usize = 16 * 1024 * 1024;
/// Frames of one message: more of them are an attack, or a fault.
pub const MAX_FRAGMENTS: usize = 1024;

/// Where the model is, and as whom to ask.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// `wss://api.openai.com/v1/realtime`, or a simulator's.
    pub url: String,
    pub model: String,
    pub api_key: SecretString,
    pub dialect: Dialect,
    /// A stable hash of the caller. <https://developers.openai.com/api/docs/guides/safety-best-practices>
    pub safety_identifier: Option<String>,
}

impl Endpoint {
    /// A session of the one is as good as one of the other.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let names = |it: &Self| (it.url.clone(), it.model.clone(), it.dialect, it.safety_identifier.clone());
        names(self) == names(other)
    }

    /// The address with the model in its query. A model that the URL names already stays.
    pub fn request_url(&self) -> Result<String, url::ParseError> {
        let mut url = Url::parse(&self.url)?;
        url.set_fragment(None);
        if url.query_pairs().all(|(key, _)| key != "model") {
            url.query_pairs_mut().append_pair("model", &self.model);
        }
        Ok(url.into())
    }
}

/// What an actor writes to. No frame is answered for it: a ping needs its pong.
pub type FrameSink = Pin<Box<dyn Sink<Message, Error = ProtocolError>>>;
/// What an actor reads from; its end is the end of the connection. After an error it may go on, but nothing sound comes.
pub type FrameStream = Pin<Box<dyn Stream<Item = Result<Frame, ProtocolError>>>>;

/// An open WebSocket. It belongs to the thread that dialled it.
pub struct Connection {
    pub sink: FrameSink,
    pub stream: FrameStream,
}

/// There is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no connection to the model: {kind}")]
pub struct ConnectError {
    pub kind: ConnectErrorKind,
    /// Whether it can be different the next time.
    pub retry: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectErrorKind {
    #[error("deadline passed")]
    Timeout,
    #[error("{0}")]
    Refused(String),
    #[error("answered with http status {status}{}", code.as_ref().map(|code| format!(": {code}")).unwrap_or_default())]
    Http {
        status: u16,
        /// The vendor's word for what is wrong, where it has one.
        code: Option<String>,
    },
    #[error("tls failed: {0}")]
    Tls(String),
}

/// Dials and upgrades, all within `deadline`. No `OpenAI-Beta` header: GA closes the connection for it.
pub async fn connect(endpoint: &Endpoint, deadline: Duration) -> Result<Connection, ConnectError> {
    let url = endpoint.request_url().map_err(|error| ConnectError::refused(format!("model url: {error}"), false))?;
    let mut request = client().ws(url).max_frame_size(MAX_MESSAGE_BYTES);
    let key = endpoint.api_key.expose_secret();
    request = match endpoint.dialect.auth_style() {
        AuthStyle::Bearer => request.bearer_auth(key),
        AuthStyle::ApiKey => request.set_header("api-key", key),
    };
    if let Some(identifier) = &endpoint.safety_identifier {
        request = request.set_header("OpenAI-Safety-Identifier", identifier.as_str());
    }
    let dialled = tokio::time::timeout(deadline, request.connect()).await;
    let (_, framed) = dialled.map_err(|_| ConnectError { kind: ConnectErrorKind::Timeout, retry: true })??;
    let (sink, stream) = framed.split();
    Ok(Connection { sink: Box::pin(sink), stream: Box::pin(stream) })
}

/// Makes ring the process's TLS provider, once. Left to itself rustls takes the only one in the build, and where there
/// are two awc panics, even if it dials plain `ws`.
pub fn install_tls_provider() {
    // A second call loses the race and changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

thread_local! {
    /// awc is bound to its thread; one client for each lets later connections resume the TLS session of earlier ones.
    static CLIENT: awc::Client = new_client();
}

fn client() -> awc::Client {
    CLIENT.with(awc::Client::clone)
}

/// The deadline of `connect` is the only clock. HTTP/1.1, since awc cannot upgrade over h2 (actix-web#1069). No limit,
/// since an open WebSocket counts as a connection in use and awc would let the 101st wait.
fn new_client() -> awc::Client {
    install_tls_provider();
    let connector =
        awc::Connector::new().max_http_version(Version::HTTP_11).timeout(FAR).handshake_timeout(FAR).limit(0).connector(dialler());
    awc::Client::builder().disable_timeout().disable_redirects().connector(connector).wrap(TellRefusals).finish()
}

const FAR: Duration = Duration::from_secs(60);

/// awc's own dialler leaves Nagle on, and learns of a dead peer when the kernel gives up.
fn dialler() -> impl Service<ConnectInfo<Uri>, Response = TcpConnection<Uri, TcpStream>, Error = TcpError> + Clone + 'static {
    ConnectorService::default().map(tuned)
}

fn tuned(connection: TcpConnection<Uri, TcpStream>) -> TcpConnection<Uri, TcpStream> {
    if let Err(error) = tune(connection.io_ref()) {
        tracing::warn!(%error, "socket options of the model connection not set");
    }
    connection
}

fn tune(tcp: &TcpStream) -> std::io::Result<()> {
    let socket = SockRef::from(tcp);
    socket.set_tcp_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(15)).with_interval(Duration::from_secs(5)).with_retries(3);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(Duration::from_secs(10)))?;
    Ok(())
}

impl ConnectError {
    const fn refused(reason: String, retry: bool) -> Self {
        Self { kind: ConnectErrorKind::Refused(reason), retry }
    }

    fn http(status: StatusCode, code: Option<String>) -> Self {
        let retry = status.is_server_error() || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
        Self { kind: ConnectErrorKind::Http { status: status.as_u16(), code }, retry }
    }

    /// A certificate that is wrong now is wrong the next time; the rest of TLS may have been the network's fault.
    fn dial(error: DialError) -> Self {
        let tls = match &error {
            DialError::Timeout => return Self { kind: ConnectErrorKind::Timeout, retry: true },
            DialError::Io(io) => io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()),
            _ => None,
        };
        match tls {
            Some(tls) => {
                let retry = !matches!(tls, rustls::Error::InvalidCertificate(_));
                Self { kind: ConnectErrorKind::Tls(tls.to_string()), retry }
            }
            None => Self::refused(error.to_string(), true),
        }
    }
}

impl From<WsClientError> for ConnectError {
    fn from(error: WsClientError) -> Self {
        match error {
            WsClientError::InvalidResponseStatus(status) => Self::http(status, None),
            WsClientError::SendRequest(SendRequestError::Custom(error, _)) => match error.downcast::<Refusal>() {
                Ok(refusal) => Self::http(refusal.status, refusal.code),
                Err(error) => Self::refused(error.to_string(), false),
            },
            WsClientError::SendRequest(SendRequestError::Connect(error)) => Self::dial(error),
            WsClientError::SendRequest(SendRequestError::Timeout) => Self { kind: ConnectErrorKind::Timeout, retry: true },
            WsClientError::SendRequest(error @ (SendRequestError::Send(_) | SendRequestError::Response(_))) => {
                Self::refused(error.to_string(), true)
            }
            error => Self::refused(error.to_string(), false),
        }
    }
}

/// Whether a new connection may do better. OpenAI's own SDK tries again after these codes and no others; a connection
/// that ended without a close frame has none. The reason reads `<error.type>.<error.code>`.
#[must_use]
pub fn close_is_retryable(code: Option<u16>, reason: Option<&str>) -> bool {
    let hopeless = reason.and_then(|reason| reason.rsplit('.').next()).is_some_and(is_fatal);
    !hopeless && matches!(code, None | Some(1001 | 1005 | 1006 | 1011 | 1012 | 1013 | 1015))
}

/// What a frame brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming {
    Text(ByteString),
    /// A part of a message whose end is still to come.
    Part,
    /// To be answered with a pong of the same content.
    Ping(Bytes),
    Pong,
    Closed(Option<CloseReason>),
}

/// A frame that the protocol has no use for. The connection is of no more use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    #[error("binary frame")]
    Binary,
    #[error("text that is not utf-8")]
    NotUtf8,
    #[error("message too long")]
    TooLong,
    #[error("message of more than 1024 fragments")]
    TooManyFragments,
    #[error("fragment of no message")]
    Stray,
}

/// Joins the fragments of text messages, which awc hands on as they are. Control frames may come between them
/// (RFC 6455 section 5.4).
#[derive(Debug)]
pub struct Assembler {
    begun: Option<Begun>,
    /// Of a whole message.
    max_bytes: usize,
}

#[derive(Debug, Default)]
struct Begun {
    text: BytesMut,
    fragments: usize,
}

impl Default for Assembler {
    fn default() -> Self {
        Self::of_at_most(MAX_MESSAGE_BYTES)
    }
}

impl Assembler {
    #[must_use]
    pub const fn of_at_most(max_bytes: usize) -> Self {
        Self { begun: None, max_bytes }
    }

    pub fn accept(&mut self, frame: Frame) -> Result<Incoming, BadFrame> {
        match frame {
            Frame::Text(text) => whole(text),
            Frame::Binary(_) => Err(BadFrame::Binary),
            Frame::Continuation(item) => self.join(item),
            Frame::Ping(content) => Ok(Incoming::Ping(content)),
            Frame::Pong(_) => Ok(Incoming::Pong),
            Frame::Close(reason) => Ok(Incoming::Closed(reason)),
        }
    }

    fn join(&mut self, item: Item) -> Result<Incoming, BadFrame> {
        match item {
            Item::FirstText(text) => self.extend(Begun::default(), &text),
            Item::FirstBinary(_) => Err(BadFrame::Binary),
            Item::Continue(text) => {
                let begun = self.begun.take().ok_or(BadFrame::Stray)?;
                self.extend(begun, &text)
            }
            Item::Last(text) => {
                let begun = self.begun.take().ok_or(BadFrame::Stray)?;
                whole(begun.with(&text, self.max_bytes)?.text.freeze())
            }
        }
    }

    fn extend(&mut self, begun: Begun, text: &[u8]) -> Result<Incoming, BadFrame> {
        self.begun = Some(begun.with(text, self.max_bytes)?);
        Ok(Incoming::Part)
    }
}

impl Begun {
    fn with(mut self, text: &[u8], max_bytes: usize) -> Result<Self, BadFrame> {
        if self.fragments == MAX_FRAGMENTS {
            return Err(BadFrame::TooManyFragments);
        }
        if self.text.len() + text.len() > max_bytes {
            return Err(BadFrame::TooLong);
        }
        self.text.extend_from_slice(text);
        self.fragments += 1;
        Ok(self)
    }
}

fn whole(text: Bytes) -> Result<Incoming, BadFrame> {
    ByteString::try_from(text).map(Incoming::Text).map_err(|_| BadFrame::NotUtf8)
}

#[cfg(test)]
mod tests;
