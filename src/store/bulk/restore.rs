//! A backup back into the tables, whole or not at all.

use std::io::{BufRead, BufReader, ErrorKind, Read};

use flate2::bufread::GzDecoder;
use migration::{Migrator, MigratorTrait};
use sea_orm::{DbBackend, EntityTrait, IntoActiveModel};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::super::CallStore;
use super::super::entity::{api_key, call, callback, consent, cooldown, dead_letter, opt_out, opt_out_removal, stream, turn};
use super::super::error::StoreError;
use super::copy::{Parcel, parcel};
use super::format::{Counts, FORMAT, FaultyBackup, Header, Line, Trailer, VERSION, hexadecimal};
use super::load::{Ground, Loader, tidy};
use super::{BulkError, steps};

/// Rows in one statement or parcel.
const BATCH: usize = 1000;
/// Parcels that wait for the database.
const WAITING: usize = 4;
const BUFFER: usize = 256 * 1024;
/// No row is as long: the two texts of a turn have a megabyte together, before they are escaped.
const LONGEST_LINE: u64 = 64 * 1024 * 1024;

/// What a backup held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    pub rows: Counts,
    pub sha256: String,
}

impl CallStore {
    /// Reads a backup into an empty database, or with `replace` into whatever is there. Nothing is committed before counts and
    /// checksum are found right; `progress` is told of rows.
    pub async fn restore<R>(&self, backup: R, replace: bool, progress: impl Fn(u64) + Send + Sync + 'static) -> Result<Restored, BulkError>
    where
        R: Read + Send + 'static,
    {
        self.long(move |db| async move {
            steps(&db).await?;
            let mut loader = Loader::begin(&db, if replace { Ground::Cleared } else { Ground::Empty }).await?;
            let (parcels, mut waiting) = mpsc::channel::<Parcel>(WAITING);
            let backend = db.get_database_backend();
            let reader = tokio::task::spawn_blocking(move || Reader::new(backup, backend, parcels).read());
            while let Some(parcel) = waiting.recv().await {
                let rows = parcel.rows;
                loader.add(parcel).await?;
                progress(rows);
            }
            let restored = reader.await.map_err(|_| BulkError::Panicked)??;
            loader.finish().await?;
            tidy(&db).await?;
            Ok(restored)
        })
        .await
    }
}

struct Reader<R: Read> {
    lines: Lines<R>,
    backend: DbBackend,
    parcels: mpsc::Sender<Parcel>,
    calls: Batch<call::Entity>,
    turns: Batch<turn::Entity>,
    streams: Batch<stream::Entity>,
    cooldowns: Batch<cooldown::Entity>,
    dead_letters: Batch<dead_letter::Entity>,
    callbacks: Batch<callback::Entity>,
    opt_outs: Batch<opt_out::Entity>,
    removals: Batch<opt_out_removal::Entity>,
    consents: Batch<consent::Entity>,
    keys: Batch<api_key::Entity>,
}

impl<R: Read> Reader<R> {
    fn new(backup: R, backend: DbBackend, parcels: mpsc::Sender<Parcel>) -> Self {
        Self {
            lines: Lines::new(backup),
            backend,
            parcels,
            calls: Batch::default(),
            turns: Batch::default(),
            streams: Batch::default(),
            cooldowns: Batch::default(),
            dead_letters: Batch::default(),
            callbacks: Batch::default(),
            opt_outs: Batch::default(),
            removals: Batch::default(),
            consents: Batch::default(),
            keys: Batch::default(),
        }
    }

    fn read(mut self) -> Result<Restored, BulkError> {
        match self.lines.next() {
            Ok(Line::Header(header)) => check(&header)?,
            Err(BulkError::File(error)) => return Err(error.into()),
            _ => return Err(FaultyBackup::Foreign.into()),
        }
        loop {
            let full = match self.lines.next()? {
                Line::Header(_) => return Err(self.lines.damaged("is a second header").into()),
                Line::CallLogs(row) => self.calls.push(*row, self.backend)?,
                Line::ConversationLogs(row) => self.turns.push(*row, self.backend)?,
                Line::StreamLogs(row) => self.streams.push(*row, self.backend)?,
                Line::CallCooldowns(row) => self.cooldowns.push(*row, self.backend)?,
                Line::DeadLetters(row) => self.dead_letters.push(*row, self.backend)?,
                Line::Callbacks(row) => self.callbacks.push(*row, self.backend)?,
                Line::OptOuts(row) => self.opt_outs.push(*row, self.backend)?,
                Line::OptOutRemovals(row) => self.removals.push(*row, self.backend)?,
                Line::Consents(row) => self.consents.push(*row, self.backend)?,
                Line::ApiKeys(row) => self.keys.push(*row, self.backend)?,
                Line::Trailer(trailer) => return self.end(trailer),
            };
            if let Some(parcel) = full {
                self.give(parcel)?;
            }
        }
    }

    fn end(mut self, trailer: Trailer) -> Result<Restored, BulkError> {
        let rows = Counts {
            call_logs: self.calls.count,
            conversation_logs: self.turns.count,
            stream_logs: self.streams.count,
            call_cooldowns: self.cooldowns.count,
            dead_letters: self.dead_letters.count,
            callbacks: self.callbacks.count,
            opt_outs: self.opt_outs.count,
            opt_out_removals: self.removals.count,
            consents: self.consents.count,
            api_keys: self.keys.count,
        };
        if trailer.rows != rows {
            return Err(self.lines.damaged("counts other rows than there are").into());
        }
        if trailer.sha256 != self.lines.checksum() {
            return Err(self.lines.damaged("has another checksum than the lines before it").into());
        }
        self.lines.end()?;
        let backend = self.backend;
        let (calls, turns, streams) = (self.calls.rest(backend)?, self.turns.rest(backend)?, self.streams.rest(backend)?);
        let (callbacks, opt_outs) = (self.callbacks.rest(backend)?, self.opt_outs.rest(backend)?);
        let (removals, consents, keys) = (self.removals.rest(backend)?, self.consents.rest(backend)?, self.keys.rest(backend)?);
        for rest in [calls, turns, streams, self.cooldowns.rest(backend)?, self.dead_letters.rest(backend)?] {
            self.give(rest)?;
        }
        for rest in [callbacks, opt_outs, removals, consents, keys] {
            self.give(rest)?;
        }
        Ok(Restored { rows, sha256: trailer.sha256 })
    }

    /// A database that is gone says itself why.
    fn give(&self, parcel: Parcel) -> Result<(), BulkError> {
        self.parcels.blocking_send(parcel).map_err(|_| std::io::Error::from(std::io::ErrorKind::Interrupted).into())
    }
}

fn check(header: &Header) -> Result<(), FaultyBackup> {
    if header.format != FORMAT {
        return Err(FaultyBackup::Foreign);
    }
    if header.version > VERSION {
        return Err(FaultyBackup::Newer(format!("format {}", header.version)));
    }
    let ours = Migrator::migrations();
    let unknown = header.steps.iter().find(|step| !ours.iter().any(|known| known.name() == step.as_str()));
    unknown.map_or(Ok(()), |step| Err(FaultyBackup::Newer(format!("schema step {step}"))))
}

/// Rows of one table until they are enough for a parcel.
struct Batch<E: EntityTrait> {
    rows: Vec<E::Model>,
    count: u64,
}

impl<E: EntityTrait> Default for Batch<E> {
    fn default() -> Self {
        Self { rows: Vec::new(), count: 0 }
    }
}

impl<E> Batch<E>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    fn push(&mut self, row: E::Model, backend: DbBackend) -> Result<Option<Parcel>, StoreError> {
        self.rows.push(row);
        self.count += 1;
        if self.rows.len() < BATCH { Ok(None) } else { self.rest(backend).map(Some) }
    }

    fn rest(&mut self, backend: DbBackend) -> Result<Parcel, StoreError> {
        parcel::<E>(backend, std::mem::take(&mut self.rows))
    }
}

/// The lines of a backup, and what they add up to.
struct Lines<R: Read> {
    text: BufReader<GzDecoder<BufReader<R>>>,
    line: Vec<u8>,
    /// Over the lines before this one.
    digest: Sha256,
    number: u64,
}

impl<R: Read> Lines<R> {
    fn new(backup: R) -> Self {
        let text = BufReader::with_capacity(BUFFER, GzDecoder::new(BufReader::with_capacity(BUFFER, backup)));
        Self { text, line: Vec::new(), digest: Sha256::new(), number: 0 }
    }

    fn next(&mut self) -> Result<Line, BulkError> {
        self.digest.update(&self.line);
        self.line.clear();
        let read = (&mut self.text).take(LONGEST_LINE).read_until(b'\n', &mut self.line);
        read.map_err(|error| self.unreadable(error))?;
        if self.line.last() != Some(&b'\n') {
            return Err(FaultyBackup::CutShort(self.number).into());
        }
        self.number += 1;
        Ok(serde_json::from_slice(&self.line).map_err(|_| self.damaged("cannot be read"))?)
    }

    /// Nothing may follow, and the compression has a checksum of its own.
    fn end(&mut self) -> Result<(), BulkError> {
        match self.text.fill_buf().map(<[u8]>::is_empty) {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.damaged("is not the last one").into()),
            Err(error) => Err(self.unreadable(error)),
        }
    }

    fn checksum(&mut self) -> String {
        hexadecimal(std::mem::take(&mut self.digest))
    }

    const fn damaged(&self, fault: &'static str) -> FaultyBackup {
        FaultyBackup::Damaged { line: self.number, fault }
    }

    fn unreadable(&self, error: std::io::Error) -> BulkError {
        match error.kind() {
            ErrorKind::UnexpectedEof => FaultyBackup::CutShort(self.number).into(),
            ErrorKind::InvalidInput | ErrorKind::InvalidData => self.damaged("is followed by what cannot be unpacked").into(),
            _ => error.into(),
        }
    }
}
