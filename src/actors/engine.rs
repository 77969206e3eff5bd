//! The way in: what HTTP and the command line may ask of the engine.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use actix::{Addr, Arbiter};
use uuid::Uuid;

use super::books::Books;
use super::casting::Casting;
use super::clock;
use super::compliance::{authorization, compliance_policy};
use super::courier::{Route, WebhookCourier, Wording};
use super::dial_queue::{DialQueue, Dialling};
use super::events::{EventHub, EventPublisher};
use super::feed::Feed;
use super::governor::{
    Admission, Admit, AskMoney, AskOccupancy, ClaimedCooldown, CloseDoors, ConcurrencyGovernor, Leave, Money, Occupancy,
};
use super::inbound::Turns;
use super::instance::InstanceName;
use super::levels::Levels;
use super::logger::{LogPort, LoggerActor};
use super::peers::{endpoints, timing, token_key, twilio_rest};
use super::phrases::{PhraseBook, Studio};
use super::plan::CallPlan;
use super::port::{Port, Post as _};
use super::profile::{roster_policy, session_policy};
use super::registry::{Abandon, Census, HandOver, SabotageCall, TakeCensus};
use super::strain::Load;
use super::supervise::{Fallen, MAILBOX, permanent};
use super::supervisor::{Begin, CallSupervisor, Held, Outfit, StreamEnded};
use super::takeover::Blind;
use super::tools::CallMatter;
use crate::config::{CallersWord, Config, Domain};
use crate::governor::dialing::Pace;
use crate::governor::{AdmissionPolicy, Callee, Callers, Capacity, DayBudgets, Overload, Refusal};
use crate::metrics;
use crate::session::Budget;
use crate::session::policy::History;
use crate::store::{CallStore, NewCall, StoreError};
use crate::twilio::rest::TwilioRest;
use crate::types::{ActorKind, Asker, CallId, CallSid, Code, Direction, PhoneNumber, TokenKey};

pub use super::browser::{BrowserWish, Ticket};
pub use super::casting::CallWish;
pub use super::compliance::GivenConsent;
pub use super::warm::{WarmPlan, keep as keep_warm};
pub use crate::store::{Begun, RequestKey};

/// From one call that is handed over to the next, so that those who take them on are not overrun.
const APART: Duration = Duration::from_millis(20);
const POLL: Duration = Duration::from_millis(20);
/// A phone whose stream was closed asks what comes next within this time, or is gone.
const QUESTIONS: Duration = Duration::from_millis(1_500);

/// The engine of this process. Clones are the same engine.
#[derive(Clone)]
pub struct Engine(Arc<Parts>);

pub(super) struct Parts {
    pub(super) config: Config,
    pub(super) store: CallStore,
    pub(super) governor: Addr<ConcurrencyGovernor>,
    pub(super) supervisor: Addr<CallSupervisor>,
    pub(super) log: LogPort,
    pub(super) rest: Option<TwilioRest>,
    pub(super) token_key: TokenKey,
    pub(super) turns: Turns,
    pub(super) dialling: Dialling,
    pub(super) dial_queue: OnceLock<Addr<DialQueue>>,
    courier: OnceLock<Addr<WebhookCourier>>,
    instance: InstanceName,
    load: Load,
    fallen: Fallen,
    feed: Feed,
    events: EventHub,
    levels: Levels,
    /// Lives as long as somebody knows it.
    _publisher: Addr<EventPublisher>,
    draining: AtomicBool,
    /// Nobody else is there to take the calls on.
    alone: AtomicBool,
    pub(super) blind: Blind,
    /// Questions for another stream that came while draining.
    pub(super) asked: AtomicUsize,
    arbiters: [Arbiter; 2],
}

/// The engine cannot do it.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("refused: {}", .0.code())]
    Refused(Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("an actor is gone: {0}")]
    Mailbox(#[from] actix::MailboxError),
    #[error("the call is over")]
    CallOver,
    #[error("no phone is connected to the call")]
    CallNotConnected,
}

impl EngineError {
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Store(error) if error.is_outage() => Code::DatabaseUnavailable,
            Self::Store(_) | Self::Mailbox(_) => Code::Internal,
            Self::CallOver => Code::CallOver,
            Self::CallNotConnected => Code::CallNotConnected,
        }
    }
}

/// How the engine is.
#[derive(Clone, Copy, Debug)]
pub struct Vitals {
    pub occupancy: Occupancy,
    pub census: Census,
    pub database: bool,
    pub draining: bool,
    /// Of what there is too little.
    pub overload: Option<&'static str>,
}

impl Engine {
    /// Starts the permanent actors, on threads of their own.
    #[must_use]
    pub fn start(config: Config, store: CallStore, logger: LoggerActor) -> Self {
        let arbiters = [Arbiter::new(), Arbiter::new()];
        let [calls, logs] = &arbiters;
        let (feed, rest) = (Feed::default(), twilio_rest(&config));
        let fallen = Fallen::default();
        let log = LogPort::start(logs, &fallen, logger);
        let instance = InstanceName::new(config.instance.as_deref());
        let load = Load::default();
        let (measured, max_memory) = (load.clone(), config.limits.max_memory);
        calls.spawn_fn(move || drop(actix_rt::spawn(measured.measure(max_memory))));
        let books = Books::new(store.clone(), Arc::clone(&config.prices), config.limits.max_call);
        let governor =
            ConcurrencyGovernor::new(admission_policy(&config), store.clone(), books, log.clone(), load.clone(), instance.clone());
        let governor = permanent(calls, MAILBOX, &fallen, governor);
        let levels = Levels::new(instance.as_str());
        let (kept, levelled) = (levels.clone(), store.clone());
        logs.spawn_fn(move || drop(actix_rt::spawn(kept.keep(levelled))));
        let events = EventHub::start(&store, &levels);
        let publisher = EventPublisher::new(store.clone(), events.clone(), config.webhooks.as_ref());
        let publisher = permanent(logs, MAILBOX, &fallen, publisher);
        let phrases = PhraseBook::default();
        if config.openai.render_phrases && config.openai.api_key.is_some() {
            let (book, config, store, governor) = (phrases.clone(), config.clone(), store.clone(), governor.clone());
            let endpoints = endpoints(&config);
            calls.spawn_fn(move || drop(actix_rt::spawn(Studio { book, config, store, endpoints, governor }.prepare())));
        }
        let outfit = Outfit {
            instance: instance.clone(),
            governor: governor.clone(),
            log: log.clone(),
            feed: feed.clone(),
            levels: levels.clone(),
            store: store.clone(),
            rest: rest.clone(),
            endpoints: endpoints(&config),
            phrases,
            timing: timing(&config),
            prices: Arc::clone(&config.prices),
        };
        let supervisor = permanent(calls, MAILBOX, &fallen, CallSupervisor::new(roster_policy(&config), outfit));
        let (token_key, draining) = (token_key(&config), AtomicBool::new(false));
        let dialling = Dialling::new(Pace::per_second(config.limits.calls_per_second));
        let engine = Self(Arc::new(Parts {
            config,
            store,
            governor,
            supervisor,
            log,
            rest,
            token_key,
            turns: Turns::default(),
            dialling,
            dial_queue: OnceLock::new(),
            courier: OnceLock::new(),
            instance,
            load,
            fallen,
            feed,
            events,
            levels,
            _publisher: publisher,
            draining,
            alone: AtomicBool::new(true),
            blind: Blind::default(),
            asked: AtomicUsize::new(0),
            arbiters,
        }));
        // It holds the engine until its thread stops.
        let queue = permanent(&engine.0.arbiters[0], MAILBOX, &engine.0.fallen, DialQueue::new(engine.clone()));
        let _ = engine.0.dial_queue.set(queue);
        engine
    }

    /// From now on the receiver of webhooks is told, if there is one.
    pub fn send_webhooks(&self, wording: Wording) {
        let Some(route) = Route::of(self.config(), self.store().clone(), self.0.instance.clone(), wording) else { return };
        let courier = WebhookCourier::new(route, &self.0.events);
        let _ = self.0.courier.set(permanent(&self.0.arbiters[1], MAILBOX, &self.0.fallen, courier));
    }

    /// The name of this process.
    #[must_use]
    pub fn instance(&self) -> &str {
        self.0.instance.as_str()
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.0
    }

    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// For reading; what changes goes through the engine.
    #[must_use]
    pub fn store(&self) -> &CallStore {
        &self.0.store
    }

    pub(super) fn event_hub(&self) -> &EventHub {
        &self.0.events
    }

    pub(super) fn levels(&self) -> &Levels {
        &self.0.levels
    }

    #[must_use]
    pub fn feed(&self) -> &Feed {
        &self.0.feed
    }

    /// Where a phone stream tells that it began, and that it ended.
    #[must_use]
    pub fn stream_ports(&self) -> (Port<Begin>, Port<StreamEnded>) {
        (self.0.supervisor.clone().into(), self.0.supervisor.clone().into())
    }

    /// A thread that carries calls tells how late it is.
    #[must_use]
    pub fn load(&self) -> &Load {
        &self.0.load
    }

    /// What a thread that carries calls keeps connected; nothing where no call can be answered.
    #[must_use]
    pub fn warm_plan(&self) -> Option<WarmPlan> {
        let config = &self.0.config;
        let sessions = config.openai.warm_connections;
        let wanted = sessions > 0 && config.openai.api_key.is_some();
        wanted.then(|| WarmPlan {
            endpoint: endpoints(config).primary,
            timing: timing(config),
            governor: self.0.governor.clone(),
            sessions,
        })
    }

    pub(super) fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Acquire)
    }

    /// Permanent actors that are gone: this process has to be replaced.
    #[must_use]
    pub fn fallen(&self) -> Vec<ActorKind> {
        self.0.fallen.kinds()
    }

    pub(super) fn is_alone(&self) -> bool {
        self.0.alone.load(Ordering::Acquire)
    }

    pub async fn vitals(&self) -> Result<Vitals, EngineError> {
        let occupancy = self.0.governor.ask(AskOccupancy).await?;
        let census = self.0.supervisor.ask(TakeCensus).await?;
        let database = self.0.store.ping().await.is_ok();
        Ok(Vitals { occupancy, census, database, draining: self.is_draining(), overload: self.0.load.overload().map(Overload::as_str) })
    }

    /// What the calls of the day have cost, where that is limited.
    pub async fn money(&self) -> Result<Option<Money>, EngineError> {
        Ok(self.0.governor.ask(AskMoney).await?)
    }

    /// Lets nobody in, hands the live calls over, and brings the records home. True if all was done within `limit`.
    pub async fn drain(&self, limit: Duration) -> bool {
        let deadline = clock::now() + limit;
        self.0.draining.store(true, Ordering::Release);
        self.0.events.close();
        self.leave_queue().await;
        // Actors that are gone have nothing to hand over.
        let _ = self.0.governor.ask(CloseDoors).await;
        let peers = self.0.store.peers(self.instance()).await.unwrap_or_default();
        self.0.alone.store(peers == 0, Ordering::Release);
        // Others take the calls on one by one; without others, they all wait for the next life of this process.
        let apart = if peers == 0 { Duration::ZERO } else { APART };
        let handed_over = self.0.supervisor.ask(HandOver { apart }).await.unwrap_or_default();
        let empty = self.wait_until_empty(deadline).await;
        let flushed = self.0.log.flush(deadline.saturating_duration_since(clock::now())).await;
        let _ = self.0.supervisor.ask(Abandon).await;
        self.leave_webhooks().await;
        let _ = tokio::time::timeout(QUESTIONS, self.0.governor.ask(Leave)).await;
        if peers == 0 {
            self.wait_until_asked(handed_over, deadline.min(clock::now() + QUESTIONS)).await;
        }
        flushed && empty
    }

    /// Twilio asks what comes after a stream; where nobody answers, the phone call is dropped.
    async fn wait_until_asked(&self, times: usize, deadline: Instant) {
        while self.0.asked.load(Ordering::Relaxed) < times && clock::now() < deadline {
            tokio::time::sleep(POLL).await;
        }
    }

    /// Stops the permanent actors and the database; nothing may be asked afterwards.
    pub async fn stop(&self) {
        self.0.arbiters.iter().for_each(|arbiter| {
            let _ = arbiter.stop();
        });
        self.0.store.close().await;
    }

    async fn wait_until_empty(&self, deadline: Instant) -> bool {
        while clock::now() < deadline {
            match self.0.supervisor.ask(TakeCensus).await {
                Ok(census) if census.live > 0 => tokio::time::sleep(POLL).await,
                Ok(_) | Err(_) => return true,
            }
        }
        false
    }

    /// Brings every record made so far into the database; true if that worked in time.
    pub async fn flush(&self, limit: Duration) -> bool {
        self.0.log.flush(limit).await
    }

    /// Breaks the logger, as a bug would.
    #[doc(hidden)]
    pub fn sabotage_logger(&self) {
        self.0.log.sabotage();
    }

    /// Breaks a call's actor, as a bug would.
    #[doc(hidden)]
    pub async fn sabotage(&self, call: CallId) -> bool {
        self.0.supervisor.ask(SabotageCall(call)).await.unwrap_or(false)
    }

    pub(super) async fn admit(&self, call: CallId, who: OtherEnd, casting: &Casting) -> Result<Admission, EngineError> {
        let models = endpoints(&self.0.config).keys(self.0.config.model_of(&casting.assistant));
        let from_browser = matches!(who, OtherEnd::Browser);
        let (from, to, cooled, asker) = match who {
            OtherEnd::Browser => (None, None, None, None),
            OtherEnd::Caller(from) => (from, None, None, None),
            OtherEnd::Callee(wanted) => (None, Some(wanted.callee), wanted.cooled, wanted.asker),
        };
        let answer = self.0.governor.ask(Admit { call, from, from_browser, to, cooled, asker, models }).await?;
        answer.inspect_err(|refusal| metrics::call_refused(refusal.code().as_str())).map_err(EngineError::Refused)
    }

    pub(super) fn new_call(&self, ends: Ends<'_>, sid: Option<CallSid>, casting: &Casting) -> NewCall {
        let (config, assistant) = (&self.0.config, &casting.assistant);
        NewCall {
            id: CallId::new(Uuid::now_v7()),
            call_sid: sid,
            direction: casting.direction,
            from: ends.from.to_owned(),
            to: ends.to.to_owned(),
            caller_name: casting.name.clone(),
            assistant: assistant.name.clone(),
            model: config.model_of(assistant).to_owned(),
            voice: casting.voice(config).to_owned(),
            system_message: Some(casting.instructions()),
            owner: Some(self.0.instance.as_str().to_owned()),
            initiated_at: clock::utc(),
            scheduled_at: None,
            metadata: None,
            wish: None,
            decision: None,
            api_key_id: None,
            stir_verstat: None,
        }
    }

    /// `number` is the other end, where it has one.
    pub(super) fn held(&self, call: CallId, admission: Admission, casting: &Casting, number: Option<PhoneNumber>) -> Held {
        let Admission { slot, cooldown } = admission;
        let config = &self.0.config;
        let policy = session_policy(config, casting, clock::utc());
        let limit = casting.assistant.limits.max_call_nanos(config.limits.max_call_nanos);
        let budget = Budget { limit, before: 0, minute: config.prices.minute(casting.direction) };
        let matter = CallMatter { call, number, store: self.0.store.clone() };
        let plan = CallPlan::of(casting, matter, config.environment);
        let (direction, casting) = (casting.direction, casting.clone());
        let recording_callback = self.callback_url(plan.record && direction == Direction::Inbound, "recording", call);
        Held {
            slot,
            direction,
            casting,
            policy,
            budget,
            cooldown,
            began: None,
            left: None,
            history: History::default(),
            plan,
            recording_callback,
            answered_by: None,
            transfer_failed: false,
        }
    }

    /// The address under which Twilio finds us.
    pub(super) fn domain(&self) -> Option<&Domain> {
        self.0.config.public.domain.as_ref()
    }

    pub(super) fn caller_id(&self) -> Option<&PhoneNumber> {
        self.0.config.twilio.phone_number_from.as_ref()
    }
}

/// Who is at the other end of a call that is to be.
pub(super) enum OtherEnd {
    Browser,
    /// None if they do not show their number.
    Caller(Option<PhoneNumber>),
    Callee(Box<Wanted>),
}

/// Whom a call is to reach, and for whom.
pub(super) struct Wanted {
    pub(super) callee: Callee,
    /// Claimed already, by a call that waited.
    pub(super) cooled: Option<ClaimedCooldown>,
    /// Who wants them called.
    pub(super) asker: Option<Asker>,
}

impl From<Wanted> for OtherEnd {
    fn from(wanted: Wanted) -> Self {
        Self::Callee(Box::new(wanted))
    }
}

/// The two ends of a call.
#[derive(Clone, Copy)]
pub(super) struct Ends<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
}

fn admission_policy(config: &Config) -> AdmissionPolicy {
    let limits = &config.limits;
    let (calls, spare) = Capacity::of(limits.max_concurrent_calls, limits.max_openai_connections);
    AdmissionPolicy {
        authorization: authorization(config),
        callers: callers(config),
        compliance: compliance_policy(config),
        calls,
        spare,
        cooldown: limits.call_cooldown,
        budgets: DayBudgets { all: limits.max_day_nanos, key: limits.max_key_day_nanos },
        missing: config.missing().into_iter().map(|missing| missing.variable).collect(),
    }
}

fn callers(config: &Config) -> Callers {
    let numbers = config.limits.caller_numbers.iter().cloned().collect();
    match config.limits.callers {
        CallersWord::All => Callers::All,
        CallersWord::Only => Callers::Only(numbers),
        CallersWord::AllBut => Callers::AllBut(numbers),
    }
}
