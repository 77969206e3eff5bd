//! One world: phones, models, two instances and a database, and one thing after the other.

mod dialing;
mod ends;
mod fleet;
mod lines;
mod models;
mod rest;
mod rows;
mod streams;
mod tamper;

use std::time::{Duration, Instant};

use alpha_call::audio::{EncodedAudio, bytes_of, silence};
use alpha_call::governor::{AdmissionPolicy, DialOutcome};
use alpha_call::session::event::{LegCommand, LegEvent, ModelCommand, ModelEvent, ToolOutcome};
use alpha_call::types::HangupCause;

use super::agenda::{Agenda, Time};
use super::chance::Chance;
use super::coverage::Coverage;
use super::database::Database;
use super::instance::Instance;
use super::logger::{Answer, Errand};
use super::luck::Luck;
use super::model::{Model, Step};
use super::phone::Phone;
use super::policy;
use super::rule::{Broken, Held, Rule, holds};
use super::stream::Stream;
use super::trace::Trace;
use super::weather::{Death, HEALED, Weather};

pub use tamper::Tamper;

pub const INSTANCES: usize = 2;
/// Things that happen in one instant, and in one world.
const AT_ONCE: u32 = 2_000;
const IN_ALL: u64 = 400_000;

/// Everything that happens. Numbers are those of calls, streams, models and instances, in their order.
#[derive(Clone, Debug)]
pub enum Event {
    /// A caller dials, or somebody wants a number called.
    Ring(usize, Time),
    Dial {
        call: usize,
        process: u32,
        attempts: u32,
    },
    Look {
        call: usize,
        process: u32,
        since: Time,
    },
    Answered(usize),
    Unanswered(usize, HangupCause),
    Open {
        call: usize,
        epoch: u32,
        chain: u32,
    },
    Ask {
        call: usize,
        epoch: u32,
        chain: u32,
    },
    Replay {
        call: usize,
        epoch: u32,
    },
    Dialled {
        call: usize,
        epoch: u32,
        chain: u32,
        outcome: DialOutcome,
    },
    HangUp(usize),
    /// Twilio says that the phone call is over.
    Status(usize),
    Frame(usize),
    Press(usize),
    Mute(usize),
    Drop(usize),
    Detect(usize),
    Wanted(usize),
    Order {
        stream: usize,
        command: LegCommand,
    },
    Mark {
        stream: usize,
        serial: u64,
    },
    Leg {
        stream: usize,
        event: LegEvent,
    },
    Closed(usize),
    Said {
        model: usize,
        event: ModelEvent,
    },
    Told {
        model: usize,
        command: ModelCommand,
    },
    Step {
        model: usize,
        step: Step,
    },
    Connect {
        model: usize,
        away: bool,
        fallback: bool,
    },
    Tool {
        stream: usize,
        outcome: ToolOutcome,
    },
    Wake {
        stream: usize,
        life: u32,
    },
    Reckon(usize),
    Rows(usize),
    Panic(usize),
    Errand {
        instance: usize,
        process: u32,
        errand: Errand,
    },
    Answer {
        instance: usize,
        process: u32,
        life: u32,
        answer: Answer,
    },
    LoggerDue {
        instance: usize,
        process: u32,
    },
    LoggerPanic(usize),
    Finish {
        instance: usize,
        process: u32,
        call: usize,
        cause: HangupCause,
    },
    Sweep {
        instance: usize,
        process: u32,
    },
    Renew {
        instance: usize,
        process: u32,
    },
    Reap {
        instance: usize,
        process: u32,
    },
    Die(usize, Death),
    Start(usize),
    Away(bool),
    Census,
}

pub struct World {
    origin: Instant,
    agenda: Agenda<Event>,
    chance: Chance,
    weather: Weather,
    trace: Trace,
    pub coverage: Coverage,
    tamper: Option<Tamper>,
    admission: AdmissionPolicy,
    phones: Vec<Phone>,
    streams: Vec<Stream>,
    models: Vec<Model>,
    instances: Vec<Instance>,
    database: Database,
    /// Processes so far, of all instances.
    processes: u32,
    /// Calls that were taken on while nobody could be asked for a slot.
    beyond: u32,
    /// What calls that are over have cost.
    spent: u64,
    loud: EncodedAudio,
    quiet: EncodedAudio,
    steps: u64,
    at_once: (Time, u32),
    /// Since when nothing is left to do.
    peace: Option<Time>,
    done: bool,
}

/// How a world went.
pub struct Outcome {
    pub held: Held,
    pub digest: u64,
    pub coverage: Coverage,
    pub trace: String,
}

/// `origin`: any instant; nobody looks at a clock.
pub fn run(origin: Instant, seed: u64, written: bool, tamper: Option<Tamper>) -> Outcome {
    let mut world = World::new(origin, seed, written, tamper);
    let held = world.live();
    Outcome { held, digest: world.trace.digest(), coverage: world.coverage, trace: world.trace.text() }
}

impl World {
    fn new(origin: Instant, seed: u64, written: bool, tamper: Option<Tamper>) -> Self {
        let mut chance = Chance::new(seed);
        let weather = Weather::of(&mut chance);
        let frame = u64::try_from(weather.frame.as_millis()).unwrap_or_default();
        let phones = (0..weather.calls).map(|number| {
            let outbound = chance.percent(30);
            let policy = policy::session(&mut chance, outbound);
            Phone::new(number, outbound, policy)
        });
        let phones = phones.collect();
        Self {
            origin,
            agenda: Agenda::new(),
            trace: Trace::new(written),
            coverage: Coverage::default(),
            tamper,
            admission: policy::admission(weather.slots, weather.budget),
            phones,
            streams: Vec::new(),
            models: Vec::new(),
            instances: (0..INSTANCES).map(|_| Instance::new()).collect(),
            database: Database::new(usize::try_from(weather.slots).unwrap_or(1), weather.poison),
            processes: 0,
            beyond: 0,
            spent: 0,
            loud: EncodedAudio::encode(&vec![0x00; bytes_of(frame)]),
            quiet: EncodedAudio::encode(&silence(frame)),
            steps: 0,
            at_once: (Time::ZERO, 0),
            peace: None,
            done: false,
            chance,
            weather,
        }
    }

    fn live(&mut self) -> Held {
        self.begin();
        while let Some(event) = self.agenda.next() {
            self.trace.note(self.agenda.now(), &event);
            self.is_going_on()?;
            self.happen(event)?;
            if self.done {
                break;
            }
        }
        self.is_at_rest()
    }

    fn begin(&mut self) {
        (0..INSTANCES).for_each(|instance| self.agenda.at(Time::ZERO, Event::Start(instance)));
        for call in 0..self.phones.len() {
            let at = self.chance.ms(0..30_000);
            self.agenda.at(at, Event::Ring(call, at));
        }
        for (from, to) in self.weather.outages.clone() {
            self.agenda.at(from, Event::Away(true));
            self.agenda.at(to, Event::Away(false));
        }
        for (at, instance, death) in self.weather.deaths.clone() {
            self.agenda.at(at, Event::Die(instance, death));
        }
        if self.chance.percent(25) {
            let (at, who) = (self.chance.ms(0..45_000), self.some_instance());
            self.agenda.at(at, Event::LoggerPanic(who));
        }
        self.agenda.at(HEALED, Event::Census);
    }

    fn happen(&mut self, event: Event) -> Held {
        match event {
            Event::Ring(call, since) => self.rings(call, since)?,
            Event::Dial { call, process, attempts } => self.dial(call, process, attempts)?,
            Event::Look { call, process, since } => self.look(call, process, since),
            Event::Answered(call) => self.answered(call),
            Event::Unanswered(call, cause) => self.unanswered(call, cause),
            Event::Open { call, epoch, chain } => self.open(call, epoch, chain)?,
            Event::Ask { call, epoch, chain } => self.ask(call, epoch, chain)?,
            Event::Replay { call, epoch } => self.replay(call, epoch)?,
            Event::Dialled { call, epoch, chain, outcome } => self.dialled(call, epoch, chain, outcome)?,
            Event::HangUp(call) => self.hang_up(call),
            Event::Status(call) => self.status(call),
            Event::Frame(stream) => self.frame(stream),
            Event::Press(stream) => self.press(stream),
            Event::Mute(stream) => self.mute(stream),
            Event::Drop(stream) => self.drop_stream(stream),
            Event::Detect(stream) => self.detect(stream)?,
            Event::Wanted(stream) => self.wanted(stream)?,
            Event::Order { stream, command } => self.order(stream, &command),
            Event::Mark { stream, serial } => self.mark(stream, serial),
            Event::Leg { stream, event } => self.heard_from_phone(stream, event)?,
            Event::Closed(stream) => self.closed(stream),
            Event::Said { model, event } => self.said(model, event)?,
            Event::Told { model, command } => self.told(model, &command)?,
            Event::Step { model, step } => self.model_step(model, step),
            Event::Connect { model, away, fallback } => self.connected(model, away, fallback),
            Event::Tool { stream, outcome } => self.tool_used(stream, outcome)?,
            Event::Wake { stream, life } => self.wake(stream, life)?,
            Event::Reckon(stream) => self.reckon(stream)?,
            Event::Rows(stream) => self.leave(stream)?,
            Event::Panic(stream) => self.panic(stream)?,
            Event::Errand { instance, process, errand } => self.errand(instance, process, errand),
            Event::Answer { instance, process, life, answer } => self.logger_told(instance, process, life, answer)?,
            Event::LoggerDue { instance, process } => self.logger_due(instance, process)?,
            Event::LoggerPanic(instance) => self.logger_panics(instance)?,
            Event::Finish { instance, process, call, cause } => self.finish(instance, process, call, cause)?,
            Event::Sweep { instance, process } => self.sweep(instance, process),
            Event::Renew { instance, process } => self.renew(instance, process),
            Event::Reap { instance, process } => self.reap(instance, process),
            Event::Die(instance, death) => self.die(instance, death)?,
            Event::Start(instance) => self.start(instance),
            Event::Away(away) => self.away(away),
            Event::Census => self.census(),
        }
        Ok(())
    }

    fn now(&self) -> Instant {
        self.origin + self.agenda.now()
    }

    /// When that instant is in this world.
    fn time_of(&self, instant: Instant) -> Time {
        instant.saturating_duration_since(self.origin)
    }

    fn luck(&mut self) -> Luck<'_> {
        let bad = if self.agenda.now() < HEALED { self.weather.bad } else { 0 };
        Luck::new(&mut self.chance, bad)
    }

    fn some_instance(&mut self) -> usize {
        usize::try_from(self.chance.below(INSTANCES as u64)).unwrap_or_default()
    }

    fn is_going_on(&mut self) -> Held {
        self.steps += 1;
        let now = self.agenda.now();
        self.at_once = if self.at_once.0 == now { (now, self.at_once.1 + 1) } else { (now, 1) };
        let many = self.at_once.1;
        holds(Rule::BusyLoop, many < AT_ONCE, || format!("{many} things at once"))?;
        holds(Rule::Rest, self.steps < IN_ALL, || self.unrest())
    }

    fn after(&mut self, range: std::ops::Range<u64>, event: Event) {
        let wait: Duration = self.chance.ms(range);
        self.agenda.after(wait, event);
    }
}

/// A way to say that of two things one must have held.
pub(super) fn unless(held: Held, excused: bool) -> Result<(), Broken> {
    if excused { Ok(()) } else { held }
}
