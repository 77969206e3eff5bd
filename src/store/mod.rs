//! Calls on record. Every method does its work on the database runtime and names an outage as what it is.

mod analytics;
mod api_keys;
mod batch;
pub mod black_box;
mod bulk;
mod calls;
mod compliance;
mod connect;
mod conversation;
mod cooldown;
mod deliveries;
mod dials;
mod entity;
mod error;
mod events;
mod history;
mod journal;
mod orders;
mod phrase;
mod probe;
mod request_keys;
mod row;
mod runtime;
mod schema;
mod slots;
mod spend;
mod spool;
mod sql;
mod takeover;
mod tally;
mod unsettled;
mod upsert;
mod wishes;
mod write;

use std::sync::Arc;
use std::time::Duration;

use sea_orm::DatabaseConnection;
use tokio::sync::Notify;
use tokio::time::timeout;

pub use analytics::{Analytics, AnalyticsQuery, ConversationCounts, Costs, Interval, PerCall, Percentiles, Point, TokenCounts};
pub use batch::{BatchPolicy, Batcher, Order, Ticket};
pub use bulk::{
    BackedUp, BulkError, CleanupPlan, Conversation, Conversations, Counts, FaultyBackup, Leavings, Restored, SeedPlan, Seeded, Selection,
};
pub use calls::{CallEnd, Created, Joined, NewCall};
pub use compliance::{ListedNumber, NewConsent, OptOut, OptOutSource, Removal, RemovedNumber, Slice, StoredConsent};
pub use connect::DatabaseSettings;
pub use conversation::StoredTurn;
pub use cooldown::CooldownClaim;
pub use deliveries::{Delivery, DeliveryFilter, DeliveryPage, StoredDelivery, Tried};
pub use dials::{Asked, CanceledDial, Cooled, Dial, NewDial};
pub use error::{Fault, StoreError};
pub use events::{Event, EventFilter, EventPage, Heard, Subject as EventSubject};
pub use history::{BadCursor, Call, CallKey, Cursor, HistoryFilter, InvalidSearch, ListedCall, Page, Recording, Search, Sort};
pub use journal::{StoredEntry, StoredJournal, StreamJournal};
pub use orders::CallOrder;
pub use phrase::RenderedPhrase;
pub use probe::{Place, Server, Vitals};
pub use request_keys::{Begun, RequestKey};
pub use row::{Row, RowClass, RowKey, StreamCost, StreamRow};
pub use runtime::DbRuntime;
use runtime::interrupted;
pub use schema::{Step, StepState};
pub use slots::Renewal;
pub use spend::DaySpend;
pub use spool::{Appended, Spool, SpoolSettings, Spooled, Stored};
pub use takeover::{FormerOwner, KnownCall, LostCall};
pub use unsettled::Patience as SettlingPatience;
pub use wishes::Callback;

/// On top of the wait for a connection: a server that fell silent in mid-statement is an outage after this long.
const ANSWER: Duration = Duration::from_secs(10);
/// The same where somebody on the phone waits for the answer.
const ANSWER_SOON: Duration = Duration::from_secs(1);
/// For statements under way, and then for the threads, when the store closes.
const CLOSING: Duration = Duration::from_secs(2);

/// The database of calls. Clones share one pool and one runtime.
#[derive(Clone)]
pub struct CallStore(Arc<Inner>);

struct Inner {
    runtime: Arc<DbRuntime>,
    db: DatabaseConnection,
    settings: DatabaseSettings,
    /// Rung when an event was noted here, and waits to be published.
    noted: Notify,
}

impl CallStore {
    /// Makes ready to connect, and succeeds without a server. Fails on a URL that is none.
    pub fn open(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        let runtime = Arc::new(DbRuntime::start()?);
        let db = {
            let _inside = runtime.enter();
            connect::connect(settings)?
        };
        Ok(Self(Arc::new(Inner { runtime, db, settings: settings.clone(), noted: Notify::new() })))
    }

    /// Asks the server for a sign of life.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.run(|db| async move { Ok(db.ping().await?) }).await
    }

    /// How many connections are in use, and how many wait to be.
    #[must_use]
    pub fn connections(&self) -> (u32, u32) {
        let (all, idle) = if self.is_shared() {
            let pool = self.0.db.get_postgres_connection_pool();
            (pool.size(), pool.num_idle())
        } else {
            let pool = self.0.db.get_sqlite_connection_pool();
            (pool.size(), pool.num_idle())
        };
        let idle = u32::try_from(idle).unwrap_or(u32::MAX);
        (all.saturating_sub(idle), idle)
    }

    /// Lets running statements end, within limits, and stops. Whatever is asked later is an outage.
    pub async fn close(&self) {
        let closed = self.run_within(CLOSING, |db| async move { Ok(db.close_by_ref().await?) }).await;
        if let Err(error) = closed {
            tracing::warn!(%error, "the database did not close in time");
        }
        self.0.runtime.shutdown(CLOSING).await;
    }

    /// Gives up whatever is under way: what is not committed is rolled back. Whatever is asked later is an outage.
    pub async fn abandon(&self) {
        self.0.runtime.shutdown(CLOSING).await;
    }

    /// What must stop last, for others that need the same.
    fn runtime(&self) -> Arc<DbRuntime> {
        self.0.runtime.clone()
    }

    async fn run<T, W, F>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(DatabaseConnection) -> F + Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send,
    {
        self.run_within(self.patience() + ANSWER, work).await
    }

    /// A caller waits: a database that is slow is one that is away.
    async fn run_soon<T, W, F>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(DatabaseConnection) -> F + Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send,
    {
        self.run_within(self.soon(), work).await
    }

    /// So long somebody waits on the phone.
    fn soon(&self) -> Duration {
        self.patience() + ANSWER_SOON
    }

    /// The wait for a connection.
    fn patience(&self) -> Duration {
        self.0.settings.acquire_timeout
    }

    /// Whoever waits gives up after `limit`; the work goes on to its end. To break a statement off would leave its answer on the
    /// connection, where the next statement takes it for its own.
    async fn run_within<T, W, F>(&self, limit: Duration, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(DatabaseConnection) -> F + Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send,
    {
        let db = self.0.db.clone();
        let working = self.0.runtime.spawn(async move { work(db).await });
        let answer = async move {
            match timeout(limit, working).await {
                Ok(done) => done.unwrap_or_else(|end| Err(interrupted(&end))),
                Err(_) => Err(StoreError::unavailable("no answer in time")),
            }
        };
        self.0.runtime.run(answer).await
    }
}
