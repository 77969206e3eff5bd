//! The test's end of the simulator: what it saw, and what it shall do wrong.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::broadcast;
use tokio::time::Instant;

/// Orders that a socket may lag behind by.
const ORDERS: usize = 64;

/// Something that a correct client never does, or, among the races, cannot help doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Since the simulator started.
    pub at: Duration,
    pub what: String,
}

/// One model session as its server saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionReport {
    /// Since the simulator started.
    pub connected_at: Duration,
    pub ended: Option<Duration>,
    /// The model that the URL named.
    pub model: String,
    /// `session.updated` was sent.
    pub configured: bool,
    /// In force since then.
    pub instructions: String,
    /// Item and `audio_end_ms` of every truncation that was accepted.
    pub truncates: Vec<(String, u64)>,
    /// Milliseconds of audio sent for each item.
    pub sent_ms: BTreeMap<String, u64>,
    pub appended_ms: u64,
    /// How each response ended: `completed`, `cancelled`, `failed`.
    pub responses: Vec<&'static str>,
    /// What each of them was told to have cost.
    pub usages: Vec<Value>,
    /// Role and text of every message that the client created.
    pub seeds: Vec<(String, String)>,
    /// Text of every spoken item, in order, whether or not it was spoken to its end.
    pub spoken: Vec<String>,
    /// The clip recognised in every turn of the caller, if any.
    pub heard: Vec<Option<&'static str>>,
    /// Call id and output of every tool result.
    pub tool_outputs: Vec<(String, String)>,
}

/// What every socket is told at once.
#[derive(Clone, Debug)]
pub(super) enum Order {
    Kill,
    Close(u16, String),
    Send(String),
    /// A fault that the socket must look at has changed.
    Wake,
}

/// Shared by the simulator, its sockets and the test.
#[derive(Clone)]
pub struct OpenAiControl {
    shared: Arc<Shared>,
}

struct Shared {
    started: Instant,
    orders: broadcast::Sender<Order>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    violations: Vec<Violation>,
    races: Vec<Violation>,
    sessions: Vec<SessionReport>,
    connects: usize,
    sockets: usize,
    faults: Faults,
}

#[derive(Default)]
struct Faults {
    refuse: u32,
    stall: bool,
    mute: bool,
    kill_after_ms: Option<u64>,
    fail: Option<String>,
    late_delta: Option<bool>,
}

impl OpenAiControl {
    /// What no correct client does. Empty at the end of a good test.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.state().violations.clone()
    }

    /// Races that were lost: legal, and answered with an error all the same.
    #[must_use]
    pub fn races(&self) -> Vec<Violation> {
        self.state().races.clone()
    }

    /// Every session so far, in the order of connecting.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionReport> {
        self.state().sessions.clone()
    }

    /// TCP connections that were ever made, refused ones included.
    #[must_use]
    pub fn connects(&self) -> usize {
        self.state().connects
    }

    /// TCP connections that are open, stalled ones included.
    #[must_use]
    pub fn open_sockets(&self) -> usize {
        self.state().sockets
    }

    /// Drops every connection without a close frame.
    pub fn kill_sockets(&self) {
        self.order(Order::Kill);
    }

    /// Drops, once, the connection of the first response that has sent so much audio.
    pub fn kill_after_audio(&self, ms: u64) {
        self.state().faults.kill_after_ms = Some(ms);
    }

    /// Closes every connection with this frame.
    pub fn close_with(&self, code: u16, reason: &str) {
        self.order(Order::Close(code, reason.to_owned()));
    }

    /// The next `count` connections are accepted and dropped.
    pub fn refuse_connects(&self, count: u32) {
        self.state().faults.refuse = count;
    }

    /// New connections are accepted, and their handshake is never answered.
    pub fn stall_connects(&self, on: bool) {
        self.state().faults.stall = on;
    }

    /// The next response ends `failed` with this code.
    pub fn fail_next_response(&self, code: &str) {
        self.state().faults.fail = Some(code.to_owned());
    }

    /// Whether a delta follows the end of a cancelled response: always or never. Unset, every other time.
    pub fn late_delta_after_cancel(&self, on: bool) {
        self.state().faults.late_delta = Some(on);
    }

    /// Sockets stay open and answer pings, but no event: what comes meanwhile is lost.
    pub fn mute(&self, on: bool) {
        self.state().faults.mute = on;
        self.order(Order::Wake);
    }

    /// Sends this text to every client as it is.
    pub fn garbage(&self, text: &str) {
        self.order(Order::Send(text.to_owned()));
    }

    fn order(&self, order: Order) {
        // No receiver means no socket: nothing to be told.
        let _ = self.shared.orders.send(order);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenAiControl {
    pub(super) fn new() -> Self {
        let (orders, _) = broadcast::channel(ORDERS);
        Self { shared: Arc::new(Shared { started: Instant::now(), orders, state: Mutex::default() }) }
    }

    pub(super) fn now(&self) -> Duration {
        self.shared.started.elapsed()
    }

    pub(super) fn instant(&self, at: Duration) -> Instant {
        self.shared.started + at
    }

    pub(super) fn orders(&self) -> broadcast::Receiver<Order> {
        self.shared.orders.subscribe()
    }

    pub(super) fn violation(&self, at: Duration, what: String) {
        self.state().violations.push(Violation { at, what });
    }

    pub(super) fn race(&self, at: Duration, what: String) {
        self.state().races.push(Violation { at, what });
    }

    /// The number of a new session.
    pub(super) fn open_session(&self, report: SessionReport) -> usize {
        let mut state = self.state();
        state.sessions.push(report);
        state.sessions.len() - 1
    }

    pub(super) fn note(&self, session: usize, write: impl FnOnce(&mut SessionReport)) {
        if let Some(report) = self.state().sessions.get_mut(session) {
            write(report);
        }
    }

    /// Somebody connects: whether they are refused.
    pub(super) fn take_connect(&self) -> bool {
        let mut state = self.state();
        state.connects += 1;
        let faults = &mut state.faults;
        let refused = faults.refuse > 0;
        faults.refuse = faults.refuse.saturating_sub(1);
        refused
    }

    pub(super) fn stalls(&self) -> bool {
        self.state().faults.stall
    }

    pub(super) fn is_mute(&self) -> bool {
        self.state().faults.mute
    }

    pub(super) fn take_failure(&self) -> Option<String> {
        self.state().faults.fail.take()
    }

    /// Whether the connection of a response that has sent `ms` dies now.
    pub(super) fn take_kill(&self, ms: u64) -> bool {
        self.state().faults.kill_after_ms.take_if(|limit| ms >= *limit).is_some()
    }

    /// Whether the `count`th cancelled response of a session sends a delta too many.
    pub(super) fn sends_late_delta(&self, count: u64) -> bool {
        self.state().faults.late_delta.unwrap_or_else(|| count.is_multiple_of(2))
    }
}

/// One open connection; counted for as long as it lives.
pub(super) struct OpenSocket(OpenAiControl);

impl OpenSocket {
    pub(super) fn new(control: &OpenAiControl) -> Self {
        control.state().sockets += 1;
        Self(control.clone())
    }
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.0.state().sockets -= 1;
    }
}
