//! The telephone exchange: every line of it, and what all calls share.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::callbacks::CallbackAnswer;
use super::changes::Changes;
use super::courier::Courier;
use super::hooks::Hooks;
use super::line::Line;
use super::lock;
use super::report::DialOutcome;
use super::signing::Params;
use crate::sim::random::SplitMix;
use crate::sim::scenario::CallerScript;

/// How the phones that the engine calls behave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    PickUp(CallerScript),
    NoAnswer,
    Busy,
}

/// What answering-machine detection finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detected {
    /// Twilio's word: `human`, `machine_start`, `machine_end_beep`, `fax`, `unknown`.
    pub word: String,
    /// From the answer on.
    pub after: Duration,
}

impl Default for Detected {
    fn default() -> Self {
        Self { word: "human".to_owned(), after: Duration::from_millis(1_500) }
    }
}

/// Something that Twilio would have logged as an error or a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Since the simulator was started.
    pub at: Duration,
    pub call_sid: Option<String>,
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} ms: {}", self.call_sid.as_deref().unwrap_or("no call"), self.at.as_millis(), self.what)
    }
}

/// Who the fake Twilio is, and whom it talks to.
#[derive(Clone)]
pub struct FakeTwilioSettings {
    pub account_sid: String,
    pub auth_token: String,
    /// The engine's phone number.
    pub number: String,
    /// The public host that webhooks are signed for.
    pub domain: String,
    /// Where every host that is named really is: plain HTTP and ws.
    pub engine: SocketAddr,
    /// SIDs follow from it.
    pub seed: u64,
}

pub struct Exchange {
    pub account_sid: String,
    pub auth_token: String,
    pub number: String,
    pub domain: String,
    pub courier: Courier,
    pub hooks: Hooks,
    pub changes: Arc<Changes>,
    began: Instant,
    random: Mutex<SplitMix>,
    state: Mutex<State>,
}

struct State {
    answer: Answer,
    next_answers: VecDeque<Answer>,
    next_dials: VecDeque<DialOutcome>,
    detected: Detected,
    number_status_callback: Option<String>,
    stir_verstat: Option<String>,
    lines: Vec<Arc<Line>>,
    violations: Vec<Violation>,
    callbacks: Vec<CallbackAnswer>,
}

/// A carrier that knows its customer signs like this.
const VOUCHED: &str = "TN-Validation-Passed-A";

impl Exchange {
    #[must_use]
    pub fn new(settings: FakeTwilioSettings) -> Self {
        let state = State {
            answer: Answer::PickUp(CallerScript::silent()),
            next_answers: VecDeque::new(),
            next_dials: VecDeque::new(),
            detected: Detected::default(),
            number_status_callback: None,
            stir_verstat: Some(VOUCHED.to_owned()),
            lines: Vec::new(),
            violations: Vec::new(),
            callbacks: Vec::new(),
        };
        Self {
            courier: Courier::new(settings.engine, settings.auth_token.clone()),
            account_sid: settings.account_sid,
            auth_token: settings.auth_token,
            number: settings.number,
            domain: settings.domain,
            hooks: Hooks::default(),
            changes: Arc::default(),
            began: Instant::now(),
            random: Mutex::new(SplitMix::new(settings.seed)),
            state: Mutex::new(state),
        }
    }

    /// A fresh SID of the kind that `prefix` names.
    #[must_use]
    pub fn sid(&self, prefix: &str) -> String {
        let mut random = lock(&self.random);
        format!("{prefix}{:016x}{:016x}", random.next(), random.next())
    }

    pub fn violate(&self, call_sid: Option<&str>, what: impl Into<String>) {
        let violation = Violation { at: self.began.elapsed(), call_sid: call_sid.map(str::to_owned), what: what.into() };
        lock(&self.state).violations.push(violation);
        self.changes.bump();
    }

    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        lock(&self.state).violations.clone()
    }

    pub fn callback_answered(&self, answer: CallbackAnswer) {
        lock(&self.state).callbacks.push(answer);
        self.changes.bump();
    }

    #[must_use]
    pub fn callbacks(&self) -> Vec<CallbackAnswer> {
        lock(&self.state).callbacks.clone()
    }

    pub fn connect(&self, line: Arc<Line>) {
        lock(&self.state).lines.push(line);
        self.changes.bump();
    }

    #[must_use]
    pub fn lines(&self) -> Vec<Arc<Line>> {
        lock(&self.state).lines.clone()
    }

    #[must_use]
    pub fn line(&self, call_sid: &str) -> Option<Arc<Line>> {
        lock(&self.state).lines.iter().find(|line| line.sid == call_sid).cloned()
    }

    pub fn set_answer(&self, answer: Answer) {
        lock(&self.state).answer = answer;
    }

    pub fn answer_next(&self, answer: Answer) {
        lock(&self.state).next_answers.push_back(answer);
    }

    #[must_use]
    pub fn take_answer(&self) -> Answer {
        let mut state = lock(&self.state);
        state.next_answers.pop_front().unwrap_or_else(|| state.answer.clone())
    }

    pub fn dial_next(&self, outcome: DialOutcome) {
        lock(&self.state).next_dials.push_back(outcome);
    }

    #[must_use]
    pub fn take_dial_outcome(&self) -> DialOutcome {
        lock(&self.state).next_dials.pop_front().unwrap_or_default()
    }

    pub fn set_detected(&self, detected: Detected) {
        lock(&self.state).detected = detected;
    }

    #[must_use]
    pub fn detected(&self) -> Detected {
        lock(&self.state).detected.clone()
    }

    pub fn set_number_status_callback(&self, url: Option<String>) {
        lock(&self.state).number_status_callback = url;
    }

    #[must_use]
    pub fn number_status_callback(&self) -> Option<String> {
        lock(&self.state).number_status_callback.clone()
    }

    pub fn set_stir_verstat(&self, word: Option<String>) {
        lock(&self.state).stir_verstat = word;
    }

    #[must_use]
    pub fn stir_verstat(&self) -> Option<String> {
        lock(&self.state).stir_verstat.clone()
    }

    /// The parameters that every webhook of a call carries.
    #[must_use]
    pub fn params(&self, line: &Line, status: &str) -> Params {
        [
            ("AccountSid", self.account_sid.as_str()),
            ("ApiVersion", "2010-04-01"),
            ("CallSid", &line.sid),
            ("CallStatus", status),
            ("Called", &line.to),
            ("Caller", &line.from),
            ("Direction", line.direction_word()),
            ("From", &line.from),
            ("FromCity", ""),
            ("FromCountry", "US"),
            ("To", &line.to),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }
}
