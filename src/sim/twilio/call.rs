//! The life of one call: it rings, is answered, follows TwiML, and ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::sleep_until;

use super::callbacks::{Callbacks, Subscription};
use super::caller::{Caller, Deed, Moment, ScriptFailure, Voice, frame_start};
use super::create::{Detection, Recording};
use super::exchange::{Answer, Exchange};
use super::hearing::{Heard, Hearing};
use super::line::{Line, Order, Source};
use super::report::{Happening, HungUpBy, Outcome, Status};
use crate::audio::FRAME_MS;
use crate::sim::scenario::CallerScript;

/// A phone rings this long before anybody could pick it up, or before the exchange gives up:
/// far shorter than in life, where `Timeout` counts.
const SETUP: Duration = Duration::from_millis(40);
const RINGING: Duration = Duration::from_millis(160);

const FRAME: Duration = Duration::from_millis(FRAME_MS);

/// Why a call does not go on as its TwiML has it.
#[derive(Clone, Debug)]
pub enum Interrupt {
    HungUp,
    ScriptFailed(ScriptFailure),
    Ordered(Order),
    TimeIsUp,
}

/// How a call came to its end.
#[derive(Clone, Debug)]
pub enum Ending {
    CallerHungUp,
    ScriptFailed(ScriptFailure),
    HungUpOn(HungUpBy),
    Rejected(String),
    NotAnswered(Status),
    Failed(String),
}

/// A call, run by one task.
pub struct Call {
    pub exchange: Arc<Exchange>,
    pub line: Arc<Line>,
    pub orders: UnboundedReceiver<Order>,
    pub callbacks: Callbacks,
    pub hearing: Hearing,
    pub caller: Caller,
    limit: Option<Instant>,
}

/// What the engine asked for when it placed a call.
pub struct Placed {
    pub source: Source,
    pub time_limit: Duration,
    pub detection: Option<Detection>,
    pub recording: Option<Recording>,
}

/// The request for TwiML says what was detected.
fn told(source: Source, word: &str) -> Source {
    match source {
        Source::Inline(text) => Source::Inline(text),
        Source::Fetch { address, method, mut extra } => {
            extra.push(("AnsweredBy".to_owned(), word.to_owned()));
            Source::Fetch { address, method, extra }
        }
    }
}

impl Call {
    #[must_use]
    pub fn new(
        exchange: Arc<Exchange>,
        line: Arc<Line>,
        orders: UnboundedReceiver<Order>,
        subscription: Option<Subscription>,
        script: CallerScript,
    ) -> Self {
        let callbacks = Callbacks::new(Arc::clone(&exchange), Arc::clone(&line), subscription);
        Self { exchange, line, orders, callbacks, hearing: Hearing::default(), caller: Caller::new(script), limit: None }
    }

    /// Somebody calls the engine's number.
    pub async fn run_inbound(mut self, source: Source) {
        let ending = self.follow(source).await;
        self.end(ending).await;
    }

    /// The engine calls somebody.
    pub async fn run_outbound(mut self, placed: Placed, answer: Answer) {
        let ending = match self.ring(answer).await {
            Ok(script) => {
                self.caller = Caller::new(script);
                self.limit = Some(Instant::now() + placed.time_limit);
                self.answered();
                if let Some(recording) = placed.recording {
                    let sid = self.exchange.sid("RE");
                    self.callbacks.record("OutboundAPI", sid, recording);
                }
                self.detect(placed.detection, placed.source).await
            }
            Err(status) => Ending::NotAnswered(status),
        };
        self.end(ending).await;
    }

    /// Detection goes on beside the call, or, if it is not asynchronous, before it.
    async fn detect(&mut self, detection: Option<Detection>, source: Source) -> Ending {
        let Some(detection) = detection else { return self.follow(source).await };
        let mut detected = self.exchange.detected();
        if !detection.message_end && detected.word.starts_with("machine_end") {
            "machine_start".clone_into(&mut detected.word);
        }
        if let Some((address, method)) = detection.callback {
            self.callbacks.detected(address, method, detected);
            return self.follow(source).await;
        }
        match self.idle(Some(Instant::now() + detected.after), false).await {
            Some(Interrupt::HungUp) => Ending::CallerHungUp,
            Some(Interrupt::ScriptFailed(failure)) => Ending::ScriptFailed(failure),
            Some(Interrupt::Ordered(_)) => Ending::HungUpOn(HungUpBy::Rest),
            Some(Interrupt::TimeIsUp) => Ending::HungUpOn(HungUpBy::TimeLimit),
            None => self.follow(told(source, &detected.word)).await,
        }
    }

    async fn ring(&mut self, answer: Answer) -> Result<CallerScript, Status> {
        self.callbacks.progress("initiated", "initiated");
        self.unless_canceled(SETUP).await?;
        self.line.set_status(Status::Ringing);
        self.callbacks.progress("ringing", "ringing");
        self.unless_canceled(RINGING).await?;
        match answer {
            Answer::PickUp(script) => Ok(script),
            Answer::NoAnswer => Err(Status::NoAnswer),
            Answer::Busy => Err(Status::Busy),
        }
    }

    async fn unless_canceled(&mut self, wait: Duration) -> Result<(), Status> {
        tokio::select! {
            Some(_) = self.orders.recv() => Err(Status::Canceled),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }

    /// The phone is picked up; for an inbound call by the first verb that needs it.
    pub fn answered(&mut self) {
        if self.line.status() != Status::InProgress {
            self.line.set_status(Status::InProgress);
            self.line.note_now(Happening::Answered);
            self.callbacks.progress("answered", "in-progress");
        }
    }

    /// 20 ms of the caller, due to end at `due` and told of at `now`, with everything that is to be told of them.
    pub fn live(&mut self, now: Instant, due: Instant) -> Moment {
        let ended = self.hearing.advance(now);
        self.heard(ended);
        let moment = self.caller.live(due, &self.hearing);
        for voice in &moment.voice {
            match voice {
                Voice::Began(utterance) => self.line.note(frame_start(now), Happening::CallerBegan { utterance: utterance.clone() }),
                Voice::Ended(utterance) => self.line.note(now, Happening::CallerEnded { utterance: utterance.clone() }),
            }
        }
        if let Some(digit) = moment.digit {
            self.line.note(now, Happening::KeyPressed { digit });
        }
        moment
    }

    pub fn heard(&self, heard: impl IntoIterator<Item = Heard>) {
        for heard in heard {
            match heard {
                Heard::Began(at) => self.line.note(at, Happening::AgentBegan),
                Heard::Ended(at) => self.line.note(at, Happening::AgentEnded),
            }
        }
    }

    /// Whether `TimeLimit` is over.
    #[must_use]
    pub fn time_is_up(&self, now: Instant) -> bool {
        self.limit.is_some_and(|limit| now >= limit)
    }

    /// Lives without a stream until `until`, hearing Twilio's own voice if `spoken_to`.
    pub async fn idle(&mut self, until: Option<Instant>, spoken_to: bool) -> Option<Interrupt> {
        let mut next = Instant::now() + FRAME;
        loop {
            tokio::select! {
                biased;
                Some(order) = self.orders.recv() => match self.obey(order) {
                    Some(order) => return Some(Interrupt::Ordered(order)),
                    None => continue,
                },
                () = sleep_until(next.into()) => {}
            }
            if self.line.status() == Status::InProgress
                && let Some(interrupt) = self.idle_frame(Instant::now(), next, spoken_to)
            {
                return Some(interrupt);
            }
            if until.is_some_and(|until| next >= until) {
                return None;
            }
            next += FRAME;
        }
    }

    /// An order that does not interrupt the call is carried out here.
    pub fn obey(&mut self, order: Order) -> Option<Order> {
        match order {
            Order::Record { sid, recording } => {
                self.callbacks.record("StartCallRecordingAPI", sid, recording);
                None
            }
            Order::Complete | Order::Cancel | Order::Redirect(_) => Some(order),
        }
    }

    fn idle_frame(&mut self, now: Instant, due: Instant, spoken_to: bool) -> Option<Interrupt> {
        if spoken_to {
            let heard = self.hearing.hear_voice(frame_start(now));
            self.heard(heard);
        }
        match self.live(now, due).deed {
            Some(Deed::HangUp) => Some(Interrupt::HungUp),
            Some(Deed::GiveUp(failure)) => Some(Interrupt::ScriptFailed(failure)),
            Some(Deed::Fault(fault)) => {
                self.exchange.hooks.strike(&fault);
                None
            }
            Some(Deed::DropSocket | Deed::GoMute | Deed::GoDeaf) | None => self.time_is_up(now).then_some(Interrupt::TimeIsUp),
        }
    }

    async fn end(mut self, ending: Ending) {
        let (status, by, outcome) = self.judge(ending);
        self.line.set_status(status);
        if let Some(by) = by {
            self.line.note_now(Happening::HungUp { by });
        }
        self.line.count(|report| (report.hung_up_by, report.outcome) = (by, Some(outcome)));
        self.callbacks.progress("completed", status.as_str());
        self.callbacks.finish().await;
        self.line.close();
    }

    fn judge(&self, ending: Ending) -> (Status, Option<HungUpBy>, Outcome) {
        match ending {
            Ending::CallerHungUp => (Status::Completed, Some(HungUpBy::Caller), Outcome::Completed),
            Ending::ScriptFailed(failure) => (Status::Completed, Some(HungUpBy::Caller), Outcome::ScriptFailed(failure)),
            Ending::HungUpOn(by) => {
                let outcome = self.caller.hung_up_on().map_or(Outcome::Completed, Outcome::ScriptFailed);
                (Status::Completed, Some(by), outcome)
            }
            Ending::Rejected(reason) => {
                let status = if reason == "busy" { Status::Busy } else { Status::NoAnswer };
                (status, None, Outcome::Rejected(reason))
            }
            Ending::NotAnswered(status) => (status, None, Outcome::NotAnswered(status)),
            Ending::Failed(why) if self.line.status() == Status::InProgress => {
                (Status::Completed, Some(HungUpBy::Failure), Outcome::Failed(why))
            }
            Ending::Failed(why) => (Status::Failed, Some(HungUpBy::Failure), Outcome::Failed(why)),
        }
    }
}
