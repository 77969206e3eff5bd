//! What happened on one call, as the caller and the telephone company saw it.

use std::fmt;
use std::time::{Duration, Instant};

use super::caller::ScriptFailure;
use super::ear::{Ear, Understood, Words};
use super::twiml::Dial;
use crate::sim::scenario::BEEP;
use crate::types::{Direction, Redacted};

/// Twilio's word for where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Queued,
    Ringing,
    InProgress,
    Completed,
    Busy,
    NoAnswer,
    Failed,
    Canceled,
}

impl Status {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Ringing | Self::InProgress => false,
            Self::Completed | Self::Busy | Self::NoAnswer | Self::Failed | Self::Canceled => true,
        }
    }
}

/// Who ended a call that was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HungUpBy {
    Caller,
    /// The engine, over REST.
    Rest,
    /// The engine: its TwiML said so, or came to an end.
    Twiml,
    /// `TimeLimit` was reached, error 32015.
    TimeLimit,
    /// A webhook or its TwiML could not be used.
    Failure,
}

/// What became of a `<Dial>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DialOutcome {
    #[default]
    Completed,
    Busy,
    NoAnswer,
    Failed,
}

impl DialOutcome {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Failed => "failed",
        }
    }
}

/// How a call came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As the script had it.
    Completed,
    /// `<Reject>` with this reason.
    Rejected(String),
    /// Never answered, or canceled before it was.
    NotAnswered(Status),
    ScriptFailed(ScriptFailure),
    /// In the words of Twilio's debugger, its error code first.
    Failed(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Completed => f.write_str("completed"),
            Self::Rejected(reason) => write!(f, "rejected: {reason}"),
            Self::NotAnswered(status) => f.write_str(status.as_str()),
            Self::ScriptFailed(failure) => failure.fmt(f),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    WebhookSent { path: String },
    WebhookAnswered { path: String, status: u16 },
    WebhookFailed { path: String, why: String },
    CallbackSent { event: String },
    CallbackAnswered { event: String, status: u16 },
    CallbackFailed { event: String, why: String },
    Answered,
    StreamOpen,
    StreamRefused { why: String },
    StreamStarted { stream_sid: String },
    FirstAgentMedia,
    CallerBegan { utterance: String },
    CallerEnded { utterance: String },
    KeyPressed { digit: char },
    AgentBegan,
    AgentEnded,
    Cleared { played_ms: u64, dropped_ms: u64 },
    MarkEchoed { name: String },
    StreamStopped,
    StreamClosed { code: Option<u16> },
    StreamBroken { why: String },
    SocketDropped,
    Said { text: String },
    Paused { seconds: u64 },
    Dialled,
    Redirected,
    HungUp { by: HungUpBy },
}

/// A happening, and how long after the call's beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineEvent {
    pub at: Duration,
    pub what: Happening,
}

/// Agent audio that was cut because the caller spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    pub at: Duration,
    /// Heard of the talk spurt that was cut.
    pub played_ms: u64,
    /// Queued at Twilio and never heard.
    pub dropped_ms: u64,
    /// From the first sound of the caller to the `clear`.
    pub reaction: Duration,
}

/// One media stream of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamReport {
    pub stream_sid: String,
    /// `<Parameter>`s; ours carry the epoch.
    pub parameters: Vec<(String, String)>,
    pub started: Duration,
    /// From `start` to the first media of the agent.
    pub first_audio: Option<Duration>,
    pub ended: Option<Duration>,
    /// The engine's close code, if it closed.
    pub close_code: Option<u16>,
}

/// Everything known of one call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallReport {
    pub call_sid: String,
    pub direction: Direction,
    pub from: Redacted<String>,
    pub to: Redacted<String>,
    pub status: Status,
    /// None while the call is live.
    pub outcome: Option<Outcome>,
    pub hung_up_by: Option<HungUpBy>,
    pub streams: Vec<StreamReport>,
    /// In order of time.
    pub timeline: Vec<TimelineEvent>,
    /// From the end of what the caller said to the next talk of the agent.
    pub turn_latencies: Vec<Duration>,
    pub cuts: Vec<Cut>,
    /// Numbers that `<Dial>` named.
    pub dialled: Vec<Redacted<String>>,
    /// The same, with how it was asked for and what became of it.
    pub dials: Vec<(Dial, DialOutcome)>,
    /// The recordings that were begun.
    pub recordings: Vec<String>,
    pub frames_sent: u64,
    pub media_received: u64,
    pub bytes_received: u64,
    /// The latest that a frame left after its time: our own fault, not the engine's.
    pub worst_lag: Duration,
    /// What the caller makes of what is played.
    pub ear: Ear,
    began: Instant,
    caller_began: Option<Instant>,
    caller_ended: Option<Instant>,
}

/// A clear this long after the caller began to speak has another reason.
const CUT_WITHIN: Duration = Duration::from_secs(5);

impl CallReport {
    #[must_use]
    pub fn new(call_sid: String, direction: Direction, from: &str, to: &str, status: Status, began: Instant) -> Self {
        Self {
            call_sid,
            direction,
            from: Redacted(from.to_owned()),
            to: Redacted(to.to_owned()),
            status,
            outcome: None,
            hung_up_by: None,
            streams: Vec::new(),
            timeline: Vec::new(),
            turn_latencies: Vec::new(),
            cuts: Vec::new(),
            dialled: Vec::new(),
            dials: Vec::new(),
            recordings: Vec::new(),
            frames_sent: 0,
            media_received: 0,
            bytes_received: 0,
            worst_lag: Duration::ZERO,
            ear: Ear::new(began),
            began,
            caller_began: None,
            caller_ended: None,
        }
    }

    /// From the first stream's `start` to the first media of the agent.
    #[must_use]
    pub fn first_audio(&self) -> Option<Duration> {
        self.streams.first()?.first_audio
    }

    /// The words, keys and tones that the caller heard.
    #[must_use]
    pub fn understood(&self) -> Understood {
        self.ear.understood()
    }

    /// When an answering machine had beeped: from then on it records.
    #[must_use]
    pub fn beeped(&self) -> Option<Duration> {
        self.first(|what| matches!(what, Happening::CallerEnded { utterance } if utterance == BEEP))
    }

    /// The words that an answering machine recorded.
    #[must_use]
    pub fn left_message(&self) -> Vec<Words> {
        let beeped = self.beeped();
        let words = self.understood().words.into_iter();
        words.filter(|words| beeped.is_some_and(|beeped| words.at >= beeped)).collect()
    }

    /// Whether it came out as its script had it.
    #[must_use]
    pub fn completed(&self) -> bool {
        self.outcome == Some(Outcome::Completed)
    }

    /// When `what` first happened.
    #[must_use]
    pub fn first(&self, what: impl Fn(&Happening) -> bool) -> Option<Duration> {
        self.timeline.iter().find(|event| what(&event.what)).map(|event| event.at)
    }

    /// `at` as an offset from the call's beginning.
    #[must_use]
    pub fn offset(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.began)
    }

    /// The moment that lies `at` after the call's beginning.
    #[must_use]
    pub fn moment(&self, at: Duration) -> Instant {
        self.began + at
    }

    /// Enters `what` where its time puts it, and draws the measurements from it.
    pub fn note(&mut self, at: Instant, what: Happening) {
        self.measure(at, &what);
        let at = self.offset(at);
        let place = self.timeline.partition_point(|event| event.at <= at);
        self.timeline.insert(place, TimelineEvent { at, what });
    }

    fn measure(&mut self, at: Instant, what: &Happening) {
        match what {
            Happening::CallerBegan { .. } => (self.caller_began, self.caller_ended) = (Some(at), None),
            Happening::CallerEnded { .. } => self.caller_ended = Some(at),
            Happening::AgentBegan => self.measure_turn(at),
            Happening::Cleared { played_ms, dropped_ms } if *dropped_ms > 0 => self.measure_cut(at, *played_ms, *dropped_ms),
            Happening::FirstAgentMedia => self.measure_first_audio(at),
            Happening::WebhookSent { .. }
            | Happening::WebhookAnswered { .. }
            | Happening::WebhookFailed { .. }
            | Happening::CallbackSent { .. }
            | Happening::CallbackAnswered { .. }
            | Happening::CallbackFailed { .. }
            | Happening::Answered
            | Happening::StreamOpen
            | Happening::StreamRefused { .. }
            | Happening::StreamStarted { .. }
            | Happening::KeyPressed { .. }
            | Happening::AgentEnded
            | Happening::Cleared { .. }
            | Happening::MarkEchoed { .. }
            | Happening::StreamStopped
            | Happening::StreamClosed { .. }
            | Happening::StreamBroken { .. }
            | Happening::SocketDropped
            | Happening::Said { .. }
            | Happening::Paused { .. }
            | Happening::Dialled
            | Happening::Redirected
            | Happening::HungUp { .. } => {}
        }
    }

    fn measure_turn(&mut self, at: Instant) {
        if let Some(ended) = self.caller_ended.take_if(|ended| *ended <= at) {
            self.turn_latencies.push(at - ended);
        }
    }

    fn measure_cut(&mut self, at: Instant, played_ms: u64, dropped_ms: u64) {
        if let Some(began) = self.caller_began.take_if(|began| at.saturating_duration_since(*began) < CUT_WITHIN) {
            let reaction = at.saturating_duration_since(began);
            self.cuts.push(Cut { at: self.offset(at), played_ms, dropped_ms, reaction });
        }
    }

    fn measure_first_audio(&mut self, at: Instant) {
        let at = self.offset(at);
        if let Some(stream) = self.streams.last_mut() {
            stream.first_audio = Some(at.saturating_sub(stream.started));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn report(began: Instant) -> CallReport {
        CallReport::new("CA1".into(), Direction::Inbound, "+15550100001", "+15550100002", Status::Ringing, began)
    }

    #[test]
    fn a_turn_lasts_from_the_callers_last_sound_to_the_agents_next() {
        let t0 = Instant::now();
        let mut report = report(t0);

        report.note(t0, Happening::AgentBegan);
        report.note(t0 + ms(100), Happening::CallerBegan { utterance: "a".into() });
        report.note(t0 + ms(500), Happening::CallerEnded { utterance: "a".into() });
        report.note(t0 + ms(1_200), Happening::AgentBegan);
        report.note(t0 + ms(3_000), Happening::AgentBegan);

        assert_eq!(report.turn_latencies, [ms(700)]);
    }

    #[test]
    fn a_clear_is_a_cut_only_if_the_caller_spoke_and_something_was_lost() {
        let t0 = Instant::now();
        let mut report = report(t0);
        let cleared = |dropped_ms| Happening::Cleared { played_ms: 400, dropped_ms };

        report.note(t0, cleared(100));
        report.note(t0 + ms(100), Happening::CallerBegan { utterance: "a".into() });
        report.note(t0 + ms(200), cleared(0));
        report.note(t0 + ms(350), cleared(600));
        report.note(t0 + ms(360), cleared(600));

        assert_eq!(report.cuts, [Cut { at: ms(350), played_ms: 400, dropped_ms: 600, reaction: ms(250) }]);
    }

    #[test]
    fn the_timeline_is_in_order_of_time() {
        let t0 = Instant::now();
        let mut report = report(t0);

        report.note(t0 + ms(500), Happening::AgentEnded);
        report.note(t0 + ms(100), Happening::AgentBegan);
        report.note(t0 + ms(500), Happening::StreamStopped);

        let whats: Vec<Happening> = report.timeline.into_iter().map(|event| event.what).collect();
        assert_eq!(whats, [Happening::AgentBegan, Happening::AgentEnded, Happening::StreamStopped]);
    }
}
