//! The spool: rows that are committed here outlive this process, whatever becomes of the database.
//!
//! A SQLite file in WAL mode with `synchronous=FULL`: a commit is on disk when it returns (sqlite.org/pragma.html#pragma_synchronous).
//! Should the disk fail or be full, rows go into memory instead, and whoever asks is told so.

mod claim;
mod shelf;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};

use super::entity::{Private, dead_letter};
use super::error::StoreError;
use super::row::Row;
use super::runtime::DbRuntime;
use super::sql::moment;
use super::{CallStore, upsert};
use claim::Claim;
use shelf::Shelf;

/// What the memory takes when the disk does not.
const MEMORY_BYTES: u64 = 64 * 1024 * 1024;
/// Rows that are moved at a time.
const MOVE: usize = 500;

/// Where the spool is, and how large it may grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolSettings {
    /// Of this machine; any number of processes may share it.
    pub folder: PathBuf,
    pub max_bytes: u64,
}

/// Rows between this process and the database, in the order they came. Clones are the same spool.
#[derive(Clone)]
pub struct Spool(Arc<Inner>);

struct Inner {
    runtime: Arc<DbRuntime>,
    disk: Shelf,
    memory: Shelf,
    /// The place that the next row gets, on whichever shelf.
    next: AtomicU64,
    max_bytes: u64,
    /// Held as long as the spool is.
    _claim: Claim,
}

/// What became of rows that were to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The place of the last of them.
    pub newest: u64,
    /// They are on disk, and not only in memory.
    pub durable: bool,
    /// Bytes in use, and those there may be.
    pub used: u64,
    pub max: u64,
}

/// A row as it lies in the spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spooled {
    pub place: u64,
    /// When it was put there.
    pub at: DateTime<Utc>,
    pub body: Private,
}

impl Spooled {
    /// What it holds, if this version of the program can read it.
    pub fn row(&self) -> Result<Row, StoreError> {
        serde_json::from_str(&self.body.0).map_err(|error| StoreError::refused(format!("row of the spool not understood: {error}")))
    }
}

impl Spool {
    /// Opens the first file of the folder that no other process holds, and takes over what dead processes left in the others.
    /// A file that is damaged is put aside, and a new one begun.
    pub async fn open(store: &CallStore, settings: &SpoolSettings) -> Result<Self, StoreError> {
        let runtime = store.runtime();
        let (settings, on) = (settings.clone(), runtime.clone());
        runtime.run(async move { open(on, settings).await }).await
    }

    /// Commits the rows, all of them or none.
    pub async fn append(&self, rows: &[Row], now: DateTime<Utc>) -> Result<Appended, StoreError> {
        let bodies = rows.iter().map(|row| serde_json::to_string(row).map_err(|error| StoreError::query(error.to_string())));
        let bodies = bodies.collect::<Result<Vec<String>, _>>()?;
        let first = self.0.next.fetch_add(bodies.len() as u64, Ordering::Relaxed);
        self.run(move |spool| async move { spool.append(first, &bodies, now).await }).await
    }

    /// The oldest rows.
    pub async fn head(&self, limit: usize) -> Result<Vec<Spooled>, StoreError> {
        self.run(move |spool| async move { spool.head(limit).await }).await
    }

    /// Everything up to this place is not needed any more.
    pub async fn remove(&self, through: u64) -> Result<(), StoreError> {
        self.run(move |spool| async move { spool.remove(through).await }).await
    }

    /// The place before the oldest row, and of the newest one.
    pub async fn bounds(&self) -> Result<(u64, u64), StoreError> {
        let newest = self.0.next.load(Ordering::Relaxed).saturating_sub(1);
        let oldest = self.head(1).await?.first().map(|row| row.place);
        Ok((oldest.map_or(newest, |place| place.saturating_sub(1)), newest))
    }

    async fn run<T, W, F>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(Arc<Inner>) -> F,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        self.0.runtime.run(work(self.0.clone())).await
    }
}

async fn open(runtime: Arc<DbRuntime>, settings: SpoolSettings) -> Result<Spool, StoreError> {
    let (claim, orphans) = claim::claim(&settings.folder)?;
    let disk = Shelf::open_or_replace(&claim.file(), settings.max_bytes).await?;
    let memory = Shelf::in_memory(MEMORY_BYTES).await?;
    let newest = disk.newest().await?;
    let next = AtomicU64::new(newest + 1);
    let spool = Inner { runtime, disk, memory, next, max_bytes: settings.max_bytes, _claim: claim };
    for orphan in orphans {
        if let Err(error) = spool.adopt(&orphan).await {
            tracing::error!(file = %orphan.file().display(), %error, "spool of another process not taken over");
        }
    }
    Ok(Spool(Arc::new(spool)))
}

impl Inner {
    async fn append(&self, first: u64, bodies: &[String], now: DateTime<Utc>) -> Result<Appended, StoreError> {
        let newest = first + (bodies.len() as u64).saturating_sub(1);
        match self.disk.append(first, bodies, now).await {
            Ok(()) => Ok(Appended { newest, durable: true, used: self.disk.used().await?, max: self.max_bytes }),
            Err(error) => {
                tracing::error!(%error, rows = bodies.len(), "spool does not take rows, keeping them in memory");
                self.memory.append(first, bodies, now).await?;
                Ok(Appended { newest, durable: false, used: self.memory.used().await?, max: MEMORY_BYTES })
            }
        }
    }

    /// Of both shelves, by place: the order in which the rows came.
    async fn head(&self, limit: usize) -> Result<Vec<Spooled>, StoreError> {
        let mut rows = self.disk.head(limit).await?;
        rows.extend(self.memory.head(limit).await?);
        rows.sort_by_key(|row| row.place);
        rows.truncate(limit);
        Ok(rows)
    }

    async fn remove(&self, through: u64) -> Result<(), StoreError> {
        self.memory.remove(through).await?;
        self.disk.remove(through).await
    }

    /// At least once: a row is written here before it is taken there.
    async fn adopt(&self, orphan: &Claim) -> Result<(), StoreError> {
        let shelf = Shelf::open_or_replace(&orphan.file(), u64::MAX).await?;
        loop {
            let rows = shelf.head(MOVE).await?;
            let Some(last) = rows.last() else { break };
            let (through, at) = (last.place, last.at);
            let bodies: Vec<String> = rows.into_iter().map(|row| row.body.0).collect();
            let first = self.next.fetch_add(bodies.len() as u64, Ordering::Relaxed);
            self.disk.append(first, &bodies, at).await?;
            shelf.remove(through).await?;
            tracing::warn!(rows = bodies.len(), "rows of a process that died taken over");
        }
        shelf.close().await;
        orphan.discard();
        Ok(())
    }
}

/// What came of rows that were written without a spool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// So many are among the dead letters.
    pub buried: usize,
}

impl CallStore {
    /// Writes rows that are in no spool: all in one, or one by one if the database refuses any.
    pub async fn import(&self, rows: Vec<Row>, now: DateTime<Utc>) -> Result<Stored, StoreError> {
        match self.write(rows.clone()).await {
            Err(error) if error.is_of_a_row() => {}
            outcome => return outcome.map(|()| Stored::default()),
        }
        let mut stored = Stored::default();
        for row in rows {
            if let Err(error) = self.write(vec![row.clone()]).await {
                self.import_poison(&row, &error, now).await?;
                stored.buried += 1;
            }
        }
        Ok(stored)
    }

    async fn import_poison(&self, row: &Row, error: &StoreError, now: DateTime<Utc>) -> Result<(), StoreError> {
        if !error.is_of_a_row() {
            return Err(error.clone());
        }
        let body = serde_json::to_string(row).map_err(|error| StoreError::query(error.to_string()))?;
        self.bury(&Spooled { place: 0, at: now, body: Private(body) }, error, now).await
    }

    /// Keeps a row that cannot be stored among those that are to be looked at, in a form that can.
    pub async fn bury(&self, row: &Spooled, cause: &StoreError, now: DateTime<Utc>) -> Result<(), StoreError> {
        let letter = dead_letter::Model {
            id: digest(&row.body.0),
            kind: row.row().map_or("unknown", |row| row.kind()).to_owned(),
            row_key: row.row().map_or_else(|_| format!("place {}", row.place), |row| format!("{:?}", row.key())),
            body: Private(ascii(&row.body.0)),
            error_code: cause.code().map(str::to_owned),
            error: ascii(&cause.to_string()),
            created_at: moment(now),
        };
        self.run(move |db| async move { upsert::dead_letter(&db, letter).await }).await
    }
}

/// The same row is the same letter, however often it is buried.
fn digest(body: &str) -> String {
    use sha2::{Digest as _, Sha256};
    Sha256::digest(body).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// JSON in ASCII alone: any database takes it, whatever its encoding.
fn ascii(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for unit in text.chars() {
        match unit {
            '\0' => {}
            unit if unit.is_ascii() => plain.push(unit),
            unit => unit.encode_utf16(&mut [0; 2]).iter().for_each(|half| plain.push_str(&format!("\\u{half:04x}"))),
        }
    }
    plain
}

#[cfg(test)]
mod tests;
