//! One live call: feeds its session, performs what it orders, arms one timer.
//!
//! A panic restarts it with address and mailbox kept. The chronicle lives outside the session, so
//! the new session goes on where the old one died: another generation, a fresh model, re-seeded.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{
    Actor, ActorContext as _, ActorFutureExt as _, Addr, AsyncContext as _, Context, Handler, Message, MessageResult, SpawnHandle,
    Supervised, WrapFuture as _,
};
use actix_http::ws::CloseCode;

use super::call_trace::CallTrace;
use super::clock;
use super::feed::{Feed, FeedEvent};
use super::governor::ConcurrencyGovernor;
use super::handover::PickedUp;
use super::instance::InstanceName;
use super::levels::Levels;
use super::logger::LogPort;
use super::model_line::{Endpoints, ModelLine, Place};
use super::openai_session::{LinkTiming, ModelSaid};
use super::port::Port;
use super::stream_log::StreamLog;
use super::supervise::{RestartBudget, supervise};
use super::supervisor::StreamEnded;
use super::tools::{ToolUsed, Toolbox};
use super::twilio_stream::{CloseLeg, LegHeard, LegOrder};
use crate::config::Prices;
use crate::metrics;
use crate::session::event::{Input, ModelCommand, Output, Record};
use crate::session::policy::{History, SessionPolicy};
use crate::session::{Budget, CallSession, Chronicle};
use crate::store::{Row, StreamJournal};
use crate::types::{CallId, Continuation, Direction, Epoch, HangupCause, PhoneNumber};

/// Messages of media that may wait: five seconds of frames.
const MAILBOX: usize = 256;
/// Rows that the logger refused are offered again.
const RETRY_ROWS: Duration = Duration::from_millis(50);
/// What a stream leaves behind is in the database within this time, or its successor does without.
const READABLE: Duration = Duration::from_secs(2);
/// Rows that a call may keep back; a database that is away for longer costs the oldest.
const MAX_KEPT_ROWS: usize = 1_000;
/// How often it is looked at what a call with a budget has cost.
const RECKON: Duration = Duration::from_secs(1);

/// What a call is, and what was said in it before this stream.
pub struct CallBrief {
    pub call: CallId,
    pub epoch: Epoch,
    pub direction: Direction,
    /// By name.
    pub assistant: String,
    pub policy: SessionPolicy,
    pub history: History,
    pub budget: Budget,
    /// Who carries this stream.
    pub owner: InstanceName,
}

/// Whom a call talks to.
pub struct CallLinks {
    pub ended: Port<StreamEnded>,
    pub leg: Port<LegOrder>,
    pub close_leg: Port<CloseLeg>,
    pub governor: Addr<ConcurrencyGovernor>,
    pub log: LogPort,
    pub feed: Feed,
    pub levels: Levels,
    pub endpoints: Endpoints,
    pub timing: LinkTiming,
    pub prices: Arc<Prices>,
    pub tools: Toolbox,
    /// Another instance may have to go on where this one ended.
    pub is_read_elsewhere: bool,
}

pub struct CallActor {
    call: CallId,
    epoch: Epoch,
    policy: SessionPolicy,
    links: CallLinks,
    session: CallSession,
    chronicle: Chronicle,
    stream: StreamLog,
    trace: CallTrace,
    budget: Budget,
    began: Instant,
    models: ModelLine,
    timer: Option<(Instant, SpawnHandle)>,
    kept: VecDeque<Row>,
    ended: Option<HangupCause>,
    /// Who is rung when this stream is over.
    transfer: Option<PhoneNumber>,
}

impl CallActor {
    /// Starts the call on this thread, supervised.
    pub fn start_supervised(brief: CallBrief, links: CallLinks) -> Addr<Self> {
        let (call, epoch) = (brief.call, brief.epoch);
        let (ended, close_leg) = (links.ended.clone(), links.close_leg.clone());
        supervise(
            RestartBudget::CALL,
            |_| Self::new(brief, links),
            move |exit| {
                tracing::info!(call.id = %call, call.epoch = %epoch, %exit, "call actor ended");
                // Told already if it left by itself: then this is stale.
                ended.tell(StreamEnded { call, epoch, cause: HangupCause::ActorFailed, transfer: None });
                close_leg.tell(CloseLeg(CloseCode::Restart));
            },
        )
    }

    fn new(brief: CallBrief, links: CallLinks) -> Self {
        let now = clock::now();
        let began = now.checked_sub(brief.history.elapsed).unwrap_or(now);
        let trace = CallTrace::begin(&brief, began);
        let CallBrief { call, epoch, policy, history, budget, owner, .. } = brief;
        let models = ModelLine::new(call, policy.profile.model.clone(), links.endpoints.clone(), links.timing, links.governor.clone());
        Self {
            call,
            epoch,
            chronicle: Chronicle::after(&history),
            stream: StreamLog::new(call, epoch, owner, &policy.profile, Arc::clone(&links.prices)),
            trace,
            began,
            session: CallSession::new(now, policy.clone(), history),
            budget,
            policy,
            links,
            models,
            timer: None,
            kept: VecDeque::new(),
            ended: None,
            transfer: None,
        }
    }

    fn feed(&mut self, input: Input, ctx: &mut Context<Self>) {
        let now = clock::now();
        self.stream.heard(now, &input);
        self.trace.heard(now, &input);
        self.links.levels.heard(self.call, &input);
        self.session.handle_input(now, input);
        self.drain(ctx);
    }

    fn drain(&mut self, ctx: &mut Context<Self>) {
        let now = clock::now();
        while let Some(output) = self.session.poll_output() {
            self.chronicle.observe(&output);
            self.stream.observe(now, &output);
            self.links.levels.observe(self.call, &output);
            self.perform(output, ctx);
        }
        self.arm(ctx);
    }

    fn perform(&mut self, output: Output, ctx: &mut Context<Self>) {
        match output {
            Output::Leg(command) => self.links.leg.tell(LegOrder(command)),
            Output::Model(ModelCommand::Open { delay, route }) => self.models.open(delay, route, ctx.address().into()),
            Output::Model(command) => self.models.order(command),
            Output::Standby(ModelCommand::Open { delay, route }) => self.models.open_standby(delay, route, ctx.address().into()),
            Output::Standby(command) => self.models.order_standby(command),
            Output::Promote => self.models.promote(),
            Output::Transfer(to) => self.transfer = Some(to),
            Output::Tool(call) => self.links.tools.use_tool(call, self.trace.span(), &ctx.address().into()),
            Output::Record(record) => self.record(record),
            Output::Hangup(cause) => self.hang_up(cause, ctx),
        }
    }

    fn record(&mut self, record: Record) {
        count(&record);
        self.links.feed.send(FeedEvent::Recorded { call: self.call, epoch: self.epoch, record: record.clone() });
        if let Record::Turn(turn) = &record {
            self.trace.turn(turn);
        }
        let row = match record {
            Record::Turn(turn) => Row::turn(self.call, self.epoch, *turn, clock::utc()),
            Record::FirstAudio { after } => Row::FirstAudio { call: self.call, ms: whole_ms(after) },
            Record::Usage(_) => self.stream.row(None, None),
            Record::Answered { .. } | Record::Note(_) => return,
        };
        self.keep(row);
    }

    fn keep(&mut self, row: Row) {
        self.kept.push_back(row);
        if self.kept.len() > MAX_KEPT_ROWS {
            self.kept.pop_front();
            metrics::note("row_lost");
        }
        self.hand_over_rows();
    }

    /// A logger that is full gives the row back; it stays first in line here.
    fn hand_over_rows(&mut self) {
        while let Some(row) = self.kept.pop_front() {
            if let Err(row) = self.links.log.log(row) {
                return self.kept.push_front(*row);
            }
        }
    }

    fn hang_up(&mut self, cause: HangupCause, ctx: &mut Context<Self>) {
        tracing::info!(call.id = %self.call, call.epoch = %self.epoch, cause = %cause, "stream over");
        self.end(cause);
        self.models.close();
        self.leave(cause, ctx);
    }

    /// The last row of the stream.
    fn end(&mut self, cause: HangupCause) {
        self.ended = Some(cause);
        self.trace.end(cause);
        let row = self.stream.row(Some(cause), self.transfer.as_ref());
        self.keep(row);
    }

    /// What the session that died left open is closed on record; returns what the next one has to know.
    fn bury(&mut self, now: Instant) -> History {
        let elapsed = now.saturating_duration_since(self.began);
        for turn in self.chronicle.close(elapsed) {
            self.record(Record::Turn(Box::new(turn)));
        }
        self.chronicle.history(elapsed)
    }

    /// The supervisor is told before the socket closes, and the database where others read it: Twilio's next question finds the
    /// answer, whoever is asked.
    fn leave(&mut self, cause: HangupCause, ctx: &mut Context<Self>) {
        self.hand_over_rows();
        if !self.kept.is_empty() {
            ctx.run_later(RETRY_ROWS, move |call, ctx| call.leave(cause, ctx));
            return;
        }
        if !self.links.is_read_elsewhere || cause == HangupCause::CallerHungUp {
            return self.close(cause, ctx);
        }
        let log = self.links.log.clone();
        let reading = async move { log.flush(READABLE).await }.into_actor(self);
        ctx.spawn(reading.map(move |_, call, ctx| call.close(cause, ctx)));
    }

    fn close(&mut self, cause: HangupCause, ctx: &mut Context<Self>) {
        let transfer = self.transfer.take();
        self.links.ended.tell(StreamEnded { call: self.call, epoch: self.epoch, cause, transfer });
        self.links.close_leg.tell(CloseLeg(close_code(cause)));
        ctx.stop();
    }

    fn reckon(&mut self, ctx: &mut Context<Self>) {
        let elapsed = clock::now().saturating_duration_since(self.began);
        if self.budget.is_spent(self.stream.spent(), elapsed) {
            self.feed(Input::BudgetSpent, ctx);
        }
    }

    /// One timer; one that fires too early is armed again.
    fn arm(&mut self, ctx: &mut Context<Self>) {
        let Some(due) = self.session.poll_timeout() else { return };
        if self.timer.is_some_and(|(armed, _)| armed <= due) {
            return;
        }
        if let Some((_, handle)) = self.timer.take() {
            ctx.cancel_future(handle);
        }
        let wait = due.saturating_duration_since(clock::now());
        let handle = ctx.run_later(wait, |call, ctx| {
            call.timer = None;
            call.hand_over_rows();
            let due = call.session.poll_timeout().is_some_and(|due| due <= clock::now());
            if due { call.feed(Input::Timeout, ctx) } else { call.arm(ctx) }
        });
        self.timer = Some((due, handle));
    }
}

fn count(record: &Record) {
    match record {
        Record::Turn(_) | Record::Usage(_) => {}
        Record::FirstAudio { after } => metrics::first_audio(*after),
        Record::Answered { after } => metrics::turn_latency(*after),
        Record::Note(note) => metrics::note(note.as_str()),
    }
}

/// RFC 6455 section 7.4; Twilio does not pass it on.
const fn close_code(cause: HangupCause) -> CloseCode {
    match cause.continuation() {
        Continuation::End => CloseCode::Normal,
        Continuation::Resume | Continuation::Transfer | Continuation::Lifeboat => CloseCode::Restart,
    }
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Actor for CallActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.set_mailbox_capacity(MAILBOX);
        match self.ended {
            Some(cause) => self.leave(cause, ctx),
            None => {
                let row = self.stream.row(None, None);
                self.keep(row);
                self.drain(ctx);
                if self.budget.limit.is_some() {
                    ctx.run_interval(RECKON, Self::reckon);
                }
            }
        }
    }
}

impl Supervised for CallActor {
    fn restarting(&mut self, _: &mut Context<Self>) {
        let now = clock::now();
        self.models.close();
        self.timer = None;
        if self.ended.is_some() {
            return;
        }
        self.stream.restarted();
        let history = self.bury(now);
        tracing::warn!(call.id = %self.call, call.generation = history.generation, "call starts again after a panic");
        self.chronicle = Chronicle::after(&history);
        self.session = CallSession::new(now, self.policy.clone(), history);
    }
}

/// However the call ended, its model session ends with it; and if it panicked once too often, so does its record.
impl Drop for CallActor {
    fn drop(&mut self) {
        self.models.close();
        if self.ended.is_none() {
            self.bury(clock::now());
            self.end(HangupCause::ActorFailed);
        }
    }
}

impl Handler<LegHeard> for CallActor {
    type Result = ();

    fn handle(&mut self, LegHeard(event): LegHeard, ctx: &mut Context<Self>) {
        self.feed(Input::Leg(event), ctx);
    }
}

impl Handler<ModelSaid> for CallActor {
    type Result = ();

    fn handle(&mut self, said: ModelSaid, ctx: &mut Context<Self>) {
        match self.models.place(said.session) {
            Some(Place::Current) => self.feed(Input::Model(said.event), ctx),
            Some(Place::Standby) => self.feed(Input::Standby(said.event), ctx),
            // What a session still says that was given up.
            None => {}
        }
    }
}

impl Handler<ToolUsed> for CallActor {
    type Result = ();

    fn handle(&mut self, ToolUsed(outcome): ToolUsed, ctx: &mut Context<Self>) {
        self.feed(Input::ToolUsed(outcome), ctx);
    }
}

impl Handler<PickedUp> for CallActor {
    type Result = ();

    fn handle(&mut self, PickedUp(who): PickedUp, ctx: &mut Context<Self>) {
        self.feed(Input::AnsweredBy(who), ctx);
    }
}

/// What was said between the peers on this stream?
#[derive(Message)]
#[rtype(result = "StreamJournal")]
pub struct AskJournal;

impl Handler<AskJournal> for CallActor {
    type Result = MessageResult<AskJournal>;

    fn handle(&mut self, _: AskJournal, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.stream.journal())
    }
}

/// Somebody outside ends the call.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct EndCall(pub HangupCause);

impl Handler<EndCall> for CallActor {
    type Result = ();

    fn handle(&mut self, EndCall(cause): EndCall, ctx: &mut Context<Self>) {
        self.feed(Input::HangupRequested(cause), ctx);
    }
}

/// Somebody outside hands the call to another phone.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct PassOn(pub PhoneNumber);

impl Handler<PassOn> for CallActor {
    type Result = ();

    fn handle(&mut self, PassOn(to): PassOn, ctx: &mut Context<Self>) {
        self.feed(Input::TransferRequested(to), ctx);
    }
}

/// Breaks the actor as a bug would, so that its mending can be tested from outside.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Sabotage;

impl Handler<Sabotage> for CallActor {
    type Result = ();

    #[expect(clippy::panic, reason = "to break is what it is for")]
    fn handle(&mut self, _: Sabotage, _: &mut Context<Self>) {
        panic!("sabotaged")
    }
}
