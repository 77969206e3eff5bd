//! A receiver of webhooks: it believes nobody whose signature is not right, and does with each letter what it was told to.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::house::eventually;

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[derive(Clone, Debug)]
pub enum Reaction {
    /// A status, and more headers, each with its end of line.
    Answer(u16, String),
    /// It keeps the connection, and says nothing.
    Silence,
}

#[derive(Clone, Debug)]
pub struct Letter {
    pub target: String,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
}

pub struct Receiver {
    pub address: SocketAddr,
    book: Arc<Mutex<Book>>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Book {
    letters: Vec<Letter>,
    reactions: VecDeque<Reaction>,
}

impl Receiver {
    /// Does this with the first letters; the others are taken.
    pub async fn start(reactions: impl IntoIterator<Item = Reaction>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let book = Arc::new(Mutex::new(Book { reactions: reactions.into_iter().collect(), ..Book::default() }));
        let serving = tokio::spawn(serve(listener, Arc::clone(&book)));
        Self { address, book, serving }
    }

    pub fn url(&self) -> String {
        format!("http://{}/calls?key=1", self.address)
    }

    pub fn letters(&self) -> Vec<Letter> {
        self.book.lock().expect("a book").letters.clone()
    }

    /// The types of what came, in the order in which it came.
    pub fn kinds(&self) -> Vec<String> {
        self.letters().iter().map(Letter::kind).collect()
    }

    /// Everything that came, once so many letters have.
    pub async fn after(&self, count: usize) -> Vec<Letter> {
        eventually("the receiver is told", async || {
            Some(self.letters()).filter(|all| all.len() >= count).ok_or_else(|| self.kinds().join(" "))
        })
        .await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Letter {
    pub fn kind(&self) -> String {
        self.body["type"].as_str().unwrap_or("none").to_owned()
    }

    pub fn id(&self) -> &str {
        self.headers["webhook-id"].to_str().expect("text")
    }

    pub fn is_signed_with(&self, secret: &str) -> bool {
        Webhook::new(secret).expect("a secret").verify(self.text.as_bytes(), &self.headers).is_ok()
    }
}

async fn serve(listener: TcpListener, book: Arc<Mutex<Book>>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(attend(stream, Arc::clone(&book)));
    }
}

async fn attend(mut stream: TcpStream, book: Arc<Mutex<Book>>) {
    let letter = read(&mut stream).await;
    let reaction = {
        let mut book = book.lock().expect("a book");
        book.letters.push(letter);
        book.reactions.pop_front().unwrap_or(Reaction::Answer(204, String::new()))
    };
    match reaction {
        Reaction::Silence => std::future::pending().await,
        Reaction::Answer(status, headers) => {
            let answer = format!("HTTP/1.1 {status} Told\r\ncontent-length: 0\r\nconnection: close\r\n{headers}\r\n");
            // Who has not the patience for the answer has gone.
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Letter {
    let mut bytes = Vec::new();
    loop {
        if let Some(letter) = whole(std::str::from_utf8(&bytes).unwrap_or_default()) {
            return letter;
        }
        assert_ne!(stream.read_buf(&mut bytes).await.expect("readable"), 0, "a letter is cut off");
    }
}

fn whole(text: &str) -> Option<Letter> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let target = lines.next()?.strip_prefix("POST ")?.split(' ').next()?.to_owned();
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").expect("a header");
        (name.parse::<HeaderName>().expect("a name"), value.parse::<HeaderValue>().expect("a value"))
    };
    let headers: HeaderMap = lines.map(header).collect();
    let length: usize = headers["content-length"].to_str().ok()?.parse().ok()?;
    let body = body.get(..length)?;
    Some(Letter { target, headers, text: body.to_owned(), body: serde_json::from_str(body).expect("json") })
}
