//! `db backup` and `db restore`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::Desk;
use super::args::{Backup, Restore};
use super::draft::Draft;
use super::failure::{Failure, Outcome};
use super::progress::Progress;
use crate::cli::screen::say;
use crate::store::{BulkError, Counts};

pub async fn backup(desk: &Desk, wish: &Backup) -> Outcome {
    let now = Utc::now();
    let place = wish.out.clone().unwrap_or_else(|| dated(now));
    let draft = Draft::of_bytes(&place, wish.force)?;
    let progress = desk.progress("rows", Some(desk.store.rows().await?));
    let step = progress.clone();
    let backup = desk.store.backup(draft.writer()?, now, move |more| step.advance(more)).await?;
    drop(backup.out);
    let is_file = draft.is_file();
    draft.keep()?;
    progress.finish();
    let text = format!("{}: {}", place.display(), told(&backup.rows));
    if is_file {
        say(&text)
    } else {
        desk.note(&text)
    }
    Ok(0)
}

fn dated(now: DateTime<Utc>) -> PathBuf {
    now.format("alpha-call-%Y%m%d-%H%M%S.jsonl.gz").to_string().into()
}

pub async fn restore(desk: &Desk, wish: &Restore) -> Outcome {
    let (file, length): (Box<dyn Read + Send>, Option<u64>) = if wish.file == Path::new("-") {
        (Box::new(std::io::stdin()), None)
    } else {
        let failed = |error| Failure::other(format!("{} cannot be read: {error}", wish.file.display()));
        let file = File::open(&wish.file).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        (Box::new(file), Some(length))
    };
    let progress = desk.progress("KiB read", length.map(|bytes| bytes / KIB));
    let counted = Counted { file, progress: progress.clone(), rest: 0 };
    let restored = desk.store.restore(counted, wish.force, |_| {}).await.map_err(|error| match error {
        BulkError::NotEmpty => Failure::other("the database holds rows already: add --force to replace all of them by the backup"),
        other => other.into(),
    })?;
    progress.finish();
    say(&format!("{} restored into {}", told(&restored.rows), desk.place));
    Ok(0)
}

const KIB: u64 = 1024;

/// A file, and how far it is read.
struct Counted {
    file: Box<dyn Read + Send>,
    progress: Progress,
    rest: u64,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        let bytes = self.rest + read as u64;
        self.rest = bytes % KIB;
        self.progress.advance(bytes / KIB);
        Ok(read)
    }
}

fn told(rows: &Counts) -> String {
    let (calls, turns) = (rows.call_logs, rows.conversation_logs);
    let rest = rows.total() - calls - turns;
    format!("{calls} calls, {turns} turns and {rest} other rows")
}
