//! Carries webhooks to the engine, signed, with Twilio's time limits and its one retry.
//! <https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides>

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::form_urlencoded;

use super::address::Address;
use super::http::{self, Reply};
use super::lock;
use super::signing::{Params, signature};
use crate::sim::random::SplitMix;

/// Longer answers are refused, error 11750.
const LONGEST_ANSWER: usize = 64 * 1024;
/// Between two attempts; Twilio does not say.
const BETWEEN: Duration = Duration::from_millis(100);

/// Why a webhook was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    #[error("11205 connection failure")]
    NoConnection,
    #[error("11200 no answer in time")]
    TooLate,
    #[error("11200 connection broke off")]
    Broken,
    #[error("11750 answer of more than 64 kB")]
    TooLong,
}

/// A webhook to be delivered.
pub struct Webhook {
    pub address: Address,
    pub method: String,
    pub params: Params,
    /// The same for every attempt.
    pub idempotency_token: String,
}

/// Knows some addresses, whatever host a webhook names, and takes any of them each time, as a load balancer does.
pub struct Courier {
    engines: Mutex<Vec<SocketAddr>>,
    turn: AtomicU64,
    auth_token: String,
}

impl Courier {
    #[must_use]
    pub fn new(engine: SocketAddr, auth_token: String) -> Self {
        Self { engines: Mutex::new(vec![engine]), turn: AtomicU64::new(0), auth_token }
    }

    pub fn set_engines(&self, engines: Vec<SocketAddr>) {
        *lock(&self.engines) = engines;
    }

    /// Connects to one of the engines; one that takes nobody is passed over.
    pub async fn connect(&self) -> std::io::Result<TcpStream> {
        let mut engines = lock(&self.engines).clone();
        let mut random = SplitMix::new(self.turn.fetch_add(1, Ordering::Relaxed));
        let first = usize::try_from(random.below(engines.len().max(1) as u64)).unwrap_or_default();
        engines.rotate_left(first);
        let mut refused = std::io::ErrorKind::ConnectionRefused.into();
        for engine in engines {
            match TcpStream::connect(engine).await {
                Ok(stream) => return Ok(stream),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    /// The signature of a form posted to `url`, or of an upgrade or GET of it.
    #[must_use]
    pub fn sign(&self, url: &str, form: &[(String, String)]) -> String {
        signature(&self.auth_token, url, form)
    }

    /// Delivers, and tries again as often as the address allows.
    pub async fn deliver(&self, webhook: &Webhook) -> Result<Reply, Undelivered> {
        let patience = Patience::of(webhook.address.fragment());
        let request = self.request(webhook);
        let mut retries = patience.retries;
        loop {
            let outcome = self.attempt(&request, &patience).await;
            if retries == 0 || !patience.retries_after(&outcome) {
                return outcome;
            }
            retries -= 1;
            tokio::time::sleep(BETWEEN).await;
        }
    }

    fn request(&self, webhook: &Webhook) -> Vec<u8> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&webhook.params).finish();
        let get = webhook.method.eq_ignore_ascii_case("GET");
        let address = if get { webhook.address.with_query(&form) } else { webhook.address.clone() };
        let signed: &[(String, String)] = if get { &[] } else { &webhook.params };
        let signature = self.sign(address.as_str(), signed);
        let mut headers = vec![
            ("Host", address.host()),
            ("User-Agent", "TwilioProxy/1.1"),
            ("Accept", "*/*"),
            ("X-Twilio-Signature", &signature),
            ("I-Twilio-Idempotency-Token", &webhook.idempotency_token),
        ];
        if !get {
            headers.push(("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"));
        }
        let (method, body) = if get { ("GET", "") } else { ("POST", form.as_str()) };
        http::request(method, address.target(), &headers, body)
    }

    async fn attempt(&self, request: &[u8], patience: &Patience) -> Result<Reply, Undelivered> {
        let connected = timeout(patience.connect, self.connect()).await;
        let Ok(Ok(stream)) = connected else { return Err(Undelivered::NoConnection) };
        timeout(patience.total, exchange(stream, request)).await.unwrap_or(Err(Undelivered::TooLate))
    }
}

async fn exchange(mut stream: TcpStream, request: &[u8]) -> Result<Reply, Undelivered> {
    stream.write_all(request).await.map_err(|_| Undelivered::Broken)?;
    let mut bytes = Vec::new();
    loop {
        let read = stream.read_buf(&mut bytes).await.map_err(|_| Undelivered::Broken)?;
        if let Some(reply) = http::reply(&bytes, read == 0).map_err(|_| Undelivered::Broken)? {
            return if reply.body.len() > LONGEST_ANSWER { Err(Undelivered::TooLong) } else { Ok(reply) };
        }
        if bytes.len() > 2 * LONGEST_ANSWER {
            return Err(Undelivered::TooLong);
        }
    }
}

/// How long Twilio waits and how often it retries; a fragment such as `#ct=2000&rc=3&rp=all` overrides.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Patience {
    connect: Duration,
    total: Duration,
    retries: u32,
    policy: String,
}

impl Patience {
    fn of(fragment: &str) -> Self {
        let mut patience = Self { connect: Duration::from_secs(10), total: Duration::from_secs(15), retries: 1, policy: "ct".into() };
        for (name, value) in form_urlencoded::parse(fragment.as_bytes()) {
            let ms = || value.parse().map(Duration::from_millis);
            match name.as_ref() {
                "ct" => patience.connect = ms().unwrap_or(patience.connect).min(Duration::from_secs(10)),
                "rt" | "tt" => patience.total = ms().unwrap_or(patience.total).min(patience.total),
                "rc" => patience.retries = value.parse().unwrap_or(patience.retries).min(5),
                "rp" => patience.policy = value.into_owned(),
                _ => {}
            }
        }
        patience
    }

    fn retries_after(&self, outcome: &Result<Reply, Undelivered>) -> bool {
        let cause = match outcome {
            Ok(reply) if reply.status >= 500 => "5xx",
            Ok(reply) if reply.status >= 400 => "4xx",
            Ok(_) | Err(Undelivered::TooLong) => return false,
            Err(Undelivered::NoConnection) => "ct",
            Err(Undelivered::TooLate | Undelivered::Broken) => "rt",
        };
        self.policy.split(',').any(|policy| policy == cause || policy == "all")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16) -> Result<Reply, Undelivered> {
        Ok(Reply { status, content_type: String::new(), body: Vec::new() })
    }

    #[test]
    fn one_retry_after_a_failed_connection_is_the_default() {
        let patience = Patience::of("");

        assert_eq!(patience.retries, 1);
        assert!(patience.retries_after(&Err(Undelivered::NoConnection)));
        assert!(!patience.retries_after(&Err(Undelivered::TooLate)));
        assert!(!patience.retries_after(&reply(503)));
    }

    #[test]
    fn a_fragment_overrides_within_twilios_bounds() {
        let patience = Patience::of("ct=2000&rt=5000&rc=9&rp=rt,5xx");

        assert_eq!((patience.connect, patience.total), (Duration::from_secs(2), Duration::from_secs(5)));
        assert_eq!(patience.retries, 5);
        assert!(patience.retries_after(&reply(503)));
        assert!(!patience.retries_after(&reply(404)));
        assert!(Patience::of("rp=all").retries_after(&reply(404)));
    }
}
