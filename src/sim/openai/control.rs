//! The test's end of the simulator: what it saw, and what it shall do wrong.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::script::{Occasion, Script, ScriptedReply, ScriptedTranscript};
use crate::sim::scenario::ModelFault;

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
    /// All that is in force since then.
    pub config: Value,
    /// Item and `audio_end_ms` of every truncation that was accepted.
    pub truncates: Vec<(String, u64)>,
    /// Milliseconds of audio sent for each item.
    pub sent_ms: BTreeMap<String, u64>,
    pub appended_ms: u64,
    /// Everything that was heard, if it is to be kept.
    pub audio: Vec<u8>,
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
    /// The words understood in every turn of the caller, if any.
    pub understood: Vec<Option<String>>,
    /// When each `speech_started` was sent.
    pub speech_started: Vec<std::time::Instant>,
    /// Every turn that the server heard to its end.
    pub turns: Vec<ModelTurn>,
    /// The simulated call whose audio this is.
    pub call_sid: Option<String>,
    /// Call id and output of every tool result.
    pub tool_outputs: Vec<(String, String)>,
}

/// When the caller was found to have finished, and when the answer began: the model's share of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelTurn {
    pub stopped: std::time::Instant,
    /// Waited for before that.
    pub silence: Duration,
    pub answered: Option<std::time::Instant>,
}

impl ModelTurn {
    /// From the caller's last sound to the first sound sent.
    #[must_use]
    pub fn share(&self) -> Option<Duration> {
        Some(self.silence + self.answered?.saturating_duration_since(self.stopped))
    }
}

/// What every socket is told at once.
#[derive(Clone, Debug)]
pub(super) enum Order {
    Kill,
    Close(u16, String),
    Send(String),
    /// The session expires after so long.
    Expire(Duration),
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
    script: Script,
    keeps_audio: bool,
}

#[derive(Default)]
struct Faults {
    refuse: u32,
    stall: bool,
    mute: bool,
    kill_after_ms: Option<u64>,
    fail: Option<String>,
    late_delta: Option<bool>,
    limit: Option<Duration>,
    limited_until: Option<Duration>,
    refused_updates: u32,
    other_format: Option<String>,
    caps: VecDeque<Duration>,
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

    /// From now on, the reports of sessions have what was heard in them.
    pub fn keep_audio(&self, on: bool) {
        self.state().keeps_audio = on;
    }

    pub(super) fn keeps_audio(&self) -> bool {
        self.state().keeps_audio
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

    /// What the model says from now on.
    pub fn follow(&self, script: Script) {
        self.state().script = script;
    }

    /// The next response, and every one until `reset` is over, fails for its rate.
    pub fn limit_rate(&self, reset: Duration) {
        self.state().faults.limit = Some(reset);
    }

    /// The next `count` configurations are refused.
    pub fn refuse_configurations(&self, count: u32) {
        self.state().faults.refused_updates = count;
    }

    /// `session.updated` shows this output format whatever was asked for.
    pub fn show_format(&self, format: Option<&str>) {
        self.state().faults.other_format = format.map(str::to_owned);
    }

    /// How long the next sessions live, and say that they live; one after the other.
    pub fn cap_sessions(&self, caps: impl IntoIterator<Item = Duration>) {
        self.state().faults.caps.extend(caps);
    }

    /// Every session expires after so long, without having said so.
    pub fn expire(&self, after: Duration) {
        self.order(Order::Expire(after));
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

    /// Goes wrong as a scenario says.
    pub fn fail(&self, fault: &ModelFault) {
        match fault {
            ModelFault::Kill => self.kill_sockets(),
            ModelFault::KillAfterAudio(sent) => self.kill_after_audio(u64::try_from(sent.as_millis()).unwrap_or(u64::MAX)),
            ModelFault::Close(code) => self.close_with(*code, "told to"),
            ModelFault::RefuseConnects(count) => self.refuse_connects(*count),
            ModelFault::Stall(on) => self.stall_connects(*on),
            ModelFault::Mute(on) => self.mute(*on),
            ModelFault::FailNextResponse(code) => self.fail_next_response(code),
            ModelFault::LimitRate(reset) => self.limit_rate(*reset),
            ModelFault::Expire(after) => self.expire(*after),
        }
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

    /// None: within the limits. True: they were exceeded before, and are not yet reset.
    pub(super) fn take_limit(&self, now: Duration) -> Option<bool> {
        let faults = &mut self.state().faults;
        if faults.limited_until.is_some_and(|until| now < until) {
            return Some(true);
        }
        let reset = faults.limit.take()?;
        faults.limited_until = Some(now + reset);
        Some(false)
    }

    pub(super) fn limit_left(&self, now: Duration) -> Option<Duration> {
        self.state().faults.limited_until.filter(|until| now < *until).map(|until| until - now)
    }

    pub(super) fn take_refusal(&self) -> bool {
        let left = &mut self.state().faults.refused_updates;
        let refused = *left > 0;
        *left = left.saturating_sub(1);
        refused
    }

    pub(super) fn other_format(&self) -> Option<String> {
        self.state().faults.other_format.clone()
    }

    pub(super) fn take_cap(&self) -> Option<Duration> {
        self.state().faults.caps.pop_front()
    }

    pub(super) fn take_reply(&self, occasion: &Occasion) -> Option<ScriptedReply> {
        self.state().script.take_reply(occasion)
    }

    pub(super) fn take_transcript(&self, heard: Option<&str>) -> Option<ScriptedTranscript> {
        self.state().script.take_transcript(heard)
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
