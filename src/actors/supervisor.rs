//! Knows every call of this instance, starts their actors and hears how they ended. What follows
//! from that is decided in `governor::Roster`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{
    Actor, ActorFutureExt as _, Addr, ArbiterHandle, AsyncContext as _, Context, Handler, Message, ResponseActFuture, ResponseFuture,
    Supervised, WrapFuture as _,
};
use tokio::sync::oneshot;

use super::call::{CallActor, CallBrief, CallLinks};
use super::casting::Casting;
use super::clock;
use super::feed::{Feed, FeedEvent};
use super::governor::{ClaimedCooldown, ConcurrencyGovernor, Slot};
use super::handover::{PickedUp, after_failed_transfer, is_loss};
use super::instance::InstanceName;
use super::levels::Levels;
use super::logger::LogPort;
use super::model_line::Endpoints;
use super::openai_session::LinkTiming;
use super::phrases::PhraseBook;
use super::plan::{CallPlan, Lifeboat};
use super::port::{Port, Post as _};
use super::tools::Toolbox;
use super::twilio_stream::{CloseLeg, LegHeard, LegOrder};
use crate::config::Prices;
use crate::governor::{After, NextStep, Roster, RosterPolicy};
use crate::metrics;
use crate::session::Budget;
use crate::session::event::AnsweredBy;
use crate::session::policy::{History, SessionPolicy};
use crate::store::{CallEnd, CallStore, Joined, Row};
use crate::twilio::rest::TwilioRest;
use crate::types::{CallId, CallSid, Direction, Epoch, HangupCause, PhoneNumber, StreamSid, Subject};

const SWEEP: Duration = Duration::from_millis(500);
/// What was said in a call should be in the database before its end is.
const TURNS_FIRST: Duration = Duration::from_secs(2);

pub struct CallSupervisor {
    pub(super) roster: Roster<Held>,
    pub(super) live: HashMap<CallId, (Epoch, Addr<CallActor>)>,
    pub(super) outfit: Outfit,
}

/// What every call gets.
#[derive(Clone)]
pub struct Outfit {
    pub instance: InstanceName,
    pub governor: Addr<ConcurrencyGovernor>,
    pub log: LogPort,
    pub feed: Feed,
    pub levels: Levels,
    pub store: CallStore,
    pub rest: Option<TwilioRest>,
    pub endpoints: Endpoints,
    pub phrases: PhraseBook,
    pub timing: LinkTiming,
    pub prices: Arc<Prices>,
}

/// What is kept for a call, from its admission to its end.
pub struct Held {
    pub slot: Slot,
    pub direction: Direction,
    /// Who speaks, with what the call gave for its texts.
    pub casting: Casting,
    pub policy: SessionPolicy,
    pub budget: Budget,
    /// Given back if the call cannot be placed.
    pub cooldown: Option<ClaimedCooldown>,
    /// When its first stream began.
    pub began: Option<Instant>,
    /// Why its last stream ended.
    pub left: Option<HangupCause>,
    /// What was said on earlier streams, once it was read back.
    pub history: History,
    pub plan: CallPlan,
    /// Where a recording that was not asked for yet is to be told.
    pub recording_callback: Option<String>,
    /// Told before a stream could hear it.
    pub answered_by: Option<AnsweredBy>,
    /// The caller is back from a phone that nobody answered.
    pub transfer_failed: bool,
}

impl Held {
    /// Of a call that no telephone company carries: it costs nothing there, and nobody there records it.
    pub(super) fn without_phone(mut self) -> Self {
        self.budget.minute = 0;
        self.recording_callback = None;
        self
    }
}

impl CallSupervisor {
    #[must_use]
    pub fn new(policy: RosterPolicy, outfit: Outfit) -> Self {
        Self { roster: Roster::new(policy), live: HashMap::new(), outfit }
    }

    fn sweep(&mut self, _: &mut Context<Self>) {
        for (call, cause, held) in self.roster.sweep(clock::now()) {
            self.ended(call, cause, &held, None);
        }
    }

    pub(super) fn ended(&self, call: CallId, cause: HangupCause, held: &Held, end: Option<Carrier>) {
        let end = self.last_word(call, cause, held, end);
        actix_rt::spawn(put_on_record(self.outfit.store.clone(), self.outfit.log.clone(), end));
    }

    /// The last word on a call: counted, told, and yet to be put on record.
    pub(super) fn last_word(&self, call: CallId, cause: HangupCause, held: &Held, end: Option<Carrier>) -> CallEnd {
        let took = held.began.map(|began| clock::now().saturating_duration_since(began));
        tracing::info!(
            call.id = %call,
            call.direction = %held.direction,
            call.assistant = held.casting.assistant.name,
            outcome = %cause.status(),
            cause = %cause,
            duration_ms = took.map(|took| took.as_millis() as u64),
            "call ended"
        );
        metrics::call_ended(held.direction, cause);
        if let Some(took) = took {
            metrics::call_duration(held.direction, took);
        }
        self.outfit.feed.send(FeedEvent::Ended { call, cause });
        let Carrier { status, error_code, error, .. } = end.unwrap_or_default();
        let owner = Some(self.outfit.instance.as_str().to_owned());
        CallEnd { id: call, cause, twilio_status: status, error_code, error, at: clock::utc(), minute_nanos: held.budget.minute, owner }
    }

    fn note(&self, row: Row) {
        if let Err(row) = self.outfit.log.log(row) {
            metrics::row_lost(row.kind());
        }
    }

    fn links(&self, begin: &Begin, tools: Toolbox, ctx: &Context<Self>) -> CallLinks {
        let Outfit { governor, log, feed, levels, endpoints, timing, prices, .. } = self.outfit.clone();
        let (ended, leg, close_leg) = (ctx.address().into(), begin.orders.clone(), begin.close.clone());
        let is_read_elsewhere = self.outfit.store.is_shared();
        CallLinks { ended, leg, close_leg, governor, log, feed, levels, endpoints, timing, prices, tools, is_read_elsewhere }
    }

    /// Ends the phone call itself, where a stream of it has nothing more to say.
    fn hang_up_phone(&self, sid: Option<CallSid>) {
        let sid = sid.filter(|sid| !sid.is_browser());
        if let (Some(rest), Some(sid)) = (self.outfit.rest.clone(), sid) {
            actix_rt::spawn(async move {
                if let Err(error) = rest.complete_call(&sid).await {
                    tracing::warn!(call.sid = %sid, %error, "phone call not ended by rest");
                }
            });
        }
    }
}

/// The end of a call is in the database when this returns or, where that is away, in the spool.
pub(super) async fn put_on_record(store: CallStore, log: LogPort, end: CallEnd) {
    log.flush(TURNS_FIRST).await;
    let (call, cause) = (end.id, end.cause);
    let Err(error) = store.finish(end.clone()).await else { return };
    if log.keep(Row::Ended(Box::new(end))).await {
        tracing::warn!(call.id = %call, %error, "end of call is in the spool");
    } else {
        tracing::error!(call.id = %call, cause = %cause, %error, "end of call not on record");
    }
}

impl Actor for CallSupervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.run_interval(SWEEP, Self::sweep);
    }
}

/// Its roster lives in the actor, which a panic does not take down.
impl Supervised for CallSupervisor {}

/// A stream has started: its call shall be too, on the thread of its socket. None if it may not.
#[derive(Message)]
#[rtype(result = "Option<Port<LegHeard>>")]
pub struct Begin {
    pub call: CallId,
    pub epoch: Epoch,
    pub stream: StreamSid,
    pub orders: Port<LegOrder>,
    pub close: Port<CloseLeg>,
    pub arbiter: Option<ArbiterHandle>,
}

impl Handler<Begin> for CallSupervisor {
    type Result = ResponseActFuture<Self, Option<Port<LegHeard>>>;

    fn handle(&mut self, begin: Begin, ctx: &mut Context<Self>) -> Self::Result {
        let (call, epoch, now) = (begin.call, begin.epoch, clock::now());
        let Some(sid) = self.roster.begin(call, epoch) else { return Box::pin(actix::fut::ready(None)) };
        let Some(held) = self.roster.held_mut(call) else { return Box::pin(actix::fut::ready(None)) };
        let is_first = held.began.is_none();
        let left = held.left.take();
        let began = *held.began.get_or_insert(now);
        let direction = held.direction;
        let history = History { elapsed: now.saturating_duration_since(began), ..std::mem::take(&mut held.history) };
        // Nobody was speaking: nothing is owed.
        let owes_answer = history.owes_answer && left != Some(HangupCause::Rotated);
        let history = History { owes_answer, ..history };
        let history = if std::mem::take(&mut held.transfer_failed) { after_failed_transfer(history) } else { history };
        let mut policy = held.policy.clone();
        self.outfit.phrases.fill(&mut policy);
        let budget = held.budget;
        let assistant = held.casting.assistant.name.clone();
        let owner = self.outfit.instance.clone();
        let brief = CallBrief { call, epoch, direction, assistant, policy, history, budget, owner };
        let tools = held.plan.tools.clone();
        let links = self.links(&begin, tools, ctx);
        if is_first {
            self.record(call);
        }
        let said = if epoch == Epoch::FIRST { "call started" } else { "call goes on" };
        let (model, assistant) = (&brief.policy.profile.model, &brief.assistant);
        tracing::info!(call.id = %call, call.sid = %sid, call.epoch = %epoch, call.direction = %direction, call.assistant = assistant, model, "{said}");
        if epoch == Epoch::FIRST {
            metrics::call_started(direction);
        }
        self.outfit.feed.send(FeedEvent::Connected { call, sid, direction, epoch });
        let owner = Some(self.outfit.instance.as_str().to_owned());
        self.note(Row::Connected(Joined { call, epoch, stream: begin.stream.clone(), at: clock::utc(), owner }));
        let started = start_on(begin.arbiter, brief, links).into_actor(self);
        Box::pin(started.map(move |addr, supervisor, _| {
            let addr = addr?;
            // What was told while it started counts too.
            if let Some(who) = supervisor.roster.held_mut(call).and_then(|held| held.answered_by.take()) {
                addr.tell(PickedUp(who));
            }
            supervisor.adopt(call, epoch, addr)
        }))
    }
}

impl CallSupervisor {
    fn adopt(&mut self, call: CallId, epoch: Epoch, addr: Addr<CallActor>) -> Option<Port<LegHeard>> {
        self.live.insert(call, (epoch, addr.clone()));
        if !self.roster.is_live(call, epoch) {
            self.live.remove(&call);
        }
        Some(addr.into())
    }
}

/// All actors of a call live on the thread that accepted its socket.
async fn start_on(arbiter: Option<ArbiterHandle>, brief: CallBrief, links: CallLinks) -> Option<Addr<CallActor>> {
    let (tell, told) = oneshot::channel();
    let start = move || drop(tell.send(CallActor::start_supervised(brief, links)));
    arbiter?.spawn_fn(start).then_some(())?;
    told.await.ok()
}

/// A stream of a call ended, or never began.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct StreamEnded {
    pub call: CallId,
    pub epoch: Epoch,
    pub cause: HangupCause,
    /// Who is rung for the caller, if somebody is.
    pub transfer: Option<PhoneNumber>,
}

impl Handler<StreamEnded> for CallSupervisor {
    type Result = ();

    fn handle(&mut self, StreamEnded { call, epoch, cause, transfer }: StreamEnded, _: &mut Context<Self>) {
        if self.live.get(&call).is_some_and(|(live, _)| *live == epoch) {
            self.live.remove(&call);
        }
        let sid = self.roster.sid(call);
        match self.roster.exited(clock::now(), call, epoch, cause, transfer) {
            After::Ended(held) => {
                if cause != HangupCause::CallerHungUp {
                    self.hang_up_phone(sid);
                }
                self.ended(call, cause, &held, None);
            }
            // A phone call would be asked what comes next.
            After::Waits if sid.as_ref().is_some_and(CallSid::is_browser) => {
                if let Some((cause, held)) = self.roster.hung_up(call, cause) {
                    self.ended(call, cause, &held, None);
                }
            }
            After::Waits => {
                if let Some(held) = self.roster.held_mut(call) {
                    held.left = Some(cause);
                }
                tracing::info!(call.id = %call, cause = %cause, "call waits for another stream");
                if !cause.is_planned() && is_loss(cause) {
                    metrics::stream_lost(cause);
                }
            }
            After::Stale => {}
        }
    }
}

/// Twilio asks what comes after a stream.
#[derive(Message)]
#[rtype(result = "Answer")]
pub struct AskNext {
    pub call: CallId,
    /// The epoch that would come next.
    pub epoch: Epoch,
}

/// What Twilio is told.
#[derive(Clone, Debug, PartialEq, Eq, actix::MessageResponse)]
pub enum Answer {
    Connect(Promise),
    Dial {
        epoch: Epoch,
        to: PhoneNumber,
    },
    Lifeboat(Lifeboat),
    /// To ask again in a moment, for this epoch.
    Wait {
        epoch: Epoch,
    },
    Hangup,
    /// The call is not here.
    Unknown,
}

/// A stream that Twilio is told to bring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    pub epoch: Epoch,
    pub subject: Subject,
    /// We wanted the stream before it to end.
    pub planned: bool,
}

impl Handler<AskNext> for CallSupervisor {
    type Result = Answer;

    fn handle(&mut self, AskNext { call, epoch }: AskNext, _: &mut Context<Self>) -> Answer {
        if self.roster.held(call).is_none() {
            return Answer::Unknown;
        }
        let next = self.roster.resume(clock::now(), call, epoch);
        self.answer(call, next)
    }
}

impl CallSupervisor {
    /// Does what goes with the next step.
    pub(super) fn answer(&mut self, call: CallId, next: NextStep<Held>) -> Answer {
        match next {
            NextStep::Connect { epoch, retire } => {
                if retire {
                    self.retire(call);
                }
                self.promise(call, epoch)
            }
            NextStep::Lifeboat { ended, held } => {
                self.ended(call, ended, &held, None);
                Answer::Lifeboat(held.plan.lifeboat)
            }
            NextStep::Dial { epoch, to } => Answer::Dial { epoch, to },
            NextStep::Wait { epoch } => Answer::Wait { epoch },
            NextStep::Hangup => Answer::Hangup,
        }
    }
}

impl CallSupervisor {
    pub(super) fn promise(&self, call: CallId, epoch: Epoch) -> Answer {
        let (Some(held), Some(sid)) = (self.roster.held(call), self.roster.sid(call)) else { return Answer::Hangup };
        let subject = Subject { sid, direction: held.direction, assistant: held.casting.assistant.name.clone() };
        Answer::Connect(Promise { epoch, subject, planned: held.left.is_some_and(HangupCause::is_planned) })
    }
}

/// The phone call is over, or could not be: so says Twilio. Answered when its end is on record, if it ended by this.
#[derive(Debug, Message)]
#[rtype(result = "Fate")]
pub struct PhoneEnded {
    pub call: CallId,
    pub cause: HangupCause,
    pub carrier: Carrier,
}

/// What became of a call by that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Ended,
    /// Its stream is up, and will say so itself, with all that was heard.
    Lives,
    /// It is not here.
    Unknown,
}

/// Twilio's own words on an end.
#[derive(Clone, Debug, Default)]
pub struct Carrier {
    pub status: Option<String>,
    /// <https://www.twilio.com/docs/api/errors>
    pub error_code: Option<String>,
    pub error: Option<String>,
    /// Twilio never took the call: its number may be called again.
    pub unplaced: bool,
}

impl Handler<PhoneEnded> for CallSupervisor {
    type Result = ResponseFuture<Fate>;

    fn handle(&mut self, PhoneEnded { call, cause, carrier }: PhoneEnded, _: &mut Context<Self>) -> ResponseFuture<Fate> {
        let unplaced = carrier.unplaced;
        let is_here = self.roster.held(call).is_some();
        let Some((cause, mut held)) = self.roster.hung_up(call, cause) else {
            return Box::pin(std::future::ready(if is_here { Fate::Lives } else { Fate::Unknown }));
        };
        let (store, log) = (self.outfit.store.clone(), self.outfit.log.clone());
        let cooldown = held.cooldown.take().filter(|_| unplaced);
        let end = self.last_word(call, cause, &held, Some(carrier));
        Box::pin(async move {
            if let Some(cooldown) = cooldown {
                cooldown.give_back(&store).await;
            }
            put_on_record(store, log, end).await;
            Fate::Ended
        })
    }
}
