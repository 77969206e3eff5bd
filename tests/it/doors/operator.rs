//! Twilio played by hand: requests signed as Twilio signs them, streams that say whatever a test wants.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use alpha_call::sim::stage::{CALLER, OUR_NUMBER, Stage};
use alpha_call::sim::twilio::signature;
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use url::form_urlencoded;

use super::http::{Answer, Request, ask};
use super::stream::Stream;
use super::twiml::Twiml;
use crate::house::House;

pub type Form = Vec<(String, String)>;

#[derive(Clone)]
pub struct Operator {
    pub engine: SocketAddr,
    account: String,
    token: String,
    domain: String,
}

/// A call that was promised a stream.
#[derive(Clone, Debug)]
pub struct Line {
    pub sid: String,
    /// Our name for it.
    pub call: String,
    /// `/media-stream/…`
    pub stream: String,
    /// `/twilio/resume/…`
    pub resume: String,
}

impl Operator {
    pub fn of(house: &House) -> Self {
        Self::at(&house.stage, house.addr())
    }

    /// Of an engine that serves here.
    pub fn at(stage: &Stage, engine: SocketAddr) -> Self {
        let variables = stage.environment();
        let variable = |name: &str| variables.get(name).unwrap_or_else(|| panic!("{name} is not set")).clone();
        Self { engine, account: variable("TWILIO_ACCOUNT_SID"), token: variable("TWILIO_AUTH_TOKEN"), domain: variable("DOMAIN") }
    }

    /// Who signs with another token.
    pub fn with_token(self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self }
    }

    /// What Twilio says of a call that nobody has answered yet.
    pub fn form(&self, sid: &str) -> Form {
        let fields = [
            ("AccountSid", self.account.as_str()),
            ("ApiVersion", "2010-04-01"),
            ("CallSid", sid),
            ("CallStatus", "ringing"),
            ("Direction", "inbound"),
            ("From", CALLER),
            ("FromCity", ""),
            ("To", OUR_NUMBER),
        ];
        fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    pub fn sign(&self, scheme: &str, target: &str, form: &[(String, String)]) -> String {
        signature(&self.token, &format!("{scheme}://{}{target}", self.domain), form)
    }

    pub async fn post(&self, path: &str, form: &[(String, String)]) -> Answer {
        unsigned(path, form).with("X-Twilio-Signature", &self.sign("https", path, form)).to(self.engine).await
    }

    pub async fn get(&self, path: &str, form: &[(String, String)]) -> Answer {
        let target = format!("{path}?{}", encoded(form));
        ask("GET", &target).with("X-Twilio-Signature", &self.sign("https", &target, &[])).to(self.engine).await
    }

    /// Somebody calls; the engine promises a stream.
    pub async fn ring(&self) -> Line {
        let sid = fresh_sid("CA");
        let answer = self.post("/incoming-call", &self.form(&sid)).await;
        self.line(&sid, &answer)
    }

    /// Asks what comes after a stream; the engine promises another.
    pub async fn ask_next(&self, line: &Line) -> Line {
        let answer = self.post(&line.resume, &self.form(&line.sid)).await;
        self.line(&line.sid, &answer)
    }

    pub fn line(&self, sid: &str, answer: &Answer) -> Line {
        let (stream, action) = Twiml::of(answer).connect();
        let path = |url: &str, scheme: &str| {
            let path = url.strip_prefix(&format!("{scheme}://{}", self.domain));
            path.unwrap_or_else(|| panic!("not at our address: {url}")).to_owned()
        };
        let resume = path(&action, "https");
        let call = resume.split('/').nth(3).unwrap_or_else(|| panic!("no call in {resume}")).to_owned();
        Line { sid: sid.to_owned(), call, stream: path(&stream, "wss"), resume }
    }

    /// The caller has hung up, and no stream says so.
    pub async fn hang_up(&self, line: &Line) {
        assert_eq!(self.status(line, "completed", 3).await.status, 204);
    }

    pub async fn status(&self, line: &Line, word: &str, sequence: u32) -> Answer {
        let mut form = self.form(&line.sid);
        form.retain(|(name, _)| name != "CallStatus");
        form.extend([("CallStatus".to_owned(), word.to_owned()), ("SequenceNumber".to_owned(), sequence.to_string())]);
        self.post(&format!("/twilio/status/{}", line.call), &form).await
    }

    /// The stream of a line, or the status that came instead of 101.
    pub async fn open(&self, line: &Line) -> Result<Stream, u16> {
        self.upgrade(line, &line.stream, &self.sign("wss", &line.stream, &[])).await
    }

    pub async fn upgrade(&self, line: &Line, target: &str, signature: &str) -> Result<Stream, u16> {
        let mut request = format!("ws://{}{target}", self.engine).into_client_request().expect("a request");
        request.headers_mut().insert("X-Twilio-Signature", signature.parse().expect("a header"));
        let tcp = TcpStream::connect(self.engine).await.expect("it listens");
        tcp.set_nodelay(true).expect("no delay");
        match client_async(request, tcp).await {
            Ok((socket, _)) => Ok(Stream::new(socket, &self.account, &line.sid)),
            Err(Error::Http(answer)) => {
                let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
                assert_eq!((header("content-type"), header("x-request-id").len()), ("application/problem+json", 36), "{answer:?}");
                Err(answer.status().as_u16())
            }
            Err(error) => panic!("no http: {error}"),
        }
    }
}

/// A form, yet to be signed or not.
pub fn unsigned(path: &str, form: &[(String, String)]) -> Request {
    ask("POST", path).with("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8").body(encoded(form))
}

fn encoded(form: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

/// Unlike those of the simulators, which have 16 digits of randomness in each half.
pub fn fresh_sid(prefix: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{prefix}{:032x}", NEXT.fetch_add(1, Ordering::Relaxed))
}
