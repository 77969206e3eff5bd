//! Everything on record, as compressed lines of JSON.

use std::io::{BufWriter, Write};

use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbBackend, EntityTrait, PaginatorTrait};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::super::CallStore;
use super::super::entity::{api_key, call, callback, consent, cooldown, dead_letter, opt_out, opt_out_removal, stream, turn};
use super::super::error::StoreError;
use super::format::{Counts, FORMAT, Header, Trailer, VERSION, append, hexadecimal};
use super::{BulkError, pages, snapshot, steps};

/// Pages that wait for the writer.
const WAITING: usize = 4;
const BUFFER: usize = 256 * 1024;

/// What was written, and where to.
pub struct BackedUp<W> {
    pub out: W,
    pub rows: Counts,
    /// As the trailer has it.
    pub sha256: String,
}

enum Piece {
    Lines(Vec<u8>),
    /// All rows are written.
    End(Counts),
}

impl CallStore {
    /// How many rows a backup would have.
    pub async fn rows(&self) -> Result<u64, BulkError> {
        self.long(|db| async move {
            let snapshot = snapshot(&db).await?;
            let calls = call::Entity::find().count(&snapshot).await?;
            let said = turn::Entity::find().count(&snapshot).await? + stream::Entity::find().count(&snapshot).await?;
            let rest = cooldown::Entity::find().count(&snapshot).await? + dead_letter::Entity::find().count(&snapshot).await?;
            let wishes = callback::Entity::find().count(&snapshot).await? + opt_out::Entity::find().count(&snapshot).await?;
            let law = opt_out_removal::Entity::find().count(&snapshot).await? + consent::Entity::find().count(&snapshot).await?;
            Ok(calls + said + rest + wishes + law + api_key::Entity::find().count(&snapshot).await?)
        })
        .await
    }

    /// Writes all tables as they are at one moment; `progress` is told of rows. Gives `out` back, whole but not synced.
    pub async fn backup<W>(
        &self,
        out: W,
        created_at: DateTime<Utc>,
        progress: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<BackedUp<W>, BulkError>
    where
        W: Write + Send + 'static,
    {
        self.long(move |db| async move {
            let (lines, waiting) = mpsc::channel(WAITING);
            let writer = tokio::task::spawn_blocking(move || written(out, waiting));
            let read = read(&db, created_at, &lines, &progress).await;
            drop(lines);
            let written = writer.await.map_err(|_| BulkError::Panicked)?;
            read?;
            Ok(written?)
        })
        .await
    }
}

async fn read(
    db: &DatabaseConnection,
    created_at: DateTime<Utc>,
    lines: &mpsc::Sender<Piece>,
    progress: &(impl Fn(u64) + Send + Sync),
) -> Result<(), BulkError> {
    let snapshot = snapshot(db).await?;
    let source = if db.get_database_backend() == DbBackend::Postgres { "postgres" } else { "sqlite" };
    let steps = steps(&snapshot).await?;
    let header = Header { format: FORMAT.to_owned(), version: VERSION, created_at, source: source.to_owned(), steps };
    give(lines, Piece::Lines(encoded("header", [&header])?)).await?;
    let rows = Counts {
        call_logs: table::<call::Entity>(&snapshot, lines, progress).await?,
        conversation_logs: table::<turn::Entity>(&snapshot, lines, progress).await?,
        stream_logs: table::<stream::Entity>(&snapshot, lines, progress).await?,
        call_cooldowns: table::<cooldown::Entity>(&snapshot, lines, progress).await?,
        dead_letters: table::<dead_letter::Entity>(&snapshot, lines, progress).await?,
        callbacks: table::<callback::Entity>(&snapshot, lines, progress).await?,
        opt_outs: table::<opt_out::Entity>(&snapshot, lines, progress).await?,
        opt_out_removals: table::<opt_out_removal::Entity>(&snapshot, lines, progress).await?,
        consents: table::<consent::Entity>(&snapshot, lines, progress).await?,
        api_keys: table::<api_key::Entity>(&snapshot, lines, progress).await?,
    };
    snapshot.commit().await?;
    give(lines, Piece::End(rows)).await
}

async fn table<E>(
    snapshot: &DatabaseTransaction,
    lines: &mpsc::Sender<Piece>,
    progress: &(impl Fn(u64) + Send + Sync),
) -> Result<u64, BulkError>
where
    E: EntityTrait,
    E::Model: Serialize + Sync,
{
    let mut count = 0;
    let mut page = pages::page::<E, _>(snapshot, None).await?;
    while let Some(last) = page.last() {
        let found = page.len() as u64;
        give(lines, Piece::Lines(encoded(E::default().table_name(), &page)?)).await?;
        progress(found);
        count += found;
        page = pages::page::<E, _>(snapshot, Some(last)).await?;
    }
    Ok(count)
}

fn encoded<'a, M: Serialize + 'a>(name: &str, rows: impl IntoIterator<Item = &'a M>) -> Result<Vec<u8>, StoreError> {
    let mut lines = Vec::new();
    for row in rows {
        append(&mut lines, name, row).map_err(|error| StoreError::query(error.to_string()))?;
    }
    Ok(lines)
}

/// A writer that is gone says itself why.
async fn give(lines: &mpsc::Sender<Piece>, piece: Piece) -> Result<(), BulkError> {
    lines.send(piece).await.map_err(|_| std::io::Error::from(std::io::ErrorKind::BrokenPipe).into())
}

/// Takes pieces until the end; without one there is nobody left to want the file.
fn written<W: Write>(out: W, mut pieces: mpsc::Receiver<Piece>) -> std::io::Result<BackedUp<W>> {
    let mut out = GzEncoder::new(BufWriter::with_capacity(BUFFER, out), Compression::fast());
    let mut digest = Sha256::new();
    while let Some(piece) = pieces.blocking_recv() {
        match piece {
            Piece::Lines(lines) => {
                digest.update(&lines);
                out.write_all(&lines)?;
            }
            Piece::End(rows) => {
                let trailer = Trailer { rows, sha256: hexadecimal(digest) };
                let mut line = Vec::new();
                append(&mut line, "trailer", &trailer)?;
                out.write_all(&line)?;
                let out = out.finish()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
                return Ok(BackedUp { out, rows, sha256: trailer.sha256 });
            }
        }
    }
    Err(std::io::ErrorKind::Interrupted.into())
}
