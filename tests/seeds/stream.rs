//! One stream of a call as an instance has it: what the actor of a call does, without one.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use alpha_call::session::event::{Output, Record, Turn};
use alpha_call::session::policy::{History, SessionPolicy};
use alpha_call::session::{CallSession, Chronicle, StreamTally};
use alpha_call::store::{Row, StreamCost, StreamRow};
use alpha_call::types::{CallId, Epoch, HangupCause, PhoneNumber};
use chrono::DateTime;

use super::agenda::{Time, Wire};
use super::watch::StreamWatch;

/// Panics that are mended, and within what time.
const PANICS: usize = 3;
const WITHIN: Duration = Duration::from_secs(60);

pub struct Stream {
    pub call: usize,
    pub id: CallId,
    pub epoch: Epoch,
    /// Who carries it: an instance, and which process of it.
    pub instance: usize,
    pub process: u32,
    pub policy: SessionPolicy,
    pub session: CallSession,
    chronicle: Chronicle,
    pub tally: StreamTally,
    revision: u32,
    /// When the first stream of the call began.
    pub began: Time,
    /// Sessions so far: what was meant for one that died is not for the next.
    pub life: u32,
    panics: Vec<Time>,
    pub current: Option<usize>,
    pub standby: Option<usize>,
    pub kept: VecDeque<Row>,
    pub ended: Option<HangupCause>,
    pub transfer: Option<PhoneNumber>,
    pub armed: Option<Time>,
    pub watch: StreamWatch,
    pub to_phone: Wire,
    pub from_phone: Wire,
    /// Nothing of it is left here.
    pub is_gone: bool,
}

/// Whose stream it is.
pub struct Brief {
    pub call: usize,
    pub id: CallId,
    pub epoch: Epoch,
    pub instance: usize,
    pub process: u32,
    pub policy: SessionPolicy,
    pub history: History,
    pub began: Time,
}

impl Stream {
    pub fn new(brief: Brief, now: Instant) -> Self {
        let Brief { call, id, epoch, instance, process, policy, history, began } = brief;
        Self {
            call,
            id,
            epoch,
            instance,
            process,
            chronicle: Chronicle::after(&history),
            session: CallSession::new(now, policy.clone(), history),
            watch: StreamWatch::new(&policy),
            policy,
            tally: StreamTally::default(),
            revision: 0,
            began,
            life: 0,
            panics: Vec::new(),
            current: None,
            standby: None,
            kept: VecDeque::new(),
            ended: None,
            transfer: None,
            armed: None,
            to_phone: Wire::default(),
            from_phone: Wire::default(),
            is_gone: false,
        }
    }

    pub fn observe(&mut self, output: &Output) {
        self.chronicle.observe(output);
        self.tally.observe(output);
    }

    /// What is to be stored of a record, if anything.
    pub fn row_of(&mut self, record: &Record) -> Option<Row> {
        match record {
            Record::Turn(turn) => Some(self.turn_row(Turn::clone(turn))),
            Record::FirstAudio { after } => {
                Some(Row::FirstAudio { call: self.id, ms: u64::try_from(after.as_millis()).unwrap_or(u64::MAX) })
            }
            Record::Usage(_) => Some(self.stream_row(None)),
            Record::Answered { .. } | Record::Note(_) => None,
        }
    }

    pub fn turn_row(&self, turn: Turn) -> Row {
        Row::turn(self.id, self.epoch, turn, DateTime::UNIX_EPOCH)
    }

    pub fn stream_row(&mut self, ended: Option<HangupCause>) -> Row {
        self.revision += 1;
        let cost = StreamCost { model_nanos: 0, transcription_nanos: 0, price_version: String::new() };
        Row::stream(StreamRow {
            call: self.id,
            epoch: self.epoch,
            revision: self.revision,
            owner: "i",
            started: DateTime::UNIX_EPOCH,
            ended: ended.map(|cause| (DateTime::UNIX_EPOCH, cause)),
            transfer: None,
            tally: &self.tally,
            cost,
            journal: None,
        })
    }

    /// What the session that dies leaves open is closed; the next one goes on from there.
    pub fn bury(&mut self, now: Time) -> (Vec<Turn>, History) {
        let elapsed = now.saturating_sub(self.began);
        let closed = self.chronicle.close(elapsed);
        (closed, self.chronicle.history(elapsed))
    }

    pub fn begin_again(&mut self, now: Instant, history: History) {
        self.tally.restarted();
        self.life += 1;
        self.armed = None;
        self.chronicle = Chronicle::after(&history);
        self.session = CallSession::new(now, self.policy.clone(), history);
        self.watch.restarted();
    }

    /// One more panic; true if that was one too many.
    pub fn panicked(&mut self, now: Time) -> bool {
        self.panics.push(now);
        self.panics.retain(|at| now - *at < WITHIN);
        self.panics.len() > PANICS
    }
}
