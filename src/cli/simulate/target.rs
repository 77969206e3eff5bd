//! The engine under load, as its API shows it.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use crate::sim::client::{ApiAnswer, ApiClient};

const CONNECT: Duration = Duration::from_secs(3);
/// Records come home within seconds, and slots within a lease.
pub const SETTLE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(100);

/// Why there is nobody to load.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    #[error("`{0}` is not the address of an instance: write http://HOST:PORT")]
    Address(String),
    #[error("the simulators speak plain http: name the instance itself, not the https door before it")]
    Secure,
    #[error("nothing answers at {url} ({error}): start it first, with the variables that --print-env prints")]
    Unreachable { url: String, error: std::io::Error },
    #[error("{url}/health answered {status}, and not as alpha-call does")]
    Stranger { url: String, status: u16 },
    #[error("the target takes no calls now: {0}")]
    Unwell(String),
    #[error("the target lets nobody read its records without a key: set API_KEYS as it is set there")]
    KeyRefused,
    #[error("the target has room for {room} more {what}, not for {calls}: start it with {variable}={wanted}, or pass --calls {room}")]
    NoRoom { what: &'static str, variable: &'static str, room: u64, calls: u32, wanted: u64 },
}

/// An engine's address, and how to ask it.
#[derive(Debug)]
pub struct Target {
    /// None for the engine in this process.
    url: Option<String>,
    addr: SocketAddr,
    api: ApiClient,
}

/// What `/health` says of slots: taken, and allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vitals {
    calls: Slots,
    models: Slots,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slots {
    active: u64,
    limit: u64,
}

impl Target {
    /// The engine in this process.
    #[must_use]
    pub const fn own(addr: SocketAddr) -> Self {
        Self { url: None, addr, api: ApiClient::new(addr) }
    }

    /// Looks `url` up, and whether anybody listens there.
    pub async fn find(url: &str, api_keys: Option<&str>) -> Result<Self, TargetError> {
        let (host, port) = place(url)?;
        let unreachable = |error| TargetError::Unreachable { url: url.to_owned(), error };
        let found = lookup_host((host.as_str(), port)).await.map_err(unreachable)?;
        let mut refused = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
        for addr in found {
            match timeout(CONNECT, TcpStream::connect(addr)).await.unwrap_or_else(|late| Err(late.into())) {
                Ok(_) => return Ok(Self { url: Some(url.to_owned()), addr, api: client(addr, first_key(api_keys)) }),
                Err(error) => refused = error,
            }
        }
        Err(unreachable(refused))
    }

    #[must_use]
    pub fn name(&self) -> &str {
        self.url.as_deref().unwrap_or("this process")
    }

    /// Name and address.
    #[must_use]
    pub fn place(&self) -> String {
        self.url.clone().unwrap_or_else(|| format!("in this process, http://{}", self.addr))
    }

    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub async fn vitals(&self) -> Result<Vitals, TargetError> {
        let unreachable = |error| TargetError::Unreachable { url: self.name().to_owned(), error };
        let answer = self.api.get("/health").await.map_err(unreachable)?;
        vitals(&answer)
            .ok_or_else(|| TargetError::Stranger { url: self.name().to_owned(), status: answer.status })
            .and_then(|vitals| ready(&answer).map(|()| vitals))
    }

    /// Whether so many calls find a slot, and their records a reader.
    pub async fn accepts(&self, calls: u32, vitals: &Vitals) -> Result<(), TargetError> {
        room(calls, vitals.calls, "calls", "MAX_CONCURRENT_CALLS")?;
        room(calls, vitals.models, "model connections", "MAX_OPENAI_CONNECTIONS")?;
        let unreachable = |error| TargetError::Unreachable { url: self.name().to_owned(), error };
        let answer = self.api.get("/api/call-history?limit=1").await.map_err(unreachable)?;
        if answer.status == 401 { Err(TargetError::KeyRefused) } else { Ok(()) }
    }

    /// By the record of a call, how long each interrupted answer was heard; asked until there are `cuts`, or until `patience` ends.
    pub async fn heard(&self, call_sid: &str, cuts: usize, patience: Instant) -> Result<Vec<u64>, String> {
        let path = format!("/api/call/{call_sid}/conversation");
        loop {
            let answer = self.api.get(&path).await.map_err(|error| format!("no record could be read: {error}"))?;
            let heard = heard(&answer.body);
            if heard.len() >= cuts || Instant::now() >= patience {
                return if answer.status == 200 { Ok(heard) } else { Err(format!("no record: status {}", answer.status)) };
            }
            sleep(LOOK).await;
        }
    }

    /// Slots that are still taken, of those that were free `before`.
    pub async fn left_over(&self, before: &Vitals) -> Vec<String> {
        let patience = Instant::now() + SETTLE;
        loop {
            let Ok(after) = self.vitals().await else { return vec!["/health does not answer any more, or not well".to_owned()] };
            let left = still_taken(before, &after);
            if left.is_empty() || Instant::now() >= patience {
                return left;
            }
            sleep(LOOK).await;
        }
    }
}

/// Host and port of a plain address.
fn place(url: &str) -> Result<(String, u16), TargetError> {
    let strange = || TargetError::Address(url.to_owned());
    let parsed = Url::parse(url).map_err(|_| strange())?;
    if parsed.scheme() == "https" {
        return Err(TargetError::Secure);
    }
    let host = parsed.host_str().map(|host| host.trim_matches(['[', ']']).to_owned());
    let plain = parsed.scheme() == "http" && parsed.path() == "/" && parsed.query().is_none() && parsed.username().is_empty();
    host.zip(parsed.port_or_known_default()).filter(|_| plain).ok_or_else(strange)
}

fn client(addr: SocketAddr, key: Option<&str>) -> ApiClient {
    let client = ApiClient::new(addr);
    match key {
        Some(key) => client.with_key(key),
        None => client,
    }
}

fn first_key(api_keys: Option<&str>) -> Option<&str> {
    api_keys?.split(',').map(str::trim).find(|key| !key.is_empty())
}

fn vitals(answer: &ApiAnswer) -> Option<Vitals> {
    let slots = |name: &str| {
        let slots = answer.body.get(name)?;
        Some(Slots { active: slots.get("active")?.as_u64()?, limit: slots.get("limit")?.as_u64()? })
    };
    Some(Vitals { calls: slots("calls")?, models: slots("model_connections")? })
}

fn ready(answer: &ApiAnswer) -> Result<(), TargetError> {
    if answer.body.get("draining").and_then(Value::as_bool) == Some(true) {
        return Err(TargetError::Unwell("it is draining".to_owned()));
    }
    if answer.status == 200 { Ok(()) } else { Err(TargetError::Unwell("its database is away".to_owned())) }
}

const fn room(calls: u32, slots: Slots, what: &'static str, variable: &'static str) -> Result<(), TargetError> {
    let (room, wanted) = (slots.limit.saturating_sub(slots.active), slots.active + calls as u64);
    if room >= calls as u64 { Ok(()) } else { Err(TargetError::NoRoom { what, variable, room, calls, wanted }) }
}

/// In the order of the call.
fn heard(conversation: &Value) -> Vec<u64> {
    let turns = conversation.get("turns").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is =
        |turn: &&Value| turn.get("speaker").and_then(Value::as_str) == Some("ai") && turn.get("interrupted") == Some(&Value::Bool(true));
    turns.iter().filter(is).filter_map(|turn| turn.get("heard_ms")?.as_u64()).collect()
}

fn still_taken(before: &Vitals, after: &Vitals) -> Vec<String> {
    let more = |name, before: Slots, after: Slots| {
        let left = after.active.saturating_sub(before.active);
        (left > 0).then(|| format!("{name} still taken {} s after the last call: {left}", SETTLE.as_secs()))
    };
    [more("call slots", before.calls, after.calls), more("model slots", before.models, after.models)].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: Value) -> ApiAnswer {
        ApiAnswer { status, content_type: "application/json".into(), body }
    }

    fn slots(active: u64, limit: u64) -> Slots {
        Slots { active, limit }
    }

    #[test]
    fn a_target_is_a_plain_host_and_port() {
        assert_eq!(place("http://127.0.0.1:8080").expect("an address"), ("127.0.0.1".into(), 8080));
        assert_eq!(place("http://[::1]:8080/").expect("an address"), ("::1".into(), 8080));
        assert_eq!(place("http://alpha").expect("an address"), ("alpha".into(), 80));
    }

    #[test]
    fn anything_else_is_refused_with_the_way_out() {
        for url in ["127.0.0.1:8080", "ws://127.0.0.1:8080", "http://127.0.0.1:8080/health", "", "http://a@127.0.0.1"] {
            let refused = place(url).expect_err(url).to_string();
            assert!(refused.contains("http://HOST:PORT"), "{url}: {refused}");
        }
        assert!(place("https://voice.example.com").expect_err("https").to_string().contains("plain http"));
    }

    #[tokio::test]
    async fn a_target_that_nobody_listens_at_is_said_at_once() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").port();

        let refused = Target::find(&format!("http://127.0.0.1:{port}"), None).await.expect_err("nobody listens");

        assert!(refused.to_string().contains("start it first"), "{refused}");
    }

    #[test]
    fn too_many_calls_are_refused_with_the_limit_that_would_do() {
        assert!(room(5, slots(5, 10), "calls", "MAX").is_ok());

        let refused = room(6, slots(5, 10), "calls", "MAX").expect_err("no room").to_string();

        assert!(refused.contains("room for 5 more calls") && refused.contains("MAX=11"), "{refused}");
    }

    #[test]
    fn health_is_read_and_a_stranger_is_known_by_its_answer() {
        let body = json!({ "calls": { "active": 1, "limit": 10 }, "model_connections": { "active": 2, "limit": 20 }, "draining": false });

        assert_eq!(vitals(&answer(200, body.clone())), Some(Vitals { calls: slots(1, 10), models: slots(2, 20) }));
        assert_eq!(vitals(&answer(200, json!({ "status": "ok" }))), None);
        assert!(ready(&answer(200, body.clone())).is_ok());
        assert!(ready(&answer(503, body)).expect_err("unwell").to_string().contains("database"));
        assert!(ready(&answer(503, json!({ "draining": true }))).expect_err("unwell").to_string().contains("draining"));
    }

    #[test]
    fn only_the_agents_interrupted_turns_count() {
        let turn = |speaker: &str, interrupted: bool, heard_ms: u64| json!({ "speaker": speaker, "interrupted": interrupted, "heard_ms": heard_ms });
        let turns = [turn("ai", false, 4_000), turn("user", true, 1), turn("ai", true, 2_580), turn("ai", true, 900)];

        assert_eq!(heard(&json!({ "turns": turns })), [2_580, 900]);
        assert_eq!(heard(&Value::String("not found".into())), [0_u64; 0]);
    }

    #[test]
    fn slots_taken_before_are_nobodys_leftovers() {
        let before = Vitals { calls: slots(3, 10), models: slots(3, 20) };
        let after = Vitals { calls: slots(2, 10), models: slots(4, 20) };

        assert_eq!(still_taken(&before, &before), [""; 0]);
        assert_eq!(still_taken(&before, &after), ["model slots still taken 10 s after the last call: 1"]);
    }

    #[test]
    fn the_first_key_is_shown() {
        assert_eq!(first_key(Some(" one, two")), Some("one"));
        assert_eq!(first_key(Some(" ,")), None);
        assert_eq!(first_key(None), None);
    }
}
