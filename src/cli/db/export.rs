//! `db export-transcripts`: conversations for people and for other programs.

mod render;

use std::io::{BufWriter, ErrorKind, Write};
use std::path::Path;

use chrono::{TimeDelta, Utc};

use super::Desk;
use super::args::{ExportTranscripts, Which};
use super::draft::Draft;
use super::failure::{Failure, Outcome};
use crate::store::{CallKey, Selection};
use render::Renderer;

pub async fn export_transcripts(desk: &Desk, wish: &ExportTranscripts) -> Outcome {
    let selection = selected(wish)?;
    let one = matches!(selection, Selection::Call(_));
    let draft = Draft::open(wish.out.as_deref().unwrap_or_else(|| Path::new("-")), wish.force)?;
    let mut renderer = Renderer::new(wish.format, BufWriter::new(draft.writer()?));
    let progress = draft.is_file().then(|| desk.progress("calls", None));
    let mut coming = desk.store.conversations(selection);
    let mut count: u64 = 0;
    while let Some(conversation) = coming.next().await {
        match renderer.write(&conversation?) {
            Err(error) if has_gone(&error) => return Ok(0),
            outcome => outcome?,
        }
        count += 1;
        progress.iter().for_each(|progress| progress.advance(1));
    }
    if one && count == 0 {
        return Err(Failure::other("there is no transcript of this call: it is unknown, or nothing was said in it"));
    }
    match renderer.end().and_then(|mut out| out.flush()) {
        Err(error) if has_gone(&error) => return Ok(0),
        outcome => outcome?,
    }
    draft.keep()?;
    progress.iter().for_each(super::progress::Progress::finish);
    if count == 0 {
        desk.note("nothing was said in calls of this time");
    }
    Ok(0)
}

/// A reader who has seen enough is no error.
fn has_gone(error: &std::io::Error) -> bool {
    error.kind() == ErrorKind::BrokenPipe
}

fn selected(wish: &ExportTranscripts) -> Result<Selection, Failure> {
    let now = Utc::now();
    match &wish.which {
        Which { call_sid: Some(text), .. } => key(text).map(Selection::Call),
        Which { days: Some(days), .. } => Ok(Selection::Between(now - TimeDelta::days((*days).into()), now)),
        Which { from: Some(from), .. } => {
            let to = wish.to.unwrap_or(now);
            if *from < to { Ok(Selection::Between(*from, to)) } else { Err(Failure::usage("--from has to be before --to")) }
        }
        Which { from: None, .. } => Err(Failure::usage("say which calls: --days, --call-sid, or --from")),
    }
}

fn key(text: &str) -> Result<CallKey, Failure> {
    let wrong = || Failure::usage(format!("{text} is neither a sid (CA and 32 hex digits) nor an id of a call (a UUID)"));
    text.parse().map(CallKey::Sid).or_else(|_| text.parse().map(CallKey::Id)).map_err(|_: crate::types::InvalidId| wrong())
}
