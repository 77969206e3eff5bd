//! Calls that never were, for benchmarks and for the eye: plausible, and the same ones for the same seed.

mod chance;
mod invented;
mod phrases;
mod talk;

use chrono::{DateTime, Utc};
use sea_orm::DbBackend;
use tokio::sync::mpsc;

use super::super::CallStore;
use super::super::entity::{call, stream, turn};
use super::super::error::StoreError;
use super::copy::{Parcel, parcel};
use super::load::{Ground, Loader, tidy};
use super::{BulkError, steps};
use chance::Calendar;
use invented::Inventor;

/// Calls that are loaded together.
const BATCH: u64 = 1000;
/// Batches that wait for the database.
const WAITING: usize = 2;

/// How many calls, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeedPlan {
    pub calls: u64,
    /// Over how many days they are spread.
    pub days: u32,
    /// Of a call, on the average.
    pub turns: u32,
    /// The same one makes the same rows, at the same `until`.
    pub random_seed: u64,
    /// All calls are over by then.
    pub until: DateTime<Utc>,
}

/// Rows that were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seeded {
    pub calls: u64,
    pub turns: u64,
    pub streams: u64,
}

impl CallStore {
    /// Adds invented calls, all or none; `progress` is told of calls. A conflict if the same ones are there already.
    pub async fn seed(&self, plan: SeedPlan, progress: impl Fn(u64) + Send + Sync + 'static) -> Result<Seeded, BulkError> {
        self.long(move |db| async move {
            steps(&db).await?;
            let mut loader = Loader::begin(&db, Ground::Found).await?;
            let (give, mut waiting) = mpsc::channel::<Batch>(WAITING);
            let backend = db.get_database_backend();
            let inventing = tokio::task::spawn_blocking(move || invent(plan, backend, &give));
            let mut seeded = Seeded::default();
            while let Some(batch) = waiting.recv().await {
                seeded.count(&batch);
                let calls = batch.calls.rows;
                for parcel in [batch.calls, batch.turns, batch.streams] {
                    loader.add(parcel).await?;
                }
                progress(calls);
            }
            inventing.await.map_err(|_| BulkError::Panicked)??;
            loader.finish().await?;
            tidy(&db).await?;
            Ok(seeded)
        })
        .await
    }
}

struct Batch {
    calls: Parcel,
    turns: Parcel,
    streams: Parcel,
}

impl Seeded {
    const fn count(&mut self, batch: &Batch) {
        self.calls += batch.calls.rows;
        self.turns += batch.turns.rows;
        self.streams += batch.streams.rows;
    }
}

/// In the order of time, until nobody takes any more.
fn invent(plan: SeedPlan, backend: DbBackend, give: &mpsc::Sender<Batch>) -> Result<(), StoreError> {
    let inventor = Inventor::new(plan, Calendar::new(plan.until, plan.days));
    let mut number = 0;
    while number < plan.calls {
        let next = plan.calls.min(number + BATCH);
        if give.blocking_send(batch(&inventor, number..next, backend)?).is_err() {
            return Ok(());
        }
        number = next;
    }
    Ok(())
}

fn batch(inventor: &Inventor, numbers: std::ops::Range<u64>, backend: DbBackend) -> Result<Batch, StoreError> {
    let (mut calls, mut turns, mut streams) = (Vec::new(), Vec::new(), Vec::new());
    for number in numbers {
        let invented = inventor.call(number);
        calls.push(invented.call);
        turns.extend(invented.turns);
        streams.extend(invented.streams);
    }
    Ok(Batch {
        calls: parcel::<call::Entity>(backend, calls)?,
        turns: parcel::<turn::Entity>(backend, turns)?,
        streams: parcel::<stream::Entity>(backend, streams)?,
    })
}
