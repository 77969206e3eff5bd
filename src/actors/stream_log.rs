//! What one stream of a call came to so far, as rows: each one newer than the one before.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::clock;
use super::instance::InstanceName;
use crate::config::Prices;
use crate::realtime::price;
use crate::session::event::{Input, Output};
use crate::session::policy::Profile;
use crate::session::{Journal, StreamTally};
use crate::store::{Row, StoredJournal, StreamCost, StreamJournal, StreamRow};
use crate::types::{CallId, Epoch, HangupCause, PhoneNumber};

/// Kept outside of the session: it survives a panic.
pub struct StreamLog {
    call: CallId,
    epoch: Epoch,
    owner: InstanceName,
    model: String,
    /// None if the caller is not written down.
    transcription: Option<String>,
    started: DateTime<Utc>,
    revision: u32,
    tally: StreamTally,
    began: Instant,
    journal: Journal,
    prices: Arc<Prices>,
}

impl StreamLog {
    pub fn new(call: CallId, epoch: Epoch, owner: InstanceName, profile: &Profile, prices: Arc<Prices>) -> Self {
        let (model, transcription) = (profile.model.clone(), profile.transcription_model.clone());
        let (started, tally, journal) = (clock::utc(), StreamTally::default(), Journal::default());
        Self { call, epoch, owner, model, transcription, started, revision: 0, tally, began: clock::now(), journal, prices }
    }

    pub fn heard(&mut self, now: Instant, input: &Input) {
        self.tally.heard(now, input);
        self.journal.heard(now.saturating_duration_since(self.began), input);
    }

    pub fn observe(&mut self, now: Instant, output: &Output) {
        self.tally.observe(output);
        self.journal.observe(now.saturating_duration_since(self.began), output);
    }

    /// What was said between the peers so far.
    pub fn journal(&self) -> StreamJournal {
        StreamJournal { epoch: self.epoch, started: self.started, journal: StoredJournal::from(&self.journal) }
    }

    pub fn restarted(&mut self) {
        self.tally.restarted();
    }

    /// What it has cost so far, in billionths of a US dollar.
    pub fn spent(&self) -> u64 {
        let cost = self.cost();
        cost.model_nanos.saturating_add(cost.transcription_nanos)
    }

    /// The row as it is now; with its end, if it has ended, and who is to be rung then.
    pub fn row(&mut self, ended: Option<HangupCause>, transfer: Option<&PhoneNumber>) -> Row {
        self.revision = self.revision.saturating_add(1);
        Row::stream(StreamRow {
            call: self.call,
            epoch: self.epoch,
            revision: self.revision,
            owner: self.owner.as_str(),
            started: self.started,
            ended: ended.map(|cause| (clock::utc(), cause)),
            transfer,
            tally: &self.tally,
            cost: self.cost(),
            journal: ended.map(|_| &self.journal),
        })
    }

    /// Transcription is paid by the speech that the model heard, not by all that came from the phone.
    fn cost(&self) -> StreamCost {
        let transcription = self.transcription.as_deref();
        let speech = Duration::from_millis(self.tally.speech_ms);
        StreamCost {
            model_nanos: price::cost(&self.prices, &self.model, &self.tally.tokens),
            transcription_nanos: transcription.map_or(0, |model| price::transcription_cost(&self.prices, model, speech)),
            price_version: price::version(&self.prices, &self.model, transcription),
        }
    }
}
