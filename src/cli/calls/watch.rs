//! A connection to the events that is made again whenever it ends.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use tokio::time::{sleep, timeout};

use super::api::{Api, Body};
use super::frames::{Frame, FrameReader};
use super::trouble::Trouble;
use crate::cli::screen::complain;

/// A comment comes every 15 s: after three times as long, the connection is dead.
const SILENCE: Duration = Duration::from_secs(45);
/// A connection that held so long is asked for again at once: the instance ends each after ten minutes.
const LONG: Duration = Duration::from_secs(10);
const PAUSES: [u64; 6] = [1, 2, 4, 8, 16, 30];

/// What there is for whoever watches.
#[derive(Debug)]
pub enum Watched {
    /// From now on; what was before has to be read.
    Opened,
    /// As before, without a gap.
    Reopened,
    /// The instance does not know any more what came since.
    Missed,
    Event(Frame),
}

pub struct Watch<'a> {
    api: &'a Api,
    /// By our id.
    call: Option<String>,
    open: Option<Open>,
    last: Option<String>,
    /// It was open once.
    is_known: bool,
    failures: usize,
}

struct Open {
    body: Body,
    frames: FrameReader,
    since: Instant,
}

impl<'a> Watch<'a> {
    #[must_use]
    pub const fn new(api: &'a Api, call: Option<String>) -> Self {
        Self { api, call, open: None, last: None, is_known: false, failures: 0 }
    }

    /// Waits as long as it takes. An error is final, or was met before anything was told.
    pub async fn next(&mut self) -> Result<Watched, Trouble> {
        loop {
            let Some(open) = &mut self.open else { return self.connect().await };
            match open.next().await {
                // A place to go on from, and nothing else.
                Some(frame) if frame.text.is_empty() => self.last = frame.id,
                Some(frame) => return Ok(self.heard(frame)),
                None => self.ended().await,
            }
        }
    }

    /// After trouble that passes, from the same place on.
    pub async fn retry(&mut self, trouble: &Trouble) {
        self.open = None;
        self.wait(trouble.summary().as_str(), trouble.retry_after()).await;
    }

    fn heard(&mut self, frame: Frame) -> Watched {
        self.failures = 0;
        if frame.kind == "reset" {
            self.last = None;
            return Watched::Missed;
        }
        if frame.id.is_some() {
            self.last.clone_from(&frame.id);
        }
        Watched::Event(frame)
    }

    async fn connect(&mut self) -> Result<Watched, Trouble> {
        let query: Vec<_> = self.call.iter().map(|call| ("call", call.clone())).collect();
        loop {
            match self.api.events(&query, self.last.as_deref()).await {
                Ok(body) => return Ok(self.opened(body)),
                Err(trouble) if self.is_known && trouble.is_passing() => self.retry(&trouble).await,
                Err(trouble) => return Err(trouble),
            }
        }
    }

    fn opened(&mut self, body: Body) -> Watched {
        self.open = Some(Open { body, frames: FrameReader::default(), since: Instant::now() });
        self.is_known = true;
        if self.last.is_some() { Watched::Reopened } else { Watched::Opened }
    }

    async fn ended(&mut self) {
        let held = self.open.take().is_some_and(|open| open.since.elapsed() >= LONG);
        if !held {
            self.wait("the connection ended", None).await;
        }
    }

    async fn wait(&mut self, why: &str, at_least: Option<u64>) {
        let pause = PAUSES.get(self.failures).or(PAUSES.last()).copied().unwrap_or(1).max(at_least.unwrap_or(0).min(300));
        self.failures += 1;
        complain(&format!("{why}; asking again in {pause} s"));
        sleep(Duration::from_secs(pause)).await;
    }
}

impl Open {
    /// None when the connection has ended, or might as well have.
    async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.frames.next() {
                return Some(frame);
            }
            let bytes = timeout(SILENCE, self.body.next()).await.ok()??.ok()?;
            self.frames.push(&bytes);
        }
    }
}
