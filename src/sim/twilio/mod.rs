//! A fake Twilio: REST API, webhooks, TwiML and media streams, on loopback and on the clock.
//!
//! It plays audio at 8 bytes a millisecond, so what a caller really heard can be measured against it.

mod address;
mod call;
mod callbacks;
mod caller;
mod changes;
mod courier;
mod create;
mod ear;
mod exchange;
mod follow;
mod hearing;
mod hooks;
pub(super) mod http;
mod line;
mod network;
mod playback;
mod report;
mod rest;
mod signing;
mod stream;
mod switchboard;
#[cfg(test)]
mod tests;
mod twiml;
mod upgrade;
mod wire;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

pub use address::InvalidAddress;
pub use callbacks::CallbackAnswer;
pub use caller::ScriptFailure;
pub use ear::{Ear, Gap, Tone, Understood, Words};
pub use exchange::{Answer, Detected, FakeTwilioSettings, Violation};
pub use hearing::{LOUD, TALK_GAP};
pub use hooks::{CreateFate, Hooks};
pub use network::Network;
pub use report::{CallReport, Cut, DialOutcome, Happening, HungUpBy, Outcome, Status, StreamReport, TimelineEvent};
pub use signing::signature;
pub use twiml::Dial;

use crate::sim::scenario::CallerScript;
use crate::sim::verdict::Verdict;
use exchange::Exchange;
use line::Line;
use switchboard::Switchboard;

/// Somebody who calls the engine's number.
#[derive(Clone)]
pub struct CallIn {
    /// A number, or what else Twilio may say: `anonymous`, `client:ann`.
    pub from: String,
    pub script: CallerScript,
}

/// A running fake Twilio; dropping it ends it, and every call on it.
pub struct FakeTwilio {
    address: SocketAddr,
    switchboard: Arc<Switchboard>,
    threads: Vec<(oneshot::Sender<()>, JoinHandle<io::Result<()>>)>,
}

/// One call, to be watched and waited for.
#[derive(Clone)]
pub struct CallHandle(Arc<Line>);

/// The call was not over, or not as far, by the deadline.
#[derive(Clone, Debug, thiserror::Error)]
#[error("not within {deadline:?}")]
pub struct NotYet {
    pub deadline: Duration,
    /// How far it had come.
    pub report: Box<CallReport>,
}

impl FakeTwilio {
    /// Starts it on a free port of 127.0.0.1.
    pub fn start(settings: FakeTwilioSettings) -> io::Result<Self> {
        Self::start_on(0, settings)
    }

    /// Starts it on this port of 127.0.0.1: one thread for the REST API, one for the calls.
    pub fn start_on(port: u16, settings: FakeTwilioSettings) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let switchboard = Arc::new(Switchboard::new(Arc::new(Exchange::new(settings)), runtime.handle().clone()));
        let calls = on_thread("fake-twilio-calls", move |stop| {
            drop(runtime.block_on(stop));
            Ok(())
        })?;
        let board = Arc::clone(&switchboard);
        let rest = on_thread("fake-twilio-rest", move |stop| rest::serve(listener, board, stop))?;
        Ok(Self { address, switchboard, threads: vec![rest, calls] })
    }

    /// For `TWILIO_API_BASE_URL`.
    #[must_use]
    pub fn api_base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    #[must_use]
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on the engine is somewhere else.
    pub fn set_engine(&self, engine: SocketAddr) {
        self.set_engines(vec![engine]);
    }

    /// From now on there are several, any of which may be turned to.
    pub fn set_engines(&self, engines: Vec<SocketAddr>) {
        self.exchange().courier.set_engines(engines);
    }

    /// How phones behave that the engine calls, until told otherwise.
    pub fn answer(&self, answer: Answer) {
        self.exchange().set_answer(answer);
    }

    /// How the next phone behaves that the engine calls.
    pub fn answer_next(&self, answer: Answer) {
        self.exchange().answer_next(answer);
    }

    /// What becomes of the next `<Dial>` that nobody spoke of yet; it is answered by default.
    pub fn dial_next(&self, outcome: DialOutcome) {
        self.exchange().dial_next(outcome);
    }

    /// What answering-machine detection finds from now on, for calls that ask for it.
    pub fn detect(&self, detected: Detected) {
        self.exchange().set_detected(detected);
    }

    /// Where the number's own `completed` callbacks go, for calls that come in; nowhere by default.
    pub fn set_number_status_callback(&self, url: Option<String>) {
        self.exchange().set_number_status_callback(url);
    }

    /// What the network says of the numbers of callers from now on, such as `TN-Validation-Failed`; that it knows them, by default.
    pub fn vouch(&self, word: Option<&str>) {
        self.exchange().set_stir_verstat(word.map(str::to_owned));
    }

    /// Calls the engine's number. Fails if the configured domain makes no URL.
    pub fn call_in(&self, call: CallIn) -> Result<CallHandle, InvalidAddress> {
        self.switchboard.call_in(call.from, call.script).map(CallHandle)
    }

    #[must_use]
    pub fn hooks(&self) -> &Hooks {
        &self.exchange().hooks
    }

    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.exchange().violations()
    }

    /// Every call there ever was, in the order in which they began.
    #[must_use]
    pub fn calls(&self) -> Vec<CallReport> {
        self.exchange().lines().iter().map(|line| line.report()).collect()
    }

    /// Calls that have not ended, or whose last callback is not answered.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        self.exchange().lines().iter().filter(|line| !line.is_over()).count()
    }

    /// Adds to `verdict` what went wrong here: violations, calls off script, calls still live.
    pub fn judge(&self, verdict: &mut Verdict) {
        for violation in self.violations() {
            verdict.violate(violation);
        }
        for report in self.calls().iter().filter(|report| !report.completed()) {
            let outcome = report.outcome.as_ref().map_or_else(|| "still live".to_owned(), ToString::to_string);
            verdict.fail(format_args!("{}: {outcome}", report.call_sid));
        }
    }

    /// Every status callback and what the engine answered, in the order of the answers.
    #[must_use]
    pub fn status_callbacks(&self) -> Vec<CallbackAnswer> {
        self.exchange().callbacks()
    }

    #[must_use]
    pub fn call(&self, call_sid: &str) -> Option<CallHandle> {
        self.exchange().line(call_sid).map(CallHandle)
    }

    /// Waits on this thread until so many calls have begun, in either direction.
    #[must_use]
    pub fn wait_for_calls(&self, count: usize, deadline: Duration) -> Option<Vec<CallHandle>> {
        self.exchange().changes.wait_blocking(deadline, || self.at_least(count))
    }

    /// Like [`Self::wait_for_calls`], for a task.
    pub async fn calls_begun(&self, count: usize, deadline: Duration) -> Option<Vec<CallHandle>> {
        self.exchange().changes.wait(deadline, || self.at_least(count)).await
    }

    fn at_least(&self, count: usize) -> Option<Vec<CallHandle>> {
        let lines = self.exchange().lines();
        (lines.len() >= count).then(|| lines.into_iter().map(CallHandle).collect())
    }

    fn exchange(&self) -> &Arc<Exchange> {
        &self.switchboard.exchange
    }

    /// Ends it, and every call on it.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for FakeTwilio {
    fn drop(&mut self) {
        for (stop, thread) in self.threads.drain(..) {
            let _ = stop.send(());
            drop(thread.join());
        }
    }
}

impl CallHandle {
    #[must_use]
    pub fn call_sid(&self) -> &str {
        &self.0.sid
    }

    #[must_use]
    pub fn report(&self) -> CallReport {
        self.0.report()
    }

    /// Waits on this thread until the call is over and its last callback is answered.
    pub fn wait_for_end(&self, deadline: Duration) -> Result<CallReport, NotYet> {
        let found = self.0.changes.wait_blocking(deadline, || self.report_if_over());
        found.ok_or_else(|| self.not_yet(deadline))
    }

    /// Like [`Self::wait_for_end`], for a task.
    pub async fn ended(&self, deadline: Duration) -> Result<CallReport, NotYet> {
        let found = self.0.changes.wait(deadline, || self.report_if_over()).await;
        found.ok_or_else(|| self.not_yet(deadline))
    }

    /// Waits on this thread until the call has come as far as `seen` says.
    pub fn wait_until(&self, deadline: Duration, seen: impl Fn(&CallReport) -> bool) -> Result<CallReport, NotYet> {
        let found = self.0.changes.wait_blocking(deadline, || self.report_if(&seen));
        found.ok_or_else(|| self.not_yet(deadline))
    }

    /// Like [`Self::wait_until`], for a task.
    pub async fn until(&self, deadline: Duration, seen: impl Fn(&CallReport) -> bool) -> Result<CallReport, NotYet> {
        let found = self.0.changes.wait(deadline, || self.report_if(&seen)).await;
        found.ok_or_else(|| self.not_yet(deadline))
    }

    fn report_if_over(&self) -> Option<CallReport> {
        self.0.is_over().then(|| self.report())
    }

    fn report_if(&self, seen: impl Fn(&CallReport) -> bool) -> Option<CallReport> {
        self.0.looks(seen).then(|| self.report())
    }

    fn not_yet(&self, deadline: Duration) -> NotYet {
        NotYet { deadline, report: Box::new(self.report()) }
    }
}

type Running = (oneshot::Sender<()>, JoinHandle<io::Result<()>>);

fn on_thread(name: &str, run: impl FnOnce(oneshot::Receiver<()>) -> io::Result<()> + Send + 'static) -> io::Result<Running> {
    let (stop, stopped) = oneshot::channel();
    let thread = std::thread::Builder::new().name(name.into()).spawn(move || run(stopped))?;
    Ok((stop, thread))
}

/// A panic of another thread leaves these values whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
