//! A web server of the business, which an assistant's tools ask: it knows what it will be asked, and in which order.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::verdict::Verdict;

/// A request that is expected, and what comes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Those that must be there; names in small letters.
    pub headers: BTreeMap<String, String>,
    /// None for a request without one.
    pub body: Option<Value>,
    pub reaction: Reaction,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Reaction {
    Answer {
        after: Duration,
        status: u16,
        body: Value,
    },
    /// The request is read, and that is all.
    Silence,
}

/// A running server; it stops, and drops every connection, when it is dropped.
pub struct FakeBusiness {
    address: SocketAddr,
    book: Arc<Mutex<Book>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Book {
    expected: VecDeque<Visit>,
    violations: Vec<String>,
}

/// A request as it came.
struct Asked {
    method: String,
    target: String,
    headers: BTreeMap<String, String>,
    body: String,
}

impl FakeBusiness {
    /// Listens on a free port of 127.0.0.1.
    pub fn start(expected: impl IntoIterator<Item = Visit>) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            TcpListener::from_std(listener)?
        };
        let book = Arc::new(Mutex::new(Book { expected: expected.into_iter().collect(), violations: Vec::new() }));
        let (shared, (stop, stopped)) = (Arc::clone(&book), oneshot::channel());
        let serve = move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = serve(&listener, address, &shared) => {}
                }
            });
        };
        let thread = Builder::new().name("fake-business".to_owned()).spawn(serve)?;
        Ok(Self { address, book, stop: Some(stop), thread: Some(thread) })
    }

    /// `http://127.0.0.1:PORT`
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds what was asked otherwise than expected, and what was never asked.
    pub fn judge(&self, verdict: &mut Verdict) {
        let book = lock(&self.book);
        book.violations.iter().for_each(|what| verdict.violate(format_args!("business: {what}")));
        for Visit { method, target, .. } in &book.expected {
            verdict.fail(format_args!("business: {method} {target} was never asked"));
        }
    }
}

impl Drop for FakeBusiness {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // A panic of the simulator was already reported by its thread.
            let _ = thread.join();
        }
    }
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: &TcpListener, address: SocketAddr, book: &Arc<Mutex<Book>>) {
    let mut visits = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                visits.spawn(attend(stream, address, Arc::clone(book)));
            },
            Some(_) = visits.join_next() => {}
        }
    }
}

/// One request on each connection.
async fn attend(mut stream: TcpStream, address: SocketAddr, book: Arc<Mutex<Book>>) {
    let asked = match read(&mut stream).await {
        Ok(asked) => asked,
        Err(why) => return lock(&book).violations.push(why.to_owned()),
    };
    let reaction = lock(&book).receive(&asked, address);
    let (status, body) = match reaction {
        Ok(Reaction::Answer { after, status, body }) => {
            tokio::time::sleep(after).await;
            (status, body)
        }
        Ok(Reaction::Silence) => std::future::pending().await,
        Err(why) => (400, Value::String(why)),
    };
    let body = body.to_string();
    let head = format!("HTTP/1.1 {status} Told\r\ncontent-type: application/json\r\ncontent-length: {}\r\n", body.len());
    // Who has not the patience for the answer has gone.
    let _ = stream.write_all(format!("{head}connection: close\r\n\r\n{body}").as_bytes()).await;
}

impl Book {
    /// What is to be done, or what is wrong with the request.
    fn receive(&mut self, asked: &Asked, address: SocketAddr) -> Result<Reaction, String> {
        let expected = self.expected.pop_front();
        let outcome = match expected {
            Some(visit) => asked.fault(&visit, address).map_or(Ok(visit.reaction), Err),
            None => Err(format!("{} {} was not expected", asked.method, asked.target)),
        };
        if let Err(why) = &outcome {
            self.violations.push(why.clone());
        }
        outcome
    }
}

impl Asked {
    fn fault(&self, visit: &Visit, address: SocketAddr) -> Option<String> {
        let Self { method, target, .. } = self;
        if (method, target) != (&visit.method, &visit.target) {
            return Some(format!("{method} {target} instead of {} {}", visit.method, visit.target));
        }
        if self.header("host") != address.to_string() {
            return Some(format!("{method} {target} is for another host: {:?}", self.header("host")));
        }
        if let Some((name, _)) = visit.headers.iter().find(|(name, value)| self.header(name) != value.as_str()) {
            return Some(format!("{method} {target} has not the {name} that it should have"));
        }
        match (&visit.body, serde_json::from_str::<Value>(&self.body)) {
            (None, _) if self.body.is_empty() => None,
            (Some(_), _) if self.header("content-type") != "application/json" => {
                Some(format!("{method} {target} does not say that it is json"))
            }
            (Some(wanted), Ok(found)) if *wanted == found => None,
            (wanted, _) => Some(format!("{method} {target} with the body {:?} instead of {wanted:?}", self.body)),
        }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// RFC 9112, of a client that says how long its body is.
async fn read(stream: &mut TcpStream) -> Result<Asked, &'static str> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return Err("a request that breaks off");
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| "a request that is not text")?;
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let mut asked = headed(head)?;
        let length = match asked.header("content-length") {
            "" => 0,
            digits => digits.parse().map_err(|_| "a content-length that is no number")?,
        };
        if body.len() > length {
            return Err("a request that is longer than it says");
        }
        if body.len() == length {
            body.clone_into(&mut asked.body);
            return Ok(asked);
        }
    }
}

fn headed(head: &str) -> Result<Asked, &'static str> {
    let (line, fields) = head.split_once("\r\n").unwrap_or((head, ""));
    let [method, target, "HTTP/1.1"] = line.split(' ').collect::<Vec<_>>()[..] else { return Err("a request line that is none") };
    let mut headers = BTreeMap::new();
    for field in fields.split("\r\n").filter(|field| !field.is_empty()) {
        let (name, value) = field.split_once(':').ok_or("a header that is none")?;
        if headers.insert(name.to_ascii_lowercase(), value.trim().to_owned()).is_some() {
            return Err("a header that is there twice");
        }
    }
    Ok(Asked { method: method.to_owned(), target: target.to_owned(), headers, body: String::new() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sim::client::ApiClient;

    fn booking(body: Option<Value>) -> Visit {
        let reaction = Reaction::Answer { after: Duration::ZERO, status: 201, body: json!({ "number": 7 }) };
        let headers = BTreeMap::from([("authorization".to_owned(), "Bearer s3cret".to_owned())]);
        Visit { method: "POST".into(), target: "/days/mon".into(), headers, body, reaction }
    }

    fn verdict(business: &FakeBusiness) -> String {
        let mut verdict = Verdict::default();
        business.judge(&mut verdict);
        verdict.to_string()
    }

    #[tokio::test]
    async fn what_is_expected_is_answered_and_what_never_came_is_told() {
        let later = Visit { target: "/days/tue".into(), ..booking(None) };
        let business = FakeBusiness::start([booking(Some(json!({ "name": "Ann" }))), later]).expect("a port");

        let answer =
            ApiClient::new(business.address).with_key("s3cret").post("/days/mon", &json!({ "name": "Ann" })).await.expect("answered");

        assert_eq!((answer.status, answer.body), (201, json!({ "number": 7 })));
        assert_eq!(verdict(&business), "failed\n  failure: business: POST /days/tue was never asked");
    }

    #[tokio::test]
    async fn anything_else_is_refused_and_kept() {
        let body = json!({ "name": "Ann" });
        for (key, path, said, part) in [
            ("other", "/days/mon", &body, "has not the authorization"),
            ("s3cret", "/days/sun", &body, "instead of POST /days/mon"),
            ("s3cret", "/days/mon", &json!({}), "with the body"),
        ] {
            let business = FakeBusiness::start([booking(Some(body.clone()))]).expect("a port");

            let answer = ApiClient::new(business.address).with_key(key).post(path, said).await.expect("answered");

            assert_eq!(answer.status, 400);
            assert!(verdict(&business).contains(part), "{}", verdict(&business));
        }
    }

    #[tokio::test]
    async fn who_was_not_expected_at_all_is_told() {
        let business = FakeBusiness::start([]).expect("a port");
        assert_eq!(verdict(&business), "passed");

        let answer = ApiClient::new(business.address).get("/").await.expect("answered");

        assert_eq!(answer.status, 400);
        assert_eq!(verdict(&business), "failed\n  violation: business: GET / was not expected");
    }
}
