//! What the calls of the day have cost, as the database has it. It is asked at most every few seconds, whoever wants to know.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::Mutex;

use super::clock;
use crate::config::Prices;
use crate::governor::{Spent, SpentByKey, day_of};
use crate::metrics;
use crate::store::{CallStore, DaySpend};
use crate::types::Asker;

/// What was read is believed for so long; a database that was away is asked again after as long.
const BELIEVED: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(super) struct Books {
    store: CallStore,
    prices: Arc<Prices>,
    /// No call lasts longer: one that seems to has no end on record.
    longest: Duration,
    known: Arc<Mutex<Known>>,
}

/// As it was when the database was asked last.
#[derive(Clone, Default)]
pub(super) struct Known {
    /// When the day began that this is about.
    day: DateTime<Utc>,
    asked_at: Option<Instant>,
    is_current: bool,
    spend: Arc<DaySpend>,
}

impl Books {
    pub(super) fn new(store: CallStore, prices: Arc<Prices>, longest: Duration) -> Self {
        Self { store, prices, longest, known: Arc::default() }
    }

    pub(super) async fn look(self) -> Known {
        // Those who come meanwhile wait here for the same answer.
        let mut known = self.known.lock().await;
        let now = clock::utc();
        let day = day_of(now);
        if known.day != day.0 {
            *known = Known { day: day.0, ..Known::default() };
        }
        if known.asked_at.is_some_and(|at| at.elapsed() < BELIEVED) {
            return known.clone();
        }
        let read = self.store.day_spend(day, now, self.longest, |direction| self.prices.minute(direction)).await;
        known.is_current = read.is_ok();
        known.asked_at = Some(clock::now());
        match read {
            Ok(spend) => {
                metrics::day_spend(spend.all);
                known.spend = Arc::new(spend);
            }
            Err(error) => tracing::error!(%error, "what the calls of the day have cost cannot be read"),
        }
        known.clone()
    }
}

impl Known {
    pub(super) fn spent(&self, asker: Option<&Asker>, now: DateTime<Utc>) -> Spent {
        let of_key = |asker: &Asker| SpentByKey { nanos: self.spend.of(asker.key.as_str()), limit: asker.max_day_nanos };
        let left = (day_of(now).1 - now).to_std().unwrap_or_default();
        Spent { all: self.spend.all, key: asker.map(of_key), is_current: self.is_current, left }
    }

    pub(super) fn all(&self) -> u64 {
        self.spend.all
    }
}
